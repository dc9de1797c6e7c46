package logrule

import (
	"time"

	"bulwark/detect/logrule/internal/correlate"
	"bulwark/detect/logrule/internal/sigma"
)

// resolve says which rules and correlations an id or a name means.
func (s *Set) resolve(name string) (rules, correlations []int) {
	means := func(h *sigma.Head) bool { return h.ID == name || h.Name == name }
	for n, r := range s.rules {
		if means(&r.Head) {
			rules = append(rules, n)
		}
	}
	for n, c := range s.correlations {
		if means(&c.Head) {
			correlations = append(correlations, n)
		}
	}
	return rules, correlations
}

// silence marks the rules that correlations refer to, unless these let them speak, and rejects correlations of rules that there
// are not.
func (s *Set) silence() {
	for {
		_, errs := correlate.New(s.correlations, s.resolve)
		if len(errs) == 0 {
			break
		}
		bad := map[sigma.Place]bool{}
		for _, err := range errs {
			at := err.(*sigma.Error).At // as New promises
			bad[at] = true
			s.Rejected = append(s.Rejected, Rejected{File: at.File, Why: err.Error()})
		}
		var well []*sigma.Correlation
		for _, c := range s.correlations {
			if !bad[c.At] {
				well = append(well, c)
			}
		}
		s.correlations = well // others may have referred to those
	}
	for _, c := range s.correlations {
		for _, name := range c.Rules {
			rules, _ := s.resolve(name)
			for _, n := range rules {
				s.rules[n].silent = s.rules[n].silent || !c.Generate
			}
		}
	}
}

// Correlates reports whether there are correlations.
func (s *Set) Correlates() bool { return len(s.correlations) > 0 }

// Correlator keeps what the correlations of a set need to know of events that were. It is not safe for concurrent use.
type Correlator struct {
	set    *Set
	engine *correlate.Engine
}

// Correlator makes one that has seen nothing.
func (s *Set) Correlator() *Correlator {
	e, _ := correlate.New(s.correlations, s.resolve) // what is wrong was rejected when the set was read
	return &Correlator{s, e}
}

// Correlated is a correlation that is met.
type Correlated struct {
	Rule   *Rule             `json:"rule"`
	First  time.Time         `json:"first"`
	Last   time.Time         `json:"last"`
	Group  map[string]string `json:"group,omitempty"` // the fields by which it groups
	Events int               `json:"events"`
	Value  float64           `json:"value"` // what was counted or summed
}

// Feed takes an event with the rules that match it, and returns the correlations that it meets. Events are handed to it in the order
// of their times.
func (c *Correlator) Feed(e *Event, all []Match) (out []Correlated) {
	for _, m := range all {
		for _, h := range c.engine.Feed(correlate.Match{Rule: m.number, Time: e.Time, Fields: e.texts}) {
			x := c.set.correlations[h.Correlation]
			t := c.set.about(x)
			if c.set.off[t.key()] {
				continue
			}
			out = append(out, Correlated{t, h.First, h.Last, h.Group, h.Events, h.Value})
		}
	}
	return out
}

// texts are the values of a field.
func (e *Event) texts(field string) (all []string) {
	for _, v := range e.Values(field) {
		all = append(all, v.Text)
	}
	return all
}

// Dropped is how many events and groups of events found no room.
func (c *Correlator) Dropped() uint64 { return c.engine.Dropped }

// window is what is kept of the windows of a correlation.
type window = correlate.Window

// mostKept is how many events and groups are kept over a restart, of all correlations together.
const mostKept = 100_000

func (c *Correlator) keep() (all []window, left int) { return c.engine.Keep(mostKept) }

func (c *Correlator) restore(all []window) { c.engine.Restore(all) }

// adopt goes on where the correlations of before were that are written in the same way.
func (c *Correlator) adopt(before *Correlator) { c.engine.Adopt(before.engine) }
