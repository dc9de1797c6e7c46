// Package engine asks many Sigma rules about an event at once. Rules are compiled for a class of events, those of which the same is
// known before one is seen; all texts that rules look for in a field are looked for in one pass, and a rule is asked only where one
// of the texts was found without which it cannot match.
package engine

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"bulwark/detect/logrule/internal/names"
	"bulwark/detect/logrule/internal/sigma"
)

// Book is what programs share that are asked with the same runs. It is safe for concurrent use.
type Book struct {
	Names  *names.Table // of all fields that rules know
	ids    atomic.Uint32
	sieves sync.Map // *sieve by their pieces: hardly two classes of events have others
}

// Rule is a condition to compile, with the number by which it is told.
type Rule struct {
	Number    int
	Condition *sigma.Node
}

// Program is rules, compiled for a class of events. It is not changed once it is made, and may be used by many at once.
type Program struct {
	fields []*field // those in which texts are looked for
	every  *field   // texts that are looked for in all values; nil: there are none
	groups int
	wakes  [][]int32 // for each group the rules that it wakes
	always []uint64  // bits of the rules that nothing wakes
	rules  []compiled
	Failed map[int]any // rules that could not be compiled, as this program is wrong about them, with what it panicked with
}

// compiled is a rule: groups of which all must be found, groups of which none may be, and trees over groups that must hold besides.
type compiled struct {
	number    int
	all, none []int32
	rest      []tree
}

// tree is a condition: a leaf is a group or a test.
type tree struct {
	op    sigma.Op
	group int32 // of a leaf; -1: test
	of    []tree
	test  *residue
}

// Class is what is known of the events that a program is for.
type Class struct {
	Known map[string]sigma.Value // values of fields
	Names map[string]string      // further names of fields, by those that rules use
}

// Compile makes a program of rules for a class of events. Rules that cannot match such are left out.
func (b *Book) Compile(rules []Rule, of Class) *Program {
	c := &compiler{book: b, class: of, p: &Program{}, fields: map[string]*field{}, groups: map[string]int32{}}
	for _, r := range rules {
		c.add(r)
	}
	c.p.groups = len(c.p.wakes)
	c.p.always = make([]uint64, (len(c.p.rules)+63)/64)
	for _, at := range c.always {
		c.p.always[at>>6] |= 1 << (at & 63)
	}
	for _, f := range c.fields {
		f.finish(b)
	}
	return c.p
}

// add compiles a rule. One on which this fails is left out, and noted.
func (c *compiler) add(r Rule) {
	defer func() {
		if why := recover(); why != nil {
			if c.p.Failed == nil {
				c.p.Failed = map[int]any{}
			}
			c.p.Failed[r.Number] = why
		}
	}()
	n, t := fold(r.Condition, c.class.Known)
	if t == no {
		return
	}
	at, x, w := int32(len(c.p.rules)), compiled{number: r.Number}, wake{}
	if t == open {
		root, wakes := c.tree(n)
		if wakes.groups == nil {
			wakes = c.eager(&root, r.Number)
		}
		x.flatten(&root, true)
		slices.SortStableFunc(x.rest, func(a, b tree) int { return a.cost() - b.cost() })
		w = wakes
	}
	c.p.rules = append(c.p.rules, x)
	if w.groups == nil {
		c.always = append(c.always, at)
	}
	for _, g := range w.groups {
		c.p.wakes[g] = append(c.p.wakes[g], at)
	}
}

// flatten adds a condition, or its contrary, to what must hold.
func (x *compiled) flatten(t *tree, is bool) {
	switch {
	case t.op == sigma.Not:
		x.flatten(&t.of[0], !is)
	case t.op == sigma.And && is, t.op == sigma.Or && !is:
		for k := range t.of {
			x.flatten(&t.of[k], is)
		}
	case t.op == sigma.Leaf && t.group >= 0 && is:
		x.all = append(x.all, t.group)
	case t.op == sigma.Leaf && t.group >= 0:
		x.none = append(x.none, t.group)
	case is:
		x.rest = append(x.rest, *t)
	default:
		x.rest = append(x.rest, tree{op: sigma.Not, group: -1, of: []tree{*t}})
	}
}

