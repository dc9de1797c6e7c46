package story

import (
	"fmt"
	"time"
)

// Settings are the weights by which findings become incidents. How little each matters is in decision 0063.
type Settings struct {
	// Gap ends a burst: findings of one rule on one entity that are closer together are one.
	Gap time.Duration
	// Learning is how long a site is learnt before what is new counts in full. It begins with the share LearningFrom, and grows with
	// the square of time: the first working day shows most of what there is.
	Learning     time.Duration
	LearningFrom float64
	// NewToSite and NewToEntity are the novelty of a burst of a rule that the site, or that this entity never saw; Known of one that
	// it saw, divided by how often it did.
	NewToSite, NewToEntity, Known float64
	// Spread lessens NewToEntity for each other entity that saw the rule.
	Spread float64
	// Severity is the factor on novelty of each severity, informational to critical. Bare is added whether new or not, less the more
	// often the site saw the rule: novelty alone could be taught to a site by who means it harm.
	Severity, Bare [5]float64
	// Volume is added each time that a burst grows to ten times the largest of its rule on the site.
	Volume float64
	// HalfLife is how long risk takes to fall to its half.
	HalfLife time.Duration
	// Moment is how close together bursts on one entity begin that tell of one thing that happened. Echo is the factor of each
	// further one of a moment, and Fade that of each further moment, the heaviest first: ten times the same trouble is not ten
	// times as bad.
	Moment     time.Duration
	Echo, Fade float64
	// Stage is added to the factor of risk for each further stage of an attack (ATT&CK tactic).
	Stage float64
	// Open is the risk at which an entity opens an incident. Lean is the share of it that suffices where a rule of the entity fired
	// in an incident shortly before. Join is the least score of a burst that joins an incident.
	Open, Lean, Join float64
	// Near is how far apart two things may be to be linked; Idle ends an incident that nothing joins, and Span one that goes on.
	Near, Idle, Span time.Duration
	// Chance is how many times a thing may be expected to happen within the time that links it, by how often it did, and still
	// link: what happens all the time is at the same time as everything.
	Chance float64
	// Grave is the risk of an incident, in times of Open, from which on rare things elsewhere on the site are shown with it.
	Grave float64
	// Bounds of what is remembered of a site.
	Entities, Pairs, Rules int
}

// Defaults are the weights where nobody chose others.
func Defaults() Settings {
	return Settings{
		Gap: 30 * time.Minute, Learning: 24 * time.Hour, LearningFrom: 0.2,
		NewToSite: 4, NewToEntity: 3, Known: 1, Spread: 0.3,
		Severity: [5]float64{0.6, 0.9, 1.1, 1.4, 2}, Bare: [5]float64{0, 0, 0.5, 3, 6}, Volume: 1,
		HalfLife: time.Hour, Moment: 5 * time.Second, Echo: 0.5, Fade: 0.9, Stage: 0.1,
		Open: 7, Lean: 0.5, Join: 0.7, Near: time.Hour, Idle: time.Hour, Span: 24 * time.Hour, Chance: 0.25, Grave: 2,
		Entities: 100_000, Pairs: 300_000, Rules: 50_000,
	}
}

// Check refuses weights that cannot work.
func (s *Settings) Check() error {
	for _, d := range [...]struct {
		name string
		is   time.Duration
	}{{"gap", s.Gap}, {"learning", s.Learning}, {"half-life", s.HalfLife}, {"near", s.Near}, {"idle", s.Idle}, {"span", s.Span}} {
		if d.is <= 0 {
			return fmt.Errorf("story: %s: %v is not a time", d.name, d.is)
		}
	}
	if s.Open <= 0 || s.Entities < 1 || s.Pairs < 1 || s.Rules < 1 {
		return fmt.Errorf("story: the bar %v, or room for %d entities, %d pairs and %d rules: not above zero", s.Open, s.Entities, s.Pairs, s.Rules)
	}
	return nil
}
