package logrule

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/content/attack"
	"bulwark/detect/logrule/internal/sigma"
)

// Text is a sentence in both languages.
type Text struct {
	EN string `json:"en"`
	FR string `json:"fr"`
}

// States of a rule.
const (
	Loaded   = "loaded"
	Refused  = "rejected" // it cannot be asked
	Waiting  = "waiting"  // it asks for values that the site has not given yet
	Disabled = "disabled" // a person took it out of force
	Blind    = "blind"    // no log source feeds it
	Noisy    = "noisy"    // it matches more often than anybody can look at
	ForOther = "silent"   // it is there for correlations, or says only what happened: nobody is told
)

// States lists them, the more telling first.
func States() []string { return []string{Refused, Waiting, Disabled, Noisy, Blind, Loaded, ForOther} }

// noisyADay is above how many matches a day a rule is noisy.
const noisyADay = 100

// Item is a rule as lists show it.
type Item struct {
	ID         string    `json:"id"` // empty: it could not be read
	Title      string    `json:"title"`
	French     string    `json:"-"`      // by which it is found too
	Set        string    `json:"source"` // name of the set of rules
	Place      string    `json:"place"`
	State      string    `json:"state"`
	Reason     *Text     `json:"reason,omitempty"`
	Enabled    bool      `json:"enabled"`
	Level      string    `json:"level"`
	Product    string    `json:"product,omitempty"`
	Category   string    `json:"category,omitempty"`
	Service    string    `json:"service,omitempty"`
	Correlates bool      `json:"correlates,omitempty"`
	Techniques []string  `json:"techniques"`
	Fired      uint64    `json:"fired"`
	Last       time.Time `json:"last,omitzero"`
	Verdicts   *Verdicts `json:"verdicts,omitempty"`
	Asked      uint64    `json:"asked"`            // events that it was asked about since the rules were read
	Cost       float64   `json:"cost"`             // seconds that it took for these, estimated of some
	Share      float64   `json:"share"`            // of what all rules took
	Faults     uint64    `json:"faults,omitempty"` // how often the program failed on it since then

	of sigma.Source
}

// Verdicts are how often people judged what a rule found.
type Verdicts struct {
	True         int `json:"true"`
	False        int `json:"false"`
	Benign       int `json:"benign"`
	Suppressions int `json:"suppressions"`
}

// Page is a part of the rules that a query asks for.
type Page struct {
	Items  []Item                    `json:"items"`
	Total  int                       `json:"total"`
	Next   string                    `json:"next,omitempty"`
	Facets map[string]map[string]int `json:"facets"` // by state, source, level and product: of the query without these
	Sets   map[string]map[string]int `json:"sets"`   // all rules, by the set that they are of and their state
	Since  time.Time                 `json:"since"`  // when the rules were read
	TookMS int64                     `json:"load_ms"`
	Events uint64                    `json:"events"` // that rules were asked about since then
}

// Detail is a rule as its page shows it.
type Detail struct {
	Item
	Text           string    `json:"text"`
	Author         string    `json:"author,omitempty"`
	License        string    `json:"license,omitempty"`
	Status         string    `json:"status,omitempty"`
	References     []string  `json:"references,omitempty"`
	FalsePositives []string  `json:"falsepositives,omitempty"`
	Tags           []string  `json:"tags,omitempty"`
	Decided        *Decision `json:"decided,omitempty"`
	Description    string    `json:"description,omitempty"`
	Explain        []Line    `json:"explain,omitempty"` // what it asks for
	Own            string    `json:"own,omitempty"`     // file of one's own that it stands in
	Events         uint64    `json:"events"`            // that rules were asked about since they were read
}

// Line is a line of what a rule asks for.
type Line = sigma.Line

// items are all rules as they stand now. The lock is held.
func (r *Room) items() []Item {
	r.hear()
	now := r.needs.Clock.Now()
	var all []Item
	for n, x := range r.set.rules {
		i := r.item(x.told, now)
		i.of = x.Source
		r.costs(&i, n)
		if x.silent || x.told.Level == quiet {
			i.state(ForOther, Text{"It is there for correlations, or says what happened: nobody is told of it alone.",
				"Elle sert à des corrélations, ou dit ce qui se passe : personne n'est prévenu pour elle seule."})
		}
		if r.needs.DB != nil && i.State != Disabled && !r.fed(x) {
			i.state(Blind, Text{"No log source that this rule is for has been heard in the last 7 days.",
				"Aucune source de journaux que vise cette règle n'a été entendue ces 7 derniers jours."})
		}
		all = append(all, i)
	}
	for _, c := range r.set.correlations {
		i := r.item(r.set.about(c), now)
		i.Correlates = true
		all = append(all, i)
	}
	for n, x := range r.set.Rejected {
		i := Item{Title: x.File, Set: x.Set, Place: x.File, State: Refused, Reason: &Text{x.Why, x.Why}, Techniques: []string{}, ID: "rejected-" + strconv.Itoa(n)}
		if x.Waits {
			i.State = Waiting
		}
		all = append(all, i)
	}
	share(all)
	return all
}

