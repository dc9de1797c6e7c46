package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// play shows a watcher conversations, as the sensor does.
type play struct {
	t      testing.TB
	w      inspect.Inspector
	f      inspect.Flow
	own    uint32
	alerts []string // "sid direction" of each
	conv   http.Conversation
	file   uint64 // that was shown last
	at     int64

	packets []event.Packet
}

func (p *play) Tell(f *inspect.Flow, e event.Payload) {
	if x, ok := e.(*event.Packet); ok {
		p.packets = append(p.packets, *x)
		return
	}
	a := e.(*event.Alert)
	side := "up"
	if a.FromServer {
		side = "down"
	}
	p.alerts = append(p.alerts, fmt.Sprintf("%d %s", a.SID, side))
}

func shared(t testing.TB, rules string) *Shared {
	t.Helper()
	all, errs, err := rule.Parse(strings.NewReader(rules), "test.rules", rule.Options{})
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	set, refused := Compile(all, Options{Classes: map[string]rule.Class{"trojan-activity": {Name: "trojan-activity", Description: "A Network Trojan was detected", Priority: 1}}})
	for _, r := range refused {
		t.Fatalf("rule %d is refused: %v", r.Rule.SID, r.Err)
	}
	s := NewShared()
	s.Use(set)
	return s
}

func start(t testing.TB, rules string) *play {
	p := &play{t: t}
	p.w = shared(t, rules).Inspector(p)
	p.connect("10.0.0.7", "192.0.2.1", 50000, 80, packet.TCP)
	return p
}

// connect begins another conversation.
func (p *play) connect(src, dst string, sport, dport uint16, proto uint8) {
	p.own = 0
	p.f = inspect.Flow{ID: p.f.ID + 1, Src: bytesOf(netip.MustParseAddr(src)), Dst: bytesOf(netip.MustParseAddr(dst)), SrcPort: sport,
		DstPort: dport, Proto: proto, Established: true, Own: &p.own}
	p.conv = http.Conversation{}
}

// send plays bytes of one side: the stream, what HTTP is in it, and the packet.
func (p *play) send(dir wire.Dir, text string) {
	p.at += 1e9
	p.f.Time, p.f.Dir = p.at, dir
	pkt := packet.Packet{Src: p.f.Src, Dst: p.f.Dst, SrcPort: p.f.SrcPort, DstPort: p.f.DstPort, Proto: p.f.Proto, Payload: []byte(text), TTL: 64}
	if dir == wire.ToClient {
		pkt.Src, pkt.Dst, pkt.SrcPort, pkt.DstPort = pkt.Dst, pkt.Src, pkt.DstPort, pkt.SrcPort
	}
	p.f.Packet = &pkt
	p.f.Packets[dir]++
	if p.f.Proto == packet.TCP {
		pkt.Flags = packet.ACK | packet.PSH
		p.w.Stream(&p.f, pkt.Payload, 0)
		if p.f.App == "http" {
			if _, _, err := p.conv.Decode(dir, pkt.Payload, p); err != nil {
				p.t.Fatal(err)
			}
			p.f.Dir = dir
		}
	}
	p.w.Packet(&p.f, &pkt)
}

func (p *play) Head(dir wire.Dir, t *http.Transaction) http.Want {
	p.f.Dir = dir
	p.w.HTTP(&p.f, inspect.Head, t)
	return http.Pieces
}

func (p *play) Body(dir wire.Dir, t *http.Transaction, b []byte) {
	p.f.Dir = dir
	if dir == wire.ToServer {
		p.w.Body(&p.f, t, b)
	}
	n := uint64(t.Number)<<1 | uint64(dir)
	p.w.File(&p.f, inspect.File{Number: n, App: "http", TxID: uint64(t.Number), First: p.file != n}, b)
	p.file = n
}

func (p *play) End(t *http.Transaction) {
	p.f.Dir = wire.ToClient
	p.w.HTTP(&p.f, inspect.Whole, t)
}

const (
	up   = wire.ToServer
	down = wire.ToClient
)

