package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/platform/ledger"
)

// What can be wrong with what is asked.
var (
	ErrAsk    = errors.New("access: that cannot be asked")
	ErrNone   = errors.New("access: there is none of that number")
	ErrRefuse = errors.New("access: refused")
	ErrPolicy = errors.New("access: the policies cannot be taken")
)

// Duty is somebody on duty in a unit for a time.
type Duty struct {
	ID     string    `json:"id"`
	Person string    `json:"person"`
	Unit   string    `json:"unit"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
}

// Team is somebody in the care team of a patient.
type Team struct {
	ID      string    `json:"id"`
	Person  string    `json:"person"`
	Patient string    `json:"patient"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"` // zero: until it is ended
	By      string    `json:"by"`
}

// during reports whether now is within a time; no end is for ever.
func during(from, until, now time.Time) bool {
	return !now.Before(from) && (until.IsZero() || now.Before(until))
}

// Refresh reads the directory again.
func (a *Access) Refresh(ctx context.Context) error {
	if a.needs.Directory == nil {
		return nil
	}
	a.refreshing.Lock() // else who read first could come last
	defer a.refreshing.Unlock()
	a.refreshMachines()
	people, err := a.needs.Directory.People(ctx)
	if err != nil {
		return err
	}
	now := a.needs.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	is := map[string]*Person{}
	for n := range people {
		p := &people[n]
		is[p.ID] = p
		if was := a.people[p.ID]; was == nil || !same(was, p) {
			a.people[p.ID] = p
			a.byLogin[p.Login] = p.ID
			for _, number := range p.Staff {
				a.byStaff[number] = p.ID
			}
			a.hold(p, now)
			a.putPerson(p.ID, now)
		}
	}
	for id, was := range a.people {
		if is[id] == nil {
			delete(a.tenures, id)
			a.unkept[itemKey{"held", id}] = nil
			delete(a.people, id)
			delete(a.byLogin, was.Login)
			for _, number := range was.Staff {
				delete(a.byStaff, number)
			}
			a.entities.Drop(policy.ID("Person", id))
		}
	}
	a.expect(now)
	return nil
}

// tenure is since when somebody has roles, so far as is known: a role of today cannot have been unused for long.
type tenure struct {
	Since map[string]time.Time `json:"since"`
}

// hold notes roles that are new to somebody, and forgets those that are gone. The lock is held.
func (a *Access) hold(p *Person, now time.Time) {
	was := a.tenures[p.ID]
	is := &tenure{map[string]time.Time{}}
	changed := was == nil || len(was.Since) != len(p.Roles)
	for _, role := range p.Roles {
		is.Since[role] = now.UTC().Truncate(time.Second)
		if was != nil && !was.Since[role].IsZero() {
			is.Since[role] = was.Since[role]
		} else {
			changed = true
		}
	}
	if changed {
		a.tenures[p.ID] = is
		a.unkept[itemKey{"held", p.ID}] = is
	}
}

func same(a, b *Person) bool {
	return a.Login == b.Login && a.Vendor == b.Vendor && a.Disabled == b.Disabled && slices.Equal(a.Roles, b.Roles) && slices.Equal(a.Units, b.Units) && slices.Equal(a.Staff, b.Staff) && slices.Equal(a.Names, b.Names) &&
		slices.Equal(a.Families, b.Families)
}

// putPerson puts somebody among the entities as they are now. The lock is held.
func (a *Access) putPerson(id string, now time.Time) {
	p := a.people[id]
	if p == nil {
		return
	}
	parents := append(uids("Role", p.Roles), uids("Unit", p.Units)...)
	if p.Vendor != "" {
		parents = append(parents, policy.ID("Vendor", p.Vendor))
	}
	for _, g := range a.grants {
		if g.Kind == Elevation && g.Person == id && g.State == "approved" && during(g.From, g.Until, now) && !slices.Contains(p.Roles, g.Role) {
			parents = append(parents, policy.ID("Role", g.Role))
		}
	}
	units, teams := []policy.UID{}, append([]policy.UID{}, a.inCareOf(p, now)...)
	of := a.tiesOf(id)
	for _, d := range of.duties {
		if during(d.From, d.Until, now) {
			units = append(units, policy.ID("Unit", d.Unit))
		}
	}
	for _, t := range of.teams {
		if during(t.From, t.Until, now) {
			teams = append(teams, policy.ID("Patient", t.Patient))
		}
	}
	a.entities.Put(policy.Entity{UID: policy.ID("Person", id), Parents: parents, Attrs: policy.Attrs{
		"onDuty": units, "careTeams": teams, "disabled": p.Disabled, "risk": max(a.risks["user:"+p.Login], a.risks["person:"+id])}})
}

