package logrule

import (
	"slices"
	"testing"

	"bulwark/content/logrules"
)

func TestShippedRulesFireWhereTheyMust(t *testing.T) {
	s, err := Load(logrules.Files())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Rejected {
		t.Errorf("%s: %s", r.File, r.Why)
	}
	cases, err := Cases(logrules.Cases())
	if err != nil {
		t.Fatal(err)
	}
	fired, silent := map[string]bool{}, 0
	for _, c := range cases {
		missing, wrong, err := s.Try(&c, nil)
		if err != nil || len(missing)+len(wrong) > 0 {
			t.Errorf("%s: got %v; missing %v, wrong %v", c.Name, err, missing, wrong)
		}
		for _, id := range c.Fires {
			fired[id] = true
		}
		if len(c.Fires) == 0 {
			silent++
		}
	}
	for _, id := range s.loud() {
		if !fired[id] {
			t.Errorf("rule %s: no case fires it", id)
		}
	}
	french := logrules.French()
	for _, id := range s.loud() {
		if french[id] == "" {
			t.Errorf("rule %s has no title in French", id)
		}
	}
	if silent == 0 {
		t.Error("no case must stay silent")
	}
}

// loud are the rules that tell somebody.
func (s *Set) loud() (all []string) {
	for _, r := range s.rules {
		if !r.silent && r.told.Level != quiet {
			all = append(all, r.told.key())
		}
	}
	for _, c := range s.correlations {
		if c.Level.String() != quiet {
			all = append(all, c.ID)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
