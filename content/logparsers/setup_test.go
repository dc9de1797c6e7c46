package logparsers_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"bulwark/observe/logs/parse"
)

const setups = "../../docs/guide/log-products.md"

// setupPage is what is configured on each product, as the wizard of Sources tells it too.
func setupPage(all []parse.Format) string {
	var b strings.Builder
	b.WriteString(`<!-- written by go test ./content/logparsers -update -->
# What to configure on each product

The page **Sources** of the console fills these lines in with the address and the port of your own Bulwark, and says when the first line arrives. By
hand: put the name or address of Bulwark in the place of ADDRESS; 5514 is the port of syslog as shipped, 9200 that of shippers. Windows has
[a page of its own](windows.md), with its group policy step by step; so have [shippers](logs-shippers.md), [flows and RADIUS](logs-network.md)
and [audit messages of medical systems](logs-audit.md). How a product's lines are read stands in [formats](parsers.md).

`)
	for _, f := range all {
		fmt.Fprintf(&b, "- [%s](#%s)\n", f.Title, f.ID)
	}
	for _, f := range all {
		fmt.Fprintf(&b, "\n## <a id=\"%s\"></a>%s\n\n", f.ID, f.Title)
		if f.Setup == "" {
			b.WriteString("Its lines come by the syslog of the machine on which it runs, from a file, or by a shipper that fetches them from its maker ([shippers](logs-shippers.md),\n[files](logs.md)): nothing is configured for Bulwark on the product itself.\n")
		} else {
			for line := range strings.Lines(strings.TrimRight(f.Setup, "\n") + "\n") {
				b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
			}
		}
		fmt.Fprintf(&b, "\nKnown as `%s`; try it with `bulwark logs test %s FILE`. Its maker's words: %s.\n", f.ID, f.ID, strings.Join(f.Source, "; "))
	}
	return b.String()
}

func TestGuideSaysWhatToConfigureOnEachProduct(t *testing.T) {
	s, err := parse.Load()
	if err != nil {
		t.Fatal(err)
	}
	want := setupPage(s.Formats())
	got, err := os.ReadFile(setups)
	if err == nil && string(got) == want {
		return
	}
	if !*update {
		t.Fatalf("%s does not say what to configure (%v): run go test ./content/logparsers -update", setups, err)
	}
	if err := os.WriteFile(setups, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
