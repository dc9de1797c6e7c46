package parse

import (
	"fmt"
	"strings"
)

// expr gives the values of a field.
type expr struct {
	constant []string
	alts     []alt // the first that has a value is taken
	filters  []filter
	table    map[string][]string
	reject   bool
	or       *expr // asked where this one has no value
}

// alt is a field, or a text with fields in it.
type alt struct {
	field int32
	parts []part // of a text; nil: the field
}

type part struct {
	literal string
	field   int32 // -1: the literal
}

// expr makes an expression of its text: "a, b | filter | filter(x) ?? c | filter", where a is a field or a text with {fields}, and what
// stands behind ?? is asked where the first has no value.
func (c *compiler) expr(t exprText) (e *expr, err error) {
	e = &expr{constant: t.constant, table: t.table, reject: t.reject}
	if t.constant != nil {
		return e, nil
	}
	if word, ok := strings.CutPrefix(strings.TrimSpace(t.from), "="); ok {
		e.constant = []string{word}
		return e, nil
	}
	if first, rest, ok := strings.Cut(t.from, "??"); ok {
		if e.or, err = c.expr(exprText{from: rest, table: t.table, reject: t.reject}); err != nil {
			return nil, err
		}
		t.from = first
	}
	stages := splitOutside(t.from, '|')
	if strings.TrimSpace(stages[0]) == "" {
		return nil, fmt.Errorf("no field is named")
	}
	for _, a := range splitOutside(stages[0], ',') {
		e.alts = append(e.alts, c.alt(strings.TrimSpace(a)))
	}
	for _, s := range stages[1:] {
		f, err := filterOf(strings.TrimSpace(s))
		if err != nil {
			return nil, err
		}
		e.filters = append(e.filters, f)
	}
	return e, nil
}

// splitOutside cuts at a letter that stands neither in parentheses nor in braces.
func splitOutside(s string, at byte) (all []string) {
	depth, from := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '{':
			depth++
		case ')', '}':
			depth--
		case at:
			if depth == 0 {
				all = append(all, s[from:i])
				from = i + 1
			}
		}
	}
	return append(all, s[from:])
}

func (c *compiler) alt(s string) alt {
	if !strings.Contains(s, "{") {
		return alt{field: c.symbol(s)}
	}
	var parts []part
	for s != "" {
		i := strings.IndexByte(s, '{')
		end := strings.IndexByte(s, '}')
		if i < 0 || end < i {
			parts = append(parts, part{s, -1})
			break
		}
		if i > 0 {
			parts = append(parts, part{s[:i], -1})
		}
		parts = append(parts, part{field: c.symbol(s[i+1 : end])})
		s = s[end+1:]
	}
	return alt{parts: parts}
}

// values are what the expression gives; good until the next call.
func (e *expr) values(r *Reader) []string {
	for ; e.or != nil; e = e.or {
		if vals := e.own(r); len(vals) > 0 {
			return vals
		}
	}
	return e.own(r)
}

func (e *expr) own(r *Reader) []string {
	if e.constant != nil {
		return e.constant
	}
	vals := r.vals[:0]
	for i := range e.alts {
		if vals = e.alts[i].values(r, vals); len(vals) > 0 {
			break
		}
	}
	for _, f := range e.filters {
		if len(vals) == 0 {
			return nil
		}
		vals = f(r, vals)
	}
	r.vals = vals[:0]
	if e.table != nil && len(vals) > 0 {
		return e.mapped(r, vals)
	}
	return vals
}

// mapped are the values that the table gives; * is for all that it does not name.
func (e *expr) mapped(r *Reader, vals []string) []string {
	out := r.mapped[:0]
	for _, v := range vals {
		to, ok := e.table[r.lower(v)]
		if !ok {
			to, ok = e.table["*"]
		}
		switch {
		case ok:
			out = append(out, to...)
		case !e.reject:
			out = append(out, v)
		}
	}
	r.mapped = out[:0]
	return out
}

func (a *alt) values(r *Reader, vals []string) []string {
	if a.parts == nil {
		for i := r.first(a.field); i >= 0; i = r.entries[i].next {
			r.entries[i].used = true
			if v := r.entries[i].value; v != "" {
				vals = append(vals, v)
			}
		}
		return vals
	}
	b, any := r.space.Grow(nil, 64), false
	for _, p := range a.parts {
		if p.field < 0 {
			b = append(b, p.literal...)
			continue
		}
		if i := r.first(p.field); i >= 0 {
			r.entries[i].used = true
			any = any || r.entries[i].value != ""
			b = append(b, r.entries[i].value...)
		}
	}
	if !any {
		return vals
	}
	return append(vals, strings.TrimSpace(view(b)))
}
