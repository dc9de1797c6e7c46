package tds

import (
	"encoding/binary"

	"bulwark/wire/ntlm"
)

// texts reads the texts of a token, each behind its length in units of UTF-16, or in bytes in version 5.
type texts struct {
	p    []byte
	old  bool
	into []byte
}

// next is the text whose length stands in wide bytes, at most n bytes of it, in UTF-8.
func (t *texts) next(wide, n int) []byte {
	if len(t.p) < wide {
		t.p = nil
		return nil
	}
	size := int(t.p[0])
	if wide == 2 {
		size = int(binary.LittleEndian.Uint16(t.p))
	}
	if !t.old {
		size *= 2
	}
	t.p = t.p[wide:]
	v := t.p[:min(size, len(t.p))]
	t.p = t.p[len(v):]
	start := len(t.into)
	if v = v[:min(len(v), n, max(maxBody-start, 0))]; t.old {
		t.into = append(t.into, v...)
	} else {
		t.into = ntlm.AppendUTF16(t.into, v)
	}
	return t.into[start:len(t.into):len(t.into)]
}

// fail takes an ERROR ([MS-TDS] §2.2.7.10). The first is told.
func (c *Conversation) fail(p []byte) {
	if len(p) < 6 {
		return
	}
	c.tokens.failed = true
	e, into := c.whose()
	if e.Number != 0 {
		return
	}
	t := texts{p: p[6:], old: c.tokens.old, into: *into}
	*e = Error{Number: binary.LittleEndian.Uint32(p), State: p[4], Class: p[5]}
	e.Message, e.Server, e.Proc = t.next(2, 4*maxValue), t.next(1, 2*maxValue), t.next(1, 2*maxValue)
	*into = t.into
}

// failOld takes an error or a message of version 5 (EED).
func (c *Conversation) failOld(p []byte) {
	if len(p) < 7 || p[5] <= 10 {
		return
	}
	c.tokens.failed = true
	e, into := c.whose()
	if at := 7 + int(p[6]) + 3; e.Number == 0 && at < len(p) { // SQLSTATE, status, state of the transaction
		t := texts{p: p[at:], old: true, into: *into}
		*e = Error{Number: binary.LittleEndian.Uint32(p), State: p[4], Class: p[5]}
		e.Message, e.Server, e.Proc = t.next(2, 4*maxValue), t.next(1, maxValue), t.next(1, maxValue)
		*into = t.into
	}
}

// whose is what an error belongs to: the request, or the sign-on before any.
func (c *Conversation) whose() (*Error, *[]byte) {
	if c.asked {
		return &c.request.Error, &c.arena
	}
	return &c.login.Error, &c.text
}

// acknowledge takes a LOGINACK ([MS-TDS] §2.2.7.14): interface, version of the protocol, program, and its version.
func (c *Conversation) acknowledge(p []byte) {
	l := &c.login
	if len(p) < 6 || l.Decided {
		return
	}
	v := binary.BigEndian.Uint32(p[1:])
	switch {
	case v>>24 == 7: // 7.0 and 7.1 as their servers write them
		v = 0x70000000 | v>>16&0xF<<24
	case v>>24 < 7:
		c.tokens.old = true
	}
	c.tokens.version, l.Version = v, v
	t := texts{p: p[5:], old: c.tokens.old, into: c.text}
	l.Program = t.next(1, 2*maxValue)
	c.text = t.into
	copy(l.Release[:], t.p)
	l.Decided, l.Accepted = true, !c.tokens.old || p[0] == 5
}

// change takes an ENVCHANGE ([MS-TDS] §2.2.7.9). The first kind is the database.
func (c *Conversation) change(p []byte) {
	if len(p) < 2 || p[0] != 1 {
		return
	}
	if c.asked {
		t := texts{p: p[1:], old: c.tokens.old, into: c.arena}
		c.request.Database, c.arena = t.next(1, 2*maxValue), t.into
		return
	}
	t := texts{p: p[1:], old: c.tokens.old, into: c.text}
	c.login.Chosen, c.text = t.next(1, 2*maxValue), t.into
}
