package http

import (
	"bytes"

	"bulwark/wire"
)

// What browsers make of responses that break the rules, beyond what RFC 9112 asks of them. A filter that is stricter
// than the browser behind it sees nothing of what the browser shows, so all of this is followed here: CR alone ends a
// line, a body comes where none belongs, a chunk without a size makes a body that ends with the connection, and a line
// or two stand before the status line. libhtp documents the same in its tests.

// maxJunk is how long a line before a status line may be, in bytes.
const maxJunk = 32

// before reads what a response begins with that is no status line: blanks, a line that another status line follows, or
// the body of a response that has no head.
func (c *Conversation) before(s *side, p []byte, h Handler) (n int, more bool, err error) {
	if s.spoke || len(c.queue) == 0 || c.queue[0].Request.Version == nil {
		return 0, true, c.raw(s, h)
	}
	for n < len(p) && (spaceOrEnd(p[n]) || p[n] == 0) {
		n++
	}
	if n > 0 {
		return n, true, nil
	}
	s.hasJunk = 0
	end := bytes.IndexByte(p[:min(len(p), maxJunk)], '\n')
	switch {
	case end < 0 && len(p) < maxJunk, end >= 0 && end == len(p)-1:
		s.hasJunk = copy(s.junk[:], p)
		return 0, false, nil
	case end >= 0 && p[end+1]|0x20 == 'h':
		return end + 1, true, nil
	}
	return 0, true, c.raw(s, h)
}

// spaceOrEnd tells the blanks of C's isspace.
func spaceOrEnd(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// interim forgets a response that another one follows (RFC 9110 §15.2).
func (c *Conversation) interim(s *side) {
	s.t.Interim++
	s.t.Response.reset()
	s.t, s.state = nil, atStart
}

func (r *Response) interim() bool { return r.Status >= 100 && r.Status < 200 && r.Status != 101 }

// bodiless tells whether the response has no body by its status (RFC 9112 §6.3).
func (t *Transaction) bodiless() bool {
	r := &t.Response
	return !t.asksHead() && (r.interim() || r.Status == 204 || r.Status == 304)
}

func (t *Transaction) asksHead() bool {
	return len(t.Request.Method) == 4 && fold(t.Request.Method, "head")
}

// decide looks at what follows a head that tells of a body where none belongs: the next response, or the body.
func (c *Conversation) decide(s *side, p []byte, h Handler) (n int, more bool, err error) {
	k := min(len(p), 5)
	if fold(p[:k], "http/"[:k]) {
		if k < 5 {
			return 0, false, nil
		}
		c.without(s, h)
		return 0, true, nil
	}
	c.hand(wire.ToClient, s, h)
	c.responseBody(s, h)
	return 0, true, nil
}

// without ends a response that has no body after all.
func (c *Conversation) without(s *side, h Handler) {
	switch {
	case s.state != perhaps || s.t == nil:
	case s.t.Response.interim():
		c.interim(s)
	default:
		c.hand(wire.ToClient, s, h)
		c.over(wire.ToClient, s, true, h)
	}
}

// afterBlank ends a head at a line of blanks that ends in LF alone, and takes the empty line behind it, if there is one.
func (c *Conversation) afterBlank(s *side, p []byte, h Handler) (n int) {
	if len(p) > 0 && p[0] == '\n' {
		n = 1
	}
	s.message(wire.ToClient).finish(p[:n])
	c.headOver(wire.ToClient, s, h)
	return n
}

// chunkBlank tells the bytes that may stand before the size of a chunk.
func chunkBlank(c byte) bool { return spaceOrEnd(c) }

// chunkPlausible tells whether a line, or what there is of it, may be that of the size of a chunk.
func chunkPlausible(p []byte) bool {
	for len(p) > 0 && p[0] != '\n' && chunkBlank(p[0]) {
		p = p[1:]
	}
	return len(p) == 0 || p[0] == '\n' || hexDigit(p[0]) >= 0
}

// addBroken keeps a line of a response, in which CR alone ends fields too.
func (h *Head) addBroken(raw, text []byte) {
	for {
		i := bytes.IndexByte(text, '\r')
		if i < 0 {
			break
		}
		if piece := text[:i]; len(trim(piece)) > 0 {
			h.addLoose(raw[:i+1], piece)
		} else {
			h.keep(raw[:i+1])
		}
		raw, text = raw[i+1:], text[i+1:]
	}
	if len(text) == 0 {
		h.keep(raw)
		return
	}
	h.addLoose(raw, text)
}

// addLoose keeps a field of a response. One that begins with blanks goes on with the one before, unless it looks like a
// field itself; one of which only the colon and the value are left gives that a value.
func (h *Head) addLoose(raw, text []byte) {
	if len(h.fields) == 0 || !blank(text[0]) && text[0] != 0 {
		h.own(raw, text)
		return
	}
	colon := bytes.IndexByte(text, ':')
	switch {
	case colon < 0 || text[0] == 0:
		h.goOn(raw, text)
	case h.bare && len(trim(text[:colon])) == 0:
		h.join(raw, text, colon)
	case token(trim(text[:colon])):
		h.Oddities |= Folded
		h.own(raw, text)
	default:
		h.goOn(raw, text)
	}
}

// join gives the last field, which had no colon, the value that a folded line has for it.
func (h *Head) join(raw, text []byte, colon int) {
	at, kept := h.keep(raw)
	h.Oddities |= Folded
	if !kept {
		return
	}
	from, to := colon+1, len(text)
	for from < to && blank(text[from]) {
		from++
	}
	for from < to && blank(text[to-1]) {
		to--
	}
	f := &h.fields[len(h.fields)-1]
	f.value, f.valueEnd = uint16(at+from), uint16(at+to)
	h.bare = false
}

// settleField notes what the last field says of where the body ends, once it is whole.
func (h *Head) settleField() {
	if !h.held {
		return
	}
	h.held = false
	name, value := h.Field(len(h.fields) - 1)
	var room [64]byte
	h.frame(nameOf(name), trimAll(withoutZeros(room[:], value)))
}

// trimAll takes blanks and the ends of lines off both ends.
func trimAll(b []byte) []byte {
	for len(b) > 0 && (spaceOrEnd(b[0]) || b[0] == 0) {
		b = b[1:]
	}
	for len(b) > 0 && (spaceOrEnd(b[len(b)-1]) || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	return b
}

// withoutZeros is b without bytes of zero, which browsers pass over in the names and values that frame a body. What does
// not fit into room is left as it is.
func withoutZeros(room, b []byte) []byte {
	if bytes.IndexByte(b, 0) < 0 || len(b) > len(room) {
		return b
	}
	n := 0
	for _, c := range b {
		if c != 0 {
			room[n] = c
			n++
		}
	}
	return room[:n]
}

// Join appends the value of a field that may be there several times: all of them with commas between (RFC 9110 §5.2).
func (h *Head) Join(dst []byte, n Name) []byte {
	if h.known[n] == 0 {
		return dst
	}
	dst = append(dst, h.Get(n)...)
	for i := int(h.known[n]); i < len(h.fields); i++ {
		if name, value := h.Field(i); nameOf(name) == n {
			dst = append(append(dst, ", "...), value...)
		}
	}
	return dst
}
