package node

import (
	"errors"
	"strings"
	"testing"
	"time"

	"bulwark/observe/sensor"
	"bulwark/platform/clock"
	"bulwark/respond/containment"
)

// tray is a packet ring that holds what it is told to.
type tray map[uint64]sensor.Span

func (r tray) Freeze(spans []sensor.Span) (map[uint64]error, error) {
	clear(r)
	for _, s := range spans {
		r[s.ID] = s
	}
	return nil, nil
}

func (r tray) Frozen(id uint64) (bool, error) { _, ok := r[id]; return ok, nil }
func (r tray) Oldest() time.Time              { return time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) }
func (r tray) MostFrozen() int64              { return 1 << 30 }

func TestFreezingPackets(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	now, r := clock.NewManual(noon), tray{}
	p := freezePoint{clock: now, ring: func() packetRing { return r }, began: func(id uint64) (time.Time, bool) { return noon.Add(-3 * time.Hour), id == 7 }}
	for _, tt := range []struct {
		it           string
		o            containment.Order
		since, until time.Time
	}{
		{"an incident is held from a little before it began", containment.Order{ID: 1, Target: "incident:7"}, noon.Add(-185 * time.Minute), noon.Add(15 * time.Minute)},
		{"so is a device for the sake of an incident", containment.Order{ID: 1, Target: "device:3", Incident: "7"}, noon.Add(-185 * time.Minute), noon.Add(15 * time.Minute)},
		{"a device by itself is held for the hour before", containment.Order{ID: 1, Target: "device:3"}, noon.Add(-time.Hour), noon.Add(15 * time.Minute)},
	} {
		plan, err := p.Try(t.Context(), tt.o)
		if err != nil || len(plan) != 2 || !strings.Contains(plan[0], tt.since.Format(time.RFC3339)+" to "+tt.until.Format(time.RFC3339)) || !strings.Contains(plan[0], "2026-11-20") {
			t.Errorf("%s: the plan is %q (%v)", tt.it, plan, err)
		}
		if tt.o.Memo, err = p.Prepare(t.Context(), tt.o); err != nil {
			t.Fatal(err)
		}
		now.Add(time.Hour) // what was settled stays
		if refused, err := p.Drive(t.Context(), []containment.Order{tt.o}, nil); err != nil || len(refused) > 0 || r[1].Since != tt.since || r[1].Until != tt.until {
			t.Errorf("%s: got %+v (%v, %v)", tt.it, r[1], refused, err)
		}
		if held, unknown, err := p.Read(t.Context(), []containment.Order{tt.o}); !held[1] || len(unknown) > 0 || err != nil {
			t.Errorf("%s: it is not held", tt.it)
		}
		if _, err := p.Drive(t.Context(), nil, []containment.Order{tt.o}); err != nil || len(r) != 0 {
			t.Errorf("%s: at the end %d are held (%v)", tt.it, len(r), err)
		}
		now.Add(-time.Hour)
	}
	if _, err := p.Try(t.Context(), containment.Order{Target: "incident:8"}); err == nil {
		t.Error("an incident that is none is frozen")
	}
	p.ring = func() packetRing { return nil }
	if _, err := p.Try(t.Context(), containment.Order{Target: "incident:7"}); !errors.Is(err, errNoRing) {
		t.Errorf("without a ring: %v", err)
	}
}
