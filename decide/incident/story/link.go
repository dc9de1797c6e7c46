package story

import (
	"math"
	"slices"
	"time"
)

// place finds the incident of a burst.
func (s *Site) place(f *Finding, b *Burst) (Change, bool) {
	if b.Incident != 0 {
		return s.heavier(b)
	}
	en := s.entities[b.Entity]
	risk := s.weigh(en, func(*Burst) bool { return true })
	if b.Score >= s.set.Join {
		if in := s.open[en.Incident]; in != nil {
			return s.join(in, b, OfEntity, b.Entity, risk), true
		}
		for _, names := range [...][]string{f.Subjects, f.Names} {
			if in, via := s.naming(names, b.Entity); in != nil {
				return s.bring(in, b, Shared, via, risk), true
			}
		}
	}
	free := s.weigh(en, func(b *Burst) bool { return b.Incident == 0 }) // what is in an incident opens no other
	if in := s.ofRule(b); in != nil && (free >= s.set.Lean*s.set.Open || f.Severity >= critical && b.Score >= s.set.Join) {
		return s.bring(in, b, OfRule, b.Rule, free), true
	}
	if free >= s.set.Open {
		return s.reach(b, free), true
	}
	if in := s.during(b); in != nil && in.has(b.ID) < 0 {
		from := len(in.Joins)
		s.put(in, b, Context, "", risk)
		return Change{Incident: in, From: from}, true
	}
	return Change{}, false
}

// critical is the severity of rules that link by themselves: an outbreak makes them known to the site within minutes, and what was
// found of the tenth device then weighs little although it is the same attack.
const critical = 4

// heavier weighs an incident again of which a burst grew.
func (s *Site) heavier(b *Burst) (Change, bool) {
	in := s.open[b.Incident]
	if in == nil {
		return Change{}, false
	}
	from := len(in.Joins)
	if n := in.has(b.ID); n >= 0 {
		in.Joins[n].Score, in.Joins[n].Findings = b.Score, slices.Clone(b.IDs)
	}
	s.assess(in)
	return Change{Incident: in, From: from}, true
}

// reach is for an entity whose risk reaches the bar: it comes into an incident of the same time where such times are rare, or opens one.
func (s *Site) reach(b *Burst, risk float64) Change {
	st := &s.state
	st.Openings *= half(st.Now-st.OpensAt, 24*time.Hour)
	st.OpensAt = st.Now
	// The openings that are remembered are those of the mean time that they take to fade.
	mean := 24 * time.Hour.Seconds() / math.Ln2
	if st.Openings/mean*s.set.Near.Seconds() <= s.set.Chance {
		if in := s.pick(func(in *Incident) bool { return st.Now-in.Opened <= int64(s.set.Near) }); in != nil {
			return s.bring(in, b, OfTime, "", risk)
		}
	}
	st.Openings++
	in := &Incident{ID: s.next(), Opened: st.Now, First: b.First, Last: st.Now}
	if en := s.entities[b.Entity]; st.Now-en.Joined <= int64(s.set.Span) {
		in.After = en.Incident
	}
	s.open[in.ID] = in
	c := s.bring(in, b, Opened, b.Entity, risk)
	c.New, c.From = true, 0
	return c
}

// naming is the open incident of one of the entities, and which it is; one that was named all the time links nothing.
func (s *Site) naming(all []string, but string) (*Incident, string) {
	for _, name := range all {
		en := s.entities[name]
		if name == but || en == nil {
			continue
		}
		if in := s.open[en.Incident]; in != nil && s.rare(en.Before, s.set.Near) {
			return in, name
		}
	}
	return nil, ""
}

// ofRule is the open incident in which the rule of a burst fired within the time that links.
func (s *Site) ofRule(b *Burst) *Incident {
	return s.pick(func(in *Incident) bool {
		return slices.ContainsFunc(in.Joins, func(j Join) bool {
			return j.Rule == b.Rule && j.Why != Context && s.state.Now-j.At <= int64(s.set.Near)
		})
	})
}

// during is the grave incident that goes on while something rare happens elsewhere.
func (s *Site) during(b *Burst) *Incident {
	return s.pick(func(in *Incident) bool {
		return in.Risk >= s.set.Grave*s.set.Open && s.state.Now-in.Last <= int64(s.set.Near) && s.unexpected(b, in)
	})
}

// unexpected says whether a burst is too rare to be expected while the incident goes on.
func (s *Site) unexpected(b *Burst, in *Incident) bool {
	p := s.pairs[key{b.Rule, b.Entity}]
	return p != nil && s.rare(p.Times-1, max(s.set.Gap, time.Duration(s.state.Now-in.First)))
}

