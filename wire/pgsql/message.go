package pgsql

import (
	"bytes"
	"encoding/binary"

	"bulwark/wire"
)

// head is a message's type and length.
const head = 5

// maxLength is what the server takes at most (PQ_LARGE_MESSAGE_LIMIT).
const maxLength = 1 << 30

// message reads a message with a type. Of a long one as much is looked at as is kept; the rest is passed over.
func (c *Conversation) message(dir wire.Dir, p []byte, h Handler) (n, need int, err error) {
	if len(p) < head {
		return 0, head, nil
	}
	length := binary.BigEndian.Uint32(p[1:])
	if length < 4 || length > maxLength || !known(dir, p[0]) {
		return 0, 0, ErrMessage
	}
	n = 1 + int(length)
	want := min(n, head+looked(dir, p[0]))
	if len(p) < want {
		return 0, want, nil
	}
	body := p[head:want]
	if dir == wire.ToServer {
		c.request(p[0], body, n-head, h)
	} else {
		c.answer(p[0], body, n-head, h)
	}
	return n, 0, nil
}

func known(dir wire.Dir, kind byte) bool {
	if dir == wire.ToServer {
		return bytes.IndexByte([]byte("QXPBDESCHFdcfp"), kind) >= 0
	}
	return bytes.IndexByte([]byte("RSKCTDZENAGHWdc12tnsI3Vv"), kind) >= 0
}

// looked is how many bytes of a message's body are looked at.
func looked(dir wire.Dir, kind byte) int {
	if dir == wire.ToServer {
		switch kind {
		case 'Q', 'P':
			return maxStatement
		case 'p':
			return 64 // the mechanism
		case 'B':
			return 2 * maxName
		}
		return 0
	}
	switch kind {
	case 'D', 'T':
		return 2
	case 'G', 'H':
		return 3
	case 'R', 'S', 'K', 'C', 'E', 'N':
		return maxStatement
	}
	return 0
}

// request takes a message of the client. size is the length of its body.
func (c *Conversation) request(kind byte, body []byte, size int, h Handler) {
	switch kind {
	case 'Q':
		c.begin(Query, h)
		c.x.Statement = c.keepUpTo(cString(body), maxStatement)
	case 'P': // Parse: a name, the statement, the types of its parameters
		name, after, _ := bytes.Cut(body, []byte{0})
		c.learn(name, cString(after))
		if c.open && c.x.Kind == Query {
			return // of several statements in a batch the first is told
		}
		c.begin(Query, h)
		c.x.Statement, c.x.Prepared = c.keepUpTo(cString(after), maxStatement), true
	case 'B': // Bind: names of a portal and of a statement, the values of its parameters
		if c.open && c.x.Kind == Query {
			return
		}
		_, after, _ := bytes.Cut(body, []byte{0})
		c.begin(Query, h)
		c.x.Statement, c.x.Prepared = c.keepUpTo(c.statement(cString(after)), maxStatement), true
	case 'p':
		c.proof(body, h)
	case 'd':
		c.x.CopyIn++
		c.x.CopyInSize += uint64(size)
	case 'X':
		c.begin(Terminate, h)
		c.end(h)
	}
}

// prepared is a statement that is known by a name.
type prepared struct{ name, text []byte }

// learn keeps a statement with its name, in place of one with the same name or of the oldest.
func (c *Conversation) learn(name, text []byte) {
	at := c.oldest
	for i := range c.known {
		if len(c.known[i].text) > 0 && bytes.Equal(c.known[i].name, name) {
			at = i
		}
	}
	if at == c.oldest {
		c.oldest = (c.oldest + 1) % len(c.known)
	}
	k := &c.known[at]
	k.name = c.Space.Append(k.name[:0], name[:min(len(name), maxName)])
	k.text = c.Space.Append(k.text[:0], text[:min(len(text), maxStatement/4)])
}

// statement is what was prepared under a name.
func (c *Conversation) statement(name []byte) []byte {
	for i := range c.known {
		if bytes.Equal(c.known[i].name, name) {
			return c.known[i].text
		}
	}
	return nil
}

// proof takes a password or what proves one. Of SASL the mechanism is kept, of everything else nothing.
func (c *Conversation) proof(body []byte, h Handler) {
	switch c.method {
	case SASL:
		c.begin(SASLInitial, h)
		c.x.Mechanism = c.keep(cString(body))
	case SASLMore, GSSGoesOn:
		c.begin(SASLResponse, h)
	default:
		c.begin(Password, h)
	}
}

func cString(p []byte) []byte {
	v, _, _ := bytes.Cut(p, []byte{0})
	return v
}

// answer takes a message of the server. size is the length of its body.
func (c *Conversation) answer(kind byte, body []byte, size int, h Handler) {
	x := &c.x
	c.open, x.Answered = true, true
	switch kind {
	case 'R':
		c.authentication(body, h)
	case 'S':
		if len(x.Reports) < maxSettings {
			x.Reports = c.pairs(c.reports[:len(x.Reports)], body)
		}
	case 'K':
		if len(body) >= 8 {
			x.HasKey, x.Process, x.Key = true, binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
		}
	case 'T':
		if len(body) >= 2 {
			x.HasColumns, x.Columns = true, binary.BigEndian.Uint16(body)
		}
	case 'D':
		x.Rows++
		if len(body) >= 2 { // a count, and before each value its length
			x.RowBytes += uint64(max(size-2-4*int(binary.BigEndian.Uint16(body)), 0))
		}
	case 'G', 'H': // CopyInResponse, CopyOutResponse: a format, the count of columns, their formats
		if len(body) >= 3 {
			x.CopyAsked, x.CopyColumns = kind, binary.BigEndian.Uint16(body[1:])
		}
	case 'd':
		x.CopyOut++
		x.CopyOutSize += uint64(size)
	case 'C':
		x.Tag = c.keep(cString(body))
	case 'E':
		x.Error = c.report(c.fields[0][:0], body)
	case 'N':
		x.Notice = c.report(c.fields[1][:0], body)
	case 'Z':
		c.end(h)
	}
}

// authentication takes the server's word about it (§55.2.1). Where it waits for an answer the exchange is over.
func (c *Conversation) authentication(body []byte, h Handler) {
	if len(body) < 4 {
		return
	}
	x, m := &c.x, Method(binary.BigEndian.Uint32(body))
	if len(x.Methods) < len(c.methods) {
		x.Methods = append(c.methods[:len(x.Methods)], m)
	}
	c.method = m
	switch m {
	case OK, SASLFinal:
		return
	case MD5:
		copy(x.Salt[:], body[4:])
	}
	c.end(h)
}

// report reads the fields of an error or a notice.
func (c *Conversation) report(list []Field, p []byte) []Field {
	for len(p) > 1 && p[0] != 0 && len(list) < maxFields {
		value, after, ok := bytes.Cut(p[1:], []byte{0})
		if !ok {
			break
		}
		list = append(list, Field{p[0], c.keep(value)})
		p = after
	}
	return list
}
