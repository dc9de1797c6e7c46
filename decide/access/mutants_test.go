package access

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	content "bulwark/content/policies"
	"bulwark/decide/access/policy"
	"bulwark/decide/access/policy/policytest"
)

// harmless are the slips that change no decision, and why.
var harmless = []struct {
	policy string
	what   []string
	why    string
}{
	{"other-applications", []string{"for people and machines"}, "machine-nothing-else: machines open nothing"},
	{"modality-to-pacs", []string{"for open too", "for administer too", "without context.device.bound"}, "machine-nothing-else says the same of every machine"},
	{"console-others", []string{"for readRecord too", "for writeRecord too", "for exportRecord too", "for open too", "for administer too", "for tunnel too", "for breakGlass too"},
		"the doors that it lists can only be used"},
	{"console-from-outside", []string{"for readRecord too", "for writeRecord too", "for exportRecord too", "for open too", "for administer too", "for tunnel too", "for breakGlass too"},
		"remote-needs-passkey says the same of all but the console"},
	{"remote-needs-passkey", []string{"for people and machines"}, "modality-to-pacs: machines act from the biomedical network alone"},
	{"shared-workstation-no-export", []string{"for people and machines"}, "machine-nothing-else: machines export nothing"},
}

// TestNoSlipInAShippedPolicyGoesUnseen changes one thing after the other in the shipped policies. The cases or the invariants must see each, or it
// changes nothing and stands among the harmless ones.
func TestNoSlipInAShippedPolicyGoesUnseen(t *testing.T) {
	cases, err := ParseCases(content.Cases())
	if err != nil {
		t.Fatal(err)
	}
	all, seen, same := 0, 0, 0
	pack := content.Shipped()
	right, _, _ := load(pack)
	for n, f := range pack.Policies {
		mutants, err := policytest.Mutants(f.Name, f.Text)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mutants {
			pack.Policies[n].Text = m.Text
			var against *policy.Set
			if isHarmless(m) {
				against = right
			}
			by, differs := notices(pack, cases, against)
			switch {
			case by == "" && isHarmless(m) && !differs:
				same++
			case by == "":
				all++
				t.Errorf("%s: neither cases nor invariants notice that it is changed: %s", m.Policy, m.What)
			case isHarmless(m):
				t.Errorf("%s: %s is no more harmless: %s notice it", m.Policy, m.What, by)
			default:
				all++
				seen++
			}
		}
		pack.Policies[n].Text = f.Text
	}
	if all < 300 {
		t.Errorf("only %d slips were made", all)
	}
	t.Logf("%d further ones change no decision", same)
	fmt.Printf("RESULT policy_slips_seen %d/%d share\n", seen, all)
}

func isHarmless(m policytest.Mutant) bool {
	for _, h := range harmless {
		if h.policy == m.Policy && slices.Contains(h.what, m.What) {
			return true
		}
	}
	return false
}

// notices is what notices that policies were changed, and where nothing does, whether they decide otherwise than others in the model hospital.
func notices(pack content.Pack, cases *Cases, others *policy.Set) (by string, differs bool) {
	set, invariants, bad := load(pack)
	if len(bad) > 0 {
		return "the schema", true
	}
	for _, o := range cases.Try(set, at()) {
		if o.Wrong != "" {
			return "cases", true
		}
	}
	v := newModel(standard(), modelDoors()).compare(others, set, invariants, at())
	if len(v.Breaches) > 0 {
		return "invariants", true
	}
	return "", len(v.Differences) > 0
}

func TestACaseOfSeveralIsAskedOfEach(t *testing.T) {
	c, err := ParseCases(strings.Join([]string{
		"hospital: {people: {doctor: {roles: [clinician]}}, applications: {pacs: {groups: [clinical]}, mail: {groups: [office]}}}",
		"cases:",
		"  - {name: opens, who: doctor, do: open, each: [pacs, mail], want: allow}",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	set, _ := shipped(t)
	got := c.Try(set, at())
	if len(got) != 2 || got[0] != (Outcome{"opens: pacs", ""}) || got[1].Name != "opens: mail" || got[1].Wrong == "" {
		t.Errorf("got %+v", got)
	}
}

func TestACaseMaySayTheSameOfTwoTimes(t *testing.T) {
	x := Case{}
	x.With.Proved, x.With.BreakGlass, x.With.Opens = "10m", "10m", "10m"
	s, err := x.situation()
	if err != nil || s.Proved != s.Glass || s.Glass != s.Opens || s.Opens.Minutes() != 10 {
		t.Errorf("got %+v, %v", s, err)
	}
}
