package medibus

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// message is a message as the protocol definition draws it.
func message(first byte, text string) string {
	sum := first
	for i := range len(text) {
		sum += text[i]
	}
	return fmt.Sprintf("%c%s%02X\r", first, text, sum)
}

type recorder struct{ strings.Builder }

func (r *recorder) Device(dir wire.Dir, d *Device) {
	fmt.Fprintf(r, "%v %s %s %s\n", dir, d.ID, d.Name, d.Revision)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

func says(dir wire.Dir, s string) wiretest.Chunk { return wiretest.Chunk{Dir: dir, Bytes: []byte(s)} }

func session() []wiretest.Chunk {
	return []wiretest.Chunk{
		says(wire.ToServer, message(esc, "Q")), says(wire.ToClient, message(soh, "Q")),
		says(wire.ToServer, message(esc, "R")), says(wire.ToClient, message(soh, "R5700'Babyleo TN500'01.06:06.00")),
		says(wire.ToClient, message(esc, "R")), says(wire.ToServer, message(soh, "R")),
		says(wire.ToServer, message(esc, "$")), says(wire.ToClient, "\x81\x82"+message(soh, "$  7 3.2")),
		says(wire.ToServer, message(esc, "0")), says(wire.ToClient, message(soh, "0")),
	}
}

func TestSession(t *testing.T) {
	r := &recorder{}
	c := &Conversation{}
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: r}
	if err := f.Play(session()); err != nil {
		t.Fatal(err)
	}
	if got, want := r.String(), "to_client 5700 Babyleo TN500 01.06:06.00\n"; got != want || c.Messages != 10 || c.BadChecksums != 0 {
		t.Errorf("got %s and %d messages, %d bad, want %s and 10", got, c.Messages, c.BadChecksums, want)
	}
	wiretest.Splits(t, session(), fresh)
	wiretest.Damage(t, session(), 100, fresh)
}

func TestProbe(t *testing.T) {
	tests := []struct {
		name, p string
		want    wire.Match
	}{
		{"the command that the definition prints is one", "\x1bQ6C\r", wire.Yes},
		{"its answer is one", "\x01Q52\r", wire.Yes},
		{"a beginning may be one", "\x1bQ6", wire.Unsure},
		{"a wrong checksum is none", "\x1bQ6D\r", wire.No},
		{"a sequence of a terminal is none", "\x1b[2J\x1b[H\r\n", wire.No},
		{"a sequence of a printer is none", "\x1bE\x1b&l0O\r", wire.No},
		{"text is none", "Q6C\r", wire.No},
	}
	for _, tt := range tests {
		if got, _ := Probe([]byte(tt.p)); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestNoiseEndsTheConversation(t *testing.T) {
	var c Conversation
	if _, _, err := c.Decode(wire.ToServer, []byte(strings.Repeat("x", 2*maxMessage)), &recorder{}); !errors.Is(err, ErrNoise) {
		t.Errorf("got %v, want %v", err, ErrNoise)
	}
}

func FuzzConversation(f *testing.F) {
	var up, down []byte
	for _, c := range session() {
		if c.Dir == wire.ToServer {
			up = append(up, c.Bytes...)
		} else {
			down = append(down, c.Bytes...)
		}
	}
	f.Add(up, down)
	f.Fuzz(func(t *testing.T, up, down []byte) {
		Probe(up)
		wiretest.Splits(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down}}, fresh)
	})
}
