// Package websocket follows the frames of a WebSocket connection (RFC 6455), behind the request of HTTP that turned a
// connection into one.
//
//	+-----+------+--------+-----+----------------+---------+---------
//	| FIN | RSV  | opcode | M   | length         | mask    | payload
//	+-----+------+--------+-----+----------------+---------+---------
//	  1 bit 3 bits 4 bits   1 bit 7, 7+16 or 7+64   4 bytes if M
//
// What is said in the frames is not looked at, but for the code in a frame that closes: payloads are skipped unseen.
// Nothing tells these frames from other bytes, so there is no probe.
package websocket

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"bulwark/wire"
)

// ErrFrame means that bytes are no frame: a reserved opcode, or a control frame that is cut or too long.
var ErrFrame = fmt.Errorf("websocket: no frame: %w", wire.ErrMalformed)

// Opcode says what a frame is (RFC 6455 §5.2).
type Opcode uint8

// The opcodes.
const (
	Continuation Opcode = 0
	Text         Opcode = 1
	Binary       Opcode = 2
	Close        Opcode = 8
	Ping         Opcode = 9
	Pong         Opcode = 10
)

func (o Opcode) String() string {
	switch o {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return "unknown-" + strconv.Itoa(int(o))
}

// Frame is the head of one frame.
type Frame struct {
	Fin        bool // the last of its message
	Compressed bool // permessage-deflate (RFC 7692 §6): RSV1 is set
	Opcode     Opcode
	Masked     bool   // as all frames of a client are
	Mask       uint32 // what the payload is masked with
	Length     uint64 // of the payload, in bytes
	Code       uint16 // why the connection closes (RFC 6455 §7.4); 0 when it is not told

	// Of a conversation that keeps payloads, of frames up to 64 KiB:
	Raw     []byte // as it was sent
	Head    []byte // the begin of it, before the payload
	Payload []byte // without the mask
	Message []byte // at the last frame of a message: what all its frames carry, as far as it was kept
}

// Handler takes the frames.
type Handler interface {
	// Frame is called for each frame once its head was read. f is valid during the call.
	Frame(dir wire.Dir, f *Frame)
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	Keep bool // payloads are kept until their frame has been handed over, those of fragments until the message has

	frame    Frame
	payload  []byte
	messages [2][]byte
}

// maxKept is how many bytes are kept of a frame, and of a message.
const maxKept = 64 << 10

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() { *c = Conversation{Keep: c.Keep} }

// Close has nothing to report.
func (c *Conversation) Close(Handler) {}

// Gap ends the conversation: behind lost bytes no frame can be told.
func (c *Conversation) Gap(wire.Dir, int) error { return wire.ErrLost }

// maxControl is the longest payload of a control frame (RFC 6455 §5.5), in bytes.
const maxControl = 125

// Decode reads the frames of one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for done < len(p) {
		n, need, err := c.head(p[done:])
		if err != nil || need > 0 {
			return done, need, err
		}
		if l := c.frame.Length; c.Keep && l <= maxKept {
			if whole := n + int(l); len(p)-done < whole {
				return done, whole, nil
			}
			c.keep(dir, p[done:done+n+int(l)], n)
		}
		h.Frame(dir, &c.frame)
		done += n
		if l := c.frame.Length; l > uint64(len(p)-done) {
			return done + int(min(l, 1<<62)), 0, nil // the payload is skipped
		}
		done += int(c.frame.Length)
	}
	return done, 0, nil
}

// keep takes the payload of a frame, whose head has n bytes.
func (c *Conversation) keep(dir wire.Dir, raw []byte, n int) {
	f := &c.frame
	c.payload = append(c.payload[:0], raw[n:]...)
	if f.Masked {
		for i := range c.payload {
			c.payload[i] ^= byte(f.Mask >> (24 - 8*(i&3)))
		}
	}
	f.Raw, f.Head, f.Payload = raw, raw[:n], c.payload
	if f.Opcode >= Close { // it stands between the frames of a message
		f.Message = f.Payload
		return
	}
	m := &c.messages[dir]
	if f.Opcode != Continuation {
		*m = (*m)[:0]
	}
	if !f.Fin || f.Opcode == Continuation {
		*m = append(*m, f.Payload[:min(len(f.Payload), maxKept-len(*m))]...)
	}
	switch {
	case f.Fin && f.Opcode == Continuation:
		f.Message = *m
	case f.Fin:
		f.Message = f.Payload
	}
}

// head reads the head that p begins with: its length, or how many bytes must be there.
func (c *Conversation) head(p []byte) (n, need int, err error) {
	if len(p) < 2 {
		return 0, 2, nil
	}
	f := &c.frame
	*f = Frame{Fin: p[0]&0x80 != 0, Compressed: p[0]&0x40 != 0, Opcode: Opcode(p[0] & 15), Masked: p[1]&0x80 != 0, Length: uint64(p[1] & 0x7f)}
	n = 2
	switch f.Length {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if f.Masked {
		n += 4
	}
	if len(p) < n {
		return 0, n, nil
	}
	switch f.Length {
	case 126:
		f.Length = uint64(binary.BigEndian.Uint16(p[2:]))
	case 127:
		f.Length = binary.BigEndian.Uint64(p[2:])
	}
	if f.Masked {
		f.Mask = binary.BigEndian.Uint32(p[n-4:])
	}
	if !f.plausible() {
		return 0, 0, ErrFrame
	}
	if f.Opcode == Close && f.Length >= 2 {
		if len(p) < n+2 {
			return 0, n + 2, nil
		}
		f.Code = binary.BigEndian.Uint16(p[n:]) ^ uint16(f.Mask>>16)
	}
	return n, 0, nil
}

// plausible tells whether a frame obeys RFC 6455 §5.2 and §5.5.
func (f *Frame) plausible() bool {
	switch f.Opcode {
	case Continuation, Text, Binary:
		return f.Length < 1<<63
	case Close, Ping, Pong:
		return f.Fin && f.Length <= maxControl
	}
	return false
}
