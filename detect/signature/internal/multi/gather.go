package multi

import "math/bits"

// narrow is the filter of a pass that looks for windows of four bytes at each fourth place. Its words have 32 bits, so that one
// instruction fetches those of eight windows (AVX2's gather).
type narrow struct {
	words    []uint32 // 1<<wordBits of them
	wordBits uint8
	gathers  bool // the processor can
}

// hash4 spreads a window of four bytes: its upper bits choose the word, the next ten two bits in it.
func hash4(w uint64) uint32 { return uint32(w) * 0x9E3779B1 }

// twoOf are the two bits of what is left of a hash.
func twoOf(rest uint32) uint32 { return 1<<(rest>>27) | 1<<(rest>>22&31) }

func newNarrow(size int, gathers bool) narrow {
	n := max(bits.Len(uint(size))-6, 1) // of a power of two
	return narrow{make([]uint32, 1<<n), uint8(n), gathers}
}

func (f *narrow) add(w uint64) {
	h := hash4(w)
	f.words[h>>(32-f.wordBits)] |= twoOf(h << f.wordBits)
}

// has reports whether the filter may have a window.
func (f *narrow) has(w uint64) bool {
	h := hash4(w)
	b := twoOf(h << (f.wordBits & 31))
	return f.words[h>>((32-f.wordBits)&31)]&b == b
}

// seek is pass.seek for windows at each fourth place.
func (f *narrow) seek(p []byte, i, last int, quiet *quiet) int {
	for f.gathers {
		n := (last - i + 4) &^ 31
		if n <= 0 {
			break
		}
		at, places := gathered(&p[i], n, &f.words[0], int(f.wordBits))
		if i += at; places == 0 {
			continue
		}
		for ; places != 0; places &= places - 1 {
			j := i + 4*bits.TrailingZeros32(places)
			if !quiet.has(load4(p[j:])) {
				return j
			}
		}
		i += 32
	}
	for ; i <= last; i += 4 {
		if w := load4(p[i:]); f.has(w) && !quiet.has(w) {
			return i
		}
	}
	return i
}
