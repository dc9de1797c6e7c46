package engine

import (
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/packet"
)

// bare plays a packet without payload as the sensor does, and reports whether its flags were enough.
func (p *play) bare(dir wire.Dir, flags uint8) bool {
	p.f.Dir = dir
	if p.w.Bare(p.own, dir, flags) {
		return true
	}
	pkt := packet.Packet{Src: p.f.Src, Dst: p.f.Dst, SrcPort: p.f.SrcPort, DstPort: p.f.DstPort, Proto: p.f.Proto, Flags: flags, TTL: 64}
	if dir == wire.ToClient {
		pkt.Src, pkt.Dst, pkt.SrcPort, pkt.DstPort = pkt.Dst, pkt.Src, pkt.DstPort, pkt.SrcPort
	}
	p.f.Packet = &pkt
	p.w.Packet(&p.f, &pkt)
	return false
}

func TestPacketsWithoutPayloadAreAskedByTheirFlags(t *testing.T) {
	const scan = `alert tcp any any -> any any (flow:to_client; flags:RA,12; sid:1;)`
	refused := uint8(packet.RST | packet.ACK)
	for _, c := range []struct {
		does, rules string
		play        func(*play) bool // of its last packet
		enough      bool
		want        string
	}{
		{"the second of its kind is known by its flags", scan,
			func(p *play) bool { p.bare(down, packet.ACK); return p.bare(down, packet.ACK) }, true, ""},
		{"flags that a rule asks for", scan,
			func(p *play) bool { p.bare(down, packet.ACK); return p.bare(down, refused) }, false, "1 down"},
		{"a rule that asks for no flags", `alert tcp any any -> any any (dsize:0; flow:to_client; sid:1;)`,
			func(p *play) bool { p.bare(down, packet.ACK); return p.bare(down, packet.ACK) }, false, "1 down, 1 down"},
		{"a protocol that is known since", `alert tcp any any -> any any (dsize:0; app-layer-protocol:http; sid:1;)`,
			func(p *play) bool {
				p.bare(down, packet.ACK)
				p.f.App = "http"
				p.send(up, "GET / HTTP/1.1\r\n\r\n")
				return p.bare(down, packet.ACK)
			}, false, "1 down"},
		{"new rules", scan, func(p *play) bool {
			p.bare(down, packet.ACK)
			p.w.(*Watcher).shared.Use(shared(p.t, `alert tcp any any -> any any (flags:A; sid:2;)`).now.Load())
			return p.bare(down, packet.ACK)
		}, false, "2 down"},
	} {
		p := start(t, c.rules)
		enough := c.play(p)
		if got := strings.Join(p.alerts, ", "); got != c.want || enough != c.enough {
			t.Errorf("%s: got %q, enough %v; want %q, %v", c.does, got, enough, c.want, c.enough)
		}
	}
}

func TestNewRulesAreInForceWhateverIsShownFirst(t *testing.T) {
	const loose = `alert ether any any -> any any (ether.hdr; content:"x"; sid:2;)
alert ether any any -> any any (ether.hdr; content:"x"; sid:3;)`
	p := start(t, `alert tcp any any -> any any (content:"one"; sid:1;)`)
	p.w.(*Watcher).shared.Use(shared(t, loose).now.Load())
	p.w.Packet(nil, &packet.Packet{MAC: []byte("aaaaaaaaaaaaxx")})
	if want := "2 up, 3 up"; strings.Join(p.alerts, ", ") != want {
		t.Errorf("got %v, want %s", p.alerts, want)
	}
}
