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
		burst         int // messages in each second of a minute, at the start
		minutes       int // from the start to the act
		before, after int // seconds between two messages; 0: none
		reverted      bool
	}{
		{"messages stop", 0, 15, 1, 0, true},
		{"four of five are missing", 0, 15, 1, 5, true},
		{"they go on", 0, 15, 1, 1, false},
		{"a few less is chance", 0, 15, 2, 3, false},
		{"a segment that says little", 0, 15, 20, 0, false},
		{"a segment that says nothing", 0, 15, 0, 0, false},
		{"a burst after the start is not the usual rate", 20, 10, 20, 20, false},
		{"nor one that nothing followed", 20, 10, 0, 0, false},
		{"nor does it hide that messages stop", 20, 10, 1, 0, true},
		{"too few minutes were heard", 0, 4, 1, 0, false},
		{"enough were", 0, 6, 1, 0, true},
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
			for range tt.burst * 60 {
				say(t, s, &event.HL7{})
			}
			pass(tt.minutes*60, tt.before)
			say(t, s, &event.Containment{UID: "17", Target: "device:1", State: "in_force"})
			pass(75, tt.after)
			if got := len(reverted) == 1 && strings.HasPrefix(reverted[0], "17 "); got != tt.reverted || len(s.Frozen()) > 0 != tt.reverted || len(reverted) > 1 {
				t.Errorf("reverted %q, frozen %v; want %v", reverted, s.Frozen(), tt.reverted)
			}
		})
	}
}

// An act that is aimed at nothing in a segment touches it all the same where who is there spoke with its target.
func TestWhomAnActTouches(t *testing.T) {
	s := newSafety(t, dbtest.SQLite(t), ours(), "")
	for _, c := range []struct {
		what string
		act  event.Containment
		src  string
		want string
	}{
		{"a device where it is", event.Containment{Act: "isolate", Target: "device:1"}, "10.0.0.1", "10.0.0.1"},
		{"an address of the hospital", event.Containment{Act: "isolate", Target: "address:10.9.9.9"}, "10.9.9.9", "10.9.9.9"},
		{"both ends of a block", event.Containment{Act: "block", Target: "device:1", Scope: "10.0.0.9:445/tcp"}, "10.0.0.1", "10.0.0.1 10.0.0.9"},
		{"of a ban who spoke with it", event.Containment{Act: "ban", Target: "address:192.0.2.77"}, "192.0.2.77", "10.0.0.2"},
		{"of a domain who asked for it", event.Containment{Act: "sinkhole", Target: "domain:vendor.example"}, "", "10.0.0.6 10.0.0.53 10.0.0.2 10.0.0.53"},
		{"of an account where the person is", event.Containment{Act: "disable-account", Target: "user:nurse"}, "", "10.0.0.6 10.0.0.7"},
		{"of evidence nobody", event.Containment{Act: "freeze-ring", Target: "incident:7"}, "", ""},
	} {
		src, _ := netip.ParseAddr(c.src)
		var got []string
		for _, a := range s.touchedBy(t.Context(), &c.act, src) {
			got = append(got, a.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// say tells the watchdog of something on the network of the office computer.
func say(t *testing.T, s *Safety, p event.Payload) {
	t.Helper()
	var b event.Batch
	b.Reset("probe", "site", 1)
	b.Add(&event.Header{Time: noon.UnixNano(), Src: netip.MustParseAddr("10.0.0.200"), Dst: netip.MustParseAddr("10.8.0.9")}, p)
	if err := s.hear(t.Context(), b.Bytes()); err != nil {
		t.Fatal(err)
	}
}
