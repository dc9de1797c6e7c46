package engine

import (
	"regexp/syntax"
	"strings"

	"bulwark/detect/logrule/internal/sigma"
)

// residue is a test that is asked only where all else of a rule leaves it open.
type residue struct {
	*sigma.Test
	id           uint32
	place, other place
	least        int // bytes that a value has at least for which it holds
}

func (r *residue) cost() int {
	switch r.How {
	case sigma.Null, sigma.Present, sigma.Absent:
		return 1
	case sigma.Search:
		return 4
	}
	return 2
}

// mustsOf are tests that hold of whatever an expression matches, and that texts are looked for in place of; least is how many bytes that
// has at least.
func mustsOf(t *sigma.Test) (all []*sigma.Test, least int) {
	x, err := syntax.Parse(t.Regexp.String(), syntax.Perl)
	if err != nil {
		return nil, 0
	}
	for _, text := range musts(x.Simplify(), nil) {
		all = append(all, &sigma.Test{Field: t.Field, How: sigma.Like, Pattern: sigma.Pattern{{Wild: sigma.Any}, {Text: text}, {Wild: sigma.Any}}})
	}
	return all, leastOf(x)
}

// rare are letters that hardly any value has: one of them alone is worth to be looked for.
const rare = "`$^{}|~!#"

// musts are texts that stand in whatever an expression matches, in lower case.
func musts(x *syntax.Regexp, all []string) []string {
	switch x.Op {
	case syntax.OpLiteral:
		if s := strings.ToLower(string(x.Rune)); len(s) > 1 || len(s) == 1 && strings.Contains(rare, s) {
			all = append(all, s)
		}
	case syntax.OpConcat:
		for _, y := range x.Sub {
			all = musts(y, all)
		}
	case syntax.OpCapture, syntax.OpPlus:
		all = musts(x.Sub[0], all)
	case syntax.OpRepeat:
		if x.Min > 0 {
			all = musts(x.Sub[0], all)
		}
	}
	return all
}

// leastOf is how many bytes whatever an expression matches has at least.
func leastOf(x *syntax.Regexp) (n int) {
	switch x.Op {
	case syntax.OpLiteral:
		return len(x.Rune) // letters that are others in lower case may have fewer bytes than they are written with here
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return leastOf(x.Sub[0])
	case syntax.OpRepeat:
		return min(x.Min*leastOf(x.Sub[0]), 1<<20)
	case syntax.OpConcat:
		for _, y := range x.Sub {
			n += leastOf(y)
		}
	case syntax.OpAlternate:
		n = leastOf(x.Sub[0])
		for _, y := range x.Sub[1:] {
			n = min(n, leastOf(y))
		}
	}
	return n
}
