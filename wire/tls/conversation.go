package tls

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

// The types of records (RFC 8446 §5.1, RFC 6520).
const (
	recordChangeCipherSpec = 20
	recordAlert            = 21
	recordHandshake        = 22
	recordData             = 23
	recordHeartbeat        = 24
)

// The types of handshake messages that are read (RFC 8446 §4, RFC 5246 §7.4).
const (
	messageClientHello        = 1
	messageServerHello        = 2
	messageCertificate        = 11
	messageServerKeyExchange  = 12
	messageCertificateRequest = 13
	messageServerHelloDone    = 14
	messageClientKeyExchange  = 16
)

const (
	recordHeader = 5
	// maxRecord is RFC 5246 §6.2.3: 2^14 bytes and 2,048 for what encryption adds.
	maxRecord = 1<<14 + 2048
	// maxMessage is how long a handshake message is put together, in bytes; longer ones are passed over. OpenSSL takes
	// no longer ClientHello.
	maxMessage = 131_396
	// keepBuffer is how much memory a conversation keeps for the next one.
	keepBuffer = 16 << 10
	// rest skips all that may ever follow.
	rest = 1 << 62
)

// ErrRecord means that bytes stand where a record should begin.
var ErrRecord = fmt.Errorf("tls: no record: %w", wire.ErrMalformed)

// Conversation follows one TLS connection until it is encrypted. Its zero value is ready.
type Conversation struct {
	// Certificates remembers certificates from one conversation to the next; nil means that each is read anew.
	Certificates *Certificates

	// Lengths, where it is set, is told the lengths of the records of data; nil means that they are passed over at once.
	Lengths *Lengths

	// Space is where its buffers come from; it may be nil.
	Space *wire.Space

	session   Session
	client    ClientHello
	server    ServerHello
	alert     Alert
	hellos    [2][]byte    // the bodies that client and server point into
	room      [2][640]byte // of hellos, as long as it is enough
	sides     [2]side
	told      bool // the session was handed over
	datagrams bool // it is one of DTLS
	full      bool // the server went on in the clear behind its hello, so that no session is resumed
}

type side struct {
	message  []byte // of a handshake message, what came in earlier records
	pass     int    // bytes of an over-long handshake message still to come
	seen     bool   // it has sent something
	ciphers  bool   // ChangeCipherSpec was seen
	finished bool   // it has sent its Finished, as far as can be told from outside
	data     bool   // it has sent data
	ended    bool   // nothing more can be read from this side
	lost     bool   // some of its bytes were lost
	sync     bool   // a record must be found first
}

// Done tells whether nothing more will come of this conversation: each side is encrypted or has given up.
func (c *Conversation) Done() bool { return c.sides[0].ended && c.sides[1].ended }

// Session is what both sides have said so far.
func (c *Conversation) Session() *Session { return &c.session }

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for i := range c.sides {
		c.sides[i] = side{message: reuse(c.sides[i].message)}
		c.hellos[i] = reuse(c.hellos[i])
	}
	c.session, c.alert = Session{}, Alert{}
	c.told, c.full, c.Lengths = false, false, nil
}

func reuse(b []byte) []byte {
	if cap(b) > keepBuffer {
		return nil
	}
	return b[:0]
}

// Decode reads the records of one direction. Behind the last that is readable it asks to skip the rest.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	if s.sync && !s.ended {
		n, found := findRecord(p)
		if !found {
			return n, 0, nil
		}
		done, s.sync = n, false
	}
	for !s.ended && done < len(p) {
		r := p[done:]
		if len(r) < recordHeader {
			return done, recordHeader, nil
		}
		n := 0
		if plausible(r) {
			n, err = c.record(dir, r, h)
		} else {
			n, err = c.ssl2(dir, r, h)
		}
		if err != nil {
			s.ended = true
			c.tell(h)
			return done, 0, err
		}
		if n > len(r) && !skippable(r) {
			return done, n, nil
		}
		s.seen = true
		done += n
		c.conclude(h)
	}
	if s.ended && c.Lengths != nil {
		return c.follow(dir, p, done)
	}
	if s.ended {
		return rest, 0, nil
	}
	return done, 0, nil
}

// plausible tells whether p, of at least five bytes, begins with the header of a record.
func plausible(p []byte) bool {
	n := binary.BigEndian.Uint16(p[3:])
	return p[0] >= recordChangeCipherSpec && p[0] <= recordHeartbeat && p[1] == 3 && p[2] <= 4 && n <= maxRecord
}

