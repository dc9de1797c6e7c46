package policy_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulwark/decide/access/policy"
	"bulwark/decide/access/policy/policytest"
)

func TestMistakesAreToldWithTheirPlace(t *testing.T) {
	const head = "// a comment\n@id(\"x\")\n@why(\"y\")\n"
	tests := []struct{ name, text, want string }{
		{"an attribute that does not exist", head + `permit (principal in Role::"doctor", action == Action::"readRecord", resource)` + "\n" + `when { resource.patient.wrad == principal };`,
			"f.cedar:5:25: x: attribute `wrad` on entity type `Patient` not found"},
		{"an action that does not exist", head + `permit (principal, action == Action::"raedRecord", resource);`, "f.cedar:4:38: x: unrecognized action"},
		{"a type that does not exist", head + `permit (principal in Rolle::"doctor", action == Action::"readRecord", resource);`, "f.cedar:4:22: x: unrecognized entity type"},
		{"text compared with a number", head + `permit (principal, action == Action::"readRecord", resource) when { context.auth.assurance >= "2" };`, "f.cedar:4:95: x: unexpected type"},
		{"an optional attribute without has", head + `permit (principal, action == Action::"readRecord", resource)` + "\nwhen { context.breakGlass.reason == \"\" };", "f.cedar:5:16: x: unable to guarantee"},
		{"no id", `@why("y") permit (principal, action, resource);`, "f.cedar:1:1: there is no @id"},
		{"no reason", `@id("x") permit (principal, action, resource);`, "f.cedar:1:1: x: there is no @why"},
		{"an annotation that is misspelt", "@id(\"x\")\n@why(\"y\")\n @obligations(\"record\")\npermit (principal, action, resource);", "f.cedar:3:3: x: @obligations is none of"},
		{"an obligation that there is not", "@id(\"x\") @why(\"y\")\n@obligation(\"record; reveiw 3h\")\npermit (principal, action, resource);", `f.cedar:2:2: x: obligation "reveiw" is none of`},
		{"a review without a time", "@id(\"x\") @why(\"y\")\n@obligation(\"review\")\npermit (principal, action, resource);", `f.cedar:2:2: x: obligation "review" needs`},
		{"an id twice", "@id(\"x\") @why(\"y\") permit (principal, action, resource);\n@id(\"x\") @why(\"y\") permit (principal, action, resource);", "f.cedar:2:5: x: the id is taken by the policy at f.cedar:1"},
		{"brackets without end", "permit (principal, action, resource) when { " + strings.Repeat("(", 100_000), "f.cedar:1:94: a policy has at most"},
		{"a policy without end", "permit (principal, action, resource) when { 1" + strings.Repeat(" + 1", 100_000), "f.cedar:1:10025: a policy has at most"},
		{"what is no Cedar", "permit (principal,\n action resource);", "f.cedar:2:17:"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set, bad := policy.Load([]policy.File{{Name: "f.cedar", Text: test.text}}, policytest.Schema())
			if set != nil || len(bad) == 0 || !strings.HasPrefix(bad[0].String(), test.want) {
				t.Errorf("got %v, want %s", bad, test.want)
			}
		})
	}
}

func TestSamplePoliciesOfOthersAreJudgedAsTheOfficialEngineDoes(t *testing.T) {
	dir := filepath.Join(os.Getenv("BULWARK_DATA"), "access", "policies")
	text, err := os.ReadFile(filepath.Join(dir, "hospital.cedarschema"))
	if err != nil || os.Getenv("BULWARK_DATA") == "" {
		t.Skip("BULWARK_DATA has no sample policies")
	}
	schema, err := policy.ParseSchema("hospital.cedarschema", string(text))
	if err != nil {
		t.Fatal(err)
	}
	cases, err := os.Open(filepath.Join(dir, "validator-cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer cases.Close()
	n := 0
	for lines := bufio.NewScanner(cases); lines.Scan(); n++ {
		var c struct{ Case, Want, Policy string }
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		_, bad := policy.Load([]policy.File{{Name: "case", Text: `@id("x") @why("y") ` + c.Policy}}, schema)
		if got := len(bad) == 0; got != (c.Want == "accept") {
			t.Errorf("%s: got %v, want %s", c.Case, bad, c.Want)
		}
	}
	if n != 7 {
		t.Errorf("%d cases, want 7", n)
	}
}

func TestShippedPoliciesAreRightAndSayWhyInBothLanguages(t *testing.T) {
	for _, p := range policytest.Shipped().Policies {
		if p.Why.FR == p.Why.EN {
			t.Errorf("%s:%d: %s has no @why_fr", p.File, p.Line, p.ID)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(`@id("x") @why("y") @obligation("record; review 72h") permit (principal is Person, action, resource) when { context.now > datetime("2026-01-01") };`)
	f.Add(policytest.NewRandom(1).Policies(0) + `forbid(principal,action,resource)unless{context has window};`)
	schema := policytest.Schema()
	f.Fuzz(func(t *testing.T, text string) {
		set, bad := policy.Load([]policy.File{{Name: "f", Text: text}}, schema)
		if (set == nil) != (len(bad) > 0) {
			t.Errorf("a set and problems, or neither: %v", bad)
		}
		for _, b := range bad {
			if b.Line < 1 || b.Column < 1 {
				t.Errorf("%v is nowhere", b)
			}
		}
	})
}
