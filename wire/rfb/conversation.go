package rfb

import (
	"encoding/binary"

	"bulwark/wire"
)

type state uint8

const (
	serverVersion state = iota
	clientVersion
	offer     // of the server
	choice    // of the client
	challenge // of the server
	response  // of the client
	result    // of the server
	reason    // of the server
	clientInit
	serverInit
	venServer // version of VeNCrypt
	venClient
	venAck
	venChoice
	venGo       // the server's word that TLS follows
	credentials // of the client, in clear
	over
)

// turns says whose turn it is in each state.
var turns = [...]wire.Dir{serverVersion: wire.ToClient, clientVersion: wire.ToServer, offer: wire.ToClient, choice: wire.ToServer,
	challenge: wire.ToClient, response: wire.ToServer, result: wire.ToClient, reason: wire.ToClient, clientInit: wire.ToServer,
	serverInit: wire.ToClient, venServer: wire.ToClient, venClient: wire.ToServer, venAck: wire.ToClient, venChoice: wire.ToServer, venGo: wire.ToClient,
	credentials: wire.ToServer, over: wire.Either}

const (
	maxText    = 1024 // bytes of a reason or a name that are kept
	maxWaiting = 4096 // bytes that may wait for their turn
	rest       = 1 << 62
)

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	session Session
	state   state
	told    bool
	offered [255]Security
	text    []byte
	user    []byte
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() { *c = Conversation{text: c.text[:0], user: c.user[:0]} }

// Decode reads one direction. It returns [ErrTLS] where TLS follows, and skips what is behind the beginning.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for c.state != over {
		if turns[c.state] != dir {
			if len(p)-done > maxWaiting {
				c.end(h, false)
				return done, 0, ErrTurn
			}
			return done, 0, nil
		}
		n, want, err := c.step(p[done:], h)
		done += n
		if err != nil {
			c.end(h, false)
			return done, 0, err
		}
		if n == 0 {
			return done, want, nil
		}
	}
	return rest, 0, nil
}

// step reads what stands next in p: how many bytes it is done with, or how many it wants.
func (c *Conversation) step(p []byte, h Handler) (n, need int, err error) {
	s := &c.session
	switch c.state {
	case serverVersion, clientVersion:
		return c.version(p)
	case offer:
		return c.offer(p, h)
	case choice:
		if len(p) < 1 {
			return 0, 1, nil
		}
		return 1, 0, c.choose(Security(p[0]), h)
	case challenge:
		s.Challenged = true
		return c.pass(p, 16, response)
	case response:
		s.Answered = len(p) >= 16
		return c.pass(p, 16, result)
	case result:
		return c.result(p, h)
	case reason:
		return c.reason(p, h)
	case clientInit:
		if len(p) < 1 {
			return 0, 1, nil
		}
		s.HasShared, s.Shared, c.state = true, p[0] != 0, serverInit
		return 1, 0, nil
	case serverInit:
		return c.screen(p, h)
	case credentials:
		return c.credentials(p, h)
	}
	return c.vencrypt(p, h)
}

// pass passes over n bytes.
func (c *Conversation) pass(p []byte, n int, next state) (int, int, error) {
	if len(p) < n {
		return 0, n, nil
	}
	c.state = next
	return n, 0, nil
}

func (c *Conversation) version(p []byte) (int, int, error) {
	if len(p) < versionLen {
		return 0, versionLen, nil
	}
	if !isVersion(p) {
		return 0, 0, ErrTurn
	}
	if c.state == serverVersion {
		copy(c.session.Server[:], p[4:11])
		c.state = clientVersion
	} else {
		copy(c.session.Client[:], p[4:11])
		c.state = offer
	}
	return versionLen, 0, nil
}

// offer reads the security types of the server (RFC 6143 §7.1.2); before 3.7 the one that it chose (§A.1).
func (c *Conversation) offer(p []byte, h Handler) (int, int, error) {
	s := &c.session
	if !s.chooses() {
		if len(p) < 4 {
			return 0, 4, nil
		}
		return 4, 0, c.choose(Security(binary.BigEndian.Uint32(p)), h)
	}
	if len(p) < 1 {
		return 0, 1, nil
	}
	n := int(p[0])
	if n == 0 {
		c.state = reason
		return 1, 0, nil
	}
	if len(p) < 1+n {
		return 0, 1 + n, nil
	}
	for i, t := range p[1 : 1+n] {
		c.offered[i] = Security(t)
	}
	s.Offered = c.offered[:n]
	c.state = choice
	return 1 + n, 0, nil
}

