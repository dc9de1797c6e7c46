package node

import (
	"os"
	"path/filepath"
	"testing"
)

func TestACaptureReadAgainHasTheSameSeed(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for name, text := range map[string]string{one: "a", two: "b"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		does  string
		files []string
		drawn bool // at each start
	}{
		{"a capture", []string{one}, false},
		{"several", []string{one, two}, false},
		{"standard input", []string{"-"}, true},
		{"an interface", nil, true},
		{"a file that is not there", []string{filepath.Join(dir, "none")}, true},
	}
	for _, tt := range tests {
		t.Run(tt.does, func(t *testing.T) {
			got := seedOf(tt.files)
			if (got == 0) != tt.drawn || got != seedOf(tt.files) {
				t.Errorf("seed %d, then %d, want the same and 0: %v", got, seedOf(tt.files), tt.drawn)
			}
		})
	}
	if seedOf([]string{one}) == seedOf([]string{two}) {
		t.Error("two captures have one seed")
	}
}
