package node

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"bulwark/decide/access"
	findings "bulwark/decide/finding"
	incidents "bulwark/decide/incident"
	"bulwark/decide/safety"
	"bulwark/detect/signature"
	"bulwark/event"
	"bulwark/internal/eventdoc"
	"bulwark/observe/inventory"
	"bulwark/observe/sensor"
	"bulwark/respond/containment"
	"bulwark/respond/notify"
	"bulwark/respond/playbook"
)

var update = flag.Bool("update", false, "write generated documents anew")

// rooms are what each room publishes and reads, as its events.go says.
func publishing() []eventdoc.Room {
	return []eventdoc.Room{
		{Name: "observe/sensor", Publishes: sensor.Publishes(), Reads: sensor.Reads()},
		{Name: "observe/inventory", Publishes: inventory.Publishes(), Reads: inventory.Reads()},
		{Name: "detect/signature", Publishes: signature.Publishes(), Reads: signature.Reads()},
		{Name: "decide/finding", Publishes: findings.Publishes(), Reads: findings.Reads()},
		{Name: "decide/incident", Publishes: incidents.Publishes(), Reads: incidents.Reads()},
		{Name: "decide/access", Publishes: access.Publishes(), Reads: access.Reads()},
		{Name: "decide/safety", Publishes: safety.Publishes(), Reads: safety.Reads()},
		{Name: "respond/containment", Publishes: containment.Publishes(), Reads: containment.Reads()},
		{Name: "respond/playbook", Publishes: playbook.Publishes(), Reads: playbook.Reads()},
		{Name: "respond/notify", Publishes: notify.Publishes(), Reads: notify.Reads()},
		{Name: "console", Reads: []event.Kind{event.KindStats}},
	}
}

func TestWhatIsReadIsPublished(t *testing.T) {
	for _, r := range publishing() {
		for _, k := range r.Reads {
			if !slices.ContainsFunc(publishing(), func(o eventdoc.Room) bool { return slices.Contains(o.Publishes, k) }) {
				t.Errorf("%s reads %v, which no room publishes", r.Name, k)
			}
		}
	}
}

func TestTheEventsPageIsUpToDate(t *testing.T) {
	const page = "../docs/events.md"
	files, err := filepath.Glob("../event/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources [][]byte
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source)
	}
	var b bytes.Buffer
	if err := eventdoc.Write(&b, sources, publishing()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(got, b.Bytes()) {
		t.Errorf("docs/events.md is older than the payloads (%v): run go test ./node -run EventsPage -update", err)
	}
}
