package signature

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCasesAreReadAsTheyAreWritten(t *testing.T) {
	cases, err := ReadCases([]byte(`# of a ward
- name: an archive refuses
  capture: refused.pcap
  fires: [9000001, "3:7", 9000002 x3]
  silent: [9000003]
  vars: {HOME_NET: "10.0.0.0/8"}
- capture: calm.pcap
  all-others: true
  rules: [ward.rules]
`), "ward.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) != 2 {
		t.Fatalf("got %d cases, want 2", len(cases))
	}
	want := []Firing{{ID{1, 9000001}, 0}, {ID{3, 7}, 0}, {ID{1, 9000002}, 3}}
	if got := cases[0].Fires; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c := cases[1]; c.Name != "calm.pcap" || !c.AllOthers || c.Place != "ward.yaml:7" {
		t.Errorf("got %q all-others %v at %s, want calm.pcap, true, ward.yaml:7", c.Name, c.AllOthers, c.Place)
	}
}

func TestCasesThatCannotBeReadSayWhere(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"what is no list", "name: x", "c.yaml:1: a file of cases is a list"},
		{"an unknown key", "- capture: a\n  fire: [1]", `unknown field "fire"`},
		{"no capture", "- fires: [1]", "c.yaml:1: no capture is named"},
		{"what asks for nothing", "- capture: a", "it asks for nothing"},
		{"a rule that must and must not", "- capture: a\n  fires: [1]\n  silent: [1]", "rule 1 must fire and must not"},
		{"what is no number", "- capture: a\n  all-others: true\n- capture: a\n  fires: [one]", `c.yaml:3: fires: signature: no id of a rule: "one"`},
		{"what is counted by no number", "- capture: a\n  fires: [1 xx]", "behind the x stands how often"},
		{"no YAML", "- a: [", "c.yaml: "},
	} {
		_, err := ReadCases([]byte(c.text), "c.yaml")
		if !errors.Is(err, ErrCase) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestACaseIsJudgedByWhatFired(t *testing.T) {
	known := map[ID]State{{1, 1}: {}, {1, 2}: {}, {1, 3}: {Place: "a.rules:3:1", Reason: "unknown keyword"}}
	for _, x := range []struct {
		name  string
		c     Case
		fired map[ID]int
		want  string
	}{
		{"what fired as it must", Case{Fires: []Firing{{ID{1, 1}, 0}}, Silent: []ID{{1, 2}}}, map[ID]int{{1, 1}: 4}, ""},
		{"what did not fire", Case{Fires: []Firing{{ID{1, 1}, 0}}}, nil, "1 did not fire"},
		{"what fired too often", Case{Fires: []Firing{{ID{1, 1}, 2}}}, map[ID]int{{1, 1}: 1}, "1 fired once, not 2 times"},
		{"what must be silent", Case{Silent: []ID{{1, 2}}}, map[ID]int{{1, 2}: 3}, "2 fired 3 times and must not"},
		{"what nobody named", Case{AllOthers: true}, map[ID]int{{1, 2}: 1}, "2 fired once and must not"},
		{"what nobody named, where others may", Case{Silent: []ID{{1, 1}}}, map[ID]int{{1, 2}: 1}, ""},
		{"a rule that is not usable", Case{Fires: []Firing{{ID{1, 3}, 0}}}, nil, "3 is not usable: a.rules:3:1: unknown keyword"},
		{"a silent rule that there is not", Case{Silent: []ID{{1, 9}}}, nil, "9 is not among the rules"},
	} {
		var got []string
		for _, f := range x.c.judge(x.fired, known) {
			got = append(got, f.ID.Short()+" "+f.Text)
		}
		if s := strings.Join(got, "; "); s != x.want {
			t.Errorf("%s: got %q, want %q", x.name, s, x.want)
		}
	}
}

func TestTheShippedRulesCanBeUsed(t *testing.T) {
	c := Defaults()
	r, err := c.Load("", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	loaded, rejected, err := r.Check()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range rejected {
		t.Errorf("%s: %s", s.Place, s.Reason)
	}
	if loaded == 0 {
		t.Error("got no rule, want some")
	}
}