// advance has entities change whose time has come.
func (a *Access) advance(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.expected.IsZero() || now.Before(a.expected) {
		return
	}
	passed := func(all ...time.Time) bool {
		return slices.ContainsFunc(all, func(t time.Time) bool { return t.After(a.advanced) && !t.After(now) })
	}
	people := map[string]bool{}
	for _, d := range a.duties {
		if passed(d.From, d.Until) {
			people[d.Person] = true
		}
	}
	for _, t := range a.teams {
		if passed(t.From, t.Until) {
			people[t.Person] = true
		}
	}
	for _, g := range a.grants {
		if passed(g.From, g.Until) {
			people[g.Person] = true
		}
	}
	a.advanced = now
	for id := range people {
		a.putPerson(id, now)
	}
	a.endGlasses(now)
	for id, p := range a.patients {
		if !p.next.IsZero() && !now.Before(p.next) {
			a.putPatient(id, now)
			a.putNamed(p, now)
		}
	}
	a.expect(now)
}

// expect says when entities change next. What changed since they were last brought up to the time counts too. The lock is held.
func (a *Access) expect(now time.Time) {
	if a.advanced.IsZero() || now.Before(a.advanced) {
		a.advanced = now
	}
	var next time.Time
	soon := func(all ...time.Time) {
		for _, t := range all {
			if t.After(a.advanced) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	for _, d := range a.duties {
		soon(d.From, d.Until)
	}
	for _, t := range a.teams {
		soon(t.From, t.Until)
	}
	for _, g := range a.grants {
		soon(g.From, g.Until)
	}
	for _, g := range a.glasses {
		soon(g.Ends)
	}
	for _, p := range a.patients {
		soon(p.next)
	}
	a.expected = next
	a.engine.Expect(next, a.advance)
}

// Bounds of what is kept.
const (
	mostDuties = 50_000
	mostTeams  = 200_000
	mostGrants = 10_000
)

// ties are what binds somebody to units and patients.
type ties struct {
	duties []*Duty
	teams  []*Team
}

var noTies ties

// tiesOf are those of somebody. The lock is held.
func (a *Access) tiesOf(person string) *ties {
	if t := a.tied[person]; t != nil {
		return t
	}
	return &noTies
}

// tie sorts duties and care teams by person. The lock is held.
func (a *Access) tie() {
	a.tied = map[string]*ties{}
	of := func(person string) *ties {
		t := a.tied[person]
		if t == nil {
			t = &ties{}
			a.tied[person] = t
		}
		return t
	}
	for _, d := range a.duties {
		t := of(d.Person)
		t.duties = append(t.duties, d)
	}
	for _, x := range a.teams {
		t := of(x.Person)
		t.teams = append(t.teams, x)
	}
}

// SetDuties replaces the duty roster from a time on: what ended before stays.
func (a *Access) SetDuties(ctx context.Context, actor string, from time.Time, all []Duty) error {
	if len(all) > mostDuties {
		return fmt.Errorf("%w: a roster has at most %d lines", ErrAsk, mostDuties)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	next := map[string]*Duty{}
	for id, d := range a.duties {
		if d.Until.Before(from) {
			next[id] = d
		}
	}
	for n := range all {
		d := all[n]
		if a.people[d.Person] == nil {
			d.Person = a.byLogin[d.Person]
		}
		switch {
		case d.Person == "":
			return fmt.Errorf("%w: line %d names nobody who is in the directory", ErrAsk, n+1)
		case !word(d.Unit) || !d.Until.After(d.From) || d.Until.Sub(d.From) > 31*24*time.Hour:
			return fmt.Errorf("%w: line %d needs a unit, a beginning and an end within 31 days", ErrAsk, n+1)
		}
		d.ID = fmt.Sprintf("%s %s %d", d.Person, d.Unit, d.From.Unix())
		next[d.ID] = &d
	}
	changes := map[itemKey]any{}
	for id := range a.duties {
		if next[id] == nil {
			changes[itemKey{"duty", id}] = nil
		}
	}
	for id, d := range next {
		changes[itemKey{"duty", id}] = d
	}
	err := a.write(ctx, changes, ledger.Entry{Actor: actor, Act: "access.roster", Object: "access/roster", Outcome: ledger.Done, Detail: map[string]string{"lines": fmt.Sprint(len(all)), "from": from.UTC().Format(time.RFC3339)}})
	if err != nil {
		return err
	}
	now := a.needs.Clock.Now()
	touched := map[string]bool{}
	for _, d := range a.duties {
		touched[d.Person] = true
	}
	a.duties = next
	a.tie()
	for _, d := range next {
		touched[d.Person] = true
	}
	for id := range touched {
		a.putPerson(id, now)
	}
	a.expect(now)
	return nil
}

// SetTeam puts somebody into the care team of a patient, or takes them out.
func (a *Access) SetTeam(ctx context.Context, actor, person, patient string, in bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.people[person] == nil {
		person = a.byLogin[person]
	}
	if person == "" || !pseudonym(patient) || in && len(a.teams) >= mostTeams {
		return fmt.Errorf("%w: a care team needs somebody of the directory and a patient", ErrAsk)
	}
	now := a.needs.Clock.Now()
	id := person + " " + patient
	var doc any
	t := &Team{ID: id, Person: person, Patient: patient, From: now.UTC().Truncate(time.Millisecond), By: actor}
	if in {
		doc = t
	}
	err := a.write(ctx, map[itemKey]any{{"team", id}: doc}, ledger.Entry{Actor: actor, Act: "access.care-team", Object: ledger.Person(person), Outcome: ledger.Done,
		Detail: map[string]string{"patient": patient, "in": fmt.Sprint(in)}})
	if err != nil {
		return err
	}
	delete(a.teams, id)
	if in {
		a.teams[id] = t
	}
	a.tie()
	a.putPerson(person, now)
	return nil
}

// word reports whether a text can be the name of a unit or a role.
func word(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' || r > 0x7f)
	})
}

// pseudonym reports whether a text can be how events call a patient.
func pseudonym(s string) bool {
	return s != "" && len(s) <= 100 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' })
}

// putApplications puts in what people open.
func (a *Access) putApplications() {
	for _, x := range a.needs.Config.Applications {
		assurance := x.Assurance
		if assurance == 0 {
			assurance = 2
		}
		a.entities.Put(policy.Entity{UID: policy.ID("App", x.ID), Parents: uids("AppGroup", x.Groups), Attrs: policy.Attrs{"assurance": assurance}})
	}
}

// otherApplications are those that the hospital put in no group.
const otherApplications = "other"

// PutApplication puts in an application that people sign in to. What the configuration says of it counts.
func (a *Access) PutApplication(id string) {
	if slices.ContainsFunc(a.needs.Config.Applications, func(x Application) bool { return x.ID == id }) {
		return
	}
	a.entities.Put(policy.Entity{UID: policy.ID("App", id), Parents: uids("AppGroup", []string{otherApplications}), Attrs: policy.Attrs{"assurance": 1}})
}

// PutDoors puts in the routes of the console, each with the duties that its table names.
func (a *Access) PutDoors(doors map[string][]string) {
	for name, areas := range doors {
		a.entities.Put(policy.Entity{UID: policy.ID("Door", name), Parents: uids("Area", areas), Attrs: policy.Attrs{}})
	}
}
