package engine

import (
	"strings"
	"testing"

	"bulwark/event"
	"bulwark/wire/packet"
)

func TestOnlyWhatRulesLookAtIsKept(t *testing.T) {
	for _, c := range []struct {
		does, rules string
		want        needs
	}{
		{"nothing of files", `alert http any any -> any any (http.uri; content:"a"; sid:1;)`, needs{}},
		{"the first bytes of a file", `alert http any any -> any any (flow:to_client; file.data; content:"DICM"; offset:128; depth:4; sid:1;)`,
			needs{files: [2]int{0, 132}}},
		{"as much as may be", `alert http any any -> any any (flow:to_client; file.data; content:"MZ"; startswith; content:"x"; distance:4; sid:1;)`,
			needs{files: [2]int{0, maxBody}}},
		{"bodies of requests", `alert http any any -> any any (http.request_body; content:"a"; sid:1;)`, needs{requests: true}},
		{"the stream around a message", `alert http any any -> any any (http.uri; content:"a"; content:"b"; sid:1; pkt_data; content:"c";)`, needs{windows: true}},
	} {
		if got := shared(t, c.rules).now.Load().needs; got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.does, got, c.want)
		}
	}
}

func TestAStreamThatNoRuleLooksAtIsNotKept(t *testing.T) {
	p := start(t, `alert tcp any any -> any 21 (content:"never there"; sid:1;)
alert smb any any -> any any (content:"needle"; sid:2;)`)
	w := p.w.(*Watcher)
	p.f.App = "http"
	p.send(up, "GET / HTTP/1.1\r\n\r\n")
	if w.held != 0 {
		t.Errorf("a protocol that no rule is about: got %d bytes held, want 0", w.held)
	}
	p.connect("10.0.0.7", "192.0.2.1", 50001, 445, packet.TCP)
	p.send(up, "what its protocol is")
	p.f.App = "smb"
	p.send(up, "a need")
	p.send(up, "le")
	if got := strings.Join(p.alerts, ", "); got != "2 up" {
		t.Errorf("a protocol that a rule is about: got %q, want 2 up", got)
	}
	if w.Records(event.KindSMB) || !start(t, `alert krb5 any any -> any any (krb5.err_code:24; sid:1;)`).w.Records(event.KindKerberos) {
		t.Error("records: got those that no rule asks for, or not those that one does")
	}
}
