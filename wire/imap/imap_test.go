package imap

import (
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct {
	lines []string
	body  string
}

func (h *told) Exchange(x *Exchange) {
	h.lines = append(h.lines, fmt.Sprintf("%d %s %s %q: %s %q box %q messages %d", x.Number, x.Tag, x.Command, x.Args, x.Status, x.Text, x.Mailbox, x.Messages))
}

func (h *told) Body(m *Message, p []byte, lost int) {
	if lost > 0 {
		h.body += fmt.Sprintf("[%d lost]", lost)
	}
	h.body += string(p)
	if len(p) == 0 {
		h.lines = append(h.lines, fmt.Sprintf("stored %v sequence %d uid %d section %q origin %d size %d box %q whole %v: %q", m.Stored, m.Sequence,
			m.UID, m.Section, m.Origin, m.Size, m.Mailbox, m.Whole, h.body))
		h.body = ""
	}
}

func (h *told) SignOn(s *SignOn) {
	h.lines = append(h.lines, fmt.Sprintf("%s as %s clear %v granted %v", s.Mechanism, s.User, s.Clear, s.Granted))
}

func (h *told) Program(dir wire.Dir, name, version []byte) {
	h.lines = append(h.lines, fmt.Sprintf("%s runs %s %s", dir, name, version))
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") }
}

var dialogs = []struct{ name, text, want string }{
	{"the greeting", "S: * OK [CAPABILITY IMAP4rev1] ready\n", `1   "": OK "[CAPABILITY IMAP4rev1] ready" box "" messages 0`},
	{"a sign-on", "S: * OK\nC: a1 login anna \"ge heim\"\nS: a1 OK in\n", "1   \"\": OK \"\" box \"\" messages 0\n" +
		"LOGIN as anna clear true granted true\n2 a1 LOGIN \"anna\": OK \"in\" box \"\" messages 0"},
	{"a sign-on with literals", "C: a1 LOGIN {4}\nS: + go\nC: anna {6+}|geheim\nS: a1 NO no\n",
		"LOGIN as anna clear true granted false\n1 a1 LOGIN \"anna\": NO \"no\" box \"\" messages 0"},
	{"a sign-on by SASL", "C: a1 AUTHENTICATE PLAIN\nS: + \nC: AGFubmEAc2VjcmV0\nS: a1 OK in\n",
		"PLAIN as anna clear true granted true\n1 a1 AUTHENTICATE \"PLAIN\": OK \"in\" box \"\" messages 0"},
	{"a sign-on by SASL at once", "C: a1 AUTHENTICATE PLAIN AGFubmEAc2VjcmV0\nS: a1 OK in\nC: a2 NOOP\nS: a2 OK\n",
		"PLAIN as anna clear true granted true\n1 a1 AUTHENTICATE \"PLAIN\": OK \"in\" box \"\" messages 0\n2 a2 NOOP \"\": OK \"\" box \"\" messages 0"},
	{"a message", "C: 1 SELECT \"In box\"\nS: * 3 EXISTS|1 OK [READ-WRITE] ok\nC: 2 UID FETCH 7 (UID BODY[])\n" +
		"S: * 2 FETCH (UID 7 BODY[] {9}|abc|def\nS: )|2 OK done\n",
		"1 1 SELECT \"\\\"In box\\\"\": OK \"[READ-WRITE] ok\" box \"\" messages 0\n" +
			"stored false sequence 2 uid 7 section \"\" origin 0 size 9 box \"In box\" whole true: \"abc\\r\\ndef\\r\"\n" +
			"2 2 UID FETCH \"7 (UID BODY[])\": OK \"done\" box \"In box\" messages 1"},
	{"parts of messages", "C: 1 FETCH 1:2 ALL\nS: * 1 FETCH (BODY[HEADER.FIELDS (FROM TO)] {1}|a RFC822.SIZE 5 BODY[1.2]<10> {2}|bc)|* 2 FETCH (RFC822.HEADER {1}|d)|1 OK\n",
		"stored false sequence 1 uid 0 section \"HEADER.FIELDS (FROM TO)\" origin 0 size 1 box \"\" whole true: \"a\"\n" +
			"stored false sequence 1 uid 0 section \"1.2\" origin 10 size 2 box \"\" whole true: \"bc\"\n" +
			"stored false sequence 2 uid 0 section \"HEADER\" origin 0 size 1 box \"\" whole true: \"d\"\n" +
			"1 1 FETCH \"1:2 ALL\": OK \"\" box \"\" messages 2"},
	{"a name in a literal is no message", "C: 1 LIST \"\" *\nS: * LIST () \"/\" {3}|a b|1 OK\n", "1 1 LIST \"\\\"\\\" *\": OK \"\" box \"\" messages 0"},
	{"a message is stored", "C: 1 APPEND Sent (\\Seen) {3}\nS: + go\nC: abc\nS: 1 OK\n",
		"stored true sequence 0 uid 0 section \"\" origin 0 size 3 box \"Sent\" whole true: \"abc\"\n1 1 APPEND \"Sent (\\\\Seen) \\\"\\\"\": OK \"\" box \"\" messages 0"},
	{"programs", "C: 1 ID (\"name\" \"Thunderbird\" \"version\" \"115\")\nS: * ID (\"name\" \"Dovecot\")|1 OK\n",
		"to_server runs Thunderbird 115\nto_client runs Dovecot \n1 1 ID \"(\\\"name\\\" \\\"Thunderbird\\\" \\\"version\\\" \\\"115\\\")\": OK \"\" box \"\" messages 0"},
	{"commands whose answers come in another order", "C: 1 NOOP|2 CHECK\nS: 2 OK|1 OK\n", "2 2 CHECK \"\": OK \"\" box \"\" messages 0\n1 1 NOOP \"\": OK \"\" box \"\" messages 0"},
	{"waiting for mail", "C: 1 IDLE\nS: + idling|* 4 EXISTS\nC: DONE\nS: 1 OK\n", "1 1 IDLE \"\": OK \"\" box \"\" messages 0"},
	{"TLS", "C: 1 STARTTLS\nS: 1 OK go\n", "1 1 STARTTLS \"\": OK \"go\" box \"\" messages 0\nerror: imap: TLS follows"},
	{"compression", "C: 1 COMPRESS DEFLATE\nS: 1 OK go\n", "1 1 COMPRESS \"DEFLATE\": OK \"go\" box \"\" messages 0\nerror: imap: the rest is compressed"},
}

func TestDialogs(t *testing.T) {
	for _, d := range dialogs {
		wiretest.Tells(t, d.name, wiretest.Dialog(d.text), d.want, fresh)
	}
}

func TestWhatIsLost(t *testing.T) {
	chunks := wiretest.Dialog("C: 1 FETCH 1 BODY[]\nS: * 1 FETCH (BODY[] {20}\nS: 0123456789abc\nS: )\nS: * 2 FETCH (BODY[] {1}|x)|1 OK\n")
	chunks[2].Lost = 5
	c, h, outcome := fresh()
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
	_ = f.Play(chunks)
	want := "stored false sequence 1 uid 0 section \"\" origin 0 size 20 box \"\" whole false: \"[5 lost]0123456789abc\\r\\n\"\n" +
		"stored false sequence 2 uid 0 section \"\" origin 0 size 1 box \"\" whole true: \"x\"\n1 1 FETCH \"1 BODY[]\": OK \"\" box \"\" messages 2"
	if got := outcome(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       wire.Match
	}{
		{"a greeting that names the protocol", "* OK IMAP4rev1 ready\r\n", wire.Yes},
		{"a greeting with a list", "* OK [CAPABILITY IMAP4rev1] hi\r\n", wire.Yes},
		{"a greeting of one word", "* OK hi\r\n", wire.Unsure},
		{"and an answer", "* OK hi\r\na1 OK in\r\n", wire.Yes},
		{"a sign-on", "a1 LOGIN anna x\r\n", wire.Yes},
		{"a question for what the server can", "1 capability\r\n", wire.Yes},
		{"half a tag", "a0", wire.Unsure},
		{"a page", "GET /login HTTP/1.1\r\n", wire.No},
		{"a chat", "NICK anna\r\n", wire.No},
		{"a list", "* one\r\n", wire.No},
	} {
		if got, _ := Probe([]byte(c.text)); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func FuzzConversation(f *testing.F) {
	var seeds [][]wiretest.Chunk
	for _, d := range dialogs {
		seeds = append(seeds, wiretest.Dialog(d.text))
	}
	wiretest.FuzzChunks(f, seeds, Probe, fresh)
}

func TestNothingIsAllocated(t *testing.T) {
	chunks := wiretest.Dialog("S: * OK\nC: a1 LOGIN anna x\nS: a1 OK\nC: 1 SELECT INBOX\nS: 1 OK\nC: 2 FETCH 1 BODY[]\nS: * 1 FETCH (BODY[] {3}|abc)|2 OK\nC: 3 LOGOUT\nS: * BYE|3 OK\n")
	wiretest.AllocatesNothing[Handler](t, &Conversation{}, quiet{}, chunks)
}

type quiet struct{}

func (quiet) Exchange(*Exchange)               {}
func (quiet) Body(*Message, []byte, int)       {}
func (quiet) SignOn(*SignOn)                   {}
func (quiet) Program(wire.Dir, []byte, []byte) {}
