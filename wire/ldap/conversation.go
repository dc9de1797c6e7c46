package ldap

import (
	"encoding/binary"
	"errors"

	"bulwark/wire"
	"bulwark/wire/ber"
)

const (
	// MaxWaiting is how many requests of a conversation wait for their answers; of more, the oldest is reported as
	// it stands.
	MaxWaiting = 32
	// maxScan is how many bytes behind a gap are searched for the next message before the conversation is given up.
	maxScan = 4 << 20
	// maxMessage is the longest message that is believed, in bytes.
	maxMessage = 64 << 20
)

// Exchange is a request with what came of it.
type Exchange struct {
	// Request is nil when it was not seen; its attributes are without values, and Credentials are left out.
	Request *Message
	// Reply is the last answer: the one that ends the exchange, or nil.
	Reply *Message
	// Entries and References are what a search has found, Bytes how long these answers were together.
	Entries, References uint64
	Bytes               uint64
	// Abandoned says that the client has taken the request back.
	Abandoned bool
}

// Layer is what makes the rest of a conversation unreadable.
type Layer uint8

// The layers.
const (
	SASL Layer = iota + 1 // messages are encrypted by SASL (RFC 4422 §3.7)
	TLS                   // StartTLS has succeeded
)

func (l Layer) String() string {
	switch l {
	case SASL:
		return "SASL"
	case TLS:
		return "TLS"
	}
	return "none"
}

// Handler is told what was asked and what came of it. What it is handed is valid during the call only.
type Handler interface {
	Exchange(x *Exchange)
	// Sealed is called once, when the conversation can no longer be read.
	Sealed(by Layer)
}

// MessageHandler is a [Handler] that wants each message too, with attributes and values, before the exchange it ends.
type MessageHandler interface {
	Handler
	Message(dir wire.Dir, m *Message)
}

// EntryHandler is a [Handler] that wants the entries of a search at the root: what a server says of itself (RFC 4512
// §5.1), of its domain and of the site of who asks ([Netlogon]).
type EntryHandler interface {
	Handler
	Entry(request, entry *Message)
}

// Conversation reads the messages of one flow, over TCP or UDP. The zero value is ready.
type Conversation struct {
	Pool *Pool // shared with other conversations; nil: each message has memory of its own

	sides   [2]side
	waiting []waiting // requests, the oldest first
	message Message   // scratch
	scratch Exchange
	sealed  bool // and told so
	tls     bool
}

// waiting is a request without its answer.
type waiting struct {
	request                    Message
	entries, references, bytes uint64
}

// side is one direction.
type side struct {
	left    int // bytes of messages in the present SASL buffer that are not done
	tail    int // bytes of it behind these
	skip    int // bytes that a gap left over of it
	lost    bool
	scanned int
}

// Probe says whether p begins a conversation over TCP, and from which side.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	if ber.Tag(p[0]) == ber.Sequence {
		return probeMessage(p)
	}
	return probeToken(p)
}

// ProbeDatagram says whether p is a message over UDP, and from which side.
func ProbeDatagram(p []byte) (wire.Match, wire.Dir) {
	match, dir := probeMessage(p)
	if match == wire.Unsure {
		match = wire.No
	}
	return match, dir
}

// probeLength is how many bytes are enough for [Probe].
const probeLength = 10 + 10 + 10

// probeMessage asks for a sequence of a number and an operation that fits in it.
func probeMessage(p []byte) (wire.Match, wire.Dir) {
	if len(p) > 0 && ber.Tag(p[0]) != ber.Sequence {
		return wire.No, wire.Either
	}
	_, head, length, err := ber.Header(p)
	if err != nil {
		return unlessShort(err), wire.Either
	}
	if length > maxMessage {
		return wire.No, wire.Either
	}
	tag, idHead, idLength, err := ber.Header(p[head:])
	if err != nil {
		return unlessShort(err), wire.Either
	}
	if tag != ber.Integer || idLength == 0 || idLength > 5 {
		return wire.No, wire.Either
	}
	at := head + idHead + idLength
	if at >= len(p) {
		return wire.Unsure, wire.Either
	}
	tag, opHead, opLength, err := ber.Header(p[at:])
	if err != nil {
		return unlessShort(err), wire.Either
	}
	if !isOp(tag) || idHead+idLength+opHead+opLength > length {
		return wire.No, wire.Either
	}
	if Op(tag.Number()).IsRequest() {
		return wire.Yes, wire.ToServer
	}
	return wire.Yes, wire.ToClient
}

