package node

import (
	"os"
	"path/filepath"
	"testing"

	"bulwark/observe/sensor"
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

// What is shown of a capture is told with its own secret, as what is read of it is.
func TestACaptureShownAgainHasTheSameSeed(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.pcap", "b.pcap"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var one, folder, again sensor.Options
	for o, path := range map[*sensor.Options]string{&one: filepath.Join(dir, "a.pcap"), &folder: dir, &again: dir} {
		if err := replay(o, path); err != nil || o.Seed == 0 || o.Seed != seedOf(o.Files) {
			t.Errorf("%s: seed %d of %v, %v; want that of the files", path, o.Seed, o.Files, err)
		}
	}
	if folder.Seed != again.Seed || folder.Seed == one.Seed || len(folder.Files) != 2 {
		t.Errorf("seeds %d and %d of a folder, %d of one file in it", folder.Seed, again.Seed, one.Seed)
	}
}
