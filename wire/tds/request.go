package tds

import (
	"encoding/binary"

	"bulwark/wire/ntlm"
)

// procedures are those that are known by number ([MS-TDS] §2.2.6.6).
var procedures = [...]string{1: "sp_cursor", 2: "sp_cursoropen", 3: "sp_cursorprepare", 4: "sp_cursorexecute", 5: "sp_cursorprepexec", 6: "sp_cursorunprepare",
	7: "sp_cursorfetch", 8: "sp_cursoroption", 9: "sp_cursorclose", 10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec",
	14: "sp_prepexecrpc", 15: "sp_unprepare"}

// message takes a message of the client.
func (c *Conversation) message(kind byte, h Handler) {
	switch kind {
	case typeLogin:
		c.login7(c.body)
		return
	case typeOldLogin:
		c.oldLogin(c.body)
		return
	case typeSSPI:
		c.login.Token = append(c.login.Token[:0], c.body...)
		return
	case typeFedAuth:
		c.login.FedAuth = true
		return
	case typeAttention: // the request before it is answered yet, with a mark that it was cancelled
		if c.asked {
			c.request.Cancelled = true
			return
		}
	}
	if c.login.Sealed && !c.login.Decided || c.login.Asked && !c.told { // the answer to the sign-on was not seen
		c.tellLogin(h)
	}
	c.finish(h)
	c.arena = c.arena[:0]
	c.asked, c.request = true, Request{Type: kind, Size: c.size}
	switch p := c.body; kind {
	case typeBatch:
		c.request.Statement = c.keep(behindHeaders(p), maxStatement)
	case typeRPC:
		c.call(behindHeaders(p))
	case typeNormal: // LANGUAGE of version 5
		if len(p) > 6 && p[0] == 0x21 {
			c.arena = append(c.arena, p[6:min(len(p), maxStatement)]...)
			c.request.Statement = c.arena
		}
	}
}

// behindHeaders is what stands behind ALL_HEADERS, where they are there.
func behindHeaders(p []byte) []byte {
	if !headed(p) {
		return p
	}
	return p[min(len(p), int(binary.LittleEndian.Uint32(p))):]
}

// call reads a call of a procedure: its name or number, flags, and of its first parameters the statement that some carry.
func (c *Conversation) call(p []byte) {
	r := &c.request
	if len(p) < 4 {
		return
	}
	n, number := int(binary.LittleEndian.Uint16(p)), 0
	r.Calls = 1
	if p = p[2:]; n == 0xFFFF {
		if number = int(binary.LittleEndian.Uint16(p)); number < len(procedures) {
			c.arena = append(c.arena, procedures[number]...)
			r.Procedure = c.arena[:len(c.arena):len(c.arena)]
		}
		p = p[2:]
	} else if n > 1046 || 2*n+2 > len(p) { // a name has at most four parts of 128 units, and marks
		return
	} else {
		r.Procedure = c.keep(p[:2*n], 2*maxValue)
		p = p[2*n:]
	}
	switch string(r.Procedure) {
	case "sp_executesql", "sp_cursoropen":
		c.statement(p, 1)
	case "sp_prepare", "sp_prepexec", "sp_cursorprepare", "sp_cursorprepexec":
		r.Prepares = true
		c.statement(p, 2)
	}
}

// statement takes the n-th text among the parameters, which stand behind two bytes of flags.
func (c *Conversation) statement(p []byte, n int) {
	if len(p) < 2 {
		return
	}
	p = p[2:]
	for range 6 {
		var k column
		var used int
		if len(p) < 3 || len(p) < 2+2*int(p[0]) {
			return
		}
		p = p[2+2*int(p[0]):] // name, status
		if k, used = c.tokens.typeOf(p); used <= 0 {
			return
		}
		kind := p[0]
		v, after := k.value(p[used:])
		if kind == nvarchar || kind == ntext {
			if n--; n == 0 {
				c.request.Statement = c.keep(v, maxStatement)
				return
			}
		}
		if p = after; p == nil {
			return
		}
	}
}

// keep holds a text of the request: at most n bytes of UTF-16, in UTF-8.
func (c *Conversation) keep(p []byte, n int) []byte {
	start := len(c.arena)
	c.arena = ntlm.AppendUTF16(c.arena, p[:min(len(p), 2*n)])
	return c.arena[start:len(c.arena):len(c.arena)]
}

// finish tells the request in hand.
func (c *Conversation) finish(h Handler) {
	if c.asked {
		c.asked = false
		h.Request(&c.request)
	}
}

// answered takes the end of a message of the server.
func (c *Conversation) answered(h Handler) {
	l := &c.login
	if len(c.challenge) > 0 {
		h.Challenge(c.challenge)
		c.challenge = c.challenge[:0]
	}
	if !c.told && (l.Decided || c.tokens.failed && (l.Asked || l.Sealed)) {
		if !l.Decided {
			l.Decided, l.Accepted = true, false
		}
		c.tellLogin(h)
		return
	}
	if c.asked && (!c.request.Cancelled || c.tokens.cancelled) {
		c.finish(h)
	}
}
