package websocket

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

type told struct{ lines []string }

func (h *told) Frame(dir wire.Dir, f *Frame) {
	line := fmt.Sprint(dir, " ", f.Opcode, " ", f.Length)
	if f.Masked {
		line += fmt.Sprintf(" mask %x", f.Mask)
	}
	if !f.Fin {
		line += " more"
	}
	if f.Compressed {
		line += " compressed"
	}
	if f.Code > 0 {
		line += fmt.Sprint(" code ", f.Code)
	}
	h.lines = append(h.lines, line)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "|") }
}

func TestConversation(t *testing.T) {
	for _, c := range []struct {
		does, up, down, want string
		err                  error
	}{
		{"the examples of RFC 6455 §5.7", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "\x01\x03Hel\x80\x02lo\x89\x05Hello", "to_server text 5 mask 37fa213d|to_client text 3 more|to_client continuation 2|to_client ping 5", nil},
		{"a length of two bytes", "", "\x82\x7e\x01\x00" + strings.Repeat("x", 256) + "\x81\x01y", "to_client binary 256|to_client text 1", nil},
		{"a length of eight bytes", "", "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + strings.Repeat("x", 65536) + "\x81\x01y", "to_client binary 65536|to_client text 1", nil},
		{"a compressed message", "", "\xc1\x02ab", "to_client text 2 compressed", nil},
		{"a close with its code", "\x88\x82\x01\x02\x03\x04\x02\xea", "", "to_server close 2 mask 1020304 code 1000", nil},
		{"a close without one", "", "\x88\x00", "to_client close 0", nil},
		{"a reserved opcode", "", "\x83\x00", "", ErrFrame},
		{"a ping that is cut", "", "\x09\x00", "", ErrFrame},
	} {
		t.Run(c.does, func(t *testing.T) {
			chunks := []wiretest.Chunk{{Dir: wire.ToServer, Bytes: []byte(c.up)}, {Dir: wire.ToClient, Bytes: []byte(c.down)}}
			conv, h, told := fresh()
			f := wiretest.Feed[Handler]{T: t, Conversation: conv, Handler: h}
			if err := f.Play(chunks); !errors.Is(err, c.err) {
				t.Errorf("got %v, want %v", err, c.err)
			}
			if got := told(); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			wiretest.Splits(t, chunks, fresh)
		})
	}
}

type silent struct{ n int }

func (h *silent) Frame(wire.Dir, *Frame) { h.n++ }

func TestNoAllocation(t *testing.T) {
	p := []byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x82\x01\x02\x03\x04\x02\xea")
	var c Conversation
	h := &silent{}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = c.Decode(wire.ToServer, p, h) }); n != 0 || h.n == 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func FuzzConversation(f *testing.F) {
	f.Add([]byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), []byte("\x88\x02\x03\xe8"))
	f.Add([]byte("\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00"), []byte("\x82\x7e\x00\x04abcd"))
	f.Fuzz(func(t *testing.T, up, down []byte) {
		wiretest.Splits(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down}}, fresh)
	})
}
