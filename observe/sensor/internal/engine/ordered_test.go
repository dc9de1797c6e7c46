package engine

import (
	"strings"
	"testing"

	"bulwark/wire"
)

func TestPartsInAnyOrder(t *testing.T) {
	type piece struct {
		at    uint64
		text  string
		early bool
	}
	for _, c := range []struct {
		name   string
		pieces []piece
		want   string // its digest's; empty: bytes are missing
		gaps   bool
	}{
		{"in order", []piece{{0, "abc", false}, {3, "def", false}}, "abcdef", false},
		{"the second first", []piece{{3, "def", true}, {0, "abc", false}}, "abcdef", false},
		{"backwards", []piece{{6, "ghi", true}, {3, "def", true}, {0, "abc", false}}, "abcdefghi", false},
		{"an early part in two pieces", []piece{{3, "de", true}, {5, "f", true}, {0, "abc", false}}, "abcdef", false},
		{"parts that overlap", []piece{{2, "cde", true}, {0, "abc", false}}, "abcde", false},
		{"what comes before never comes", []piece{{3, "def", true}}, "", true},
		{"who jumps ahead has left something out", []piece{{0, "a", false}, {3, "def", false}}, "", true},
		{"more than is held back", []piece{{9 << 20, strings.Repeat("x", maxHeldFile+1), true}, {0, "abc", false}}, "", true},
	} {
		s := &shelf{}
		w := filesWorker(s, Limits{})
		var o ordered
		o.open(w, &flow{}, wire.ToClient, fileFacts{App: "smb", Name: []byte("a.bin")})
		for _, p := range c.pieces {
			o.write(p.at, []byte(p.text), p.early)
		}
		o.close(7, true)
		if len(s.files) != 1 || w.files.held != 0 || w.files.open != 0 {
			t.Fatalf("%s: got %d files, %d bytes held, %d open", c.name, len(s.files), w.files.held, w.files.open)
		}
		got, want := s.files[0], ""
		if c.want != "" {
			want = sha(c.want)
		}
		if got.SHA256 != want || got.Gaps != c.gaps || got.TxID != 7 {
			t.Errorf("%s: got %s gaps=%v tx=%d, want %s %v 7", c.name, got.SHA256, got.Gaps, got.TxID, want, c.gaps)
		}
	}
}

func TestWhatIsHeldBackIsBounded(t *testing.T) {
	w := filesWorker(&shelf{}, Limits{})
	files := make([]ordered, 20)
	for i := range files {
		files[i].open(w, &flow{}, wire.ToClient, fileFacts{App: "smb"})
		for at := range uint64(2000) {
			files[i].write(1+at*9000, make([]byte, 8192), true)
		}
	}
	if w.files.held > maxHeldFiles {
		t.Errorf("got %d bytes held, want at most %d", w.files.held, maxHeldFiles)
	}
	for i := range files {
		files[i].reset()
	}
	if w.files.held != 0 {
		t.Errorf("behind the end: got %d bytes held, want 0", w.files.held)
	}
}
