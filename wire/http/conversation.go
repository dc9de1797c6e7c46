// Package http follows HTTP/1 conversations (RFC 9112): requests and responses, joined in order.
//
// A message is a start line, fields, a blank line, and a body.
//
//	GET /fhir/Patient/1 HTTP/1.1        the request line: method, target, version
//	Host: ehr.hospital.example          fields, a name and a value each
//	Accept: application/fhir+json
//	                                    the blank line; this request has no body
//
//	HTTP/1.1 200 OK                     the status line of the response
//	Content-Length: 4711
//
//	{"resourceType":"Patient", ...      a body of 4711 bytes
//
// Where a body ends is the one difficult question (RFC 9112 §6.3): behind Content-Length bytes; behind the chunk of
// length 0; with the connection; or there is none, whatever the fields say, in the responses to HEAD and with the
// statuses 1xx, 204 and 304. A client may ask again before it has its answer (pipelining): answers come in the order
// of the questions. With CONNECT and Upgrade the connection turns into something else: [ErrUpgraded].
//
// What nobody wants of a body is skipped without being looked at. Real traffic breaks the rules; what is tolerated
// is told as [Oddity].
package http

import (
	"bytes"
	"errors"
	"fmt"

	"bulwark/wire"
)

var (
	// ErrUpgraded means that what follows is another protocol: see [Conversation.Tunnel]. Bytes not done are its.
	ErrUpgraded = errors.New("http: the connection now speaks another protocol")
	// ErrNoMessage means that the bytes do not begin as a message of HTTP does.
	ErrNoMessage = fmt.Errorf("http: no message begins here: %w", wire.ErrMalformed)
)

const (
	// maxPipelined is how many requests may wait for their response, and maxKept how many bytes their heads may take;
	// beyond that the oldest is given up.
	maxPipelined = 32
	maxKept      = 128 << 10
	// A body of more than small bytes that nobody wants is skipped in strides, without being shown. Its last byte is
	// always asked for, so that the end of a body is seen and not foretold.
	small  = 32 << 10
	stride = 256 << 10
)

// Tunnel is what a conversation turned into.
type Tunnel uint8

// The ways in which a conversation stops to be HTTP/1.
const (
	NoTunnel  Tunnel = iota
	Connect          // a proxy connects the client with the host it named (RFC 9110 §9.3.6)
	WebSocket        // RFC 6455
	HTTP2            // by Upgrade, or because the client knew it before (RFC 9113 §3.3)
	Upgraded         // to something else
)

func (t Tunnel) String() string {
	switch t {
	case Connect:
		return "connect"
	case WebSocket:
		return "websocket"
	case HTTP2:
		return "http2"
	case Upgraded:
		return "upgrade"
	}
	return ""
}

type state uint8

const (
	atStart     state = iota // a start line comes next
	inFields                 // a field or the blank line
	atSecond                 // behind a request line without a version: fields tell that it is not HTTP/0.9
	inBody                   // left bytes of the body follow
	inChunk                  // left bytes of a chunk follow
	atChunkSize              // the size of a chunk
	atChunkEnd               // the end of the line behind a chunk
	inTrailer                // fields behind the last chunk
	untilClose               // a body that ends with the connection
	perhaps                  // a body where none belongs, or the next response
	atBlank                  // behind a line of blanks that may be the end of a head
	lost                     // behind a gap: a start line must be found
)

type side struct {
	t       *Transaction // whose message is being read; nil between messages
	left    int64        // bytes of a body or chunk still to come
	scanned int          // bytes without a line end at the front of what the caller keeps
	state   state
	want    Want
	cut     bool // the rest of an over-long line is passed over
	broken  bool // a gap tore the message
	torn    bool // the last gap was between messages
	spoke   bool // a message was read

	junk    [maxJunk]byte // what a response began with that is not its status line
	hasJunk int
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	// Pool is where transactions come from; nil means that the conversation keeps its own.
	Pool *Pool
	// Excess takes for the body of a response what Suricata does: bytes right behind one with a Content-Length, which a
	// client passes over, and where the head of a response was lost all that follows.
	Excess bool

	sides   [2]side
	queue   []*Transaction // those not over, in the order of their requests
	own     Pool
	number  int
	tunnel  Tunnel
	connect bool // CONNECT was asked for: what the client sends waits for the answer
}

