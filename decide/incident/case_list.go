package incident

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"bulwark/decide/incident/law"
)

// CaseItem is a case as lists show it.
type CaseItem struct {
	ID      uint64    `json:"id"`
	Title   string    `json:"title"`
	Status  Status    `json:"status"`
	Owner   string    `json:"owner,omitempty"`
	Changed time.Time `json:"changed"`
	// Tasks are those that are not done yet.
	Tasks int `json:"tasks"`
	// Clock is the one that runs out first; nil: none runs.
	Clock *law.Clock `json:"clock,omitempty"`

	rev uint64
}

// CasePage is a page of cases.
type CasePage struct {
	Items []CaseItem `json:"items"`
	Total int        `json:"total"`
	Next  string     `json:"next"`
}

// CaseQuery narrows a list of cases down. Empty fields are of any.
type CaseQuery struct {
	Status, Owner string
	After         uint64 // the last of the page before; 0: none
	Limit         int
}

// item is a case in short.
func (c *Case) item() CaseItem {
	it := CaseItem{ID: c.ID, Title: c.Title, Status: c.Status, Owner: c.Owner, Changed: c.Changed, rev: c.Rev}
	for _, t := range c.Tasks {
		if !t.Done {
			it.Tasks++
		}
	}
	if c.Status != Open {
		return it
	}
	for _, k := range c.shown().Clocks {
		if k.Applies && k.Declared.IsZero() && (it.Clock == nil || k.Due.Before(it.Clock.Due)) {
			it.Clock = &k
		}
	}
	return it
}

// urgent orders cases: the one whose clock runs out first, those without a clock, the newest first, and those that are closed.
func urgent(a, b CaseItem) int {
	rank := func(c CaseItem) int {
		switch {
		case c.Status != Open:
			return 2
		case c.Clock == nil:
			return 1
		}
		return 0
	}
	order := cmp.Compare(rank(a), rank(b))
	if order == 0 && a.Clock != nil && b.Clock != nil {
		order = a.Clock.Due.Compare(b.Clock.Due)
	}
	return cmp.Or(order, cmp.Compare(b.ID, a.ID))
}

// Cases is a page of cases, the most urgent first. It is answered from memory.
func (i *Incidents) Cases(q CaseQuery) CasePage {
	p := CasePage{Items: []CaseItem{}}
	var found []CaseItem
	i.mu.RLock()
	for _, c := range i.listed {
		if (q.Status == "" || q.Status == string(c.Status)) && (q.Owner == "" || q.Owner == c.Owner) {
			found = append(found, c)
		}
	}
	i.mu.RUnlock()
	p.Total = len(found)
	slices.SortFunc(found, urgent)
	if n := slices.IndexFunc(found, func(c CaseItem) bool { return c.ID == q.After }); n >= 0 {
		found = found[n+1:]
	}
	p.Items = append(p.Items, found[:min(len(found), q.Limit)]...)
	if len(found) > q.Limit {
		p.Next = strconv.FormatUint(found[q.Limit-1].ID, 10)
	}
	return p
}
