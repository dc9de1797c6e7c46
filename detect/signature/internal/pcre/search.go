package pcre

import (
	"bytes"
	"strings"
)

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
	head     *[256]byte // bit i: the byte can stand at offset i of a match, for i < heads; nil: nothing is known
	heads    int
	one      int16 // the only byte a match can start with; < 0: none such
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
	s.chooseNeedles(b.pr.linear)
	sets, _ := b.tree.head(maxHead)
	if len(sets) > 0 && sets[0] != all() && len(s.prefix.text) == 0 {
		s.head, s.heads = new([256]byte), len(sets)
		for i, set := range sets {
			fill(s.head, set, 1<<i)
		}
		if c, ok := sets[0].single(); ok {
			s.one = int16(c)
		}
	}
	return s
}

// maxHead is how many bytes at the start of a match are looked at before it is tried.
const maxHead = 4

// head is what can stand at the first offsets of a match of n, at most most of them. whole says that a match of n has
// just these bytes.
func (n *node) head(most int) (sets []set, whole bool) {
	switch n.kind {
	case nodeSet:
		return []set{n.set}, true
	case nodeEmpty, nodeAssert, nodeLook, nodeKeep:
		return nil, true
	case nodeGroup, nodeAtomic:
		return n.subs[0].head(most)
	case nodeCat:
		whole = true
		for _, s := range n.subs {
			if !whole || len(sets) >= most {
				break
			}
			var more []set
			more, whole = s.head(most - len(sets))
			sets = append(sets, more...)
		}
	case nodeAlt:
		sets, whole = n.subs[0].head(most)
		for _, s := range n.subs[1:] {
			more, all := s.head(most)
			whole = whole && all && len(more) == len(sets)
			sets = sets[:min(len(sets), len(more))]
			for i := range sets {
				sets[i].union(more[i])
			}
		}
	case nodeRepeat:
		whole = true
		for i := 0; i < n.min && len(sets) < most && whole; i++ {
			var more []set
			more, whole = n.subs[0].head(most - len(sets))
			if len(more) == 0 {
				break
			}
			sets = append(sets, more...)
		}
		whole = whole && n.min == n.max
	}
	return sets[:min(len(sets), most)], whole
}

// chooseNeedles picks what to look for: the best literal at a fixed offset, and the best of the others. Where there is
// one start only, trying it costs less than to look through the subject.
func (s *scan) chooseNeedles(linear bool) {
	best, prefix := -1, -1
	for i, l := range s.literals {
		if n := newNeedle(l); l.Min == l.Max && n.worth() > best {
			best, prefix, s.prefix, s.offset = n.worth(), i, n, l.Min
		}
	}
	best = -1
	for i, l := range s.literals {
		n := newNeedle(l)
		telling := len(l.Bytes) > 1 || strings.IndexByte(common, l.Bytes[0]) < 0
		if w := n.worth(); i != prefix && w > best && (prefix < 0 || !linear || telling || len(s.prefix.text) == 1) && s.from != fromStart && s.from != fromHere {
			best, s.need, s.needMin, s.needMax = w, n, l.Min, l.Max
		}
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
	lead := &pr.code[pr.start]
	leads := s.from == anywhere && (lead.op == opRun || lead.op == opGreedy || lead.op == opLazy) && lead.min > 0
	leadEnd := -1
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
		if leads {
			if start > leadEnd {
				leadEnd = lead.stretch(p, start, len(p))
			}
			if leadEnd-start < int(lead.min) {
				start = leadEnd + 1
				continue
			}
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
		if start++; leads && lead.max < 0 && pr.linear {
			start = leadEnd + 1 // what follows the run was tried after each of its bytes
		}
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
	case s.head == nil:
		return start
	case s.one >= 0:
		i := bytes.IndexByte(p[start:], byte(s.one))
		if i < 0 {
			return -1
		}
		return start + i
	}
	head := s.head
	for ; start < len(p); start++ {
		if head[p[start]]&1 != 0 && s.heading(p[start:]) {
			return start
		}
	}
	return -1
}

// heading says whether a match can start with the first bytes of p, but for the very first.
func (s *scan) heading(p []byte) bool {
	if len(p) < s.heads {
		return false
	}
	for i := 1; i < s.heads; i++ {
		if s.head[p[i]]>>i&1 == 0 {
			return false
		}
	}
	return true
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
