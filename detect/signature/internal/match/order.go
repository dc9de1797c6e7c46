package match

import (
	"slices"

	"bulwark/detect/signature/internal/rule"
)

// chained is tests that must stay together: those behind the first may count from it.
type chained struct {
	cost  int
	steps []step
}

// Costs of chains, the cheapest first.
const (
	costSize = iota // no byte is looked at
	costFixed
	costContent
	costExpr
)

// ordered is the steps of p with the cheap ones first, where their order cannot matter: a chain that does not count from
// what stands before it may come at any time, unless tests speak to one another by variables, or to others by data sets
// and groups that are stored.
func ordered(p *Program, tests []rule.Test) []step {
	if len(p.steps) < 2 || !free(p, tests) {
		return p.steps
	}
	var sizes, out []step
	var chains []chained
	for _, s := range p.steps {
		switch {
		case s.kind == stepSize, s.kind == stepAt && !p.numbers[s.at].relative:
			sizes = append(sizes, s)
		case p.heads(s) || len(chains) == 0:
			chains = append(chains, chained{cost: p.cost(s), steps: []step{s}})
		default:
			last := &chains[len(chains)-1]
			last.steps = append(last.steps, s)
			if s.kind == stepExpr {
				last.cost = costExpr
			}
		}
	}
	movable := chains
	if len(chains) > 0 && !p.heads(chains[0].steps[0]) { // it counts from the begin
		movable = chains[1:]
	}
	slices.SortStableFunc(movable, func(a, b chained) int { return a.cost - b.cost })
	out = append(out, sizes...)
	for _, c := range chains {
		out = append(out, c.steps...)
	}
	return out
}

// free reports whether the order of the tests does not matter but for what is relative.
func free(p *Program, tests []rule.Test) bool {
	for _, t := range tests {
		switch t.(type) {
		case *rule.Content, *rule.PCRE, *rule.DataAt, *rule.Size, *rule.ByteTest, *rule.Absent:
		default:
			return false
		}
	}
	for i := range p.exprs {
		if len(p.exprs[i].keeps) > 0 {
			return false
		}
	}
	return true
}

// heads reports whether a test begins a chain: it moves on, and counts from nothing before it.
func (p *Program) heads(s step) bool {
	switch s.kind {
	case stepContent:
		c := &p.contents[s.at]
		return !c.not && !c.relative
	case stepExpr:
		e := &p.exprs[s.at]
		return !e.not && !e.relative
	}
	return false
}

func (p *Program) cost(s step) int {
	switch {
	case s.kind == stepExpr:
		return costExpr
	case s.kind == stepContent && (p.contents[s.at].bounded || p.contents[s.at].atEnd):
		return costFixed
	case s.kind == stepContent:
		return costContent
	}
	return costSize
}
