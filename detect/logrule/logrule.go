// Package logrule asks the rules of Sigma (specification v2.1) about events of logs.
package logrule

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"bulwark/content/logsources"
	"bulwark/detect/logrule/internal/engine"
	"bulwark/detect/logrule/internal/names"
	"bulwark/detect/logrule/internal/sigma"
	"bulwark/event"
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
	File           string   `json:"file"`          // and place in it
	Set            string   `json:"set,omitempty"` // name of the set of rules that it is of
	Product        string   `json:"product,omitempty"`
	Category       string   `json:"category,omitempty"`
	Service        string   `json:"service,omitempty"`
}

// Levels are those of rules, the least first.
func Levels() []string { return sigma.Levels() }

// Set is rules that are asked together. It is safe for concurrent use once it is made.
type Set struct {
	Rejected []Rejected // documents that are not asked
	// Faulty is told of each [Fault]; nil: nobody is. It is set before the first event, and may be called by many at once.
	Faulty func(Fault)

	rules        []*rule
	correlations []*sigma.Correlation
	sets         map[*sigma.Correlation]string // the set of rules that each is of
	off          map[string]bool               // rules that are not asked
	products     []logsources.Product
	views        []logsources.View
	options      sigma.Options
	book         engine.Book
	telling      []int32   // fields that tell classes apart, by their numbers
	runs         sync.Pool // of *run

	// mu guards classes.
	mu      sync.RWMutex
	classes map[string]class
}

// Rejected is a document that is not asked, and why.
type Rejected struct {
	File   string `json:"file"`
	Why    string `json:"why"` // with the place
	Set    string `json:"source,omitempty"`
	Line   int    `json:"line,omitempty"` // from 1; 0: not known
	Column int    `json:"column,omitempty"`
	Reason string `json:"reason,omitempty"` // without the place
	// Waits says that it is no fault: the rule asks for values that the site has not given yet ([Placeholders]).
	Waits bool `json:"waits,omitempty"`
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

// File is a file of rules.
type File struct {
	Set  string // name of the set of rules that it is of
	Name string
	Text []byte
}

// Load reads all rules below folders, files that end in .yml or .yaml. A rule that cannot be asked is listed among the rejected.
func Load(dirs ...fs.FS) (*Set, error) {
	var files []File
	for _, dir := range dirs {
		more, err := Files("", dir)
		if err != nil {
			return nil, fmt.Errorf("logrule: reading rules: %w", err)
		}
		files = append(files, more...)
	}
	return LoadFiles(files)
}

// Placeholders is the name of files that say what rules write between percent signs: the values that stand for each name here.
const Placeholders = "placeholders.yml"

// LoadFiles reads the rules of files. A rule that cannot be asked is listed among the rejected.
func LoadFiles(files []File) (*Set, error) {
	products, err := logsources.All()
	if err != nil {
		return nil, err
	}
	views, err := logsources.Views()
	if err != nil {
		return nil, err
	}
	s := &Set{products: products, views: views, classes: map[string]class{}, sets: map[*sigma.Correlation]string{}, off: map[string]bool{}}
	if s.options.Placeholders, err = placeholders(files); err != nil {
		return nil, err
	}
	var filters []*sigma.Filter
	for _, f := range files {
		if !aside(f.Name) {
			filters = append(filters, s.read(&f)...)
		}
	}
	s.filter(filters)
	s.number()
	s.silence()
	return s, nil
}

// placeholders are those that files name.
func placeholders(files []File) (map[string][]string, error) {
	out := map[string][]string{}
	for _, f := range files {
		if path.Base(f.Name) != Placeholders {
			continue
		}
		var all map[string][]string
		if err := yaml.Unmarshal(f.Text, &all); err != nil {
			return nil, fmt.Errorf("logrule: %s: it is no list of values for each name: %w", f.Name, err)
		}
		maps.Copy(out, all)
	}
	return out, nil
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

// number gives all fields numbers that rules ask about, or that tell classes apart.
func (s *Set) number() {
	all := telling(s.products)
	for n := range all {
		s.telling = append(s.telling, int32(n))
	}
	asked := map[string]bool{}
	for _, r := range s.rules {
		r.whole().Fields(asked)
	}
	for _, p := range s.products {
		for _, c := range p.Categories {
			for _, name := range c.Fields {
				asked[name] = true
			}
		}
	}
	for _, v := range s.views {
		for _, name := range v.Fields {
			asked[name] = true
		}
	}
	s.book.Names = names.New(append(all, slices.Sorted(maps.Keys(asked))...)...)
}

// Files are the files of rules below a folder.
func Files(set string, dir fs.FS) (files []File, err error) {
	err = fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !IsRule(name) {
			return err
		}
		if len(files) == MostFiles {
			return fmt.Errorf("more than %d files", MostFiles)
		}
		text, err := fs.ReadFile(dir, name)
		files = append(files, File{set, name, text})
		return err
	})
	return files, err
}

// aside reports whether a file stands in a folder of SigmaHQ's that holds no rules in use: what was given up, what Sigma cannot say,
// and tests; or says no rules but their [Placeholders].
func aside(name string) bool {
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		switch part {
		case "deprecated", "unsupported", "regression_data", ".github":
			return true
		}
	}
	return strings.HasSuffix(name, "tests/thor.yml") || path.Base(name) == Placeholders
}

