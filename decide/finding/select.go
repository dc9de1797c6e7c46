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

	severities [signal.Critical + 1]bool
	entities   []named
	words      []string
	since      int64
	until      int64 // 0: no end
	sort       string
	limit      int
	after      *cursor
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
		n, ok := signal.SeverityOf(s)
		p.severities[n] = ok
		if !ok {
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
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrQuery, err)
		}
		if len(p.entities) >= mostWords {
			return nil, fmt.Errorf("%w: more than %d entities", ErrQuery, mostWords)
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
	for name, bound := range map[string]*int64{"since": &p.since, "until": &p.until} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return fmt.Errorf("%w: %s %q is no time as 2026-01-31T08:00:00Z", ErrQuery, name, text)
		}
		*bound = at.UnixNano()
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
	fail(bySeverity, len(p.severity) > 0 && !p.severities[it.Severity])
	fail(bySource, len(p.source) > 0 && !slices.Contains(p.source, it.rule.Source))
	fail(byRule, len(p.rule) > 0 && !slices.Contains(p.rule, it.Rule))
	fail(byTechnique, len(p.technique) > 0 && !it.rule.hasTechnique(p.technique))
	fail(byTactics, len(p.tactic) > 0 && !it.rule.hasTactic(p.tactic))
	fail(byVerdict, len(p.verdict) > 0 && !slices.Contains(p.verdict, string(it.Word.Verdict)))
	fail(bySite, len(p.site) > 0 && !slices.Contains(p.site, it.Site))
	for n := range p.entities {
		fail(byEntity, !it.about(&p.entities[n]))
	}
	fail(byParts, it.Last < p.since || p.until != 0 && it.First > p.until || !it.says(p.words))
	return failed
}

func (ru *rule) hasTechnique(ids []string) bool {
	return slices.ContainsFunc(ru.techniques, func(t attack.Technique) bool {
		return slices.ContainsFunc(ids, func(id string) bool {
			return t.ID == id || t.Was == id || len(t.ID) > len(id) && t.ID[len(id)] == '.' && t.ID[:len(id)] == id
		})
	})
}

func (ru *rule) hasTactic(ids []string) bool {
	return slices.ContainsFunc(ru.tactics, func(x attack.Tactic) bool { return slices.Contains(ids, x.ID) })
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
	for _, host := range [...]string{it.Source.Host, it.Target.Host} {
		b = append(append(b, strings.ToLower(host)...), ' ')
	}
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
	found := make([]placed, 0, 4*q.limit)
	cut := func() { // to as many as are shown, and one that says that there are more
		slices.SortFunc(found, func(a, b placed) int { return a.behind(b.cursor) })
		found = found[:min(len(found), q.limit+1)]
	}
	var last *cursor // behind it nothing is shown
	for _, it := range f.every {
		if q.mask(it) != 0 {
			continue
		}
		p.Total++
		x := placed{cursor{it.value(q.sort), it.ID}, it}
		if q.after != nil && x.behind(*q.after) <= 0 || last != nil && x.behind(*last) > 0 {
			continue
		}
		if found = append(found, x); len(found) == cap(found) {
			cut()
			end := found[len(found)-1].cursor
			last = &end
		}
	}
	cut()
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

// tally counts for facets.
type tally struct {
	status   map[Status]int
	severity [signal.Critical + 1]int
	verdict  map[Verdict]int
	site     map[string]int
	rules    map[*rule]*ofRule
	devices  map[uint64]int
	addrs    map[netip.Addr]int
	others   map[signal.Entity]int
	at       map[uint64]netip.Addr // of devices
}

// ofRule are the counts that follow from the rule.
type ofRule struct{ rule, source, technique, tactic int }

func (f *Findings) facets(q *query) Facets {
	t := &tally{map[Status]int{}, [signal.Critical + 1]int{}, map[Verdict]int{}, map[string]int{}, map[*rule]*ofRule{}, map[uint64]int{}, map[netip.Addr]int{},
		map[signal.Entity]int{}, map[uint64]netip.Addr{}}
	f.mu.RLock()
	for _, it := range f.every {
		failed := q.mask(it)
		if failed&(failed-1) == 0 && failed != 1<<byParts { // one part at most, and one that a facet leaves out
			t.add(it, failed)
		}
	}
	f.mu.RUnlock()
	out := Facets{Status: map[string]int{"open": t.status[Open], "snoozed": t.status[Snoozed], "closed": t.status[Closed]}, Severity: map[string]int{},
		Source: map[string]int{}, Verdict: map[string]int{}, Site: t.site}
	for n, count := range t.severity {
		out.Severity[signal.Severity(n).String()] = count
	}
	for v, count := range t.verdict {
		out.Verdict[string(v)] = count
	}
	ids := map[string]*RuleTick{}
	for ru, n := range t.rules {
		tick(out.Source, ru.Source, n.source)
		if ids[ru.ID] == nil && n.rule > 0 {
			ids[ru.ID] = &RuleTick{ru.ID, ru.Title, 0}
		}
		if n.rule > 0 {
			ids[ru.ID].Count += n.rule
		}
	}
	for _, x := range ids {
		out.Rule = append(out.Rule, *x)
	}
	out.Rule = most(out.Rule, func(a, b RuleTick) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID)) })
	out.Technique, out.Tactic = nameTicks(t.rules)
	out.Entity = f.entityTicks(t)
	return out
}

