package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	content "bulwark/content/policies"
	"bulwark/decide/access/policy"
	"bulwark/platform/conf"
	"bulwark/platform/ledger"
)

// PolicyView is a policy as people see it.
type PolicyView struct {
	ID          string      `json:"id"`
	Effect      string      `json:"effect"` // permit or forbid
	Why         policy.Text `json:"why"`
	Obligations []string    `json:"obligations"`
	File        string      `json:"file"`
	Line        int         `json:"line"`
	Own         bool        `json:"own"` // of the hospital
	Source      string      `json:"source"`
	Used        uint64      `json:"used"` // decisions in which it let somebody do something
}

// PoliciesView are the policies in force.
type PoliciesView struct {
	Policies   []PolicyView     `json:"policies"`
	Invariants []PolicyView     `json:"invariants"`
	Files      []content.File   `json:"files"`
	Schema     string           `json:"schema"`
	Problems   []policy.Problem `json:"problems"` // of the hospital's own files, where those are not in force
}

// Policies are the policies in force.
func (a *Access) Policies() PoliciesView {
	a.mu.RLock()
	defer a.mu.RUnlock()
	own, used := map[string]bool{}, map[string]uint64{}
	for _, f := range append(slices.Clone(a.pack.Policies), a.pack.Invariants) {
		own[f.Name] = f.Own
	}
	for _, u := range a.uses {
		used[u.Policy] += u.Count
	}
	v := PoliciesView{Files: append(slices.Clone(a.pack.Policies), a.pack.Invariants), Schema: a.pack.Schema.Text, Problems: a.problems}
	if v.Problems == nil {
		v.Problems = []policy.Problem{}
	}
	view := func(p *policy.Policy) PolicyView {
		x := PolicyView{ID: p.ID, Effect: "permit", Why: p.Why, Obligations: []string{}, File: p.File, Line: p.Line, Own: own[p.File], Source: p.Source, Used: used[p.ID]}
		if p.Forbid {
			x.Effect = "forbid"
		}
		for _, o := range p.Obligations {
			x.Obligations = append(x.Obligations, o.String())
		}
		return x
	}
	for _, p := range a.engine.Set().Policies {
		v.Policies = append(v.Policies, view(p))
	}
	for _, p := range a.invariants.Policies {
		v.Invariants = append(v.Invariants, view(p))
	}
	return v
}

// Change is a file of policies as somebody wants it to be; an empty text is the shipped file, or none.
type Change struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Reason string `json:"reason"`
}

// Verdict is what a change would do: problems, or who gains and who loses, and what invariants break.
type Verdict struct {
	Problems []policy.Problem `json:"problems"`
	*Preview
}

// with is the pack with a file changed.
func (a *Access) with(c Change) (content.Pack, error) {
	name, err := content.NameOf(c.Name)
	if err != nil {
		return content.Pack{}, fmt.Errorf("%w: %w", ErrAsk, err)
	}
	if len(c.Text) > conf.MaxFile {
		return content.Pack{}, fmt.Errorf("%w: the text is longer than %v", ErrAsk, conf.Size(conf.MaxFile))
	}
	a.mu.RLock()
	all := map[string]content.File{}
	for _, f := range append(slices.Clone(a.pack.Policies), a.pack.Invariants) {
		all[f.Name] = f
	}
	a.mu.RUnlock()
	if strings.TrimSpace(c.Text) != "" {
		all[name] = content.File{Name: name, Text: c.Text, Own: true}
		return content.Assemble(all), nil
	}
	delete(all, name)
	shipped := content.Shipped()
	for _, f := range append(shipped.Policies, shipped.Invariants) {
		if f.Name == name {
			all[name] = f
		}
	}
	return content.Assemble(all), nil
}

// Try says what a change would do.
func (a *Access) Try(c Change) (*Verdict, error) {
	v, _, _, err := a.try(c)
	return v, err
}

func (a *Access) try(c Change) (*Verdict, *policy.Set, *policy.Set, error) {
	pack, err := a.with(c)
	if err != nil {
		return nil, nil, nil, err
	}
	set, invariants, bad := load(pack)
	if len(bad) > 0 {
		return &Verdict{Problems: bad}, nil, nil, nil
	}
	old := a.engine.Set()
	if c.Name == content.InvariantsFile { // what holds now is held against them
		old = set
	}
	return &Verdict{[]policy.Problem{}, a.model(old, set).compare(old, set, invariants, a.needs.Clock.Now())}, set, invariants, nil
}

// model is the model hospital with the kinds of people that there are, and what policies name.
func (a *Access) model(sets ...*policy.Set) *model {
	a.mu.RLock()
	defer a.mu.RUnlock()
	kinds := standard()
	by := map[string]*kind{}
	for id, p := range a.people {
		roles := slices.Sorted(slices.Values(p.Roles))
		k := &kind{roles: uids("Role", roles), disabled: p.Disabled, risk: max(a.risks["user:"+p.Login], a.risks["person:"+id])}
		if p.Vendor != "" {
			k.vendors = uids("Vendor", []string{p.Vendor})
		}
		mark := fmt.Sprint(k.roles, k.vendors, k.disabled, k.risk)
		if by[mark] == nil {
			by[mark] = k
			kinds = append(kinds, k)
		}
		by[mark].people = append(by[mark].people, id)
	}
	var named []policy.UID
	for _, s := range sets {
		for _, p := range s.Policies {
			named = append(named, p.Named()...)
		}
	}
	return newModel(kinds, a.entities.Of("App", "Door"), named...)
}

// Save puts a change in force, unless it has problems or breaks an invariant.
func (a *Access) Save(ctx context.Context, actor string, c Change) (*Verdict, error) {
	if strings.TrimSpace(c.Reason) == "" || len(c.Reason) > 4*longText {
		return nil, fmt.Errorf("%w: say why", ErrAsk)
	}
	v, set, invariants, err := a.try(c)
	switch {
	case err != nil:
		return nil, err
	case len(v.Problems) > 0:
		return v, fmt.Errorf("%w: %s", ErrPolicy, v.Problems[0])
	case len(v.Breaches) > 0:
		return v, fmt.Errorf("%w: the invariant %s would break: %s", ErrPolicy, v.Breaches[0].Invariant, v.Breaches[0].Why.EN)
	}
	pack, err := a.with(c)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	sum := sha256.Sum256([]byte(c.Text))
	e := ledger.Entry{Actor: actor, Act: "access.policies", Object: "policies/" + c.Name, Outcome: ledger.Done, Detail: map[string]string{
		"sha256": hex.EncodeToString(sum[:]), "reason": c.Reason, "differences": fmt.Sprint(len(v.Differences) + v.LeftOff)}}
	if err := a.write(ctx, nil, e); err != nil {
		return nil, err
	}
	if a.needs.Own != nil {
		if err := a.needs.Own.Put(c.Name, []byte(c.Text)); err != nil {
			return nil, err
		}
	}
	a.pack, a.invariants, a.problems = pack, invariants, nil
	a.engine.Use(set)
	a.tellProblems()
	a.show("policies")
	return v, nil
}
