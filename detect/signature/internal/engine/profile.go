package engine

import (
	"sync"
	"time"
)

// Cost is what a rule took since it was asked for last.
type Cost struct {
	GID, SID uint32
	Checked  uint64 // evaluations
	Matched  uint64 // of them those that held
	Sampled  uint64 // evaluations that were timed
	Nanos    uint64 // what these took
}

// sampleEvery is of how many evaluations one is timed, where nobody says otherwise; a power of two.
const sampleEvery = 1 << 10

// tally is the same of a rule by its place in the set, for one watcher.
type tally struct{ checked, matched, sampled, nanos uint64 }

// costs are those of all watchers, by rule.
type costs struct {
	mu    sync.Mutex
	all   map[[2]uint32]*Cost
	begun time.Time
}

func newCosts() *costs { return &costs{all: map[[2]uint32]*Cost{}, begun: time.Now()} }

// nanos is a clock that never goes back.
func (c *costs) nanos() int64 { return int64(time.Since(c.begun)) }

// use begins to count the rules of a set, after it has told of those before.
func (w *Watcher) use(set *Set) {
	w.report()
	w.set = set
	w.age = (w.age + 1) & (1<<(32-ownAge) - 1)
	if cap(w.tally) < len(set.rules) {
		w.tally = make([]tally, len(set.rules))
	}
	w.tally = w.tally[:len(set.rules)]
	clear(w.tally)
}

// report adds what the watcher counted to what all did.
func (w *Watcher) report() {
	c := w.shared.costs
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := range w.tally {
		t := &w.tally[n]
		if t.checked == 0 {
			continue
		}
		r := &w.set.rules[n]
		key := [2]uint32{r.GID, r.SID}
		x := c.all[key]
		if x == nil {
			x = &Cost{GID: r.GID, SID: r.SID}
			c.all[key] = x
		}
		x.Checked += t.checked
		x.Matched += t.matched
		x.Sampled += t.sampled
		x.Nanos += t.nanos
		*t = tally{}
	}
}

// Costs is what rules took since it was asked for last, as far as the watchers have told: they do when they are counted.
func (s *Shared) Costs() []Cost {
	c := s.costs
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Cost, 0, len(c.all))
	for _, x := range c.all {
		all = append(all, *x)
	}
	clear(c.all)
	return all
}

// timed is [Watcher.judge] with a look at the clock.
func (w *Watcher) timed(n int32, c *compiled) bool {
	from := w.shared.costs.nanos()
	held := w.judge(n, c)
	t := &w.tally[n]
	t.sampled++
	t.nanos += uint64(max(w.shared.costs.nanos()-from, 0))
	return held
}