// pick is the open incident that fits, to which something was added last.
func (s *Site) pick(fits func(*Incident) bool) *Incident {
	var best *Incident
	for _, in := range s.open {
		if (best == nil || in.Last > best.Last || in.Last == best.Last && in.ID < best.ID) && fits(in) {
			best = in
		}
	}
	return best
}

// bring takes an entity into an incident, with what its risk is made of.
func (s *Site) bring(in *Incident, b *Burst, why Why, via string, risk float64) Change {
	from := len(in.Joins)
	for _, id := range s.entities[b.Entity].Recent {
		if o := s.bursts[id]; o != nil && o != b && o.Incident == 0 && o.Score >= s.set.Join && s.state.Now-o.Last <= int64(s.set.Near) {
			s.put(in, o, Built, b.Entity, risk)
		}
	}
	c := s.join(in, b, why, via, risk)
	c.From = from
	return c
}

// join adds a burst, whose entities are in the incident from then on.
func (s *Site) join(in *Incident, b *Burst, why Why, via string, risk float64) Change {
	for _, e := range append([]string{b.Entity}, b.Names...) {
		en := s.entity(e)
		if en.Incident != in.ID {
			en.Before = en.Bursts - 1
		}
		en.Incident, en.Joined = in.ID, s.state.Now
	}
	in.Last = s.state.Now
	from := len(in.Joins)
	s.put(in, b, why, via, risk)
	s.assess(in)
	return Change{Incident: in, From: from}
}

// before adds what was rare on the site just before an incident that turned out grave.
func (s *Site) before(in *Incident) {
	for _, id := range s.recent {
		b := s.bursts[id]
		if b != nil && b.Incident == 0 && in.has(b.ID) < 0 && in.First-b.First <= int64(s.set.Gap) && s.unexpected(b, in) {
			s.put(in, b, Context, "", s.Risk(b.Entity, s.state.Now))
		}
	}
}

// put writes a burst into an incident. What is only context may be that of others, too, and be a part of one later.
func (s *Site) put(in *Incident, b *Burst, why Why, via string, risk float64) {
	j := Join{Burst: b.ID, Rule: b.Rule, Entity: b.Entity, Findings: slices.Clone(b.IDs), Told: b.Told, At: b.First,
		Score: b.Score, New: b.New, Why: why, Via: via, Risk: risk}
	if why != Context {
		in.First = min(in.First, b.First)
		b.Incident = in.ID
		s.changed.bursts[b.ID] = true
	}
	switch n := in.has(b.ID); {
	case n >= 0:
		in.Joins[n] = j
	case len(in.Joins) >= mostJoins:
		in.LeftOff++
		s.Counts.Joins++
	default:
		in.Joins = append(in.Joins, j)
		in.list(&j)
	}
}

// list names what a join is about.
func (in *Incident) list(j *Join) {
	in.Entities = with(in.Entities, mostEntities, j.Entity)
	in.Rules = with(in.Rules, mostRules, j.Rule)
	in.Tactics = with(in.Tactics, mostRules, j.Tactics...)
}

// with is a list with further words, each once, within a bound.
func with(all []string, most int, words ...string) []string {
	for _, w := range words {
		if len(all) < most && !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all
}

// assess says how bad an incident is, and looks around one that turned out grave.
func (s *Site) assess(in *Incident) {
	before := in.Risk
	in.Risk = s.set.total(in)
	if grave := s.set.Grave * s.set.Open; before < grave && in.Risk >= grave {
		s.before(in)
	}
}

// total is how bad an incident is: all that is in it but what is only context, and a little more for each doubling of the entities.
func (set *Settings) total(in *Incident) float64 {
	var all []*Burst
	var entities []string
	for n := range in.Joins {
		j := &in.Joins[n]
		if j.Why != Context {
			all = append(all, &Burst{Rule: j.Rule, First: j.At, Score: j.Score, Told: Told{Tactics: j.Tactics}})
			entities = with(entities, mostEntities, j.Entity)
		}
	}
	slices.SortStableFunc(all, func(a, b *Burst) int { return int(min(1, max(-1, a.First-b.First))) })
	return set.weight(all, func(*Burst) float64 { return 1 }) * (1 + math.Log2(float64(max(1, len(entities))))/10)
}

// Until is an incident as it was at a moment: without what began to join it after. What a burst weighs is what it came to weigh.
func (set *Settings) Until(in *Incident, at int64) *Incident {
	out := &Incident{ID: in.ID, Site: in.Site, Opened: in.Opened, First: in.First, Last: min(in.Last, at), After: in.After}
	for n := range in.Joins {
		if in.Joins[n].At <= at {
			out.Joins = append(out.Joins, in.Joins[n])
			out.list(&in.Joins[n])
		}
	}
	out.Risk = set.total(out)
	return out
}
