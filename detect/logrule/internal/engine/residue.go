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

// mustsOf are tests that hold of whatever an expression matches, and that texts are looked for in place of.
func mustsOf(t *sigma.Test) (all []*sigma.Test) {
	x, err := syntax.Parse(t.Regexp.String(), syntax.Perl)
	if err != nil {
		return nil
	}
	for _, text := range musts(x.Simplify(), nil) {
		all = append(all, &sigma.Test{Field: t.Field, How: sigma.Like, Pattern: sigma.Pattern{{Wild: sigma.Any}, {Text: text}, {Wild: sigma.Any}}})
	}
	return all
}

// musts are texts that stand in whatever an expression matches, in lower case.
func musts(x *syntax.Regexp, all []string) []string {
	switch x.Op {
	case syntax.OpLiteral:
		if s := strings.ToLower(string(x.Rune)); len(s) > 1 {
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
