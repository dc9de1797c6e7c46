package pcre

import "bytes"

// from says where a match can start.
type from uint8

const (
	anywhere  from = iota
	fromStart      // at offset 0
	fromHere       // where the search starts
	fromLine       // at offset 0, or after a line feed that is not the last byte
	fromStar       // where the search starts, or after a line feed: the expression starts with .*
)

// scan is what is known of every match before it is looked for.
type scan struct {
	literals []Literal
	from     from
	min      int        // bytes of a match, at least
	tail     int        // how far before the end of the subject a match starts, at most; < 0: anywhere
	prefix   needle     // stands at a fixed offset in every match; no text: none
	offset   int        // that offset
	need     needle     // stands in every match; no text: none
	needMin  int        // its offset, at least
	needMax  int        // at most; < 0: no end
	first    *[256]byte // by mask: bytes that a match can start with; nil: any
	mask     byte
	one      int16 // the only such byte; < 0: none such
}

// plan finds what is known of every match of a program.
func plan(b *builder) scan {
	s := scan{tail: -1, one: -1, needMax: -1}
	s.min, _ = b.tree.width()
	s.from = b.tree.starts(b.pr.linear)
	if _, hi := b.tree.width(); hi < unlimited && b.tree.ends() {
		s.tail = hi + 1
	}
	s.literals = literalsOf(b.tree)
	s.chooseNeedles()
	if set, end := b.first(b.pr.start); !end && set != all() {
		s.first, s.mask = b.table(set)
		if c, ok := set.single(); ok {
			s.one = int16(c)
		}
	}
	return s
}

func (s *scan) chooseNeedles() {
	best, bestPrefix := -1, -1
	for _, l := range s.literals {
		n := newNeedle(l)
		if w := n.worth(); w > best {
			best, s.need, s.needMin, s.needMax = w, n, l.Min, l.Max
		}
		if w := n.worth(); l.Min == l.Max && w > bestPrefix {
			bestPrefix, s.prefix, s.offset = w, n, l.Min
		}
	}
	if s.offset == s.needMin && s.needMin == s.needMax && len(s.prefix.text) > 0 {
		s.need.text = nil // the same
	}
}

// starts says where matches of n can start. linear: the expression remembers nothing, so that what .* skips at its
// start is no start of its own.
func (n *node) starts(linear bool) from {
	switch n.kind {
	case nodeAssert:
		switch n.place {
		case atStart:
			return fromStart
		case atSearch:
			return fromHere
		case atLine:
			return fromLine
		}
	case nodeGroup, nodeAtomic:
		return n.subs[0].starts(linear && n.kind == nodeGroup)
	case nodeCat:
		for _, s := range n.subs {
			if f := s.starts(linear); f != anywhere {
				return f
			}
			if _, hi := s.width(); hi > 0 {
				return anywhere
			}
			linear = false // .* would not skip what s asks for
		}
	case nodeAlt:
		f := n.subs[0].starts(linear)
		for _, s := range n.subs[1:] {
			if s.starts(linear) != f {
				return anywhere
			}
		}
		return f
	case nodeRepeat:
		if linear && n.min == 0 && n.max < 0 && n.mood != possessive && n.subs[0].kind == nodeSet {
			switch n.subs[0].set {
			case all():
				return fromHere
			case setOf('\n').not():
				return fromStar
			}
		}
	}
	return anywhere
}

// ends says whether every match of n ends at the end of the subject, or before a line feed there.
func (n *node) ends() bool {
	switch n.kind {
	case nodeAssert:
		return n.place == atEnd || n.place == atEndLine
	case nodeGroup, nodeAtomic:
		return n.subs[0].ends()
	case nodeCat:
		return n.subs[len(n.subs)-1].ends()
	case nodeAlt:
		for _, s := range n.subs {
			if !s.ends() {
				return false
			}
		}
		return true
	}
	return false
}

// search looks for the first match of pr in p from at on.
func (m *Machine) search(r *Regexp, pr *prog, p []byte, at int) (start, end int, o Outcome) {
	s := &r.scan
	if at < 0 || len(p)-at < s.min {
		return 0, 0, No
	}
	if len(p) > maxSubject {
		return 0, 0, Limit
	}
	start = at
	if s.tail >= 0 {
		start = max(at, len(p)-s.tail)
	}
	need, begun := -1, false
	for {
		if start = s.next(p, at, start); start < 0 || len(p)-start < s.min {
			return 0, 0, No
		}
		if len(s.need.text) > 0 && need < start+s.needMin {
			if need = s.need.index(p, start+s.needMin); need < 0 {
				return 0, 0, No
			}
		}
		if s.needMax >= 0 && need-s.needMax > start && len(s.need.text) > 0 {
			start = need - s.needMax
			continue
		}
		if !begun {
			m.begin(pr, p, at)
			begun = true
		}
		if end, o = m.try(pr, start); o != No {
			if o == Yes && pr.keep >= 0 && m.slots[pr.keep] >= 0 {
				start = int(m.slots[pr.keep])
			}
			return start, end, o
		}
		start++
	}
}

// next is the first place from start on where a match can start; -1 if there is none.
func (s *scan) next(p []byte, at, start int) int {
	if start > len(p) {
		return -1
	}
	switch s.from {
	case fromStart:
		if start > 0 {
			return -1
		}
		return start
	case fromHere:
		if start > at {
			return -1
		}
		return start
	case fromLine:
		return nextLine(p, start, true)
	case fromStar:
		if start == at {
			return start
		}
		return nextLine(p, start, false)
	}
	if len(s.prefix.text) > 0 {
		if start = s.prefix.index(p, start+s.offset); start < 0 {
			return -1
		}
		return start - s.offset
	}
	switch {
	case s.first == nil:
		return start
	case s.one >= 0:
		i := bytes.IndexByte(p[start:], byte(s.one))
		if i < 0 {
			return -1
		}
		return start + i
	}
	first, mask := s.first, s.mask
	for ; start < len(p); start++ {
		if first[p[start]]&mask != 0 {
			return start
		}
	}
	return -1
}

// nextLine is the first start of a line from start on: offset 0 or after a line feed; inner: not after the last byte.
func nextLine(p []byte, start int, inner bool) int {
	if start == 0 {
		return 0
	}
	i := bytes.IndexByte(p[min(start-1, len(p)):], '\n')
	if i < 0 || inner && start+i >= len(p) {
		return -1
	}
	return start + i
}