// Tunnel is what the conversation turned into, once [ErrUpgraded] was returned.
func (c *Conversation) Tunnel() Tunnel { return c.tunnel }

// Reset makes c ready for another conversation. Transactions that were not ended are forgotten.
func (c *Conversation) Reset() {
	for i, t := range c.queue {
		c.pool().put(t)
		c.queue[i] = nil
	}
	*c = Conversation{Pool: c.Pool, Excess: c.Excess, own: c.own, queue: c.queue[:0]}
}

func (c *Conversation) pool() *Pool {
	if c.Pool != nil {
		return c.Pool
	}
	return &c.own
}

// Decode reads the messages of one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	c.mend(dir, h)
	if dir == wire.ToClient {
		c.settle(h)
	} else {
		c.without(&c.sides[wire.ToClient], h)
	}
	for done < len(p) {
		if c.tunnel != NoTunnel {
			return done, 0, ErrUpgraded
		}
		if c.connect && dir == wire.ToServer {
			if len(p)-done > small { // the answer was not seen
				c.tunnel = Connect
				continue
			}
			return done, 0, nil
		}
		n, more, err := c.step(dir, s, p[done:], h)
		done += n
		if err != nil {
			return done, 0, err
		}
		if !more {
			return done, 0, nil
		}
	}
	if c.tunnel != NoTunnel {
		return done, 0, ErrUpgraded
	}
	return done, 0, nil
}

// step does one thing with the bytes at hand and says how many are done; more is false when it needs further ones.
func (c *Conversation) step(dir wire.Dir, s *side, p []byte, h Handler) (n int, more bool, err error) {
	if s.cut {
		return c.line(dir, s, p, h)
	}
	switch s.state {
	case inFields:
		if s.scanned == 0 {
			if n = c.fields(dir, s, p, h); n > 0 {
				return n, true, nil
			}
		}
	case inBody, inChunk:
		return c.body(dir, s, p, h), true, nil
	case untilClose:
		c.bytes(dir, s, p, h)
		return len(p), true, nil
	case perhaps:
		return c.decide(s, p, h)
	case atBlank:
		return c.afterBlank(s, p, h), true, nil
	case atChunkSize:
		if dir == wire.ToClient && s.scanned == 0 && !chunkPlausible(p) {
			s.message(dir).Oddities |= BadChunk
			s.state = untilClose
			return 0, true, nil
		}
	case lost:
		if c.headless(dir, s, p) {
			s.state = atStart
			return 0, true, c.raw(s, h)
		}
		n, found := findStart(dir, p)
		if found {
			s.state = atStart
		}
		return n, found || n == len(p), nil
	case atStart:
		if dir == wire.ToClient {
			if lineEnd(p[0]) {
				return 1, true, nil // RFC 9112 §2.2
			}
			if k := min(len(p), 5); !fold(p[:k], "http/"[:k]) {
				return c.before(s, p, h)
			}
		}
		if dir == wire.ToServer && !s.spoke && preface(p) {
			c.tunnel = HTTP2
			return 0, true, nil
		}
	}
	return c.line(dir, s, p, h)
}

func lineEnd(c byte) bool { return c == '\r' || c == '\n' }

// headless reports whether what follows a gap is to be taken for the body of a response whose head was in it.
func (c *Conversation) headless(dir wire.Dir, s *side, p []byte) bool {
	torn := s.torn
	s.torn = false
	return c.Excess && torn && dir == wire.ToClient && len(c.queue) > 0 && !s.spoke && !fold(p[:min(4, len(p))], "http")
}

