package smtp

import (
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct {
	lines  []string
	bodies map[int]string
}

func (h *told) Body(t *Transaction, p []byte, lost int) {
	if lost > 0 {
		h.bodies[t.Number] += fmt.Sprintf("[%d lost]", lost)
	}
	h.bodies[t.Number] += string(p)
}

func (h *told) Transaction(t *Transaction) {
	line := fmt.Sprintf("%d helo %s from %s to %s", t.Number, t.Helo, t.From, t.To)
	if t.HasMessage {
		line += fmt.Sprintf(" message %q whole %v size %d", h.bodies[t.Number], t.Whole, t.Size)
	}
	if t.Refused > 0 {
		line += fmt.Sprintf(" refused %d", t.Refused)
	}
	h.lines = append(h.lines, fmt.Sprintf("%s code %d", line, t.Code))
}

func (h *told) Notice(n Notice, s *Session) {
	switch n {
	case Greeted:
	case SignedOn:
		h.lines = append(h.lines, fmt.Sprintf("%s as %q clear %v: %d", s.Auth.Mechanism, s.Auth.User, s.Auth.Clear, s.Code))
	default:
		h.lines = append(h.lines, n.String())
	}
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{bodies: map[int]string{}}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") }
}

// dialog turns lines that begin with "C: " or "S: " into what both sides send; "|" ends a packet of several lines.
func dialog(text string) []wiretest.Chunk {
	var all []wiretest.Chunk
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		side, said, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		c := wiretest.Chunk{Dir: wire.ToServer}
		if side == "S" {
			c.Dir = wire.ToClient
		}
		said = strings.ReplaceAll(said, "|", "\r\n")
		said = strings.ReplaceAll(said, "~", "\n")
		c.Bytes = []byte(strings.TrimSuffix(said, "^") + map[bool]string{true: "", false: "\r\n"}[strings.HasSuffix(said, "^")])
		all = append(all, c)
	}
	return all
}

const hello = "S: 220 mx.example ESMTP\nC: EHLO a.example\nS: 250-mx.example|250 CHUNKING\n"
const envelope = "C: MAIL FROM:<a@x> SIZE=9\nS: 250 ok\nC: RCPT TO:<b@y>\nS: 250 ok\n"

