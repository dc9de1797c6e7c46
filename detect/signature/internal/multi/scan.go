package multi

import "encoding/binary"

// scan is one walk of all passes over a buffer.
type scan struct {
	set     *Set
	hits    *Hits
	p       []byte
	whole   bool // p is a whole buffer: AtEnd holds
	bounded bool // p is the begin of what is scanned: From and To hold
	// Of a stream: what stands before p.
	before []byte
	ahead  int // how many bytes stand before p, known or not
	// Of the joint of two pieces of a stream, which p is then: a match must end behind this offset.
	behind int
}

// Scan looks for the patterns in a whole buffer.
func (s *Set) Scan(p []byte, h *Hits) {
	if s == nil {
		h.reset(0)
		return
	}
	h.reset(s.size)
	sc := scan{set: s, hits: h, p: p, whole: true, bounded: true}
	for i := range s.passes {
		pa := &s.passes[i]
		pa.walk(&sc, pa.first(&sc), pa.last(&sc))
	}
}

// first is the first place that a pass looks at.
func (pa *pass) first(sc *scan) int {
	if pa.place == end && sc.whole {
		return max(len(sc.p)-int(pa.width), 0)
	}
	return 0
}

// last is the last place that a pass may look at; it is negative where there is none.
func (pa *pass) last(sc *scan) int {
	last := len(sc.p) - int(pa.width)
	switch {
	case !sc.bounded:
	case pa.place == head:
		last = min(last, pa.limit-int(pa.width))
	case pa.place == start:
		last = min(last, 0)
	}
	return last
}

// walk looks at the windows of sc.p that begin at first, and from there at each stride up to last.
func (pa *pass) walk(sc *scan, first, last int) {
	switch pa.width {
	case 8:
		for i := first; i <= last; i += int(pa.stride) {
			pa.look(sc, i, binary.LittleEndian.Uint64(sc.p[i:])|fold)
		}
	case 4:
		for i := first; i <= last; i += int(pa.stride) {
			pa.look(sc, i, uint64(binary.LittleEndian.Uint32(sc.p[i:])|fold&0xffffffff))
		}
	default:
		for i := first; i <= last; i += int(pa.stride) {
			pa.look(sc, i, window(sc.p[i:], pa.width))
		}
	}
}

func (pa *pass) look(sc *scan, at int, w uint64) {
	h := hash(w)
	if b := bitsOf(h, pa.shift); pa.filter[h>>pa.shift]&b == b {
		pa.confirm(sc, at, w, h)
	}
}

// confirm compares the patterns that have the window w, which stands at a place of sc.p.
func (pa *pass) confirm(sc *scan, at int, w, h uint64) {
	slot := h >> (64 - pa.slotBits)
	entries := pa.entries[pa.slots[slot]:pa.slots[slot+1]]
	for i := range entries {
		e := &entries[i]
		if e.window != w {
			continue
		}
		l := &sc.set.literals[e.literal]
		if !sc.hits.has(l) && sc.stands(l, at-int(e.offset)) {
			sc.hits.add(sc.set, l)
		}
	}
}

// stands reports whether a literal stands at a place of sc.p, within its bounds.
func (sc *scan) stands(l *literal, at int) bool {
	n := int(l.length)
	till := at + n
	if till > len(sc.p) || till <= sc.behind {
		return false
	}
	if sc.bounded && (at < int(l.from) || till > int(l.to)) {
		return false
	}
	if sc.whole && l.atEnd && till != len(sc.p) {
		return false
	}
	value := sc.set.text[l.text : int(l.text)+n]
	mask := sc.set.text[int(l.text)+n : int(l.text)+2*n]
	if at >= 0 {
		return equal(sc.p[at:till], value, mask)
	}
	return sc.stood(value[:-at], mask[:-at]) && equal(sc.p[:till], value[-at:], mask[-at:])
}

// stood reports whether the begin of a literal stands before sc.p, as far as that is known.
func (sc *scan) stood(value, mask []byte) bool {
	if len(value) > sc.ahead {
		return false
	}
	if over := len(value) - len(sc.before); over > 0 {
		return equal(sc.before, value[over:], mask[over:])
	}
	return equal(sc.before[len(sc.before)-len(value):], value, mask)
}

// equal reports whether p is a value under its mask. All have one length.
func equal(p, value, mask []byte) bool {
	for i, b := range p {
		if b|mask[i] != value[i] {
			return false
		}
	}
	return true
}
