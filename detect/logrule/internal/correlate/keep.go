package correlate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"bulwark/detect/logrule/internal/sigma"
)

// Window is what is kept of a correlation, so that it goes on elsewhere or later.
type Window struct {
	Of     string  `json:"of"` // the correlation, as it was written: of another text nothing goes on
	Groups []Group `json:"groups"`
}

// Group is what is kept of events that have the same values. Values are bytes: they may hold zeros.
type Group struct {
	Key    []byte  `json:"key"`
	Events []Event `json:"events,omitempty"`
	Times  []int64 `json:"times,omitempty"` // unix nanoseconds; 0: never
	Met    bool    `json:"met,omitempty"`
}

// Event is one that is counted.
type Event struct {
	At    int64  `json:"at"` // unix nanoseconds
	Value []byte `json:"value,omitempty"`
}

// open is a group whose window may still be met.
type open struct {
	of   *correlation
	key  string
	g    *group
	last time.Time
}

// Keep is what is in windows that are open: at most so many events and groups together, the newest. left is how many more there are.
func (e *Engine) Keep(most int) (all []Window, left int) {
	var groups []open
	for _, c := range e.all {
		groups = append(groups, c.open()...)
	}
	slices.SortFunc(groups, func(a, b open) int {
		return cmp.Or(b.last.Compare(a.last), cmp.Compare(a.of.number, b.of.number), cmp.Compare(a.key, b.key))
	})
	place := map[*correlation]int{}
	for _, o := range groups {
		size := 1 + len(o.g.events) - o.g.head
		if most -= size; most < 0 {
			left += size
			continue
		}
		n, ok := place[o.of]
		if !ok {
			n = len(all)
			place[o.of] = n
			all = append(all, Window{Of: o.of.print()})
		}
		all[n].Groups = append(all[n].Groups, o.g.keep(o.key))
	}
	return all, left
}

// open are the groups of which something is within the span of the newest.
func (c *correlation) open() (all []open) {
	var latest time.Time
	for _, half := range [...]map[string]*group{c.groups, c.before} {
		for key, g := range half {
			last := g.last()
			if last.After(latest) {
				latest = last
			}
			all = append(all, open{c, key, g, last})
		}
	}
	return slices.DeleteFunc(all, func(o open) bool { return o.last.Before(latest.Add(-c.Span)) })
}

func (g *group) last() (at time.Time) {
	if len(g.events) > g.head {
		return g.events[len(g.events)-1].at
	}
	for _, t := range g.times {
		if t.After(at) {
			at = t
		}
	}
	return at
}

func (g *group) keep(key string) Group {
	k := Group{Key: []byte(key), Met: g.met}
	for _, x := range g.events[g.head:] {
		k.Events = append(k.Events, Event{x.at.UnixNano(), []byte(x.value)})
	}
	if len(k.Events) > 0 {
		return k
	}
	for _, t := range g.times {
		ns := int64(0)
		if !t.IsZero() {
			ns = t.UnixNano()
		}
		k.Times = append(k.Times, ns)
	}
	return k
}

// Restore goes on where windows were kept. Those of correlations that there are no more are left aside.
func (e *Engine) Restore(all []Window) {
	of := map[string][]Group{}
	for _, w := range all {
		of[w.Of] = w.Groups
	}
	for _, c := range e.all {
		for _, k := range of[c.print()] {
			if g := c.group(string(k.Key)); !g.restore(k) {
				delete(c.groups, string(k.Key))
			}
		}
	}
}

// restore is false for what cannot be a group of the correlation.
func (g *group) restore(k Group) bool {
	if len(k.Times) > 0 && len(k.Times) != len(g.times) || len(k.Events) > MostEvents {
		return false
	}
	g.met = k.Met
	for _, x := range k.Events {
		s := seen{at: time.Unix(0, x.At), value: string(x.Value)}
		s.number, _ = sigma.Number(s.value)
		g.put(s)
	}
	for n, ns := range k.Times {
		if ns != 0 {
			g.times[n] = time.Unix(0, ns)
		}
	}
	return true
}

// Adopt goes on where another engine was, which is not used any more.
func (e *Engine) Adopt(o *Engine) {
	of := map[string]*correlation{}
	for _, c := range o.all {
		of[c.print()] = c
	}
	for _, c := range e.all {
		if was := of[c.print()]; was != nil {
			c.groups, c.before = was.groups, was.before
			delete(of, c.print())
		}
	}
}

// print tells a correlation from one that is written otherwise.
func (c *correlation) print() string {
	d := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %v %q %q %v %v %v", c.ID, c.Name, c.Title, c.Type, c.Rules, c.Span, c.GroupBy, c.Correlation.Field, c.Bounds, c.Percentile, c.Aliases))
	return hex.EncodeToString(d[:12])
}
