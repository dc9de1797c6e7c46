package imap

import (
	"bytes"

	"bulwark/wire"
)

// command takes a command of the client.
func (c *Conversation) command(line []byte, h Handler) {
	switch {
	case c.idle && bytes.EqualFold(line, []byte("DONE")): // RFC 9051 §6.3.13
		c.idle = false
		return
	case c.signing:
		c.auth.Respond(line)
		return
	}
	tag, rest := word(line)
	verb, rest := word(rest)
	if len(tag) == 0 || len(verb) == 0 {
		return
	}
	x := c.exchange()
	x.Tag = append(x.Tag, tag[:min(len(tag), 64)]...)
	x.name(verb)
	if string(x.Command) == "UID" {
		verb, rest = word(rest)
		x.Command = append(x.Command, ' ')
		x.name(verb)
	}
	x.Mailbox = x.keep(c.mailbox)
	switch string(x.Command) {
	case "LOGIN":
		c.user, _ = astring(c.user[:0], rest)
		x.Args = x.keep(c.user)
	case "AUTHENTICATE":
		mechanism, initial := word(rest)
		c.auth.Begin(mechanism, initial)
		c.signing = true
		x.Args = x.keep(mechanism)
	case "ID":
		c.program(wire.ToServer, rest, h)
		x.Args = x.keep(rest)
	case "IDLE":
		c.idle = true
	default:
		x.Args = x.keep(rest)
	}
	if len(c.waiting) >= maxWaiting {
		c.over(c.waiting[0], h)
	}
	c.waiting = append(c.waiting, x)
}

// name appends a verb in upper case.
func (x *Exchange) name(verb []byte) {
	for _, b := range verb[:min(len(verb), 32)] {
		if 'a' <= b && b <= 'z' {
			b -= 0x20
		}
		x.Command = append(x.Command, b)
	}
}

func (x *Exchange) keep(p []byte) []byte {
	at := len(x.kept)
	x.kept = append(x.kept, p[:min(len(p), maxArgs)]...)
	return x.kept[at:len(x.kept):len(x.kept)]
}

// over tells of an exchange that has ended.
func (c *Conversation) over(x *Exchange, h Handler) {
	h.Exchange(x)
	for i := range c.waiting {
		if c.waiting[i] == x {
			c.waiting = append(c.waiting[:i], c.waiting[i+1:]...)
			break
		}
	}
	c.recycle(x)
}

// program reads what an end says of itself: ("name" "Thunderbird" "version" "115") (RFC 2971 §3.3).
func (c *Conversation) program(dir wire.Dir, p []byte, h Handler) {
	p = bytes.TrimPrefix(bytes.TrimSpace(p), []byte{'('})
	all := c.argument[:0]
	var name, version []byte
	for len(p) > 0 && p[0] != ')' {
		at := len(all)
		all, p = astring(all, p)
		key := all[at:]
		at = len(all)
		all, p = astring(all, p)
		value := all[at:len(all):len(all)]
		switch {
		case bytes.EqualFold(key, []byte("name")):
			name = value
		case bytes.EqualFold(key, []byte("version")):
			version = value
		case len(key) == 0:
			p = nil
		}
	}
	c.argument = all
	if len(name) > 0 && !bytes.Equal(name, []byte("NIL")) {
		h.Program(dir, name, version)
	}
}

// word cuts the first word off p.
func word(p []byte) (first, rest []byte) {
	p = bytes.TrimLeft(p, " ")
	first, rest, _ = bytes.Cut(p, []byte{' '})
	return first, rest
}

// astring appends the first word or quoted string of p, and returns what is behind it (RFC 9051 §9).
func astring(dst, p []byte) (text, rest []byte) {
	p = bytes.TrimLeft(p, " ")
	if len(p) == 0 || p[0] != '"' {
		n := bytes.IndexAny(p, " ()")
		if n < 0 {
			n = len(p)
		}
		return append(dst, p[:n]...), p[n:]
	}
	i := 1
	for i < len(p) && p[i] != '"' {
		if p[i] == '\\' && i+1 < len(p) {
			i++
		}
		dst = append(dst, p[i])
		i++
	}
	return dst, p[min(i+1, len(p)):]
}
