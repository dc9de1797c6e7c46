package access

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/platform/ledger"
)

// Triage looks at every glass that waits for its review, again and again for as long as it waits: messages come late. What says that the patient was, or
// came to be, in the care of who broke it closes it by itself; but not where the two may know each other, because then the ward is the very place
// from which people look. What is left is ranked by what speaks against it, so that a reviewer who has time for few sees those first.

// sight is what is looked up for all glasses at once. Its zero value knows nothing.
type sight struct {
	byName   map[string][]string               // people by the pseudonyms of their names
	persons  map[string][]time.Time            // when glasses were broken that are not explained, by who broke them
	same     map[whose][]time.Time             // and for whom
	patients map[string]map[string][]time.Time // for whom, by who broke them
	// explained is how many of each person are.
	explained map[string]int
}

// see makes the sight of what waits. The lock is held.
func (a *Access) see() *sight {
	s := &sight{map[string][]string{}, map[string][]time.Time{}, map[whose][]time.Time{}, map[string]map[string][]time.Time{}, map[string]int{}}
	for id, p := range a.people {
		for _, name := range p.Names {
			s.byName[name] = append(s.byName[name], id)
		}
	}
	for _, g := range slices.SortedFunc(maps.Values(a.glasses), func(x, y *Glass) int { return x.At.Compare(y.At) }) {
		if g.settled() {
			s.explained[g.Person]++
			continue
		}
		of := whose{g.Person, a.known(g.Patient)}
		s.persons[of.person] = append(s.persons[of.person], g.At)
		s.same[of] = append(s.same[of], g.At)
		if s.patients[of.patient] == nil {
			s.patients[of.patient] = map[string][]time.Time{}
		}
		s.patients[of.patient][of.person] = s.same[of]
	}
	return s
}

// settled reports whether nothing speaks against a glass.
func (g *Glass) settled() bool {
	return g.State == "explained" || g.Review != nil && g.Review.Verdict == "justified"
}

// near is how many of some times, in their order, are less than a week from another.
func near(times []time.Time, at time.Time) int {
	const week = 7 * 24 * time.Hour
	first := sort.Search(len(times), func(n int) bool { return times[n].After(at.Add(-week)) })
	return sort.Search(len(times), func(n int) bool { return !times[n].Before(at.Add(week)) }) - first
}

// triage explains what later data explains, and ranks the rest.
func (a *Access) triage(ctx context.Context, now time.Time) error {
	a.mu.RLock()
	var waiting, next []*Glass
	for _, g := range a.glasses {
		if g.State == "waiting" {
			waiting = append(waiting, g)
		}
	}
	if len(waiting) > 0 {
		s := a.see()
		for _, g := range waiting {
			next = append(next, a.looked(s, g, now))
		}
	}
	a.mu.RUnlock()
	for n, g := range next {
		if err := a.settleGlass(ctx, waiting[n], g); err != nil {
			return err
		}
	}
	return nil
}

// settleGlass takes what was found of a glass, unless somebody did something with it meanwhile.
func (a *Access) settleGlass(ctx context.Context, was, is *Glass) error {
	if is == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.glasses[was.ID] != was {
		return nil
	}
	if is.State == "explained" {
		e := ledger.Entry{Actor: ledger.Program("access"), Act: "access.explain-glass", Object: "glass:" + is.ID, Outcome: ledger.Done, Detail: map[string]string{"by": is.Why[0].EN}}
		_, err := a.setGlass(ctx, is, a.write, e)
		return err
	}
	a.putGlass(is)
	a.unkept[itemKey{"glass", is.ID}] = is
	return nil
}

// looked is what becomes of a glass; nil: nothing new. The lock is held.
func (a *Access) looked(s *sight, g *Glass, now time.Time) *Glass {
	p := a.stayingAs(g.Patient)
	why, by := a.explained(g, p)
	held := a.acquainted(s, g, p, by != byNothing)
	if by != byNothing && (len(held) == 0 || by == byOthers && !a.own(g, p)) {
		next := clone(g)
		next.State, next.Why, next.Rank = "explained", []Mark{{Text: why}}, 0
		return next
	}
	marks := held
	if by != byNothing {
		marks = append(marks, Mark{Text: why})
	} else {
		marks = append(marks, a.whereabouts(g, p)...)
	}
	marks = append(marks, s.habits(g, a.known(g.Patient), by != byNothing, now)...)
	rank := 0
	for _, m := range marks {
		rank += m.Weight
	}
	if rank == g.Rank && slices.Equal(marks, g.Why) {
		return nil
	}
	next := clone(g)
	next.Why, next.Rank = marks, rank
	return next
}

