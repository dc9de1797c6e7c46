package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"bulwark/decide/access/policy"
)

// Before policies change, it is tried who would gain and who would lose by it, and whether an invariant would break. There are too many
// people, patients and moments to ask about each; but policies only see kinds of them. Of each kind there is one in a model: people by
// their roles, patients by how they stand to who asks, applications by their groups, and the situations of [situations]. Everything is
// asked of everybody there.

// kind are people that policies treat alike.
type kind struct {
	roles, vendors []policy.UID
	disabled       bool
	risk           int
	people         []string // ids
}

// model is a hospital with one of each kind.
type model struct {
	entities   []policy.Entity
	principals []policy.UID
	kinds      map[policy.UID]*kind
	resources  map[string][]policy.UID // by type
	words      map[policy.UID]policy.Text
}

// wards of the model.
const (
	ownWard   = "model-own-ward"
	otherWard = "model-other-ward"
)

// newModel has one of each kind of the real applications and doors, and each of those that policies name.
func newModel(kinds []*kind, real []policy.Entity, named ...policy.UID) *model {
	m := &model{kinds: map[policy.UID]*kind{}, resources: map[string][]policy.UID{}, words: map[policy.UID]policy.Text{}}
	m.patients()
	teams := []policy.UID{policy.ID("Patient", "model-team"), policy.ID("Patient", "model-team-sensitive")}
	for n, k := range kinds {
		u := policy.ID("Person", fmt.Sprintf("model-%d", n))
		m.add(policy.Entity{UID: u, Parents: slices.Concat(k.roles, k.vendors), Attrs: policy.Attrs{
			"onDuty": uids("Unit", []string{ownWard}), "careTeams": teams, "disabled": k.disabled, "risk": k.risk}})
		m.kinds[u] = k
		m.principals = append(m.principals, u)
	}
	machine := policy.ID("Machine", "model")
	m.add(policy.Entity{UID: machine, Parents: uids("MachineClass", []string{"modality"}), Attrs: policy.Attrs{"tier": 1, "risk": 0}})
	m.principals = append(m.principals, machine)
	m.words[machine] = policy.Text{EN: "a modality", FR: "une modalité"}
	seen := map[string]bool{}
	for _, e := range real {
		what := strings.ToLower(string(e.UID.Type)) + " " + string(e.UID.ID)
		if slices.Contains(named, e.UID) {
			m.resource(e, policy.Text{EN: what, FR: what})
			continue
		}
		if mark := fmt.Sprint(e.UID.Type, e.Parents, e.Attrs); !seen[mark] {
			seen[mark] = true
			m.resource(e, policy.Text{EN: what + " and its like", FR: what + " et semblables"})
		}
	}
	return m
}

func (m *model) add(e policy.Entity) { m.entities = append(m.entities, e) }

func (m *model) resource(e policy.Entity, words policy.Text) {
	m.add(e)
	m.resources[string(e.UID.Type)] = append(m.resources[string(e.UID.Type)], e.UID)
	m.words[e.UID] = words
}

// patients are one of each way to stand to who asks, with a record each.
func (m *model) patients() {
	for _, p := range []struct {
		id, ward, en, fr string
	}{
		{"model-own", ownWard, "patients of their own ward", "les patients de leur unité"},
		{"model-team", otherWard, "patients of their care team", "les patients de leur équipe de soins"},
		{"model-other", otherWard, "patients elsewhere", "les patients d'ailleurs"},
	} {
		for _, sensitive := range []bool{false, true} {
			id, words := p.id, policy.Text{EN: p.en, FR: p.fr}
			if sensitive {
				id, words = id+"-sensitive", policy.Text{EN: p.en + " whose record is sensitive", FR: p.fr + " au dossier sensible"}
			}
			m.resource(patientEntity(id, []string{p.ward}, sensitive), words)
			m.resource(policy.Entity{UID: policy.ID("Record", id), Attrs: policy.Attrs{"patient": policy.ID("Patient", id)}}, words)
		}
	}
}

// standard are the kinds that are in the model whoever there is, so that invariants are tried in an empty hospital too.
func standard() (all []*kind) {
	for _, roles := range [][]string{{"clinician", "staff"}, {"staff"}, {"vendor-technician"}, {"application-administrator", "staff"},
		{"administrator"}, {"analyst"}, {"approver"}, {"biomedical-engineer"}, {"reader"}, {"auditor"}, {"help-desk"}} {
		for _, risk := range []int{0, 4} {
			k := &kind{roles: uids("Role", roles), risk: risk}
			if roles[0] == "vendor-technician" {
				k.vendors = uids("Vendor", []string{modelVendor})
			}
			all = append(all, k)
		}
	}
	return append(all, &kind{roles: uids("Role", []string{"clinician", "administrator", "staff"}), disabled: true})
}

// question is one that is asked of everybody in the model.
type question struct {
	principal, action, resource policy.UID
	situation                   *named
}

// ask hands each question to fn, with who asks it of each engine.
func (m *model) ask(now time.Time, fn func(q question, of []*policy.Handle), engines ...*policy.Engine) {
	all := situations()
	for _, p := range m.principals {
		for n := range all {
			facts, of := policy.Facts{Principal: p, Context: all[n].attrs(now)}, make([]*policy.Handle, len(engines))
			for i, e := range engines {
				of[i] = e.Handle(facts)
			}
			for _, a := range engines[0].Set().Schema.Actions() {
				if !slices.Contains(a.Principals, string(p.Type)) {
					continue
				}
				for _, t := range a.Resources {
					for _, r := range m.resources[t] {
						fn(question{p, a.UID, r, &all[n]}, of)
					}
				}
			}
		}
	}
}