func unlessShort(err error) wire.Match {
	if errors.Is(err, ber.ErrShort) {
		return wire.Unsure
	}
	return wire.No
}

// probeToken asks for a SASL buffer that holds a Kerberos token (RFC 4121 §4.2.6.2): what a conversation looks like
// that was picked up behind its sign-on.
func probeToken(p []byte) (wire.Match, wire.Dir) {
	for i, b := range p[:min(len(p), 4+4)] {
		ok := true
		switch i {
		case 0: // 16 MiB
			ok = b == 0
		case 4:
			ok = b == 5
		case 5:
			ok = b == 4
		case 6:
			ok = b < 8
		case 7:
			ok = b == 0xff
		}
		if !ok {
			return wire.No, wire.Either
		}
	}
	if len(p) < 4+4 {
		return wire.Unsure, wire.Either
	}
	if p[6]&1 != 0 { // SentByAcceptor
		return wire.Yes, wire.ToClient
	}
	return wire.Yes, wire.ToServer
}

// Datagram reads the messages of one datagram.
func (c *Conversation) Datagram(dir wire.Dir, p []byte, h Handler) error {
	each, _ := h.(MessageHandler)
	entries, _ := h.(EntryHandler)
	for len(p) > 0 {
		rest, err := Parse(p, &c.message)
		if err != nil {
			return err
		}
		c.take(dir, len(p)-len(rest), told{h, each, entries, true})
		p = rest
	}
	return nil
}

// told is the handler in all its forms; each and entries are nil when it does not want such.
type told struct {
	h        Handler
	each     MessageHandler
	entries  EntryHandler
	datagram bool
}

// Decode reads messages that come over TCP. It returns [ErrTLS] when StartTLS has succeeded.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir&1]
	each, _ := h.(MessageHandler)
	entries, _ := h.(EntryHandler)
	to := told{h: h, each: each, entries: entries}
	done, s.skip = s.skip, 0
	for done < len(p) {
		if c.tls {
			return done, 0, ErrTLS
		}
		if s.lost {
			n, err := s.find(p[done:])
			done += n
			if s.lost || err != nil {
				return done, 0, err
			}
		}
		n, need, err := c.unit(dir, s, p[done:], to)
		done += n
		if need > 0 || err != nil {
			return done, need, err
		}
	}
	return done, 0, nil
}

// unit reads one message or the beginning of a SASL buffer. need is above 0 when that takes more bytes.
func (c *Conversation) unit(dir wire.Dir, s *side, p []byte, to told) (n, need int, err error) {
	room := maxMessage
	if s.left > 0 {
		room = s.left
	}
	if ber.Tag(p[0]) != ber.Sequence && s.left == 0 {
		n, need = c.buffer(s, p, to)
		return n, need, nil
	}
	_, head, length, err := ber.Header(p)
	switch {
	case errors.Is(err, ber.ErrShort) && len(p) < room:
		return 0, len(p) + 1, nil
	case err != nil || ber.Tag(p[0]) != ber.Sequence || length > maxMessage:
		return s.stray()
	}
	total := head + length
	if total > room { // it does not fit in the SASL buffer
		return s.stray()
	}
	want := min(total, wire.MaxPending)
	if to.each == nil {
		want = min(want, c.needed(p, head, to))
	}
	if len(p) < want {
		return 0, want, nil
	}
	if err := c.read(dir, p[:want], total, s.left > 0, to); err != nil {
		return s.stray()
	}
	return s.end(total), 0, nil
}

