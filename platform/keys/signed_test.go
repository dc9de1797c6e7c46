package keys

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestASignedFileIsReadAsItWasWrittenOrNotAtAll(t *testing.T) {
	k, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file")
	s := k.Signed(path, "people")
	if _, err := s.Get(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before there is any: %v", err)
	}
	if err := s.Put([]byte("ada\nbob")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(); err != nil || string(got) != "ada\nbob" {
		t.Errorf("got %q, %v", got, err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, is := range map[string]*Signed{"another purpose": k.Signed(path, "policies"), "another site": other.Signed(path, "people")} {
		if _, err := is.Get(); !errors.Is(err, ErrSigned) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string][]byte{"changed": bytes.Replace(whole, []byte("bob"), []byte("eve"), 1), "cut": whole[:len(whole)-1], "without a signature": []byte("ada\nbob"), "empty": nil} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(); !errors.Is(err, ErrSigned) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
