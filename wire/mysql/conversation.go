package mysql

import (
	"bytes"
	"encoding/binary"

	"bulwark/wire"
)

type phase uint8

const (
	greeting phase = iota
	signing
	commands    // a command or the first packet of its answer is next
	columns     // descriptions of them
	rows        //
	definitions // of a prepared statement
	file        // of the client, for the server
	over
)

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	// Space is where its buffers come from; it may be nil.
	Space *wire.Space

	phase    phase
	login    Login
	caps     uint32
	packing  bool // packets are compressed
	long     bool // the command was of several packets
	sides    [2]side
	queue    [maxAsked]asked
	first    int // of queue
	waiting  int
	known    [maxPrepared]prepared
	prepared int    // where the next one goes
	left     uint64 // descriptions that are still to come
	marks    uint16 // marks at their ends that are still to come
	parted   bool   // the mark between columns and rows has come, or none will
	room     []byte // of the sign-on
	arena    []byte // of a command
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	was := *c
	*c = Conversation{Space: c.Space, room: c.room[:0], arena: c.arena[:0]}
	for i := range c.sides {
		c.sides[i].p = was.sides[i].p[:0]
	}
	c.queue[0].text = was.queue[0].text[:0]
	for i := range c.queue[1:] {
		c.queue[1+i].text = again(was.queue[1+i].text)
	}
	for i := range c.known {
		c.known[i].text = again(was.known[i].text)
	}
}

// again is the memory of a text for the next conversation, where it is little: most have one statement under way.
func again(text []byte) []byte {
	if cap(text) > 512 {
		return nil
	}
	return text[:0]
}

// Decode reads one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	if dir == wire.ToServer && c.phase == greeting { // a connection that was there before its observer
		c.phase, c.sides[wire.ToClient].lost = commands, true
	}
	if s.lost && !c.resumes(dir, p) {
		return len(p), 0, nil
	}
	for c.phase != over && done < len(p) && !s.lost {
		read := c.feed
		if c.packing {
			read = c.unpack
		}
		n, err := read(dir, p[done:], h)
		done += n
		if err != nil {
			if err != ErrTLS {
				c.Close(h)
			}
			return done, 0, err
		}
	}
	switch {
	case c.phase == over:
		return rest, 0, nil
	case s.lost:
		return len(p), 0, nil
	case !c.packing && s.got == head && s.told: // nobody looks at the rest of the packet
		done, s.left, s.got, s.more = done+s.left, 0, 0, s.size == full
	}
	return done, 0, nil
}

// resumes reports whether p, behind bytes that were lost, is a command of the client and nothing else.
func (c *Conversation) resumes(dir wire.Dir, p []byte) bool {
	if dir == wire.ToClient || len(p) <= head || p[3] != 0 || length(p) != len(p)-head || p[4] > 0x1F {
		return false
	}
	s := &c.sides[dir]
	s.lost, s.got, s.more = false, 0, false
	return true
}

// packet takes a packet, or what is looked at of it.
func (c *Conversation) packet(dir wire.Dir, s *side, h Handler) error {
	if dir == wire.ToServer {
		switch {
		case c.phase == signing && !c.login.Asked:
			return c.response(s.p, h)
		case c.phase >= commands && s.head[3] == 0 && s.size > 0:
			c.ask(s.p, h)
			c.long = s.size == full
		case c.phase == file && c.waiting > 0:
			c.queue[c.first].Sent += uint64(s.size)
		}
		return nil
	}
	switch c.phase {
	case greeting:
		return c.greet(s.p, h)
	case signing:
		return c.verdict(s.p, h)
	case file:
		c.phase = commands
	}
	c.answer(s, h)
	return nil
}

// greet reads the server's greeting (protocol 10).
func (c *Conversation) greet(p []byte, h Handler) error {
	if len(p) > 3 && p[0] == 0xFF {
		c.refuse(p, h)
		c.phase = over
		return nil
	}
	version, after, ok := bytes.Cut(p[min(1, len(p)):], []byte{0})
	if !ok || p[0] != 10 || len(after) < 4 {
		return ErrPacket
	}
	l := &c.login
	l.Server, l.Thread = c.hold(version), binary.LittleEndian.Uint32(after)
	const fixed = 4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10
	if len(after) >= fixed { // behind it the rest of the challenge, and the plugin
		challenge := max(13, int(after[20])-8)
		if q := after[fixed:]; len(q) > challenge {
			l.Plugin = c.hold(cString(q[challenge:]))
		}
	}
	c.phase = signing
	return nil
}

