package imap

import (
	"bytes"
	"strconv"

	"bulwark/wire"
)

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for _, x := range c.waiting {
		c.recycle(x)
	}
	clear(c.waiting)
	c.auth.Reset()
	was := *c
	*c = Conversation{Exchanges: was.Exchanges, waiting: was.waiting[:0], mailbox: was.mailbox[:0], auth: was.auth, user: was.user[:0],
		argument: was.argument[:0], parts: was.parts}
	c.parts.reset()
	for i := range c.sides {
		c.sides[i].line, c.sides[i].section = was.sides[i].line[:0], was.sides[i].section[:0]
	}
}

func (c *Conversation) exchange() *Exchange {
	x := c.stock().Take()
	c.count++
	x.Number = c.count
	return x
}

func (c *Conversation) recycle(x *Exchange) {
	x.reset()
	c.stock().Give(x)
}

func (c *Conversation) stock() *wire.Stock[Exchange] {
	if c.Exchanges == nil {
		c.Exchanges = new(wire.Stock[Exchange])
	}
	return c.Exchanges
}

// Decode reads one direction. It returns [ErrTLS] or [ErrPacked] where another form follows.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	if s.torn {
		s.torn = false
		h.Body(&s.message, nil, s.lost)
		s.lost = 0
	}
	for done < len(p) {
		switch {
		case c.secured || dir == wire.ToServer && c.securedUnheard(p[done:]):
			return done, 0, ErrTLS
		case c.packed:
			return done, 0, ErrPacked
		case s.literal > 0:
			done += c.octets(dir, p[done:], h)
			continue
		}
		n := c.piece(dir, p[done:])
		if n == 0 {
			return done, 0, nil
		}
		done += n
		if p[done-1] != '\n' || s.skip {
			s.skip = s.skip && p[done-1] != '\n'
			continue
		}
		if err := c.ended(dir, h); err != nil {
			return done, 0, err
		}
	}
	return done, 0, nil
}

// securedUnheard reports whether p begins TLS though the answer to STARTTLS was not seen.
func (c *Conversation) securedUnheard(p []byte) bool {
	l := len(c.waiting)
	return l > 0 && len(p) > 1 && p[0] == 0x16 && p[1] == 3 && c.sides[0].literal == 0 && string(c.waiting[l-1].Command) == "STARTTLS"
}

// piece takes a line, or a part of a long one. It returns 0 when more must come.
func (c *Conversation) piece(dir wire.Dir, p []byte) int {
	s := &c.sides[dir]
	n := bytes.IndexByte(p, '\n') + 1
	if n == 0 {
		if len(p) < maxPiece && !s.skip {
			return 0
		}
		n = len(p)
	}
	if s.skip {
		return n
	}
	room := maxLine - len(s.line)
	s.cut = s.cut || n > room
	s.line = append(s.line, p[:min(n, room)]...)
	return n
}

// ended takes the end of a line: of a command or an answer, unless a literal follows.
func (c *Conversation) ended(dir wire.Dir, h Handler) error {
	s := &c.sides[dir]
	s.line = bytes.TrimRight(s.line, "\r\n")
	if size, start, ok := literal(s.line); ok && !s.cut && c.mayHold(dir, s.line) {
		s.line = s.line[:start]
		c.begin(dir, size, h)
		return nil
	}
	line := s.line
	s.line, s.cut, s.looked = s.line[:0], false, false
	if dir == wire.ToServer {
		c.command(line, h)
		return nil
	}
	return c.answer(line, h)
}

// literal reads the length at the end of a line: {12}, {12+} or ~{12} (RFC 9051 §4.3).
func literal(line []byte) (size uint64, start int, ok bool) {
	if len(line) < 3 || line[len(line)-1] != '}' {
		return 0, 0, false
	}
	start = bytes.LastIndexByte(line, '{')
	if start < 0 || len(line)-start > 24 {
		return 0, 0, false
	}
	size, err := strconv.ParseUint(string(bytes.TrimRight(line[start+1:len(line)-1], "+-")), 10, 62)
	if err != nil {
		return 0, 0, false
	}
	if start > 0 && line[start-1] == '~' {
		start--
	}
	return size, start, true
}

// mayHold reports whether a literal may stand in a line: texts for people have none.
func (c *Conversation) mayHold(dir wire.Dir, line []byte) bool {
	if dir == wire.ToServer {
		return true
	}
	rest, ok := bytes.CutPrefix(line, []byte("* "))
	if !ok {
		return false
	}
	word, _, _ := bytes.Cut(rest, []byte{' '})
	switch string(word) {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return false
	}
	return true
}