// skippable tells whether the record that p begins with is skipped without its body being there.
func skippable(p []byte) bool { return p[0] == recordData || p[0] == recordHeartbeat }

// findRecord looks for a record behind a gap: a header, and another or the end of p where its record ends.
// Where there is none it passes p by.
func findRecord(p []byte) (n int, found bool) {
	if len(p) < recordHeader {
		return 0, false // what is kept grows until it can be judged
	}
	if plausible(p) {
		return 0, true
	}
	for i := 1; i+recordHeader <= len(p); i++ {
		if !plausible(p[i:]) {
			continue
		}
		end := i + recordHeader + int(binary.BigEndian.Uint16(p[i+3:]))
		if end == len(p) || (end+recordHeader <= len(p) && plausible(p[end:])) {
			return i, true
		}
	}
	return len(p), false
}

// record reads the record that p begins with and returns its length. Where p ends before the record does, and the
// record is one to look into, nothing else has happened.
func (c *Conversation) record(dir wire.Dir, p []byte, h Handler) (n int, err error) {
	s := &c.sides[dir]
	n = recordHeader + int(binary.BigEndian.Uint16(p[3:]))
	switch {
	case p[0] == recordData:
		c.data(dir, n-recordHeader)
		return n, nil
	case p[0] == recordHeartbeat || len(p) < n:
		return n, nil
	}
	body := p[recordHeader:n]
	switch p[0] {
	case recordChangeCipherSpec:
		c.changeCipherSpec(dir)
	case recordAlert:
		c.alerted(dir, body, h)
	case recordHandshake:
		if s.ciphers && !wholeClientHello(body) {
			s.finished, s.ended = true, true
			break
		}
		err = c.handshake(dir, body, h)
	}
	return n, err
}

// encryptedAlert is the length of an alert in TLS 1.3: 2 bytes, one of content type, 16 of tag (RFC 8446 §5.2).
// The messages of a handshake are longer.
const encryptedAlert = 19

// data notes a record of n bytes of data: what follows from its side is encrypted. In TLS 1.3 the Finished poses as
// data; a side that gives up sends an alert in its place.
func (c *Conversation) data(dir wire.Dir, n int) {
	s := &c.sides[dir]
	if c.Lengths != nil {
		c.Lengths.note(dir, n, c.session.Version().is13())
	}
	if dir == wire.ToServer && c.session.Server == nil && c.session.Client != nil && c.client.EarlyData {
		return // RFC 8446 §2.3: data before the server has answered
	}
	s.ended, s.data = true, true
	s.finished = !c.session.Version().is13() || n != encryptedAlert
}

func (c *Conversation) changeCipherSpec(dir wire.Dir) {
	if c.session.Version().is13() {
		return // RFC 8446 §D.4: sent for the sake of middleboxes
	}
	s := &c.sides[dir]
	if dir == wire.ToClient && !s.ciphers {
		// RFC 5246 §7.3: a server that resumes changes right behind its hello.
		c.session.Resumed = c.session.Server != nil && !c.full && !s.lost
	}
	s.ciphers = true
}

// alerted reads an alert in the clear (RFC 8446 §6). An encrypted one is longer, and ends what can be read.
func (c *Conversation) alerted(dir wire.Dir, body []byte, h Handler) {
	s := &c.sides[dir]
	if s.ciphers || len(body) != 2 {
		s.ended = true
		return
	}
	a := Alert{Dir: dir, Fatal: body[0] == 2, Description: AlertDescription(body[1])}
	if a.Fatal && c.session.Alert == nil {
		c.alert = a
		c.session.Alert = &c.alert
	}
	h.Step(dir, AlertSeen, &c.session)
	if a.Fatal {
		c.sides[0].ended, c.sides[1].ended = true, true
	}
}

// wholeClientHello tells whether the body of a record is one ClientHello in the clear. In TLS 1.3 a client may send
// its second behind a ChangeCipherSpec (RFC 8446 §D.4).
func wholeClientHello(body []byte) bool {
	return len(body) > 4 && body[0] == messageClientHello && int(binary.BigEndian.Uint32(body)&0xffffff) == len(body)-4
}

// conclude hands the session over when both sides have finished or given up.
func (c *Conversation) conclude(h Handler) {
	if c.Done() {
		c.session.Established = c.sides[0].finished && c.sides[1].finished
		c.tell(h)
	}
}

func (c *Conversation) tell(h Handler) {
	if s := &c.session; !c.told && (s.Client != nil || s.Server != nil || s.Alert != nil || s.ServerCertificate != nil) {
		c.told = true
		h.Session(s)
	}
}

