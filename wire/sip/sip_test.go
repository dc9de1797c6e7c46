package sip

import (
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct{ lines []string }

func (h *told) Message(dir wire.Dir, m *Message) {
	h.lines = append(h.lines, fmt.Sprint(dir, " ", describe(m)))
}

func describe(m *Message) string {
	return fmt.Sprintf("%q %s %s %d %s|from %s to %s call %s %d via %s agent %q server %q type %s length %d user %q realm %q body %q",
		m.Line, m.Method, m.URI, m.Code, m.Reason, Address(m.From), Address(m.To), m.CallID, m.Sequence, m.Via, m.UserAgent, m.Server,
		m.ContentType, m.Length, Parameter(m.Authorization, "username"), Parameter(m.Authorization, "realm"), m.Body)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") + "\n" }
}

const (
	register = "REGISTER sip:pbx.hospital.example SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.9;branch=z9hG4bK1\r\nFrom: \"Ward 3\" <sip:203@pbx.hospital.example>;tag=1\r\n" +
		"To: <sip:203@pbx.hospital.example>\r\nCall-ID: 1@10.0.0.9\r\nCSeq: 7 REGISTER\r\nUser-Agent: Phone 1.2\r\n" +
		"Authorization: Digest username=\"203\", realm=\"pbx\", nonce=\"a=b,c\", response=\"0\"\r\nContent-Length: 0\r\n\r\n"
	accepted = "SIP/2.0 200 OK\r\nv: SIP/2.0/TCP 10.0.0.9\r\nf: <sip:203@pbx.hospital.example>;tag=1\r\nt: sip:203@pbx.hospital.example;tag=2\r\ni: 1@10.0.0.9\r\n" +
		"CSeq: 7 REGISTER\r\nServer: PBX 16\r\nl: 0\r\n\r\n"
	invite = "INVITE sip:204@pbx.hospital.example SIP/2.0\r\nFrom: <sip:203@pbx.hospital.example>\r\nTo: <sip:204@pbx.hospital.example>\r\nCall-ID: 2@10.0.0.9\r\nCSeq: 8 INVITE\r\n" +
		"c: application/sdp\r\nContent-Length: 13\r\n\r\nv=0\r\ns=call\r\n"
)

func up(s string) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: []byte(s)} }
func down(s string) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: []byte(s)} }

func dialogue() []wiretest.Chunk {
	return []wiretest.Chunk{up(register), down(accepted), up("\r\n\r\n" + invite + invite)}
}

func TestDialogue(t *testing.T) {
	call := `to_server "INVITE sip:204@pbx.hospital.example SIP/2.0" INVITE sip:204@pbx.hospital.example 0 |from sip:203@pbx.hospital.example to sip:204@pbx.hospital.example call 2@10.0.0.9 8 via  agent "" server "" type application/sdp length 13 user "" realm "" body "v=0\r\ns=call\r\n"`
	want := []string{
		`to_server "REGISTER sip:pbx.hospital.example SIP/2.0" REGISTER sip:pbx.hospital.example 0 |from sip:203@pbx.hospital.example to sip:203@pbx.hospital.example call 1@10.0.0.9 7 via SIP/2.0/TCP 10.0.0.9;branch=z9hG4bK1 agent "Phone 1.2" server "" type  length 0 user "203" realm "pbx" body ""`,
		`to_client "SIP/2.0 200 OK" REGISTER  200 OK|from sip:203@pbx.hospital.example to sip:203@pbx.hospital.example call 1@10.0.0.9 7 via SIP/2.0/TCP 10.0.0.9 agent "" server "PBX 16" type  length 0 user "" realm "" body ""`,
		call, call,
	}
	wiretest.Lines(t, dialogue(), want, fresh, func(h Handler) []string { return h.(*told).lines })
}

func TestOddMessages(t *testing.T) {
	wiretest.Odds(t, []wiretest.Odd{
		{"another protocol", []wiretest.Chunk{up("GET / HTTP/1.1\r\n\r\n")}, "\n", ErrLine},
		{"a code that is no number", []wiretest.Chunk{down("SIP/2.0 2x0 OK\r\n\r\n")}, "\n", ErrLine},
		{"a head without end", []wiretest.Chunk{up(strings.Replace(register, "\r\n\r\n", "\r\nX: ", 1) + strings.Repeat("x", 40000))}, "\n", ErrHeader},
		{"a body longer than is kept", []wiretest.Chunk{up("INVITE sip:a@b SIP/2.0\r\nContent-Length: 65536\r\n\r\n" + strings.Repeat("x", 65536) + register)}, `length 65536 user "" realm "" body ""` + "\n" + `to_server "REGISTER`, nil},
		{"a length that is no number", []wiretest.Chunk{up("INVITE sip:a@b SIP/2.0\r\nContent-Length: x\r\n\r\n")}, "length -1", nil},
		{"a field that goes on", []wiretest.Chunk{up("INVITE sip:a@b SIP/2.0\r\nSubject: a\r\n b: c\r\nContent-Length: 0\r\n\r\n")}, "INVITE", nil},
		{"a gap ends where a message begins", []wiretest.Chunk{up(register), {Lost: 9, Bytes: []byte("rest of a body")}, up(invite)}, "INVITE", nil},
	}, fresh)
}

