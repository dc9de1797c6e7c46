package incident

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bulwark/decide/incident/story"
	"bulwark/event"
)

// ErrQuery means that a list cannot be asked for like that.
var ErrQuery = errors.New("incident: that cannot be asked")

// query is which incidents are wanted.
type query struct {
	status, severity, band, site []string
	entity, owner, sort          string
	words                        []string
	limit                        int
	after                        uint64 // the last of the page before; 0: none
}

const (
	usualLimit = 100
	mostLimit  = 500
)

func readQuery(v url.Values) (q query, err error) {
	q = query{status: v["status"], severity: v["severity"], band: v["band"], site: v["site"], entity: v.Get("entity"), owner: v.Get("owner"),
		sort: cmp.Or(v.Get("sort"), "risk"), words: strings.Fields(strings.ToLower(v.Get("q"))), limit: usualLimit}
	for name, all := range map[string][]string{"status": {"open", "contained", "closed"}, "severity": event.Severities(), "band": {"none", "low", "medium", "high", "critical"}} {
		for _, s := range v[name] {
			if !slices.Contains(all, s) {
				return q, fmt.Errorf("%w: %s %q is none of %s", ErrQuery, name, s, strings.Join(all, ", "))
			}
		}
	}
	if !slices.Contains([]string{"risk", "last", "first"}, q.sort) {
		return q, fmt.Errorf("%w: sort %q is none of risk, last, first", ErrQuery, q.sort)
	}
	if s := v.Get("limit"); s != "" {
		if q.limit, err = strconv.Atoi(s); err != nil || q.limit < 1 || q.limit > mostLimit {
			return q, fmt.Errorf("%w: limit %q is not between 1 and %d", ErrQuery, s, mostLimit)
		}
	}
	if s := v.Get("after"); s != "" {
		if q.after, err = strconv.ParseUint(s, 10, 63); err != nil {
			return q, fmt.Errorf("%w: after %q is no incident", ErrQuery, s)
		}
	}
	return q, nil
}

// Page is a part of a list.
type Page struct {
	Items  []Incident                `json:"items"`
	Total  int                       `json:"total"`
	All    int                       `json:"all"`
	Next   string                    `json:"next"`
	Facets map[string]map[string]int `json:"facets"`
}

// list are the incidents that are wanted.
func (i *Incidents) list(q query) Page {
	i.mu.RLock()
	defer i.mu.RUnlock()
	p := Page{Items: []Incident{}, All: len(i.items), Facets: map[string]map[string]int{"status": {}, "severity": {}, "band": {}, "owner": {}}}
	var found []*item
	for _, it := range i.items {
		if i.fits(it, &q) {
			found = append(found, it)
			p.Facets["status"][string(it.Word.Status)]++
			p.Facets["severity"][event.SeverityName(it.severity())]++
			p.Facets["band"][band(it.Story.Risk, i.set)]++
			p.Facets["owner"][cmp.Or(it.Word.Owner, "none")]++
		}
	}
	p.Total = len(found)
	slices.SortFunc(found, func(a, b *item) int {
		x, y := a.Story, b.Story
		switch q.sort {
		case "last":
			return cmp.Or(cmp.Compare(y.Last, x.Last), cmp.Compare(y.ID, x.ID))
		case "first":
			return cmp.Or(cmp.Compare(y.First, x.First), cmp.Compare(y.ID, x.ID))
		}
		return cmp.Or(cmp.Compare(y.Risk, x.Risk), cmp.Compare(y.ID, x.ID))
	})
	if n := slices.IndexFunc(found, func(it *item) bool { return it.Story.ID == q.after }); n >= 0 {
		found = found[n+1:]
	}
	for _, it := range found[:min(len(found), q.limit)] {
		p.Items = append(p.Items, i.view(it))
	}
	if len(found) > q.limit {
		p.Next = strconv.FormatUint(found[q.limit-1].Story.ID, 10)
	}
	return p
}

// fits says whether an incident is wanted.
func (i *Incidents) fits(it *item, q *query) bool {
	any := func(all []string, is string) bool { return len(all) == 0 || slices.Contains(all, is) }
	if !any(q.status, string(it.Word.Status)) || !any(q.severity, event.SeverityName(it.severity())) || !any(q.band, band(it.Story.Risk, i.set)) || !any(q.site, it.Story.Site) {
		return false
	}
	if q.owner != "" && q.owner != cmp.Or(it.Word.Owner, "none") {
		return false
	}
	if q.entity != "" && !i.names(it, q.entity) {
		return false
	}
	if len(q.words) == 0 {
		return true
	}
	text := strings.ToLower(i.title(it).EN + " " + i.title(it).FR)
	for _, r := range it.Story.Joins {
		text += " " + strings.ToLower(r.Title+" "+r.Rule)
	}
	for _, e := range it.Story.Entities {
		text += " " + strings.ToLower(e+" "+i.name(e).EN)
	}
	return !slices.ContainsFunc(q.words, func(w string) bool { return !strings.Contains(text, w) })
}

// names says whether an incident is about an entity, given as kind:value or as the value alone.
func (i *Incidents) names(it *item, entity string) bool {
	is := func(e string) bool {
		_, value, _ := strings.Cut(e, ":")
		return e == entity || value == entity
	}
	return slices.ContainsFunc(it.Story.Entities, is) || slices.ContainsFunc(it.Story.Joins, func(j story.Join) bool { return slices.ContainsFunc(j.Names, is) })
}
