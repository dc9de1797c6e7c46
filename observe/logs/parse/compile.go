package parse

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// compiler makes a set of definitions.
type compiler struct {
	set   *Set
	words map[string]int32
	list  []string
}

func newCompiler() *compiler {
	c := &compiler{set: &Set{byID: map[string]*format{}, symbols: map[string]int32{}, programs: map[string][]*format{}, narrowed: map[string]bool{}}, words: map[string]int32{}}
	c.set.common = c.common()
	return c
}

// symbol is the number of a name of a field.
func (c *compiler) symbol(name string) int32 {
	if n, ok := c.set.symbols[name]; ok {
		return n
	}
	n := int32(len(c.set.names))
	c.set.symbols[name] = n
	c.set.names = append(c.set.names, name)
	return n
}

func (c *compiler) done() *Set {
	c.set.words = newFinder(c.list)
	c.set.byWord = make([][]int32, len(c.list))
	for i := range c.set.ways {
		for _, w := range c.set.ways[i].list {
			c.set.byWord[w] = append(c.set.byWord[w], int32(i))
		}
	}
	slices.SortStableFunc(c.set.shapes, func(a, b way) int { return cmp.Compare(a.shape, b.shape) })
	return c.set
}

// format makes a format of its definition and of that which it is based on, if any.
func (c *compiler) format(d, base *definition) error {
	if d.Base != "" {
		if base == nil || base.Base != "" {
			return fmt.Errorf("%w: base %q is no format, or has a base of its own", ErrFormat, d.Base)
		}
		d = based(*d, base)
	}
	f := &format{Format: Format{d.Format, d.Title, d.Product, d.Setup, d.Source, d.Tests}, category: d.Category, service: d.Service,
		whole: d.Whole, drop: d.Drop, keep: d.Keep, empty: d.Empty, strip: d.Strip}
	for _, m := range d.Match {
		if err := c.match(f, m); err != nil {
			return err
		}
	}
	steps, err := c.steps(d.Steps)
	if err != nil {
		return err
	}
	f.steps = steps
	c.set.formats = append(c.set.formats, f)
	c.set.byID[f.ID] = f
	return nil
}

func based(d definition, base *definition) *definition {
	d.Steps = slices.Concat(base.Steps, d.Steps)
	if d.Empty == nil {
		d.Empty = base.Empty
	}
	if d.Strip == nil {
		d.Strip = base.Strip
	}
	d.Whole = d.Whole || base.Whole
	return &d
}

func (c *compiler) match(f *format, m match) error {
	w := way{format: f}
	for _, p := range m.Programs {
		p = strings.ToLower(p)
		if len(m.Words) == 0 {
			c.set.programs[p] = append(c.set.programs[p], f)
			continue
		}
		w.programs = append(w.programs, p)
		c.set.narrowed[p] = true
	}
	if m.Shape != "" {
		if m.Shape != "json" && m.Shape != "kv" {
			return fmt.Errorf("%w: shape %q is none of json, kv", ErrFormat, m.Shape)
		}
		c.set.shapes = append(c.set.shapes, way{format: f, shape: m.Shape})
	}
	if len(m.Words) == 0 {
		return nil
	}
	for _, text := range m.Words {
		n, ok := c.words[text]
		if !ok {
			n = int32(len(c.list))
			c.words[text] = n
			c.list = append(c.list, text)
		}
		w.list = append(w.list, n)
		w.weight += len(text)
	}
	slices.Sort(w.list)
	w.list = slices.Compact(w.list)
	if len(w.list) > 32 {
		return fmt.Errorf("%w: more than 32 words", ErrFormat)
	}
	c.set.ways = append(c.set.ways, w)
	return nil
}

func (c *compiler) steps(all []stepText) (out []step, err error) {
	for i := range all {
		s, err := c.step(&all[i])
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (c *compiler) step(t *stepText) (s step, err error) {
	s = step{of: -1, under: t.Under, separator: cmp.Or(t.Separator, " "), assign: cmp.Or(t.Assign, "="), columns: t.Columns, named: t.Named, alike: c.alike(t.Alike)}
	if t.Of != "" {
		s.of = c.symbol(t.Of)
	}
	if t.Read != "" {
		if s.shape = shapes[t.Read]; s.shape == nil {
			return s, fmt.Errorf("%w: read %q is none of json, kv, cef, leef, csv, xml, w3c", ErrFormat, t.Read)
		}
		if t.Read == "csv" && t.Separator == "" {
			s.separator = ","
		}
	}
	for _, name := range t.Columns {
		c.symbol(name)
	}
	if s.when, err = c.tests(t.When); err != nil {
		return s, err
	}
	if err = c.expression(&s, t.Regexp); err != nil {
		return s, err
	}
	if s.set, err = c.settings(t.Set); err != nil {
		return s, err
	}
	for _, l := range t.Lines {
		made, err := c.line(l)
		if err != nil {
			return s, err
		}
		s.lines = append(s.lines, made)
	}
	if s.steps, err = c.steps(t.Steps); err != nil {
		return s, err
	}
	s.first, err = c.steps(t.First)
	return s, err
}

// expression makes the regular expression of a step. Names of its groups have __ for a dot.
func (c *compiler) expression(s *step, text string) (err error) {
	if text == "" {
		return nil
	}
	if s.re, err = regexp.Compile(text); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	for _, name := range s.re.SubexpNames() {
		sym := int32(-1)
		if name != "" {
			sym = c.symbol(strings.ReplaceAll(name, "__", "."))
		}
		s.groups = append(s.groups, sym)
	}
	return nil
}

func (c *compiler) line(t lineText) (l line, err error) {
	if l.forms, err = c.forms(t.Like); err != nil {
		return l, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if l.when, err = c.tests(t.When); err != nil {
		return l, err
	}
	l.set, err = c.settings(t.Set)
	return l, err
}

func (c *compiler) settings(all assigns) (out []setting, err error) {
	for _, a := range all {
		target, more := strings.CutSuffix(a.target, "+")
		e, err := c.expr(a.from)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrFormat, a.line, err)
		}
		out = append(out, setting{c.symbol(target), more, kindOf(target), e})
	}
	return out, nil
}

func (c *compiler) tests(all conditions) (out []test, err error) {
	for _, t := range all {
		field, not := strings.CutPrefix(t.field, "!")
		made := test{field: c.symbol(field), not: not}
		for _, v := range t.values {
			w, err := wantOf(v)
			if err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", ErrFormat, t.line, err)
			}
			made.any = append(made.any, w)
		}
		out = append(out, made)
	}
	return out, nil
}
