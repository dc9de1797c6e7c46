package story

import (
	"cmp"
	"maps"
	"slices"
)

// pair is what is remembered of a rule on an entity; an empty one where that is nothing.
func (s *Site) pair(k key) *Pair {
	p := s.pairs[k]
	if p == nil {
		if len(s.pairs) >= s.set.Pairs {
			s.Counts.Pairs += forget(s.pairs, s.changed.pairs, func(p *Pair) int64 { return p.Last }, func(a, b key) int {
				return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.entity, b.entity))
			})
		}
		p = &Pair{}
		s.pairs[k] = p
	}
	s.changed.pairs[k] = true
	return p
}

func (s *Site) rule(id string) *Rule {
	ru := s.rules[id]
	if ru == nil {
		if len(s.rules) >= s.set.Rules {
			s.Counts.Rules += forget(s.rules, s.changed.rules, func(r *Rule) int64 { return r.Last }, cmp.Compare)
		}
		ru = &Rule{}
		s.rules[id] = ru
	}
	s.changed.rules[id] = true
	return ru
}

func (s *Site) entity(id string) *Entity {
	en := s.entities[id]
	if en == nil {
		if len(s.entities) >= s.set.Entities {
			s.Counts.Entities += forget(s.entities, s.changed.entities, func(e *Entity) int64 { return e.Last }, cmp.Compare)
			s.orphan()
		}
		en = &Entity{First: s.state.Now}
		s.entities[id] = en
	}
	en.Last = s.state.Now
	s.changed.entities[id] = true
	return en
}

// forget removes the tenth of what is remembered that was not seen for the longest time, and says how many that is.
func forget[K comparable, V any](all map[K]V, changed map[K]bool, last func(V) int64, order func(a, b K) int) uint64 {
	keys := slices.SortedFunc(maps.Keys(all), func(a, b K) int { return cmp.Or(cmp.Compare(last(all[a]), last(all[b])), order(a, b)) })
	n := max(1, len(keys)/10)
	for _, k := range keys[:n] {
		delete(all, k)
		changed[k] = true
	}
	return uint64(n)
}

// orphan forgets the bursts of entities that are forgotten.
func (s *Site) orphan() {
	for id, b := range s.bursts {
		if s.entities[b.Entity] == nil {
			s.dropBurst(id)
		}
	}
}

func (s *Site) dropBurst(id uint64) {
	if s.bursts[id] != nil {
		delete(s.bursts, id)
		s.changed.bursts[id] = true
	}
}

// settle ends incidents that nothing joined for long, or that went on for too long.
func (s *Site) settle() (ended []Change) {
	for _, in := range s.Open() {
		if s.state.Now-in.Last > int64(s.set.Idle) || s.state.Now-in.First > int64(s.set.Span) {
			in.Ended = true
			delete(s.open, in.ID)
			ended = append(ended, Change{Incident: in, From: len(in.Joins)})
		}
	}
	return ended
}

// Open are the incidents that go on, the first opened first.
func (s *Site) Open() []*Incident {
	return slices.SortedFunc(maps.Values(s.open), func(a, b *Incident) int { return cmp.Compare(a.ID, b.ID) })
}
