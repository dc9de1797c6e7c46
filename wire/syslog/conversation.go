package syslog

import (
	"bytes"

	"bulwark/wire"
)

// maxMessage is how long a message may be to be read whole, in bytes; of a longer one the beginning is read.
const maxMessage = 60 << 10

// Handler takes what a conversation learns.
type Handler interface {
	// Message is called for each message.
	Message(m *Message)
}

// Conversation is one connection. Its zero value is ready. Only the side that opened it speaks.
type Conversation struct {
	lost    bool
	message Message
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() { c.lost = false }

// Decode reads the messages of the reporting side (RFC 6587 §3.4): each behind its length, or up to the end of a line.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	if dir == wire.ToClient {
		return len(p), 0, nil
	}
	for done < len(p) {
		b := p[done:]
		if b[0] == '\n' || b[0] == '\r' || b[0] == 0 {
			done++
			continue
		}
		n, need, err := c.one(b, h)
		if n == 0 || err != nil {
			return done, need, err
		}
		done += n
	}
	return done, 0, nil
}

// one reads the message at the beginning of b.
func (c *Conversation) one(b []byte, h Handler) (n, need int, err error) {
	at, size := counted(b)
	switch {
	case at < 0 && b[0] != '<':
		if !c.lost {
			return 0, 0, ErrMalformed
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			return len(b), 0, nil
		}
		return end + 1, 0, nil
	case at == 0:
		return 0, len(b) + 1, nil
	case at > 0:
		show := min(at+size, maxMessage)
		if len(b) < show {
			return 0, show, nil
		}
		c.read(b[at:show], h)
		return at + size, 0, nil
	}
	end := bytes.IndexAny(b, "\n\x00")
	if end < 0 {
		if len(b) < maxMessage {
			return 0, len(b) + 1, nil
		}
		end = len(b) - 1
	}
	c.read(b[:end], h)
	return end + 1, 0, nil
}

// read reads one message. What is not one is the rest of one that went over several lines.
func (c *Conversation) read(b []byte, h Handler) {
	if Parse(b, &c.message) == nil {
		c.lost = false
		h.Message(&c.message)
	}
}

// counted reads "123 ": where the message begins and how long it is. at is 0 when more bytes would tell, and -1 when
// there is no length.
func counted(b []byte) (at, size int) {
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9' && i < 7:
			size = size*10 + int(c-'0')
		case c == ' ' && i > 0 && size > 4:
			return i + 1, size
		default:
			return -1, 0
		}
	}
	return 0, 0
}

// Gap looks for the next message behind the end of a line.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	if dir == wire.ToServer {
		c.lost = true
	}
	return nil
}

// Close has nothing to hand over.
func (c *Conversation) Close(Handler) {}

// Probe tells whether p begins with a message of a form that tells it apart.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	if p[0] != '<' {
		at, _ := counted(p)
		if at < 0 {
			return wire.No, wire.Either
		}
		if at == 0 || at == len(p) {
			return short(p), wire.ToServer
		}
		p = p[at:]
	}
	_, at := priority(p)
	if at == 0 {
		if len(p) < 5 && p[0] == '<' && bytes.IndexByte(p, '>') < 0 && bytes.Trim(p[1:], "0123456789") == nil {
			return wire.Unsure, wire.ToServer
		}
		return wire.No, wire.Either
	}
	rest := p[at:]
	if len(rest) < 20 {
		return wire.Unsure, wire.ToServer
	}
	if modern(rest) || stamp(rest) > 0 {
		return wire.Yes, wire.ToServer
	}
	return wire.No, wire.Either
}

func short(p []byte) wire.Match {
	if len(p) > 7 {
		return wire.No
	}
	return wire.Unsure
}

// modern reports whether p goes on as RFC 5424: version 1 and a time or none.
func modern(p []byte) bool {
	return len(p) > 6 && p[0] == '1' && p[1] == ' ' && (p[2] == '-' && p[3] == ' ' || digit(p[2]) && digit(p[5]) && p[6] == '-')
}

// Looks tells whether p is a datagram of syslog: a priority, then a form that tells it apart, a tag, or what Cisco's
// devices count their messages with.
func Looks(p []byte) bool {
	_, at := priority(p)
	if at == 0 || len(p)-at < 4 {
		return false
	}
	rest := p[at:]
	if modern(rest) || stamp(rest) > 0 || tag(rest) > 0 {
		return printable(rest)
	}
	return false
}

// printable reports whether the beginning of p is text.
func printable(p []byte) bool {
	for _, c := range p[:min(len(p), 32)] {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}
