package syslog

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct{ lines []string }

func (h *told) Message(m *Message) { h.lines = append(h.lines, describe(m)) }

func describe(m *Message) string {
	return fmt.Sprintf("%s.%s %v %q host %q app %q pid %q id %q data %q text %.60q", m.FacilityName(), m.SeverityName(), m.Form, m.Time, m.Host, m.App,
		m.Process, m.ID, m.Data, m.Text)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") + "\n" }
}

// The examples of RFC 5424 §6.5 and RFC 3164 §5.4, and what devices send.
const (
	modernSu     = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8"
	modernData   = `<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 8710 ID47 [exampleSDID@32473 iut="3" eventSource="App\]\"lication"][examplePriority@32473 class="high"] An event`
	oldSu        = "<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed for lonvick on /dev/pts/8"
	oldNoHost    = "<13>Oct 11 22:14:15 myproc: %% It's time to make the do-nuts."
	localLogger  = "<13>Oct  1 22:14:15 root: hello"
	isoLogger    = "<30>2024-05-01T10:11:12.345+02:00 pump7 infusiond: flow started"
	cisco        = "<189>myswitch: %LINK-3-UPDOWN: Interface Gi1/0/1, changed state to up"
	bareText     = "<14>dhcpd: DHCPACK on 10.0.0.9"
	emergencyTag = "<0>kernel: panic"
)

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		does, p, want string
	}{
		{"RFC 5424", modernSu, `auth.critical rfc5424 "2003-10-11T22:14:15.003Z" host "mymachine.example.com" app "su" pid "" id "ID47" data "" text "'su root' failed for lonvick on /dev/pts/8"`},
		{"RFC 5424 with structured data", modernData, `local4.notice rfc5424 "2003-10-11T22:14:15.003Z" host "mymachine.example.com" app "evntslog" pid "8710" id "ID47" data "[exampleSDID@32473 iut=\"3\" eventSource=\"App\\]\\\"lication\"][examplePriority@32473 class=\"high\"]" text "An event"`},
		{"RFC 5424 of nothing", "<0>1 - - - - - -", `kern.emergency rfc5424 "" host "" app "" pid "" id "" data "" text ""`},
		{"RFC 3164", oldSu, `auth.critical rfc3164 "Oct 11 22:14:15" host "mymachine" app "su" pid "230" id "" data "" text "'su root' failed for lonvick on /dev/pts/8"`},
		{"RFC 3164 without a host", oldNoHost, `user.notice rfc3164 "Oct 11 22:14:15" host "" app "myproc" pid "" id "" data "" text "%% It's time to make the do-nuts."`},
		{"what logger sends", localLogger, `user.notice rfc3164 "Oct  1 22:14:15" host "" app "root" pid "" id "" data "" text "hello"`},
		{"a time of RFC 3339", isoLogger, `daemon.informational rfc3164 "2024-05-01T10:11:12.345+02:00" host "pump7" app "infusiond" pid "" id "" data "" text "flow started"`},
		{"a tag alone", cisco, `local7.notice bare "" host "" app "myswitch" pid "" id "" data "" text "%LINK-3-UPDOWN: Interface Gi1/0/1, changed state to up"`},
		{"a text alone", "<14>hello there", `user.informational bare "" host "" app "" pid "" id "" data "" text "hello there"`},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse([]byte(c.p), &m); err != nil {
				t.Fatal(err)
			}
			if got := describe(&m); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	for _, p := range []string{"", "<>x", "<1", "<192>x", "<1234>x", "<a>x", "hello"} {
		if err := Parse([]byte(p), &Message{}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: got %v, want %v", p, err, ErrMalformed)
		}
	}
}

func up(s string) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToServer, Bytes: []byte(s)} }

func framed(s string) string { return fmt.Sprintf("%d %s", len(s), s) }

