package story

import (
	"cmp"
	"slices"
)

// Burst is what one rule found on one entity, until it was quiet.
type Burst struct {
	ID       uint64   `json:"id"`
	Rule     string   `json:"rule"`
	Entity   string   `json:"entity"`
	First    int64    `json:"first"`
	Last     int64    `json:"last"`
	Count    uint64   `json:"count"`
	Decade   uint64   `json:"decade"` // the power of ten at which its volume was weighed last
	Score    float64  `json:"score"`
	New      Novelty  `json:"new"`
	Incident uint64   `json:"incident,omitempty"`
	IDs      []string `json:"ids,omitempty"`
	Told
}

// Pair is what is remembered of a rule on an entity.
type Pair struct {
	Times int    `json:"times"` // bursts so far
	Last  int64  `json:"last"`
	Burst uint64 `json:"burst"` // the last
}

// Rule is what is remembered of a rule.
type Rule struct {
	Bursts   int    `json:"bursts"`
	Entities int    `json:"entities"`
	Largest  uint64 `json:"largest"` // alerts in a burst
	Last     int64  `json:"last"`
}

// Entity is what is remembered of an entity.
type Entity struct {
	Recent   []uint64 `json:"recent,omitempty"`   // bursts, the first begun first
	Bursts   int      `json:"bursts"`             // that name it, ever
	Incident uint64   `json:"incident,omitempty"` // the last that it came into
	Joined   int64    `json:"joined,omitempty"`   // when something of it last did
	Before   int      `json:"before,omitempty"`   // bursts that had named it before it did
	First    int64    `json:"first"`
	Last     int64    `json:"last"`
}

// State is what else is remembered of a site.
type State struct {
	Began    int64   `json:"began"`
	Now      int64   `json:"now"`
	Burst    uint64  `json:"burst"`    // the last
	Openings float64 `json:"openings"` // by risk that no incident took, fading
	OpensAt  int64   `json:"opens_at"`
}

// key is a rule on an entity.
type key struct{ rule, entity string }

// Counts say what was forgotten to stay within bounds.
type Counts struct{ Pairs, Rules, Entities, Bursts, Joins uint64 }

// Site is what is known of one site. Make it with [New].
type Site struct {
	set      Settings
	next     func() uint64 // number of the next incident
	state    State
	pairs    map[key]*Pair
	rules    map[string]*Rule
	entities map[string]*Entity
	bursts   map[uint64]*Burst
	recent   []uint64 // bursts of the last while, the first begun first
	open     map[uint64]*Incident
	Counts   Counts
	changed  changes
}

// New makes a site of which nothing is known. next numbers incidents.
func New(s Settings, next func() uint64) *Site {
	return &Site{set: s, next: next, pairs: map[key]*Pair{}, rules: map[string]*Rule{}, entities: map[string]*Entity{}, bursts: map[uint64]*Burst{},
		open: map[uint64]*Incident{}, changed: newChanges()}
}

// Take takes a finding in, and says which incidents it changed. Time never goes back: what comes late counts as of now.
func (s *Site) Take(f *Finding) []Change {
	if s.state.Began == 0 {
		s.state.Began = f.At
	}
	s.state.Now = max(s.state.Now, f.At)
	changed := s.settle()
	var before Rule // all subjects of a finding see its rule as it was before it
	if len(f.Subjects) > 0 {
		before = *s.rule(f.Rule)
	}
	for _, e := range f.Subjects {
		b, more := s.burst(f, e, &before)
		if !more {
			continue
		}
		if c, ok := s.place(f, b); ok {
			changed = append(changed, c)
		}
	}
	return changed
}