// response reads the client's answer to the greeting (HandshakeResponse41, SSLRequest, or the older form).
func (c *Conversation) response(p []byte, h Handler) error {
	l := &c.login
	if len(p) < 5 {
		return ErrPacket
	}
	l.Asked = true
	if binary.LittleEndian.Uint16(p)&capProtocol41 == 0 { // HandshakeResponse320: two bytes of capabilities, three of size
		c.caps = uint32(binary.LittleEndian.Uint16(p))
		l.User = c.hold(cString(p[5:]))
		return nil
	}
	if len(p) < 32 {
		return ErrPacket
	}
	c.caps = binary.LittleEndian.Uint32(p)
	if c.caps&capSSL != 0 && len(p) == 32 {
		h.Login(l)
		c.phase = over
		return ErrTLS
	}
	r := reader{p: p[32:]}
	l.User = c.hold(r.cString())
	if c.caps&capLengthAuth != 0 {
		r.take(r.length())
	} else {
		r.take(uint64(r.u8()))
	}
	c.context(&r)
	l.Packed = c.caps&(capCompress|capZstd) != 0
	return nil
}

// context reads database, plugin and attributes, which end an answer and a change of user alike.
func (c *Conversation) context(r *reader) {
	l := &c.login
	if c.caps&capConnectDB != 0 || l.Changes {
		l.Database = c.hold(r.cString())
	}
	if l.Changes {
		r.take(2) // character set
	}
	if c.caps&capPluginAuth != 0 && len(r.p) > 0 {
		l.Plugin = c.hold(r.cString())
	}
	if c.caps&capAttributes == 0 {
		return
	}
	all := reader{p: r.take(r.length())}
	for len(all.p) > 0 {
		name, value := all.take(all.length()), all.take(all.length())
		switch string(name) {
		case "program_name":
			l.Program = c.hold(value)
		case "_client_name", "_client_version":
			if len(l.Driver) == 0 {
				l.Driver = c.hold(value)
			} else {
				joined := len(c.room)
				c.room = append(append(append(c.room, l.Driver...), ' '), value[:min(len(value), maxValue)]...)
				l.Driver = c.room[joined:len(c.room):len(c.room)]
			}
		case "_os":
			l.OS = c.hold(value)
		}
	}
}

// verdict reads what the server says to a sign-on: OK, an error, or that it goes on.
func (c *Conversation) verdict(p []byte, h Handler) error {
	if len(p) == 0 {
		return ErrPacket
	}
	l := &c.login
	switch p[0] {
	case 0:
		l.Decided, l.Accepted, c.phase = true, true, commands
		h.Login(l)
		l.Changes = false
		c.packing = c.packing || l.Packed
	case 0xFF:
		c.refuse(p, h)
		if c.phase = over; l.Changes {
			c.phase, l.Changes = commands, false
		}
	case 0xFE:
		if len(p) > 1 {
			l.Plugin = c.hold(cString(p[1:]))
		}
	}
	return nil
}

// refuse takes an error to a sign-on.
func (c *Conversation) refuse(p []byte, h Handler) {
	l := &c.login
	l.Decided, l.Accepted = true, false
	var state, message []byte
	l.Code, state, message = failure(p)
	l.State, l.Message = c.hold(state), c.hold(message)
	h.Login(l)
}

// failure reads an error packet: its code, its SQLSTATE behind #, and its message.
func failure(p []byte) (code uint16, state, message []byte) {
	if len(p) < 3 {
		return 0, nil, nil
	}
	code, p = binary.LittleEndian.Uint16(p[1:]), p[3:]
	if len(p) >= 6 && p[0] == '#' {
		return code, p[1:6], p[6:]
	}
	return code, nil, p
}

// hold copies a value of the sign-on.
func (c *Conversation) hold(v []byte) []byte {
	v = v[:min(len(v), maxValue, max(maxArena-len(c.room), 0))]
	start := len(c.room)
	c.room = c.Space.Append(c.room, v)
	return c.room[start:len(c.room):len(c.room)]
}

// keep copies a value of a command.
func (c *Conversation) keep(v []byte, most int) []byte {
	v = v[:min(len(v), most)]
	start := len(c.arena)
	c.arena = c.Space.Append(c.arena, v)
	return c.arena[start:len(c.arena):len(c.arena)]
}

// Gap tells that bytes were lost. Behind a sign-on the next command of the client is a place to go on from.
func (c *Conversation) Gap(dir wire.Dir, _ int) error {
	if c.phase < commands || c.packing {
		return wire.ErrLost
	}
	if c.phase < over {
		c.sides[dir].lost = true
	}
	return nil
}

// Close tells what is still open.
func (c *Conversation) Close(h Handler) {
	if !c.login.Decided && c.phase != over && (c.phase == signing || c.login.Changes) {
		h.Login(&c.login)
	}
	for c.waiting > 0 {
		c.finish(h)
	}
	c.phase = over
}