// begin begins a literal.
func (c *Conversation) begin(dir wire.Dir, size uint64, h Handler) {
	s := &c.sides[dir]
	s.literal, s.sink, s.holed = size, nowhere, false
	if c.isMessage(dir, size) {
		s.sink = body
	} else if size <= maxInline && len(s.line)+2*int(size) < maxLine {
		s.sink = inline
		s.line = append(s.line, '"')
	}
	if size == 0 {
		c.filled(dir, h)
	}
}

// isMessage reports whether a literal is a message or a part of one, and notes which.
func (c *Conversation) isMessage(dir wire.Dir, size uint64) bool {
	s := &c.sides[dir]
	m := &s.message
	*m = Message{Size: size, Mailbox: c.mailbox}
	if dir == wire.ToServer {
		_, rest := word(s.line)
		verb, rest := word(rest)
		if !bytes.EqualFold(verb, []byte("APPEND")) || len(rest) == 0 {
			return false
		}
		if open := bytes.Count(s.line, []byte{'"'}); open%2 != 0 {
			return false
		}
		name, _ := astring(c.argument[:0], rest)
		c.argument = name
		if len(name) == 0 { // the literal is the name of the box
			return false
		}
		s.section = append(s.section[:0], name...)
		m.Stored, m.Mailbox = true, s.section
		return true
	}
	var items []byte
	if m.Sequence, items = sequence(s.line); m.Sequence == 0 {
		return false
	}
	m.UID = uid(s.line)
	part, origin, partial, ok := section(s.line)
	s.section = append(s.section[:0], part...)
	m.Section, m.Origin, m.Partial = s.section, origin, partial
	if ok {
		if !s.looked { // of a line with several literals what stands before the first
			c.parts.items(m.Sequence, items)
			s.looked = true
		}
		m.Part = c.parts.find(m.Sequence, m.Section)
		m.Last = partial && c.asked(origin) > size
	}
	return ok
}

// asked is how many octets from origin on a command under way asks for: <0.65536>; 0 where that is not known.
func (c *Conversation) asked(origin uint64) uint64 {
	for _, x := range c.waiting {
		for args := x.Args; ; {
			at := bytes.IndexByte(args, '<')
			if at < 0 {
				break
			}
			args = args[at+1:]
			from, length, ok := bytes.Cut(args[:max(bytes.IndexByte(args, '>'), 0)], []byte{'.'})
			if !ok || len(from) > 20 || len(length) > 20 {
				continue
			}
			n, err := strconv.ParseUint(string(from), 10, 62)
			if err != nil || n != origin {
				continue
			}
			n, _ = strconv.ParseUint(string(length), 10, 62) // what is no number is 0
			return n
		}
	}
	return 0
}

// octets takes octets of a literal.
func (c *Conversation) octets(dir wire.Dir, p []byte, h Handler) int {
	s := &c.sides[dir]
	p = p[:min(uint64(len(p)), s.literal)]
	s.literal -= uint64(len(p))
	switch s.sink {
	case body:
		h.Body(&s.message, p, s.lost)
		s.lost = 0
	case inline:
		for _, b := range p {
			if b == '"' || b == '\\' {
				s.line = append(s.line, '\\')
			}
			s.line = append(s.line, b)
		}
	}
	if s.literal == 0 {
		c.filled(dir, h)
	}
	return len(p)
}

// filled ends a literal: the line goes on behind it.
func (c *Conversation) filled(dir wire.Dir, h Handler) {
	s := &c.sides[dir]
	switch s.sink {
	case body:
		s.message.Whole = !s.holed
		h.Body(&s.message, nil, s.lost)
		s.line = append(s.line, `""`...)
	case inline:
		s.line = append(s.line, '"')
	default:
		s.line = append(s.line, `""`...)
	}
	s.sink, s.lost = nowhere, 0
}

// Gap tells that n bytes were lost.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	s := &c.sides[dir]
	switch {
	case c.secured || c.packed:
		return wire.ErrLost
	case s.literal > uint64(n):
		s.literal -= uint64(n)
		s.lost += n
		s.holed = true
		return nil
	case s.literal > 0:
		s.lost += int(s.literal)
		s.torn = s.sink == body
	}
	s.literal, s.sink = 0, nowhere
	s.line, s.cut, s.looked, s.skip = s.line[:0], false, false, true
	return nil
}

// Close tells what has no answer.
func (c *Conversation) Close(h Handler) {
	for _, x := range c.waiting {
		h.Exchange(x)
		c.recycle(x)
	}
	clear(c.waiting)
	c.waiting = c.waiting[:0]
}