// costs adds what a rule cost. The lock is held.
func (r *Room) costs(i *Item, rule int) {
	c := &r.run.engine.Costs[rule]
	i.Asked = c.Asked
	if c.Timed > 0 {
		i.Cost = c.Took.Seconds() / float64(c.Timed) * float64(c.Asked)
	}
}

// share adds what part of the cost of all rules each has.
func share(all []Item) {
	sum := 0.0
	for k := range all {
		sum += all[k].Cost
	}
	for k := range all {
		if sum > 0 {
			all[k].Share = all[k].Cost / sum
		}
	}
}

func (r *Room) item(t *Rule, now time.Time) Item {
	i := Item{ID: t.key(), Title: t.Title, French: r.french[t.key()], Set: t.Set, Place: t.File, State: Loaded, Enabled: true, Level: t.Level, Product: t.Product, Category: t.Category,
		Service: t.Service, Techniques: t.techniques()}
	i.Faults = r.faults[i.ID]
	if f := r.fired[i.ID]; f != nil {
		i.Fired, i.Last = f.Count, f.Last
		if days := max(1, f.Last.Sub(f.First).Hours()/24); float64(f.Count)/days > noisyADay && now.Sub(f.Last) < 24*time.Hour {
			i.state(Noisy, Text{"It matches more than 100 times a day.", "Elle correspond plus de 100 fois par jour."})
		}
	}
	if d, ok := r.decisions[i.ID]; ok && !d.Enabled {
		i.Enabled = false
		day := d.When.Format("2006-01-02")
		i.state(Disabled, Text{"Taken out of force on " + day + ": " + d.Reason, "Mise hors vigueur le " + day + " : " + d.Reason})
	}
	return i
}

func (i *Item) state(name string, why Text) { i.State, i.Reason = name, &why }

// heardFor is for how long a log source counts as heard.
const heardFor = 7 * 24 * time.Hour

// hear notes which log sources were heard since the rules were read. The lock is held.
func (r *Room) hear() {
	now := r.needs.Clock.Now()
	for _, s := range r.set.heard() {
		key := s.Product + "/" + s.Category + "/" + s.Service
		if _, ok := r.heard[key]; ok || len(r.heard) < mostSources {
			r.heard[key] = now
		}
	}
}

// mostSources is how many log sources are told apart.
const mostSources = 4096

// fed reports whether a log source that a rule is for was heard lately. The lock is held.
func (r *Room) fed(x *rule) bool {
	now := r.needs.Clock.Now()
	for key, at := range r.heard {
		s := strings.Split(key, "/")
		if len(s) == 3 && now.Sub(at) < heardFor && within(sigma.Source{Product: s[0], Category: s[1], Service: s[2]}, x.Source) {
			return true
		}
	}
	return false
}

// ErrQuery means a query of a list that cannot be answered.
var ErrQuery = fmt.Errorf("logrule: bad query")

// List is a page of the rules that a query asks for: source, state, level, product, technique, from (a log source whose events they are
// asked about), q, sort (title, fired, last, level, cost), limit and after.
func (r *Room) List(q url.Values) (Page, error) {
	limit, err := strconv.Atoi(cmp.Or(q.Get("limit"), "100"))
	if err != nil || limit < 1 || limit > 500 {
		return Page{}, fmt.Errorf("%w: limit is 1 to 500", ErrQuery)
	}
	after, err := strconv.Atoi(cmp.Or(q.Get("after"), "0"))
	if err != nil || after < 0 {
		return Page{}, fmt.Errorf("%w: after is what a page before gave as next", ErrQuery)
	}
	r.mu.Lock()
	all := r.items()
	if q.Has("from") {
		all = slices.DeleteFunc(all, func(i Item) bool {
			return i.State == Refused || i.State == Waiting || i.Correlates || !i.Enabled || !r.asksOf(i.of, q.Get("from"))
		})
	}
	p := Page{Items: []Item{}, Sets: map[string]map[string]int{}, Facets: map[string]map[string]int{"state": {}, "source": {}, "level": {}, "product": {}}, Since: r.since, TookMS: r.took.Milliseconds(),
		Events: r.events}
	r.mu.Unlock()
	words := strings.Fields(strings.ToLower(q.Get("q")))
	var chosen []Item
	for _, i := range all {
		if p.Sets[i.Set] == nil {
			p.Sets[i.Set] = map[string]int{}
		}
		p.Sets[i.Set][i.State]++
		if !i.about(words, q.Get("technique")) {
			continue
		}
		p.Facets["state"][i.State]++
		p.Facets["source"][i.Set]++
		p.Facets["level"][i.Level]++
		p.Facets["product"][i.Product]++
		if is(q, "state", i.State) && is(q, "source", i.Set) && is(q, "level", i.Level) && is(q, "product", i.Product) {
			chosen = append(chosen, i)
		}
	}
	sortItems(chosen, q.Get("sort"))
	p.Total = len(chosen)
	chosen = chosen[min(after, len(chosen)):]
	if len(chosen) > limit {
		chosen, p.Next = chosen[:limit], strconv.Itoa(after+limit)
	}
	r.judged(chosen)
	p.Items = append(p.Items, chosen...)
	return p, nil
}

