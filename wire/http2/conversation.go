package http2

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"

	"bulwark/wire"
	"bulwark/wire/http"
)

// Handler takes what a conversation reads: transactions as package http hands them over, and beside them
type Handler interface {
	http.Handler
	// Control is called for each SETTINGS frame that sets something, and each GOAWAY.
	Control(dir wire.Dir, c *Control)
	// Odd is called for what is wrong with a frame.
	Odd(dir wire.Dir, o Oddity)
}

// Control is a frame that concerns the whole connection.
type Control struct {
	Kind     FrameType // Settings or GoAway
	Number   int       // its place among the transactions of the conversation, from 1
	Error    ErrorCode // of GOAWAY
	settings []byte
}

// Settings yields what is set, in the order sent.
func (c *Control) Settings(yield func(Setting, uint32) bool) {
	for p := c.settings; len(p) >= 6; p = p[6:] {
		if !yield(Setting(binary.BigEndian.Uint16(p)), binary.BigEndian.Uint32(p[2:])) {
			return
		}
	}
}

// Conversation is one connection. Its zero value is not ready: see Reset.
type Conversation struct {
	// Pool is where transactions come from.
	Pool *http.Pool

	sides   [2]side
	streams []*stream // those not over, in the order in which they began
	free    []*stream
	number  int
	highest uint32 // number of the highest stream a client began
	ready   bool
	control Control // handed out
}

type side struct {
	table table
	block []byte // of a header block that is not whole, what came so far

	head   frame // of the frame whose payload is being passed, and of the block that goes on
	left   int   // bytes of its DATA, or of what is passed over, still to come
	pad    int   // bytes of padding behind them
	stream *stream
	begun  bool // the preface is behind
	within bool // a payload is being passed
	open   bool // CONTINUATION must follow
	torn   bool // a gap: a frame must be found
}

// stream is a request with its response.
type stream struct {
	id   uint32
	t    *http.Transaction
	want [2]http.Want
	over [2]bool
}

// Reset makes c ready for another conversation. Transactions that were not ended are forgotten.
func (c *Conversation) Reset() {
	for _, s := range c.streams {
		c.Pool.Put(s.t)
		s.t = nil
	}
	c.free = append(c.free, c.streams...)
	for i := range c.sides {
		s := &c.sides[i]
		if c.Pool != nil {
			s.table.space = c.Pool.Space
		}
		s.table.reset()
		if cap(s.block) > keepBuffer {
			s.block = nil
		}
		*s = side{table: s.table, block: s.block[:0]}
	}
	*c = Conversation{Pool: c.Pool, sides: c.sides, streams: c.streams[:0], free: c.free[:min(len(c.free), 16)], ready: true}
}

// Upgraded begins with the request that asked HTTP/1 to change to HTTP/2 (RFC 7540 §3.2): it is stream 1, and whole.
func (c *Conversation) Upgraded(q *http.Request, h Handler) {
	// RFC 7540 §3.2.1: the settings stand in a field, in base64url.
	if p, err := base64.RawURLEncoding.AppendDecode(nil, bytes.TrimRight(q.Find("http2-settings"), "=")); err == nil {
		c.settings(wire.ToServer, p, h)
	}
	s := c.begin(1)
	r := &s.t.Request
	r.AddField([]byte(":method"), q.Method)
	r.AddField([]byte(":path"), q.Target)
	r.AddField([]byte(":authority"), q.Authority())
	for name, value := range q.Fields() {
		if !ofConnection(name) {
			r.AddField(name, value)
		}
	}
	r.Begin()
	h.Head(wire.ToServer, s.t)
	r.Complete, s.over[wire.ToServer] = true, true
	c.highest = 1
}

// ofConnection tells whether a field is of the connection and not of the request.
func ofConnection(name []byte) bool {
	for _, n := range [...]string{"host", "connection", "upgrade", "http2-settings"} {
		if len(name) == len(n) && bytes.EqualFold(name, []byte(n)) {
			return true
		}
	}
	return false
}

// Decode reads the frames of one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	if !c.ready {
		c.Reset()
	}
	s := &c.sides[dir]
	for done < len(p) {
		n, need := 0, 0
		switch {
		case s.torn:
			if n = c.find(s, p[done:]); n == 0 && s.torn {
				return done, 0, nil
			}
		case s.within:
			n = c.payload(dir, s, p[done:], h)
		case !s.begun:
			n, need, err = c.preface(dir, s, p[done:], h)
		default:
			n, need = c.frame(dir, s, p[done:], h)
		}
		done += n
		if err != nil || need > 0 {
			return done, need, err
		}
	}
	return done, 0, nil
}

// preface passes what a client begins with. A server begins with a frame, and so does what was picked up in the middle.
func (c *Conversation) preface(dir wire.Dir, s *side, p []byte, h Handler) (n, need int, err error) {
	n = min(len(p), len(preface))
	switch {
	case dir == wire.ToClient || string(p[:min(n, 4)]) != preface[:min(n, 4)]:
		if len(p) < frameHeader {
			return 0, frameHeader, nil
		}
		if !plausible(p) {
			return 0, 0, ErrPreface
		}
		if dir == wire.ToServer {
			s.table.lost = true
		}
		s.begun = true
		return 0, 0, nil
	case string(p[:n]) != preface[:n]:
		return 0, 0, ErrPreface
	case n < len(preface):
		return 0, len(preface), nil
	}
	s.begun = true
	return n, 0, nil
}

