package safety

import (
	"slices"
	"testing"
	"time"

	content "bulwark/content/safety"
)

var (
	noon  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ana   = Approval{By: "person:ana", SOC: true}
	bela  = Approval{By: "person:bela", SOC: true}
	chloe = Approval{By: "person:chloe", Clinical: true}
	dora  = Approval{By: "person:dora", SOC: true, Clinical: true}
)

// aimed is a confirmed device at which an act is aimed, with as many conversations inside, and clinical ones.
func aimed(t content.Tier, inside, clinical int) Touched {
	return Touched{ID: 7, Tier: t, Confirmed: true, Aimed: true, Inside: inside, Asked: inside, Clinical: clinical}
}

// blindly is one of which nothing was seen to stop, and that gave care for weeks.
func blindly(t content.Tier) Touched {
	return Touched{ID: 7, Tier: t, Confirmed: true, Aimed: true, Learnt: 2}
}

func far(t content.Tier, asked, clinical int) Touched {
	return Touched{ID: 8, Tier: t, Confirmed: true, Inside: 1, Asked: asked, Clinical: clinical}
}

// serving is a device that only answered, by what may be care.
func serving(t content.Tier) Touched {
	return Touched{ID: 8, Tier: t, Confirmed: true, Inside: 1, Served: 1}
}

func outside(t content.Tier, clinical int) Touched {
	return Touched{ID: 9, Tier: t, Confirmed: true, Outside: 1, Asked: 1, Clinical: clinical}
}

