package mysql

import (
	"bytes"
	"encoding/binary"
)

// ask takes a command of the client. The one before it is over.
func (c *Conversation) ask(p []byte, h Handler) {
	c.finish(h)
	c.phase = commands
	k := &c.command
	k.Code, c.open = p[0], true
	switch p[0] {
	case Query:
		c.command.Statement = c.keep(c.behindAttributes(p[1:]), maxStatement)
	case Prepare, InitDB:
		c.command.Statement = c.keep(p[1:], maxStatement)
	case ChangeUser:
		c.open = false
		c.changeUser(p[1:])
	case Quit:
		c.finish(h)
	}
}

// behindAttributes is a query behind its attributes (CLIENT_QUERY_ATTRIBUTES): how many there are and, where there are some, their
// nulls, types, names and values, which are not read: of such a query nothing is told.
func (c *Conversation) behindAttributes(p []byte) []byte {
	if c.caps&capQueryAttrs == 0 || len(p) < 2 || p[1] != 1 {
		return p
	}
	if p[0] == 0 {
		return p[2:]
	}
	if p[0] < ' ' {
		return nil
	}
	return p
}

// changeUser reads COM_CHANGE_USER, behind which the sign-on begins anew.
func (c *Conversation) changeUser(p []byte) {
	l := &c.login
	c.room = c.room[:0]
	server := append([]byte(nil), l.Server...)
	*l = Login{Server: c.hold(server), Thread: l.Thread, Asked: true, Changes: true}
	r := reader{p: p}
	l.User = c.hold(r.cString())
	r.take(uint64(r.u8()))
	c.context(&r)
	c.phase = signing
}

// answer takes a packet of the server behind a command.
func (c *Conversation) answer(p []byte, size int, h Handler) {
	k := &c.command
	if !c.open || len(p) == 0 {
		return
	}
	k.Answered = true
	if p[0] == 0xFF && size < 1<<16 {
		var state, message []byte
		k.Error, state, message = failure(p)
		k.State, k.Message = c.keep(state, 5), c.keep(message, maxValue)
		c.finish(h)
		return
	}
	switch c.phase {
	case commands:
		c.begin(p, h)
	case columns:
		if c.left--; c.left == 0 {
			if c.phase = rows; c.caps&capNoEOF == 0 {
				c.phase = gap
			}
		}
	case gap:
		c.phase = rows
	case rows:
		if p[0] == 0xFE && (size < 9 || c.caps&capNoEOF != 0 && size < 1<<16) {
			k.OK = true
			c.finish(h)
			return
		}
		k.Rows++
	}
}

// begin takes the first packet of an answer.
func (c *Conversation) begin(p []byte, h Handler) {
	k := &c.command
	switch {
	case p[0] == 0 && k.Code == Prepare: // a number, columns and parameters: they follow and are not read
		k.OK = true
		c.finish(h)
	case p[0] == 0:
		r := reader{p: p[1:]}
		k.OK, k.Affected = true, r.length()
		c.finish(h)
	case p[0] == 0xFB: // the server asks for a file of the client
	case k.Code == Query || k.Code == Execute:
		r := reader{p: p}
		if k.Columns = r.length(); k.Columns > 0 && k.Columns <= 4096 {
			c.left, c.phase = k.Columns, columns
			return
		}
		c.finish(h)
	default:
		c.finish(h)
	}
}

// finish tells the command in hand.
func (c *Conversation) finish(h Handler) {
	if c.open {
		h.Command(&c.command)
	}
	c.open, c.command, c.arena = false, Command{}, c.arena[:0]
	if c.phase > commands && c.phase < over {
		c.phase = commands
	}
}

// reader reads numbers and strings; behind the end they are nothing.
type reader struct{ p []byte }

func (r *reader) take(n uint64) []byte {
	n = min(n, uint64(len(r.p)))
	v := r.p[:n]
	r.p = r.p[n:]
	return v
}

func (r *reader) u8() byte {
	if v := r.take(1); len(v) == 1 {
		return v[0]
	}
	return 0
}

// length is an integer of one, two, three or eight bytes, as its first byte tells.
func (r *reader) length() uint64 {
	var b [8]byte
	switch first := r.u8(); first {
	case 0xFC:
		copy(b[:], r.take(2))
	case 0xFD:
		copy(b[:], r.take(3))
	case 0xFE:
		copy(b[:], r.take(8))
	case 0xFB, 0xFF:
		return 0
	default:
		return uint64(first)
	}
	return binary.LittleEndian.Uint64(b[:])
}

func (r *reader) cString() []byte {
	v, after, _ := bytes.Cut(r.p, []byte{0})
	r.p = after
	return v
}

func cString(p []byte) []byte {
	v, _, _ := bytes.Cut(p, []byte{0})
	return v
}
