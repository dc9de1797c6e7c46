package pcre

import "slices"

// simplifier makes trees smaller without changing what they match. It keeps what it is given.
type simplifier struct {
	keep map[int]bool // groups that must be remembered; nil: all
}

func (s *simplifier) simple(n *node) *node {
	switch n.kind {
	case nodeCat:
		return s.sequence(n)
	case nodeAlt:
		return s.choice(n)
	case nodeRepeat:
		return s.repeat(n)
	case nodeGroup:
		if s.keep != nil && !s.keep[n.num] {
			return s.simple(n.subs[0])
		}
	case nodeSet:
		if n.set.empty() {
			return &node{kind: nodeNever, at: n.at}
		}
		return n
	}
	if len(n.subs) == 0 {
		return n
	}
	c := *n
	c.subs = make([]*node, len(n.subs))
	for i, sub := range n.subs {
		c.subs[i] = s.simple(sub)
	}
	if n.look != nil {
		c.look = s.simple(n.look)
	}
	if c.kind == nodeAtomic && c.subs[0].steady() {
		return c.subs[0]
	}
	return &c
}

// steady says that n can match in one way only, so that it need not be fenced.
func (n *node) steady() bool {
	switch n.kind {
	case nodeEmpty, nodeNever, nodeSet, nodeAssert:
		return true
	case nodeCat:
		for _, s := range n.subs {
			if !s.steady() {
				return false
			}
		}
		return true
	case nodeRepeat:
		return n.subs[0].kind == nodeSet && (n.mood == possessive || n.min == n.max)
	}
	return false
}

func (s *simplifier) sequence(n *node) *node {
	c := &node{kind: nodeCat, at: n.at}
	for _, sub := range n.subs {
		switch sub = s.simple(sub); sub.kind {
		case nodeEmpty:
		case nodeNever:
			return sub
		case nodeCat:
			c.subs = append(c.subs, sub.subs...)
		default:
			c.subs = append(c.subs, sub)
		}
	}
	c.subs = narrowed(c.subs)
	if len(c.subs) == 0 {
		return &node{kind: nodeEmpty, at: n.at}
	}
	return cat(c.subs...)
}

// narrowed takes a look-ahead at one byte into the byte that follows it.
func narrowed(subs []*node) []*node {
	out := subs[:0:0]
	for i := len(subs) - 1; i >= 0; i-- {
		n := subs[i]
		if last := len(out) - 1; last >= 0 && n.kind == nodeLook && !n.behind && n.subs[0].kind == nodeSet && out[last].kind == nodeSet {
			seen := n.subs[0].set
			if n.neg {
				seen = seen.not()
			}
			out[last] = oneOf(out[last].set.and(seen))
			continue
		}
		out = append(out, n)
	}
	slices.Reverse(out)
	return out
}

// choice joins neighbours that match one byte, and drops what can never match.
func (s *simplifier) choice(n *node) *node {
	c := &node{kind: nodeAlt, at: n.at}
	for _, sub := range n.subs {
		sub = s.simple(sub)
		inner := []*node{sub}
		if sub.kind == nodeAlt {
			inner = sub.subs
		}
		for _, sub := range inner {
			if sub.kind == nodeNever {
				continue
			}
			if last := len(c.subs) - 1; last >= 0 && sub.kind == nodeSet && c.subs[last].kind == nodeSet {
				joined := c.subs[last].set
				joined.union(sub.set)
				c.subs[last] = oneOf(joined)
				continue
			}
			c.subs = append(c.subs, sub)
		}
	}
	if len(c.subs) == 0 {
		return &node{kind: nodeNever, at: n.at}
	}
	return alt(c.subs...)
}

// spelt are the bytes of n where it is nothing else.
func (n *node) spelt() []*node {
	if n.kind != nodeCat {
		return nil
	}
	for _, s := range n.subs {
		if s.kind != nodeSet {
			return nil
		}
	}
	return n.subs
}

func (s *simplifier) repeat(n *node) *node {
	sub := s.simple(n.subs[0])
	switch {
	case n.max == 0 || sub.kind == nodeEmpty:
		return &node{kind: nodeEmpty, at: n.at}
	case sub.kind == nodeNever && n.min == 0:
		return &node{kind: nodeEmpty, at: n.at}
	case sub.kind == nodeNever:
		return sub
	case n.min == 1 && n.max == 1 && (n.mood != possessive || sub.steady()):
		return sub
	}
	if bytes := sub.spelt(); n.min == n.max && len(bytes) > 1 && n.min*len(bytes) <= maxCopies {
		return cat(slices.Repeat(bytes, n.min)...)
	}
	c := *n
	c.subs = []*node{sub}
	if sub.kind == nodeLook && n.max < 0 { // as PCRE2 has it: more rounds change nothing
		c.max = n.min + 1
	}
	return &c
}