// line reads up to the end of a line and acts on it.
func (c *Conversation) line(dir wire.Dir, s *side, p []byte, h Handler) (n int, more bool, err error) {
	from := min(s.scanned, len(p))
	end := bytes.IndexByte(p[from:], '\n')
	if end >= 0 {
		end += from
	}
	switch {
	case s.cut && end < 0:
		return len(p), true, nil
	case s.cut:
		s.cut, s.scanned = false, 0
		return end + 1, true, nil
	case end < 0 && len(p) < maxLine:
		s.scanned = len(p)
		return 0, false, nil
	case end < 0 || end >= maxLine:
		s.cut, s.scanned = true, 0
		return maxLine, true, c.text(dir, s, p[:maxLine], p[:maxLine], h)
	}
	s.scanned = 0
	raw := p[:end+1]
	text := raw[:end]
	if end > 0 && text[end-1] == '\r' {
		text = text[:end-1]
	}
	return end + 1, true, c.text(dir, s, raw, text, h)
}

// text acts on a line; raw is the line with its end.
func (c *Conversation) text(dir wire.Dir, s *side, raw, text []byte, h Handler) error {
	switch s.state {
	case atStart:
		return c.start(dir, s, raw, text, h)
	case atSecond:
		if len(text) > 0 && requestPlausible(raw) == wire.Yes {
			c.requestHead(s, h)
			return c.start(dir, s, raw, text, h)
		}
		s.state = inFields
		c.field(dir, s, raw, text, h)
	case inFields: // too long, else it would have been taken with the others
		c.field(dir, s, raw, text, h)
	case atChunkSize:
		c.chunkSize(dir, s, raw, text, h)
	case atChunkEnd:
		s.state = atChunkSize
		if len(text) > 0 {
			s.message(dir).Oddities |= BadChunk
		}
	case inTrailer:
		if len(text) == 0 {
			c.over(dir, s, true, h)
		}
	}
	return nil
}

// message is the one being read.
func (s *side) message(dir wire.Dir) *Message {
	if dir == wire.ToServer {
		return &s.t.Request.Message
	}
	return &s.t.Response.Message
}

// start acts on what should be a start line.
func (c *Conversation) start(dir wire.Dir, s *side, raw, text []byte, h Handler) error {
	if len(text) == 0 {
		return nil // RFC 9112 §2.2: ignore at least one empty line before the request line
	}
	if dir == wire.ToClient {
		c.statusLine(s, raw, text, h)
		return nil
	}
	t := c.pool().get()
	r := &t.Request
	r.startLine(raw, text)
	c.note(&r.Message, raw, text)
	if !r.parse() {
		c.pool().put(t)
		if !s.spoke {
			return ErrNoMessage
		}
		s.state = lost
		return nil
	}
	r.Seen, s.spoke = true, true
	s.t = t
	c.push(t, h)
	s.state = inFields
	if r.Oddities&NoVersion != 0 {
		s.state = atSecond
	}
	return nil
}

// note remembers how a line ended.
func (c *Conversation) note(m *Message, raw, text []byte) {
	switch len(raw) - len(text) {
	case 0:
		m.Oddities |= TooLong
	case 1:
		m.Oddities |= BareLF
	}
}

// push queues a transaction; where too many wait, the oldest is given up.
func (c *Conversation) push(t *Transaction, h Handler) {
	c.number++
	t.Number = c.number
	kept := 0
	for _, q := range c.queue {
		kept += len(q.Request.buf)
	}
	if len(c.queue) >= maxPipelined || kept > maxKept {
		c.end(c.queue[0], h)
	}
	c.queue = c.pool().queues.Add(c.queue, t)
}

// statusLine begins a response: to the oldest request that waits for one, or to one that was not seen.
func (c *Conversation) statusLine(s *side, raw, text []byte, h Handler) {
	t := c.awaiting(h)
	r := &t.Response
	c.note(&r.Message, raw, text)
	r.Seen, s.spoke = true, true
	s.t, s.state = t, inFields
	if i := bytes.IndexByte(text, '\r'); i >= 0 {
		r.startLine(raw[:i+1], text[:i])
		r.addBroken(raw[i+1:], text[i+1:])
		return
	}
	r.startLine(raw, text)
}

