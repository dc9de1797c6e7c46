package socks

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

type listener struct{ b strings.Builder }

func (l *listener) Request(r *Request) {
	fmt.Fprintf(&l.b, "%d command %d to %s by %q password %v granted %v denied %v reply %d\n", r.Version, r.Command, r.Target, r.User, r.Password, r.Granted, r.Denied, r.Reply)
}

func up(s string) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: []byte(s)} }
func down(s string) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: []byte(s)} }

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	l := &listener{}
	return &Conversation{}, l, l.b.String
}

func TestConversation(t *testing.T) {
	for _, c := range []struct {
		does   string
		chunks []wiretest.Chunk
		want   string
		err    error
	}{
		{"a name, without a user", []wiretest.Chunk{up("\x05\x01\x00"), down("\x05\x00"), up("\x05\x01\x00\x03\x04host\x01\xbb"), down("\x05\x00\x00\x01\x0a\x00\x00\x01\x04\x00")},
			"5 command 1 to host:443 by \"\" password false granted true denied false reply 0\n", ErrTunnel},
		{"a user and a password", []wiretest.Chunk{up("\x05\x02\x00\x02"), down("\x05\x02"), up("\x01\x03bob\x02pw"), down("\x01\x00"), up("\x05\x01\x00\x01\x0a\x00\x00\x09\x00\x50"), down("\x05\x00\x00\x03\x01a\x00\x50")},
			"5 command 1 to 10.0.0.9:80 by \"bob\" password true granted true denied false reply 0\n", ErrTunnel},
		{"a user that the proxy does not know", []wiretest.Chunk{up("\x05\x01\x02"), down("\x05\x02"), up("\x01\x03bob\x02pw"), down("\x01\x01")},
			"5 command 0 to  by \"bob\" password true granted false denied true reply 1\n", nil},
		{"no method that suits", []wiretest.Chunk{up("\x05\x01\x00"), down("\x05\xff")},
			"5 command 0 to  by \"\" password false granted false denied true reply 255\n", nil},
		{"an address of version 6 that is refused", []wiretest.Chunk{up("\x05\x01\x00"), down("\x05\x00"), up("\x05\x01\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x16"), down("\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")},
			"5 command 1 to [::1]:22 by \"\" password false granted false denied false reply 5\n", nil},
		{"version 4", []wiretest.Chunk{up("\x04\x01\x00\x50\x0a\x00\x00\x09me\x00"), down("\x00\x5a\x00\x00\x00\x00\x00\x00")},
			"4 command 1 to 10.0.0.9:80 by \"me\" password false granted true denied false reply 90\n", ErrTunnel},
		{"version 4A, refused", []wiretest.Chunk{up("\x04\x01\x00\x50\x00\x00\x00\x09me\x00host\x00"), down("\x00\x5b\x00\x00\x00\x00\x00\x00")},
			"4 command 1 to host:80 by \"me\" password false granted false denied false reply 91\n", nil},
		{"no answer", []wiretest.Chunk{up("\x04\x01\x00\x50\x0a\x00\x00\x09me\x00")},
			"4 command 1 to 10.0.0.9:80 by \"me\" password false granted false denied false reply 0\n", nil},
		{"another protocol's answer", []wiretest.Chunk{up("\x05\x01\x00"), down("HTTP/1.1 400")}, "", ErrNoSOCKS},
	} {
		conv, h, got := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: conv, Handler: h}
		err := feed.Play(c.chunks)
		conv.Close(h)
		if got() != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q, %v, want %q, %v", c.does, got(), err, c.want, c.err)
		}
		wiretest.Splits(t, c.chunks, fresh)
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		does, p string
		want    wire.Match
	}{
		{"no user", "\x05\x01\x00", wire.Yes},
		{"a part of a list", "\x05\x03\x00\x01", wire.Unsure},
		{"a method twice", "\x05\x02\x00\x00", wire.No},
		{"what goes on before it was answered", "\x05\x01\x00\x05", wire.No},
		{"a message of DCE/RPC", "\x05\x00\x0b\x03", wire.No},
		{"version 4", "\x04\x01\x00\x50\x0a\x00\x00\x09me\x00", wire.Yes},
		{"version 4 without the end of the user", "\x04\x01\x00\x50\x0a\x00\x00\x09me", wire.Unsure},
		{"version 4A", "\x04\x01\x00\x50\x00\x00\x00\x09\x00host\x00", wire.Yes},
		{"a long message of DNS", "\x04\x01\x12\x34\x01\x00\x00\x01\x00", wire.No},
		{"an answer of TDS", "\x04\x01\x00\x50\x00\x33\x01\x00AB\x00", wire.No},
		{"an answer of DNS", "\x04\x01\x12\x34\x81\x80\x00\x01\x00\x04", wire.No},
		{"text", "GET", wire.No},
	} {
		if got, _ := Probe([]byte(c.p)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.does, got, c.want)
		}
	}
}

func FuzzConversation(f *testing.F) {
	f.Add([]byte("\x05\x01\x02\x01\x01a\x01b\x05\x01\x00\x03\x01h\x00\x50"), []byte("\x05\x02\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), uint16(3))
	f.Add([]byte("\x04\x01\x00\x50\x00\x00\x00\x09me\x00host\x00"), []byte("\x00\x5a\x00\x00\x00\x00\x00\x00"), uint16(9))
	f.Fuzz(func(t *testing.T, a, b []byte, cut uint16) {
		at := min(int(cut), len(a))
		conv, h, _ := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: conv, Handler: h}
		_ = feed.Play([]wiretest.Chunk{up(string(a[:at])), down(string(b)), up(string(a[at:]))})
		conv.Close(h)
		conv.Reset()
		Probe(a)
	})
}
