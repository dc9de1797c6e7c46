package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestCheckFindings(t *testing.T) {
	one := func(rule, severity, from, to string) Finding {
		var f Finding
		text := fmt.Sprintf(`{"title":"x","rule":%q,"severity":%q,"status":"open","techniques":[{"id":"T1046"}],"entities":[{"role":"source","kind":"device","value":%q},{"role":"target","kind":"device","value":%q}]}`,
			rule, severity, from, to)
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	var all []Finding
	for _, s := range attacks {
		to := s.to
		if to == "" {
			to = "ehr"
		}
		all = append(all, one(s.rules[0], "high", at(s.from), at(to)))
	}
	failed := func(all []Finding) (names []string) {
		for _, r := range CheckFindings(all) {
			if !r.Passed {
				names = append(names, r.Name)
			}
		}
		return names
	}
	if got := failed(all); got != nil {
		t.Errorf("all as it must be: %v failed", got)
	}
	if got := failed(append(all[1:], one("1:1", "low", at("nurse1"), at("files")))); len(got) != 1 || got[0] != attacks[0].name {
		t.Errorf("one is missing, and a nurse is suspected of little: %v failed", got)
	}
	if got := failed(append(all, one("1:1", "high", at("nurse1"), at("files")))); len(got) != 1 || !strings.HasPrefix(got[0], "nobody but") {
		t.Errorf("a nurse is suspected: %v failed", got)
	}
	all[1] = one(attacks[1].rules[0], "high", at("pacs"), at("attacker"))
	if got := failed(all); len(got) != 2 {
		t.Errorf("the wrong way round: %v failed", got)
	}
}