// awaiting is the oldest transaction without a response; a new one when there is none.
func (c *Conversation) awaiting(h Handler) *Transaction {
	for _, t := range c.queue {
		if !t.Response.Seen {
			return t
		}
	}
	t := c.pool().get()
	c.push(t, h)
	return t
}

// raw begins a response without a status line: that of HTTP/0.9, or of a server that does not care.
func (c *Conversation) raw(s *side, h Handler) error {
	if !s.spoke && (len(c.queue) == 0 || c.queue[0].Request.Version != nil) && !c.sides[wire.ToServer].spoke {
		return ErrNoMessage
	}
	if s.spoke && (len(c.queue) == 0 || c.queue[0].Request.Version != nil) {
		s.state = lost // more than the last response said it has
		return nil
	}
	t := c.awaiting(h)
	t.Response.Seen, s.spoke = true, true
	if t.Request.Version != nil {
		t.Response.Oddities |= NoStatusLine
	}
	s.t = t
	c.hand(wire.ToClient, s, h)
	s.state = untilClose
	return nil
}

// field acts on a field line, or on the blank line that ends the head.
func (c *Conversation) field(dir wire.Dir, s *side, raw, text []byte, h Handler) {
	m := s.message(dir)
	c.note(m, raw, text)
	switch {
	case dir == wire.ToClient && len(raw)-len(text) == 1 && len(text) > 0 && len(trim(text)) == 0:
		m.keep(raw)
		s.state = atBlank
		return
	case dir == wire.ToClient && len(text) > 0:
		m.addBroken(raw, text)
		return
	case len(text) > 0:
		m.add(raw, text)
		return
	}
	m.finish(raw)
	c.headOver(dir, s, h)
}

// headOver acts on a head that is whole.
func (c *Conversation) headOver(dir wire.Dir, s *side, h Handler) {
	if dir == wire.ToServer {
		c.requestHead(s, h)
		return
	}
	c.responseHead(s, h)
}

// fields acts on all the lines of a head that p begins with, and says how many bytes they are.
func (c *Conversation) fields(dir wire.Dir, s *side, p []byte, h Handler) (n int) {
	for s.state == inFields {
		end := bytes.IndexByte(p[n:], '\n')
		if end < 0 || end >= maxLine {
			break
		}
		raw := p[n : n+end+1]
		n += end + 1
		if end > 0 && raw[end-1] == '\r' {
			end--
		}
		c.field(dir, s, raw, raw[:end], h)
	}
	return n
}

// hand shows a head to the handler.
func (c *Conversation) hand(dir wire.Dir, s *side, h Handler) { s.want = h.Head(dir, s.t) }

// requestHead acts on a request whose head is whole (RFC 9112 §6.3).
func (c *Conversation) requestHead(s *side, h Handler) {
	r := &s.t.Request
	r.refresh()
	c.hand(wire.ToServer, s, h)
	switch {
	case r.coding == chunked:
		s.state = atChunkSize
	case r.length > 0:
		s.left, s.state = r.length, inBody
	default:
		c.connect = len(r.Method) == 7 && fold(r.Method, "connect")
		c.over(wire.ToServer, s, true, h)
	}
}

// responseHead acts on a response whose head is whole (RFC 9112 §6.3).
func (c *Conversation) responseHead(s *side, h Handler) {
	t := s.t
	r := &t.Response
	r.parse()
	if t.bodiless() && (r.coding == chunked || r.length > 0) {
		s.state = perhaps
		return
	}
	if r.interim() {
		c.interim(s)
		return
	}
	c.hand(wire.ToClient, s, h)
	c.responseBody(s, h)
}

