package logparsers_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"bulwark/observe/logs/parse"
)

var update = flag.Bool("update", false, "write the table in the guide anew")

const guide = "../../docs/guide/parsers.md"

func TestGuideListsEveryFormat(t *testing.T) {
	s, err := parse.Load()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\n| id | product | source |\n|---|---|---|\n")
	for _, f := range s.Formats() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.ID, f.Title, strings.Join(f.Source, "; "))
	}
	page, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(page), "-update -->")
	_, tail, ok := strings.Cut(rest, "<!-- end -->")
	if !ok {
		t.Fatalf("%s has no place for the table", guide)
	}
	want := head + "-update -->" + b.String() + "<!-- end -->" + tail
	if want == string(page) {
		return
	}
	if !*update {
		t.Fatalf("%s does not list the formats: run go test ./content/logparsers -update", guide)
	}
	if err := os.WriteFile(guide, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
