package tds

import (
	"encoding/binary"

	"bulwark/wire"
)

const (
	head      = 8
	recordTop = 5 // of TLS: type, version, length
	rest      = 1 << 62
)

// side is one direction.
type side struct {
	head   [head]byte
	got    int
	left   int  // of the packet, or of the record of TLS
	record bool // of TLS
	last   bool // packet of its message
	kind   byte
	open   bool // a message is being read
	lost   bool // where a packet begins is not known
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	sides     [2]side
	login     Login
	body      []byte // of the client's message
	size      uint64 // of it
	request   Request
	asked     bool   // a request waits for its answer
	told      bool   // the sign-on was told
	text      []byte // of the sign-on, in UTF-8
	arena     []byte // of the request, in UTF-8
	tokens    tokens
	preludes  [2][]byte // the PRELOGIN of each side
	records   [2]int    // of TLS outside of packets
	challenge []byte    // of SSPI, of the server
	over      bool
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	t := tokens{buf: c.tokens.buf[:0], columns: c.tokens.columns[:0]}
	*c = Conversation{body: c.body[:0], text: c.text[:0], arena: c.arena[:0], tokens: t, preludes: [2][]byte{c.preludes[0][:0], c.preludes[1][:0]}}
}

// Decode reads one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	if s.lost && !c.resumes(s, dir, p) {
		return len(p), 0, nil
	}
	for done < len(p) && !c.over {
		n, err := c.feed(s, dir, p[done:], h)
		done += n
		if err != nil {
			c.Close(h)
			return done, 0, err
		}
	}
	if c.over {
		return rest, 0, nil
	}
	return done, 0, nil
}

// feed reads a piece of a packet or of a record of TLS.
func (c *Conversation) feed(s *side, dir wire.Dir, p []byte, h Handler) (int, error) {
	if s.left > 0 {
		n := min(len(p), s.left)
		s.left -= n
		if s.record {
			h.TLS(dir, p[:n])
		} else {
			c.payload(s, dir, p[:n], h)
		}
		if s.left == 0 {
			c.end(s, dir, h)
		}
		return n, nil
	}
	want := head
	if first := p[0]; s.got == 0 && isTLS(first) || s.got > 0 && isTLS(s.head[0]) {
		want = recordTop
	}
	n := copy(s.head[s.got:want], p)
	if s.got += n; s.got < want {
		return n, nil
	}
	s.got = 0
	if want == recordTop {
		return n, c.record(s, dir, h)
	}
	return n, c.packet(s, dir, h)
}

func isTLS(b byte) bool { return b >= 0x14 && b <= 0x17 }

// record begins a record of TLS outside of packets: the sign-on, or everything from here on.
func (c *Conversation) record(s *side, dir wire.Dir, h Handler) error {
	if s.head[1] != 3 || !c.login.Sealed {
		return ErrPacket
	}
	s.record, s.left = true, int(binary.BigEndian.Uint16(s.head[3:]))
	h.TLS(dir, s.head[:recordTop])
	c.records[dir]++
	if c.login.Wholly() && c.records[0] > 1 && c.records[1] > 1 {
		c.tellLogin(h)
		c.over = true
	}
	return nil
}

// Wholly reports whether everything behind the handshake of TLS is sealed by it, and not the sign-on alone.
func (l *Login) Wholly() bool {
	a, b := l.Offered, l.Answered
	return a == EncryptOn || a == EncryptReq || b == EncryptOn || b == EncryptReq
}

// packet begins a packet.
func (c *Conversation) packet(s *side, dir wire.Dir, h Handler) error {
	n := int(binary.BigEndian.Uint16(s.head[2:]))
	if n < head || s.head[0] == 0 || s.head[0] > typePrelogin || s.head[1] > 0x1F {
		return ErrPacket
	}
	s.record, s.left, s.last = false, n-head, s.head[1]&1 != 0
	if !s.open || s.kind != s.head[0] && s.kind != typeOldLogin { // the sign-on of version 5 goes on in packets of another type
		s.kind, s.open = s.head[0], true
		c.begin(s, dir, h)
	}
	if s.left == 0 {
		c.end(s, dir, h)
	}
	return nil
}

// begin begins a message.
func (c *Conversation) begin(s *side, dir wire.Dir, h Handler) {
	if s.kind == typePrelogin || dir == wire.ToClient && !c.hasEngine() {
		return
	}
	if dir == wire.ToServer {
		c.body, c.size = c.body[:0], 0
		return
	}
	c.tokens.begin()
}

// hasEngine reports whether the server's PRELOGIN is not to come any more.
func (c *Conversation) hasEngine() bool {
	return len(c.preludes[wire.ToServer]) == 0 || c.login.Answered != Unsaid || c.login.Asked
}

// payload takes bytes of a message.
func (c *Conversation) payload(s *side, dir wire.Dir, p []byte, h Handler) {
	switch {
	case s.kind == typePrelogin && (c.login.Sealed || c.login.Answered != Unsaid && len(p) > 0 && isTLS(p[0])):
		c.login.Sealed = true
		h.TLS(dir, p)
	case s.kind == typePrelogin || dir == wire.ToClient && !c.hasEngine():
		c.preludes[dir] = append(c.preludes[dir], p[:min(len(p), maxValue-min(len(c.preludes[dir]), maxValue))]...)
	case dir == wire.ToServer:
		c.size += uint64(len(p))
		c.body = append(c.body, p[:min(len(p), maxBody-len(c.body))]...)
	default:
		if c.asked {
			c.request.Answered = true
			c.request.Bytes += uint64(len(p))
		}
		c.tokens.feed(c, p)
	}
}

// end ends a packet, and where it is the last its message.
func (c *Conversation) end(s *side, dir wire.Dir, h Handler) {
	if s.record || !s.last {
		return
	}
	s.open = false
	switch {
	case s.kind == typePrelogin || dir == wire.ToClient && !c.hasEngine():
		if !c.login.Sealed {
			c.prelude(dir)
		}
	case dir == wire.ToServer:
		c.message(s.kind, h)
	default:
		c.tokens.end(c)
		c.answered(h)
	}
}

// resumes reports whether p, behind bytes that were lost, begins a packet. What was open is told without what is missing.
func (c *Conversation) resumes(s *side, dir wire.Dir, p []byte) bool {
	if len(p) < head || p[7] != 0 || p[1] > 0x1F || int(binary.BigEndian.Uint16(p[2:])) < head {
		return false
	}
	whole := p[1]&1 == 0 || int(binary.BigEndian.Uint16(p[2:])) == len(p)
	if dir == wire.ToClient && p[0] != typeAnswer || dir == wire.ToServer && (p[0] == 0 || p[0] > typeTransaction) || !whole {
		return false
	}
	*s = side{}
	return true
}

// Gap tells that bytes were lost. Behind a sign-on the next packet that is whole is a place to go on from.
func (c *Conversation) Gap(dir wire.Dir, _ int) error {
	if c.over {
		return nil
	}
	if !c.told && (c.login.Asked || c.login.Sealed || len(c.preludes[0]) > 0) {
		return wire.ErrLost
	}
	c.sides[dir].lost = true
	if dir == wire.ToClient {
		c.tokens.begin()
	}
	return nil
}

// Close tells what is still open.
func (c *Conversation) Close(h Handler) {
	if c.over {
		return
	}
	c.finish(h)
	if len(c.preludes[0]) > 0 || c.login.Asked {
		c.tellLogin(h)
	}
	c.over = true
}
