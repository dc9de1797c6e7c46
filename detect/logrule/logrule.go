// Package logrule asks the rules of Sigma (specification v2.1) about events of logs.
package logrule

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"bulwark/content/logsources"
	"bulwark/detect/logrule/internal/engine"
	"bulwark/detect/logrule/internal/sigma"
)

// Rule is what a match says of the rule that matched.
type Rule struct {
	ID             string   `json:"id"`
	Title          string   `json:"title"`
	Level          string   `json:"level,omitempty"` // one of [Levels]; empty: it does not say
	Status         string   `json:"status,omitempty"`
	Author         string   `json:"author,omitempty"` // whom the Detection Rule License has named
	License        string   `json:"license,omitempty"`
	Tags           []string `json:"tags,omitempty"`
	References     []string `json:"references,omitempty"`
	FalsePositives []string `json:"falsepositives,omitempty"`
	File           string   `json:"file"` // and place in it
	Product        string   `json:"product,omitempty"`
	Category       string   `json:"category,omitempty"`
	Service        string   `json:"service,omitempty"`
}

// Levels are those of rules, the least first.
func Levels() []string { return sigma.Levels() }

// Set is rules that are asked together. It is safe for concurrent use once it is made.
type Set struct {
	Rejected []Rejected // documents that are not asked

	rules        []*rule
	correlations []*sigma.Correlation
	products     []logsources.Product
	telling      []string  // fields that tell classes apart
	runs         sync.Pool // of *run

	// mu guards classes.
	mu      sync.RWMutex
	classes map[string]class
}

// Rejected is a document that is not asked, and why.
type Rejected struct {
	File string
	Why  string // with the place
}

// rule is a rule with the filters that take matches back from it.
type rule struct {
	*sigma.Rule
	filters []*sigma.Node
	silent  bool // it is there for correlations alone
	told    *Rule
}

// MostFiles is how many files a folder may have.
const MostFiles = 100_000

// Load reads all rules below folders, files that end in .yml or .yaml. A rule that cannot be asked is listed among the rejected.
func Load(dirs ...fs.FS) (*Set, error) {
	products, err := logsources.All()
	if err != nil {
		return nil, err
	}
	s := &Set{products: products, telling: telling(products), classes: map[string]class{}}
	var filters []*sigma.Filter
	for _, dir := range dirs {
		more, err := s.folder(dir)
		if err != nil {
			return nil, fmt.Errorf("logrule: reading rules: %w", err)
		}
		filters = append(filters, more...)
	}
	s.filter(filters)
	s.silence()
	return s, nil
}

