package sensor

import (
	"log/slog"
	"testing"
	"time"

	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/clock"
	"bulwark/platform/health"
)

func TestLostPacketsAreAWarningUntilAMinuteWithoutAny(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
	tracker := health.NewTracker(c)
	s := New(Options{Health: tracker, Clock: c, Log: slog.New(slog.DiscardHandler)})
	l := &live{s: s, drops: map[string]*dropped{}, heard: map[string]time.Time{"eth1": c.Now()}}
	for _, step := range []struct {
		name  string
		wait  time.Duration
		drops uint64
		want  string // the count of the warning; empty: there is none
	}{
		{"a quiet beginning", 0, 0, ""},
		{"some are lost", 2 * time.Second, 7, "7"},
		{"more in the same minute", 2 * time.Second, 3, "10"},
		{"none for some seconds", 2 * time.Second, 0, "10"},
		{"others in the next minute", time.Minute, 5, "5"},
		{"a minute begins", time.Minute, 0, "5"},
		{"and ends without any", time.Minute, 0, ""},
	} {
		c.Add(step.wait)
		l.report(link.Report{Source: "eth1", Packets: 100, Drops: step.drops})
		got := ""
		for _, w := range tracker.Warnings() {
			if w.ID == dropping.ID {
				got = w.Args["count"]
			}
		}
		if got != step.want {
			t.Errorf("%s: got %q, want %q", step.name, got, step.want)
		}
	}
	l.report(link.Report{Source: "invented", Packets: 1, Drops: 99})
	if len(l.drops) != 1 || len(l.heard) != 1 {
		t.Errorf("an interface that was never handed out is remembered: %v, %v", l.drops, l.heard)
	}
}
