package logrule

import (
	"iter"
	"maps"
	"slices"
	"strconv"

	"bulwark/content/logsources"
	"bulwark/detect/logrule/internal/sigma"
	"bulwark/detect/logrule/internal/witness"
)

// Example is what a rule looks for, shown with events that are made out of its own condition.
type Example struct {
	Rule  *Rule
	Fires *Event // matches; nil where no event was found that could
	Near  *Event // differs in one field and does not match; nil where none was found
}

// Examples are those of all rules, in their order.
func (s *Set) Examples() iter.Seq[Example] {
	return func(yield func(Example) bool) {
		for _, r := range s.rules {
			if !yield(s.example(r)) {
				return
			}
		}
	}
}

// example looks for one in the ways in which events of the rule's log source may come.
func (s *Set) example(r *rule) Example {
	x := Example{Rule: r.told}
	for _, w := range s.ways(r.Source) {
		l, ok := witness.Of(r.whole(), w.given)
		if !ok {
			continue
		}
		x.Fires = w.event(l)
		if near, ok := witness.Near(r.whole(), l, w.given); ok {
			x.Near = w.event(near)
		}
		break
	}
	return x
}

// way is one in which events of a log source come: what is given of them, and the names that their fields have.
type way struct {
	sigma.Source
	given witness.Log
	names map[string]string
}

// ways are those of a log source; the last is an event that says itself of which it is.
func (s *Set) ways(of sigma.Source) (all []way) {
	for k := range s.products {
		p := &s.products[k]
		if of.Product != p.Name && (of.Product != "" || of.Category == "") {
			continue
		}
		for j := range p.Categories {
			if c := &p.Categories[j]; c.Name == of.Category && (of.Service == "" || of.Service == c.Service) {
				all = append(all, wayOf(p, c))
			}
		}
		if channels := p.Services[of.Service]; of.Category == "" && len(channels) > 0 {
			all = append(all, way{sigma.Source{Product: p.Name}, witness.Log{"Channel": channels[0]}, nil})
		}
	}
	of.Definition = ""
	return append(all, way{of, nil, nil})
}

func wayOf(p *logsources.Product, c *logsources.Category) way {
	given := witness.Log{"Channel": p.Services[c.Service][0], "EventID": strconv.Itoa(c.Events[0])}
	for field, values := range c.Where {
		given[field] = values[0]
	}
	return way{sigma.Source{Product: p.Name}, given, c.Fields}
}

func (w *way) event(l witness.Log) *Event {
	f := &pairs{}
	for _, name := range slices.Sorted(maps.Keys(l)) {
		as := name
		if w.names[name] != "" {
			as = w.names[name]
		}
		f.add(as, l[name])
	}
	return &Event{Source: w.Source, body: f}
}

// Plain says slowly what [Set.Match] says: each rule is asked by the plain evaluator, which is what is right.
func (s *Set) Plain(e *Event) (all []*Rule) {
	taken := make([]bool, len(s.rules))
	for _, k := range s.kinds(e) {
		view := k.view(e)
		for n, r := range s.rules {
			if !taken[n] && s.asks(r, e, &k) {
				taken[n] = true
				if r.whole().Holds(view) {
					all = append(all, r.told)
				}
			}
		}
	}
	return all
}
