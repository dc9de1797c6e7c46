package radius

import (
	"encoding/binary"

	"bulwark/wire"
)

// Handler takes what a conversation learns.
type Handler interface {
	// Message is called for each message; err is that of [Parse].
	Message(dir wire.Dir, m *Message, err error)
}

// Conversation is RADIUS over TCP (RFC 6613): messages one behind the other. Its zero value is ready.
type Conversation struct{ message Message }

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {}

// Probe tells whether p begins with a message that can be known by its content, and which side sends such ones.
func Probe(p []byte) (wire.Match, wire.Dir) {
	switch n, ok := length(p); {
	case !ok:
		return wire.No, wire.Either
	case n == 0 || len(p) < n:
		return wire.Unsure, wire.Either
	case !Looks(p[:n]):
		return wire.No, wire.Either
	case Code(p[0]).Answer():
		return wire.Yes, wire.ToClient
	}
	return wire.Yes, wire.ToServer
}

// length is that of the message that p begins with; 0 when more bytes are needed to tell. ok is false where p begins with none.
func length(p []byte) (n int, ok bool) {
	if len(p) > 0 && !Code(p[0]).known() {
		return 0, false
	}
	if len(p) < 4 {
		return 0, true
	}
	n = int(binary.BigEndian.Uint16(p[2:]))
	return n, n >= headerLen && n <= maxLen
}

// Decode reads the messages of one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for done < len(p) {
		n, ok := length(p[done:])
		switch {
		case !ok:
			return done, 0, ErrLength // RFC 6613 §2.6.4: the connection is of no use any more
		case n == 0:
			return done, 4, nil
		case len(p)-done < n:
			return done, n, nil
		}
		err := Parse(p[done:done+n], &c.message)
		h.Message(dir, &c.message, err)
		done += n
	}
	return done, 0, nil
}

// Gap tells that bytes were lost: where the next message begins is not known.
func (c *Conversation) Gap(wire.Dir, int) error { return wire.ErrLost }

// Close has nothing to report.
func (c *Conversation) Close(Handler) {}