// own reports whether the patient has the name of who broke the glass. The lock is held.
func (a *Access) own(g *Glass, p *patient) bool {
	who := a.people[g.Person]
	return who != nil && p.Name != "" && slices.Contains(who.Names, p.Name)
}

// unitsAt are where somebody worked when they broke a glass, as the roster says by now. The lock is held.
func (a *Access) unitsAt(g *Glass) []string {
	all := slices.Clone(g.Units)
	for _, d := range a.tiesOf(g.Person).duties {
		if d.From.Before(g.At.Add(12*time.Hour)) && d.Until.After(g.At.Add(-12*time.Hour)) && !slices.Contains(all, d.Unit) {
			all = append(all, d.Unit)
		}
	}
	return all
}

// touches reports whether a stay was, or came to be, around the time of a glass.
func (s *Stay) touches(g *Glass) bool {
	return s.From.Before(g.At.Add(dataAfter)) && (s.Until.IsZero() || s.Until.After(g.At.Add(-dataBefore)))
}

// by is what says that somebody looks after a patient, the weakest first.
type by int

const (
	byNothing by = iota
	byUnit       // a unit in common
	byAct        // what they ordered or wrote themselves
	byOthers     // a message or a colleague names them
)

// explained is what says that the patient was, or came to be, in the care of who broke the glass. The lock is held.
func (a *Access) explained(g *Glass, p *patient) (why policy.Text, is by) {
	if who := a.people[g.Person]; who != nil {
		for n := range p.Stays {
			if s := &p.Stays[n]; s.touches(g) && s.of(who.Staff) { // what one ordered or wrote oneself is an act of one's own
				why, is = policy.Text{EN: "A message names the person among those who look after the patient.", FR: "Un message nomme la personne parmi celles qui prennent le patient en charge."}, max(is, byAct)
				if s.Why != "order" && s.Why != "act" {
					is = byOthers
				}
			}
		}
		if is != byNothing {
			return why, is
		}
	}
	t := a.teams[g.Person+" "+g.Patient]
	if t == nil {
		t = a.teams[g.Person+" "+a.known(g.Patient)]
	}
	if t != nil && t.By != ledger.Person(g.Person) && t.From.Before(g.At.Add(dataAfter)) {
		return policy.Text{EN: "The person came into the care team of the patient.", FR: "La personne est entrée dans l'équipe de soins du patient."}, byOthers
	}
	units := a.unitsAt(g)
	for n := range p.Stays {
		x := &p.Stays[n]
		if !x.touches(g) || !slices.Contains(units, x.Unit) {
			continue
		}
		switch x.Why {
		case "admission", "visit":
			return policy.Text{EN: "The patient was admitted to the unit " + x.Unit + ".", FR: "Le patient a été admis dans l'unité " + x.Unit + "."}, byUnit
		case "appointment", "expected":
			return policy.Text{EN: "The patient was expected in the unit " + x.Unit + ".", FR: "Le patient était attendu dans l'unité " + x.Unit + "."}, byUnit
		case "order":
			return policy.Text{EN: "Something was ordered for the patient in the unit " + x.Unit + ".", FR: "Une prescription a été faite pour le patient dans l'unité " + x.Unit + "."}, byUnit
		}
	}
	return policy.Text{}, byNothing
}

func mark(weight int, en, fr string) Mark { return Mark{policy.Text{EN: en, FR: fr}, weight} }

// acquainted are marks that the two may know each other, or that many may: a unit in common closes nothing then. Names are compared as pseudonyms.
// The lock is held.
func (a *Access) acquainted(s *sight, g *Glass, p *patient, unit bool) (all []Mark) {
	all = []Mark{}
	who := a.people[g.Person]
	colleague := slices.ContainsFunc(s.byName[p.Name], func(id string) bool { return id != g.Person })
	switch {
	case p.Name != "" && a.own(g, p):
		all = append(all, mark(4, "The patient has the name of the person: it may be their own record.", "Le patient porte le nom de la personne : ce peut être son propre dossier."))
	case p.Name != "" && colleague:
		all = append(all, mark(5, "The patient has the name of a colleague.", "Le patient porte le nom d'un collègue."))
	case p.Family != "" && who != nil && slices.Contains(who.Families, p.Family):
		all = append(all, mark(5, "The patient has the family name of the person.", "Le patient porte le nom de famille de la personne."))
	}
	sensitive := a.sensitive(p)
	if sensitive && unit { // carers of the unit have to do with it, and are many
		all = append(all, mark(1, "The record is marked sensitive.", "Le dossier est marqué sensible."))
	} else if sensitive {
		all = append(all, mark(4, "The record is marked sensitive.", "Le dossier est marqué sensible."))
	}
	return all
}

