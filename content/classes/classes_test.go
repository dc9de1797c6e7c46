package classes

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// facts of a case.
type facts Case

func (f facts) Each(fn func(field, value string) bool) {
	for _, m := range f {
		for k, v := range m {
			if !fn(k, v) {
				return
			}
		}
	}
}

func TestEachRuleHoldsForItsCasesAndNoOther(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		for j := range all[i].Rules {
			r := &all[i].Rules[j]
			for _, c := range r.Match {
				if !r.Holds(facts(c)) {
					t.Errorf("%s: %s does not hold for %v, want it to", all[i].Name, r.Name, c)
				}
			}
			for _, c := range r.Spare {
				if r.Holds(facts(c)) {
					t.Errorf("%s: %s holds for %v, want it not to", all[i].Name, r.Name, c)
				}
			}
		}
	}
}

func TestNamesAreOfOneClassEach(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	names, french := map[string]bool{}, map[string]bool{}
	for i := range all {
		c := &all[i]
		if names[c.Name] || french[c.French] {
			t.Errorf("class %q (%s) is there twice", c.Name, c.French)
		}
		names[c.Name], french[c.French] = true, true
		rules := map[string]bool{}
		for j := range c.Rules {
			if rules[c.Rules[j].Name] {
				t.Errorf("%s: two rules are named %q", c.Name, c.Rules[j].Name)
			}
			rules[c.Rules[j].Name] = true
		}
	}
}

// Each reason is said in French too, and the list says nothing that no rule is called.
func TestEachRuleHasAFrenchName(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	text, err := files.ReadFile("french/rules.tsv")
	if err != nil {
		t.Fatal(err)
	}
	left, err := Words(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		for j := range all[i].Rules {
			r := &all[i].Rules[j]
			if r.French == "" {
				t.Errorf("%s: %q has no French name", all[i].Name, r.Name)
			}
			delete(left, r.Name)
		}
	}
	for name := range left {
		t.Errorf("no rule is called %q", name)
	}
	if _, err := Words([]byte("a name alone\n")); !errors.Is(err, ErrClass) {
		t.Errorf("a line without a tab: %v, want %v", err, ErrClass)
	}
}

func TestWhatLeavesRoomForDoubtIsUnknown(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		f    facts
		want string
	}{
		{"nothing is known", nil, ""},
		{"a maker alone is no pump", facts{{"oui": "ICU Medical, Inc."}}, ""},
		{"a pump that has a Windows system is a pump", facts{{"oui": "ICU Medical, Inc."}, {"message": "sends ORU^R01"}, {"user_agent": "Mozilla/5.0 (Windows NT 6.1)"}}, "infusion pump"},
		{"a modality with Windows is a modality", facts{{"role": "dicom source of images"}, {"role": "dicom asks for worklists"}, {"role": "dicom sends objects"}, {"user_agent": "Mozilla/5.0 (Windows NT 6.1)"}}, "imaging modality"},
		{"a controller of a domain that browses is one", facts{{"role": "kerberos kdc"}, {"serves": "ldap"}, {"serves": "krb5"}, {"user_agent": "Mozilla/5.0 (Windows NT 6.1)"}}, "domain controller"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := NewJudge(all).Judge(tt.f).Class; got != tt.want {
				t.Errorf("class %q, want %q", got, tt.want)
			}
		})
	}
}

// The judge comes to what each rule says by itself, whatever facts there are.
func TestTheJudgeHeedsEachRule(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	var pool Case // all that cases and patterns have
	for i := range all {
		for _, r := range all[i].Rules {
			for _, c := range slices.Concat(r.Match, r.Spare) {
				pool = append(pool, c...)
			}
			for _, x := range slices.Concat(r.All, r.None) {
				for _, is := range x.Is {
					for _, v := range [...]string{is, strings.ReplaceAll(is, "*", ""), strings.ReplaceAll(is, "*", "xé"), strings.ToUpper(is), strings.ReplaceAll(is, "s", "\u017f")} {
						pool = append(pool, map[string]string{x.Field: v})
					}
				}
			}
		}
	}
	j, rnd, taken := NewJudge(all), rand.New(rand.NewPCG(1, 2)), map[string]bool{}
	for range 3000 {
		var f facts
		for range 1 + rnd.IntN(16) {
			f = append(f, pool[rnd.IntN(len(pool))])
		}
		got, want := j.Judge(f), plainly(all, f)
		if got.Class != want.Class || got.Points != want.Points || got.Rival != want.Rival || !slices.Equal(got.Why, want.Why) {
			t.Fatalf("%v\n is %+v,\nwant %+v", f, got, want)
		}
		taken[got.Class] = true
	}
	if len(taken) < len(all)/2 {
		t.Errorf("only %d classes were come to: %v", len(taken), slices.Sorted(maps.Keys(taken)))
	}
}

// plainly is what a judge comes to who asks each rule.
func plainly(all []Class, f Facts) Verdict {
	var best, next Verdict
	for i := range all {
		v := Verdict{Class: all[i].Name}
		for k := range all[i].Rules {
			if r := &all[i].Rules[k]; r.Holds(f) {
				v.Points += r.Points
				v.Why = append(v.Why, r.Name)
			}
		}
		switch {
		case v.Points > best.Points:
			best, next = v, best
		case v.Points > next.Points:
			next = v
		}
	}
	switch {
	case best.Points < Possible:
		return Verdict{}
	case best.Points-next.Points < margin:
		return Verdict{Rival: best.Class + ", " + next.Class}
	case next.Points > best.Points/2:
		best.Rival = next.Class
	}
	return best
}

// A reason that has no French is shown in English to people who read French: add it to french/rules.tsv.
func TestReasonsInFrench(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		for _, r := range c.Rules {
			if r.French == "" {
				t.Errorf("%s: %q has no French in french/rules.tsv", c.Name, r.Name)
			}
		}
	}
}
