package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"bulwark/event"
	"bulwark/wire/packet"
)

func TestNotes(t *testing.T) {
	for _, c := range []struct {
		does, rules string
		play        func(*play)
		want        string
	}{
		{"nothing is noted", `alert tcp any any -> any any (content:"a"; sid:1;)`, func(p *play) { p.send(up, "a") }, ""},
		{"bits say what the traffic is", `alert tcp any any -> any any (content:"a"; flowbits:set,traffic/id/curl; flowbits:set,traffic/label/web; flowbits:set,x; sid:1;)`,
			func(p *play) { p.send(up, "a") }, `"traffic":{"id":["curl"],"label":["web"]},"metadata":{"flowbits":["x"]}`},
		{"numbers", `alert tcp any any -> any any (content:"a"; flowint:n,+,2; sid:1;)`, func(p *play) { p.send(up, "a"); p.send(up, "a") },
			`"metadata":{"flowints":{"n":4}}`},
		{"groups of expressions, those of a packet with that packet alone",
			`alert tcp any any -> any any (content:"id"; pcre:"/id=(\d+) (\w+)=(\w+) (\w)/, flow:id, flow:key, flow:value, pkt:last"; sid:1;)`,
			func(p *play) { p.send(up, "id=7 k=\"v x"); p.send(up, "id=8 k=v x") }, `"metadata":{"flowvars":[{"id":"8"},{"k":"v"}]}`},
		{"entropy, whether the rule holds or not", `alert tcp-pkt any any -> any any (entropy:value > 6; sid:1;)`,
			func(p *play) { p.send(up, "abcd") }, `"metadata":{"entropy":{"content":2}}`},
		{"a text that breaks out of its quotes", `alert tcp any any -> any any (content:"id"; pcre:"/id=(.*)/, flow:id"; sid:1;)`,
			func(p *play) { p.send(up, "id=\"}\\") }, `"metadata":{"flowvars":[{"id":"\"}\\"}]}`},
	} {
		t.Run(c.does, func(t *testing.T) {
			p := start(t, c.rules)
			c.play(p)
			got := string(p.w.Notes(nil, &p.f))
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if !json.Valid([]byte("{" + got + "}")) {
				t.Errorf("%s is no JSON", got)
			}
		})
	}
}

func TestTextsOfAFlowAreAskedFor(t *testing.T) {
	p := start(t, `alert tcp any any -> any any (content:"id"; pcre:"/id=(\w+)/, flow:id"; noalert; sid:1;)
alert tcp any any -> any any (content:"go"; flowvar:id,"oo"; sid:2;)
alert tcp any any -> any any (content:"go"; flowvar:id,!"oo"; sid:3;)`)
	p.send(up, "go")
	p.send(up, "id=foo")
	p.send(up, "go")
	if got := strings.Join(p.alerts, ", "); got != "3 up, 2 up" {
		t.Errorf("got %q, want the rule before and the one after", got)
	}
}

func TestTags(t *testing.T) {
	many := func(p *play) {
		for range 6 {
			p.send(up, "x")
		}
	}
	bare := func(p *play) {
		for range 6 {
			p.bare(up, packet.ACK)
		}
	}
	for _, c := range []struct {
		does, rule string
		play       func(*play)
		want       int
	}{
		{"a session, so many packets, the first of which the alert tells", `alert tcp any any -> any any (content:"tag"; tag:session,4,packets; sid:1;)`,
			func(p *play) { p.send(up, "tag"); many(p) }, 3},
		{"a session, of which packets without payload count though their flags were enough before", `alert tcp any any -> any any (content:"tag"; tag:session,4,packets; sid:1;)`,
			func(p *play) { p.bare(up, packet.ACK); p.send(up, "tag"); bare(p) }, 3},
		{"a host, of which packets without payload count as well", `alert tcp any any -> any any (content:"tag"; tag:host,4,packets,src; sid:1;)`,
			func(p *play) { p.bare(up, packet.ACK); p.send(up, "tag"); bare(p) }, 3},
		{"a session ends with its flow", `alert tcp any any -> any any (content:"tag"; tag:session; sid:1;)`,
			func(p *play) { p.send(up, "tag"); p.connect("10.0.0.7", "192.0.2.1", 50001, 80, packet.TCP); many(p) }, 0},
		{"a host in all its flows", `alert tcp any any -> any any (content:"tag"; tag:host,4,packets,src; sid:1;)`,
			func(p *play) { p.send(up, "tag"); p.connect("10.0.0.7", "192.0.2.9", 50001, 80, packet.TCP); many(p) }, 3},
		{"another host", `alert tcp any any -> any any (content:"tag"; tag:host,4,packets,dst; sid:1;)`,
			func(p *play) { p.send(up, "tag"); p.connect("10.0.0.7", "192.0.2.9", 50001, 80, packet.TCP); many(p) }, 0},
		{"seconds", `alert tcp any any -> any any (content:"tag"; tag:session,3,seconds; sid:1;)`, func(p *play) { p.send(up, "tag"); many(p) }, 3},
		{"bytes", `alert tcp any any -> any any (content:"tag"; tag:session,250,bytes; sid:1;)`,
			func(p *play) { p.f.Size = 100; p.send(up, "tag"); many(p) }, 1},
		{"also where the rule itself is quiet", `alert tcp any any -> any any (content:"tag"; tag:session,2,packets; noalert; sid:1;)`,
			func(p *play) { p.send(up, "tag"); many(p) }, 1},
		{"not where its threshold keeps it from telling", `alert tcp any any -> any any (content:"tag"; tag:session; threshold:type threshold,track by_src,count 9,seconds 60; sid:1;)`,
			func(p *play) { p.send(up, "tag"); many(p) }, 0},
	} {
		t.Run(c.does, func(t *testing.T) {
			p := start(t, c.rule)
			c.play(p)
			if len(p.packets) != c.want {
				t.Errorf("got %d packets, want %d", len(p.packets), c.want)
			}
		})
	}
}

func TestAPacketOfWhichARuleNotesSomethingIsTold(t *testing.T) {
	p := start(t, `alert tcp any any -> any any (content:"id"; pcre:"/id=(\d+)/, pkt:id"; sid:1;)`)
	p.send(up, "id=7")
	p.send(up, "none")
	if len(p.packets) != 1 || p.packets[0] != (event.Packet{Noted: true}) {
		t.Errorf("got %v, want one that is noted", p.packets)
	}
}

func TestTagsOfHostsAreBounded(t *testing.T) {
	var h tagged
	addr := packet.Addr(&[16]byte{10}, true)
	for range maxTagged + 10 {
		h.add(addr, tag{})
		addr = addr.Next()
	}
	if len(h.hosts) != maxTagged {
		t.Errorf("got %d hosts, want %d", len(h.hosts), maxTagged)
	}
}
