package safety

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
)

// An act after which the messages of its segment fall is reverted within a minute, and automation freezes; one that harms nobody
// stays, and so does one of a segment that says too little.
func TestWatchdog(t *testing.T) {
	tests := []struct {
		name          string
		before, after int // seconds between two messages; 0: none
		reverted      bool
	}{
		{"messages stop", 1, 0, true},
		{"four of five are missing", 1, 5, true},
		{"they go on", 1, 1, false},
		{"a few less is chance", 2, 3, false},
		{"a segment that says little", 20, 0, false},
		{"a segment that says nothing", 0, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSafety(t, dbtest.SQLite(t), ours(), "")
			now := s.needs.Clock.(*clock.Manual)
			var reverted []string
			s.needs.Revert = func(_ context.Context, uid, reason string) error {
				reverted = append(reverted, uid+" "+reason)
				return nil
			}
			pass := func(seconds, every int) {
				for n := range seconds {
					now.Add(time.Second)
					if every > 0 && n%every == 0 {
						say(t, s, &event.HL7{})
					}
					if n%5 == 0 {
						s.guard(t.Context())
					}
				}
			}
			pass(15*60, tt.before)
			say(t, s, &event.Containment{UID: "17", Target: "device:1", State: "in_force"})
			pass(75, tt.after)
			if got := len(reverted) == 1 && strings.HasPrefix(reverted[0], "17 "); got != tt.reverted || len(s.Frozen()) > 0 != tt.reverted || len(reverted) > 1 {
				t.Errorf("reverted %q, frozen %v; want %v", reverted, s.Frozen(), tt.reverted)
			}
		})
	}
}

// say tells the watchdog of something on the network of the office computer.
func say(t *testing.T, s *Safety, p event.Payload) {
	t.Helper()
	var b event.Batch
	b.Reset("probe", "site", 1)
	b.Add(&event.Header{Time: noon.UnixNano(), Src: netip.MustParseAddr("10.0.0.200"), Dst: netip.MustParseAddr("10.8.0.9")}, p)
	if err := s.hear(b.Bytes()); err != nil {
		t.Fatal(err)
	}
}
