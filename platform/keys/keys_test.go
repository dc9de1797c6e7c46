package keys

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestOpenKeepsOneSecret(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if first.Derive("x") != second.Derive("x") {
		t.Error("the key of a purpose changed at the second start")
	}
	other, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if first.Derive("x") == other.Derive("x") || first.Site() == other.Site() {
		t.Error("two sites have the same keys")
	}
	if first.Derive("x") == first.Derive("y") {
		t.Error("two purposes have the same key")
	}
	if s, err := os.Stat(filepath.Join(dir, masterFile)); err != nil || s.Mode().Perm() != 0o600 {
		t.Errorf("master file: %v, %v; want mode 0600", s, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestProcessesThatStartTogetherShareOneSecret(t *testing.T) {
	dir := t.TempDir()
	sites := make([]string, 16)
	var wait sync.WaitGroup
	for i := range sites {
		wait.Go(func() {
			k, err := Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			sites[i] = k.Site()
		})
	}
	wait.Wait()
	for _, s := range sites {
		if s != sites[0] {
			t.Fatalf("sites = %v, want one", sites)
		}
	}
}

// TestDeriveNeverChanges pins the derivation: another answer would orphan every pseudonym and password.
func TestDeriveNeverChanges(t *testing.T) {
	k := &Keys{}
	key := k.Derive("pseudonym")
	if got, want := hex.EncodeToString(key[:]), "36428e04c0003710bea1e789cb401cd2cc15031558bb1de8f12ad7e25332bbf1"; got != want {
		t.Errorf("Derive = %s, want %s", got, want)
	}
}

func TestOpenRefuses(t *testing.T) {
	good := string(encode([masterSize]byte{1, 2, 3}))
	tests := []struct {
		name string
		text string
		mode os.FileMode
		want error
	}{
		{"an empty file", "", 0o600, ErrMaster},
		{"a cut file", good[:40], 0o600, ErrMaster},
		{"a changed character", strings.Replace(good, "A", "B", 1), 0o600, ErrMaster},
		{"bytes behind the secret", good + "x", 0o600, ErrMaster},
		{"a file that the group can read", good, 0o640, ErrReadable},
		{"a file that everybody can read", good, 0o604, ErrReadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), masterFile)
			if err := os.WriteFile(path, []byte(tt.text), tt.mode); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(filepath.Dir(path)); !errors.Is(err, tt.want) {
				t.Errorf("Open = %v, want %v", err, tt.want)
			}
			if after, _ := os.ReadFile(path); string(after) != tt.text {
				t.Error("the file was changed, want it left alone")
			}
		})
	}
}

func TestKeysNeverPrintTheSecret(t *testing.T) {
	k := &Keys{master: [masterSize]byte([]byte(strings.Repeat("s", masterSize)))}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "keys", k)
	fmt.Fprintf(&out, "%v %+v %#v %s %x %d %q", k, k, k, k, k, k, k)
	fmt.Fprint(&out, struct{ K *Keys }{k})
	for _, leak := range []string{"sss", "115 115", "7373"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printed %q: %s", leak, out.String())
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode([masterSize]byte{1, 2, 3}))
	f.Add([]byte(masterHeader + " AAAA 00\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if k, err := decode(text); err == nil && !bytes.Equal(encode(k.master), text) {
			t.Errorf("decode(%q) is not what was written", text)
		}
	})
}