// engine is one that decides about the model.
func (m *model) engine(set *policy.Set) *policy.Engine {
	all := policy.NewEntities()
	all.Put(m.entities...)
	return policy.NewEngine(set, all, nil, nil)
}

// Difference is something that some people may do after a change and could not before, or the other way round.
type Difference struct {
	Gain   bool        `json:"gain"`
	Action string      `json:"action"`
	Who    policy.Text `json:"who"`
	People int         `json:"people"` // that there are of this kind
	What   policy.Text `json:"what"`
	When   policy.Text `json:"when"`
	By     []string    `json:"by"` // policies that decide where it is allowed, or that forbid it
}

// Breach is an invariant that does not hold, with a case of it.
type Breach struct {
	Invariant string      `json:"invariant"`
	Why       policy.Text `json:"why"`
	Who       policy.Text `json:"who"`
	Action    string      `json:"action"`
	What      policy.Text `json:"what"`
	When      policy.Text `json:"when"`
	Got       string      `json:"got"`
	By        []string    `json:"by"`
	Cases     int         `json:"cases"` // that break it
}

// Preview is what a change of policies would do.
type Preview struct {
	Asked       int          `json:"asked"` // questions
	Differences []Difference `json:"differences"`
	LeftOff     int          `json:"left_off"` // further differences
	Breaches    []Breach     `json:"breaches"`
}

// mostDifferences is how many are listed.
const mostDifferences = 500

// compare asks everything of both sets; old may be nil.
func (m *model) compare(old, next *policy.Set, invariants *policy.Set, now time.Time) *Preview {
	v := &Preview{Differences: []Difference{}, Breaches: []Breach{}}
	engines := []*policy.Engine{m.engine(next), m.engine(invariants)}
	if old != nil {
		engines = append(engines, m.engine(old))
	}
	m.ask(now, func(q question, of []*policy.Handle) {
		v.Asked++
		is := of[0].Ask(q.action, q.resource, now, nil)
		if old != nil {
			if was := of[2].Ask(q.action, q.resource, now, nil); was.Allow != is.Allow {
				v.differ(m, q, was, is)
			}
		}
		m.promise(v, of[1], q, is, now)
	}, engines...)
	slices.SortStableFunc(v.Differences, func(a, b Difference) int { return cmp.Compare(b.People, a.People) })
	if n := len(v.Differences); n > mostDifferences {
		v.Differences, v.LeftOff = v.Differences[:mostDifferences], v.LeftOff+n-mostDifferences
	}
	return v
}

func (v *Preview) differ(m *model, q question, was, is *policy.Decision) {
	d := Difference{Gain: is.Allow, Action: string(q.action.ID), Who: m.who(q.principal), What: m.words[q.resource], When: q.situation.text, By: is.IDs()}
	if !is.Allow && len(is.By) == 0 {
		d.By = was.IDs()
	}
	if k := m.kinds[q.principal]; k != nil {
		d.People = len(k.people)
	}
	if len(v.Differences) >= 20*mostDifferences {
		v.LeftOff++
		return
	}
	v.Differences = append(v.Differences, d)
}

// promise holds an answer against the invariants.
func (m *model) promise(v *Preview, promised *policy.Handle, q question, is *policy.Decision, now time.Time) {
	for _, i := range promised.Matching(q.action, q.resource, now) {
		got := ""
		switch {
		case i.Forbid && is.Allow:
			got = "allow"
		case !i.Forbid && !is.Allow:
			got = "deny"
		case is.Allow:
			for _, o := range i.Obligations {
				if !policy.Covers(is.Obligations, o) {
					got = "allow without " + o.String()
				}
			}
		}
		if got == "" {
			continue
		}
		if n := slices.IndexFunc(v.Breaches, func(b Breach) bool { return b.Invariant == i.ID }); n >= 0 {
			v.Breaches[n].Cases++
			continue
		}
		v.Breaches = append(v.Breaches, Breach{i.ID, i.Why, m.who(q.principal), string(q.action.ID), m.words[q.resource], q.situation.text, got, is.IDs(), 1})
	}
}

// who is a kind in words.
func (m *model) who(p policy.UID) policy.Text {
	k := m.kinds[p]
	if k == nil {
		return m.words[p]
	}
	var roles []string
	for _, r := range slices.Concat(k.roles, k.vendors) {
		roles = append(roles, string(r.ID))
	}
	t := policy.Text{EN: strings.Join(roles, ", "), FR: strings.Join(roles, ", ")}
	if len(roles) == 0 {
		t = policy.Text{EN: "people without a role", FR: "personnes sans rôle"}
	}
	if k.disabled {
		t = policy.Text{EN: t.EN + ", disabled", FR: t.FR + ", désactivés"}
	}
	if k.risk > 0 {
		t = policy.Text{EN: fmt.Sprintf("%s, at risk %d", t.EN, k.risk), FR: fmt.Sprintf("%s, à risque %d", t.FR, k.risk)}
	}
	return t
}
