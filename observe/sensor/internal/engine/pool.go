package engine

import "math/bits"

// pool hands out byte buffers of 2 KiB to 64 KiB by powers of two and takes them back, within a budget.
type pool struct {
	classes [6][][]byte
	held    int // bytes handed out
	limit   int
}

const smallest = 11 // log2 of the smallest buffer

// get is an empty buffer with room for n bytes (at most 64 KiB), or nil when the budget is spent.
func (p *pool) get(n int) []byte {
	c := max(bits.Len(uint(n-1)), smallest) - smallest
	size := 1 << (c + smallest)
	if p.held+size > p.limit {
		return nil
	}
	p.held += size
	if l := len(p.classes[c]); l > 0 {
		b := p.classes[c][l-1]
		p.classes[c] = p.classes[c][:l-1]
		return b
	}
	if size > slabSize/4 {
		return make([]byte, 0, size)
	}
	slab := make([]byte, slabSize) // of small ones several at a time
	for at := size; at < slabSize; at += size {
		p.classes[c] = append(p.classes[c], slab[at:at:at+size])
	}
	return slab[:0:size]
}

// slabSize is how much memory is made at a time for small buffers, in bytes.
const slabSize = 32 << 10

func (p *pool) put(b []byte) {
	if cap(b) == 0 {
		return
	}
	c := bits.Len(uint(cap(b)-1)) - smallest
	p.held -= cap(b)
	p.classes[c] = append(p.classes[c], b[:0])
}

// grow appends data to b, moving it to a larger buffer where needed. It reports false, with b unchanged, when the
// result would be longer than limit or the budget is spent.
func (p *pool) grow(b, data []byte, limit int) ([]byte, bool) {
	n := len(b) + len(data)
	if n <= cap(b) {
		return append(b, data...), true
	}
	if n > limit {
		return b, false
	}
	larger := p.get(n)
	if larger == nil {
		return b, false
	}
	larger = append(append(larger, b...), data...)
	p.put(b)
	return larger, true
}
