package store

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is expected")

func TestTheManualListsTheShortNames(t *testing.T) {
	const page = "../../docs/formats/search.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), "<!-- aliases -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end -->")
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the names", page)
	}
	var table strings.Builder
	table.WriteString("| name | finds | attributes |\n|---|---|---|\n")
	for _, a := range Aliases() {
		fmt.Fprintf(&table, "| `%s` | %s | `%s` |\n", a.Name, a.Means, strings.Join(a.Paths, "` `"))
	}
	want := before + "<!-- aliases -->\n" + table.String() + "<!-- end -->" + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(b) != want {
		t.Errorf("%s is older than the list: run go test ./platform/store -run Manual -update", page)
	}
}

func TestEveryShortNameIsAnAttributeOfSomeEvent(t *testing.T) {
	g := newGrammar()
	for _, a := range Aliases() {
		for _, p := range a.Paths {
			if _, ok := g.shape[p]; !ok {
				t.Errorf("%s stands for %s, which no event has", a.Name, p)
			}
		}
	}
	for _, p := range append(g.any, g.anyIP...) {
		if _, ok := g.shape[p]; !ok {
			t.Errorf("words are looked for in %s, which no event has", p)
		}
	}
}
