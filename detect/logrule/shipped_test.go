package logrule

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"bulwark/content/logrules"
	"bulwark/detect/logrule/internal/sigma"
	"bulwark/event"
)

func TestShippedRulesThatAskForWhatASiteMustSayAreNoFault(t *testing.T) {
	s, err := Load(logrules.Files())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Rejected {
		if !r.Waits {
			t.Errorf("%s: %s", r.File, r.Why)
		}
	}
}

// A rule about what Bulwark sees that asks for an attribute that no event has can never fire, whatever its cases say.
func TestShippedRulesAskForAttributesThatThereAre(t *testing.T) {
	s, err := Load(logrules.Files())
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]map[string]bool{}
	for k := range s.rules {
		r := s.rules[k]
		if r.Source.Product != Own {
			continue
		}
		known := map[string]bool{"src_endpoint.ip": true, "dst_endpoint.ip": true, "src_endpoint.port": true, "dst_endpoint.port": true}
		for _, a := range event.Attributes(event.KindOf(r.Source.Service)) {
			known[a.Path] = true
		}
		attributes[r.Name] = known
		for _, f := range asked(r.Condition) {
			if !known[f] {
				t.Errorf("%s (%s) asks for %s", r.Title, r.Source.Service, f)
			}
		}
	}
	for _, c := range s.correlations {
		for _, rule := range c.Rules {
			known := attributes[rule]
			for _, f := range append(slices.Clone(c.GroupBy), c.Field) {
				if known != nil && f != "" && !known[f] {
					t.Errorf("%s groups by, or counts, %s", c.Title, f)
				}
			}
		}
	}
}

func TestShippedRulesFireWhereTheyMust(t *testing.T) {
	given := fstest.MapFS{Placeholders: {Data: []byte("bastions: [10.20.1.5]\n")}}
	s, err := Load(logrules.Files(), given)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Rejected {
		t.Errorf("%s: %s", r.File, r.Why)
	}
	cases, err := Cases(logrules.Cases())
	if err != nil {
		t.Fatal(err)
	}
	fired, silent := map[string]bool{}, 0
	for _, c := range cases {
		missing, wrong, err := s.Try(&c, nil)
		if err != nil || len(missing)+len(wrong) > 0 {
			t.Errorf("%s: got %v; missing %v, wrong %v", c.Name, err, missing, wrong)
		}
		for _, id := range c.Fires {
			fired[id] = true
		}
		if len(c.Fires) == 0 {
			silent++
		}
	}
	for _, id := range s.loud() {
		if !fired[id] {
			t.Errorf("rule %s: no case fires it", id)
		}
	}
	french := logrules.French()
	for _, id := range s.loud() {
		if french[id] == "" {
			t.Errorf("rule %s has no title in French", id)
		}
	}
	if silent == 0 {
		t.Error("no case must stay silent")
	}
}

func TestShippedRulesSayWhatElseItMayBeAndWhatToDo(t *testing.T) {
	s, err := Load(logrules.Files())
	if err != nil {
		t.Fatal(err)
	}
	says := func(h *sigma.Head) {
		if h.Level.String() != quiet && (len(h.FalsePositives) == 0 || !strings.Contains(h.Description, "To do: ")) {
			t.Errorf("%s: %q, may be %q", h.Title, h.Description, h.FalsePositives)
		}
	}
	for _, r := range s.rules {
		says(&r.Head)
	}
	for _, c := range s.correlations {
		says(&c.Head)
	}
}

// asked are the fields of which a condition asks.
func asked(n *sigma.Node) (all []string) {
	if n.Test != nil {
		all = append(all, n.Test.Field)
	}
	for _, o := range n.Of {
		all = append(all, asked(o)...)
	}
	return all
}

// loud are the rules that tell somebody.
func (s *Set) loud() (all []string) {
	for _, r := range s.rules {
		if !r.silent && r.told.Level != quiet {
			all = append(all, r.told.key())
		}
	}
	for _, c := range s.correlations {
		if c.Level.String() != quiet {
			all = append(all, c.ID)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
