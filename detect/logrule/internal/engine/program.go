// Package engine asks many Sigma rules about an event at once. Rules are compiled for a class of events, those of which the same is
// known before one is seen; all texts that rules look for in a field are looked for in one pass, and a rule is asked only where one
// of the texts was found without which it cannot match.
package engine

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"bulwark/detect/logrule/internal/sigma"
	"bulwark/event"
)

// Rule is a condition to compile, with the number by which it is told.
type Rule struct {
	Number    int
	Condition *sigma.Node
}

// Program is rules, compiled for a class of events. It is not changed once it is made, and may be used by many at once.
type Program struct {
	fields []*field // those in which texts are looked for
	groups int
	wakes  [][]int32 // for each group the rules that it wakes
	always []int32   // rules that nothing wakes
	rules  []compiled
}

// compiled is a rule as a tree over groups.
type compiled struct {
	number int
	root   *tree
}

// tree is a condition: a leaf is a group or a test.
type tree struct {
	op    sigma.Op
	of    []*tree
	group int32 // of a leaf; -1: test
	test  *residue
}

// Compile makes a program of rules for events of which some fields are known. Rules that cannot match such are left out.
func Compile(rules []Rule, known map[string]sigma.Value) *Program {
	c := &compiler{p: &Program{}, fields: map[string]*field{}, groups: map[string]int32{}}
	for _, r := range rules {
		n, t := fold(r.Condition, known)
		if t == no {
			continue
		}
		at := int32(len(c.p.rules))
		c.p.rules = append(c.p.rules, compiled{number: r.Number})
		if t == yes {
			c.p.always = append(c.p.always, at)
			continue
		}
		root, wake := c.tree(n)
		c.p.rules[at].root = root
		if wake.groups == nil {
			c.p.always = append(c.p.always, at)
		}
		for _, g := range wake.groups {
			c.p.wakes[g] = append(c.p.wakes[g], at)
		}
	}
	c.p.groups = len(c.p.wakes)
	for _, f := range c.p.fields {
		f.finish()
	}
	return c.p
}

// Always is how many rules are asked about every event of the class.
func (p *Program) Always() int { return len(p.always) }

type compiler struct {
	p      *Program
	fields map[string]*field
	groups map[string]int32 // by field and texts
}

// wake are groups of which one is found whenever a condition holds; nil: there are no such. worth says how seldom that is.
type wake struct {
	groups []int32
	worth  int
}

func (c *compiler) tree(n *sigma.Node) (*tree, wake) {
	switch n.Op {
	case sigma.Leaf:
		return c.leaf([]*sigma.Test{n.Test})
	case sigma.Not:
		x, _ := c.tree(n.Of[0])
		return &tree{op: sigma.Not, of: []*tree{x}, group: -1}, wake{}
	case sigma.And:
		return c.and(n)
	}
	return c.or(n)
}

func (c *compiler) and(n *sigma.Node) (*tree, wake) {
	out := &tree{op: sigma.And, group: -1}
	var best wake
	for _, x := range n.Of {
		t, w := c.tree(x)
		out.of = append(out.of, t)
		if w.groups != nil && (best.groups == nil || w.worth > best.worth) {
			best = w
		}
	}
	slices.SortStableFunc(out.of, func(a, b *tree) int { return a.cost() - b.cost() })
	return out, best
}

func (c *compiler) or(n *sigma.Node) (*tree, wake) {
	byField := map[string][]*sigma.Test{}
	var names []string
	var parts []*tree
	var wakes []wake
	for _, x := range n.Of {
		if x.Op == sigma.Leaf && indexable(x.Test) {
			if byField[x.Test.Field] == nil {
				names = append(names, x.Test.Field)
			}
			byField[x.Test.Field] = append(byField[x.Test.Field], x.Test)
			continue
		}
		t, w := c.tree(x)
		parts, wakes = append(parts, t), append(wakes, w)
	}
	for _, name := range names {
		t, w := c.leaf(byField[name])
		parts, wakes = append(parts, t), append(wakes, w)
	}
	all := wake{worth: math.MaxInt}
	for _, w := range wakes {
		all.groups, all.worth = append(all.groups, w.groups...), min(all.worth, w.worth)
	}
	if slices.ContainsFunc(wakes, func(w wake) bool { return w.groups == nil }) {
		all = wake{}
	}
	slices.Sort(all.groups)
	all.groups = slices.Compact(all.groups)
	if len(parts) == 1 {
		return parts[0], all
	}
	slices.SortStableFunc(parts, func(a, b *tree) int { return a.cost() - b.cost() })
	return &tree{op: sigma.Or, of: parts, group: -1}, all
}

// cost orders what is asked: bits first, tests last.
func (t *tree) cost() int {
	switch {
	case t.group >= 0:
		return 0
	case t.test != nil:
		return t.test.cost()
	}
	most := 1
	for _, x := range t.of {
		most = max(most, x.cost())
	}
	return most
}