// Gap goes on with the next record that can be found.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	s := &c.sides[dir]
	s.message, s.pass = s.message[:0], 0
	s.lost, s.sync = true, true
	return nil
}

// Close hands over a session that was not. Where one side was never seen, data of the other tell that the handshake
// went well.
func (c *Conversation) Close(h Handler) {
	for i := range c.sides {
		if s := &c.sides[i]; s.data && s.finished && !c.sides[i^1].seen {
			c.session.Established = true
		}
	}
	c.tell(h)
}

// handshake reads the messages in a record, of which the first may have begun in an earlier one and the last may go on.
func (c *Conversation) handshake(dir wire.Dir, b []byte, h Handler) error {
	s := &c.sides[dir]
	n := min(s.pass, len(b))
	s.pass -= n
	b = b[n:]
	whole := len(s.message) == 0
	if !whole {
		s.message = c.Space.Append(s.message, b)
		b = s.message
	}
	for len(b) >= 4 {
		n := 4 + int(binary.BigEndian.Uint32(b)&0xffffff)
		if n > len(b) {
			if n > maxMessage {
				s.pass = n - len(b)
				b = nil
			}
			break
		}
		if err := c.message(dir, b[0], b[4:n], h); err != nil {
			return err
		}
		b = b[n:]
	}
	if whole {
		s.message = c.Space.Append(s.message[:0], b)
	} else {
		s.message = s.message[:copy(s.message, b)]
	}
	return nil
}

func (c *Conversation) message(dir wire.Dir, kind byte, body []byte, h Handler) error {
	switch kind {
	case messageClientHello:
		return c.clientHello(dir, body, h)
	case messageServerHello:
		return c.serverHello(dir, body, h)
	case messageCertificate:
		c.full = c.full || dir == wire.ToClient
		c.certificate(dir, body, h)
	case messageServerKeyExchange, messageClientKeyExchange:
		c.full = true
	case messageHelloVerifyRequest:
		c.session.Retried = true
	case messageCertificateRequest:
		c.session.AsksClient = true
	case messageServerHelloDone:
		c.full = true
		h.Step(dir, ServerDone, &c.session)
	}
	return nil
}

// keep copies the body of the hello of one side.
func (c *Conversation) keep(side int, body []byte) {
	if cap(c.hellos[side]) == 0 {
		c.hellos[side] = c.room[side][:0]
	}
	c.hellos[side] = c.Space.Append(c.hellos[side][:0], body)
}

func (c *Conversation) clientHello(dir wire.Dir, body []byte, h Handler) error {
	if c.session.Client != nil {
		return nil // the answer to a HelloRetryRequest, or a repetition
	}
	c.keep(0, body)
	err, over := error(nil), byte(OverTCP)
	if c.datagrams {
		err, over = c.client.ParseDTLS(c.hellos[0]), OverDTLS
	} else {
		err = c.client.Parse(c.hellos[0])
	}
	c.session.Client = &c.client
	if err != nil {
		return err
	}
	c.session.JA3, c.session.JA4 = c.client.JA3(), c.client.JA4(over)
	h.Step(dir, ClientHelloSeen, &c.session)
	return nil
}

func (c *Conversation) serverHello(dir wire.Dir, body []byte, h Handler) error {
	if c.session.Server != nil && !c.server.Retry {
		return nil
	}
	c.keep(1, body)
	err := c.server.Parse(c.hellos[1])
	c.session.Server = &c.server
	if err != nil {
		return err
	}
	if c.server.Retry {
		c.session.Retried = true
	}
	c.session.Resumed = c.server.Resumes && c.server.Version.is13()
	c.session.JA3S = c.server.JA3S()
	h.Step(dir, ServerHelloSeen, &c.session)
	return nil
}

// certificate reads a Certificate up to TLS 1.2 (RFC 5246 §7.4.2): a list of DER with lengths of three bytes.
func (c *Conversation) certificate(dir wire.Dir, body []byte, h Handler) {
	list := octets.Of(body)
	chain := list.Take(min(list.U24(), len(list.Rest)))
	first := octets.Of(chain)
	leaf := first.Take(first.U24())
	if len(leaf) == 0 {
		return // RFC 5246 §7.4.6: a client that has none
	}
	if dir == wire.ToClient {
		c.session.ServerCertificate = c.Certificates.Get(leaf)
	} else {
		c.session.ClientCertificate = c.Certificates.Get(leaf)
	}
	c.session.chain = chain
	h.Step(dir, CertificateSeen, &c.session)
	c.session.chain = nil
}
