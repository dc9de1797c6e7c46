package pop3

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
	line := fmt.Sprintf("%d %s %s: %d %q %q", x.Number, x.Command, x.Args, x.Status, x.Header, x.Data)
	if h.body != "" {
		line += fmt.Sprintf(" message %q size %d", h.body, x.Size)
		h.body = ""
	}
	if !x.Whole {
		line += " not whole"
	}
	h.lines = append(h.lines, line)
}

func (h *told) Body(_ *Exchange, p []byte, lost int) {
	if lost > 0 {
		h.body += fmt.Sprintf("[%d lost]", lost)
	}
	h.body += string(p)
}

func (h *told) SignOn(s *SignOn) {
	h.lines = append(h.lines, fmt.Sprintf("%s as %s clear %v granted %v", s.Mechanism, s.User, s.Clear, s.Granted))
}

func (h *told) Notice(n Notice) { h.lines = append(h.lines, n.String()) }

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") }
}

var dialogs = []struct{ name, text, want string }{
	{"the greeting", "S: +OK POP3 ready\n", `1  []: 1 "POP3 ready" []`},
	{"a sign-on", "C: USER anna\nS: +OK\nC: PASS ge heim\nS: +OK in\n",
		"1 USER [anna]: 1 \"\" []\nUSER as anna clear true granted true\n2 PASS [ge heim]: 1 \"in\" []"},
	{"a sign-on that fails", "C: USER anna\nS: +OK\nC: PASS x\nS: -ERR no\n",
		"1 USER [anna]: 1 \"\" []\nUSER as anna clear true granted false\n2 PASS [x]: 2 \"no\" []"},
	{"a sign-on by a digest", "C: APOP anna c4c9\nS: +OK in\n", "APOP as anna clear false granted true\n1 APOP [anna c4c9]: 1 \"in\" []"},
	{"a sign-on by SASL", "C: AUTH PLAIN\nS: + \nC: AGFubmEAc2VjcmV0\nS: +OK in\n",
		"1 AUTH [PLAIN]: 3 \"\" []\nPLAIN as anna clear true granted true\n2 <SASL DATA> []: 1 \"in\" []"},
	{"a list", "C: LIST\nS: +OK 2\nS: 1 120|2 200|.\nC: LIST 1\nS: +OK 1 120\n", "1 LIST []: 1 \"2\" [\"1 120\" \"2 200\"]\n2 LIST [1]: 1 \"1 120\" []"},
	{"a list that is refused", "C: UIDL\nS: -ERR no\nC: NOOP\nS: +OK\n", "1 UIDL []: 2 \"no\" []\n2 NOOP []: 1 \"\" []"},
	{"a message", "C: RETR 1\nS: +OK 9 octets\nS: a|..b|.\nC: QUIT\nS: +OK bye\n",
		"1 RETR [1]: 1 \"9 octets\" [] message \"a\\r\\n.b\\r\\n\" size 7\n2 QUIT []: 1 \"bye\" []"},
	{"commands without waiting", "C: STAT|LIST|QUIT\nS: +OK 1 5|+OK 1|1 5|.|+OK bye\n",
		"1 STAT []: 1 \"1 5\" []\n2 LIST []: 1 \"1\" [\"1 5\"]\n3 QUIT []: 1 \"bye\" []"},
	{"TLS", "C: STLS\nS: +OK go\n", "1 STLS []: 1 \"go\" []\nerror: pop3: TLS follows"},
	{"a command that nobody knows", "C: FOO\nS: -ERR what\n", "unknown_command\n1 FOO []: 2 \"what\" []"},
	{"a command with too many words", "C: RETR 1 2\nS: -ERR what\n", "incorrect_argument_count\n1 RETR [1 2]: 2 \"what\" []"},
	{"a command too long", "C: USER " + strings.Repeat("a", 300) + "\nS: -ERR\n",
		"request_too_long\nUSER as " + strings.Repeat("a", 300) + " clear false granted false\n1 USER [" + strings.Repeat("a", 300) + "]: 2 \"\" []"},
	{"a message that breaks off", "C: RETR 1\nS: +OK\nS: a\n", "1 RETR [1]: 1 \"\" [] message \"a\\r\\n\" size 3 not whole"},
}

func TestDialogs(t *testing.T) {
	for _, d := range dialogs {
		wiretest.Tells(t, d.name, wiretest.Dialog(d.text), d.want, fresh)
	}
}

func TestWhatIsLost(t *testing.T) {
	chunks := wiretest.Dialog("C: RETR 1\nS: +OK\nS: a\nS: b|.\n")
	chunks[3].Lost = 5
	c, h, outcome := fresh()
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
	_ = f.Play(chunks)
	if got, want := outcome(), "1 RETR [1]: 1 \"\" [] message \"a\\r\\n[5 lost]b\\r\\n\" size 11"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       wire.Match
	}{
		{"a greeting that names the protocol", "+OK POP3 ready\r\n", wire.Yes},
		{"a greeting with a time stamp", "+OK ready <1896.697@mail.example>\r\n", wire.Yes},
		{"a greeting of one word", "+OK ready\r\n", wire.Unsure},
		{"and another reply", "+OK ready\r\n+OK\r\n", wire.Yes},
		{"an answer of Redis", "+OK\r\n", wire.No},
		{"a question for what the server can", "CAPA\r\n", wire.Yes},
		{"a name", "USER anna\r\n", wire.Unsure},
		{"a sign-on of FTP", "USER anna\r\nPASS x\r\nSYST\r\n", wire.No},
		{"a sign-on and a list", "USER anna\r\nPASS x\r\nUIDL\r\n", wire.Yes},
		{"a page", "CONNECT x HTTP/1.1\r\n", wire.No},
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
	chunks := wiretest.Dialog("S: +OK POP3\nC: USER anna\nS: +OK\nC: STAT\nS: +OK 1 5\nC: LIST\nS: +OK\nS: 1 5|.\nC: RETR 1\nS: +OK\nS: a|.\nC: QUIT\nS: +OK\n")
	wiretest.AllocatesNothing[Handler](t, &Conversation{}, quiet{}, chunks)
}

type quiet struct{}

func (quiet) Exchange(*Exchange)          {}
func (quiet) Body(*Exchange, []byte, int) {}
func (quiet) SignOn(*SignOn)              {}
func (quiet) Notice(Notice)               {}
