package telnet

import (
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

type recorder struct{ strings.Builder }

func (r *recorder) SignOn(a *SignOn, s *Session) {
	fmt.Fprintf(r, "user=%s password=%v %s\n", a.User, a.Password, [...]string{"not told", "accepted", "refused"}[a.Outcome])
}

func (r *recorder) Session(s *Session) {
	fmt.Fprintf(r, "banner=%q terminal=%s prompts=%d sign-ons=%d sealed=%v\n", s.Banner, s.Terminal, s.Prompts, s.SignOns, s.Sealed)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

func down(s string) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: []byte(s)} }
func up(s string) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: []byte(s)} }

const negotiation = "\xff\xfd\x18\xff\xfd\x20\xff\xfb\x03"

func TestSessions(t *testing.T) {
	begin := []wiretest.Chunk{down(negotiation), up("\xff\xfb\x18\xff\xfc\x20"), down("\xff\xfa\x18\x01\xff\xf0"), up("\xff\xfa\x18\x00xterm\xff\xf0"), down("Debian GNU/Linux 12\r\npump7 login: ")}
	with := func(more ...wiretest.Chunk) []wiretest.Chunk {
		return append(append([]wiretest.Chunk{}, begin...), more...)
	}
	const banner = `banner="Debian GNU/Linux 12\npump7" terminal=xterm `
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   string
	}{
		{"a sign-on, line by line", with(up("root\r\n"), down("root\r\nPassword: "), up("geheim\r\n"), down("\r\nLast login: Sun Nov 22\r\nroot@pump7:~# ")),
			"user=root password=true accepted\n" + banner + "prompts=2 sign-ons=1 sealed=false\n"},
		{"a sign-on, key by key, with a wrong key taken back", with(up("r"), down("r"), up("ot"), down("ot"), up("\x7f"), down("\b \b"), up("ot"), down("ot"), up("\r\x00"), down("\r\nPassword: "),
			up("g"), up("h"), up("\r\x00"), down("\r\n\r\nLogin incorrect\r\npump7 login: ")),
			"user=root password=true refused\n" + banner + "prompts=3 sign-ons=1 sealed=false\n"},
		{"a shell's prompt says that somebody is in", with(up("admin\r\n"), down("Password: "), up("x\r\n"), down("\r\nBusyBox v1.36\r\n~ # ")),
			"user=admin password=true accepted\n" + banner + "prompts=2 sign-ons=1 sealed=false\n"},
		{"what a machine does not say is not told", with(up("admin\r\n"), down("Password: "), up("x\r\n")),
			"user=admin password=true not told\n" + banner + "prompts=2 sign-ons=1 sealed=false\n"},
		{"encryption ends what can be read", []wiretest.Chunk{down(negotiation), up("\xff\xfa\x26\x03\x00\xff\xf0secret")},
			"banner=\"\" terminal= prompts=0 sign-ons=0 sealed=true\n"},
		{"a user may come from the environment", []wiretest.Chunk{down(negotiation), up("\xff\xfa\x27\x00\x00USER\x01nurse\xff\xf0"), down("Password: "), up("x\r\n"), down("\r\nLogin incorrect\r\n")},
			"user=nurse password=true refused\nbanner=\"\" terminal= prompts=1 sign-ons=1 sealed=false\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{}
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: r}
			if err := f.Play(tt.chunks); err != nil {
				t.Fatal(err)
			}
			if got := r.String(); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
			wiretest.Splits(t, tt.chunks, fresh)
			wiretest.Damage(t, tt.chunks, 50, fresh)
		})
	}
}

func TestNoPasswordIsKept(t *testing.T) {
	var c Conversation
	r := &recorder{}
	c.Decode(wire.ToClient, []byte(negotiation+"login: "), r)
	c.Decode(wire.ToServer, []byte("root\r\n"), r)
	c.Decode(wire.ToClient, []byte("Password: "), r)
	c.Decode(wire.ToServer, []byte("geheim"), r)
	if got := fmt.Sprintf("%q", c.sides[0].line); strings.Contains(got, "geheim"[1:]) {
		t.Errorf("the password stands in %s", got)
	}
}

func TestProbe(t *testing.T) {
	for p, want := range map[string]wire.Match{negotiation: wire.Yes, "\xff\xfd": wire.Unsure, "\xff\xfb\x01\r\nlogin:": wire.Yes, "\xff\xd8\xff\xe0": wire.No, "login: ": wire.No,
		"\xff\xfd\x18": wire.Unsure, "\xff\xfe<\x00?\x00": wire.No} {
		if got, _ := Probe([]byte(p)); got != want {
			t.Errorf("%q: got %v, want %v", p, got, want)
		}
	}
}

func FuzzConversation(f *testing.F) {
	f.Add("\xff\xfb\x18root\r\nx\r\n", negotiation+"login: Password: Login incorrect\r\n")
	wiretest.FuzzTurns(f, 4, wire.ToClient, Probe, fresh)
}