func (c *Conversation) choose(t Security, h Handler) error {
	s := &c.session
	s.Chosen, s.HasChosen = t, true
	switch t {
	case Invalid:
		c.state = reason
	case None:
		if c.state = clientInit; s.explains() {
			c.state = result
		}
	case VNC:
		c.state = challenge
	case TLS:
		c.end(h, false)
		return ErrTLS
	case VeNCrypt:
		c.state = venServer
	default:
		c.end(h, true)
	}
	return nil
}

func (c *Conversation) result(p []byte, h Handler) (int, int, error) {
	if len(p) < 4 {
		return 0, 4, nil
	}
	s := &c.session
	switch s.Code = binary.BigEndian.Uint32(p); s.Code {
	case 0:
		s.Result, c.state = OK, clientInit
		return 4, 0, nil
	case 1:
		s.Result = Failed
	case 2:
		s.Result = TooMany
	default:
		s.Result = Unknown
	}
	if s.explains() {
		c.state = reason
	} else {
		c.end(h, false)
	}
	return 4, 0, nil
}

// reason reads why the server refuses: a text behind its length.
func (c *Conversation) reason(p []byte, h Handler) (int, int, error) {
	n, body := long(p, 0)
	if body == nil {
		return 0, n, nil
	}
	c.text = append(c.text[:0], body...)
	c.session.Reason = text(c.text)
	c.end(h, false)
	return n, 0, nil
}

// long is the text at p[at:] behind a length of four bytes, cut to what is kept, and how many bytes it takes with what is before
// it; nil where there are fewer.
func long(p []byte, at int) (int, []byte) {
	if len(p) < at+4 {
		return at + 4, nil
	}
	n := min(int(binary.BigEndian.Uint32(p[at:])), maxText)
	if len(p) < at+4+n {
		return at + 4 + n, nil
	}
	return at + 4 + n, p[at+4 : at+4+n : at+4+n]
}

// screen reads the server's init (RFC 6143 §7.3.2).
func (c *Conversation) screen(p []byte, h Handler) (int, int, error) {
	const name = 20
	n, body := long(p, name)
	if body == nil {
		return 0, n, nil
	}
	s := &c.session
	s.HasScreen, s.Width, s.Height = true, binary.BigEndian.Uint16(p), binary.BigEndian.Uint16(p[2:])
	s.format(p[4:])
	c.text = append(c.text[:0], body...)
	s.Name = text(c.text)
	c.end(h, false)
	return n, 0, nil
}

// vencrypt reads how both agree on what is inside VeNCrypt (version 0.2): behind all but the plain subtype
// TLS follows.
func (c *Conversation) vencrypt(p []byte, h Handler) (int, int, error) {
	const plain = 256
	switch c.state {
	case venServer:
		return c.pass(p, 2, venClient)
	case venClient:
		return c.pass(p, 2, venAck)
	case venAck:
		if len(p) < 2 {
			return 0, 2, nil
		}
		if p[0] != 0 || p[1] == 0 {
			c.end(h, false)
			return 2, 0, nil
		}
		return c.pass(p, 2+4*int(p[1]), venChoice)
	}
	if c.state == venGo {
		if len(p) < 1 {
			return 0, 1, nil
		}
		c.end(h, false)
		if p[0] == 1 {
			return 1, 0, ErrTLS
		}
		return 1, 0, nil
	}
	if len(p) < 4 {
		return 0, 4, nil
	}
	switch c.session.Subtype = binary.BigEndian.Uint32(p); {
	case c.session.Subtype > plain:
		c.state = venGo
	case c.session.Subtype == plain:
		c.state = credentials
	default:
		c.end(h, false)
	}
	return 4, 0, nil
}

// credentials reads the name that the plain subtype sends in clear, and passes over the password: two lengths, then both.
func (c *Conversation) credentials(p []byte, h Handler) (int, int, error) {
	const lengths = 8
	if len(p) < lengths {
		return 0, lengths, nil
	}
	user, password := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
	if user > maxText || password > maxText {
		c.end(h, false)
		return lengths, 0, nil
	}
	n := lengths + int(user+password)
	if len(p) < n {
		return 0, n, nil
	}
	c.user = append(c.user[:0], p[lengths:lengths+user]...)
	c.session.User, c.session.Clear, c.session.Answered, c.state = c.user, true, true, result
	return n, 0, nil
}

// end tells the session, once.
func (c *Conversation) end(h Handler, unknown bool) {
	c.state = over
	if !c.told && c.session.Server != [8]byte{} {
		c.told = true
		h.Session(&c.session, unknown)
	}
}

// Gap tells that bytes were lost: the beginning cannot be read on.
func (c *Conversation) Gap(wire.Dir, int) error { return wire.ErrLost }

// Close tells what was seen of a session that did not begin.
func (c *Conversation) Close(h Handler) { c.end(h, false) }
