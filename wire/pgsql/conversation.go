package pgsql

import (
	"bytes"
	"encoding/binary"

	"bulwark/wire"
)

// Codes of a client's first message (§55.7).
const (
	codeCancel = 80877102
	codeSSL    = 80877103
	codeGSS    = 80877104
)

// Probe tells whether p are the first bytes of a connection, and from which side.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.ToServer
	}
	if p[0] == 'R' {
		return probeAnswer(p), wire.ToClient
	}
	if p[0] != 0 || len(p) > 1 && p[1] != 0 {
		return wire.No, wire.ToServer
	}
	if len(p) < 8 {
		return wire.Unsure, wire.ToServer
	}
	n, code := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
	switch {
	case (code == codeSSL || code == codeGSS) && n == 8, code == codeCancel && n == 16:
		return wire.Yes, wire.ToServer
	case code>>16 == 3 && code&0xffff <= 16 && n > 8 && n < 10000:
		if bytes.Contains(p[8:min(len(p), int(n))], []byte("user\x00")) {
			return wire.Yes, wire.ToServer
		}
		if len(p) < int(n) {
			return wire.Unsure, wire.ToServer
		}
	}
	return wire.No, wire.ToServer
}

// probeAnswer tells whether p begins with a server's word about authentication.
func probeAnswer(p []byte) wire.Match {
	if len(p) < 9 {
		if len(p) > 3 && (p[1] != 0 || p[2] != 0 || p[3] != 0) {
			return wire.No
		}
		return wire.Unsure
	}
	n, kind := binary.BigEndian.Uint32(p[1:]), binary.BigEndian.Uint32(p[5:])
	switch {
	case n == 8 && (kind == 0 || kind == 3 || kind == 7 || kind == 9), n == 12 && kind == 5, n > 12 && n < 256 && kind == 10:
		return wire.Yes
	}
	return wire.No
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	// Space is where its buffers come from; it may be nil.
	Space *wire.Space

	x        Exchange
	n        int // exchanges told
	open     bool
	begun    bool   // the client has sent its startup
	method   Method // that was asked for last
	sealing  Kind   // the server is to answer with one byte
	settings [maxSettings]Setting
	reports  [maxSettings]Setting
	fields   [2][maxFields]Field
	methods  [8]Method
	known    [8]prepared
	oldest   int // of known
	arena    []byte
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	c.x = Exchange{}
	c.n, c.open, c.begun, c.method, c.sealing, c.oldest, c.arena = 0, false, false, 0, 0, 0, c.arena[:0]
	for i := range c.known {
		k := &c.known[i]
		k.name, k.text = k.name[:0], k.text[:0]
	}
}

// Decode reads one direction. It returns [ErrTLS] or [ErrSealed] where the server accepts encryption.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for done < len(p) {
		n, want, err := 0, 0, error(nil)
		switch {
		case dir == wire.ToServer && !c.begun:
			n, want, err = c.first(p[done:], h)
		case dir == wire.ToClient && c.sealing != Unasked:
			if n, err = c.sealed(p[done], h); n == 0 {
				continue // no answer to that: a message
			}
		default:
			n, want, err = c.message(dir, p[done:], h)
		}
		if err != nil {
			if n == 0 {
				c.end(h)
			}
			return done + n, 0, err
		}
		if n == 0 {
			return done, want, nil
		}
		done += n
	}
	return done, 0, nil
}

// first reads a message without a type.
func (c *Conversation) first(p []byte, h Handler) (n, need int, err error) {
	if p[0] != 0 { // one with a type: the beginning was not seen
		c.begun = true
		return c.message(wire.ToServer, p, h)
	}
	if len(p) < 8 {
		return 0, 8, nil
	}
	length, code := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
	if length < 8 || length > 10000 {
		return 0, 0, ErrMessage
	}
	if n = int(length); len(p) < n {
		return 0, n, nil
	}
	switch code {
	case codeSSL, codeGSS:
		c.sealing = SSLRequest
		if code == codeGSS {
			c.sealing = GSSRequest
		}
		c.begin(c.sealing, h)
	case codeCancel:
		c.begun = true
		c.begin(Cancel, h)
		if n >= 16 {
			c.x.Process, c.x.Key = binary.BigEndian.Uint32(p[8:]), binary.BigEndian.Uint32(p[12:])
		}
		c.end(h)
	default:
		if code>>16 != 3 {
			return 0, 0, ErrMessage
		}
		c.begun = true
		c.begin(Startup, h)
		c.x.Major, c.x.Minor = int(code>>16), int(code&0xffff)
		c.x.Settings = c.pairs(c.settings[:0], p[8:n])
	}
	return n, 0, nil
}

// pairs reads names and values, each up to its zero.
func (c *Conversation) pairs(list []Setting, p []byte) []Setting {
	for len(list) < maxSettings {
		name, after, ok := bytes.Cut(p, []byte{0})
		if !ok || len(name) == 0 {
			break
		}
		value, after, ok := bytes.Cut(after, []byte{0})
		if !ok {
			break
		}
		list = append(list, Setting{c.keep(name), c.keep(value)})
		p = after
	}
	return list
}

// sealed reads the server's answer to a request for encryption.
func (c *Conversation) sealed(b byte, h Handler) (int, error) {
	asked := c.sealing
	c.sealing = Unasked
	if b != 'S' && b != 'N' && b != 'G' {
		return 0, nil // an error in the form of old servers, or a server that goes on
	}
	c.x.Answered, c.x.Accepted = true, b != 'N'
	c.end(h)
	switch {
	case b == 'N':
		return 1, nil
	case asked == SSLRequest:
		return 1, ErrTLS
	}
	return 1, ErrSealed
}

// begin begins an exchange, and ends the one before it.
func (c *Conversation) begin(k Kind, h Handler) {
	c.end(h)
	c.x.Kind, c.open = k, true
}

// end tells the exchange in hand.
func (c *Conversation) end(h Handler) {
	if c.open {
		c.n++
		h.Exchange(&c.x, c.n)
	}
	c.open = false
	c.x = Exchange{}
	c.arena = c.arena[:0]
}

// keep copies a value into memory of the conversation.
func (c *Conversation) keep(v []byte) []byte { return c.keepUpTo(v, maxValue) }

func (c *Conversation) keepUpTo(v []byte, most int) []byte {
	v = v[:min(len(v), most, maxArena-len(c.arena))]
	start := len(c.arena)
	c.arena = c.Space.Append(c.arena, v)
	return c.arena[start:len(c.arena):len(c.arena)]
}

// Gap tells that bytes were lost: where a message begins behind them is not known.
func (c *Conversation) Gap(wire.Dir, int) error { return wire.ErrLost }

// Close tells what is still open.
func (c *Conversation) Close(h Handler) { c.end(h) }