// needed is how many bytes of a message are enough when nobody wants to see all: of an entry, which operation it is.
func (c *Conversation) needed(p []byte, head int, to told) int {
	const header = 10 // of the operation
	at := head + 2
	if len(p) > head+1 {
		at += int(min(p[head+1], 5)) // the length of the number
	}
	if len(p) < at+header {
		return at + header
	}
	switch t := ber.Tag(p[at]); {
	case !isOp(t):
		return at + header
	case Op(t.Number()) == SearchEntry && to.entries != nil:
		in := ber.OpenCut(p[head:])
		id, _ := in.Next().Int()
		if i := c.index(int32(id)); i >= 0 && c.waiting[i].request.atRoot() {
			return wire.MaxPending
		}
		return at + header
	case Op(t.Number()) == SearchEntry, Op(t.Number()) == SearchReference, Op(t.Number()) == IntermediateResponse:
		return at + header
	}
	return wire.MaxPending
}

// end is done with n bytes of messages, and with what is behind the last of a SASL buffer.
func (s *side) end(n int) int {
	if s.left == 0 {
		return n
	}
	if s.left -= n; s.left == 0 {
		n += s.tail
		s.tail = 0
	}
	return n
}

// stray passes over what is no message: the rest of a SASL buffer, or all up to the next message that is found.
func (s *side) stray() (n, need int, err error) {
	if s.left > 0 {
		return s.end(s.left), 0, nil
	}
	s.lost, s.scanned = true, 0
	return 1, 0, nil // not to find the same again
}

// find looks for the next message and says how many bytes lie before it.
func (s *side) find(p []byte) (n int, err error) {
	for i := range p {
		if p[i] != byte(ber.Sequence) && p[i] != 0 {
			continue
		}
		match, _ := Probe(p[i:])
		if match == wire.Yes {
			s.lost = false
			return i, nil
		}
		if match == wire.Unsure && len(p)-i < probeLength {
			n = i
			if s.scanned += n; s.scanned > maxScan {
				err = wire.ErrLost
			}
			return n, err
		}
	}
	if s.scanned += len(p); s.scanned > maxScan {
		err = wire.ErrLost
	}
	return len(p), err
}

// buffer reads the beginning of a SASL buffer: four bytes of length, then what the mechanism made of the messages
// (RFC 4422 §3.7).
func (c *Conversation) buffer(s *side, p []byte, to told) (n, need int) {
	const look = 4 + maxToken
	if len(p) < 4 {
		return 0, 4
	}
	length := int(binary.BigEndian.Uint32(p))
	if length == 0 || length > maxMessage/4 {
		n, need, _ = s.stray()
		return n, need
	}
	want := min(4+length, look)
	if len(p) < want {
		return 0, want
	}
	prefix, tail, clear := unwrap(p[4:want], length)
	if !clear || prefix+tail >= length {
		c.seal(SASL, to)
		return 4 + length, 0
	}
	s.left, s.tail = length-prefix-tail, tail
	return 4 + prefix, 0
}

// seal tells, once, that the conversation can no longer be read.
func (c *Conversation) seal(by Layer, to told) {
	if !c.sealed {
		c.sealed = true
		to.h.Sealed(by)
	}
}

// read reads a message of total bytes, of which p holds the first.
func (c *Conversation) read(dir wire.Dir, p []byte, total int, signed bool, to told) error {
	c.message.pool = c.Pool
	_, err := Parse(p, &c.message)
	if errors.Is(err, ErrMessage) {
		return err
	}
	c.message.Signed = signed
	c.take(dir, total, to)
	return nil
}

// take reports a message and joins it with what it belongs to.
func (c *Conversation) take(dir wire.Dir, size int, to told) {
	m := &c.message
	if m.Op == ExtendedResponse { // RFC 3062 §3: it may hold the new password
		if i := c.index(m.ID); i >= 0 && string(c.waiting[i].request.OID) == oidPassword {
			m.Password, m.Value = len(m.Value) > 0, nil
		}
	}
	if to.each != nil {
		to.each.Message(dir, m)
	}
	switch {
	case m.Op == UnbindRequest:
		c.tell(Exchange{Request: m}, to)
	case m.Op == AbandonRequest:
		c.tell(Exchange{Request: m}, to)
		if i := c.index(m.Abandoned); i >= 0 {
			c.conclude(i, Exchange{Abandoned: true}, to)
		}
	case m.Op.IsRequest():
		c.request(m, to)
	default:
		c.answer(m, size, to)
	}
}