// offDuty reports whether the roster has somebody, and not within two hours of when they broke a glass. It keeps nothing open by itself: rosters are wrong
// more often than people look. The lock is held.
func (a *Access) offDuty(g *Glass) bool {
	rostered := false
	for _, d := range a.tiesOf(g.Person).duties {
		rostered = rostered || d.From.Sub(g.At).Abs() < 14*24*time.Hour
		if d.From.Before(g.At.Add(2*time.Hour)) && d.Until.After(g.At.Add(-2*time.Hour)) {
			return false
		}
	}
	return rostered
}

// linkBefore and linkAfter are how long before and after a stay its unit may still have to do with the patient.
const (
	linkBefore = 14 * 24 * time.Hour
	linkAfter  = 30 * 24 * time.Hour
)

// whereabouts are marks of where the two were. The lock is held.
func (a *Access) whereabouts(g *Glass, p *patient) (all []Mark) {
	units := a.unitsAt(g)
	link := slices.IndexFunc(p.Stays, func(x Stay) bool {
		return slices.Contains(units, x.Unit) && x.From.Before(g.At.Add(linkBefore)) && (x.Until.IsZero() || x.Until.After(g.At.Add(-linkAfter)))
	})
	switch {
	case link >= 0:
		unit := p.Stays[link].Unit
		all = append(all, mark(1, "The patient was in the unit "+unit+" some weeks before, or came some days after.", "Le patient était dans l'unité "+unit+" quelques semaines avant, ou y est venu quelques jours après."))
	case len(p.Stays) == 0:
		all = append(all, mark(3, "No message tells of the patient.", "Aucun message ne mentionne le patient."))
	case !slices.ContainsFunc(p.Stays, func(x Stay) bool { return x.touches(g) }):
		all = append(all, mark(4, "The patient was not in the hospital.", "Le patient n'était pas dans l'établissement."))
	default:
		all = append(all, mark(1, "The patient was in another unit.", "Le patient était dans une autre unité."))
	}
	switch {
	case a.offDuty(g):
		all = append(all, mark(2, "The person was not on duty.", "La personne n'était pas de service."))
	case len(units) == 0:
		all = append(all, mark(2, "The person was on duty nowhere.", "La personne n'était de service nulle part."))
	}
	return all
}

// mostCrowd is how many people are counted who broke the glass for the same patient.
const mostCrowd = 100

// habits are marks of what else was done that nothing explains, and of what was said.
func (s *sight) habits(g *Glass, id string, unit bool, now time.Time) (all []Mark) {
	itself := 1
	if g.settled() {
		itself = 0
	}
	same := near(s.same[whose{g.Person, id}], g.At) - itself
	often := near(s.persons[g.Person], g.At) - itself - same
	crowd := 0
	for person, times := range s.patients[id] {
		if person != g.Person && near(times, g.At) > 0 {
			if crowd++; crowd == mostCrowd {
				break
			}
		}
	}
	if often >= 2 {
		weight := min(often, 6)
		if s.explained[g.Person] > len(s.persons[g.Person]) { // whoever is called to many has some that no message tells of
			weight = min(often/2, 2)
		}
		all = append(all, mark(weight, fmt.Sprintf("%d others by the same person within a week are not explained.", often),
			fmt.Sprintf("%d autres de la même personne en une semaine restent inexpliqués.", often)))
	}
	if same > 0 {
		all = append(all, mark(1, "The same person broke the glass for this patient before.", "La même personne a déjà brisé la glace pour ce patient."))
	}
	if crowd > 1 && !unit {
		all = append(all, mark(3, fmt.Sprintf("%d others broke it for this patient within a week, and nothing explains it.", crowd),
			fmt.Sprintf("%d autres l'ont brisée pour ce patient en une semaine, sans explication.", crowd)))
	}
	if g.Reason == "other" || g.Reason == "administrative" {
		all = append(all, mark(1, "The reason given is no emergency.", "Le motif indiqué n'est pas une urgence."))
	}
	if now.After(g.Due) {
		all = append(all, mark(1, "The review is overdue.", "La relecture est en retard."))
	}
	return all
}
