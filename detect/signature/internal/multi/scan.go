package multi

import (
	"bytes"
	"math"
	"math/bits"
)

// scan is one walk of all passes over a buffer.
type scan struct {
	set  *Set
	hits *Hits
	p    []byte
	at   int // how many bytes of a stream came before p
	seen int // a match must end behind so many bytes of p
}

// Scan looks for the patterns in a whole buffer.
func (s *Set) Scan(p []byte, h *Hits) { s.Continue(p, 0, 0, h) }

func (s *Set) scan(sc *scan) {
	begins := len(sc.p) >= 2 && s.begins.has(load2(sc.p))
	for i := range s.passes {
		pa := &s.passes[i]
		if pa.place == start && pa.width > 1 && !begins {
			continue
		}
		pa.walk(sc, pa.first(sc), pa.last(sc))
	}
}

// first is the first place that a pass looks at.
func (pa *pass) first(sc *scan) int {
	if pa.place == end {
		return max(len(sc.p)-int(pa.width), 0)
	}
	return max(sc.seen+1-reach, 0)
}

// last is the last place that a pass may look at; it is negative where there is none.
func (pa *pass) last(sc *scan) int {
	last := len(sc.p) - int(pa.width)
	switch pa.place {
	case head:
		last = min(last, pa.limit-int(pa.width)-sc.at)
	case start:
		last = min(last, -sc.at)
	}
	return last
}

// walk looks at the windows of sc.p that begin at first, and from there at each stride up to last.
func (pa *pass) walk(sc *scan, first, last int) {
	if pa.width == 1 {
		pa.eachByItself(sc, first, last)
		return
	}
	if first == last {
		if w := window(sc.p[first:], pa.width); pa.in(w) {
			pa.confirm(sc, first, w)
		}
		return
	}
	if first > last {
		return
	}
	var quiet quiet
	for i := first; i <= last; i += int(pa.stride) {
		if i = pa.seek(sc.p, i, last, &quiet); i > last {
			return
		}
		w := window(sc.p[i:], pa.width)
		switch {
		case !pa.confirm(sc, i, w):
			if uint16(w) == bits.ReverseBytes16(uint16(w)) {
				i = pa.overRun(sc, i, w)
			}
		case len(sc.hits.marked) == len(sc.set.literals):
			return
		default:
			quiet.add(w)
		}
	}
}

// eachByItself looks for the windows of one byte.
func (pa *pass) eachByItself(sc *scan, first, last int) {
	for i := range pa.entries {
		e := &pa.entries[i]
		if sc.hits.has(e.literal) {
			continue
		}
		l, off := &sc.set.literals[e.literal], int(e.offset)
		from, till := sc.bounds(l)
		from, till = max(from, first-off), min(till, last-off)
		if from > till {
			continue
		}
		b := byte(e.window)
		if sc.tryEach(l, off, b, from, till) || sc.tryEach(l, off, b&^0x20, from, till) {
			sc.hits.add(sc.set, e.literal)
		}
	}
}

// bounds are the first and the last place where a literal may begin, as far as its bounds and what was seen before tell.
func (sc *scan) bounds(l *literal) (first, last int) {
	n := int(l.length)
	first, last = max(0, sc.seen+1-n), len(sc.p)-n
	if int(l.from) > sc.at {
		first = max(first, int(l.from)-sc.at)
	}
	if l.to < math.MaxUint32 {
		last = min(last, int(l.to)-sc.at-n)
	}
	return first, last
}

// tryEach reports whether a literal begins at a place from first to last, with b at an offset of it.
func (sc *scan) tryEach(l *literal, off int, b byte, first, last int) bool {
	value := sc.set.value(l)
	if m := sc.set.mask(l)[off]; b&m != value[off] {
		return false
	}
	if off == 0 && len(value) > 1 && !l.atEnd && sc.set.exact(l) {
		return bytes.Contains(sc.p[first:last+len(value)], value)
	}
	for i := first; i <= last; i++ {
		n := bytes.IndexByte(sc.p[i+off:last+off+1], b)
		if n < 0 {
			return false
		}
		if i += n; sc.stands(l, i) {
			return true
		}
	}
	return false
}