func TestRules(t *testing.T) {
	const get = "GET /a/../login.php?x=%41 HTTP/1.1\r\nHost: Portal.Example\r\nUser-Agent: curl/8\r\nCookie: s=1\r\n\r\n"
	const answer = "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 12\r\n\r\n<html>hello!"
	web := func(p *play) { p.f.App = "http"; p.send(up, get); p.send(down, answer) }
	for _, c := range []struct {
		does, rule string
		play       func(*play)
		want       string
	}{
		{"a content in a stream", `alert tcp any any -> any any (content:"curl"; sid:1;)`, web, "1 up"},
		{"a content that two segments hold", `alert tcp any any -> any any (content:"abcdef"; sid:1;)`,
			func(p *play) { p.send(up, "xxabc"); p.send(up, "defxx") }, "1 up"},
		{"contents in different segments", `alert tcp any any -> any any (content:"first"; content:"second"; distance:1; sid:1;)`,
			func(p *play) { p.send(up, "first "); p.send(up, "..."); p.send(up, " second") }, "1 up"},
		{"the second never comes", `alert tcp any any -> any any (content:"first"; content:"second"; distance:1; sid:1;)`,
			func(p *play) { p.send(up, "first "); p.send(down, "second") }, ""},
		{"an expression without bytes that find it, once", `alert tcp any any -> any any (pcre:"/id=\d+/"; sid:1;)`,
			func(p *play) { p.send(up, "xx id="); p.send(up, "77 "); p.send(up, "yy") }, "1 up"},
		{"and again in what follows", `alert http any any -> any any (pcre:"/id=\d+/"; sid:1;)`, func(p *play) {
			p.f.App = "http"
			for range 2 {
				p.send(up, "GET / HTTP/1.1\r\nHost: a\r\nX: id=7"+strings.Repeat("8", 9000)+"\r\n\r\n")
			}
		}, "1 up, 1 up"},
		{"a content that must not be there is waited for", `alert tcp any any -> any any (content:"first"; content:!"no"; sid:1;)`,
			func(p *play) { p.send(up, "first"); p.send(up, " no"); p.send(down, "x") }, ""},
		{"it does not come", `alert tcp any any -> any any (content:"first"; content:!"no"; sid:1;)`,
			func(p *play) { p.send(up, "first"); p.send(down, "x") }, "1 up"},
		{"the begin of a packet", `alert tcp any any -> any any (content:"GET"; depth:3; sid:1;)`,
			func(p *play) { p.send(up, "xxxx"); p.send(up, "GET") }, "1 up"},
		{"one alert of packet and stream", `alert tcp any any -> any any (content:"GET"; depth:3; sid:1;)`,
			func(p *play) { p.send(up, "GET") }, "1 up"},
		{"the other direction", `alert tcp any any -> any any (flow:to_client; content:"curl"; sid:1;)`, web, ""},
		{"the source is the server where its bytes are looked at", `alert tcp 192.0.2.1 80 -> any any (flow:to_client; content:"nginx"; sid:1;)`, web, "1 down"},
		{"both ends may be the source", `alert tcp 192.0.2.1 80 <> any any (content:"curl"; sid:1;)`, web, "1 up"},
		{"other addresses", `alert tcp 192.0.2.2 any -> any any (content:"nginx"; sid:1;)`, web, ""},
		{"other ports", `alert tcp any any -> any ![80,443] (content:"curl"; sid:1;)`, web, ""},
		{"many ports", `alert tcp any any -> any 1:1000 (content:"curl"; sid:1;)`, web, "1 up"},
		{"the size of a packet", `alert udp any any -> any 53 (dsize:3; content:"b"; sid:1;)`,
			func(p *play) {
				p.connect("10.0.0.7", "192.0.2.1", 5000, 53, packet.UDP)
				p.send(up, "abcd")
				p.send(up, "abc")
			}, "1 up"},
		{"addresses alone, once", `alert ip 10.0.0.0/8 any -> 192.0.2.1 any (sid:1;)`, web, "1 up"},
		{"a path as it is meant", `alert http any any -> any any (http.uri; content:"/login.php?x="; startswith; sid:1;)`, web, "1 up"},
		{"a path as it was sent", `alert http any any -> any any (http.uri.raw; content:"/a/../login"; sid:1;)`, web, "1 up"},
		{"older names", `alert http any any -> any any (content:"/login"; http_uri; content:"GET"; http_method; sid:1;)`, web, "1 up"},
		{"a host in lower case", `alert http any any -> any any (http.host; content:"portal.example"; bsize:14; sid:1;)`, web, "1 up"},
		{"no cookie among the fields", `alert http any any -> any any (http.header; content:"Cookie"; sid:1;)`, web, ""},
		{"a cookie", `alert http any any -> any any (http.cookie; content:"s=1"; sid:1;)`, web, "1 up"},
		{"a field that is not there", `alert http any any -> any any (http.method; content:"GET"; http.header_names; content:!"Referer"; sid:1;)`, web, "1 up"},
		{"a body", `alert http any any -> any any (flow:to_client; file.data; content:"<html>"; sid:1;)`, web, "1 down"},
		{"a status and a body", `alert http any any -> any any (http.stat_code; content:"200"; http.response_body; content:"hello"; sid:1;)`, web, "1 down"},
		{"a body that a form sends", `alert http any any -> any any (http.method; content:"POST"; http.request_body; content:"pw="; sid:1;)`,
			func(p *play) {
				p.f.App = "http"
				p.send(up, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\npw=abc")
				p.send(down, answer)
			}, "1 up"},
		{"another protocol", `alert http any any -> any any (content:"curl"; sid:1;)`, func(p *play) { p.send(up, get) }, ""},
		{"a bit of the flow", `alert http any any -> any any (http.method; content:"GET"; flowbits:set,got; flowbits:noalert; sid:1;)
alert http any any -> any any (flow:to_client; flowbits:isset,got; http.stat_code; content:"200"; sid:2;)`, web, "2 down"},
		{"a bit that does not stand", `alert http any any -> any any (flow:to_client; flowbits:isset,got; http.stat_code; content:"200"; sid:2;)`, web, ""},
		{"a bit of an address", `alert tcp any any -> any any (content:"knock"; xbits:set,k,track ip_src,expire 9; noalert; sid:1;)
alert tcp any any -> any any (content:"enter"; xbits:isset,k,track ip_src; sid:2;)`,
			func(p *play) {
				p.send(up, "enter")
				p.send(up, "knock")
				p.connect("10.0.0.7", "192.0.2.9", 50001, 80, packet.TCP)
				p.send(up, "enter")
				p.at += 10e9
				p.send(up, "enter")
			}, "2 up"},
		{"at most so many in a time", `alert tcp any any -> any any (content:"x"; threshold:type limit,track by_src,count 2,seconds 60; sid:1;)`,
			func(p *play) {
				for range 5 {
					p.send(up, "x")
				}
				p.at += 60e9
				p.send(up, "x")
			}, "1 up, 1 up, 1 up"},
		{"each so many", `alert tcp any any -> any any (content:"x"; threshold:type threshold,track by_src,count 3,seconds 60; sid:1;)`,
			func(p *play) {
				for range 7 {
					p.send(up, "x")
				}
			}, "1 up, 1 up"},
		{"beyond so many", `alert tcp any any -> any any (content:"x"; detection_filter:track by_dst,count 3,seconds 60; sid:1;)`,
			func(p *play) {
				for range 5 {
					p.send(up, "x")
				}
			}, "1 up, 1 up"},
		{"a rule that lets pass", `pass tcp any any -> any any (content:"scanner"; sid:1;)
alert tcp any any -> any any (content:"evil"; sid:2;)`, func(p *play) { p.send(up, "scanner evil"); p.send(up, "evil") }, ""},
	} {
		t.Run(c.does, func(t *testing.T) {
			p := start(t, c.rule)
			c.play(p)
			p.w.End(&p.f, true)
			if got := strings.Join(p.alerts, ", "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRecordsAndAnomalies(t *testing.T) {
	p := start(t, `alert dns any any -> any any (dns.query; content:"evil.example"; nocase; endswith; sid:1;)
alert tls any any -> any any (tls.cert_issuer; content:"CN=Bad"; sid:2;)
alert dicom any any -> any any (dicom.called_ae; content:"WRONG"; dicom.command; content:"Reject"; sid:3;)
alert tcp any any -> any any (stream-event:est_invalid_ack; sid:4;)
alert hl7 any any -> any any (hl7.observations:>30; sid:5;)`)
	p.f.Dir = up
	for _, e := range []event.Payload{
		&event.DNS{Activity: "Query", Hostname: "www.EVIL.example"},
		&event.DNS{Activity: "Response", Hostname: "www.evil.example"},
		&event.TLS{Issuer: "C=XX, CN=Bad CA"},
		&event.TLS{Issuer: "C=XX, CN=Bad CA"}, // the same handshake has come further
		&event.DICOM{Activity: "Reject", CalledAE: "WRONGAE"},
		&event.DICOM{Activity: "Associate", CalledAE: "WRONGAE"},
		&event.Anomaly{Type: "stream", Event: "stream.est_invalid_ack"},
		&event.HL7{Observations: 40},
		&event.HL7{Observations: 30},
	} {
		p.f.App = e.Kind().String()
		more := &inspect.More{}
		p.f.Dir = up
		if x, ok := e.(*event.TLS); ok { // whose sides are shown one by one, with what they said
			p.f.Dir, more.Turn, more.Tx = down, true, 1
			more.Value("tls.cert_issuer", []byte(x.Issuer))
		}
		p.w.Record(&p.f, e, more)
	}
	if got, want := strings.Join(p.alerts, ", "), "1 up, 2 down, 3 up, 4 up, 5 up"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnAnomalyOfNoFlowIsAskedWithoutOne(t *testing.T) {
	p := start(t, `alert ip any any -> any any (decode-event:ipv4.pkt_too_small; sid:1;)
alert ip any any -> any any (decode-event:ipv4.pkt_too_small; flow.age:>5; sid:2;)
alert ip any any -> any any (decode-event:ipv4.pkt_too_small; vlan.id:5; sid:3;)`)
	p.w.Record(nil, &event.Anomaly{Type: "decode", Event: "decoder.ipv4.pkt_too_small"}, &inspect.More{})
	if got, want := strings.Join(p.alerts, ", "), "1 up"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNewRulesAreInForceFromTheNextPacketOn(t *testing.T) {
	first := shared(t, `alert tcp any any -> any any (content:"one"; sid:1;)`)
	p := &play{t: t}
	p.w = first.Inspector(p)
	p.connect("10.0.0.7", "192.0.2.1", 50000, 80, packet.TCP)
	p.send(up, "one two")
	first.Use(shared(t, `alert tcp any any -> any any (content:"two"; sid:2;)`).now.Load())
	p.send(up, "one two")
	if want := []string{"1 up", "2 up"}; !slices.Equal(p.alerts, want) {
		t.Errorf("got %v, want %v", p.alerts, want)
	}
}

func TestWhatAFlowMayHoldIsBounded(t *testing.T) {
	p := start(t, `alert http any any -> any any (http.request_body; content:"needle"; sid:1;)
alert tcp any any -> any any (content:"a"; content:"never"; distance:0; sid:2;)`)
	p.f.App = "http"
	p.send(up, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
	piece := strings.Repeat("a", 60000)
	for range 40 {
		p.send(up, piece)
	}
	w := p.w.(*Watcher)
	if limit := 4 * (maxBody + 2*maxWindow + len(piece)); w.held > limit {
		t.Errorf("got %d bytes held, want at most %d", w.held, limit)
	}
	p.w.End(&p.f, true)
	if w.held != 0 || len(w.free) != 1 {
		t.Errorf("after the end: got %d bytes and %d free, want 0 and 1", w.held, len(w.free))
	}
}

func TestAlertsSayWhatTheirRuleSays(t *testing.T) {
	s := shared(t, `alert tcp any any -> any any (msg:"Seen"; content:"x"; classtype:trojan-activity; reference:url,example.org; metadata:a b, c d; target:src_ip; sid:7; rev:3;)`)
	var got event.Alert
	p := &play{t: t}
	p.w = s.Inspector(tellerFunc(func(e event.Payload) { got = *e.(*event.Alert) }))
	p.connect("10.0.0.7", "192.0.2.1", 50000, 80, packet.TCP)
	p.send(up, "x")
	want := event.Alert{Title: "Seen", GID: 1, SID: 7, Rev: 3, Action: "allowed", Category: "A Network Trojan was detected", Severity: 1,
		Metadata: []string{"a b", "c d"}, References: []string{"url,example.org"}, Target: "src", PacketsOut: 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

type tellerFunc func(event.Payload)

func (f tellerFunc) Tell(_ *inspect.Flow, p event.Payload) { f(p) }

func TestQuietTrafficAllocatesNothing(t *testing.T) {
	p := start(t, `alert tcp any any -> any any (content:"never there"; sid:1;)
alert http any any -> any any (http.uri; content:"never"; sid:2;)
alert http any any -> any any (http.header; content:"never"; sid:3;)`)
	text := []byte(strings.Repeat("ordinary words ", 40))
	pkt := packet.Packet{Src: p.f.Src, Dst: p.f.Dst, SrcPort: 50000, DstPort: 80, Proto: packet.TCP, Payload: text}
	p.f.Packet = &pkt
	if got := testing.AllocsPerRun(1000, func() {
		p.w.Stream(&p.f, text, 0)
		p.w.Packet(&p.f, &pkt)
	}); got != 0 {
		t.Errorf("got %v allocations a packet, want 0", got)
	}
}