func TestParameter(t *testing.T) {
	const digest = `Digest username="a b", realm=pbx , nonce="x,realm=\"", qop=auth,opaque=""`
	for name, want := range map[string]string{"username": "a b", "realm": "pbx", "qop": "auth", "opaque": "", "nc": ""} {
		if got := string(Parameter([]byte(digest), name)); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		does, p string
		want    wire.Match
		dir     wire.Dir
	}{
		{"a request", register, wire.Yes, wire.ToServer},
		{"a response", accepted, wire.Yes, wire.ToClient},
		{"the beginning of a request", "OPTIONS sip:1", wire.Unsure, wire.ToServer},
		{"the beginning of a method", "OPT", wire.Unsure, wire.ToServer},
		{"the beginning of a response", "SIP/2", wire.Unsure, wire.ToClient},
		{"HTTP", "OPTIONS * HTTP/1.1\r\n\r\n", wire.No, wire.ToServer},
		{"HTTP to something like it", "GET sip:a@b HTTP/1.1\r\n", wire.No, wire.ToServer},
		{"RTSP", "OPTIONS rtsp://a RTSP/1.0\r\n", wire.No, wire.ToServer},
		{"mail", "EHLO sip.example\r\n", wire.No, wire.ToServer},
	} {
		if got, dir := Probe([]byte(c.p)); got != c.want || dir != c.dir {
			t.Errorf("%s: got %v %v, want %v %v", c.does, got, dir, c.want, c.dir)
		}
	}
}

type silent struct{ n int }

func (h *silent) Message(wire.Dir, *Message) { h.n++ }

func TestNoAllocation(t *testing.T) {
	chunks := dialogue()
	var c Conversation
	h := &silent{}
	if n := testing.AllocsPerRun(1000, func() {
		c.Reset()
		for _, p := range chunks {
			_, _, _ = c.Decode(p.Dir, p.Bytes, h)
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkMessage(b *testing.B) {
	p := []byte(register)
	var c Conversation
	h := &silent{}
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = c.Decode(wire.ToServer, p, h)
	}
}

func FuzzConversation(f *testing.F) {
	f.Add([]byte(register+invite), []byte(accepted), uint16(30), uint16(3))
	f.Fuzz(func(t *testing.T, up, down []byte, at, lost uint16) {
		Probe(up)
		cut := min(int(at), len(up))
		chunks := []wiretest.Chunk{{Bytes: up[:cut]}, {Dir: wire.ToClient, Bytes: down}, {Lost: int(lost), Bytes: up[cut:]}}
		c, h, _ := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h, Scribble: true}
		_ = feed.Play(chunks)
		_ = (&Conversation{}).Datagram(wire.ToServer, down, h)
	})
}

// TestCaptures reads every conversation that the probe takes for SIP.
func TestCaptures(t *testing.T) {
	taken, read := 0, 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "ja4", "behaviour-slips", "generated-hospital"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, s := range c.Streams {
				a, _ := Probe(s.Bytes(wire.ToServer))
				b, _ := Probe(s.Bytes(wire.ToClient))
				if a != wire.Yes && b != wire.Yes {
					continue
				}
				if s.Server.Port()/10 != 506 && s.Server.Port() != 80 && !strings.Contains(c.Name, "sip") {
					t.Errorf("%s %v is taken for SIP", c.Name, s)
				}
				if s.Whole() {
					wiretest.Splits(t, s.Chunks, fresh)
				}
				conversation, h, _ := fresh()
				feed := wiretest.Feed[Handler]{T: t, Conversation: conversation, Handler: h}
				taken++
				if err := feed.Play(s.Chunks); err == nil {
					read++
				} else {
					t.Logf("%s %v: %v", c.Name, s, err)
				}
			}
			for _, d := range c.Datagrams {
				if !Looks(d.Payload) {
					continue
				}
				taken++
				if err := (&Conversation{}).Datagram(wire.ToServer, d.Payload, &silent{}); err == nil {
					read++
				} else {
					t.Logf("%s %v > %v: %v", c.Name, d.Src, d.Dst, err)
				}
				if d.Dst.Port()/10 != 506 && d.Src.Port()/10 != 506 {
					t.Logf("%s: SIP from %v to %v: %.40q", c.Name, d.Src, d.Dst, d.Payload)
				}
			}
		}
	}
	corpus.Result(t, "sip_messages_read", read, taken, 90)
}