// frame reads the frame that p begins with. DATA is passed on as it comes, and so is a frame too long to be read as a
// whole; all others are waited for.
func (c *Conversation) frame(dir wire.Dir, s *side, p []byte, h Handler) (n, need int) {
	if len(p) < frameHeader {
		return 0, frameHeader
	}
	f := parseFrame(p)
	if f.kind == Data {
		return c.data(dir, s, f, p, h)
	}
	if f.length > maxFrame {
		h.Odd(dir, LongFrame)
		if f.kind == Headers || f.kind == PushPromise || f.kind == Continuation {
			s.table.forget()
			s.open, s.block = false, s.block[:0]
		}
		s.head, s.left, s.pad, s.stream, s.within = f, f.length, 0, nil, true
		return frameHeader, 0
	}
	n = frameHeader + f.length
	if len(p) < n {
		return 0, n
	}
	c.act(dir, s, f, p[frameHeader:n], h)
	return n, 0
}

// act acts on a whole frame.
func (c *Conversation) act(dir wire.Dir, s *side, f frame, p []byte, h Handler) {
	if s.open && (f.kind != Continuation || f.stream != s.head.stream) { // RFC 9113 §6.10
		h.Odd(dir, InvalidFrameHeader)
		s.table.forget()
		s.open, s.block = false, s.block[:0]
	}
	switch f.kind {
	case Headers, PushPromise:
		c.headers(dir, s, f, p, h)
	case Continuation:
		c.continuation(dir, s, f, p, h)
	case Settings:
		c.settings(dir, p, h)
	case Priority:
		if len(p) != 5 {
			h.Odd(dir, InvalidFrameLength)
		} else if x := c.stream(f.stream); x != nil {
			x.t.Stream.Weight[dir] = int(p[4]) + 1
		}
	case ResetStream:
		c.resetStream(dir, f, p, h)
	case GoAway:
		c.goAway(dir, p, h)
	case WindowUpdate:
		if len(p) != 4 {
			h.Odd(dir, InvalidFrameLength)
		}
	case Ping:
	default: // RFC 9113 §4.1: ignored
	}
}

func (c *Conversation) settings(dir wire.Dir, p []byte, h Handler) {
	if len(p)%6 != 0 {
		h.Odd(dir, InvalidFrameData)
		return
	}
	if len(p) == 0 {
		return
	}
	c.control = Control{Kind: Settings, settings: p}
	x := &c.control
	for id, v := range x.Settings {
		if id == settingTableSize { // what this side allows the other one
			c.sides[dir.Other()].table.allow(int(v))
		}
	}
	c.number++
	x.Number = c.number
	h.Control(dir, x)
}

func (c *Conversation) goAway(dir wire.Dir, p []byte, h Handler) {
	if len(p) < 8 {
		h.Odd(dir, InvalidFrameLength)
		return
	}
	c.number++
	c.control = Control{Kind: GoAway, Number: c.number, Error: ErrorCode(binary.BigEndian.Uint32(p[4:]))}
	h.Control(dir, &c.control)
}

func (c *Conversation) resetStream(dir wire.Dir, f frame, p []byte, h Handler) {
	if len(p) != 4 {
		h.Odd(dir, InvalidFrameLength)
		return
	}
	if x := c.stream(f.stream); x != nil {
		x.t.Stream.Error[dir] = uint64(binary.BigEndian.Uint32(p)) + 1
		c.end(x, h)
	}
}

// Gap goes on within DATA that reaches over the lost bytes; else it looks for the next frame. What the lost bytes put
// into the table of fields is not known.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	if !c.ready {
		c.Reset()
	}
	s := &c.sides[dir]
	if s.within && n <= s.left+s.pad {
		k := min(n, s.left)
		s.left -= k
		s.pad -= n - k
		if s.stream != nil {
			message(dir, s.stream.t).Lost += int64(k)
		}
		return nil
	}
	if s.stream != nil {
		message(dir, s.stream.t).Lost += int64(s.left)
	}
	s.torn, s.begun, s.within, s.open, s.stream = true, true, false, false, nil
	s.block = s.block[:0]
	s.table.forget()
	return nil
}

// find looks for a frame behind a gap: a header that is plausible, and another or the end where its frame ends. It
// returns how many bytes are passed by.
func (c *Conversation) find(s *side, p []byte) int {
	for i := range p {
		q := p[i:]
		if len(q) < frameHeader {
			return i
		}
		if !plausible(q) {
			continue
		}
		f := parseFrame(q)
		rest := q[min(frameHeader+f.length, len(q)):]
		if len(rest) >= frameHeader && plausible(rest) || len(rest) == 0 && (f.stream == 0 || c.stream(f.stream) != nil) {
			s.torn = false
			return i
		}
	}
	return len(p)
}

// Close reports the transactions that are still open.
func (c *Conversation) Close(h Handler) {
	for len(c.streams) > 0 {
		c.end(c.streams[0], h)
	}
}

func message(dir wire.Dir, t *http.Transaction) *http.Message {
	if dir == wire.ToServer {
		return &t.Request.Message
	}
	return &t.Response.Message
}