func TestStreams(t *testing.T) {
	for _, c := range []struct {
		does   string
		chunks []wiretest.Chunk
		n      int
		last   string // part of what is told last
		err    error
	}{
		{"messages with their lengths", []wiretest.Chunk{up(framed(modernSu) + framed("<14>1 - - - - - - a\nb") + framed(modernData))}, 3, "An event", nil},
		{"messages that end with a line", []wiretest.Chunk{up(oldSu + "\n" + modernSu + "\r\n" + cisco + "\x00")}, 3, "LINK-3", nil},
		{"a message that goes on in the next line", []wiretest.Chunk{up(oldSu + "\n"), up("\tand more\n" + modernSu + "\n")}, 1, "su root", ErrMalformed},
		{"a length beyond what is kept", []wiretest.Chunk{up(framed(modernSu+strings.Repeat("x", 100000)) + framed(modernData))}, 2, "An event", nil},
		{"a line without end", []wiretest.Chunk{up(oldSu + strings.Repeat("x", 70000) + "\n")}, 1, "su root", ErrMalformed},
		{"another protocol", []wiretest.Chunk{up("GET / HTTP/1.1\r\n")}, 0, "", ErrMalformed},
		{"a gap ends behind a line", []wiretest.Chunk{up(oldSu + "\n"), {Lost: 10, Bytes: []byte("rest\n" + modernData + "\n")}}, 2, "An event", nil},
	} {
		t.Run(c.does, func(t *testing.T) {
			conversation, h, outcome := fresh()
			f := wiretest.Feed[Handler]{T: t, Conversation: conversation, Handler: h, Scribble: true}
			if err := f.Play(c.chunks); !errors.Is(err, c.err) {
				t.Errorf("error: got %v, want %v", err, c.err)
			}
			lines := h.(*told).lines
			if len(lines) != c.n || c.n > 0 && !strings.Contains(lines[c.n-1], c.last) {
				t.Errorf("got %s, want %d with %s last", outcome(), c.n, c.last)
			}
		})
	}
	wiretest.Splits(t, []wiretest.Chunk{up(framed(modernSu) + framed(modernData))}, fresh)
	wiretest.Splits(t, []wiretest.Chunk{up(oldSu + "\n" + modernSu + "\r\n")}, fresh)
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		does, p string
		want    wire.Match
		looks   bool
	}{
		{"RFC 5424", modernSu, wire.Yes, true},
		{"RFC 3164", oldSu, wire.Yes, true},
		{"behind its length", framed(modernSu), wire.Yes, false},
		{"a time of RFC 3339", isoLogger, wire.Yes, true},
		{"a tag alone, in a datagram", bareText, wire.No, true},
		{"the least tag", emergencyTag, wire.Unsure, true},
		{"the beginning of a number", "<3", wire.Unsure, false},
		{"a text alone", "<14>hello there, how are you today", wire.No, false},
		{"XML", "<1a>2024-05-01T10:11:12</1a>", wire.No, false},
		{"HTML", "<html><body>hello</body></html>", wire.No, false},
		{"a number and a text", "200 OK and so on", wire.No, false},
		{"bytes behind the number", "<13>ab: \x01\x02\x03", wire.Unsure, false},
	} {
		if got, _ := Probe([]byte(c.p)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.does, got, c.want)
		}
		if got := Looks([]byte(c.p)); got != c.looks {
			t.Errorf("%s: looks %v, want %v", c.does, got, c.looks)
		}
	}
}

type silent struct{ n int }

func (h *silent) Message(*Message) { h.n++ }

func TestNoAllocation(t *testing.T) {
	p := []byte(framed(modernSu) + framed(modernData))
	var c Conversation
	h := &silent{}
	if n := testing.AllocsPerRun(1000, func() { _, _, _ = c.Decode(wire.ToServer, p, h) }); n != 0 || h.n == 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkParse(b *testing.B) {
	p := []byte(modernData)
	var m Message
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		_ = Parse(p, &m)
	}
}

func FuzzConversation(f *testing.F) {
	f.Add([]byte(framed(modernSu)+framed(modernData)), uint16(30), uint16(3))
	f.Add([]byte(oldSu+"\n"+cisco+"\n"), uint16(30), uint16(3))
	f.Fuzz(func(t *testing.T, up []byte, at, lost uint16) {
		Probe(up)
		Looks(up)
		cut := min(int(at), len(up))
		chunks := []wiretest.Chunk{{Bytes: up[:cut]}, {Lost: int(lost), Bytes: up[cut:]}}
		c, h, _ := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h, Scribble: true}
		_ = feed.Play(chunks)
	})
}

// TestCaptures expects syslog on its ports alone.
func TestCaptures(t *testing.T) {
	looks, onPort := 0, 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "ja4", "behaviour-slips", "generated-hospital"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, s := range c.Streams {
				if m, _ := Probe(s.Bytes(wire.ToServer)); m == wire.Yes && s.Server.Port() != 514 && s.Server.Port() != 601 {
					t.Errorf("%s %v is taken for syslog: %.60q", c.Name, s, s.Bytes(wire.ToServer))
				}
			}
			for _, d := range c.Datagrams {
				port := d.Dst.Port() == 514
				is := Looks(d.Payload)
				if is && !port {
					t.Errorf("%s %v > %v is taken for syslog: %.60q", c.Name, d.Src, d.Dst, d.Payload)
				}
				if port {
					onPort++
					if is {
						looks++
					} else {
						t.Logf("%s %v > %v is not taken: %.60q", c.Name, d.Src, d.Dst, d.Payload)
					}
				}
			}
		}
	}
	t.Logf("%d of %d datagrams on port 514 are syslog", looks, onPort)
}
