package multi

import "math"

// reach is how many bytes of a stream a carry keeps. The windows of each pattern lie within its last reach bytes.
const reach = 23

// Carry is what a scan of a stream must remember between two pieces of it. The zero value is a stream's begin. It holds
// no pointer and has 32 bytes.
type Carry struct {
	// At is how many bytes of the stream came before.
	At   uint64
	tail [reach]byte // the last of them
	kept uint8       // how many of tail hold something: the last ones
}

// Skip says that n bytes of the stream were lost. Nothing is found across the gap but patterns longer than what a carry
// keeps.
func (c *Carry) Skip(n uint64) {
	c.At += n
	c.kept = 0
}

// Stream looks for the patterns that end in the next bytes of a stream; they may begin in earlier ones. It reports what
// a search of the whole stream would, From and To counted from the stream's begin, and may report more: of a pattern that
// begins more than 23 bytes before p, the part before them is taken to match. AtEnd is the end of the piece.
func (s *Set) Stream(p []byte, c *Carry, h *Hits) {
	s.Piece(p, c, h)
	c.Keep(p)
}

// Piece is Stream without moving the carry on, for streams in which several sets are looked for: when all have seen p, it
// is moved on by [Carry.Keep].
func (s *Set) Piece(p []byte, c *Carry, h *Hits) {
	if s == nil {
		h.reset(0, 0)
		return
	}
	h.reset(s.size, len(s.literals))
	if s.all {
		h.everything(s.size)
		return
	}
	sc := scan{set: s, hits: h, p: p, at: int(c.At), end: len(p)}
	sc.before = c.tail[reach-int(c.kept):]
	if sc.ahead = int(c.kept); c.kept == reach {
		sc.ahead = int(min(c.At, math.MaxInt32))
	}
	if c.kept > 0 {
		s.joint(&sc)
	}
	for i := range s.passes {
		pa := &s.passes[i]
		pa.walk(&sc, pa.first(&sc), pa.last(&sc))
	}
}

// joint looks at the windows that begin in what the carry kept.
func (s *Set) joint(sc *scan) {
	var both [2 * reach]byte
	n := copy(both[:], sc.before)
	m := copy(both[n:], sc.p[:min(len(sc.p), reach)])
	over := scan{set: s, hits: sc.hits, p: both[:n+m], ahead: sc.ahead - n, behind: n, at: sc.at - n, end: n + sc.end}
	for i := range s.passes {
		pa := &s.passes[i]
		pa.walk(&over, n%int(pa.stride), min(n-1, n+m-int(pa.width), pa.last(&over)))
	}
}

// Keep moves on behind p, of which it remembers the end.
func (c *Carry) Keep(p []byte) {
	c.At += uint64(len(p))
	if len(p) >= reach {
		copy(c.tail[:], p[len(p)-reach:])
		c.kept = reach
		return
	}
	copy(c.tail[:], c.tail[len(p):])
	copy(c.tail[reach-len(p):], p)
	c.kept = min(c.kept+uint8(len(p)), reach)
}
