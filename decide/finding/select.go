package finding

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/content/attack"
	"bulwark/decide/finding/internal/signal"
)

// ErrQuery means that findings were asked for in a way that cannot be answered.
var ErrQuery = errors.New("finding: bad query")

// query is which findings are asked for. Empty parts do not matter.
type query struct {
	status, severity, source, rule, technique, tactic, verdict, site []string

	entities []named
	words    []string
	since    int64
	sort     string
	limit    int
	after    *cursor
}

// cursor is a place in an order: behind the finding of that number, which stands there by that value.
type cursor struct {
	value int64
	id    uint64
}

func (c cursor) String() string { return fmt.Sprintf("%d.%d", c.value, c.id) }

// Bounds of a page, and of what is asked.
const (
	usualListed = 100
	mostListed  = 500
	mostWords   = 16
	mostTicks   = 50
)

func readQuery(q url.Values) (*query, error) {
	p := &query{status: q["status"], severity: q["severity"], source: q["source"], rule: q["rule"], technique: q["technique"], tactic: q["tactic"],
		verdict: q["verdict"], site: q["site"], words: strings.Fields(strings.ToLower(q.Get("q"))), sort: cmp.Or(q.Get("sort"), "last"), limit: usualListed}
	for _, list := range [...]*[]string{&p.status, &p.severity, &p.source, &p.rule, &p.technique, &p.tactic, &p.verdict, &p.site} {
		*list = slices.DeleteFunc(slices.Clone(*list), func(s string) bool { return s == "" })
		if len(*list) > 100 {
			return nil, fmt.Errorf("%w: more than 100 values of one kind", ErrQuery)
		}
	}
	p.words = p.words[:min(len(p.words), mostWords)]
	for _, s := range p.severity {
		if _, ok := signal.SeverityOf(s); !ok {
			return nil, fmt.Errorf("%w: severity %q is none of %s", ErrQuery, s, strings.Join(signal.Severities(), ", "))
		}
	}
	if !slices.Contains([]string{"last", "first", "severity", "count"}, p.sort) {
		return nil, fmt.Errorf("%w: sort %q is none of last, first, severity, count", ErrQuery, p.sort)
	}
	for _, e := range q["entity"] {
		if e == "" {
			continue
		}
		n, err := readEntity(e)
		if err != nil || len(p.entities) >= mostWords {
			return nil, fmt.Errorf("%w: %v", ErrQuery, err)
		}
		p.entities = append(p.entities, n)
	}
	return p, p.readPage(q)
}

// readEntity reads kind:value, or a value alone.
func readEntity(text string) (named, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return named{Kind: "address", Value: text, Addr: a.Unmap()}, nil
	}
	kind, _, ok := strings.Cut(text, ":")
	if ok && slices.Contains([]string{"device", "address", "user", "domain", "file", "hash", "url", "ae-title"}, kind) {
		return parseNamed(text)
	}
	return named{Value: text}, nil
}

func (p *query) readPage(q url.Values) error {
	if text := q.Get("since"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return fmt.Errorf("%w: since %q is no time as 2026-01-31T08:00:00Z", ErrQuery, text)
		}
		p.since = at.UnixNano()
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostListed {
			return fmt.Errorf("%w: limit %q is none of 1 to %d", ErrQuery, text, mostListed)
		}
		p.limit = n
	}
	if text := q.Get("after"); text != "" {
		value, id, _ := strings.Cut(text, ".")
		v, err := strconv.ParseInt(value, 10, 64)
		n, err2 := strconv.ParseUint(id, 10, 63)
		if err != nil || err2 != nil {
			return fmt.Errorf("%w: after %q is not the next of a page", ErrQuery, text)
		}
		p.after = &cursor{v, n}
	}
	return nil
}

// The parts of a query, each of which a facet leaves out.
const (
	byStatus = iota
	bySeverity
	bySource
	byRule
	byTechnique
	byTactics
	byVerdict
	bySite
	byEntity
	byParts
)

// mask says which parts of a query an item does not pass; words and time count as the last, which no facet leaves out.
func (p *query) mask(it *item) (failed uint16) {
	fail := func(part int, is bool) {
		if is {
			failed |= 1 << part
		}
	}
	fail(byStatus, len(p.status) > 0 && !slices.Contains(p.status, string(it.Word.Status)))
	fail(bySeverity, len(p.severity) > 0 && !slices.Contains(p.severity, it.Severity.String()))
	fail(bySource, len(p.source) > 0 && !slices.Contains(p.source, it.rule.Source))
	fail(byRule, len(p.rule) > 0 && !slices.Contains(p.rule, it.Rule))
	fail(byTechnique, len(p.technique) > 0 && !it.rule.hasTechnique(p.technique))
	fail(byTactics, len(p.tactic) > 0 && !it.rule.hasTactic(p.tactic))
	fail(byVerdict, len(p.verdict) > 0 && !slices.Contains(p.verdict, string(it.Word.Verdict)))
	fail(bySite, len(p.site) > 0 && !slices.Contains(p.site, it.Site))
	for n := range p.entities {
		fail(byEntity, !it.about(&p.entities[n]))
	}
	fail(byParts, it.Last < p.since || !it.says(p.words))
	return failed
}