// request keeps a request until its answer comes.
func (c *Conversation) request(m *Message, to told) {
	if i := c.index(m.ID); i >= 0 { // over UDP a client repeats itself; else the number is used anew
		if to.datagram {
			return
		}
		c.conclude(i, Exchange{}, to)
	}
	if len(c.waiting) == MaxWaiting {
		c.conclude(0, Exchange{}, to)
	}
	n := len(c.waiting)
	if n < cap(c.waiting) {
		c.waiting = c.waiting[:n+1] // with the buffers of an earlier one
	} else {
		c.waiting = c.Pool.waiting().Add(c.waiting, waiting{})
	}
	w := &c.waiting[n]
	w.entries, w.references, w.bytes = 0, 0, 0
	w.request.pool = c.Pool
	w.request.keep(m)
}

// answer counts an answer, and concludes the exchange that it ends.
func (c *Conversation) answer(m *Message, size int, to told) {
	i := c.index(m.ID)
	if i < 0 {
		if m.Op.ends() {
			c.tell(Exchange{Reply: m}, to)
		}
		return
	}
	w := &c.waiting[i]
	switch m.Op {
	case SearchEntry:
		w.entries++
		if to.entries != nil && w.request.atRoot() {
			to.entries.Entry(&w.request, m)
		}
	case SearchReference:
		w.references++
	}
	w.bytes += uint64(size)
	if !m.Op.ends() {
		return
	}
	starttls := m.Op == ExtendedResponse && m.Code == Success && string(w.request.OID) == OIDStartTLS
	c.conclude(i, Exchange{Reply: m}, to)
	if starttls {
		c.tls = true
		c.seal(TLS, to)
	}
}

// atRoot says whether m searches the root, which is no part of a directory but the server itself.
func (m *Message) atRoot() bool {
	return m.Op == SearchRequest && len(m.Name) == 0 && m.Scope == BaseObject
}

// index is the request with the number id, -1 when there is none.
func (c *Conversation) index(id int32) int {
	for i := range c.waiting {
		if c.waiting[i].request.ID == id {
			return i
		}
	}
	return -1
}

// tell reports an exchange.
func (c *Conversation) tell(x Exchange, to told) {
	c.scratch = x
	to.h.Exchange(&c.scratch)
}

// conclude reports request i and takes it out.
func (c *Conversation) conclude(i int, x Exchange, to told) {
	w := &c.waiting[i]
	x.Request, x.Entries, x.References, x.Bytes = &w.request, w.entries, w.references, w.bytes
	c.tell(x, to)
	last := len(c.waiting) - 1
	gone := c.waiting[i]
	copy(c.waiting[i:], c.waiting[i+1:])
	c.waiting[last] = gone // for its buffers
	c.waiting = c.waiting[:last]
}

// Gap tells of lost bytes. Within a SASL buffer the reading goes on behind it, else at the next message that is found.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	s := &c.sides[dir&1]
	whole := s.skip + s.left + s.tail
	s.skip, s.left, s.tail = 0, 0, 0
	if n <= whole && !s.lost {
		s.skip = whole - n
		return nil
	}
	if !s.lost {
		s.lost, s.scanned = true, 0
	}
	return nil
}

// Close reports the requests that were not answered to the end.
func (c *Conversation) Close(h Handler) {
	for len(c.waiting) > 0 {
		c.conclude(0, Exchange{}, told{h: h})
	}
}

// Reset makes c ready for another conversation. Buffers that have grown long are given back.
func (c *Conversation) Reset() {
	const few = 4
	if cap(c.waiting) > few {
		kept := make([]waiting, few)
		copy(kept, c.waiting[:few])
		c.waiting = kept
	}
	all := c.waiting[:cap(c.waiting)]
	for i := range all {
		all[i].request.trim()
	}
	c.message.trim()
	*c = Conversation{Pool: c.Pool, waiting: c.waiting[:0], message: c.message}
}