var dialogs = []struct{ name, text, want string }{
	{"one message", hello + envelope + "C: DATA\nS: 354 go\nC: Subject: x||hi|..dot|.\nS: 250 queued\nC: QUIT\nS: 221 bye\n",
		`1 helo a.example from <a@x> to [<b@y>] message "Subject: x\r\n\r\nhi\r\n.dot\r\n" whole true size 24 code 250`},
	{"two messages", hello + envelope + "C: DATA\nS: 354 go\nC: 1|.\nS: 250 queued\n" + envelope + "C: DATA\nS: 354 go\nC: 2|.\nS: 552 too big\n",
		"1 helo a.example from <a@x> to [<b@y>] message \"1\\r\\n\" whole true size 3 code 250\n" +
			"2 helo a.example from <a@x> to [<b@y>] message \"2\\r\\n\" whole true size 3 code 552"},
	{"commands without waiting for replies", "S: 220 mx ESMTP\nC: EHLO a\nS: 250-mx|250 PIPELINING\n" +
		"C: MAIL FROM:<a@x>|RCPT TO:<b@y>|RCPT TO:<c@y>|DATA\nS: 250 ok|250 ok|550 no|354 go\nC: m|.|QUIT\nS: 250 ok|221 bye\n",
		`1 helo a from <a@x> to [<b@y> <c@y>] message "m\r\n" whole true size 3 refused 1 code 250`},
	{"the next envelope before the reply to the message", hello + envelope + "C: DATA\nS: 354 go\nC: 1|.\nC: RSET|MAIL FROM:<b@y>|RCPT TO:<a@x>|DATA\n" +
		"S: 250 queued|250 reset|250 ok|250 ok|354 go\nC: 2|.\nS: 250 queued\n",
		"1 helo a.example from <a@x> to [<b@y>] message \"1\\r\\n\" whole true size 3 code 250\n" +
			"2 helo a.example from <b@y> to [<a@x>] message \"2\\r\\n\" whole true size 3 code 250"},
	{"an envelope that is given up", hello + envelope + "C: RSET\nS: 250 ok\nC: QUIT\nS: 221 bye\n",
		"1 helo a.example from <a@x> to [<b@y>] code 0"},
	{"a hello that is refused changes nothing", hello + "C: MAIL FROM:<a@x>\nS: 250 ok\nC: EHLO\nS: 501 syntax\nC: RCPT TO:<b@y>\nS: 250 ok\nC: DATA\nS: 354 go\nC: m|.\nS: 250 ok\n",
		`1 helo a.example from <a@x> to [<b@y>] message "m\r\n" whole true size 3 code 250`},
	{"a hello that is accepted gives the envelope up", hello + "C: MAIL FROM:<a@x>\nS: 250 ok\nC: EHLO b.example\nS: 250 ok\n" + envelope,
		"1 helo a.example from <a@x> to [] code 0\n2 helo b.example from <a@x> to [<b@y>] code 0"},
	{"chunks", hello + envelope + "C: BDAT 5\nC: abcde^\nS: 250 5\nC: BDAT 3 LAST\nC: f|^\nS: 250 ok\n" + envelope,
		"1 helo a.example from <a@x> to [<b@y>] message \"abcdef\\r\\n\" whole true size 8 code 250\n" +
			"2 helo a.example from <a@x> to [<b@y>] code 0"},
	{"a last chunk of nothing", hello + envelope + "C: BDAT 0 LAST\nS: 250 ok\n",
		`1 helo a.example from <a@x> to [<b@y>] message "" whole true size 0 code 250`},
	{"a chunk without a size", hello + "C: BDAT 5 X|MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA\nS: 501 no|250 ok|250 ok|354 go\nC: m|.\nS: 250 ok\n",
		"INVALID_BDAT\n1 helo a.example from <a@x> to [<b@y>] message \"m\\r\\n\" whole true size 3 code 250"},
	{"more than the chunk holds", hello + envelope + "C: BDAT 3 LAST\nC: abcdef\nS: 250 ok\nS: 500 what\n",
		"BDAT_CHUNK_LEN_EXCEEDED\n1 helo a.example from <a@x> to [<b@y>] message \"abc\" whole true size 3 code 250"},
	{"DATA is refused", hello + envelope + "C: DATA\nS: 554 no\nC: QUIT\nS: 221 bye\n",
		"DATA_COMMAND_REJECTED\n1 helo a.example from <a@x> to [<b@y>] code 554"},
	{"a sign-on with a password in clear", hello + "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YW5uYQ==\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 235 ok\n",
		"LOGIN as \"anna\" clear true: 235\n1 helo a.example from  to [] code 0"},
	{"a sign-on that fails", hello + "C: AUTH PLAIN AGFubmEAc2VjcmV0\nS: 535 no\n",
		"PLAIN as \"anna\" clear true: 535\n1 helo a.example from  to [] code 0"},
	{"a challenge", hello + "C: AUTH CRAM-MD5\nS: 334 PDE+\nC: YW5uYSAwMTIz\nS: 235 ok\n",
		"CRAM-MD5 as \"anna\" clear false: 235\n1 helo a.example from  to [] code 0"},
	{"TLS", hello + "C: STARTTLS\nS: 220 go\n", "secured\n1 helo a.example from  to [] code 0\nerror: smtp: TLS follows"},
	{"TLS is refused", hello + "C: STARTTLS\nS: 454 no\n", "TLS_REJECTED\n1 helo a.example from  to [] code 0"},
	{"a client that does not wait for the banner", "C: EHLO a\nS: 220 mx ESMTP\n", "NO_SERVER_WELCOME_MESSAGE\n1 helo a from  to [] code 0"},
	{"two senders", hello + "C: MAIL FROM:<a@x>\nS: 250 ok\nC: MAIL FROM:<b@x>\nS: 503 no\n", "DUPLICATE_FIELDS\n1 helo a.example from <a@x> to [] code 503"},
	{"a reply that nobody asked for", hello + "S: 250 ok\n", "UNABLE_TO_MATCH_REPLY_WITH_REQUEST\n1 helo a.example from  to [] code 0"},
	{"a reply without a number", hello + "S: hi there\n", "INVALID_REPLY\n1 helo a.example from  to [] code 0"},
	{"a server that refuses at once", "S: 554 mx ESMTP not you\n", "INVALID_REPLY"},
	{"line feeds alone end the lines", hello + envelope + "C: DATA\nS: 354 go\nC: m~.~^\nS: 250 ok\n",
		`1 helo a.example from <a@x> to [<b@y>] message "m\n" whole true size 2 code 250`},
	{"an end that only some servers see", hello + envelope + "C: DATA\nS: 354 go\nC: one|two~.|MAIL FROM:<evil@x>|.\nS: 250 ok\n",
		"AMBIGUOUS_END_OF_DATA\n1 helo a.example from <a@x> to [<b@y>] message \"one\\r\\ntwo\\n\\r\\nMAIL FROM:<evil@x>\\r\\n\" whole true size 31 code 250"},
	{"a message that breaks off", hello + envelope + "C: DATA\nS: 354 go\nC: one\n",
		`1 helo a.example from <a@x> to [<b@y>] message "one\r\n" whole false size 5 code 0`},
	{"a message to a mail store", "S: 220 mx LMTP\nC: LHLO a\nS: 250 mx\n" + envelope + "C: DATA\nS: 354 go\nC: m|.\nS: 250 ok\n",
		`1 helo a from <a@x> to [<b@y>] message "m\r\n" whole true size 3 code 250`},
}

