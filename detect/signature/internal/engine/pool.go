package engine

import "math/bits"

// pool is memory of windows and bodies that have ended, for those that begin. Its zero value is empty.
type pool struct {
	free [poolSizes][][]byte // by size
	held int                 // bytes of them
}

// Memory comes in powers of two.
const (
	poolLeast = 8  // 256 bytes: most streams are short
	poolSizes = 10 // up to 128 KiB
	maxPool   = 16 << 20
)

// class is the least size that n bytes fit; poolSizes or more: none of the pool's.
func class(n int) int { return max(bits.Len(uint(max(n-1, 0))), poolLeast) - poolLeast }

// get is empty memory for n bytes.
func (p *pool) get(n int) []byte {
	c := class(n)
	if c >= poolSizes {
		return make([]byte, 0, n)
	}
	if l := p.free[c]; len(l) > 0 {
		b := l[len(l)-1]
		p.free[c] = l[:len(l)-1]
		p.held -= cap(b)
		return b
	}
	return make([]byte, 0, 1<<(c+poolLeast))
}

// put takes memory back.
func (p *pool) put(b []byte) {
	c := class(cap(b))
	if c >= poolSizes || cap(b) != 1<<(c+poolLeast) || p.held+cap(b) > maxPool {
		return
	}
	p.free[c] = append(p.free[c], b[:0])
	p.held += cap(b)
}
