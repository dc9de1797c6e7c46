package quic

import (
	"errors"

	"bulwark/wire"
	"bulwark/wire/tls"
)

// Handler takes what a conversation learns.
type Handler interface {
	// Turned tells that the side which spoke first was the server: from here on the other direction is ToServer.
	Turned()
	// Packet is called for each packet of the handshake that was looked into; dir is who sent it.
	Packet(dir wire.Dir, p *Packet)
	// Session is called once, when the hellos are over one way or another.
	Session(s *Session)
}

// Packet is one packet of a handshake.
type Packet struct {
	*Header
	Client   *tls.ClientHello // the hello that it completes; nil when it does not
	Server   *tls.ServerHello // likewise
	Greeting *Greeting        // Google's hello in it; nil when there is none
	Err      error            // why it could not be read: nil, [ErrDecrypt], [ErrFrames] or [ErrLong]
	Session  *Session         // what is known of the connection
}

// Session is one connection as far as it could be read. It is valid during the call that hands it over.
type Session struct {
	Version  Version
	Client   *tls.ClientHello // nil when it was not seen
	Server   *tls.ServerHello // nil when it was not seen
	Greeting *Greeting        // Google's hello; nil in other versions

	JA3  [32]byte // zero while there is no ClientHello
	JA4  tls.JA4  // likewise
	JA3S [32]byte // zero while there is no ServerHello

	Retried    bool      // the server asked the client to come again
	Negotiated []Version // what the server speaks, where it refused the version asked for

	Closed bool   // a side refused the connection in the clear
	Code   uint64 // of the error then (RFC 9000 §20.1)
	Reason []byte // in the words of the side that closed
}

const (
	// maxFailed is how many packets may fail before a conversation is given up.
	maxFailed = 8
	// maxPackets is how many packets of a handshake are looked into.
	maxPackets = 256
)

// Conversation follows the handshake of one connection. Its zero value is ready.
type Conversation struct {
	// Every has each packet of the handshake told as long as any can be read, also behind the first hello of Google's
	// QUIC and behind packets of the time after the handshake.
	Every bool
	// Opener is shared with other conversations; nil: it has one of its own.
	Opener *Opener
	// Space is where its buffers come from; it may be nil.
	Space *wire.Space

	session   Session
	client    tls.ClientHello
	server    tls.ServerHello
	greeting  Greeting
	offered   [16]Version
	reason    [64]byte
	header    Header
	frames    frames
	packet    Packet
	own       *Opener
	sides     [2]side
	before    stream      // holds the hello of a client that was asked to come again
	version   Version     // of the keys
	id        [maxID]byte // that the keys are derived from
	idLen     int
	keyed     bool
	told      bool
	done      bool
	failed    int
	packets   int
	following bool // the first packet was seen
}

type side struct {
	keys  keys
	hello stream
	next  uint64 // the packet number expected next
	heard bool   // its hello was read
}

// Done tells whether nothing more can be read of the connection.
func (c *Conversation) Done() bool { return c.done }

// Reset makes c ready for another connection.
func (c *Conversation) Reset() {
	c.startOver()
	c.before.reset()
	*c = Conversation{sides: c.sides, before: c.before, client: c.client, server: c.server, own: c.own, Opener: c.Opener, Space: c.Space}
}

// Close hands over a session that was not.
func (c *Conversation) Close(h Handler) { c.tell(h) }

func (c *Conversation) tell(h Handler) {
	s := &c.session
	if !c.told && c.following {
		c.told = true
		h.Session(s)
	}
}

// finish hands over the session; nothing more is looked into.
func (c *Conversation) finish(h Handler) {
	c.done = true
	c.tell(h)
}

// Datagram reads the packets of one datagram. An error says why it was not read to its end; the conversation may go
// on all the same, see [Conversation.Done].
func (c *Conversation) Datagram(dir wire.Dir, p []byte, h Handler) error {
	for len(p) > 0 && !c.done {
		hd := &c.header
		if err := hd.parse(p); err != nil {
			return c.fail(h, err)
		}
		if hd.Kind == Short {
			if p[0]&0x40 != 0 || c.session.Version.Google() { // else it is padding behind the packets
				c.short(dir, h)
			}
			return nil
		}
		if c.sides[dir].heard || hd.end == 0 {
			return nil // all that follows is encrypted with other keys, or repeats
		}
		if c.packets++; c.packets > maxPackets {
			c.finish(h)
			return nil
		}
		if err := c.read(&dir, p[:hd.end], h); err != nil {
			return c.fail(h, err)
		}
		p = p[hd.end:]
	}
	return nil
}

// fail counts what could not be read.
func (c *Conversation) fail(h Handler, err error) error {
	if c.failed++; c.failed >= maxFailed {
		c.finish(h)
	}
	return err
}

// short notes a packet of the time after the handshake: a client sends it when it has heard the server's hello.
func (c *Conversation) short(dir wire.Dir, h Handler) {
	switch {
	case dir == wire.ToClient || !c.following:
	case c.Every:
		c.tell(h)
	default:
		c.finish(h)
	}
}

// read looks into the packet p.
func (c *Conversation) read(dir *wire.Dir, p []byte, h Handler) error {
	hd := &c.header
	c.packet = Packet{Header: hd, Session: &c.session}
	if !c.following || hd.Kind == Initial && *dir == wire.ToServer && !c.sides[0].heard {
		c.session.Version = hd.Version
	}
	c.following = true
	var err error
	switch hd.Kind {
	case Initial:
		err = c.initial(dir, p, h)
	case Retry:
		c.retry(*dir)
	case VersionNegotiation:
		c.negotiate(*dir)
	}
	c.packet.Err = err
	h.Packet(*dir, &c.packet)
	c.conclude(h)
	return err
}

