package story

import (
	"cmp"
	"slices"
)

// Merge puts all that is in one incident into another, as a person wants it. The other ends.
func (s *Site) Merge(into, from *Incident) {
	for _, j := range from.Joins {
		s.move(&j, into)
	}
	into.LeftOff += from.LeftOff
	if !from.Ended && into.Ended {
		into.Ended = false
		s.open[into.ID] = into
	}
	from.Joins, from.Entities, from.Rules, from.Tactics, from.Risk = nil, nil, nil, nil, 0
	s.End(from)
	s.tidy(into)
}

// Split takes bursts out of an incident into one of their own, as a person wants it.
func (s *Site) Split(in *Incident, bursts []uint64) *Incident {
	out := &Incident{ID: s.next(), Site: in.Site, Opened: s.state.Now, First: in.Last, Last: in.First, After: in.ID, Ended: in.Ended}
	var stay []Join
	for _, j := range in.Joins {
		if slices.Contains(bursts, j.Burst) {
			s.move(&j, out)
		} else {
			stay = append(stay, j)
		}
	}
	in.Joins = stay
	if !out.Ended {
		s.open[out.ID] = out
	}
	s.tidy(in)
	s.tidy(out)
	return out
}

// End lets nothing join an incident any more.
func (s *Site) End(in *Incident) {
	in.Ended = true
	delete(s.open, in.ID)
}

// Adopt says of all that an incident holds that it is there: after what a person wanted was taken back.
func (s *Site) Adopt(in *Incident) {
	for n := range in.Joins {
		if in.Joins[n].Why != Context {
			s.belongs(&in.Joins[n], in.ID)
		}
	}
	delete(s.open, in.ID)
	if !in.Ended {
		s.open[in.ID] = in
	}
}

// move puts a join into an incident, and its entity with it.
func (s *Site) move(j *Join, into *Incident) {
	j.Why, j.Via = ByHand, ""
	into.Joins = append(into.Joins, *j)
	into.Last = max(into.Last, j.At)
	if b := s.bursts[j.Burst]; b != nil {
		into.Last = max(into.Last, b.Last)
	}
	s.belongs(j, into.ID)
}

func (s *Site) belongs(j *Join, in uint64) {
	if b := s.bursts[j.Burst]; b != nil {
		b.Incident = in
		s.changed.bursts[b.ID] = true
	}
	if en := s.entities[j.Entity]; en != nil {
		en.Incident = in
		s.changed.entities[j.Entity] = true
	}
}

// tidy counts an incident anew after joins came or went.
func (s *Site) tidy(in *Incident) {
	slices.SortStableFunc(in.Joins, func(a, b Join) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Burst, b.Burst)) })
	in.LeftOff += max(0, len(in.Joins)-mostJoins)
	in.Joins = in.Joins[:min(len(in.Joins), mostJoins)]
	in.Entities, in.Rules, in.Tactics = nil, nil, nil
	for n := range in.Joins {
		j := &in.Joins[n]
		if n == 0 {
			in.First = j.At
		}
		in.list(j)
	}
	s.assess(in)
}
