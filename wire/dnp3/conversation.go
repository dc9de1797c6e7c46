package dnp3

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"bulwark/wire"
)

const (
	// maxMessage is how long a message may become, in bytes: as much as transport numbers can tell apart (§8.2.2). The
	// standard's default is 2,048.
	maxMessage = 63 * 255
	// maxAllPoints is how many points, and maxObjects how many headers, a message may have before a fault is told.
	maxAllPoints = 16384
	maxObjects   = 2048
	// maxAsked is how many requests of a connection are remembered until their replies come.
	maxAsked = 64
)

// Faults are what was wrong with what a side sent, one bit each.
type Faults uint16

// The faults, in the words of Suricata's events.
const (
	BadLinkCRC Faults = 1 << iota
	BadTransportCRC
	TooShort
	Malformed
	Flooded
	Unknown // objects that cannot be read
	TooLong
	TooManyPoints
	TooManyObjects
)

// Name is the name of the lowest fault that is set.
func (f Faults) Name() string {
	for i, name := range [...]string{"bad_link_crc", "bad_transport_crc", "len_too_small", "malformed", "flooded",
		"unknown_object", "too_long_reassembly", "too_many_points", "too_many_objects"} {
		if f&(1<<i) != 0 {
			return name
		}
	}
	return ""
}

// Handler takes what a conversation learns.
type Handler interface {
	// Message is called for each application fragment.
	Message(dir wire.Dir, m *Message)
	// Fault is called for each frame or fragment that cannot be read.
	Fault(dir wire.Dir, f Faults)
}

// asked is a request that waits for its reply.
type asked struct {
	src, dst uint16
	seq      uint8
}

// side is one direction: the message that is being put together.
type side struct {
	lost  bool
	open  bool
	link  Link
	seq   uint8
	bytes []byte
}

// Conversation is one connection, or the datagrams between two ends. Its zero value is ready.
type Conversation struct {
	// Space is where its buffers come from; it may be nil.
	Space *wire.Space
	// MaxObjects is how many headers of objects a message may have before a fault is told; 0 means 2,048.
	MaxObjects int

	sides   [2]side
	asked   []asked
	room    [2]asked // of asked, as long as it is enough
	frame   []byte
	message Message
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for i := range c.sides {
		c.sides[i] = side{bytes: c.sides[i].bytes[:0]}
	}
	c.asked = c.asked[:0]
}

// Decode reads the frames of one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	for len(p)-done >= linkHeader {
		b := p[done:]
		var l Link
		if err := l.parse(b); err != nil {
			if s.lost {
				return len(p), 0, nil
			}
			h.Fault(dir, faultOf(err))
			return done, 0, err
		}
		s.lost = false
		n := l.size()
		if len(b) < n {
			return done, n, nil
		}
		c.take(dir, &l, b[:n], h)
		done += n
	}
	if done == len(p) {
		return done, 0, nil
	}
	return done, linkHeader, nil
}

func faultOf(err error) Faults {
	switch {
	case errors.Is(err, ErrCRC):
		return BadLinkCRC
	case errors.Is(err, ErrLength):
		return TooShort
	}
	return Malformed
}

// Datagram reads the frames of one datagram.
func (c *Conversation) Datagram(dir wire.Dir, p []byte, h Handler) error {
	done, _, err := c.Decode(dir, p, h)
	if err == nil && done < len(p) {
		err = ErrLength
	}
	return err
}

// take reads one frame.
func (c *Conversation) take(dir wire.Dir, l *Link, frame []byte, h Handler) {
	if !l.carries() {
		return
	}
	data, ok := appendData(c.Space.Grow(c.frame[:0], len(frame)), frame)
	c.frame = data
	switch {
	case !ok:
		h.Fault(dir, BadTransportCRC)
	case len(data) < 2:
		h.Fault(dir, TooShort)
	default:
		c.segment(dir, l, data[0], data[1:], h)
	}
}

// segment adds a part to the message of a side, and reads the message with its last (§8.2).
func (c *Conversation) segment(dir wire.Dir, l *Link, transport byte, data []byte, h Handler) {
	s := &c.sides[dir]
	seq := transport & 0x3f
	if transport&0x40 != 0 { // the first
		s.bytes, s.open, s.link = s.bytes[:0], true, *l
	} else if !s.open || s.link.Src != l.Src || s.link.Dst != l.Dst || seq != (s.seq+1)&0x3f {
		s.open = false
		return
	}
	s.seq = seq
	if len(s.bytes)+len(data) > maxMessage {
		s.open = false
		h.Fault(dir, TooLong)
		return
	}
	s.bytes = c.Space.Append(s.bytes, data)
	if transport&0x80 != 0 { // the last
		s.open = false
		c.read(dir, s, h)
	}
}

// read reads a whole message.
func (c *Conversation) read(dir wire.Dir, s *side, h Handler) {
	b := s.bytes
	if len(b) < 2 {
		h.Fault(dir, TooShort)
		return
	}
	m := &c.message
	*m = Message{Link: s.link, Control: b[0], Function: Function(b[1])}
	b = b[2:]
	if m.Function.Reply() {
		if len(b) < 2 {
			h.Fault(dir, TooShort)
			return
		}
		m.Indications = binary.BigEndian.Uint16(b)
		b = b[2:]
	}
	m.Objects = b
	c.match(m)
	h.Message(dir, m)
	if f := m.fault(cmp.Or(c.MaxObjects, maxObjects)); f != 0 {
		h.Fault(dir, f)
	}
}

// match notes a request, and whether a reply answers one.
func (c *Conversation) match(m *Message) {
	if !m.Function.Reply() {
		if m.Function == Confirm {
			return
		}
		if len(c.asked) >= maxAsked {
			c.asked = slices.Delete(c.asked, 0, 1)
		}
		if cap(c.asked) == 0 {
			c.asked = c.room[:0]
		}
		c.asked = append(c.asked, asked{m.Link.Src, m.Link.Dst, m.Sequence()})
		return
	}
	if m.Function == Unsolicited {
		return
	}
	i := slices.Index(c.asked, asked{m.Link.Dst, m.Link.Src, m.Sequence()})
	if m.Matched = i >= 0; m.Matched {
		c.asked = slices.Delete(c.asked, i, i+1)
	}
}

// Gap looks for the next frame at the beginning of what follows.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	c.sides[dir].lost, c.sides[dir].open = true, false
	return nil
}

// Close has nothing to hand over.
func (c *Conversation) Close(Handler) {}

// Probe tells whether p begins with a frame whose header has a right checksum. The direction bit says who sent it.
func Probe(p []byte) (wire.Match, wire.Dir) {
	switch {
	case len(p) > 0 && p[0] != 0x05 || len(p) > 1 && p[1] != 0x64 || len(p) > 2 && p[2] < linkFixed:
		return wire.No, wire.Either
	case len(p) < linkHeader:
		return wire.Unsure, wire.Either
	}
	var l Link
	if l.parse(p) != nil {
		return wire.No, wire.Either
	}
	if l.FromMaster() {
		return wire.Yes, wire.ToServer
	}
	return wire.Yes, wire.ToClient
}

// Looks tells whether p is a datagram of frames.
func Looks(p []byte) bool {
	m, _ := Probe(p)
	return m == wire.Yes
}