// burst is the burst of a finding on an entity, and whether it weighs more than before.
func (s *Site) burst(f *Finding, entity string, before *Rule) (*Burst, bool) {
	now, k := s.state.Now, key{f.Rule, entity}
	p, ru, en := s.pair(k), s.rule(f.Rule), s.entity(entity)
	last := p.Last
	p.Last, ru.Last, en.Last = now, now, now
	if b := s.bursts[p.Burst]; b != nil && now-last <= int64(s.set.Gap) && now-b.First <= int64(s.set.Span) {
		return b, s.swell(b, ru, f)
	}
	s.state.Burst++
	b := &Burst{ID: s.state.Burst, Rule: f.Rule, Entity: entity, First: now, Last: now, Count: max(1, f.Count), Decade: 1,
		Told: Told{Title: f.Title, From: f.From, To: f.To, Names: f.Names, Severity: min(f.Severity, 4), Tactics: f.Tactics, Techniques: f.Techniques}}
	if f.ID != "" {
		b.IDs = []string{f.ID}
	}
	b.New, b.Score = s.score(f, p, before)
	if p.Times == 0 {
		ru.Entities++
	}
	p.Times++
	ru.Bursts++
	p.Burst = b.ID
	s.remember(en, b)
	ru.Largest = max(ru.Largest, b.Count)
	return b, true
}

// remember adds a burst to those of its entity and of the site, and forgets those that are too old to link. A burst is remembered
// as long as its entity remembers it.
func (s *Site) remember(en *Entity, b *Burst) {
	en.Bursts++
	for _, n := range b.Names {
		s.entity(n).Bursts++
	}
	if len(s.bursts) >= s.set.Pairs {
		s.Counts.Bursts += forget(s.bursts, s.changed.bursts, func(b *Burst) int64 { return b.Last }, cmp.Compare)
	}
	s.bursts[b.ID] = b
	s.changed.bursts[b.ID] = true
	recent := en.Recent[:0:0]
	for n, id := range en.Recent {
		if o := s.bursts[id]; o == nil || s.state.Now-o.Last > 4*int64(s.set.HalfLife) || len(en.Recent)-n >= mostRecent {
			s.dropBurst(id)
			continue
		}
		recent = append(recent, id)
	}
	en.Recent = append(recent, b.ID)
	s.recent = append(slices.DeleteFunc(s.recent, func(id uint64) bool {
		o := s.bursts[id]
		return o == nil || s.state.Now-o.First > int64(s.set.Near)
	}), b.ID)
	s.recent = s.recent[max(0, len(s.recent)-mostRecent):]
}

// mostRecent is how many bursts of an entity, and of a site, are looked at for what is at the same time.
const mostRecent = 256

// swell adds a finding to a burst, weighs one that outgrows all of its rule, and says whether there is something new to it.
func (s *Site) swell(b *Burst, ru *Rule, f *Finding) bool {
	b.Last = s.state.Now
	b.Count += max(1, f.Count)
	grown := false
	if len(b.IDs) < mostIDs && f.ID != "" && !slices.Contains(b.IDs, f.ID) {
		b.IDs = append(b.IDs, f.ID)
		grown = b.Incident != 0
	}
	s.changed.bursts[b.ID] = true
	for b.Count >= 10*b.Decade {
		b.Decade *= 10
		if b.Decade >= 10*ru.Largest {
			b.Score += s.set.Volume
			ru.Largest = b.Decade
			grown = true
		}
	}
	return grown
}

// Now is the time of the last finding, unix nanoseconds.
func (s *Site) Now() int64 { return s.state.Now }

// Of is the incident that an entity is in, while it goes on; 0: none.
func (s *Site) Of(entity string) uint64 {
	en := s.entities[entity]
	if en == nil || s.open[en.Incident] == nil {
		return 0
	}
	return en.Incident
}

// Leading are the titles of the bursts of an entity that weigh most now, the heaviest first.
func (s *Site) Leading(entity string, most int) (all []string) {
	en := s.entities[entity]
	if en == nil {
		return nil
	}
	var bursts []*Burst
	for _, id := range en.Recent {
		if b := s.bursts[id]; b != nil {
			bursts = append(bursts, b)
		}
	}
	slices.SortStableFunc(bursts, func(a, b *Burst) int { return cmp.Compare(b.Score, a.Score) })
	for _, b := range bursts {
		all = with(all, most, cmp.Or(b.Title, b.Rule))
	}
	return all
}
