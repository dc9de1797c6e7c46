package classes

import (
	"slices"
	"strings"
)

// Verdict is what a device is taken for.
type Verdict struct {
	Class  string   // empty when unknown
	Points int      // of the rules that speak for it
	Why    []string // their names
	Rival  string   // class that comes next, when it is close
}

// What points are worth.
const (
	Settled  = 10
	Likely   = 6
	Possible = 3
	margin   = 2 // by which the first must lead
)

// Judge says what devices are. It looks at each fact once, whatever the number of rules: a fact leads to the tests of its field
// that it meets. It is not safe for concurrent use.
type Judge struct {
	classes []Class
	rules   [][]rule // of each class
	fields  map[string]*patterns
	tests   []test // each once, however many rules have it

	round uint32 // of judging
}

// rule is a rule as places in the judge's tests.
type rule struct {
	all, none []uint16
}

// test is one test with the round in which it was met.
type test struct {
	least int
	met   uint32
	round uint32   // in which seen was begun
	seen  []string // different values that meet it, where it takes more than one
}

// patterns are the values that the tests of one field look for.
type patterns struct {
	whole map[string][]uint16 // tests by the value in lower case
	parts []part
	known map[string][]uint16 // what was found out of values; nil where it is found out as fast again
}

// part is a pattern with * in it, and the tests that look for it.
type part struct {
	pattern string
	tests   []uint16
}

// Bounds of what is remembered of values.
const (
	manyParts = 8    // from how many patterns on values are remembered
	mostKnown = 4096 // values of a field; then they are forgotten and found out anew
)

// NewJudge makes a judge by these classes, which must not change afterwards.
func NewJudge(all []Class) *Judge {
	j := &Judge{classes: all, fields: map[string]*patterns{}}
	places := map[asked]uint16{}
	for i := range all {
		rules := make([]rule, len(all[i].Rules))
		for k := range all[i].Rules {
			r := &all[i].Rules[k]
			rules[k] = rule{j.places(r.All, places), j.places(r.None, places)}
		}
		j.rules = append(j.rules, rules)
	}
	for _, p := range j.fields {
		if len(p.parts) >= manyParts {
			p.known = map[string][]uint16{}
		}
	}
	return j
}

// asked is what a test asks for.
type asked struct {
	field, is string
	least     int
}

// places are where the tests are; those that are new are taken up.
func (j *Judge) places(all []Test, places map[asked]uint16) (out []uint16) {
	for i := range all {
		t := &all[i]
		as := asked{t.Field, strings.Join(t.Is, "\x00"), t.Least}
		n, ok := places[as]
		if !ok {
			n = uint16(len(j.tests))
			places[as] = n
			j.tests = append(j.tests, test{least: max(t.Least, 1)})
			j.look(t, n)
		}
		out = append(out, n)
	}
	return out
}

// look notes what a test looks for.
func (j *Judge) look(t *Test, n uint16) {
	p := j.fields[t.Field]
	if p == nil {
		p = &patterns{whole: map[string][]uint16{}}
		j.fields[t.Field] = p
	}
	for _, is := range t.Is {
		if !strings.HasPrefix(is, "*") && !strings.HasSuffix(is, "*") && ascii(is) {
			is = strings.ToLower(is)
			p.whole[is] = append(p.whole[is], n)
			continue
		}
		i := slices.IndexFunc(p.parts, func(x part) bool { return x.pattern == is })
		if i < 0 {
			i = len(p.parts)
			p.parts = append(p.parts, part{pattern: is})
		}
		p.parts[i].tests = append(p.parts[i].tests, n)
	}
}

// Judge says what a device with these facts is. Where two classes are close it is unknown.
func (j *Judge) Judge(f Facts) Verdict {
	j.round++
	f.Each(func(field, value string) bool {
		if p := j.fields[field]; p != nil {
			j.meet(p, value)
		}
		return true
	})
	var best, next Verdict
	for i := range j.rules {
		v := Verdict{Class: j.classes[i].Name}
		for k := range j.rules[i] {
			if j.holds(&j.rules[i][k]) {
				r := &j.classes[i].Rules[k]
				v.Points += r.Points
				v.Why = append(v.Why, r.Name)
			}
		}
		switch {
		case v.Points > best.Points:
			best, next = v, best
		case v.Points > next.Points:
			next = v
		}
	}
	if best.Points < Possible {
		return Verdict{}
	}
	if best.Points-next.Points < margin {
		return Verdict{Rival: best.Class + ", " + next.Class}
	}
	if next.Points > best.Points/2 {
		best.Rival = next.Class
	}
	return best
}

func (j *Judge) holds(r *rule) bool {
	for _, n := range r.all {
		if j.tests[n].met != j.round {
			return false
		}
	}
	for _, n := range r.none {
		if j.tests[n].met == j.round {
			return false
		}
	}
	return true
}

// meet notes which tests a value meets.
func (j *Judge) meet(p *patterns, value string) {
	if p.known == nil {
		p.each(value, func(n uint16) { j.note(n, value) })
		return
	}
	tests, ok := p.known[value]
	if !ok {
		p.each(value, func(n uint16) { tests = append(tests, n) })
		if len(p.known) >= mostKnown {
			clear(p.known)
		}
		p.known[strings.Clone(value)] = tests
	}
	for _, n := range tests {
		j.note(n, value)
	}
}

// note notes that a value meets a test.
func (j *Judge) note(n uint16, value string) {
	t := &j.tests[n]
	if t.least == 1 {
		t.met = j.round
		return
	}
	if t.round != j.round {
		t.round, t.seen = j.round, t.seen[:0]
	}
	if !slices.Contains(t.seen, value) { // another source may tell the same
		if t.seen = append(t.seen, value); len(t.seen) == t.least {
			t.met = j.round
		}
	}
}

// each calls fn with each test that a value meets, with some more than once.
func (p *patterns) each(value string, fn func(uint16)) {
	if ascii(value) {
		var room [64]byte
		for _, n := range p.whole[string(lower(room[:0], value))] {
			fn(n)
		}
	} else {
		for is, tests := range p.whole {
			if strings.EqualFold(value, is) {
				for _, n := range tests {
					fn(n)
				}
			}
		}
	}
	for i := range p.parts {
		if like(value, p.parts[i].pattern) {
			for _, n := range p.parts[i].tests {
				fn(n)
			}
		}
	}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// lower adds s in lower case to b.
func lower(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}
