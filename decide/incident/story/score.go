package story

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// score is how new a burst is, and what it weighs.
func (s *Site) score(f *Finding, p *Pair, ru *Rule) (Novelty, float64) {
	age := min(1, float64(s.state.Now-s.state.Began)/float64(s.set.Learning))
	learnt := s.set.LearningFrom + (1-s.set.LearningFrom)*age*age
	novelty, novel := Known, s.set.Known/float64(1+p.Times)
	switch {
	case ru.Bursts == 0:
		novelty, novel = ToSite, s.set.NewToSite
	case p.Times == 0:
		novelty, novel = ToEntity, s.set.NewToEntity/(1+s.set.Spread*float64(ru.Entities))
	}
	if age < 1 {
		novelty = Learning
	}
	bad := min(f.Severity, 4)
	score := novel*learnt*s.set.Severity[bad] + s.set.Bare[bad]/(1+float64(ru.Bursts)/10)
	if f.Confidence > 0 {
		score *= 0.5 + float64(min(f.Confidence, 100))/200
	}
	return novelty, score * orOne(f.Weight) * orOne(f.Care)
}

func orOne(v float64) float64 {
	if v <= 0 {
		return 1
	}
	return v
}

// Risk is what an entity weighs at a time.
func (s *Site) Risk(entity string, at int64) float64 {
	en := s.entities[entity]
	if en == nil {
		return 0
	}
	return s.risk(en, at, func(*Burst) bool { return true })
}

// weigh is what those of an entity's bursts that count weigh now.
func (s *Site) weigh(en *Entity, counts func(*Burst) bool) float64 {
	return s.risk(en, s.state.Now, counts)
}

func (s *Site) risk(en *Entity, at int64, counts func(*Burst) bool) float64 {
	var all []*Burst
	for _, id := range en.Recent {
		if b := s.bursts[id]; b != nil && counts(b) {
			all = append(all, b)
		}
	}
	return s.set.weight(all, func(b *Burst) float64 { return half(at-b.Last, s.set.HalfLife) })
}

// weight is what bursts weigh together, the first begun first: each rule once, moments of them, each less than the one before.
func (set *Settings) weight(all []*Burst, share func(*Burst) float64) float64 {
	heaviest := map[string]*Burst{}
	var tactics []string
	for _, b := range all {
		if o := heaviest[b.Rule]; o == nil || b.Score*share(b) > o.Score*share(o) {
			heaviest[b.Rule] = b
		}
		for _, t := range b.Tactics {
			if !slices.Contains(tactics, t) {
				tactics = append(tactics, t)
			}
		}
	}
	var moments, moment []float64
	var from int64
	for _, b := range all {
		if heaviest[b.Rule] != b {
			continue
		}
		if len(moment) > 0 && b.First-from > int64(set.Moment) {
			moments, moment = append(moments, fading(moment, set.Echo)), moment[:0]
		}
		if len(moment) == 0 {
			from = b.First
		}
		moment = append(moment, b.Score*share(b))
	}
	moments = append(moments, fading(moment, set.Echo))
	return fading(moments, set.Fade) * (1 + set.Stage*float64(max(0, len(tactics)-1)))
}

// fading is the sum of what each adds, the heaviest first, each further one by so much less.
func fading(all []float64, by float64) float64 {
	slices.SortFunc(all, func(a, b float64) int { return cmp.Compare(b, a) })
	total, share := 0.0, 1.0
	for _, v := range all {
		total += v * share
		share *= by
	}
	return total
}

func half(age int64, life time.Duration) float64 {
	return math.Exp2(-float64(max(0, age)) / float64(life))
}

// rare says whether what happened so often since the site is watched happens too seldom to be expected within a span.
func (s *Site) rare(times int, within time.Duration) bool {
	watched := max(s.state.Now-s.state.Began, int64(s.set.Near))
	return float64(times)/float64(watched)*float64(within) <= s.set.Chance
}