func is(q url.Values, name, value string) bool { return !q.Has(name) || q.Get(name) == value }

// about reports whether all words are in an item, and whether it is about a technique.
func (i *Item) about(words []string, technique string) bool {
	text := strings.ToLower(strings.Join([]string{i.Title, i.French, i.ID, i.Place, i.Product, i.Category, i.Service, strings.Join(i.Techniques, " ")}, " "))
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return technique == "" || slices.ContainsFunc(i.Techniques, func(t string) bool { return t == technique || strings.HasPrefix(t, technique+".") })
}

func sortItems(all []Item, by string) {
	levels := Levels()
	slices.SortStableFunc(all, func(a, b Item) int {
		c := 0
		switch by {
		case "fired":
			c = cmp.Compare(b.Fired, a.Fired)
		case "last":
			c = b.Last.Compare(a.Last)
		case "cost":
			c = cmp.Compare(b.Cost, a.Cost)
		case "level":
			c = cmp.Compare(slices.Index(levels, b.Level), slices.Index(levels, a.Level))
		}
		return cmp.Or(c, strings.Compare(a.Title, b.Title))
	})
}

// judged adds what people said of what the rules found.
func (r *Room) judged(all []Item) {
	if r.needs.Verdicts == nil {
		return
	}
	said := r.needs.Verdicts()
	for n := range all {
		if v, ok := said[all[n].ID]; ok {
			all[n].Verdicts = &v
		}
	}
}

// Show is a rule with its text.
func (r *Room) Show(id string) (Detail, error) {
	d, err := r.shown(id)
	if err == nil {
		one := []Item{d.Item}
		r.judged(one)
		d.Item = one[0]
	}
	return d, err
}

func (r *Room) shown(id string) (Detail, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range r.items() {
		if i.ID != id || i.State == Refused || i.State == Waiting {
			continue
		}
		t := r.set.rule(id)
		d := Detail{Item: i, Text: r.text(t.File), Author: t.Author, License: t.License, Status: t.Status, References: t.References,
			FalsePositives: t.FalsePositives, Tags: t.Tags, Events: r.events}
		d.Description, d.Explain = r.set.words(id)
		if t.Set == OwnSet {
			file, _, _ := strings.Cut(strings.TrimPrefix(t.File, OwnSet+"/"), ".")
			d.Own = file
		}
		if x, ok := r.decisions[id]; ok {
			d.Decided = &x
		}
		return d, nil
	}
	return Detail{}, ErrNoRule
}

// words are what a rule says of itself, and what it asks for.
func (s *Set) words(key string) (description string, asks []Line) {
	for _, r := range s.rules {
		if r.told.key() == key {
			return r.Description, r.Words()
		}
	}
	for _, c := range s.correlations {
		if s.about(c).key() == key {
			return c.Description, c.Words()
		}
	}
	return "", nil
}

// text is the document that begins at or before a place, file:line:column. The lock is held.
func (r *Room) text(place string) string {
	for _, f := range r.files {
		rest, ok := strings.CutPrefix(place, f.Name+":")
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(rest, ":")
		line, err := strconv.Atoi(number)
		if err != nil {
			return string(f.Text)
		}
		from, at, n := 0, 0, 0
		for l := range strings.Lines(string(f.Text)) {
			n++
			if strings.TrimSpace(l) == "---" {
				if n > line {
					return string(f.Text[from:at])
				}
				from = at + len(l)
			}
			at += len(l)
		}
		return string(f.Text[from:])
	}
	return ""
}

// Coverage is what of ATT&CK the rules in force are about.
func (r *Room) Coverage() any {
	r.mu.Lock()
	all := r.items()
	r.mu.Unlock()
	type technique struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Rules int    `json:"rules"`
		Blind int    `json:"blind"`
		Fired uint64 `json:"fired"`
	}
	book, found := attack.Load(), map[string]*technique{}
	for _, i := range all {
		if !i.Enabled || i.State == Refused || i.State == Waiting {
			continue
		}
		for _, id := range i.Techniques {
			x := book.Technique(id)
			t := found[x.ID]
			if t == nil {
				t = &technique{ID: x.ID, Name: x.Name}
				found[x.ID] = t
			}
			t.Rules++
			t.Fired += i.Fired
			if i.State == Blind {
				t.Blind++
			}
		}
	}
	type tactic struct {
		ID         string      `json:"id"`
		Name       Text        `json:"name"`
		Techniques []technique `json:"techniques"`
	}
	out := struct {
		Version string   `json:"version"`
		Tactics []tactic `json:"tactics"`
	}{Version: attack.Version}
	for _, x := range book.Tactics() {
		t := tactic{ID: x.ID, Name: Text{x.Name, x.French}, Techniques: []technique{}}
		for _, id := range book.Techniques() {
			if f := found[id]; f != nil && slices.Contains(book.Technique(id).Tactics, x) {
				t.Techniques = append(t.Techniques, *f)
			}
		}
		out.Tactics = append(out.Tactics, t)
	}
	return out
}
