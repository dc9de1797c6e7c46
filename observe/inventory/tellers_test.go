package inventory

import (
	"net/netip"
	"testing"

	"bulwark/event"
)

func TestAConversationIsCountedOnce(t *testing.T) {
	table := make(tellers, tellerSlots)
	flow := func(src, dst string, from, to uint16) *event.Event {
		return &event.Event{Header: event.Header{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Ports: event.Ports{Src: from, Dst: to}, Proto: 6}}
	}
	for _, c := range []struct {
		does    string
		e       *event.Event
		by      string
		quarter int64
		want    bool
	}{
		{"a switch tells it first", flow("10.0.0.1", "10.0.0.2", 40000, 443), "10.9.9.9", 1, true},
		{"and again", flow("10.0.0.1", "10.0.0.2", 40001, 443), "10.9.9.9", 1, true},
		{"another switch tells it too", flow("10.0.0.1", "10.0.0.2", 40001, 443), "10.9.9.8", 1, false},
		{"the other way round", flow("10.0.0.2", "10.0.0.1", 443, 40001), "10.9.9.8", 2, false},
		{"another service of the same ends", flow("10.0.0.1", "10.0.0.2", 40001, 80), "10.9.9.8", 1, true},
		{"the sensor sees it", flow("10.0.0.1", "10.0.0.2", 40002, 443), "", 2, true},
		{"then the switch does not count any more", flow("10.0.0.1", "10.0.0.2", 40002, 443), "10.9.9.9", 2, false},
		{"long after the sensor has seen it the switch counts again", flow("10.0.0.1", "10.0.0.2", 40002, 443), "10.9.9.9", 9, true},
	} {
		if got := table.counts(c.e, &event.Flow{Exporter: c.by}, c.quarter); got != c.want {
			t.Errorf("%s: got %v, want %v", c.does, got, c.want)
		}
	}
}