// conclude ends the conversation when both sides have said their hello, or one has closed the connection.
func (c *Conversation) conclude(h Handler) {
	s := &c.session
	switch {
	case c.sides[0].heard && c.sides[1].heard, s.Closed:
		c.finish(h)
	case s.Greeting != nil && !c.Every:
		c.finish(h)
	case s.Greeting != nil:
		c.tell(h)
	}
}

// initial opens an Initial and reads its frames.
func (c *Conversation) initial(dir *wire.Dir, p []byte, h Handler) error {
	v := c.header.Version
	if v.clear() {
		if c.greeting.find(v, p[c.header.number:]) {
			c.greet()
		}
		return nil
	}
	if v.salt() == "" {
		return nil // its version is all that can be told
	}
	plain, err := c.open(dir, p, h)
	if err != nil {
		return err
	}
	s := &c.sides[*dir]
	c.frames, s.hello.space = frames{}, c.Space
	if err := c.frames.read(v, plain, &s.hello); err != nil {
		return err
	}
	if c.frames.closed {
		c.session.Closed, c.session.Code = true, c.frames.code
		c.session.Reason = c.reason[:copy(c.reason[:], c.frames.reason)]
	}
	return c.hello(*dir, s)
}

// greet takes the hello of Google's QUIC. What is kept of it must outlast the datagram.
func (c *Conversation) greet() {
	c.packet.Greeting = &c.greeting
	c.session.Greeting = &c.greeting
}

// open decrypts an Initial. Keys change with a Retry, which may not have been seen, and the side that was heard first
// may be the server: an Initial that does not open is tried as the client's first.
func (c *Conversation) open(dir *wire.Dir, p []byte, h Handler) ([]byte, error) {
	hd, o := &c.header, c.opener()
	if c.keyed {
		s := &c.sides[*dir]
		if s.keys.packet == nil {
			s.keys = initialKeys(c.version, c.id[:c.idLen], senders[*dir])
		}
		if plain, n, ok := o.open(&s.keys, p, hd, s.next); ok {
			s.next = max(s.next, n+1)
			return plain, nil
		}
		if *dir == wire.ToClient || string(c.id[:c.idLen]) == string(hd.DestID) {
			return nil, ErrDecrypt
		}
	}
	k := initialKeys(hd.Version, hd.DestID, senders[wire.ToServer])
	plain, n, ok := o.open(&k, p, hd, 0)
	if !ok {
		return nil, ErrDecrypt
	}
	if *dir == wire.ToClient {
		*dir = wire.ToServer
		h.Turned()
	}
	c.startOver()
	c.version, c.idLen, c.keyed = hd.Version, copy(c.id[:], hd.DestID), true
	c.sides[0].keys, c.sides[0].next = k, n+1
	return plain, nil
}

func (c *Conversation) opener() *Opener {
	if c.Opener != nil {
		return c.Opener
	}
	if c.own == nil {
		c.own = new(Opener)
	}
	return c.own
}

// startOver forgets the keys and what was said under them, but not a hello of the client that was read.
func (c *Conversation) startOver() {
	if c.sides[0].heard {
		c.sides[0].hello, c.before = c.before, c.sides[0].hello
	}
	for i := range c.sides {
		s := &c.sides[i]
		s.hello.reset()
		*s = side{hello: s.hello}
	}
	c.keyed = false
}

// retry notes that the client shall come again, with other keys. It obeys once (RFC 9000 §17.2.5.2).
func (c *Conversation) retry(dir wire.Dir) {
	if dir == wire.ToClient && !c.session.Retried {
		c.session.Retried = true
		c.startOver()
	}
}

// negotiate notes the versions that the server offers in place of the client's (RFC 9000 §6).
func (c *Conversation) negotiate(dir wire.Dir) {
	if dir != wire.ToClient || c.sides[1].heard {
		return
	}
	c.session.Negotiated = c.offered[:0]
	for v := range c.header.Offers {
		c.session.Negotiated = append(c.session.Negotiated, v)
	}
	c.startOver()
}

// The types of the handshake messages that stand in Initials (RFC 8446 §4).
const (
	messageClientHello = 1
	messageServerHello = 2
)

// hello reads the hello of a side once all of it is there.
func (c *Conversation) hello(dir wire.Dir, s *side) error {
	kind, body, ok := s.hello.message()
	if c.header.Version.Google() && c.header.Version>>24 == 'Q' {
		if c.greeting.parse(c.header.Version, s.hello.bytes) && len(s.hello.pieces) == 1 {
			c.greet()
		}
		return nil
	}
	if !ok {
		return nil
	}
	switch {
	case kind == messageClientHello && dir == wire.ToServer:
		return c.clientHello(body, s)
	case kind == messageServerHello && dir == wire.ToClient:
		return c.serverHello(body, s)
	}
	return ErrFrames
}

func (c *Conversation) clientHello(body []byte, s *side) error {
	if err := c.client.Parse(body); err != nil {
		return errors.Join(ErrFrames, err)
	}
	s.heard = true
	c.packet.Client, c.session.Client = &c.client, &c.client
	c.session.JA3, c.session.JA4 = c.client.JA3(), c.client.JA4(tls.OverQUIC)
	return nil
}

func (c *Conversation) serverHello(body []byte, s *side) error {
	if err := c.server.Parse(body); err != nil {
		return errors.Join(ErrFrames, err)
	}
	s.heard = true
	c.packet.Server, c.session.Server = &c.server, &c.server
	c.session.JA3S = c.server.JA3S()
	return nil
}