func TestJudge(t *testing.T) {
	m, _ := content.Shipped()
	tests := []struct {
		name     string
		r        Request
		edit     func(*Request)
		outcome  Outcome
		needs    content.Needs
		missing  []Role
		asPerson bool
	}{
		{name: "an infected office computer is contained by the program", r: on(content.Micro, aimed(content.Office, 3, 0)), outcome: Allow, needs: content.Auto},
		{name: "so is one that uses a server on which care depends", r: on(content.Micro, aimed(content.Office, 3, 0), far(content.ClinicalEssential, 0, 0)), outcome: Allow, needs: content.Auto},
		{name: "a server on which care depends, and that would miss its answer, waits for a person", r: on(content.Micro, aimed(content.Office, 3, 0), far(content.ClinicalEssential, 1, 0)), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "so does one that may give care by what it answered", r: on(content.Micro, aimed(content.Office, 3, 0), serving(content.ClinicalEssential)), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "even while nobody has confirmed that care depends on it", r: on(content.Narrow, aimed(content.Office, 1, 0), Touched{ID: 8, Tier: content.ClinicalEssential, Inside: 1, Served: 1}), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "a server of the office serves nobody's care", r: on(content.Micro, aimed(content.Office, 3, 0), serving(content.Office)), outcome: Allow, needs: content.Auto},
		{name: "what lasts longer needs what it needed when it began", r: on(content.Narrow, aimed(content.ClinicalEssential, 0, 0)), edit: func(r *Request) {
			r.Automatic, r.Before = false, []content.Needs{content.Both}
			r.Approvals = []Approval{ana}
		}, outcome: Ask, needs: content.Both, missing: []Role{RoleClinical}},
		{name: "and what it needs now", r: on(content.Micro, aimed(content.LifeCritical, 1, 0)), edit: func(r *Request) { r.Automatic, r.Before = false, []content.Needs{content.Auto} }, outcome: Ask, needs: content.Both, missing: []Role{RoleSOC, RoleClinical}},
		{name: "one that would lose images waits for a person", r: on(content.Quarantine, aimed(content.Office, 3, 1)), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "a ventilator is never cut by a program", r: on(content.Micro, aimed(content.LifeCritical, 1, 0)), outcome: Ask, needs: content.Both, missing: []Role{RoleSOC, RoleClinical}},
		{name: "nor by two of the security team", r: on(content.Micro, aimed(content.LifeCritical, 1, 0)), edit: approve(ana, bela), outcome: Ask, needs: content.Both, missing: []Role{RoleClinical}},
		{name: "nor by one person who is both", r: on(content.Micro, aimed(content.LifeCritical, 1, 0)), edit: approve(dora, dora), outcome: Ask, needs: content.Both, missing: []Role{RoleClinical}},
		{name: "it is by one of each", r: on(content.Micro, aimed(content.LifeCritical, 1, 0)), edit: approve(chloe, ana), outcome: Allow, needs: content.Both},
		{name: "one of both kinds and one of the other are one of each", r: on(content.Micro, aimed(content.LifeCritical, 1, 0)), edit: approve(dora, chloe), outcome: Allow, needs: content.Both},
		{name: "it is never isolated, whoever says yes", r: on(content.Isolation, aimed(content.LifeCritical, 1, 0)), edit: approve(ana, chloe), outcome: Refuse, needs: content.Never},
		{name: "what loses a ventilator as a client needs both", r: on(content.Micro, aimed(content.Office, 1, 0), far(content.LifeCritical, 0, 0)), outcome: Ask, needs: content.Both, missing: []Role{RoleSOC, RoleClinical}},
		{name: "an unconfirmed ventilator is one", r: on(content.Isolation, Touched{ID: 7, Tier: content.LifeCritical, Aimed: true}), edit: approve(ana, chloe), outcome: Refuse, needs: content.Never},
		{name: "an unconfirmed office computer waits for a person", r: on(content.Micro, Touched{ID: 7, Tier: content.Office, Aimed: true, Inside: 1}), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "an address of which nothing is known waits for a person", r: on(content.Micro), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "an address outside is blocked by the program, whoever talks to it", r: on(content.Narrow, outside(content.LifeCritical, 0), outside(content.ClinicalEssential, 0)), outcome: Allow, needs: content.Auto},
		{name: "unless a clinical conversation uses it", r: on(content.Narrow, outside(content.ClinicalEssential, 1)), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "and both where that is of a ventilator", r: on(content.Narrow, outside(content.LifeCritical, 1)), outcome: Ask, needs: content.Both, missing: []Role{RoleSOC, RoleClinical}},
		{name: "what would stop is not known: a person", r: on(content.Narrow, outside(content.Office, 0)), edit: func(r *Request) { r.Facts.Seen = false }, outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "a device of clinical support may have a clinical conversation that cannot be seen yet: a person", r: on(content.Narrow, blindly(content.ClinicalSupport)), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "one of the office has none that care depends on", r: on(content.Narrow, blindly(content.Office)), outcome: Allow, needs: content.Auto},
		{name: "a person goes beyond that", r: on(content.Narrow, blindly(content.ClinicalSupport)), edit: approve(bela), outcome: Allow, needs: content.SOC},
		{name: "frozen: a person", r: on(content.Narrow, outside(content.Office, 0)), edit: func(r *Request) { r.Facts.Frozen = true }, outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "frozen: evidence is kept all the same", r: on(content.Evidence, aimed(content.LifeCritical, 0, 0)), edit: func(r *Request) { r.Facts.Frozen = true }, outcome: Allow, needs: content.Auto},
		{name: "frozen: people go on", r: on(content.Micro, aimed(content.Office, 1, 0)), edit: func(r *Request) { r.Facts.Frozen, r.Automatic = true, false }, outcome: Allow, needs: content.Auto},
		{name: "in shadow mode it is only noted", r: on(content.Micro, aimed(content.Office, 1, 0)), edit: func(r *Request) { r.Facts.Shadow = true }, outcome: Shadow, needs: content.Auto},
		{name: "the second waits for the first", r: on(content.Micro, aimed(content.Office, 1, 0)), edit: func(r *Request) { r.Facts.Canary = noon.Add(time.Second) }, outcome: Wait, needs: content.Auto},
		{name: "for so long", r: on(content.Micro, aimed(content.Office, 1, 0)), edit: func(r *Request) { r.Facts.Canary = noon }, outcome: Allow, needs: content.Auto},
		{name: "the sixth device within ten minutes waits for a person", r: on(content.Micro, aimed(content.Office, 1, 0)), edit: spent(5, 9*time.Minute), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "the same one does not count twice", r: on(content.Micro, Touched{ID: 101, Tier: content.Office, Confirmed: true, Aimed: true}), edit: spent(5, 9*time.Minute), outcome: Allow, needs: content.Auto},
		{name: "after ten minutes there is room", r: on(content.Micro, aimed(content.Office, 1, 0)), edit: spent(5, 10*time.Minute), outcome: Allow, needs: content.Auto},
		{name: "a person goes beyond a budget", r: on(content.Micro, aimed(content.Office, 1, 0)), edit: func(r *Request) { spent(5, time.Minute)(r); r.Approvals = []Approval{bela} }, outcome: Allow, needs: content.SOC},
		{name: "what the centre proposes waits for a person of the site", r: on(content.Narrow, outside(content.Office, 0)), edit: func(r *Request) { r.Automatic, r.Centre = false, true }, outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "even evidence", r: on(content.Evidence, aimed(content.Office, 0, 0)), edit: func(r *Request) { r.Automatic, r.Centre = false, true }, outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "it is done after that", r: on(content.Narrow, outside(content.Office, 0)), edit: func(r *Request) { r.Automatic, r.Centre, r.Approvals = false, true, []Approval{ana} }, outcome: Allow, needs: content.SOC},
		{name: "it asks for no less than anybody", r: on(content.Micro, aimed(content.LifeCritical, 1, 0)), edit: func(r *Request) { r.Automatic, r.Centre, r.Approvals = false, true, []Approval{ana} }, outcome: Ask, needs: content.Both, missing: []Role{RoleClinical}},
		{name: "a playbook asks for more than the matrix", r: on(content.Micro, aimed(content.Office, 3, 0)), edit: func(r *Request) { r.Beside = []content.Needs{content.Clinical} }, outcome: Ask, needs: content.Clinical, missing: []Role{RoleClinical}},
		{name: "but never for less", r: on(content.Micro, aimed(content.ClinicalEssential, 3, 0)), edit: func(r *Request) { r.Beside = []content.Needs{content.Auto} }, outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "what is nobody is nobody", r: on(content.Micro, aimed(content.Office, 3, 0)), edit: func(r *Request) { r.Beside = []content.Needs{content.Needs(9)} }, outcome: Refuse, needs: content.Never},
		{name: "nobody who has no name counts", r: on(content.Quarantine, aimed(content.ClinicalSupport, 1, 0)), edit: approve(Approval{By: "host", SOC: true}, Approval{By: "program:node", SOC: true}, Approval{By: "person:", SOC: true}), outcome: Ask, needs: content.SOC, missing: []Role{RoleSOC}},
		{name: "an effect that is none is refused", r: on(content.Effect(6), aimed(content.Office, 0, 0)), edit: approve(ana, chloe), outcome: Refuse, needs: content.Never},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.edit != nil {
				tt.edit(&tt.r)
			}
			v := Judge(tt.r, m)
			if v.Outcome != tt.outcome || v.Needs != tt.needs || !slices.Equal(v.Missing, tt.missing) {
				t.Errorf("%v, needs %v, missing %v because of %v; want %v, %v, %v", v.Outcome, v.Needs, v.Missing, v.Reasons, tt.outcome, tt.needs, tt.missing)
			}
			if v.Outcome != Allow && len(v.Reasons) == 0 {
				t.Errorf("%v without a reason", v.Outcome)
			}
		})
	}
	if v := Judge(Request{}, nil); v.Outcome != Refuse {
		t.Errorf("without a matrix: %v, want %v", v.Outcome, Refuse)
	}
}

