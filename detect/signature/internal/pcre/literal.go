package pcre

import (
	"bytes"
	"strings"
)

// Literal is a run of bytes that every match holds.
type Literal struct {
	Bytes []byte // in lower case where Fold is set
	Fold  bool   // in any case (ASCII)
	Min   int    // how many bytes of the match stand before it, at least
	Max   int    // at most; < 0: no end
}

// Literals are runs of bytes that each stand in every match, in their order, each of at most 255 bytes. They do not
// overlap. A look-around may need bytes outside of the match, which are not among them.
func (r *Regexp) Literals() []Literal { return r.scan.literals }

// gatherer collects the literals of a tree.
type gatherer struct {
	out      []Literal
	run      []*node // the bytes that follow each other now
	min, max int     // the offset of what comes next
	left     int     // nodes that may still be looked at
}

func literalsOf(n *node) []Literal {
	g := &gatherer{left: 4096}
	g.visit(n)
	g.flush()
	return g.out
}

func (g *gatherer) visit(n *node) {
	if g.left--; g.left < 0 {
		g.flush()
		g.max = unlimited
		return
	}
	switch n.kind {
	case nodeSet:
		_, one := n.set.single()
		_, pair := n.set.pair()
		if !one && !pair {
			g.flush()
		} else {
			g.run = append(g.run, n)
		}
		g.min, g.max = clamp(g.min+1), clamp(g.max+1)
		if len(g.run) >= maxLit {
			g.flush()
		}
	case nodeCat:
		for _, s := range n.subs {
			g.visit(s)
		}
	case nodeGroup, nodeAtomic:
		g.visit(n.subs[0])
	case nodeRepeat:
		g.repeat(n)
	case nodeAssert, nodeLook, nodeEmpty, nodeKeep: // no bytes
	default:
		g.pass(n)
	}
}

// repeat visits what stands in every repetition.
func (g *gatherer) repeat(n *node) {
	if n.min == 0 {
		g.pass(n)
		return
	}
	copies := min(n.min, 16)
	for range copies {
		g.visit(n.subs[0])
	}
	if copies == n.max {
		return
	}
	g.flush()
	rest := *n
	if rest.min -= copies; rest.max >= 0 {
		rest.max -= copies
	}
	g.pass(&rest)
}

// pass goes over what holds no certain bytes.
func (g *gatherer) pass(n *node) {
	g.flush()
	lo, hi := n.width()
	g.min, g.max = clamp(g.min+lo), clamp(g.max+hi)
}

// flush makes literals of the run.
func (g *gatherer) flush() {
	end := len(g.run)
	var found []Literal
	for end > 0 {
		from, text, folded := literalEnd(g.run[:end])
		l := Literal{Bytes: text, Fold: folded, Min: g.min - (len(g.run) - from), Max: -1}
		if len(text) == 1 {
			_, l.Fold = g.run[from].set.pair()
		}
		if g.max < unlimited {
			l.Max = g.max - (len(g.run) - from)
		}
		found = append(found, l)
		end = from
	}
	for i := len(found) - 1; i >= 0; i-- {
		g.out = append(g.out, found[i])
	}
	g.run = g.run[:0]
}

// common are bytes of network texts, the most frequent first.
const common = " etaoinsr0/.lhdcu1m-p=\r\n2:gfw3yb\"4v5,k<>6;7&8x9_TCAESP%j+)('q?z\x00*{}[]"

// rarity is how seldom a byte is seen, roughly.
func rarity(c byte, fold bool) int {
	r := strings.IndexByte(common, c)
	if r < 0 {
		r = len(common)
	}
	if fold && isLetter(c) {
		r -= 4 // two bytes to look for
	}
	return max(r, 0)
}

// needle is a literal made ready to be found.
type needle struct {
	text []byte
	fold bool
	rare int // offset of its rarest byte
}

func newNeedle(l Literal) needle {
	n := needle{text: l.Bytes, fold: l.Fold}
	for i, c := range n.text {
		if rarity(c, n.fold) > rarity(n.text[n.rare], n.fold) {
			n.rare = i
		}
	}
	return n
}

// worth is how much searching for n rules out.
func (n *needle) worth() int {
	w := rarity(n.text[n.rare], n.fold)
	return w + 8*min(len(n.text), 12)
}

// index is where n stands in p first, from from on; -1 if nowhere.
func (n *needle) index(p []byte, from int) int {
	if from > len(p) {
		return -1
	}
	if !n.fold {
		i := bytes.Index(p[from:], n.text)
		if i < 0 {
			return -1
		}
		return from + i
	}
	return n.indexFold(p, from)
}

// indexFold looks for the rarest byte in either case, and compares the rest there. It goes by windows, so that the case
// that is seldom is not looked for far behind the other.
func (n *needle) indexFold(p []byte, from int) int {
	stop := len(p) - len(n.text) + n.rare + 1 // the rarest byte stands before it
	for at, window := from+n.rare, 256; at < stop; window *= 2 {
		limit := min(stop, at+window)
		if found := n.within(p, at, limit); found >= 0 {
			return found
		}
		at = limit
	}
	return -1
}

// within is where n stands first whose rarest byte is at or after at and before limit.
func (n *needle) within(p []byte, at, limit int) int {
	c := n.text[n.rare]
	next, other := nextByte(p, at, limit, c), limit
	if isLetter(c) {
		other = nextByte(p, at, limit, c-32)
	}
	for {
		at = min(next, other)
		if at >= limit {
			return -1
		}
		if hasFold(p[at-n.rare:], n.text) {
			return at - n.rare
		}
		if at == next {
			next = nextByte(p, at+1, limit, c)
		} else {
			other = nextByte(p, at+1, limit, c-32)
		}
	}
}

// nextByte is where c stands in p first, from from on and before stop; stop if nowhere.
func nextByte(p []byte, from, stop int, c byte) int {
	if from >= stop {
		return stop
	}
	if i := bytes.IndexByte(p[from:stop], c); i >= 0 {
		return from + i
	}
	return stop
}