func TestDialogs(t *testing.T) {
	for _, d := range dialogs {
		wiretest.Tells(t, d.name, dialog(d.text), d.want, fresh)
	}
}

func TestALineTooLongIsCutAndTheNextIsRead(t *testing.T) {
	long := "EHLO " + strings.Repeat("O", 5000)
	c, h, outcome := fresh()
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
	chunks := dialog("S: 220 mx ESMTP\nC: " + long + "\nS: 501 no\nC: MAIL FROM:<a@x>\nS: 250 ok\n")
	if err := f.Play(chunks); err != nil {
		t.Fatal(err)
	}
	want := "TRUNCATED_LINE\n1 helo " + long[5:maxLine] + " from <a@x> to [] code 501"
	if got := outcome(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	wiretest.Splits(t, chunks, fresh)
}

func TestWhatIsLost(t *testing.T) {
	for _, c := range []struct {
		name string
		lose wire.Dir
		at   int // chunk that is lost
		text string
		want string
	}{
		{"a part of the message", wire.ToServer, 9, hello + envelope + "C: DATA\nS: 354 go\nC: lost\nC: here|.\nS: 250 ok\n",
			`1 helo a.example from <a@x> to [<b@y>] message "[6 lost]here\r\n" whole true size 12 code 250`},
		{"the end of the message", wire.ToServer, 10, hello + envelope + "C: DATA\nS: 354 go\nC: here\nC: .\nS: 250 ok\n" + envelope,
			"1 helo a.example from <a@x> to [<b@y>] message \"here\\r\\n[3 lost]\" whole false size 9 code 250\n2 helo a.example from <a@x> to [<b@y>] code 0"},
		{"the reply to DATA", wire.ToClient, 8, hello + envelope + "C: DATA\nS: 354 go\nC: m|.\nS: 250 ok\n",
			"INVALID_PIPELINED_SEQUENCE\n1 helo a.example from <a@x> to [<b@y>] message \"m\\r\\n\" whole true size 3 code 250"},
	} {
		chunks := dialog(c.text)
		n := len(chunks[c.at].Bytes)
		chunks = append(chunks[:c.at], chunks[c.at+1:]...)
		for i := c.at; i < len(chunks); i++ {
			if chunks[i].Dir == c.lose {
				chunks[i].Lost = n
				break
			}
		}
		if c.name == "the end of the message" { // the reply comes first
			chunks[len(chunks)-4].Lost = n
			chunks = append(chunks[:c.at:c.at], append([]wiretest.Chunk{{Dir: wire.ToServer, Lost: n}}, chunks[c.at:]...)...)
			chunks[len(chunks)-4].Lost = 0
		}
		conv, h, outcome := fresh()
		f := wiretest.Feed[Handler]{T: t, Conversation: conv, Handler: h}
		_ = f.Play(chunks)
		if got := outcome(); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       wire.Match
	}{
		{"a banner that names the protocol", "220 mx.example ESMTP Postfix\r\n", wire.Yes},
		{"a banner that names FTP", "220 (vsFTPd 3.0.3)\r\n", wire.No},
		{"a banner that names nothing", "220 welcome\r\n", wire.Unsure},
		{"and the reply to a hello", "220 welcome\r\n250 hello\r\n", wire.Yes},
		{"and the reply to a name", "220 welcome\r\n331 password\r\n", wire.No},
		{"a client that says hello", "EHLO a\r\n", wire.Yes},
		{"half of it", "EH", wire.Unsure},
		{"a request of HTTP", "HEAD / HTTP/1.1\r\n", wire.No},
		{"a page", "200 OK\r\n", wire.No},
		{"a server that is closed", "554 mx ESMTP no\r\n", wire.Yes},
		{"a banner of several lines", "220-first\r\n220-second\r\n220 mx SMTP\r\n", wire.Yes},
		{"a sign-on of FTP or POP3", "USER anna\r\n", wire.No},
		{"a chat", "NICK anna\r\n", wire.No},
	} {
		if got, _ := Probe([]byte(c.text)); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func FuzzConversation(f *testing.F) {
	var seeds [][]wiretest.Chunk
	for _, d := range dialogs {
		seeds = append(seeds, dialog(d.text))
	}
	wiretest.FuzzChunks(f, seeds, Probe, fresh)
}

func TestNothingIsAllocated(t *testing.T) {
	chunks := dialog(hello + envelope + "C: DATA\nS: 354 go\nC: Subject: x||hi|.\nS: 250 queued\nC: QUIT\nS: 221 bye\n")
	wiretest.AllocatesNothing[Handler](t, &Conversation{}, quiet{}, chunks)
}

type quiet struct{}

func (quiet) Body(*Transaction, []byte, int) {}
func (quiet) Transaction(*Transaction)       {}
func (quiet) Notice(Notice, *Session)        {}
