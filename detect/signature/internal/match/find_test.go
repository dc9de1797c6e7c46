package match

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// lowered folds ASCII letters, as a needle that folds does.
func lowered(p []byte) []byte { return toLower(nil, nil, p) }

func TestIndexAgreesWithBytesIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alphabets := []string{"ab", "aB.", "abcdefghijklmnopqrstuvwxyz<>/ \x00\xff@`", "eE t\r\n"}
	for range 60_000 {
		letters := alphabets[r.IntN(len(alphabets))]
		p, text := make([]byte, 1+r.IntN(400)), make([]byte, 1+r.IntN(12))
		for i := range p {
			p[i] = letters[r.IntN(len(letters))]
		}
		for i := range text {
			text[i] = letters[r.IntN(len(letters))]
		}
		if r.IntN(2) == 0 && len(p) > len(text) { // it is there, late
			copy(p[len(p)-len(text)-r.IntN(min(20, len(p)-len(text))):], text)
		}
		if len(text) > len(p) {
			continue
		}
		fold := r.IntN(2) == 0
		want := bytes.Index(p, text)
		if fold {
			want = bytes.Index(lowered(p), lowered(text))
		}
		n := newNeedle(text, fold)
		if got := n.index(p); got != want {
			t.Fatalf("%q in %q, folded %v: got %d, want %d", text, p, fold, got, want)
		}
		if got := n.indexPair(p, 0, len(p)-len(text)+1); got != want {
			t.Fatalf("%q in %q by pairs, folded %v: got %d, want %d", text, p, fold, got, want)
		}
	}
}
