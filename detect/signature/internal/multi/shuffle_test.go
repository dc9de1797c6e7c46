package multi

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestShuffledAgreesWithItsTables(t *testing.T) {
	if !canShuffle() {
		t.Skip("this processor has no instruction for it")
	}
	r := rand.New(rand.NewPCG(5, 1))
	for range 2000 {
		var tables buckets
		for k := range tables {
			for i := range tables[k] {
				tables[k][i] = byte(r.Uint32() | r.Uint32()<<r.IntN(8))
			}
		}
		n := 16 * r.IntN(8)
		p := make([]byte, n+3)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		wantAt, wantPlaces := n, uint32(0)
		for at := 0; at < n && wantPlaces == 0; at += 16 {
			for i := range 16 {
				if tables.may(p[at+i:]) {
					wantAt, wantPlaces = at, wantPlaces|1<<i
				}
			}
		}
		if at, places := shuffled(&p[0], n, &tables); at != wantAt || places != wantPlaces {
			t.Fatalf("%d windows: got %#x at %d, want %#x at %d", n, places, at, wantPlaces, wantAt)
		}
	}
}

// may reports whether the window at p's begin may be in a bucket.
func (t *buckets) may(p []byte) bool {
	for lane := 0; lane < 32; lane += 16 {
		in := byte(0xff)
		for k, b := range p[:4] {
			in &= t[k][lane+int(b&15)] & t[4+k][lane+int(b>>4)]
		}
		if in != 0 {
			return true
		}
	}
	return false
}

func TestEachWindowIsInABucket(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for _, width := range []uint8{2, 3, 4} {
		entries := make([]entry, mostBuckets)
		for i := range entries {
			entries[i].window = window([]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}, width)
		}
		tables := fillBuckets(entries, width)
		for _, e := range entries {
			p := []byte{byte(e.window), byte(e.window >> 8), byte(e.window >> 16), byte(e.window >> 24)}
			if !tables.may(p) {
				t.Errorf("the window %x of %d bytes is in none", p, width)
			}
			for k := range p {
				p[k] &^= 0x20
			}
			if !tables.may(p) {
				t.Errorf("the window %x of %d bytes is in none when it is not folded", p, width)
			}
		}
	}
}

func BenchmarkShuffled(b *testing.B) {
	if !canShuffle() {
		b.Skip("this processor has no instruction for it")
	}
	for _, n := range []int{16, 64, 256, 1456} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, tables := make([]byte, n+3), &buckets{}
			b.SetBytes(int64(n))
			for b.Loop() {
				shuffled(&p[0], n, tables)
			}
		})
	}
}
