package match

import (
	"fmt"
	"strings"

	"bulwark/detect/signature/internal/pcre"
	"bulwark/detect/signature/internal/rule"
)

// expr is an expression that must match, or must not.
type expr struct {
	re       *pcre.Regexp
	not      bool
	again    bool // when a later test fails, it is looked for further on
	relative bool // it begins where the test before ended: ^ matches there
	final    bool // relative, and where it is not found it is not found from a later place of what stands before either
	keeps    []kept
}

// kept is a group of an expression that is stored.
type kept struct {
	group int
	as    *rule.Capture
}

// Bounds of what expressions store of one rule.
const (
	maxCaptures = 64
	maxCaptured = 64 << 10 // bytes
)

// captured is what was stored: text[from:to] of the machine.
type captured struct {
	as       *rule.Capture
	from, to int
}

// Captured calls yield with each group that the expressions of the rule have stored since Begin, in their order. The
// bytes are valid until the next Begin.
func (m *Machine) Captured(yield func(as *rule.Capture, value []byte) bool) {
	for _, c := range m.captured {
		if !yield(c.as, m.text[c.from:c.to]) {
			return
		}
	}
}

func (m *Machine) keep(as *rule.Capture, value []byte) {
	value = value[:min(len(value), maxCaptured-len(m.text))]
	if len(m.captured) == maxCaptures {
		return
	}
	from := len(m.text)
	m.text = append(m.text, value...)
	m.captured = append(m.captured, captured{as: as, from: from, to: len(m.text)})
}

// search looks for an expression from the place at of the subject on. An expression that must not match does so where it
// is not found; one whose search is given up neither matches nor fails to.
func (r *run) search(e *expr, subject []byte, at int) (start, end int, holds bool) {
	var o pcre.Outcome
	if len(e.keeps) == 0 {
		start, end, o = e.re.Match(&r.m.expr, subject, at)
	} else {
		r.m.groups, o = e.re.Find(&r.m.expr, subject, at, r.m.groups)
		if o == pcre.Yes {
			start, end = r.m.groups[0], r.m.groups[1]
		}
	}
	switch o {
	case pcre.Yes:
		if !e.not {
			r.store(e, subject)
		}
		return start, end, !e.not
	case pcre.Limit:
		r.m.Exhausted++
		return 0, 0, false
	}
	return 0, 0, e.not
}

func (r *run) store(e *expr, subject []byte) {
	for _, k := range e.keeps {
		if from := r.m.groups[2*k.group]; from >= 0 {
			r.m.keep(k.as, subject[from:r.m.groups[2*k.group+1]])
		}
	}
}

// expr evaluates an expression, and tries each place of one that is worth another look until the rest holds.
func (r *run) expr(p *Program, i, pos int, e *expr) (v verdict, end int) {
	base := 0
	if e.relative {
		base = pos
	}
	subject := r.view.Data[base:]
	for at := 0; at <= len(subject); {
		if r.spend(exprCost * (len(subject) - at)) {
			return never, pos
		}
		texts, groups := len(r.m.text), len(r.m.captured)
		start, stop, holds := r.search(e, subject, at)
		switch {
		case !holds && e.final && at == 0:
			return never, pos
		case !holds && e.relative:
			return no, pos
		case !holds:
			return never, pos
		case e.not:
			return yes, pos
		case !e.again:
			return yes, base + stop
		}
		if v := r.from(p, i+1, base+stop); v != no {
			return v, 0
		}
		r.m.text, r.m.captured = r.m.text[:texts], r.m.captured[:groups]
		r.again = true
		at = start + 1
	}
	if e.relative {
		return no, pos
	}
	return never, pos
}

// newExpr compiles an expression of a rule.
func newExpr(t *rule.PCRE) (expr, error) {
	var flags pcre.Flags
	for _, f := range t.Flags {
		switch f {
		case 'i':
			flags |= pcre.Fold
		case 's':
			flags |= pcre.DotAll
		case 'm':
			flags |= pcre.Multiline
		case 'x':
			flags |= pcre.Extended
		case 'A':
			flags |= pcre.Anchored
		case 'E':
			flags |= pcre.DollarEndOnly
		case 'G':
			flags |= pcre.Ungreedy
		default:
			return expr{}, fmt.Errorf("%w: flag %q of an expression", ErrUnsupported, f)
		}
	}
	re, err := pcre.Compile(t.Expr, flags)
	if err != nil {
		return expr{}, err
	}
	e := expr{re: re, not: t.Not, relative: t.Relative}
	for i := range t.Captures {
		if i+1 < len(re.Groups()) {
			e.keeps = append(e.keeps, kept{group: i + 1, as: &t.Captures[i]})
		}
	}
	for i, name := range re.Groups() {
		if scope, name, ok := strings.Cut(name, "_"); ok && (scope == "flow" || scope == "pkt" || scope == "alert") {
			e.keeps = append(e.keeps, kept{group: i, as: &rule.Capture{Scope: scope, Name: name}})
		}
	}
	return e, nil
}

// unbound reports whether an expression that matches in the end of a subject matches in all of it, too: nothing in it
// looks at where the subject begins.
func unbound(t *rule.PCRE) bool {
	if strings.Contains(t.Flags, "A") {
		return false
	}
	for _, mark := range []string{"^", `\A`, `\G`, `\b`, `\B`, "(?<=", "(?<!", "(*"} {
		if strings.Contains(t.Expr, mark) {
			return false
		}
	}
	return true
}

// grows reports whether more bytes behind those that an expression has seen may undo its match.
func grows(t *rule.PCRE) bool {
	if t.Not {
		return true
	}
	for _, mark := range []string{"$", `\z`, `\Z`, `\b`, `\B`, "(?!"} {
		if strings.Contains(t.Expr, mark) {
			return true
		}
	}
	return false
}

// newPCREXform makes the transform that keeps the one group of an expression.
func newPCREXform(value string) (transform, error) {
	re, err := pcre.Compile(value, 0)
	if err != nil {
		return nil, err
	}
	if n := len(re.Groups()) - 1; n != 1 {
		return nil, badValue("the expression has %d groups, not one", n)
	}
	return func(m *Machine, out, in []byte) []byte {
		var o pcre.Outcome
		if m.groups, o = re.Find(&m.expr, in, 0, m.groups); o != pcre.Yes || m.groups[2] < 0 {
			return out
		}
		return append(out, in[m.groups[2]:m.groups[3]]...)
	}, nil
}
