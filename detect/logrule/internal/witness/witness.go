// Package witness makes events out of conditions: one for which a condition holds, and one like it for which it does not.
package witness

import (
	"maps"
	"slices"

	"bulwark/detect/logrule/internal/sigma"
)

// Log is an event of one value a field. What is found anywhere stands in the field Anywhere.
type Log map[string]string

// Anywhere is the field that holds what a condition looks for in any.
const Anywhere = "Message"

// Values are those of a field.
func (l Log) Values(field string) []sigma.Value {
	if v, ok := l[field]; ok {
		return []sigma.Value{{Text: v}}
	}
	return nil
}

// Every are all values.
func (l Log) Every() (all []sigma.Value) {
	for _, name := range slices.Sorted(maps.Keys(l)) {
		all = append(all, sigma.Value{Text: l[name]})
	}
	return all
}

// Of is an event with the fields given for which a condition holds. Where those contradict it, or within the steps that are taken
// none is found, it reports false.
func Of(n *sigma.Node, given Log) (Log, bool) {
	s := &solver{assumed: map[string][]literal{}, log: Log{}, left: maxSteps}
	var all []*sigma.Node
	for _, name := range slices.Sorted(maps.Keys(given)) {
		t := &sigma.Test{Field: name, Cased: true, Pattern: sigma.Literal(given[name])}
		all = append(all, &sigma.Node{Test: t})
	}
	var found Log
	ok := s.all(append(all, n), true, func() bool {
		l := s.related()
		if !n.Holds(l) {
			return false
		}
		found = l
		return true
	})
	return found, ok
}

// Near is an event like l, which differs in one field alone and for which a condition does not hold. The fields kept stay.
func Near(n *sigma.Node, l Log, kept Log) (Log, bool) {
	for _, name := range slices.Sorted(maps.Keys(l)) {
		if _, ok := kept[name]; ok {
			continue
		}
		for _, text := range broken(l[name]) {
			near := maps.Clone(l)
			if near[name] = text; !n.Holds(near) {
				return near, true
			}
		}
		near := maps.Clone(l)
		if delete(near, name); !n.Holds(near) {
			return near, true
		}
	}
	return nil, false
}

// broken are texts like s.
func broken(s string) []string {
	half := len(s) / 2
	return []string{s + "~", "~" + s, s[:half] + "~" + s[half:], s[:half] + "~" + s[min(half+1, len(s)):], "~"}
}

// maxSteps is how many assumptions are tried for a condition.
const maxSteps = 20_000

// solver assumes tests to hold or not, one after the other, and goes back where they contradict each other.
type solver struct {
	assumed map[string][]literal // by field
	log     Log
	left    int
}

// literal is a test that must hold, or must not.
type literal struct {
	*sigma.Test
	want bool
}

func (s *solver) solve(n *sigma.Node, want bool, next func() bool) bool {
	switch n.Op {
	case sigma.Leaf:
		return s.assume(literal{n.Test, want}, next)
	case sigma.Not:
		return s.solve(n.Of[0], !want, next)
	}
	if (n.Op == sigma.And) == want {
		return s.all(n.Of, want, next)
	}
	return slices.ContainsFunc(n.Of, func(x *sigma.Node) bool { return s.solve(x, want, next) })
}

func (s *solver) all(of []*sigma.Node, want bool, next func() bool) bool {
	if len(of) == 0 {
		return next()
	}
	return s.solve(of[0], want, func() bool { return s.all(of[1:], want, next) })
}

// assume goes on with a further literal, and takes it back where that leads nowhere.
func (s *solver) assume(x literal, next func() bool) bool {
	if s.left--; s.left < 0 {
		return false
	}
	name := x.Field
	if name == "" {
		name = Anywhere
	}
	was, there := s.log[name]
	before := s.assumed[name]
	s.assumed[name] = append(before[:len(before):len(before)], x)
	if ok := s.value(name, x); ok && next() {
		return true
	}
	s.assumed[name] = before
	if there {
		s.log[name] = was
	} else {
		delete(s.log, name)
	}
	return false
}

// value gives a field a value for which all holds that is assumed of it, x being new.
func (s *solver) value(name string, x literal) bool {
	text, there := s.log[name]
	if x.fits(text, there) {
		return true
	}
	all := s.assumed[name]
	fits := func(text string, there bool) bool {
		return !slices.ContainsFunc(all, func(x literal) bool { return !x.fits(text, there) })
	}
	if fits("", false) {
		delete(s.log, name)
		return true
	}
	for text := range candidates(all) {
		if s.left--; s.left < 0 {
			return false
		}
		if fits(text, true) {
			s.log[name] = text
			return true
		}
	}
	return false
}

// fits reports whether a literal is as it should be for a value, or for none. What compares fields fits any value.
func (x literal) fits(text string, there bool) bool {
	switch x.How {
	case sigma.Present:
		return there == x.want
	case sigma.Absent, sigma.Null:
		return there != x.want
	case sigma.Equal, sigma.Begins, sigma.Ends, sigma.Includes:
		return there || !x.want
	}
	return (there && x.One(text)) == x.want
}

// related is the event, with values that are equal, or are not, where fields are compared.
func (s *solver) related() Log {
	l := maps.Clone(s.log)
	for _, name := range slices.Sorted(maps.Keys(s.assumed)) {
		for _, x := range s.assumed[name] {
			_, there := l[x.Other]
			switch {
			case x.Other == "":
			case !x.want && there:
				l[x.Other] += "2"
			case x.want && there:
				l[name] = l[x.Other]
			case x.want:
				l[x.Other] = l[name]
			}
		}
	}
	return l
}
