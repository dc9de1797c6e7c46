package coding

import "math/bits"

// huffman is a canonical prefix code as deflate uses it (RFC 1951 §3.2.2). Codes of at most fastBits are found with one
// look, longer ones bit by bit.
type huffman struct {
	fast    [1 << fastBits]uint16 // symbol<<4 | length; 0: longer, or none
	count   [16]uint16            // codes of each length
	symbols [288]uint16           // in the order of their codes
}

const fastBits = 10

// build makes the code whose lengths are given; 0 means that a symbol does not occur. It reports false when more codes
// are asked for than there are. A code that is not complete is taken: its missing symbols are refused when they come.
func (h *huffman) build(lengths []uint8) bool {
	h.count = [16]uint16{}
	for _, l := range lengths {
		h.count[l]++
	}
	h.count[0] = 0
	var first, next [16]uint16 // code, and place in symbols, of the first symbol of each length
	left := 1
	for l := 1; l < 16; l++ {
		left = left<<1 - int(h.count[l])
		if left < 0 {
			return false
		}
		first[l] = (first[l-1] + h.count[l-1]) << 1
		next[l] = next[l-1] + h.count[l-1]
	}
	clear(h.fast[:])
	for s, l := range lengths {
		if l == 0 {
			continue
		}
		h.symbols[next[l]] = uint16(s)
		next[l]++
		if l <= fastBits {
			entry := uint16(s)<<4 | uint16(l)
			for at := int(bits.Reverse16(first[l]) >> (16 - l)); at < len(h.fast); at += 1 << l {
				h.fast[at] = entry
			}
		}
		first[l]++
	}
	return true
}

// look finds the symbol that the bits in b begin with, and its length. Length 0: there is no such code.
func (h *huffman) look(b uint64) (symbol uint, length uint) {
	if e := h.fast[b&(1<<fastBits-1)]; e != 0 {
		return uint(e >> 4), uint(e & 15)
	}
	code, first, index := 0, 0, 0
	for l := uint(1); l < 16; l++ {
		code |= int(b & 1)
		b >>= 1
		n := int(h.count[l])
		if code-n < first {
			return uint(h.symbols[index+code-first]), l
		}
		index += n
		first = (first + n) << 1
		code <<= 1
	}
	return 0, 0
}
