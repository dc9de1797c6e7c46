package ftp

import (
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct{ lines []string }

func (h *told) Exchange(x *Exchange) {
	line := fmt.Sprintf("%d %s %s: %s %q", x.Number, x.Command, x.Data, x.Codes, x.Replies)
	if !x.Done {
		line += " waits"
	}
	if x.Truncated {
		line += " truncated"
	}
	h.lines = append(h.lines, line)
}

func (h *told) Agreed(x *Exchange) {
	h.lines = append(h.lines, fmt.Sprintf("agreed %v %d passive %v", x.Addr, x.Port, x.Passive))
}

func (h *told) Transfer(t *Transfer) {
	h.lines = append(h.lines, fmt.Sprintf("transfer %s %s listing %v", t.Command, t.Name, t.Listing))
}

func (h *told) SignOn(s *SignOn) {
	h.lines = append(h.lines, fmt.Sprintf("%s password %v anonymous %v granted %v", s.User, s.Password, s.Anonymous, s.Granted))
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") }
}

var dialogs = []struct{ name, text, want string }{
	{"the greeting", "S: 220 (vsFTPd 3)\n", `1  : [220] ["(vsFTPd 3)"]`},
	{"a sign-on", "C: USER anna\nS: 331 password\nC: PASS geheim\nS: 230-welcome|230 in\n",
		"1 USER anna: [331] [\"password\"]\nanna password true anonymous false granted true\n2 PASS geheim: [230 230] [\"welcome\" \"in\"]"},
	{"a sign-on that fails", "C: USER anna\nS: 331 password\nC: PASS geheim\nS: 530 no\n",
		"1 USER anna: [331] [\"password\"]\nanna password true anonymous false granted false\n2 PASS geheim: [530] [\"no\"]"},
	{"a sign-on without a password", "C: USER ftp\nS: 230 in\n", "ftp password false anonymous true granted true\n1 USER ftp: [230] [\"in\"]"},
	{"the client connects", "C: PASV\nS: 227 Entering Passive Mode (10,2,0,1,185,13).\nC: RETR a b.zip\nS: 150 opening\nS: 226 done\n",
		"agreed 10.2.0.1 47373 passive true\n1 PASV : [227] [\"Entering Passive Mode (10,2,0,1,185,13).\"]\n" +
			"transfer RETR a b.zip listing false\n2 RETR a b.zip: [150 226] [\"opening\" \"done\"]"},
	{"the server connects", "C: PORT 10,1,0,1,4,1\nS: 200 ok\nC: NLST\nS: 150 here|226 done\n",
		"agreed 10.1.0.1 1025 passive false\n1 PORT 10,1,0,1,4,1: [200] [\"ok\"]\ntransfer NLST  listing true\n2 NLST : [150 226] [\"here\" \"done\"]"},
	{"a list of what the server can", "C: feat\nS: 211-Features:| MDTM| SIZE|211 End\n", `1 FEAT : [211 211] ["Features:" " MDTM" " SIZE" "End"]`},
	{"TLS", "C: AUTH TLS\nS: 234 go\n", "1 AUTH TLS: [234] [\"go\"]\nerror: ftp: TLS follows"},
	{"TLS is refused", "C: AUTH TLS\nS: 502 no\n", `1 AUTH TLS: [502] ["no"]`},
	{"commands without waiting", "C: NOOP|PWD\nS: 200 ok|257 /\n", "1 NOOP : [200] [\"ok\"]\n2 PWD : [257] [\"/\"]"},
	{"a command without a reply", "C: QUIT\n", "1 QUIT : [] [] waits"},
	{"a server that hangs up", "S: 220 ftp\nS: 421 timeout\n", "1  : [220] [\"ftp\"]\n2  : [421] [\"timeout\"]"},
}

func TestDialogs(t *testing.T) {
	for _, d := range dialogs {
		wiretest.Tells(t, d.name, wiretest.Dialog(d.text), d.want, fresh)
	}
}

func TestALineTooLongIsCutAndTheNextIsRead(t *testing.T) {
	chunks := wiretest.Dialog("C: RETR " + strings.Repeat("A", 5000) + "\nS: 550 no\nC: RETR b\nS: 550 no\n")
	c, h, outcome := fresh()
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
	_ = f.Play(chunks)
	a := strings.Repeat("A", MaxLine-5)
	want := "transfer RETR " + a + " listing false\n1 RETR " + a + ": [550] [\"no\"] truncated\ntransfer RETR b listing false\n2 RETR b: [550] [\"no\"]"
	if got := outcome(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	wiretest.Splits(t, chunks, fresh)
}

func TestAReplyThatIsLostDoesNotShiftTheOthers(t *testing.T) {
	chunks := wiretest.Dialog("C: TYPE I\nC: PWD\nS: 257 /\n")
	chunks[2].Lost = 8
	c, h, outcome := fresh()
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
	_ = f.Play(chunks)
	if got, want := outcome(), `2 PWD : [257] ["/"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		parse      func([]byte) string
		want       string
	}{
		{"in brackets", "Entering Passive Mode (10,2,0,1,185,13).", six, "10.2.0.1:47373"},
		{"without", "Entering Passive Mode 10,2,0,1,185,13", six, "10.2.0.1:47373"},
		{"behind another number", "ok 12 10,2,0,1,0,21", six, "10.2.0.1:21"},
		{"too few", "10,2,0,1,185", six, "invalid IP:0"},
		{"too large", "10,2,0,1,185,256", six, "invalid IP:0"},
		{"extended", "|1|10.0.0.1|21|", extended, "10.0.0.1:21"},
		{"extended, of IPv6", "|2|2001:db8::1|5283|", extended, "2001:db8::1:5283"},
		{"extended, only a port", "Entering Extended Passive Mode (|||5282|)", extended, "invalid IP:5282"},
		{"extended, with another character", "(!!!5282!)", extended, "invalid IP:5282"},
		{"extended, too large", "(|||65536|)", extended, "invalid IP:0"},
		{"long", "6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,20,162", long, "2001:db8::1:5282"},
		{"long, of IPv4", "4,4,10,0,0,1,2,0,21", long, "10.0.0.1:21"},
	} {
		if got := c.parse([]byte(c.text)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func six(p []byte) string      { a, n := parseSix(p); return fmt.Sprintf("%v:%d", a, n) }
func extended(p []byte) string { a, n := parseExtended(p); return fmt.Sprintf("%v:%d", a, n) }
func long(p []byte) string     { a, n := parseLong(p); return fmt.Sprintf("%v:%d", a, n) }

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       wire.Match
	}{
		{"a banner that names the protocol", "220 (vsFTPd 3.0.3)\r\n", wire.Yes},
		{"a banner that names mail", "220 mx ESMTP\r\n", wire.No},
		{"a banner that names nothing", "220 welcome\r\n", wire.Unsure},
		{"and asks for a password", "220 welcome\r\n331 password\r\n", wire.Yes},
		{"and answers a hello of mail", "220 welcome\r\n250 hello\r\n", wire.No},
		{"a banner of several lines", "220-one\r\n220-two\r\n220 three\r\n331 password\r\n", wire.Yes},
		{"a name alone", "USER anna\r\n", wire.Unsure},
		{"a name, a password and a question", "USER anna\r\nPASS x\r\nSYST\r\n", wire.Yes},
		{"a sign-on of POP3", "USER anna\r\nPASS x\r\nSTAT\r\n", wire.No},
		{"a chat", "NICK anna\r\n", wire.No},
		{"TLS is asked for", "AUTH TLS\r\n", wire.Yes},
		{"a page", "GET / HTTP/1.1\r\n", wire.No},
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
	chunks := wiretest.Dialog("S: 220 ftp\nC: USER anna\nS: 331 x\nC: PASS y\nS: 230 in\nC: TYPE I\nS: 200 ok\nC: QUIT\nS: 221 bye\n")
	wiretest.AllocatesNothing[Handler](t, &Conversation{}, quiet{}, chunks)
}

type quiet struct{}

func (quiet) Exchange(*Exchange) {}
func (quiet) Agreed(*Exchange)   {}
func (quiet) Transfer(*Transfer) {}
func (quiet) SignOn(*SignOn)     {}
