// Package correlate matches several events that rules match, within a span of time (Sigma correlation rules specification v2.1).
package correlate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bulwark/detect/logrule/internal/sigma"
)

// Bounds of what is kept.
const (
	MostGroups = 100_000 // of one correlation; beyond, those that were quiet for longest go, by halves
	MostEvents = 10_000  // of one group; beyond, the oldest go
	mostChain  = 16      // correlations that refer to one another
)

// Match is an event that a rule matched.
type Match struct {
	Rule   int // its number
	Time   time.Time
	Fields func(string) []string // the texts of a field; none where it is missing
}

// Hit is a correlation that is met.
type Hit struct {
	Correlation int // its number
	First, Last time.Time
	Group       map[string]string // the fields by which it groups, or their aliases
	Events      int               // that are in it
	Value       float64           // what was counted or summed
}

// Engine correlates. Matches are handed to it in the order of their times; it is not safe for concurrent use.
type Engine struct {
	all     []*correlation
	of      map[int][]feed // for each rule the correlations that it feeds
	after   map[int][]feed // for each correlation those that it feeds
	Dropped uint64         // events and groups that found no room
}

// feed says that a rule, or a correlation, is one of those that a correlation is about.
type feed struct {
	to     *correlation
	member int // which one
}

// correlation is one with what is kept of each group.
type correlation struct {
	*sigma.Correlation
	number  int
	names   []string // of its members, as it calls them
	groups  map[string]*group
	before  map[string]*group // those that were not heard of since the last halving
	dropped *uint64
}

// group is what is kept of events that have the same values.
type group struct {
	events []seen // from head on, those within the span
	head   int
	counts map[string]int // of their values, in lower case
	sum    float64        // of their numbers
	times  []time.Time    // for each member when it was last seen; in order, when the latest chain that reaches to it began
	met    bool           // the bounds held at the last event
}

type seen struct {
	at     time.Time
	value  string // several stand between [between]
	number float64
}

// between stands between the values of one field.
const between = "\x00"

// Resolve says which rules, or correlations, a name or an id means.
type Resolve func(name string) (rules, correlations []int)

// New makes an engine. The errors are of correlations that refer to what there is not, or to themselves; those are left out.
func New(all []*sigma.Correlation, resolve Resolve) (*Engine, []error) {
	e := &Engine{of: map[int][]feed{}, after: map[int][]feed{}}
	var errs []error
	refers := make([][]int, len(all))
	bad := make([]bool, len(all))
	for n, c := range all {
		for _, name := range c.Rules {
			rules, others := resolve(name)
			if len(rules)+len(others) == 0 {
				errs, bad[n] = append(errs, &sigma.Error{At: c.At, Path: "correlation.rules", Why: fmt.Sprintf("there is no rule %q", name)}), true
			}
			refers[n] = append(refers[n], others...)
		}
	}
	for n, c := range all {
		if !bad[n] && depth(refers, n, 0) > mostChain {
			errs, bad[n] = append(errs, &sigma.Error{At: c.At, Path: "correlation.rules", Why: "it refers to itself, or through too many others"}), true
		}
	}
	for n, c := range all {
		if bad[n] {
			continue
		}
		x := &correlation{Correlation: c, number: n, names: c.Rules, groups: map[string]*group{}, dropped: &e.Dropped}
		e.all = append(e.all, x)
		for member := len(c.Rules) - 1; member >= 0; member-- { // an event that is two members in order is the later one first
			rules, others := resolve(c.Rules[member])
			for _, r := range rules {
				e.of[r] = append(e.of[r], feed{x, member})
			}
			for _, o := range others {
				e.after[o] = append(e.after[o], feed{x, member})
			}
		}
	}
	return e, errs
}

// depth is how many correlations stand below one another from n on; more than mostChain: there may be no end.
func depth(refers [][]int, n, at int) int {
	if at > mostChain {
		return at
	}
	most := at
	for _, o := range refers[n] {
		most = max(most, depth(refers, o, at+1))
	}
	return most
}

// Feed takes a match, and returns the correlations that it meets.
func (e *Engine) Feed(m Match) (hits []Hit) {
	for _, f := range e.of[m.Rule] {
		hits = e.feed(f, m, hits, 0)
	}
	return hits
}

func (e *Engine) feed(f feed, m Match, hits []Hit, at int) []Hit {
	h, ok := f.to.take(f.member, m)
	if !ok || at > mostChain {
		return hits
	}
	hits = append(hits, h)
	for _, next := range e.after[f.to.number] {
		hits = e.feed(next, Match{Time: h.Last, Fields: func(name string) []string {
			if v, ok := h.Group[name]; ok {
				return []string{v}
			}
			return m.Fields(name)
		}}, hits, at+1)
	}
	return hits
}

