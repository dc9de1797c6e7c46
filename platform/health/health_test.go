package health

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bulwark/platform/clock"
)

func silent() *Warnable {
	return &Warnable{
		ID: "sensor.no-packets", Severity: Unprotected, Per: "interface", NotReady: true,
		Title:    Text{FR: "Interface muette", EN: "Silent interface"},
		Text:     Text{FR: "{interface} n'a vu aucun paquet depuis {minutes} minutes.", EN: "{interface} has sent no packet for {minutes} minutes."},
		NextStep: Text{FR: "Vérifiez le miroir sur le commutateur.", EN: "Check the mirror on the switch."},
	}
}

func TestTrackerKeepsSinceWhenAWarningIsSetAgain(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
	tr, w := NewTracker(c), silent()
	start := c.Now()
	tr.Set(w, Args{"interface": "eth1", "minutes": "5"})
	c.Add(time.Minute)
	tr.Set(w, Args{"interface": "eth1", "minutes": "6"})
	got := tr.Warnings()
	if len(got) != 1 {
		t.Fatalf("warnings = %d, want 1", len(got))
	}
	if !got[0].Since.Equal(start) {
		t.Errorf("since = %v, want %v", got[0].Since, start)
	}
	if want := "eth1 has sent no packet for 6 minutes."; got[0].Text.EN != want {
		t.Errorf("text = %q, want %q", got[0].Text.EN, want)
	}
}

func TestTrackerTellsInterfacesApart(t *testing.T) {
	tr, w := NewTracker(clock.System{}), silent()
	tr.Set(w, Args{"interface": "eth1", "minutes": "5"})
	tr.Set(w, Args{"interface": "eth2", "minutes": "5"})
	tr.Clear(w, "eth1")
	got := tr.Warnings()
	if len(got) != 1 || got[0].Key != "sensor.no-packets:eth2" {
		t.Errorf("warnings = %+v, want only eth2", got)
	}
	if got := tr.NotReady(); len(got) != 1 {
		t.Errorf("not ready = %v, want one", got)
	}
}

func TestTrackerPutsTheGravestFirst(t *testing.T) {
	tr := NewTracker(clock.System{})
	tr.Set(&Warnable{ID: "a", Severity: Notice}, nil)
	tr.Set(&Warnable{ID: "b", Severity: Unprotected}, nil)
	tr.Set(&Warnable{ID: "c", Severity: Degraded}, nil)
	var ids []string
	for _, w := range tr.Warnings() {
		ids = append(ids, w.ID)
	}
	if got, want := strings.Join(ids, ""), "bca"; got != want {
		t.Errorf("order = %q, want %q", got, want)
	}
}

func TestSubscribeHearsChangesOnly(t *testing.T) {
	tr, w := NewTracker(clock.System{}), silent()
	changed, end := tr.Subscribe()
	heard := func() bool {
		select {
		case <-changed:
			return true
		default:
			return false
		}
	}
	args := Args{"interface": "eth1", "minutes": "5"}
	tr.Set(w, args)
	if !heard() {
		t.Error("a new warning was not heard")
	}
	tr.Set(w, args)
	if heard() {
		t.Error("the same warning again was heard, want silence")
	}
	tr.Clear(w, "eth1")
	if !heard() {
		t.Error("the clearing was not heard")
	}
	end()
	tr.Set(w, args)
	if heard() {
		t.Error("heard after the end, want silence")
	}
}

func TestWarnableCheck(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*Warnable)
		want  string
	}{
		{"a complete warnable passes", func(*Warnable) {}, ""},
		{"an id is needed", func(w *Warnable) { w.ID = "" }, "without an id"},
		{"both languages are needed", func(w *Warnable) { w.NextStep.FR = "" }, "the next step needs French and English"},
		{"both languages name the same arguments", func(w *Warnable) { w.Text.FR = "{interface} est muette." }, "the text names"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := silent()
			tt.spoil(w)
			got := ""
			if err := w.Check(); err != nil {
				got = err.Error()
			}
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("Check = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWarningAsJSONSaysItsSeverityInAWord(t *testing.T) {
	tr := NewTracker(clock.System{})
	tr.Set(silent(), Args{"interface": "eth1", "minutes": "5"})
	b, err := json.Marshal(tr.Warnings()[0])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"severity":"unprotected"`) {
		t.Errorf("json = %s, want the severity as a word", b)
	}
}

func TestOwnWarnablesAreComplete(t *testing.T) {
	if err := clockStepped.Check(); err != nil {
		t.Error(err)
	}
}

func TestWatchClockIsSilentOnASteadyClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		tr := NewTracker(clock.System{})
		if err := WatchClock(ctx, tr); err != nil || len(tr.Warnings()) != 0 {
			t.Errorf("WatchClock = %v, warnings %v; want nil and none", err, tr.Warnings())
		}
	})
}
