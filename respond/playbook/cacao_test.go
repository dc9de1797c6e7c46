package playbook

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"bulwark/content/playbooks"
)

func TestEveryShippedPlaybookComesBackFromCACAO(t *testing.T) {
	for _, f := range playbooks.Load(nil) {
		text, err := json.Marshal(Export(f.Playbook))
		if err != nil {
			t.Fatal(err)
		}
		back, err := ReadAny(text, "x")
		if err != nil || !reflect.DeepEqual(back, f.Playbook) {
			t.Errorf("%s comes back as %+v, %v", f.ID, back, err)
		}
	}
}

const foreign = `{"type":"playbook","spec_version":"cacao-2.0","id":"playbook--1","name":"Find Malware FuzzyPanda","created_by":"identity--1","created":"2023-08-22T20:31:21.395Z",
"modified":"2023-08-22T20:31:21.395Z","workflow_start":"start--1","workflow":{"start--1":{"type":"start","on_completion":"action--1"},
"action--1":{"type":"action","name":"Disconnect","on_completion":"end--1","agent":"individual--1","commands":[{"type":"manual","command":"Disconnect the machine"}]},"end--1":{"type":"end"}}}`

func TestOthersPlaybooksAreTakenOrRefusedByName(t *testing.T) {
	p, err := Import([]byte(foreign))
	if err != nil || p.ID != "find-malware-fuzzypanda" || len(p.Steps) != 1 || p.Steps[0].Do != "task" || !strings.Contains(p.Steps[0].Title.EN, "Disconnect the machine") {
		t.Fatalf("%+v %v", p, err)
	}
	for _, c := range []struct{ what, old, new, want string }{
		{"a command that is run on machines", `"type":"manual","command"`, `"type":"ssh","command"`, `step "action--1" (Disconnect) has a command of type "ssh"`},
		{"a condition", `"type":"action"`, `"type":"if-condition"`, `is of type "if-condition"`},
		{"steps at once", `"type":"action"`, `"type":"parallel"`, `is of type "parallel"`},
		{"a way for failure", `"agent":"individual--1"`, `"on_failure":"end--1"`, "goes different ways"},
		{"a loop", `"on_completion":"end--1"`, `"on_completion":"action--1"`, "leads back to itself"},
		{"a step that is not there", `"on_completion":"end--1"`, `"on_completion":"end--2"`, `no step "end--2"`},
		{"steps that are never come to", `"end--1":{"type":"end"}`, `"end--1":{"type":"end"},"action--2":{"type":"action"}`, "never come to"},
		{"another version", "cacao-2.0", "cacao-1.1", "cacao-1.1"},
		{"variables", `"name":"Find`, `"playbook_variables":{"__x__":{}},"name":"Find`, "variables"},
		{"a name without letters", "Find Malware FuzzyPanda", "--", "id"},
		{"what is revoked", `"name":"Find`, `"revoked":true,"name":"Find`, "revoked"},
	} {
		if _, err := Import([]byte(strings.Replace(foreign, c.old, c.new, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
}

func FuzzImport(f *testing.F) {
	f.Add(foreign)
	for _, p := range playbooks.Load(nil) {
		text, err := json.Marshal(Export(p.Playbook))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
		f.Add(p.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ReadAny([]byte(text), "x")
		if err != nil {
			return
		}
		if _, err := playbooks.Read(playbooks.Write(p), "x"); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}
