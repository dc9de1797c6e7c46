package tls

import (
	"encoding/binary"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

// ssl2Header is the length, the type of the message, and three fields of two bytes or more behind them.
const ssl2Header = 11

// ssl2 reads a message of SSL 2.0, at the beginning of either side. Clients that still knew it greeted in its form
// and named a higher version in it (RFC 5246 §E.2). It returns the length of the message.
func (c *Conversation) ssl2(dir wire.Dir, p []byte, h Handler) (n int, err error) {
	s := &c.sides[dir]
	if s.seen || s.lost || p[0]&0x80 == 0 {
		return 0, ErrRecord
	}
	n = 2 + (int(p[0]&0x7f)<<8 | int(p[1]))
	switch {
	case n < ssl2Header:
		return 0, ErrRecord
	case dir == wire.ToServer && p[2] == messageClientHello:
		if len(p) < n {
			return n, nil
		}
		return n, c.ssl2ClientHello(p[:n], h)
	case dir == wire.ToClient && p[2] == 4 && c.session.SSL2:
		if len(p) < n {
			return n, nil
		}
		c.ssl2ServerHello(p[:n], h)
		return n, nil
	}
	return 0, ErrRecord
}

// ssl2ClientHello reads a ClientHello of the old form: lengths of the cipher specs, the session id and the challenge,
// then these. A cipher spec has three bytes, of which the first is 0 for the suites of SSL 3.0 and later.
func (c *Conversation) ssl2ClientHello(p []byte, h Handler) error {
	if !ssl2Plausible(p) {
		return ErrRecord
	}
	body := octets.Of(p[3:])
	version := Version(body.U16())
	specs, session, challenge := int(body.U16()), int(body.U16()), int(body.U16())
	suites := c.hellos[0][:0]
	list := octets.Of(body.Take(specs))
	for len(list.Rest) >= 3 {
		if spec := list.Take(3); spec[0] == 0 {
			suites = append(suites, spec[1], spec[2])
		}
	}
	n := len(suites)
	suites = append(append(suites, body.Take(session)...), body.Take(challenge)...)
	c.hellos[0] = suites
	c.client.reset()
	c.client.Version = version
	c.client.CipherSuites = suites[:n]
	if !body.Short {
		c.client.SessionID = suites[n : n+session]
		c.client.Random = suites[n+session:]
	}
	c.session.Client, c.session.SSL2 = &c.client, true
	h.Step(wire.ToServer, ClientHelloSeen, &c.session)
	return nil
}

// ssl2Plausible judges the first eleven bytes of a ClientHello of the old form.
func ssl2Plausible(p []byte) bool {
	if len(p) < ssl2Header || p[0]&0x80 == 0 || p[2] != messageClientHello {
		return false
	}
	version := Version(binary.BigEndian.Uint16(p[3:]))
	specs, session := int(binary.BigEndian.Uint16(p[5:])), int(binary.BigEndian.Uint16(p[7:]))
	challenge := int(binary.BigEndian.Uint16(p[9:]))
	return (version == VersionSSL20 || version>>8 == 3 && version <= VersionTLS13) &&
		specs > 0 && specs%3 == 0 && (session == 0 || session == 16) && challenge >= 16 && challenge <= 32 &&
		ssl2Header-2+specs+session+challenge == int(p[0]&0x7f)<<8|int(p[1])
}

// ssl2ServerHello notes that the server speaks SSL 2.0 indeed. What follows is not read: nobody may use it any more
// (RFC 6176).
func (c *Conversation) ssl2ServerHello(p []byte, h Handler) {
	c.server.reset()
	c.server.Version = Version(binary.BigEndian.Uint16(p[5:]))
	c.server.legacy = c.server.Version
	c.session.Server = &c.server
	h.Step(wire.ToClient, ServerHelloSeen, &c.session)
	c.sides[0].ended, c.sides[1].ended = true, true
}