// add counts an item that fails one part of the query at most: where it does, for the facet of that part alone.
func (t *tally) add(it *item, failed uint16) {
	one := func(part int) int {
		if failed == 0 || failed == 1<<part {
			return 1
		}
		return 0
	}
	t.status[it.Word.Status] += one(byStatus)
	t.severity[it.Severity] += one(bySeverity)
	if it.Word.Verdict != "" {
		tick(t.verdict, it.Word.Verdict, one(byVerdict))
	}
	if it.Site != "" {
		tick(t.site, it.Site, one(bySite))
	}
	n := t.rules[it.rule]
	if n == nil {
		n = &ofRule{}
		t.rules[it.rule] = n
	}
	n.rule, n.source, n.technique, n.tactic = n.rule+one(byRule), n.source+one(bySource), n.technique+one(byTechnique), n.tactic+one(byTactics)
	if one(byEntity) == 1 {
		t.entities(it)
	}
}

func tick[K comparable](m map[K]int, k K, n int) {
	if n > 0 {
		m[k] += n
	}
}

func most[T any](all []T, order func(a, b T) int) []T {
	slices.SortFunc(all, order)
	return append([]T{}, all[:min(len(all), mostTicks)]...)
}

func (t *tally) entities(it *item) {
	for n, e := range [...]*end{&it.Source, &it.Target} {
		switch {
		case e.Many:
		case n == 1 && e.place() == it.Source.place():
		case e.Device != 0:
			t.devices[e.Device]++
			t.at[e.Device] = e.Addr
		case e.Addr.IsValid():
			t.addrs[e.Addr]++
		case e.Host != "":
			t.others[signal.Entity{Kind: "host", Value: e.Host}]++
		}
	}
	for _, o := range it.Others {
		t.others[o]++
	}
}

func nameTicks(rules map[*rule]*ofRule) (a, b []NameTick) {
	ofTechnique, ofTactic := map[string]*NameTick{}, map[string]*NameTick{}
	add := func(to map[string]*NameTick, t NameTick) {
		if to[t.ID] == nil {
			to[t.ID] = &NameTick{ID: t.ID, Name: t.Name, French: t.French}
		}
		to[t.ID].Count += t.Count
	}
	for ru, n := range rules {
		for _, t := range ru.techniques {
			if n.technique > 0 {
				add(ofTechnique, NameTick{ID: t.ID, Name: t.Name, Count: n.technique})
			}
		}
		for _, x := range ru.tactics {
			if n.tactic > 0 {
				add(ofTactic, NameTick{ID: x.ID, Name: x.Name, French: x.French, Count: n.tactic})
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

func (f *Findings) entityTicks(t *tally) []EntityTick {
	var all []EntityTick
	for id, n := range t.devices {
		all = append(all, EntityTick{Kind: "device", Value: address(t.at[id]), Device: id, Count: n})
	}
	order := func(a, b EntityTick) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Value, b.Value))
	}
	type addr struct {
		netip.Addr
		n int
	}
	var addrs []addr
	for a, n := range t.addrs {
		addrs = append(addrs, addr{a, n})
	}
	for _, a := range most(addrs, func(a, b addr) int { return cmp.Or(cmp.Compare(b.n, a.n), a.Compare(b.Addr)) }) {
		all = append(all, EntityTick{Kind: "address", Value: a.String(), Count: a.n})
	}
	for o, n := range t.others {
		all = append(all, EntityTick{Kind: o.Kind, Value: o.Value, Count: n})
	}
	all = most(all, order)
	for n := range all {
		if all[n].Device != 0 {
			e := Entity{Device: all[n].Device}
			f.describe(&e)
			all[n].Name = e.Name
		}
	}
	return all
}
