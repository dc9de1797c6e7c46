package engine

import (
	"strings"
	"testing"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// turn shows what one side has said of a greeting of TLS.
func (p *play) turn(dir wire.Dir, name, value string) {
	p.f.App, p.f.Dir = "tls", dir
	p.w.Record(&p.f, &event.TLS{}, &inspect.More{Turn: true, Tx: 1, Values: []inspect.Value{{Name: name, Bytes: []byte(value)}}})
}

func TestSidesOfAMessage(t *testing.T) {
	const both = `alert tls any any => any any (ja3s.hash; content:"5d79edf64e03689ff559a54e9d9487bc"; tls.sni; content:"ward"; sid:1;)`
	const server = "5d79edf64e03689ff559a54e9d9487bc"
	for _, c := range []struct {
		does, rule string
		play       func(*play)
		want       string
	}{
		{"both sides of a greeting", both, func(p *play) { p.turn(up, "tls.sni", "ward"); p.turn(down, "ja3s.hash", server) }, "1 down"},
		{"the request is another", both, func(p *play) { p.turn(up, "tls.sni", "bank"); p.turn(down, "ja3s.hash", server) }, ""},
		{"the answer is another", both, func(p *play) { p.turn(up, "tls.sni", "ward"); p.turn(down, "ja3s.hash", "6"+server[1:]) }, ""},
		{"a state of the client", `alert tls:client_hello_done any any -> any any (sid:1;)`,
			func(p *play) { p.turn(up, "tls.sni", "ward"); p.turn(down, "ja3s.hash", server) }, "1 up"},
		{"a state of the server", `alert tls:server_hello_done any any -> any any (sid:1;)`,
			func(p *play) { p.turn(up, "tls.sni", "ward"); p.turn(down, "ja3s.hash", server) }, "1 down"},
		{"a protocol that is known behind its first bytes", `alert ssh any any -> any any (content:"libssh"; sid:1;)`, func(p *play) {
			p.f.Dir, p.f.Packet = up, &packet.Packet{Proto: packet.TCP, Payload: []byte("SSH-2.0-libssh\r\n")}
			p.w.Stream(&p.f, p.f.Packet.Payload, 0)
			p.f.App = "ssh"
			p.w.Packet(&p.f, p.f.Packet)
		}, "1 up"},
		{"a protocol that turns out to be another", `alert tcp any any -> any any (app-layer-protocol:http1,original; app-layer-protocol:http2,final; sid:1;)`,
			func(p *play) {
				p.f.App = "http"
				p.send(up, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				p.f.App, p.f.AppBefore = "http2", "http"
				p.send(up, "PRI")
				p.send(up, "more")
			}, "1 up"},
		{"a field of a record of both sides, of each", `alert smb any any -> any any (smb.version:2; sid:1;)`, func(p *play) {
			p.f.App, p.f.Dir = "smb", down
			p.w.Record(&p.f, &event.SMB{Command: "SMB2_COMMAND_CREATE", Dialect: "3.11"}, &inspect.More{})
		}, "1 up, 1 down"},
		{"a protocol alone, at each packet once it is known", `alert ssh any any -> any any (flow:to_server; sid:1;)`,
			func(p *play) { p.send(up, "SSH-"); p.f.App = "ssh"; p.send(up, "2.0-x"); p.send(up, "more") }, "1 up, 1 up"},
		{"a name as it is, not what is like it", `alert tcp any any -> any any (app-layer-protocol:dns,exact; sid:1;)`,
			func(p *play) { p.f.App = "doh2"; p.send(up, "x") }, ""},
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
