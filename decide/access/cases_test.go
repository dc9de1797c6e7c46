package access

import (
	"slices"
	"strings"
	"testing"
	"time"

	content "bulwark/content/policies"
	"bulwark/decide/access/policy"
)

func at() time.Time { return time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC) }

// shipped are the shipped policies and invariants, with changes: old text, new text, and so on.
func shipped(t *testing.T, changes ...string) (set, invariants *policy.Set) {
	t.Helper()
	p := content.Shipped()
	changed := 0
	for n := range p.Policies {
		for c := 0; c < len(changes); c += 2 {
			if strings.Contains(p.Policies[n].Text, changes[c]) {
				changed++
			}
			p.Policies[n].Text = strings.Replace(p.Policies[n].Text, changes[c], changes[c+1], 1)
		}
	}
	if changed*2 != len(changes) {
		t.Fatalf("%d of %d changes were made", changed, len(changes)/2)
	}
	set, invariants, bad := load(p)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	return set, invariants
}

func TestShippedPoliciesAnswerTheirCases(t *testing.T) {
	set, _ := shipped(t)
	c, err := ParseCases(content.Cases())
	if err != nil {
		t.Fatal(err)
	}
	decided := map[string]bool{}
	for _, x := range c.Cases {
		for _, id := range x.By {
			decided[id] = true
		}
	}
	for _, o := range c.Try(set, at()) {
		if o.Wrong != "" {
			t.Errorf("%s: %s", o.Name, o.Wrong)
		}
	}
	if len(c.Cases) < 30 {
		t.Errorf("only %d cases", len(c.Cases))
	}
}

func TestShippedPoliciesKeepTheInvariants(t *testing.T) {
	set, invariants := shipped(t)
	v := newModel(standard(), nil).compare(nil, set, invariants, at())
	if len(v.Breaches) > 0 || v.Asked < 5000 {
		t.Errorf("%d asked: %+v", v.Asked, v.Breaches)
	}
}

// Changes for the worse, each with the invariant that it breaks.
func TestAChangeForTheWorseBreaksAnInvariant(t *testing.T) {
	tests := []struct{ name, old, new, breaks string }{
		{"break-glass without a review", `@obligation("banner; record; review 72h; notify dpo,dim,head-of-unit")`, `@obligation("banner")`, "break-glass-is-seen"},
		{"a broken glass that nobody looks at", `@obligation("banner; read-only; record; review 72h; notify dpo,dim,head-of-unit")`, `@obligation("banner; read-only")`, "break-glass-reads"},
		{"sensitive records for the ward", "resource.patient.sensitive\n}", "resource.patient.sensitive && context.degraded\n}", "sensitive-to-few"},
		{"break-glass from the office alone", `context.network.zone != "internet" && context.network.zone != "guest" };`, `context.network.zone == "office" };`, "care-breaks-glass"},
		{"the broken glass opens nothing", `action == Action::"readRecord",` + "\n  resource is Record\n) when {\n  context has breakGlass &&", `action == Action::"readRecord",` + "\n  resource is Record\n) when {\n  false && context has breakGlass &&", "break-glass-reads"},
		{"disabled accounts go on", `when { principal.disabled };`, `when { principal.disabled && context.degraded };`, "disabled-nothing"},
		{"passwords from the internet", `when { context.network.zone == "internet" &&`, `when { context.network.zone == "guest" &&`, "nothing-from-outside-with-a-password"},
		{"vendors without a window", "context has window && principal in context.window.vendor &&\n  context.now >= context.window.from && context.now < context.window.until &&\n  context.auth.resistant", "context.auth.resistant", "vendors-need-a-window"},
		{"administrators only with a passkey", `permit (principal in Role::"administrator", action == Action::"use", resource in Area::"administrator");`, `permit (principal in Role::"administrator", action == Action::"use", resource in Area::"administrator") when { context.auth.resistant };`, "administrators-run-bulwark"},
		{"analysts are administrators", `permit (principal in Role::"analyst", action == Action::"use", resource in Area::"analyst");`, `permit (principal in Role::"analyst", action == Action::"use", resource);`, "people-to-administrators"},
	}
	door := policy.Entity{UID: policy.ID("Door", "POST /api/people"), Parents: uids("Area", []string{"administrator"})}
	tunnel := policy.Entity{UID: policy.ID("App", "scanner"), Parents: uids("AppGroup", []string{"maintenance"}), Attrs: policy.Attrs{"assurance": 1}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set, invariants := shipped(t, test.old, test.new)
			v := newModel(standard(), []policy.Entity{door, tunnel}).compare(nil, set, invariants, at())
			if !slices.ContainsFunc(v.Breaches, func(b Breach) bool { return b.Invariant == test.breaks }) {
				t.Errorf("got %+v, want %s broken", v.Breaches, test.breaks)
			}
		})
	}
}

func TestAChangeTellsWhatBecomesOfWhatItNames(t *testing.T) {
	old, invariants := shipped(t)
	add := `@id("export-inside")
@why("Exports are taken inside")
@why_fr("Exports")
forbid (principal is Person, action == Action::"use", resource == Door::"GET /api/export") unless { context.network.zone == "clinical" };
`
	next, _ := shipped(t, `@id("console-analyst")`, add+`@id("console-analyst")`)
	analysts := uids("Area", []string{"analyst"})
	doors := []policy.Entity{{UID: policy.ID("Door", "GET /api/search"), Parents: analysts}, {UID: policy.ID("Door", "GET /api/export"), Parents: analysts}}
	var named []policy.UID
	for _, p := range next.Policies {
		named = append(named, p.Named()...)
	}
	v := newModel(standard(), doors, named...).compare(old, next, invariants, at())
	if len(v.Differences) == 0 {
		t.Fatal("nobody loses")
	}
	for _, d := range v.Differences {
		if d.Gain || d.What.EN != "door GET /api/export" {
			t.Errorf("got %+v", d)
		}
	}
}

func TestAChangeTellsWhoGainsAndWhoLoses(t *testing.T) {
	old, invariants := shipped(t)
	next, _ := shipped(t, `context.auth.assurance >= 2`, `context.auth.assurance >= 1`)
	kinds := append(standard(), &kind{roles: uids("Role", []string{"clinician", "nurse"}), people: []string{"1", "2", "3"}})
	v := newModel(kinds, nil).compare(old, next, invariants, at())
	if len(v.Differences) == 0 {
		t.Fatal("no difference")
	}
	d := v.Differences[0]
	if !d.Gain || d.People != 3 || d.Who.EN != "clinician, nurse" || d.When.EN != "with one factor" || d.What.EN != "patients of their own ward" {
		t.Errorf("got %+v", d)
	}
	back := newModel(kinds, nil).compare(next, old, invariants, at())
	if len(back.Differences) != len(v.Differences) || back.Differences[0].Gain {
		t.Errorf("the other way round: %+v", back.Differences)
	}
}

// BenchmarkAChangeIsTried asks the shipped policies everything in the model hospital, twice and of the invariants.
func BenchmarkAChangeIsTried(b *testing.B) {
	set, invariants, _ := load(content.Shipped())
	m := newModel(standard(), modelDoors())
	for b.Loop() {
		m.compare(set, set, invariants, at())
	}
}