// on is what the program wants at noon.
func on(e content.Effect, all ...Touched) Request {
	return Request{Effect: e, Automatic: true, Facts: Facts{Now: noon, Seen: true, Touched: all}}
}

func approve(all ...Approval) func(*Request) { return func(r *Request) { r.Approvals = all } }

// spent are as many devices that were cut some time ago.
func spent(n int, ago time.Duration) func(*Request) {
	return func(r *Request) {
		for k := range n {
			r.Facts.Spent = append(r.Facts.Spent, Spent{Device: uint64(101 + k), At: noon.Add(-ago)})
		}
	}
}

func TestShares(t *testing.T) {
	m, _ := content.Shipped()
	r := on(content.Micro, Touched{ID: 7, Tier: content.Office, Confirmed: true, Aimed: true, Ward: "A", Class: "workstation"})
	r.Facts.Wards, r.Facts.Classes = map[string]int{"A": 19}, map[string]int{"workstation": 400}
	if v := Judge(r, m); v.Outcome != Allow {
		t.Errorf("the first of a small ward: %v %v, want %v", v.Outcome, v.Reasons, Allow)
	}
	r.Facts.Spent = []Spent{{Device: 8, Ward: "A", Class: "workstation", At: noon}}
	if v := Judge(r, m); v.Outcome != Ask {
		t.Errorf("the second of 19 in a ward: %v, want %v", v.Outcome, Ask)
	}
	r.Facts.Wards["A"] = 20
	if v := Judge(r, m); v.Outcome != Allow {
		t.Errorf("the second of 20 in a ward: %v %v, want %v", v.Outcome, v.Reasons, Allow)
	}
	r.Facts.Classes["workstation"] = 10
	if v := Judge(r, m); v.Outcome != Ask {
		t.Errorf("the second of 10 in a class: %v, want %v", v.Outcome, Ask)
	}
}

func TestReasonsAreInBothLanguages(t *testing.T) {
	for _, code := range []string{"malformed", "life-critical-never", "life-critical-cut", "clinical-essential-cut", "unconfirmed-cut", "unseen", "newest-unseen", "centre", "beside", "before", "frozen",
		"budget-devices", "budget-ward", "budget-class", "shadow", "canary", "matrix"} {
		if r := why(code); r.EN == code || r.FR == code || r.EN == r.FR {
			t.Errorf("%s reads %q and %q", code, r.EN, r.FR)
		}
	}
}
