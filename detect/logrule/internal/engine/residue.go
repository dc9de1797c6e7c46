package engine

import (
	"regexp/syntax"
	"strings"

	"bulwark/detect/logrule/internal/sigma"
)

// residue is a test that is asked only where all else of a rule leaves it open.
type residue struct {
	*sigma.Test
	must []string // texts without which an expression cannot match, in lower case
}

func newResidue(t *sigma.Test) *residue {
	r := &residue{Test: t}
	if t.How == sigma.Search {
		if x, err := syntax.Parse(t.Regexp.String(), syntax.Perl); err == nil {
			r.must = musts(x.Simplify(), nil)
		}
	}
	return r
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

func (r *residue) holds(e sigma.Event) bool {
	if len(r.must) == 0 {
		return r.Holds(e)
	}
	values := e.Every()
	if r.Field != "" {
		values = e.Values(r.Field)
	}
	for _, v := range values {
		if !v.Null && r.may(strings.ToLower(v.Text)) && r.One(v.Text) {
			return true
		}
	}
	return false
}

func (r *residue) may(lower string) bool {
	for _, m := range r.must {
		if !strings.Contains(lower, m) {
			return false
		}
	}
	return true
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