// eager makes a group of an expression that every event would be asked for a rule that nothing wakes: then the field has what it said of a
// value together with what else was found there, and the rule is woken by it.
func (c *compiler) eager(root *tree, rule int) wake {
	at := []*tree{root}
	if root.op == sigma.And {
		at = at[:0]
		for k := range root.of {
			at = append(at, &root.of[k])
		}
	}
	for _, t := range at {
		if t.op != sigma.Leaf || t.test == nil || t.test.How != sigma.Search || t.test.Field == "" {
			continue
		}
		g := int32(len(c.p.wakes))
		c.p.wakes = append(c.p.wakes, nil)
		f := c.field(t.test.Field)
		f.asks = append(f.asks, expression{t.test, g, rule})
		*t = tree{group: g}
		return wake{groups: []int32{g}}
	}
	return wake{}
}

// field is one in which something is looked for.
func (c *compiler) field(name string) *field {
	f := c.fields[name]
	if f == nil {
		f = newField(c.book.ids.Add(1), name == "", c.place(name))
		c.fields[name] = f
		if f.every {
			c.p.every = f
			return f
		}
		c.p.fields = append(c.p.fields, f)
	}
	return f
}

// Len is how many rules may match.
func (p *Program) Len() int { return len(p.rules) }

// Always is how many rules are asked about every event of the class.
func (p *Program) Always() (n int) {
	for _, w := range p.always {
		n += bits.OnesCount64(w)
	}
	return n
}

type compiler struct {
	book   *Book
	class  Class
	p      *Program
	fields map[string]*field
	groups map[string]int32 // by field and texts
	always []int32          // rules that nothing wakes
}

// place is where the values of a field stand.
func (c *compiler) place(field string) place {
	p := place{-1, c.book.Names.Of(field)}
	if name, ok := c.class.Names[field]; ok {
		p[0] = c.book.Names.Of(name)
	}
	return p
}

// wake are groups of which one is found whenever a condition holds; nil: there are no such. worth says how seldom that is.
type wake struct {
	groups []int32
	worth  int
}

func (c *compiler) tree(n *sigma.Node) (tree, wake) {
	switch n.Op {
	case sigma.Leaf:
		return c.leaf([]*sigma.Test{n.Test})
	case sigma.Not:
		x, _ := c.tree(n.Of[0])
		return tree{op: sigma.Not, of: []tree{x}, group: -1}, wake{}
	case sigma.And:
		return c.and(n)
	}
	return c.or(n)
}

func (c *compiler) and(n *sigma.Node) (tree, wake) {
	out := tree{op: sigma.And, group: -1, of: make([]tree, 0, len(n.Of))}
	var best wake
	for _, x := range n.Of {
		t, w := c.tree(x)
		out.of = append(out.of, t)
		if w.groups != nil && (best.groups == nil || w.worth > best.worth) {
			best = w
		}
	}
	slices.SortStableFunc(out.of, func(a, b tree) int { return a.cost() - b.cost() })
	return out, best
}

func (c *compiler) or(n *sigma.Node) (tree, wake) {
	byField := map[string][]*sigma.Test{}
	var names []string
	var parts []tree
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
	slices.SortStableFunc(parts, func(a, b tree) int { return a.cost() - b.cost() })
	return tree{op: sigma.Or, of: parts, group: -1}, all
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
	for k := range t.of {
		most = max(most, t.of[k].cost())
	}
	return most
}

// leaf is tests of one field of which one must hold: a group where texts can be looked for, else a single test.
func (c *compiler) leaf(tests []*sigma.Test) (tree, wake) {
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
		f := c.field(name)
		for _, t := range tests {
			f.add(t, g)
		}
	}
	return tree{group: g}, wake{[]int32{g}, worth}
}

// residue is a test that no text stands for. An expression is asked only where all texts are found that it must have.
func (c *compiler) residue(t *sigma.Test) (tree, wake) {
	asked := tree{group: -1, test: &residue{Test: t, id: c.book.ids.Add(1), place: c.place(t.Field), other: c.place(t.Other)}}
	if t.How != sigma.Search {
		return asked, wake{}
	}
	out, best := tree{op: sigma.And, group: -1}, wake{}
	all, least := mustsOf(t)
	asked.test.least = least
	for _, must := range all {
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
