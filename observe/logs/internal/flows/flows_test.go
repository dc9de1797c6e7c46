package flows

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/internal/intake"
	"bulwark/observe/logs/internal/intake/intaketest"
)

func end(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func described(all []*waiting) string {
	var b strings.Builder
	for _, w := range all {
		e := w.event()
		f := e.Payload.(*event.Flow)
		fmt.Fprintf(&b, "%v:%d>%v:%d %d/%d %d/%d %s 1:%d by %s one-sided %v|", e.Src, e.Ports.Src, e.Dst, e.Ports.Dst, f.PacketsOut, f.BytesOut, f.PacketsIn,
			f.BytesIn, f.Activity, f.Sampling, f.Exporter, f.OneSided)
	}
	return b.String()
}

func TestConversations(t *testing.T) {
	by, other := netip.MustParseAddr("10.9.9.9"), netip.MustParseAddr("10.9.9.8")
	const client, server = "10.0.0.1:40000", "10.0.0.2:443"
	for _, c := range []struct {
		does string
		told []told
		want string
	}{
		{"both directions are one conversation, begun by who asked", []told{
			{exporter: by, src: end(server), dst: end(client), proto: 6, packets: 8, bytes: 800, flags: 0x1b, start: 10, end: 20},
			{exporter: by, src: end(client), dst: end(server), proto: 6, packets: 9, bytes: 900, flags: 0x1b, start: 9, end: 20, closed: true}},
			"10.0.0.1:40000>10.0.0.2:443 9/900 8/800 Close 1:1 by 10.9.9.9 one-sided false|"},
		{"a record that tells both directions", []told{{exporter: by, src: end(client), dst: end(server), proto: 17, packets: 2, bytes: 20, packetsBack: 3, bytesBack: 30, both: true, start: 5, end: 6}},
			"10.0.0.1:40000>10.0.0.2:443 2/20 3/30 Traffic 1:1 by 10.9.9.9 one-sided false|"},
		{"one direction alone: the lesser port is the server's", []told{{exporter: by, src: end(server), dst: end(client), proto: 6, packets: 1, bytes: 40, start: 5, end: 6}},
			"10.0.0.1:40000>10.0.0.2:443 0/0 1/40 Traffic 1:1 by 10.9.9.9 one-sided false|"},
		{"packets that were picked stand for the rest", []told{
			{exporter: by, src: end(client), dst: end(server), proto: 6, packets: 1, bytes: 100, sampling: 512, start: 5, end: 5},
			{exporter: by, src: end(client), dst: end(server), proto: 6, packets: 1, bytes: 200, sampling: 512, start: 7, end: 7}},
			"10.0.0.1:40000>10.0.0.2:443 1024/153600 0/0 Traffic 1:512 by 10.9.9.9 one-sided true|"},
		{"two exporters tell it each for itself", []told{
			{exporter: by, src: end(client), dst: end(server), proto: 17, packets: 1, bytes: 10, start: 5, end: 6},
			{exporter: other, src: end(client), dst: end(server), proto: 17, packets: 1, bytes: 10, start: 5, end: 6}},
			"10.0.0.1:40000>10.0.0.2:443 1/10 0/0 Traffic 1:1 by 10.9.9.9 one-sided false|10.0.0.1:40000>10.0.0.2:443 1/10 0/0 Traffic 1:1 by 10.9.9.8 one-sided false|"},
	} {
		t.Run(c.does, func(t *testing.T) {
			var x table
			for i := range c.told {
				x.add(&c.told[i], 0)
			}
			if early := x.ripe(hold - 1); len(early) != 0 {
				t.Errorf("told before its time: %s", described(early))
			}
			if got := described(x.ripe(hold)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if len(x.all) != 0 || len(x.order) != 0 {
				t.Errorf("%d conversations are left", len(x.all))
			}
		})
	}
}

func TestTheTableIsBounded(t *testing.T) {
	var x table
	r := told{exporter: netip.MustParseAddr("10.9.9.9"), dst: end("10.0.0.2:443"), proto: 6}
	for n := range maxWaiting + 100 {
		r.src = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 1000)
		x.add(&r, 0)
	}
	if got := len(x.ripe(0)); got != 100 || x.early != 100 || len(x.all) != maxWaiting {
		t.Errorf("got %d told, %d early, %d left", got, x.early, len(x.all))
	}
}

// five is a datagram of version 5 with one flow each way.
func five(number uint32) []byte {
	p := make([]byte, 24+2*48)
	binary.BigEndian.PutUint16(p, 5)
	binary.BigEndian.PutUint16(p[2:], 2)
	binary.BigEndian.PutUint32(p[4:], 60_000)
	binary.BigEndian.PutUint32(p[8:], uint32(time.Now().Unix()))
	binary.BigEndian.PutUint32(p[16:], number)
	for n, r := range [][]byte{p[24:72], p[72:]} {
		copy(r[n*4:], []byte{10, 0, 0, 1})
		copy(r[4-n*4:], []byte{10, 0, 0, 2})
		binary.BigEndian.PutUint32(r[16:], 3)
		binary.BigEndian.PutUint32(r[20:], 300)
		binary.BigEndian.PutUint32(r[24:], uint32(58_000+n))
		binary.BigEndian.PutUint32(r[28:], 59_000)
		binary.BigEndian.PutUint16(r[32+n*2:], 40_000)
		binary.BigEndian.PutUint16(r[34-n*2:], 53)
		r[38] = 17
	}
	return p
}

func TestDatagramsBecomeEvents(t *testing.T) {
	i, err := New(Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	sink := &intaketest.Sink{}
	c, err := net.Dial("udp", i.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, p := range [][]byte{five(1), five(7), []byte("GET /"), five(9)[:60]} {
		if _, err := c.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	from := netip.MustParseAddr("127.0.0.1")
	p := make([]byte, maxDatagram)
	for range 4 { // what was sent over loopback is there
		n, err := i.conn.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		i.take(p[:n], from, time.Now().UnixNano())
	}
	cancel()
	if err := i.Run(ctx, sink); err != nil {
		t.Fatal(err)
	}
	all := sink.Records()
	if len(all) != 1 || all[0].Sender != from || all[0].Intake != "flows" {
		t.Fatalf("got %+v", all)
	}
	f := all[0].Event.Payload.(*event.Flow)
	if f.Exporter != "127.0.0.1" || f.BytesOut != 600 || f.BytesIn != 600 || all[0].Event.Ports != (event.Ports{Src: 40_000, Dst: 53}) {
		t.Errorf("got %+v", f)
	}
	if got, want := fmt.Sprint(i.Refused()), fmt.Sprint(map[string]uint64{reasonLost: 4, reasonVersion: 1, reasonMalformed: 1}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzTake(f *testing.F) {
	f.Add(five(1))
	f.Add([]byte{0, 0, 0, 5, 0, 0, 0, 1, 10, 0, 0, 1})
	f.Fuzz(func(t *testing.T, p []byte) {
		i := &Intake{exporters: map[netip.Addr]*exporter{}}
		i.take(p, netip.MustParseAddr("10.9.9.9"), 1e18)
		for _, w := range i.table.ripe(1e18 + hold) {
			w.event()
		}
	})
}

var _ intake.Intake = (*Intake)(nil)
