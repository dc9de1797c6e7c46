package containment

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
)

// Page is a part of a list, the newest first.
type Page struct {
	Items  []Lease       `json:"items"`
	Total  int           `json:"total"`
	Next   string        `json:"next"`
	Counts map[State]int `json:"counts"` // of all of them
}

// Detail is a lease with what happened to it.
type Detail struct {
	Lease
	History []Line `json:"history"`
}

const mostListed = 500

// query is what is listed.
type query struct {
	states           []State
	target, incident string
	limit            int
	before           uint64
}

func readQuery(v url.Values) (q query, err error) {
	q = query{target: v.Get("target"), incident: v.Get("incident"), limit: 100}
	for _, text := range v["state"] {
		for _, s := range strings.Split(text, ",") {
			if s == "" {
				continue
			}
			if !slices.Contains(States(), State(s)) {
				return q, wrong("state %q is none of %v", s, States())
			}
			q.states = append(q.states, State(s))
		}
	}
	if text := v.Get("limit"); text != "" {
		if q.limit, err = strconv.Atoi(text); err != nil || q.limit < 1 || q.limit > mostListed {
			return q, wrong("limit %q is not between 1 and %d", text, mostListed)
		}
	}
	if text := v.Get("after"); text != "" {
		if q.before, err = strconv.ParseUint(text, 10, 63); err != nil {
			return q, wrong("after %q is not what a list gave", text)
		}
	}
	return q, nil
}

func (q *query) takes(l *Lease) bool {
	return (len(q.states) == 0 || slices.Contains(q.states, l.State)) && (q.target == "" || q.target == l.Target) && (q.incident == "" || q.incident == l.Incident)
}

// list is a page of leases.
func (c *Containment) list(q query) Page {
	c.mu.RLock()
	defer c.mu.RUnlock()
	p := Page{Items: []Lease{}, Counts: map[State]int{}}
	for _, l := range c.leases {
		p.Counts[l.State]++
		if !q.takes(l) {
			continue
		}
		p.Total++
		if q.before == 0 || l.ID < q.before {
			p.Items = append(p.Items, *l.bare())
		}
	}
	slices.SortFunc(p.Items, func(a, b Lease) int { return cmp.Compare(b.ID, a.ID) })
	if len(p.Items) > q.limit {
		p.Items = p.Items[:q.limit]
		p.Next = fmt.Sprint(p.Items[q.limit-1].ID)
	}
	return p
}

// Of are the leases that answer an incident, the newest first, as a list has them.
func (c *Containment) Of(incident string) []Lease {
	return c.list(query{incident: incident, limit: mostListed}).Items
}

// bare is a lease without what is long.
func (l *Lease) bare() *Lease {
	v := l.copy()
	v.Preview, v.Keep = nil, nil
	if v.Longer != nil {
		v.Longer.Preview = nil
	}
	return v
}

// Show is one lease with all there is of it.
func (c *Containment) Show(ctx context.Context, id uint64) (Detail, error) {
	c.mu.RLock()
	l, err := c.find(id)
	c.mu.RUnlock()
	if err != nil {
		return Detail{}, err
	}
	var rows []lineRow
	if err := c.needs.DB.Read().NewSelect().Model(&rows).Where("lease = ?", int64(id)).Order("n").Limit(mostListed).Scan(ctx); err != nil {
		return Detail{}, err
	}
	d := Detail{Lease: *l.copy(), History: []Line{}}
	for _, row := range rows {
		var line Line
		if err := json.Unmarshal([]byte(row.Doc), &line); err != nil {
			return Detail{}, fmt.Errorf("history of lease %d: %w", id, err)
		}
		d.History = append(d.History, line)
	}
	return d, nil
}

// Waiting are the leases that wait for the yes of whoever asks.
func (c *Containment) Waiting(a Asker) []Lease {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := []Lease{}
	for id, l := range c.leases {
		if _, err := c.answerable(id, a); err != nil {
			continue
		}
		if v, _ := l.question(); slices.ContainsFunc(v.Missing, func(r string) bool { return slices.Contains(a.Roles, r) }) {
			out = append(out, *l.copy())
		}
	}
	slices.SortFunc(out, func(a, b Lease) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// PointView is how an enforcement point is.
type PointView struct {
	Name string   `json:"name"`
	Acts []string `json:"acts"`
	// Effects are how deep each act can cut.
	Effects map[string][]string `json:"effects,omitempty"`
	// Set is false where the point was not set up: it then does nothing, and nothing is wrong.
	Set     bool      `json:"set"`
	Works   bool      `json:"available"`
	Problem string    `json:"problem,omitempty"`
	Wanted  int       `json:"wanted"`
	Held    int       `json:"held"`
	Checked time.Time `json:"checked,omitzero"`
	// Unproven says that nobody at this site has seen it work; Confirmed is who has, where one must.
	Unproven  bool       `json:"unproven,omitempty"`
	Confirmed *Confirmed `json:"confirmed,omitempty"`
}

// pointViews are the enforcement points, with who confirmed them where one must.
func (c *Containment) pointViews(ctx context.Context) ([]PointView, error) {
	out := c.Points()
	for i, p := range c.needs.Points {
		if _, ok := p.(Unproven); !ok {
			continue
		}
		who, err := c.confirmed(ctx, p)
		if err != nil {
			return nil, err
		}
		out[i].Confirmed, out[i].Unproven = who, who == nil
	}
	return out, nil
}

// Points is how each enforcement point stands.
func (c *Containment) Points() []PointView {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := []PointView{}
	for _, p := range c.needs.Points {
		s := c.points[p.Name()]
		v := PointView{Name: p.Name(), Acts: p.Acts(), Works: s.problem == nil && !s.checked.IsZero(), Wanted: s.wanted, Held: s.held, Checked: s.checked}
		if x, ok := p.(Settable); !ok || x.Set() {
			v.Set = true
		}
		if c.needs.Effects != nil {
			v.Effects = map[string][]string{}
			for _, a := range v.Acts {
				v.Effects[a] = c.needs.Effects(a)
			}
		}
		if s.problem != nil {
			v.Problem = s.problem.Error()
		}
		out = append(out, v)
	}
	return out
}

// tell shows those who look that a lease changed. A lock is held.
func (c *Containment) tell(l *Lease) {
	c.needs.Live("containment", struct {
		Changed []Lease `json:"changed"`
	}{[]Lease{*l.bare()}})
}

// forget forgets a lease that is over for long. The lock is held.
func (c *Containment) forget(ctx context.Context, l *Lease) error {
	err := c.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		ids := []uint64{l.ID}
		key := func(id uint64) []any { return []any{int64(id)} }
		if err := db.Drop(ctx, tx, (*lineRow)(nil), ids, "lease", key); err != nil {
			return err
		}
		return db.Drop(ctx, tx, (*leaseRow)(nil), ids, "id", key)
	})
	if err == nil {
		delete(c.leases, l.ID)
	}
	return err
}