func (ru *rule) hasTechnique(ids []string) bool {
	return slices.ContainsFunc(ru.techniques, func(t attack.Technique) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return t.ID == id || t.Was == id || strings.HasPrefix(t.ID, id+".") })
	})
}

func (ru *rule) hasTactic(ids []string) bool {
	return slices.ContainsFunc(ru.techniques, func(t attack.Technique) bool {
		return slices.ContainsFunc(t.Tactics, func(x attack.Tactic) bool { return slices.Contains(ids, x.ID) })
	})
}

// about reports whether an item is about an entity; one without a kind is anything of that value.
func (it *item) about(n *named) bool {
	if n.Kind != "" {
		return n.in(&it.Source, &it.Target, it.Others)
	}
	return slices.ContainsFunc(it.Others, func(o signal.Entity) bool { return o.Value == n.Value })
}

// says reports whether all words stand in what an item shows.
func (it *item) says(words []string) bool {
	var ends string
	for _, w := range words {
		if strings.Contains(it.rule.text, w) {
			continue
		}
		if ends == "" {
			ends = it.endsText()
		}
		if !strings.Contains(ends, w) {
			return false
		}
	}
	return true
}

func (it *item) endsText() string {
	b := make([]byte, 0, 128)
	for _, e := range [...]*end{&it.Source, &it.Target} {
		if e.Addr.IsValid() {
			b = append(e.Addr.AppendTo(b), ' ')
		}
		for _, a := range e.Some {
			b = append(a.AppendTo(b), ' ')
		}
	}
	b = append(append(b, it.App...), ' ')
	for _, o := range it.Others {
		b = append(append(b, strings.ToLower(o.Value)...), ' ')
	}
	return string(b)
}

// value is by what an item stands in an order: the greater is first.
func (it *item) value(sort string) int64 {
	switch sort {
	case "first":
		return it.First
	case "severity":
		return int64(it.Severity)<<60 | it.Last>>4
	case "count":
		return int64(min(it.Count, 1<<62))
	}
	return it.Last
}

// Page is a part of the findings.
type Page struct {
	Items []Finding `json:"items"`
	Total int       `json:"total"` // that match
	All   int       `json:"all"`   // that there are
	Next  string    `json:"next"`  // where the next page begins; empty at the end
}

// placed is an item with its place in an order.
type placed struct {
	cursor
	it *item
}

// behind orders places: the greater value first, and of equal ones the newer finding.
func (c cursor) behind(o cursor) int {
	return cmp.Or(cmp.Compare(o.value, c.value), cmp.Compare(o.id, c.id))
}

// list is the part of the findings that is asked for.
func (f *Findings) list(q *query) Page {
	f.mu.RLock()
	p := Page{All: len(f.items)}
	var found []placed
	for _, it := range f.items {
		if q.mask(it) != 0 {
			continue
		}
		p.Total++
		x := placed{cursor{it.value(q.sort), it.ID}, it}
		if q.after == nil || x.behind(*q.after) > 0 {
			found = append(found, x)
		}
	}
	slices.SortFunc(found, func(a, b placed) int { return a.behind(b.cursor) })
	if len(found) > q.limit {
		found = found[:q.limit]
		p.Next = found[q.limit-1].String()
	}
	items := make([]item, 0, len(found))
	for _, x := range found {
		items = append(items, x.it.copy())
	}
	f.mu.RUnlock()
	p.Items = make([]Finding, 0, len(items))
	for n := range items {
		p.Items = append(p.Items, f.view(&items[n]))
	}
	return p
}

// Facets are how many findings there are of what, each counted without its own part of the query.
type Facets struct {
	Status    map[string]int `json:"status"`
	Severity  map[string]int `json:"severity"`
	Source    map[string]int `json:"source"`
	Verdict   map[string]int `json:"verdict"`
	Site      map[string]int `json:"site"`
	Rule      []RuleTick     `json:"rule"`
	Technique []NameTick     `json:"technique"`
	Tactic    []NameTick     `json:"tactic"`
	Entity    []EntityTick   `json:"entity"`
}

// RuleTick is how many findings a rule made.
type RuleTick struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Count int    `json:"count"`
}

// NameTick is how many findings name a technique or a tactic.
type NameTick struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	French string `json:"french,omitempty"` // of a tactic
	Count  int    `json:"count"`
}

// EntityTick is how many findings are about somebody or something.
type EntityTick struct {
	Kind   string `json:"kind"`
	Value  string `json:"value"`
	Device uint64 `json:"device,omitempty"`
	Name   string `json:"name,omitempty"`
	Count  int    `json:"count"`
}

// who is an entity as it is counted.
type who struct {
	kind   string
	value  string
	addr   netip.Addr
	device uint64
}