// parse reads the documents of a file. Where the program fails on it, that is its fault.
func (s *Set) parse(f *File) (all []sigma.Document, err error) {
	defer func() {
		if why := recover(); why != nil {
			x := faultOf(why)
			all, err = nil, fmt.Errorf("%s: Bulwark fails on this file: %s", f.Name, x.Why)
		}
	}()
	return sigma.Read(f.Text, f.Name, s.options)
}

// read takes the rules of a file, and returns its filters.
func (s *Set) read(f *File) (filters []*sigma.Filter) {
	all, err := s.parse(f)
	for _, err := range flat(err) {
		x := Rejected{File: f.Name, Why: err.Error(), Set: f.Set}
		var at *sigma.Error
		if errors.As(err, &at) {
			x.Line, x.Column, x.Waits, x.Reason = at.At.Line, at.At.Column, at.Waits, strings.TrimPrefix(x.Why, at.At.String()+": ")
		}
		s.Rejected = append(s.Rejected, x)
	}
	for _, d := range all {
		switch {
		case d.Filter != nil:
			filters = append(filters, d.Filter)
		case d.Correlation != nil:
			s.correlations = append(s.correlations, d.Correlation)
			s.sets[d.Correlation] = f.Set
		default:
			r := &rule{Rule: d.Rule, told: told(&d.Rule.Head, d.Rule.Source)}
			r.told.Set = f.Set
			s.rules = append(s.rules, r)
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

// Leave has rules not be asked. It is for a set that was not asked yet.
func (s *Set) Leave(rules ...string) {
	for _, r := range rules {
		s.off[r] = true
	}
}

// kindsAsked are the kinds of events of which rules of the set ask: those of logs, and what rules say of Bulwark's own.
func (s *Set) kindsAsked() (all []event.Kind) {
	asked := map[string]bool{event.KindLog.String(): true}
	for _, r := range s.rules {
		if r.Source.Product == Own {
			asked[r.Source.Service] = true
		}
		for _, v := range s.views {
			if v.Of.Product == Own && r.Source.Product+r.Source.Category != "" && within(sourceOf(v.As), r.Source) {
				asked[v.Of.Service] = true
			}
		}
	}
	for _, k := range Reads() {
		if asked[k.String()] {
			all = append(all, k)
		}
	}
	return all
}

// heard are the log sources of which there were events.
func (s *Set) heard() (all []sigma.Source) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, c := range s.classes {
		all = append(all, c.sources...)
	}
	return all
}

// about is what is said of a correlation.
func (s *Set) about(c *sigma.Correlation) *Rule {
	t := told(&c.Head, sigma.Source{})
	t.Set = s.sets[c]
	return t
}

// rule is what is said of the rule or the correlation of that name; nil: there is none.
func (s *Set) rule(key string) *Rule {
	for _, r := range s.rules {
		if r.told.key() == key {
			return r.told
		}
	}
	for _, c := range s.correlations {
		if t := s.about(c); t.key() == key {
			return t
		}
	}
	return nil
}

// Has reports whether there is a rule or a correlation of an identifier.
func (s *Set) Has(id string) bool {
	return slices.ContainsFunc(s.rules, func(r *rule) bool { return r.ID == id }) || slices.ContainsFunc(s.correlations, func(c *sigma.Correlation) bool { return c.ID == id })
}

// Len is how many rules and correlations are asked.
func (s *Set) Len() int { return len(s.rules) + len(s.correlations) }

// Match is a rule that matches an event.
type Match struct {
	Rule   *Rule
	Silent bool // it is there for correlations alone: nobody is told
	number int
}

// Asks are the names of the fields that the rule of a match asks about.
func (s *Set) Asks(m Match) []string {
	asked := map[string]bool{}
	s.rules[m.number].Condition.Fields(asked)
	delete(asked, "")
	return slices.Sorted(maps.Keys(asked))
}

// Match is the rules that match an event, the worst first, then by title.
func (s *Set) Match(e *Event) []Match {
	r, _ := s.runs.Get().(*run)
	if r == nil {
		r = &run{}
	}
	defer s.runs.Put(r)
	all, _ := s.ask(e, r)
	return all
}

// askAll is what matches, and the log sources that the event is of.
func (s *Set) askAll(e *Event, r *run) ([]Match, []sigma.Source) {
	r.found = r.found[:0]
	r.engine.Lay(e, s.book.Names)
	of := s.class(e, r)
	for _, program := range of.programs {
		r.found = program.Match(&r.engine, r.found)
	}
	if len(r.found) == 0 {
		return nil, of.sources
	}
	if len(r.found) > 1 {
		slices.SortStableFunc(r.found, func(a, b int) int {
			return cmp.Or(cmp.Compare(s.rules[b].Level, s.rules[a].Level), strings.Compare(s.rules[a].Title, s.rules[b].Title))
		})
	}
	all := make([]Match, len(r.found))
	for k, n := range r.found {
		x := s.rules[n]
		all[k] = Match{x.told, x.silent, n}
	}
	return all, of.sources
}

// measured is a run that notes what each rule costs.
func (s *Set) measured() *run {
	return &run{engine: engine.Run{Costs: make([]engine.Cost, len(s.rules))}}
}

// run is what a goroutine needs to match events.
type run struct {
	engine engine.Run
	found  []int
	key    []byte
}
