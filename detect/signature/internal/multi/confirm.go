package multi

import (
	"encoding/binary"
	"math"
)

// confirm compares the literals that have the window w, which stands at a place of sc.p. It reports whether all of them
// are found by now.
func (pa *pass) confirm(sc *scan, at int, w uint64) (all bool) {
	entries := pa.entriesOf(hash(w))
	all = true
	for i := range entries {
		e := &entries[i]
		if e.window != w || sc.hits.has(e.literal) {
			continue
		}
		from := at - int(e.offset)
		if rest := from + int(e.rest); rest >= 0 && rest+8 <= len(sc.p) &&
			binary.LittleEndian.Uint64(sc.p[rest:])&e.mask != e.value {
			all = false
			continue
		}
		if !sc.stands(&sc.set.literals[e.literal], from) {
			all = false
			continue
		}
		sc.hits.add(sc.set, e.literal)
	}
	return all
}

// overRun is the last place, from i on, that is like i because it stands within a longer run of the same byte: what was
// not found at i, where all that w's literals would cover is of that byte, is not found there either. A literal with bounds
// that is of that byte itself may be.
func (pa *pass) overRun(sc *scan, i int, w uint64) int {
	back, ahead := 0, int(pa.width)
	for _, e := range pa.entriesOf(hash(w)) {
		if e.window != w || sc.hits.has(e.literal) {
			continue
		}
		l := &sc.set.literals[e.literal]
		if l.bounded() && sc.set.isRun(l, sc.p[i]) {
			return i
		}
		back, ahead = max(back, int(e.offset)), max(ahead, int(l.length)-int(e.offset))
	}
	if i-back < sc.seen {
		return i
	}
	b, till := sc.p[i], i-back
	for till < len(sc.p) && sc.p[till] == b {
		till++
	}
	return max(i, i+(till-ahead-i)/int(pa.stride)*int(pa.stride))
}

// bounded reports whether a literal may stand at some places of a buffer only.
func (l *literal) bounded() bool { return l.from > 0 || l.to < math.MaxUint32 || l.atEnd }

// isRun reports whether a literal may stand within a run of b.
func (s *Set) isRun(l *literal, b byte) bool {
	value, mask := s.value(l), s.mask(l)
	for i := range value {
		if b&mask[i] != value[i] {
			return false
		}
	}
	return true
}

// stands reports whether a literal stands at a place of sc.p, within its bounds.
func (sc *scan) stands(l *literal, at int) bool {
	till := at + int(l.length)
	if at < 0 || till > len(sc.p) || till <= sc.seen {
		return false
	}
	if at+sc.at < int(l.from) || till+sc.at > int(l.to) && l.to < math.MaxUint32 || l.atEnd && till != len(sc.p) {
		return false
	}
	return equal(sc.p[at:till], sc.set.value(l), sc.set.mask(l))
}

// equal reports whether p is a value under its mask. All have one length.
func equal(p, value, mask []byte) bool {
	for ; len(p) >= 8 && len(value) >= 8 && len(mask) >= 8; p, value, mask = p[8:], value[8:], mask[8:] {
		if binary.LittleEndian.Uint64(p)&binary.LittleEndian.Uint64(mask) != binary.LittleEndian.Uint64(value) {
			return false
		}
	}
	for i, b := range p {
		if b&mask[i] != value[i] {
			return false
		}
	}
	return true
}
