package names

import (
	"fmt"
	"testing"
)

func TestNamesHaveTheirNumbers(t *testing.T) {
	all := []string{"", "a", "EventID", "CommandLine", "ParentCommandLine", "c-uri", "cs-method", "a"}
	for k := range 500 {
		all = append(all, fmt.Sprintf("field.number.%d.of", k))
	}
	table := New(all...)
	for n, name := range all {
		want := int32(n)
		if n == 7 {
			want = 1 // the first of two
		}
		if got := table.Of(name); got != want {
			t.Errorf("%q has number %d, want %d", name, got, want)
		}
	}
	for _, name := range []string{"b", "eventid", "CommandLines", "field.number.500.of"} {
		if got := table.Of(name); got != -1 {
			t.Errorf("%q has number %d, want none", name, got)
		}
	}
	if New().Of("a") != -1 {
		t.Error("an empty table knows a name")
	}
}
