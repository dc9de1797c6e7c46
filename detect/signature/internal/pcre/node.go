package pcre

// nodeKind says what a node of the syntax tree is.
type nodeKind uint8

const (
	nodeEmpty   nodeKind = iota
	nodeNever            // (*FAIL)
	nodeSet              // one byte of set
	nodeCat              // subs one after the other
	nodeAlt              // the first of subs that leads to a match
	nodeRepeat           // subs[0] min to max times
	nodeGroup            // subs[0], remembered as group num
	nodeAtomic           // subs[0], never entered again
	nodeLook             // a look-around at subs[0]
	nodeAssert           // a place
	nodeBackref          // what group num (or one of refs) matched
	nodeCond             // subs[0] if it holds, else subs[1]
	nodeCall             // group num as a subroutine
	nodeKeep             // \K
)

// mood is how a quantifier tries: the zero value takes as much as it can.
type mood uint8

const (
	greedy mood = iota
	lazy
	possessive
)

// place is what an assertion of no width asks for.
type place uint8

const (
	atStart    place = iota // \A, ^
	atLine                  // ^ with (?m)
	atEnd                   // \z, $ with DollarEndOnly
	atEndLine               // \Z, $: the end, or before a line feed that ends the subject
	atLineEnd               // $ with (?m)
	atWord                  // \b
	notAtWord               // \B
	atSearch                // \G, Anchored
	wordBegins              // [[:<:]]
	wordEnds                // [[:>:]]
)

// test is what a conditional group asks.
type test uint8

const (
	testLook   test = iota // a look-around: look
	testGroup              // group num (or one of refs) is set
	testInside             // inside a call of any group
	testCall               // inside the call of group num
	testNever              // (?(DEFINE)
)

type node struct {
	kind   nodeKind
	mood   mood
	place  place
	test   test
	neg    bool // of a look-around
	behind bool // of a look-around
	fold   bool // of a back reference
	set    set
	subs   []*node
	look   *node // of a conditional with testLook
	min    int
	max    int // < 0: no end
	num    int
	refs   []int // numbers of a name that stands for several groups
	at     int   // offset in the expression, for errors
}

func cat(subs ...*node) *node {
	if len(subs) == 1 {
		return subs[0]
	}
	return &node{kind: nodeCat, subs: subs}
}

func alt(subs ...*node) *node {
	if len(subs) == 1 {
		return subs[0]
	}
	return &node{kind: nodeAlt, subs: subs}
}

func oneOf(s set) *node { return &node{kind: nodeSet, set: s} }

// unlimited is a width without end, and what widths are cut to.
const unlimited = 1 << 30

// width is how many bytes n can match: from min to max.
func (n *node) width() (min, max int) {
	switch n.kind {
	case nodeSet:
		return 1, 1
	case nodeCat:
		for _, s := range n.subs {
			lo, hi := s.width()
			min, max = clamp(min+lo), clamp(max+hi)
		}
	case nodeAlt, nodeCond:
		min = unlimited
		for _, s := range n.subs {
			lo, hi := s.width()
			if s.kind == nodeNever {
				continue
			}
			if lo < min {
				min = lo
			}
			if hi > max {
				max = hi
			}
		}
		if min == unlimited {
			min = 0
		}
	case nodeRepeat:
		lo, hi := n.subs[0].width()
		if min = clamp(lo * n.min); n.max >= 0 {
			return min, clamp(hi * n.max)
		}
		if hi > 0 {
			max = unlimited
		}
	case nodeGroup, nodeAtomic:
		return n.subs[0].width()
	case nodeBackref, nodeCall:
		return 0, unlimited
	}
	return min, max
}

func clamp(n int) int {
	if n > unlimited || n < 0 {
		return unlimited
	}
	return n
}

// walk calls fn for n and all below it.
func (n *node) walk(fn func(*node)) {
	fn(n)
	if n.look != nil {
		n.look.walk(fn)
	}
	for _, s := range n.subs {
		s.walk(fn)
	}
}
