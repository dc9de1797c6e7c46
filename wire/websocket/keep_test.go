package websocket

import (
	"testing"

	"bulwark/wire"
)

type kept struct{ messages []string }

func (k *kept) Frame(_ wire.Dir, f *Frame) {
	if f.Message != nil {
		k.messages = append(k.messages, string(f.Message))
	}
}

func TestKeptPayloads(t *testing.T) {
	for _, c := range []struct{ does, bytes, want string }{
		{"a frame is a message", "\x81\x02hi", "hi"},
		{"a mask is taken off", "\x81\x82\x01\x02\x03\x04ik", "hi"},
		{"fragments make one message, and what stands between them is another", "\x01\x02he\x89\x01!\x80\x01y", "!|hey"},
	} {
		conv, h := Conversation{Keep: true}, &kept{}
		if done, _, err := conv.Decode(wire.ToServer, []byte(c.bytes), h); err != nil || done != len(c.bytes) {
			t.Fatalf("%s: %d bytes, %v", c.does, done, err)
		}
		got := ""
		for i, m := range h.messages {
			if i > 0 {
				got += "|"
			}
			got += m
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.does, got, c.want)
		}
	}
}

func FuzzKeep(f *testing.F) {
	f.Add([]byte("\x01\x02he\x89\x01!\x80\x01y"))
	f.Fuzz(func(t *testing.T, p []byte) {
		conv, h := Conversation{Keep: true}, &kept{}
		_, _, _ = conv.Decode(wire.ToServer, p, h) // any bytes are read as far as they go
		for _, m := range h.messages {
			if len(m) > maxKept {
				t.Errorf("got a message of %d bytes, want at most %d", len(m), maxKept)
			}
		}
	})
}