// responseBody begins the body of a response whose head was handed on.
func (c *Conversation) responseBody(s *side, h Handler) {
	t := s.t
	r := &t.Response
	switch {
	case r.Status == 101 || c.connects(t):
		c.turn(t)
		c.over(wire.ToClient, s, true, h)
	case t.asksHead() || r.coding != chunked && r.length <= 0 && (r.Status == 204 || r.Status == 304):
		c.over(wire.ToClient, s, true, h)
	case r.coding == chunked:
		s.state = atChunkSize
	case r.coding == identity && r.length == 0:
		c.over(wire.ToClient, s, true, h)
	case r.coding == identity && r.length > 0:
		s.left, s.state = r.length, inBody
	default:
		s.state = untilClose
	}
}

// connects tells whether t is a CONNECT that was granted. One that was not lets the client ask again.
func (c *Conversation) connects(t *Transaction) bool {
	if !c.connect || len(t.Request.Method) != 7 || !fold(t.Request.Method, "connect") {
		return false
	}
	c.connect = false
	return t.Response.Status/100 == 2
}

// turn notes what the connection turns into.
func (c *Conversation) turn(t *Transaction) {
	switch to := t.Response.Get(Upgrade); {
	case t.Response.Status != 101:
		c.tunnel = Connect
	case len(to) == 9 && fold(to, "websocket"):
		c.tunnel = WebSocket
	case len(to) == 3 && fold(to, "h2c"):
		c.tunnel = HTTP2
	default:
		c.tunnel = Upgraded
	}
}

// chunkSize acts on the line before a chunk: its size in hexadecimal, and extensions behind a semicolon (RFC 9112 §7.1).
func (c *Conversation) chunkSize(dir wire.Dir, s *side, raw, text []byte, h Handler) {
	n, digits := int64(0), 0
	for len(text) > 0 && chunkBlank(text[0]) {
		text = text[1:]
	}
	if len(text) == 0 {
		return // blank lines before it do not matter
	}
	for _, b := range text {
		d := hexDigit(b)
		if d < 0 {
			break
		}
		n = n<<4 | int64(d)
		if digits++; digits > 15 {
			break
		}
	}
	if digits > 0 && bytes.IndexByte(text[digits:], ';') >= 0 {
		s.message(dir).Oddities |= ChunkExtension
	}
	switch {
	case digits == 0 || digits > 15:
		s.message(dir).Oddities |= BadChunk
		if dir == wire.ToClient {
			s.state = untilClose
			c.bytes(dir, s, raw, h)
			return
		}
		c.over(dir, s, false, h)
		s.state = lost
	case n == 0:
		s.state = inTrailer
	default:
		s.left, s.state = n, inChunk
	}
}