func (f *Findings) facets(q *query) Facets {
	out := Facets{Status: map[string]int{"open": 0, "snoozed": 0, "closed": 0}, Severity: map[string]int{}, Source: map[string]int{}, Verdict: map[string]int{}, Site: map[string]int{}}
	for _, s := range signal.Severities() {
		out.Severity[s] = 0
	}
	rules, techniques, tactics, entities := map[*rule]int{}, map[*rule]int{}, map[*rule]int{}, map[who]int{}
	addrs := map[uint64]netip.Addr{} // of devices
	f.mu.RLock()
	for _, it := range f.items {
		failed := q.mask(it)
		if failed&(failed-1) != 0 || failed == 1<<byParts {
			continue // more than one part, or what no facet leaves out
		}
		only := func(part int) bool { return failed == 0 || failed == 1<<part }
		tick(out.Status, string(it.Word.Status), only(byStatus))
		tick(out.Severity, it.Severity.String(), only(bySeverity))
		tick(out.Source, it.rule.Source, only(bySource))
		tick(out.Verdict, string(it.Word.Verdict), only(byVerdict) && it.Word.Verdict != "")
		tick(out.Site, it.Site, only(bySite) && it.Site != "")
		tick(rules, f.ruleNow(it), only(byRule))
		tick(techniques, it.rule, only(byTechnique))
		tick(tactics, it.rule, only(byTactics))
		if only(byEntity) {
			it.tickEntities(entities, addrs)
		}
	}
	f.mu.RUnlock()
	for ru, n := range rules {
		out.Rule = append(out.Rule, RuleTick{ru.ID, ru.Title, n})
	}
	out.Rule = most(out.Rule, func(a, b RuleTick) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID)) })
	out.Technique, out.Tactic = nameTicks(techniques, tactics)
	out.Entity = f.entityTicks(entities, addrs)
	return out
}

// ruleNow is the rule of an item as it stands, so that its versions are counted as one. The lock is held.
func (f *Findings) ruleNow(it *item) *rule {
	if ru := f.rules[it.Rule]; ru != nil {
		return ru
	}
	return it.rule
}

func tick[K comparable](m map[K]int, k K, is bool) {
	if is {
		m[k]++
	}
}

func most[T any](all []T, order func(a, b T) int) []T {
	slices.SortFunc(all, order)
	return append([]T{}, all[:min(len(all), mostTicks)]...)
}

func (it *item) tickEntities(entities map[who]int, addrs map[uint64]netip.Addr) {
	for n, e := range [...]*end{&it.Source, &it.Target} {
		switch {
		case e.Many:
		case n == 1 && e.place() == it.Source.place():
		case e.Device != 0:
			entities[who{kind: "device", device: e.Device}]++
			addrs[e.Device] = e.Addr
		case e.Addr.IsValid():
			entities[who{kind: "address", addr: e.Addr}]++
		}
	}
	for _, o := range it.Others {
		entities[who{kind: o.Kind, value: o.Value}]++
	}
}

func nameTicks(techniques, tactics map[*rule]int) (a, b []NameTick) {
	ofTechnique, ofTactic := map[string]*NameTick{}, map[string]*NameTick{}
	add := func(to map[string]*NameTick, t NameTick) {
		if to[t.ID] == nil {
			to[t.ID] = &NameTick{ID: t.ID, Name: t.Name, French: t.French}
		}
		to[t.ID].Count += t.Count
	}
	for ru, n := range techniques {
		for _, t := range ru.techniques {
			add(ofTechnique, NameTick{ID: t.ID, Name: t.Name, Count: n})
		}
	}
	for ru, n := range tactics {
		seen := map[string]bool{}
		for _, t := range ru.techniques {
			for _, x := range t.Tactics {
				if !seen[x.ID] {
					seen[x.ID] = true
					add(ofTactic, NameTick{ID: x.ID, Name: x.Name, French: x.French, Count: n})
				}
			}
		}
	}
	list := func(m map[string]*NameTick) []NameTick {
		all := []NameTick{}
		for _, t := range m {
			all = append(all, *t)
		}
		return most(all, func(a, b NameTick) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID)) })
	}
	return list(ofTechnique), list(ofTactic)
}

func (f *Findings) entityTicks(entities map[who]int, addrs map[uint64]netip.Addr) []EntityTick {
	type one struct {
		who
		n int
	}
	var all []one
	for w, n := range entities {
		all = append(all, one{w, n})
	}
	all = most(all, func(a, b one) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.kind, b.kind), cmp.Compare(a.device, b.device), a.addr.Compare(b.addr), cmp.Compare(a.value, b.value))
	})
	out := []EntityTick{}
	for _, x := range all {
		t := EntityTick{Kind: x.kind, Value: x.value, Device: x.device, Count: x.n}
		switch x.kind {
		case "address":
			t.Value = x.addr.String()
		case "device":
			e := Entity{Device: x.device}
			f.describe(&e)
			t.Name, t.Value = e.Name, address(addrs[x.device])
		}
		out = append(out, t)
	}
	return out
}
