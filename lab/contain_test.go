package lab

import (
	"strings"
	"testing"
	"time"

	"bulwark/content/playbooks"
	"bulwark/content/safety"
)

func TestPlaybooksOfTheLabLastAMinute(t *testing.T) {
	all := shorterPlaybooks()
	if len(all) != len(playbooks.Load(nil)) {
		t.Fatalf("%d playbooks, want as many as are shipped", len(all))
	}
	for name, text := range all {
		p, err := playbooks.Read([]byte(text), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Steps {
			if s.Do == "contain" && s.Minutes != 1 {
				t.Errorf("%s, step %s: %d minutes, want 1", name, s.ID, s.Minutes)
			}
		}
	}
}

func TestTheLabsMatrixIsWider(t *testing.T) {
	_, shipped := safety.Shipped()
	m, err := safety.Parse([]byte(wider(string(shipped))), "wider")
	if err != nil {
		t.Fatal(err)
	}
	if m.Budgets != (safety.Budgets{Devices: 50, Ward: 50, Class: 50}) || m.Canary != canary {
		t.Errorf("budgets %+v and canary %v, want 50 of each and %v", m.Budgets, m.Canary, canary)
	}
}

func TestNewsAreHeardFirst(t *testing.T) {
	n := newNews()
	at := time.Unix(100, 0)
	say := func(after time.Duration, topic, data string) { n.take(topic, []byte(data), at.Add(after)) }
	say(0, "containment", `{"changed":[{"id":1,"act":"ban","target":"address:198.51.100.9","state":"in_force"}]}`)
	if _, _, ok := n.in("ban", "address:198.51.100.9", "in_force"); ok {
		t.Error("a lease that was not read back is taken for one in force")
	}
	say(1, "containment", `{"changed":[{"id":1,"act":"ban","target":"address:198.51.100.9","state":"in_force","enforced":true}]}`)
	say(2, "containment", `{"changed":[{"id":1,"act":"ban","target":"address:198.51.100.9","state":"in_force","enforced":true}]}`)
	say(3, "incident", `{"changed":[{"incident":{"id":1,"entities":[{"id":"device:2"}]}}]}`)
	if l, when, ok := n.in("ban", "address:198.51.100.9", "in_force"); !ok || l.ID != 1 || when != at.Add(1) {
		t.Errorf("lease %v in force at %v (%v), want lease 1 when it was told first", l.ID, when, ok)
	}
	if when, ok := n.told("device:2"); !ok || when != at.Add(3) {
		t.Errorf("the device stands in an incident since %v (%v)", when, ok)
	}
}

func TestPercentile95(t *testing.T) {
	var all []time.Duration
	for i := range 100 {
		all = append(all, time.Duration(100-i))
	}
	for _, tt := range []struct {
		name string
		of   []time.Duration
		want time.Duration
	}{{"none", nil, 0}, {"one", all[:1], 100}, {"a hundred", all, 95}} {
		if got := percentile95(tt.of); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// What no detector sees stays in the output until one does.
func TestTheStagesAreThoseOfTheIssue(t *testing.T) {
	var names []string
	for _, s := range campaign {
		names = append(names, s.name)
	}
	const want = "download from a cloud app, beacon, scan, Kerberos abuse, lateral movement, ransomware on a share, exfiltration"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
