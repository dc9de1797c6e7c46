package logrule

import (
	"bulwark/content/logsources"
	"bulwark/detect/logrule/internal/engine"
	"bulwark/detect/logrule/internal/sigma"
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// class is what may match events of which the same is known: a program for each log source that they are of, where rules are about it.
type class struct {
	programs []*engine.Program
	sources  []sigma.Source
}

// maxClasses is how many classes are kept; beyond, they are made anew.
const maxClasses = 4096

// class is that of an event. It is compiled when the first event of it comes.
func (s *Set) class(e *Event, r *run) class {
	r.key = append(append(append(append(append(append(r.key[:0], e.Source.Product...), 0), e.Source.Category...), 0), e.Source.Service...), 0)
	for _, name := range s.telling {
		r.key = r.engine.Append(r.key, name)
	}
	s.mu.RLock()
	c, ok := s.classes[string(r.key)]
	s.mu.RUnlock()
	if ok {
		return c
	}
	c = s.compile(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.classes) >= maxClasses {
		clear(s.classes)
	}
	s.classes[string(r.key)] = c
	return c
}

// compile makes the class of an event.
func (s *Set) compile(e *Event) (c class) {
	known, taken := e.known(), make([]bool, len(s.rules))
	for _, k := range s.kinds(e) {
		var rules []engine.Rule
		for n, r := range s.rules {
			if !taken[n] && s.asks(r, e, &k) {
				taken[n] = true
				rules = append(rules, engine.Rule{Number: n, Condition: r.whole()})
			}
		}
		p := s.book.Compile(rules, engine.Class{Known: known, Names: k.fields})
		for n, why := range p.Failed {
			f := faultOf(why)
			f.Rule = s.rules[n].told
			s.fault(f)
		}
		if p.Len() > 0 {
			c.programs = append(c.programs, p)
		}
		c.sources = append(c.sources, k.clone())
	}
	return c
}

// asks reports whether a rule is asked about an event, as one of a log source that it is of.
func (s *Set) asks(r *rule, e *Event, of *kind) bool {
	if e.Source.Product == Own && r.Source.Product != Own && (of.Product == Own || r.Source.Product+r.Source.Category == "") {
		return false // a rule of no product is one about logs
	}
	return !s.off[r.told.key()] && within(of.Source, r.Source)
}

// whole is the condition of a rule with those of its filters.
func (r *rule) whole() *sigma.Node {
	return &sigma.Node{Op: sigma.And, Of: append([]*sigma.Node{r.Condition}, r.filters...)}
}

// told is what is said of a rule or a correlation.
func told(h *sigma.Head, of sigma.Source) *Rule {
	return &Rule{ID: h.ID, Title: h.Title, Level: h.Level.String(), Status: h.Status, Author: h.Author, License: h.License, Tags: h.Tags,
		References: h.References, FalsePositives: h.FalsePositives, File: h.At.String(), Product: of.Product, Category: of.Category, Service: of.Service}
}

// kind is one log source that an event is of, with the event's fields by the names that rules of it use.
type kind struct {
	sigma.Source
	fields map[string]string
}

// kinds are the log sources that an event is of, each as narrow as it can be said.
func (s *Set) kinds(e *Event) []kind {
	all := []kind{{Source: e.Source}}
	for k := range s.products {
		p := &s.products[k]
		if e.Source.Product != p.Name || e.Text("Channel") == "" {
			continue
		}
		all[0].Service = cmp.Or(all[0].Service, p.Service(e.Text("Channel")))
		for _, c := range p.Categories {
			if c.Service == all[0].Service && slices.ContainsFunc(c.Events, func(n int) bool { return strconv.Itoa(n) == e.Text("EventID") }) && has(e, c.Where) {
				all = append(all, kind{sigma.Source{Product: p.Name, Category: c.Name, Service: c.Service}, c.Fields})
			}
		}
	}
	for k := range s.views {
		v := &s.views[k]
		switch {
		case !within(e.Source, sourceOf(v.Of)):
		case v.As != logsources.Log{}:
			all = append(all, kind{sourceOf(v.As), v.Fields})
		case all[0].fields == nil:
			all[0].fields = v.Fields
		}
	}
	return all
}

func sourceOf(l logsources.Log) sigma.Source {
	return sigma.Source{Product: l.Product, Category: l.Category, Service: l.Service}
}

// clone is the log source of a kind without texts of the event.
func (k *kind) clone() sigma.Source {
	return sigma.Source{Product: strings.Clone(k.Product), Category: strings.Clone(k.Category), Service: strings.Clone(k.Service)}
}

func has(e *Event, where map[string][]string) bool {
	for field, want := range where {
		if !slices.ContainsFunc(e.Values(field), func(v sigma.Value) bool { return slices.Contains(want, v.Text) }) {
			return false
		}
	}
	return true
}

func (k *kind) view(e *Event) sigma.Event {
	if len(k.fields) == 0 {
		return e
	}
	return renamed{e, k.fields}
}

// renamed is an event some of whose fields have further names.
type renamed struct {
	*Event
	names map[string]string
}

// Values are those of a field by its name in rules, or by its own.
func (r renamed) Values(field string) []sigma.Value {
	if name, ok := r.names[field]; ok {
		if all := r.Event.Values(name); len(all) > 0 {
			return all
		}
	}
	return r.Event.Values(field)
}
