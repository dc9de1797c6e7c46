package playbooks

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"bulwark/platform/conf"
)

func TestTheShippedPlaybooksAreSound(t *testing.T) {
	want := []string{"beaconing", "brute-force", "compromised-account", "flood", "image-theft", "ransomware", "rogue-device"}
	all := Load(nil)
	for n, f := range all {
		if f.Err != nil {
			t.Errorf("%s: %v", f.Name, f.Err)
			continue
		}
		if n >= len(want) || f.ID != want[n] || f.Name != f.ID+".yaml" || f.Source == "" || f.License == "" || f.About.EN == "" || f.About.FR == "" {
			t.Errorf("%s is %+v", f.Name, f.Playbook)
		}
		if again, err := Read(Write(f.Playbook), f.Name); err != nil || !reflect.DeepEqual(again, f.Playbook) {
			t.Errorf("%s is written as %+v, %v", f.Name, again, err)
		}
		for _, s := range f.Steps {
			if s.Do == "contain" && s.Of == "targets" {
				t.Errorf("%s: step %s would contain those who are attacked", f.ID, s.ID)
			}
		}
	}
	if len(all) != len(want) {
		t.Errorf("%d playbooks, want %d", len(all), len(want))
	}
}

const sound = `form: 1
id: mine
title: {en: a, fr: b}
when: {severity: high}
steps:
  - {id: x, do: contain, title: {en: a, fr: b}, act: ban, of: outside, minutes: 5}
`

func TestMalformedPlaybooksNameTheirLine(t *testing.T) {
	if _, err := Read([]byte(sound), "mine.yaml"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, old, new, want string }{
		{"a newer form", "form: 1", "form: 2", "mine.yaml:1: form: 2 is not 1"},
		{"a key that is not known", "when:", "wenn:", "mine.yaml:4: wenn"},
		{"no condition", "{severity: high}", "{}", "when"},
		{"a severity that is none", "severity: high", "severity: hgh", `mine.yaml:4: when.severity: "hgh"`},
		{"a technique that is none", "severity: high", "techniques: [X1]", "mine.yaml:4: when.techniques[0]"},
		{"a tactic that is none", "severity: high", "stages: [T1486]", "when.stages[0]"},
		{"a step that does what there is not", "do: contain", "do: shutdown", `mine.yaml:6: steps[0].do: "shutdown"`},
		{"an act without an end", "minutes: 5", "minutes: 0", "steps[0].minutes"},
		{"an act of a month", "minutes: 5", "minutes: 43200", "steps[0].minutes"},
		{"an act upon nobody", "of: outside", "of: everybody", "steps[0].of"},
		{"a yes of nobody", "minutes: 5", "minutes: 5, approve: dean", `steps[0].approve: "dean" is none of`},
		{"a tier that is none", "minutes: 5", "minutes: 5, tiers: [4]", "steps[0].tiers[0]"},
		{"no title in French", "{en: a, fr: b}\nwhen", "{en: a}\nwhen", "title.fr"},
		{"a message with a target", "do: contain", "do: tell", "steps[0].do"},
		{"text that is no YAML", "form: 1", "form: [", "mine.yaml:"},
	} {
		_, err := Read([]byte(strings.Replace(sound, c.old, c.new, 1)), "mine.yaml")
		var p *conf.Problem
		if err == nil || !errors.As(err, &p) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
}

func TestAFileOfOnesOwnWritesOver(t *testing.T) {
	own := fstest.MapFS{"mine.yaml": {Data: []byte(sound)}, "ransomware.yaml": {Data: []byte("form: 7")}}
	all := Load(own)
	if len(all) != 8 {
		t.Errorf("%d playbooks, want 8", len(all))
	}
	for _, f := range all {
		switch f.Name {
		case "ransomware.yaml":
			if f.Err == nil || f.Shipped {
				t.Errorf("a file that cannot be read gave way to the shipped one: %+v", f)
			}
		case "mine.yaml":
			if f.Err != nil || f.ID != "mine" || f.Steps[0].Targets() != usualMost || !f.Steps[0].Lifted() {
				t.Errorf("%+v", f)
			}
		}
	}
}
