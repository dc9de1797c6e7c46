package coding

import "math/bits"

// zstdHuffman is a prefix code of literals (RFC 8878 §4.2).
type zstdHuffman struct {
	bits  uint8 // of the longest code; 0: there is none
	cells [1 << maxHuffmanBits]huffmanCell
}

type huffmanCell struct{ symbol, bits uint8 }

const maxHuffmanBits = 11

// read reads a code (RFC 8878 §4.2.1), and returns what stands behind it.
func (h *zstdHuffman) read(p []byte, scratch *fse) (rest []byte, err error) {
	h.bits = 0
	if len(p) < 1 {
		return nil, ErrMalformed
	}
	var weights [256]uint8
	n := int(p[0])
	if p = p[1:]; n >= 128 {
		if n -= 127; len(p) < (n+1)/2 {
			return nil, ErrMalformed
		}
		for i := range n {
			weights[i] = p[i/2] >> (4 * (1 - i&1)) & 15
		}
		rest = p[(n+1)/2:]
	} else {
		if n > len(p) {
			return nil, ErrMalformed
		}
		rest = p[n:]
		var ok bool
		if n, ok = packedWeights(&weights, p[:n], scratch); !ok {
			return nil, ErrMalformed
		}
	}
	if !h.build(&weights, n) {
		return nil, ErrMalformed
	}
	return rest, nil
}

// packedWeights reads weights that two states of one table tell in turn (RFC 8878 §4.2.1.2).
func packedWeights(weights *[256]uint8, p []byte, t *fse) (n int, ok bool) {
	p, ok = t.read(p, 256, 6)
	var r backward
	if !ok || !r.open(p) {
		return 0, false
	}
	states := [2]uint64{r.take(t.bits), 0}
	states[1] = r.take(t.bits)
	if r.at < 0 {
		return 0, false
	}
	for ; n < 254; n++ {
		c := &t.cells[states[n&1]]
		weights[n] = c.symbol
		if r.at < int(c.bits) { // the other state tells the last
			weights[n+1] = t.cells[states[1-n&1]].symbol
			return n + 2, true
		}
		states[n&1] = uint64(c.next) + r.take(c.bits)
	}
	return 0, false
}

// build makes the code of n weights, and of the one behind them that follows from these.
func (h *zstdHuffman) build(weights *[256]uint8, n int) bool {
	if n > 255 {
		return false
	}
	sum := 0
	for _, w := range weights[:n] {
		if w > maxHuffmanBits {
			return false
		}
		if w > 0 {
			sum += 1 << (w - 1)
		}
	}
	if sum == 0 {
		return false
	}
	longest := bits.Len(uint(sum))
	left := 1<<longest - sum
	if longest > maxHuffmanBits || left&(left-1) != 0 {
		return false
	}
	weights[n] = uint8(bits.Len(uint(left)))
	at := 0
	for w := uint8(1); int(w) <= longest; w++ {
		for s, of := range weights[:n+1] {
			if of != w {
				continue
			}
			c := huffmanCell{uint8(s), uint8(longest) + 1 - w}
			for range 1 << (w - 1) {
				h.cells[at] = c
				at++
			}
		}
	}
	h.bits = uint8(longest)
	return at == 1<<longest
}

// decode fills to with the symbols of a stream, which must be so many.
func (h *zstdHuffman) decode(to, p []byte) error {
	var r backward
	if !r.open(p) {
		return ErrMalformed
	}
	for i := range to {
		c := h.cells[r.look(h.bits)]
		to[i] = c.symbol
		if r.at -= int(c.bits); r.at < 0 {
			return ErrMalformed
		}
	}
	if r.at != 0 {
		return ErrMalformed
	}
	return nil
}
