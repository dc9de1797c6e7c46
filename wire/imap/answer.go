package imap

import (
	"bytes"
	"strconv"

	"bulwark/wire"
)

// answer takes a line of the server.
func (c *Conversation) answer(line []byte, h Handler) error {
	first, rest := word(line)
	switch {
	case len(line) == 0:
		return nil
	case string(first) == "*":
		c.untagged(rest, h)
		return nil
	case string(first) == "+":
		return nil
	}
	for _, x := range c.waiting {
		if bytes.Equal(x.Tag, first) {
			return c.tagged(x, rest, h)
		}
	}
	if status, _ := word(rest); !isStatus(status) {
		if c.invalid++; c.invalid > maxInvalid {
			return ErrLines
		}
	}
	return nil
}

func isStatus(p []byte) bool {
	switch string(p) {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return true
	}
	return false
}

// untagged takes an answer that begins with a star.
func (c *Conversation) untagged(rest []byte, h Handler) {
	kind, text := word(rest)
	if !c.greeted {
		c.greeted = true
		if isStatus(kind) && len(c.waiting) == 0 {
			x := c.exchange()
			x.Status, x.Text = x.keep(kind), x.keep(text)
			h.Exchange(x)
			c.recycle(x)
			return
		}
	}
	if bytes.EqualFold(kind, []byte("ID")) {
		c.program(wire.ToClient, text, h)
		return
	}
	what, items := word(text)
	if len(kind) == 0 || kind[0] < '0' || kind[0] > '9' {
		return
	}
	if bytes.EqualFold(what, []byte("EXPUNGE")) {
		c.parts.expunge(decimal(kind))
	}
	if !bytes.EqualFold(what, []byte("FETCH")) {
		return
	}
	c.parts.items(decimal(kind), items)
	for _, x := range c.waiting {
		if bytes.HasSuffix(x.Command, []byte("FETCH")) {
			x.Messages++
			return
		}
	}
}

// tagged takes the answer that ends a command.
func (c *Conversation) tagged(x *Exchange, rest []byte, h Handler) error {
	status, text := word(rest)
	x.Status, x.Text = x.keep(status), x.keep(text)
	granted := string(status) == "OK"
	var err error
	switch string(x.Command) {
	case "LOGIN", "AUTHENTICATE":
		c.signOn(x, granted, h)
	case "SELECT", "EXAMINE":
		c.mailbox = c.mailbox[:0]
		c.parts.reset()
		if granted {
			c.mailbox, _ = astring(c.mailbox, x.Args)
		}
	case "CLOSE", "UNSELECT":
		c.mailbox = c.mailbox[:0]
		c.parts.reset()
	case "IDLE":
		c.idle = false
	case "STARTTLS":
		if granted {
			c.secured, err = true, ErrTLS
		}
	case "COMPRESS":
		if granted {
			c.packed, err = true, ErrPacked
		}
	}
	c.over(x, h)
	return err
}

func (c *Conversation) signOn(x *Exchange, granted bool, h Handler) {
	s := &c.attempt
	*s = SignOn{Mechanism: x.Command, User: c.user, Clear: true, Granted: granted, Text: x.Text}
	if string(x.Command) == "AUTHENTICATE" {
		c.signing = false
		s.Mechanism, s.User, s.Domain, s.Clear = c.auth.Mechanism, c.auth.User, c.auth.Domain, c.auth.Clear
	}
	h.SignOn(s)
}

// sequence is the number of the message that an answer is about, and what is said of it; 0 when it is about none.
func sequence(line []byte) (n uint64, items []byte) {
	_, rest := word(line)
	number, rest := word(rest)
	what, items := word(rest)
	if !bytes.EqualFold(what, []byte("FETCH")) {
		return 0, nil
	}
	return decimal(number), items
}

// decimal is a number; 0 where p is none.
func decimal(p []byte) uint64 {
	n, _ := strconv.ParseUint(string(p[:min(len(p), 20)]), 10, 64) // what is no number is 0
	return n
}

// uid is the unique number that an answer gives its message; 0 when it gives none before what stands at its end.
func uid(line []byte) uint64 {
	for i := 0; i+4 < len(line); i++ {
		if (line[i] == ' ' || line[i] == '(') && bytes.EqualFold(line[i+1:min(i+5, len(line))], []byte("UID ")) {
			number, _ := word(line[i+5:])
			n, _ := strconv.ParseUint(string(bytes.TrimRight(number[:min(len(number), 20)], ")")), 10, 64) // what is no number is 0
			return n
		}
	}
	return 0
}

// section reads which part of a message the item at the end of a line is: BODY[1.2]<0>, BINARY[2], RFC822.HEADER.
func section(line []byte) (part []byte, origin uint64, partial, ok bool) {
	line = bytes.TrimRight(line, " ")
	if n := len(line); n > 0 && line[n-1] == '>' {
		at := bytes.LastIndexByte(line, '<')
		if at < 0 {
			return nil, 0, false, false
		}
		partial = true
		origin, _ = strconv.ParseUint(string(line[at+1:min(n-1, at+21)]), 10, 62) // what is no number is 0
		line = line[:at]
	}
	if n := len(line); n > 0 && line[n-1] == ']' {
		at := max(lastFold(line, "BODY["), lastFold(line, "BINARY["))
		if at < 0 {
			return nil, 0, false, false
		}
		at += bytes.IndexByte(line[at:], '[')
		return line[at+1 : n-1], origin, partial, true
	}
	last := line[bytes.LastIndexAny(line, " (")+1:]
	switch {
	case bytes.EqualFold(last, []byte("RFC822")):
		return nil, origin, partial, true
	case bytes.EqualFold(last, []byte("RFC822.HEADER")):
		return last[7:], origin, partial, true
	case bytes.EqualFold(last, []byte("RFC822.TEXT")):
		return last[7:], origin, partial, true
	}
	return nil, 0, false, false
}

// lastFold is where a text stands last in p, in whatever case; -1 when it does not.
func lastFold(p []byte, text string) int {
	for i := len(p) - len(text); i >= 0; i-- {
		if bytes.EqualFold(p[i:i+len(text)], []byte(text)) {
			return i
		}
	}
	return -1
}
