package classes

import "testing"

// facts of a case.
type facts Case

func (f facts) Each(field string, fn func(string) bool) {
	for _, m := range f {
		for k, v := range m {
			if k == field && !fn(v) {
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
			if got := Judge(all, tt.f).Class; got != tt.want {
				t.Errorf("class %q, want %q", got, tt.want)
			}
		})
	}
}
