package sip

import (
	"bytes"

	"bulwark/wire"
)

// Handler takes what a conversation learns.
type Handler interface {
	// Message is called for each message. Of one whose body is longer than what is kept, the body is missing.
	Message(dir wire.Dir, m *Message)
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	lost    [2]bool
	message Message
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() { c.lost = [2]bool{} }

// Decode reads the messages of one direction of a stream (§18.3: the length of the body tells where the next begins).
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for done < len(p) {
		b := p[done:]
		if b[0] == '\r' || b[0] == '\n' { // kept alive (RFC 5626 §3.5.1)
			done++
			continue
		}
		if c.lost[dir] {
			if m, _ := Probe(b); m != wire.Yes {
				return len(p), 0, nil
			}
			c.lost[dir] = false
		}
		m := &c.message
		head, err := Parse(b, m)
		if err != nil {
			return done, 0, err
		}
		if head == 0 {
			if len(b) >= maxHead {
				return done, 0, ErrHeader
			}
			return done, len(b) + 1, nil
		}
		size := head + max(m.Length, 0)
		if size > maxHead {
			m.Body = nil
		} else if len(b) < size {
			return done, size, nil
		}
		if m.Length < 0 {
			m.Body = nil
		}
		h.Message(dir, m)
		done += size
	}
	return done, 0, nil
}

// Datagram reads one datagram.
func (c *Conversation) Datagram(dir wire.Dir, p []byte, h Handler) error {
	if blank(p) {
		return nil
	}
	head, err := Parse(p, &c.message)
	if err != nil {
		return err
	}
	if head == 0 {
		return ErrHeader
	}
	h.Message(dir, &c.message)
	return nil
}

// blank reports whether p only keeps a path open: line ends, spaces or zeros.
func blank(p []byte) bool {
	return len(bytes.Trim(p, "\r\n \x00")) == 0
}

// Gap looks for the next message at the beginning of what follows.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	c.lost[dir] = true
	return nil
}

// Close has nothing to hand over.
func (c *Conversation) Close(Handler) {}

// Probe tells whether p begins with the first line of a message.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	if k := min(len(p), len(version)+1); string(p[:k]) == (version + " ")[:k] {
		if k <= len(version) {
			return wire.Unsure, wire.ToClient
		}
		return wire.Yes, wire.ToClient
	}
	if p[0] < 'A' || p[0] > 'Z' {
		return wire.No, wire.Either
	}
	line := p[:min(len(p), 1024)]
	end := bytes.IndexByte(line, '\n')
	if end >= 0 {
		line = bytes.TrimSuffix(line[:end], []byte{'\r'})
	}
	return probeRequest(line, end >= 0), wire.ToServer
}

// probeRequest judges a request line, or what there is of it.
func probeRequest(line []byte, whole bool) wire.Match {
	name, rest, ok := bytes.Cut(line, []byte{' '})
	if !method(name) {
		return wire.No
	}
	if !ok {
		if whole {
			return wire.No
		}
		return wire.Unsure
	}
	if !addressed(rest) {
		return wire.No
	}
	if !whole {
		if len(line) >= 1024 {
			return wire.No
		}
		return wire.Unsure
	}
	if bytes.HasSuffix(rest, []byte(" "+version)) {
		return wire.Yes
	}
	return wire.No
}

// addressed reports whether p begins with a scheme that SIP calls by, as far as it is there.
func addressed(p []byte) bool {
	for _, scheme := range [...]string{"sip:", "sips:", "tel:", "urn:", "im:", "pres:"} {
		k := min(len(p), len(scheme))
		if bytes.EqualFold(p[:k], []byte(scheme[:k])) {
			return true
		}
	}
	return false
}

// Looks tells whether p is a datagram of SIP.
func Looks(p []byte) bool {
	m, _ := Probe(p)
	return m == wire.Yes
}
