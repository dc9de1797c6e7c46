package multi

import (
	"math/rand/v2"
	"testing"
)

func TestGatheredAgreesWithItsFilter(t *testing.T) {
	if !canShuffle() {
		t.Skip("this processor has no instruction for it")
	}
	r := rand.New(rand.NewPCG(7, 1))
	for range 2000 {
		f := newNarrow(64<<r.IntN(15), true)
		for range 1 + r.IntN(len(f.words)) {
			f.add(uint64(r.Uint32()) | fold&0xffffffff)
		}
		n := 32 * r.IntN(6)
		p := make([]byte, n+1)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		wantAt, wantPlaces := n, uint32(0)
		for at := 0; at < n && wantPlaces == 0; at += 32 {
			for k := range 8 {
				if f.has(load4(p[at+4*k:])) {
					wantAt, wantPlaces = at, wantPlaces|1<<k
				}
			}
		}
		if at, places := gathered(&p[0], n, &f.words[0], int(f.wordBits)); at != wantAt || places != wantPlaces {
			t.Fatalf("%d words, %d bytes: got %#x at %d, want %#x at %d", len(f.words), n, places, at, wantPlaces, wantAt)
		}
	}
}