// telling are the fields by which classes of events are told apart: those that are known of a class, and those of which categories
// ask.
func telling(all []logsources.Product) []string {
	out := slices.Clone(constant[:])
	for _, p := range all {
		for _, c := range p.Categories {
			for _, name := range slices.Sorted(maps.Keys(c.Where)) {
				if !slices.Contains(out, name) {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

// folder takes the rules below a folder, and returns their filters.
func (s *Set) folder(dir fs.FS) (filters []*sigma.Filter, err error) {
	files := 0
	err = fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := path.Ext(name); d.IsDir() || ext != ".yml" && ext != ".yaml" {
			return nil
		}
		if files++; files > MostFiles {
			return fmt.Errorf("more than %d files", MostFiles)
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		filters = append(filters, s.read(text, name)...)
		return nil
	})
	return filters, err
}

// read takes the rules of a file, and returns its filters.
func (s *Set) read(text []byte, name string) (filters []*sigma.Filter) {
	all, err := sigma.Read(text, name, sigma.Options{})
	for _, err := range flat(err) {
		s.Rejected = append(s.Rejected, Rejected{name, err.Error()})
	}
	for _, d := range all {
		switch {
		case d.Filter != nil:
			filters = append(filters, d.Filter)
		case d.Correlation != nil:
			s.correlations = append(s.correlations, d.Correlation)
		default:
			s.rules = append(s.rules, &rule{Rule: d.Rule, told: told(&d.Rule.Head, d.Rule.Source)})
		}
	}
	return filters
}

func flat(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// filter hands filters to the rules that they are for: those they name, or any, whose log source is as narrow as theirs.
func (s *Set) filter(filters []*sigma.Filter) {
	for _, f := range filters {
		for _, r := range s.rules {
			named := len(f.Rules) == 0 || slices.Contains(f.Rules, r.ID) || r.Name != "" && slices.Contains(f.Rules, r.Name)
			if named && within(r.Source, f.Source) {
				r.filters = append(r.filters, f.Condition)
			}
		}
	}
}

// within reports whether a source is what another says, or a part of it.
func within(s, wide sigma.Source) bool {
	fits := func(a, b string) bool { return b == "" || a == b }
	return fits(s.Product, wide.Product) && fits(s.Category, wide.Category) && fits(s.Service, wide.Service)
}

// Len is how many rules and correlations are asked.
func (s *Set) Len() int { return len(s.rules) + len(s.correlations) }

// Match is a rule that matches an event.
type Match struct {
	Rule   *Rule
	Silent bool // it is there for correlations alone: nobody is told
	number int
}

// Match is the rules that match an event, the worst first, then by title.
func (s *Set) Match(e *Event) []Match {
	r, _ := s.runs.Get().(*run)
	if r == nil {
		r = &run{}
	}
	defer s.runs.Put(r)
	r.found = r.found[:0]
	for _, c := range s.class(e, r) {
		r.found = c.program.Match(&r.engine, c.view(e), r.found)
	}
	if len(r.found) == 0 {
		return nil
	}
	slices.SortStableFunc(r.found, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.rules[b].Level, s.rules[a].Level), strings.Compare(s.rules[a].Title, s.rules[b].Title))
	})
	all := make([]Match, len(r.found))
	for k, n := range r.found {
		x := s.rules[n]
		all[k] = Match{x.told, x.silent, n}
	}
	return all
}

// run is what a goroutine needs to match events.
type run struct {
	engine engine.Run
	found  []int
	key    []byte
}

// class is what may match events of which the same is known: a program for each log source that they are of.
type class []struct {
	kind
	program *engine.Program
}

// maxClasses is how many classes are kept; beyond, they are made anew.
const maxClasses = 4096

// class is that of an event. It is compiled when the first event of it comes.
func (s *Set) class(e *Event, r *run) class {
	r.key = append(append(append(append(append(append(r.key[:0], e.Source.Product...), 0), e.Source.Category...), 0), e.Source.Service...), 0)
	for _, name := range s.telling {
		r.key = append(append(r.key, e.Text(name)...), 0)
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
func (s *Set) compile(e *Event) class {
	kinds, known := s.kinds(e), e.known()
	c, taken := make(class, len(kinds)), make([]bool, len(s.rules))
	for k := range kinds {
		var rules []engine.Rule
		for n, r := range s.rules {
			if !taken[n] && within(kinds[k].Source, r.Source) {
				taken[n] = true
				rules = append(rules, engine.Rule{Number: n, Condition: r.whole()})
			}
		}
		c[k].kind, c[k].program = kinds[k], engine.Compile(rules, known)
	}
	return c
}

// whole is the condition of a rule with those of its filters.
func (r *rule) whole() *sigma.Node {
	return &sigma.Node{Op: sigma.And, Of: append([]*sigma.Node{r.Condition}, r.filters...)}
}

// told is what is said of a rule or a correlation.
func told(h *sigma.Head, of sigma.Source) *Rule {
	return &Rule{h.ID, h.Title, h.Level.String(), h.Status, h.Author, h.License, h.Tags, h.References, h.FalsePositives, h.At.String(),
		of.Product, of.Category, of.Service}
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
	return all
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
