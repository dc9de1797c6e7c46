package systems

import (
	"testing"

	"bulwark/content/classes"
)

// facts of a case.
type facts classes.Case

func (f facts) Each(fn func(field, value string) bool) {
	for _, m := range f {
		for k, v := range m {
			if !fn(k, v) {
				return
			}
		}
	}
}

func all(t *testing.T) []System {
	t.Helper()
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Each reason is said in French too, and the list says nothing that no rule is called.
func TestEachRuleHasAFrenchName(t *testing.T) {
	text, err := files.ReadFile("french/rules.tsv")
	if err != nil {
		t.Fatal(err)
	}
	left, err := classes.Words(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all(t) {
		for i := range s.Rules {
			if r := &s.Rules[i]; r.French == "" {
				t.Errorf("%s: %q has no French name", s.Name, r.Name)
			}
			delete(left, s.Rules[i].Name)
		}
	}
	for name := range left {
		t.Errorf("no rule is called %q", name)
	}
}

func TestEachRuleHoldsForItsCasesAndNoOther(t *testing.T) {
	for _, s := range all(t) {
		names := map[string]bool{}
		for i := range s.Rules {
			r := &s.Rules[i]
			if names[r.Name] {
				t.Errorf("%s: two rules are named %q", s.Name, r.Name)
			}
			names[r.Name] = true
			for _, c := range r.Match {
				if !r.Holds(facts(c)) {
					t.Errorf("%s: %s does not hold for %v, want it to", s.Name, r.Name, c)
				}
			}
			for _, c := range r.Spare {
				if r.Holds(facts(c)) {
					t.Errorf("%s: %s holds for %v, want it not to", s.Name, r.Name, c)
				}
			}
		}
	}
}

func TestTheVersionIsThatOfTheStrongestRule(t *testing.T) {
	j := NewJudge(all(t))
	tests := []struct {
		name string
		f    facts
		want string
	}{
		{"nothing is known", nil, ""},
		{"a build of Windows beside its browser", facts{{"software": "Windows 10.0 build 19045 rev 15"}, {"user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"}}, "Windows 10 22H2"},
		{"a browser alone", facts{{"user_agent": "Mozilla/5.0 (Windows NT 6.1; WOW64)"}}, "Windows 7 or Server 2008 R2"},
		{"a server by its own word", facts{{"software": "Windows Server 2019 Standard 17763"}}, "Windows Server 2019"},
		{"two browsers that say different versions", facts{{"user_agent": "Mozilla/5.0 (Windows NT 6.1; WOW64)"}, {"user_agent": "Mozilla/5.0 (Windows NT 6.3; WOW64)"}}, "Windows"},
		{"a phone", facts{{"user_agent": "Mozilla/5.0 (Linux; Android 11; SM-A125F)"}}, "Android 11"},
		{"a tablet of Apple", facts{{"user_agent": "Mozilla/5.0 (iPad; CPU OS 15_6 like Mac OS X)"}}, "iOS 15"},
		{"a Debian by secure shell", facts{{"banner": "OpenSSH_9.2p1 Debian-2+deb12u2"}}, "Linux Debian 12"},
		{"several behind one address", facts{{"user_agent": "Mozilla/5.0 (Windows NT 10.0)"}, {"user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := j.Judge(tt.f); got.Name != tt.want {
				t.Errorf("system %q (%v), want %q", got.Name, got.Why, tt.want)
			}
		})
	}
}

func TestASystemThatLacksWhatARuleNeedsIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no name":   "rules: [{name: a, points: 3, all: [{field: os, is: [b]}], source: [c], match: [[{os: b}]], spare: [[{os: c}]]}]",
		"no rules":  "system: A",
		"no source": "system: A\nrules: [{name: a, points: 3, all: [{field: os, is: [b]}], match: [[{os: b}]], spare: [[{os: c}]]}]",
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