// leaf is tests of one field of which one must hold: a group where texts can be looked for, else a single test.
func (c *compiler) leaf(tests []*sigma.Test) (*tree, wake) {
	if !indexable(tests[0]) {
		return c.residue(tests[0])
	}
	name := tests[0].Field
	var key strings.Builder
	key.WriteString(name)
	texts := make([]string, len(tests))
	worth := math.MaxInt
	for k, t := range tests {
		texts[k] = textKey(t)
		worth = min(worth, worthOf(t))
	}
	slices.Sort(texts)
	for _, s := range slices.Compact(texts) {
		key.WriteByte(0)
		key.WriteString(s)
	}
	g, ok := c.groups[key.String()]
	if !ok {
		g = int32(len(c.p.wakes))
		c.p.wakes = append(c.p.wakes, nil)
		c.groups[key.String()] = g
		f := c.fields[name]
		if f == nil {
			f = newField(name)
			c.fields[name] = f
			c.p.fields = append(c.p.fields, f)
		}
		for _, t := range tests {
			f.add(t, g)
		}
	}
	return &tree{group: g}, wake{[]int32{g}, worth}
}

// residue is a test that no text stands for. An expression is asked only where all texts are found that it must have.
func (c *compiler) residue(t *sigma.Test) (*tree, wake) {
	asked := &tree{group: -1, test: &residue{t}}
	if t.How != sigma.Search {
		return asked, wake{}
	}
	out, best := &tree{op: sigma.And, group: -1}, wake{}
	for _, must := range mustsOf(t) {
		x, w := c.leaf([]*sigma.Test{must})
		out.of = append(out.of, x)
		if best.groups == nil || w.worth > best.worth {
			best = w
		}
	}
	if len(out.of) == 0 {
		return asked, wake{}
	}
	out.of = append(out.of, asked)
	return out, best
}

// Run is what one goroutine needs to ask programs. Its zero value is ready.
type Run struct {
	bits  []uint64
	woken []uint64
	asked []int32
	lower []byte
	event sigma.Event

	Asked int // rules that were asked, of all events
}

// Match returns the numbers of the rules that match e, in the order in which they were compiled. It is valid until the next call.
func (p *Program) Match(r *Run, e sigma.Event, out []int) []int {
	r.event = e
	r.bits = cleared(r.bits, p.groups)
	r.woken = cleared(r.woken, len(p.rules))
	r.asked = append(r.asked[:0], p.always...)
	for _, f := range p.fields {
		if f.name == "" {
			for _, v := range e.Every() {
				p.look(r, f, v)
			}
			continue
		}
		for _, v := range e.Values(f.name) {
			p.look(r, f, v)
		}
	}
	slices.Sort(r.asked)
	for _, at := range r.asked {
		r.Asked++
		if root := p.rules[at].root; root == nil || r.holds(root) {
			out = append(out, p.rules[at].number)
		}
	}
	return out
}

func (p *Program) look(r *Run, f *field, v sigma.Value) {
	if v.Null {
		return
	}
	f.look(r.lowered(v.Text), v.Text, func(g int32) {
		if r.bits[g>>6]>>(g&63)&1 != 0 {
			return
		}
		r.bits[g>>6] |= 1 << (g & 63)
		for _, at := range p.wakes[g] {
			if r.woken[at>>6]>>(at&63)&1 == 0 {
				r.woken[at>>6] |= 1 << (at & 63)
				r.asked = append(r.asked, at)
			}
		}
	})
}

// lowered is a text in lower case, valid until the next one.
func (r *Run) lowered(s string) string {
	upper := false
	for k := range len(s) {
		if s[k] >= utf8.RuneSelf {
			return strings.ToLower(s)
		}
		upper = upper || s[k]-'A' < 26
	}
	if !upper {
		return s
	}
	r.lower = append(r.lower[:0], s...)
	for k, c := range r.lower {
		if c-'A' < 26 {
			r.lower[k] = c + 'a' - 'A'
		}
	}
	return event.View(r.lower)
}

func cleared(bits []uint64, n int) []uint64 {
	n = (n + 63) / 64
	if cap(bits) < n {
		return make([]uint64, n)
	}
	bits = bits[:n]
	clear(bits)
	return bits
}

func (r *Run) holds(t *tree) bool {
	switch t.op {
	case sigma.And:
		for _, x := range t.of {
			if !r.holds(x) {
				return false
			}
		}
		return true
	case sigma.Or:
		for _, x := range t.of {
			if r.holds(x) {
				return true
			}
		}
		return false
	case sigma.Not:
		return !r.holds(t.of[0])
	}
	if t.group >= 0 {
		return r.bits[t.group>>6]>>(t.group&63)&1 != 0
	}
	return t.test.Holds(r.event)
}
