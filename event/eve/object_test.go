package eve

import (
	"net/netip"
	"testing"
	"time"

	"bulwark/event"
)

func TestTimesAreSuricatas(t *testing.T) {
	var j object
	for _, at := range []int64{0, 1, 999, 1000, 86399_999999999, 86400_000000000, -1, -86400_000000001, 951782399_999999000, 1790000000_123456789,
		1790000000_023456789, 4102444799_000001000} {
		j.begin(nil)
		j.fresh = true
		j.time("t", at)
		want := `"t":"` + time.Unix(0, at).UTC().Format("2006-01-02T15:04:05.000000-0700") + `"`
		if got := string(j.buf); got != want {
			t.Errorf("%d: got %s, want %s", at, got, want)
		}
	}
}

func TestAFlowHasOneCommunityID(t *testing.T) {
	var w Writer
	e := event.Event{Header: event.Header{Flow: 7, Proto: tcp, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), Ports: event.Ports{Src: 1, Dst: 2}}}
	e.Payload = &event.SSH{}
	for _, other := range []func(){func() {}, func() {}, func() { e.Ports.Dst = 3 }, func() { e.Flow += maxFlows }, func() { e.Src = netip.MustParseAddr("10.0.0.9") }, func() { e.Proto = udp }} {
		other()
		got := string(w.appendCommunity(nil, &e, e.Src, e.Dst))
		if want := string(event.AppendCommunityID(nil, e.Src, e.Dst, e.Ports.Src, e.Ports.Dst, e.Proto)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
