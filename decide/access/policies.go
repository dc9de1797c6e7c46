package access

import (
	"time"

	content "bulwark/content/policies"
	"bulwark/decide/access/policy"
)

// load reads a pack; with problems nothing of it decides.
func load(p content.Pack) (set, invariants *policy.Set, bad []policy.Problem) {
	schema, err := policy.ParseSchema(p.Schema.Name, p.Schema.Text)
	if err != nil {
		return nil, nil, []policy.Problem{{File: p.Schema.Name, Line: 1, Column: 1, Message: err.Error()}}
	}
	files := make([]policy.File, len(p.Policies))
	for n, f := range p.Policies {
		files[n] = policy.File{Name: f.Name, Text: f.Text}
	}
	set, bad = policy.Load(files, schema)
	invariants, more := policy.Load([]policy.File{{Name: p.Invariants.Name, Text: p.Invariants.Text}}, schema)
	return set, invariants, append(bad, more...)
}

// Report is what is found about a pack without a hospital.
type Report struct {
	Policies   int              `json:"policies"`
	Invariants int              `json:"invariants"`
	Problems   []policy.Problem `json:"problems"`
	*Preview
}

// Check reads a pack and holds it against the invariants, in a model hospital.
func Check(p content.Pack, now time.Time) *Report {
	set, invariants, bad := load(p)
	if len(bad) > 0 {
		return &Report{Problems: bad, Preview: &Preview{}}
	}
	return &Report{len(set.Policies), len(invariants.Policies), nil, newModel(standard(), modelDoors()).compare(nil, set, invariants, now)}
}

// modelDoors are an application of each usual group, and a door of each usual area.
func modelDoors() (all []policy.Entity) {
	for _, g := range []string{"clinical", "office", "maintenance"} {
		all = append(all, policy.Entity{UID: policy.ID("App", "model-"+g), Parents: uids("AppGroup", []string{g}), Attrs: policy.Attrs{"assurance": 2}})
	}
	for _, a := range []string{"administrator", "analyst", "approver", "biomedical-engineer", "reader", "auditor", "help-desk", "signed-in"} {
		all = append(all, policy.Entity{UID: policy.ID("Door", "model-"+a), Parents: uids("Area", []string{a}), Attrs: policy.Attrs{}})
	}
	return all
}

// Test asks a pack the cases of a text.
func Test(p content.Pack, cases string, now time.Time) ([]Outcome, error) {
	set, _, bad := load(p)
	if len(bad) > 0 {
		return nil, bad[0]
	}
	c, err := ParseCases(cases)
	if err != nil {
		return nil, err
	}
	return c.Try(set, now), nil
}