func hexDigit(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

// body takes bytes of a body or chunk whose length is known. What nobody wants is skipped unseen.
func (c *Conversation) body(dir wire.Dir, s *side, p []byte, h Handler) int {
	n := int(min(s.left, int64(len(p))))
	c.bytes(dir, s, p[:n], h)
	s.left -= int64(n)
	if s.want == 0 && s.left > small {
		skip := min(s.left-1, stride)
		s.left -= skip
		s.message(dir).Length += skip
		return n + int(skip)
	}
	if s.left > 0 {
		return n
	}
	if s.state == inChunk {
		s.state = atChunkEnd
		return n
	}
	if c.Excess && dir == wire.ToClient && n < len(p) && !fold(p[n:min(n+4, len(p))], "http") {
		c.bytes(dir, s, p[n:], h)
		n = len(p)
	}
	c.over(dir, s, true, h)
	return n
}

// bytes counts bytes of a body and hands them on.
func (c *Conversation) bytes(dir wire.Dir, s *side, p []byte, h Handler) {
	m := s.message(dir)
	m.Length += int64(len(p))
	if s.want == 0 || len(p) == 0 {
		return
	}
	if s.want&First != 0 {
		m.First = m.space().Append(m.First, p[:min(len(p), maxFirst-len(m.First))])
		if len(m.First) == maxFirst {
			s.want &^= First
		}
	}
	if s.want&Pieces != 0 {
		h.Body(dir, s.t, p)
	}
}

// Skip says that no more is wanted of the body that is being read in dir. It may be called from [Handler.Body].
func (c *Conversation) Skip(dir wire.Dir, _ *Transaction) { c.sides[dir].want &^= Pieces }

// Unread says that the last n bytes of those that Decode was done with in dir never came: the connection ended before.
func (c *Conversation) Unread(dir wire.Dir, n int64) {
	if s := &c.sides[dir]; s.t != nil && (s.state == inBody || s.state == inChunk) {
		m := s.message(dir)
		m.Length -= min(n, m.Length)
	}
}

// over ends the message being read, and the transaction when its other half is over too.
func (c *Conversation) over(dir wire.Dir, s *side, complete bool, h Handler) {
	t, m := s.t, s.message(dir)
	m.Complete, m.over = complete, true
	s.t, s.state, s.want = nil, atStart, 0
	switch {
	case c.tunnel != NoTunnel:
		for len(c.queue) > 0 {
			c.end(c.queue[0], h)
		}
	case t.Response.over && (t.Request.over || !t.Request.Seen):
		c.end(t, h)
	}
}

// end reports a transaction and takes its memory back.
func (c *Conversation) end(t *Transaction, h Handler) {
	for i := range c.sides {
		if s := &c.sides[i]; s.t == t {
			s.t, s.want = nil, 0
			s.state = lost
		}
	}
	for i, q := range c.queue {
		if q == t {
			c.queue = append(c.queue[:i], c.queue[i+1:]...)
			break
		}
	}
	h.End(t)
	c.pool().put(t)
}

// settle decides that a request line without a version, behind which nothing came, was HTTP/0.9: the server answers.
func (c *Conversation) settle(h Handler) {
	if s := &c.sides[wire.ToServer]; s.state == atSecond {
		c.requestHead(s, h)
	}
}

// Gap goes on where a body reaches over the lost bytes; else it looks for the next start line.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	s := &c.sides[dir]
	s.scanned = 0
	switch {
	case s.state == untilClose:
		s.message(dir).Lost += int64(n)
	case (s.state == inBody || s.state == inChunk) && int64(n) <= s.left && s.t != nil:
		s.left -= int64(n)
		s.message(dir).Lost += int64(n)
		if s.left == 0 && s.state == inChunk {
			s.state = atChunkEnd
		}
	case (s.state == inBody || s.state == inChunk) && s.t != nil: // beyond the body
		s.message(dir).Lost += s.left
		s.broken = true
	default:
		s.broken = true
	}
	return nil
}

// mend ends what a gap tore: a message whose last byte was in it, or one that has no end any more.
func (c *Conversation) mend(dir wire.Dir, h Handler) {
	s := &c.sides[dir]
	switch {
	case s.broken:
		s.broken, s.cut, s.torn = false, false, s.t == nil
		c.without(s, h)
		if s.spoke = s.spoke || !s.torn || !c.Excess; s.t != nil {
			c.over(dir, s, false, h)
		}
		s.state = lost
	case s.state == inBody && s.left == 0 && s.t != nil:
		c.over(dir, s, true, h)
	}
}

// Close reports the transactions that are still open. A body that ends with the connection is whole then.
func (c *Conversation) Close(h Handler) {
	c.mend(wire.ToServer, h)
	c.mend(wire.ToClient, h)
	c.settle(h)
	if s := &c.sides[wire.ToServer]; s.state == inFields && s.t != nil { // what there is of a head
		s.t.Request.settleField()
		s.t.Request.refresh()
		c.hand(wire.ToServer, s, h)
	}
	s := &c.sides[wire.ToClient]
	c.without(s, h)
	if s.state == atBlank {
		c.afterBlank(s, nil, h)
	}
	if s.hasJunk > 0 && c.raw(s, h) == nil && s.state == untilClose {
		c.bytes(wire.ToClient, s, s.junk[:s.hasJunk], h)
	}
	if s.state == untilClose {
		c.over(wire.ToClient, s, true, h)
	}
	for len(c.queue) > 0 {
		c.end(c.queue[0], h)
	}
}