// field is the name that a field, or an alias, has in events of a member.
func (c *correlation) field(name string, member int) string {
	if a, ok := c.Aliases[name]; ok {
		if f, ok := a[c.names[member]]; ok {
			return f
		}
	}
	return name
}

// take takes an event of a member, and reports whether the correlation is met by it and was not before. An event that lacks a field by
// which it groups is of no group: what nobody is named in is not all of one. Of several values the first groups.
func (c *correlation) take(member int, m Match) (Hit, bool) {
	fields := map[string]string{}
	var key strings.Builder
	for _, name := range c.GroupBy {
		v := m.Fields(c.field(name, member))
		if len(v) == 0 || v[0] == "" {
			return Hit{}, false
		}
		fields[name] = v[0]
		key.WriteString(strings.ToLower(v[0]))
		key.WriteByte(0)
	}
	g := c.group(key.String())
	h := Hit{Correlation: c.number, Last: m.Time, Group: fields}
	if c.Type == sigma.Temporal || c.Type == sigma.TemporalOrdered {
		h.First, h.Value = g.near(c, member, m.Time)
		h.Events = int(h.Value)
	} else {
		if !g.add(c, member, m) {
			return h, false
		}
		h.First, h.Events, h.Value = g.events[g.head].at, len(g.events)-g.head, c.value(g)
	}
	met := c.within(h)
	was := g.met
	g.met = met
	return h, met && !was
}

// add takes an event that is counted, and forgets those that are too old. It is false for one without the field that is counted.
func (g *group) add(c *correlation, member int, m Match) bool {
	x := seen{at: m.Time}
	if c.Correlation.Field != "" {
		if x.value = strings.ToLower(strings.Join(m.Fields(c.field(c.Correlation.Field, member)), between)); x.value == "" {
			return false
		}
		x.number, _ = sigma.Number(x.value)
	}
	g.put(x)
	for ; g.events[g.head].at.Before(m.Time.Add(-c.Span)); g.head++ {
		g.forget()
	}
	if len(g.events)-g.head > MostEvents {
		g.forget()
		g.head++
		*c.dropped++
	}
	if g.head > len(g.events)/2 {
		g.events, g.head = append(g.events[:0], g.events[g.head:]...), 0
	}
	return true
}

// put adds an event to what is counted.
func (g *group) put(x seen) {
	g.events = append(g.events, x)
	for v := range strings.SplitSeq(x.value, between) {
		g.counts[v]++
	}
	g.sum += x.number
}

// forget takes the oldest event out of what is counted.
func (g *group) forget() {
	x := g.events[g.head]
	for v := range strings.SplitSeq(x.value, between) {
		if g.counts[v]--; g.counts[v] == 0 {
			delete(g.counts, v)
		}
	}
	g.sum -= x.number
}

// near takes an event of a member, and says how many members there are within the span, and since when.
func (g *group) near(c *correlation, member int, at time.Time) (first time.Time, n float64) {
	if c.Type == sigma.TemporalOrdered {
		if member == 0 {
			g.times[0] = at
		} else {
			g.times[member] = g.times[member-1]
		}
		for k, began := range g.times {
			if !began.IsZero() && at.Sub(began) <= c.Span {
				first, n = began, float64(k+1)
			}
		}
		return first, n
	}
	g.times[member] = at
	first = at
	for _, t := range g.times {
		if !t.IsZero() && at.Sub(t) <= c.Span {
			n++
			if t.Before(first) {
				first = t
			}
		}
	}
	return first, n
}

// group is the one of those values.
func (c *correlation) group(key string) *group {
	if g := c.groups[key]; g != nil {
		return g
	}
	if len(c.groups) >= MostGroups/2 {
		*c.dropped += uint64(len(c.before))
		c.before, c.groups = c.groups, map[string]*group{}
	}
	g := c.before[key]
	if g == nil {
		g = &group{counts: map[string]int{}, times: make([]time.Time, len(c.names))}
	}
	delete(c.before, key)
	c.groups[key] = g
	return g
}

// within reports whether the bounds hold. Of events that are near all members are needed where there are no bounds.
func (c *correlation) within(h Hit) bool {
	if len(c.Bounds) == 0 {
		return int(h.Value) == len(c.names)
	}
	return !slices.ContainsFunc(c.Bounds, func(b sigma.Bound) bool { return !b.Holds(h.Value) })
}

// value is what the events of a group count or sum to.
func (c *correlation) value(g *group) float64 {
	n := len(g.events) - g.head
	switch c.Type {
	case sigma.EventCount:
		return float64(n)
	case sigma.ValueCount:
		return float64(len(g.counts))
	case sigma.ValueSum:
		return g.sum
	case sigma.ValueAvg:
		return g.sum / float64(n)
	}
	numbers := make([]float64, 0, n)
	for _, x := range g.events[g.head:] {
		numbers = append(numbers, x.number)
	}
	slices.Sort(numbers)
	return numbers[min(int(c.Percentile/100*float64(n)), n-1)]
}
