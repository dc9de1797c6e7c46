package logproducts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProductsSayHowTheirLogsAreSentIn(t *testing.T) {
	products, ways, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, p := range products {
		used[p.Way] = true
		if _, err := os.Stat(filepath.Join("../../docs/guide", p.Guide)); err != nil {
			t.Errorf("%s: its page of the guide: %v", p.ID, err)
		}
		text := ""
		for _, s := range p.Steps {
			text += s.Lines
		}
		if p.Token != "" && !strings.Contains(text, "@TOKEN@") {
			t.Errorf("%s: its token %q stands in no line", p.ID, p.Token)
		}
		for _, d := range p.Doors {
			if len(p.linesFor(d)) == 0 {
				t.Errorf("%s: there is nothing to configure for %s", p.ID, d)
			}
		}
	}
	for _, w := range ways {
		if !strings.HasPrefix(w.Listen, "logs:\n") || !used[w.ID] && w.ID != "lumberjack" {
			t.Errorf("the way %s says %q, and is used: %v", w.ID, w.Listen, used[w.ID])
		}
	}
}

// linesFor are the steps with lines that are done for a door.
func (p *Product) linesFor(door string) (all []Step) {
	for _, s := range p.Steps {
		if s.Lines != "" && (s.Only == "" || s.Only == door) {
			all = append(all, s)
		}
	}
	return all
}

func TestWhatCannotBeFollowedIsRefused(t *testing.T) {
	well := Product{Form: Form, ID: "x", Way: "syslog", Guide: "logs.md", Group: "device", Title: Text{"x", "x"}, Steps: []Step{{Say: Text{"a", "b"}, Lines: "@HOST@"}}}
	if err := well.Check(); err != nil {
		t.Fatal(err)
	}
	for what, break1 := range map[string]func(p *Product){
		"a hole that nothing fills":  func(p *Product) { p.Steps = []Step{{Say: Text{"a", "b"}, Lines: "@NAME@"}} },
		"a token that is not made":   func(p *Product) { p.Steps = []Step{{Say: Text{"a", "b"}, Lines: "@TOKEN@"}} },
		"one language":               func(p *Product) { p.Steps = []Step{{Say: Text{EN: "a"}}} },
		"a step of a door not there": func(p *Product) { p.Steps = []Step{{Only: "tls", Say: Text{"a", "b"}}} },
		"a door that is none":        func(p *Product) { p.Doors = []string{"gate"} },
		"a group that is none":       func(p *Product) { p.Group = "toys" },
	} {
		p := well
		break1(&p)
		if p.Check() == nil {
			t.Errorf("%s is taken", what)
		}
	}
}
