package conformance

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestACaseThatFallsBackIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "suite.tsv")
	before := []Case{{Family: "dns", Name: "a"}, {Family: "dns", Name: "b", Why: "no\trecord"}, {Family: "tls", Name: "c"}}
	if fallen, err := Fallen(path, before); err != nil || len(fallen) > 0 {
		t.Fatalf("without a ledger: got %v, %v, want nothing", fallen, err)
	}
	if err := WriteLedger(path, before); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, want string
		now        []Case
	}{
		{"nothing changed", "", before},
		{"a case that failed passes", "", []Case{{Name: "a"}, {Name: "b"}, {Name: "c"}}},
		{"a case that passed fails", "a: passed before: gone", []Case{{Name: "a", Why: "gone"}, {Name: "c"}}},
		{"a case that passed is not run", "c: passed before, was not run", []Case{{Name: "a"}}},
	} {
		fallen, err := Fallen(path, c.now)
		if got := strings.Join(fallen, "; "); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.what, got, err, c.want)
		}
	}
}
