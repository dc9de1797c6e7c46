package node

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/store"
)

func TestWhereADeviceSignedOn(t *testing.T) {
	s, err := store.Open(store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	now := time.Now().Truncate(time.Second).UTC()
	var b event.Batch
	b.Reset("sensor", "site", 1)
	add := func(ago time.Duration, from string, e *event.RADIUS) {
		b.Add(&event.Header{Time: now.Add(-ago).UnixNano(), Proto: 17, Src: netip.MustParseAddr(from), Dst: netip.MustParseAddr("10.0.0.2"), Ports: event.Ports{Src: 5000, Dst: 1812}}, e)
	}
	const mac = "00:11:22:aa:bb:cc"
	add(3*time.Hour, "10.9.0.1", &event.RADIUS{Activity: "access_request", MAC: mac, NAS: "10.9.0.1"})
	add(2*time.Hour, "10.9.0.7", &event.RADIUS{Activity: "access_request", MAC: mac, NAS: "192.168.1.1"})
	add(time.Hour, "10.9.0.7", &event.RADIUS{Activity: "accounting_request", Status: "interim", MAC: mac, NAS: "192.168.1.1"})
	add(time.Minute, "10.9.0.9", &event.RADIUS{Activity: "access_request", MAC: "00:11:22:aa:bb:cd", NAS: "10.9.0.9"})
	if err := s.Add(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	sessions := radiusSessions{&Node{store: s, clock: clock.NewManual(now), log: slog.New(slog.DiscardHandler)}}
	got, ok := sessions.Session(t.Context(), mac)
	if !ok || len(got.NAS) != 2 || got.NAS[0] != netip.MustParseAddr("192.168.1.1") || got.NAS[1] != netip.MustParseAddr("10.9.0.7") || !got.At.Equal(now.Add(-2*time.Hour)) {
		t.Fatalf("it signed on at %v at %v (%v)", got.NAS, got.At, ok)
	}
	if _, ok := sessions.Session(t.Context(), "00:11:22:aa:bb:00"); ok {
		t.Fatal("a device that nobody saw signed on")
	}
}
