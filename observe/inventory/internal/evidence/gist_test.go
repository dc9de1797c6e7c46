package evidence

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
)

func TestFlowsWithOneGistSayTheSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	pick := func(all ...string) string { return all[rnd.IntN(len(all))] }
	number := func(all ...int) int { return all[rnd.IntN(len(all))] }
	said := map[uint64]string{}
	var text string
	r := Reader{See: func(s *register.Sighting) { text += fmt.Sprintln(s.At, s.Field, s.Value, s.Source, s.Sure) }}
	r.Want([]string{"tcp/9100", "tcp/443", "udp/1719", "tcp/50000", "udp/50000", "udp/520"}, nil)
	again := 0
	for range 200_000 {
		e := event.Event{Header: event.Header{Time: rnd.Int64(), Src: netip.MustParseAddr(pick("10.0.0.1", "10.0.0.2", "8.8.8.8", "fe80::1")),
			Dst:   netip.MustParseAddr(pick("10.0.0.1", "10.0.0.3", "224.0.0.5", "255.255.255.255")),
			Proto: uint8(number(6, 17, 89)), Ports: event.Ports{Src: uint16(number(443, 1719, 50001, 50002)), Dst: uint16(number(9100, 520, 5355, 443, 50000, 50003))}}}
		f := &event.Flow{App: pick("", "dns", "http"), SrcMAC: pick("", "00:00:00:00:00:01", "00:00:00:00:00:02"), DstMAC: pick("", "00:00:00:00:00:01"),
			Midstream: rnd.IntN(2) == 0, BytesIn: uint64(number(0, 1, 900)), TotalBytesIn: uint64(number(0, 5)), BytesOut: rnd.Uint64(),
			FlagsIn: uint64(number(0, 2, 4, 6, 8, 10)), Activity: pick("Open", "Close")}
		e.Payload = f
		text = ""
		r.Read(&e)
		gist := r.Gist(&e.Header, f)
		if before, ok := said[gist]; ok && before != text {
			t.Fatalf("two flows with the gist %x say\n%s\nand\n%s", gist, before, text)
		} else if ok {
			again++
		}
		said[gist] = text
	}
	if again < 100_000 {
		t.Errorf("%d flows had a gist that was known, want most: nothing is spared", again)
	}
}

func TestEventsWithOneSumSayTheSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 1))
	pick := func(all ...string) string { return all[rnd.IntN(len(all))] }
	said := map[uint64]string{}
	var text string
	r := Reader{See: func(s *register.Sighting) { text += fmt.Sprintln(s.At, s.Field, s.Value, s.Source, s.Sure) }}
	r.Want(nil, []string{"windowsupdate.com"})
	for n := range 200_000 {
		e := event.Event{Header: event.Header{Time: rnd.Int64(), Src: netip.MustParseAddr(pick("10.0.0.1", "10.0.0.2")), Dst: netip.MustParseAddr(pick("10.0.0.1", "fe80::1")), Proto: 6}}
		e.Payload = [...]event.Payload{
			&event.HTTP{UserAgent: pick("", "a", "b"), Host: pick("", "a", "a.windowsupdate.com"), Server: pick("", "a", "b"), URL: pick("/1", "/2"), Status: rnd.Uint64()},
			&event.TLS{JA4: pick("", "a", "b"), SNI: pick("", "a", "windowsupdate.com"), SHA256: pick("", "a", "b"), Subject: pick("", "a", "b"), JA3: pick("1", "2")},
			&event.QUIC{JA4: pick("", "a", "b"), SNI: pick("", "a", "windowsupdate.com")},
			&event.HL7{SendingApp: pick("", "a"), ReceivingApp: pick("", "a"), Type: pick("", "ADT", "ORU"), Trigger: pick("", "A01"), Ack: pick("", "AA", "CA", "AE")},
			&event.FHIR{Client: pick("", "a"), Status: 200},
		}[n%5]
		text = ""
		r.Read(&e)
		sum, ok := r.Sum(&e)
		if before, known := said[sum]; ok && known && before != text {
			t.Fatalf("two events with the sum %x say\n%s\nand\n%s", sum, before, text)
		}
		if ok {
			said[sum] = text
		}
	}
	if len(said) > 2000 {
		t.Errorf("%d sums, want few: nothing is spared", len(said))
	}
}
