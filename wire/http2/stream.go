package http2

import (
	"bytes"

	"bulwark/wire"
	"bulwark/wire/http"
)

// stream is the stream of a number, nil when there is none or it is over.
func (c *Conversation) stream(id uint32) *stream {
	for i := len(c.streams) - 1; i >= 0; i-- {
		if c.streams[i].id == id {
			return c.streams[i]
		}
	}
	return nil
}

// begin makes a stream.
func (c *Conversation) begin(id uint32) *stream {
	var s *stream
	if n := len(c.free); n > 0 {
		s, c.free = c.free[n-1], c.free[:n-1]
	} else {
		s = new(stream)
	}
	*s = stream{id: id, t: c.Pool.Get()}
	c.number++
	s.t.Number, s.t.Stream.ID = c.number, id
	c.streams = append(c.streams, s)
	return s
}

// of is the stream that a header block or data of dir belong to, begun where it is new. nil: it is over.
func (c *Conversation) of(dir wire.Dir, id uint32, h Handler) *stream {
	if s := c.stream(id); s != nil {
		return s
	}
	if id%2 == 1 && id <= c.highest {
		if dir == wire.ToServer {
			h.Odd(dir, StreamReused)
			return nil
		}
		if client := &c.sides[wire.ToServer]; client.begun && !client.table.lost {
			return nil // the client has reset it
		}
	}
	c.room(dir, h)
	if id%2 == 1 {
		c.highest = max(c.highest, id)
	}
	return c.begin(id)
}

// room gives up the oldest stream where there are too many.
func (c *Conversation) room(dir wire.Dir, h Handler) {
	kept := 0
	for _, s := range c.streams {
		kept += s.t.Request.Size() + s.t.Response.Size()
	}
	if len(c.streams) >= maxStreams || kept > maxKept {
		h.Odd(dir, TooManyStreams)
		c.end(c.streams[0], h)
	}
}

// end reports a transaction and takes its memory back.
func (c *Conversation) end(s *stream, h Handler) {
	for i := range c.sides {
		if c.sides[i].stream == s {
			c.sides[i].stream = nil
		}
	}
	for i, x := range c.streams {
		if x == s {
			c.streams = append(c.streams[:i], c.streams[i+1:]...)
			break
		}
	}
	h.End(s.t)
	c.Pool.Put(s.t)
	s.t = nil
	if len(c.free) < maxStreams {
		c.free = append(c.free, s)
	}
}

// finish notes that a side has said all of a stream.
func (c *Conversation) finish(dir wire.Dir, s *stream, h Handler) {
	s.over[dir] = true
	m := message(dir, s.t)
	m.Complete = m.Seen
	if s.over[wire.ToClient] && (s.over[wire.ToServer] || !s.t.Request.Seen) {
		c.end(s, h)
	}
}

// headers reads HEADERS and PUSH_PROMISE (RFC 9113 §6.2, §6.6).
func (c *Conversation) headers(dir wire.Dir, s *side, f frame, p []byte, h Handler) {
	p, ok := unpad(f, p)
	skip := 0
	switch {
	case f.kind == PushPromise:
		skip = 4
	case f.flags&flagPriority != 0:
		skip = 5
	}
	if !ok || len(p) < skip {
		h.Odd(dir, InvalidFrameData)
		s.table.forget()
		return
	}
	weight := 0
	if f.kind == PushPromise {
		f.stream = uint32(p[0]&0x7f)<<24 | uint32(p[1])<<16 | uint32(p[2])<<8 | uint32(p[3])
		f.flags &^= flagEndStream
	} else if skip > 0 {
		weight = int(p[4]) + 1
	}
	s.head = f
	s.head.length = weight // until the block is whole
	c.fragment(dir, s, f, p[skip:], h)
}

// unpad takes the padding off a payload (RFC 9113 §6.1).
func unpad(f frame, p []byte) ([]byte, bool) {
	if f.flags&flagPadded == 0 {
		return p, true
	}
	if len(p) == 0 || int(p[0]) >= len(p) {
		return nil, false
	}
	return p[1 : len(p)-int(p[0])], true
}

func (c *Conversation) continuation(dir wire.Dir, s *side, f frame, p []byte, h Handler) {
	if !s.open {
		h.Odd(dir, InvalidFrameHeader)
		s.table.forget()
		return
	}
	c.fragment(dir, s, f, p, h)
}

// fragment takes a part of a header block, and acts on the block once it is whole.
func (c *Conversation) fragment(dir wire.Dir, s *side, f frame, p []byte, h Handler) {
	if f.flags&flagEndHeaders != 0 && !s.open {
		c.block(dir, s, p, h)
		return
	}
	if len(s.block)+len(p) > maxBlock {
		h.Odd(dir, LongBlock)
		s.table.forget()
		s.open, s.block = false, s.block[:0]
		return
	}
	s.open = f.flags&flagEndHeaders == 0
	s.block = append(s.block, p...)
	if !s.open {
		c.block(dir, s, s.block, h)
		s.block = s.block[:0]
	}
}

// block reads a whole header block of the frame in s.head.
func (c *Conversation) block(dir wire.Dir, s *side, p []byte, h Handler) {
	f := s.head
	to := dir
	if f.kind == PushPromise {
		to = wire.ToServer // a request that the server foresees
	}
	x := c.of(to, f.stream, h)
	if x == nil {
		s.table.decode(p, nothing{}) // the table must follow all the same
		return
	}
	m := message(to, x.t)
	trailers := m.Seen
	if o := s.table.decode(p, (*fields)(m)); o != 0 {
		s.table.forget()
		h.Odd(dir, o)
	}
	if f.length > 0 {
		x.t.Stream.Weight[dir] = f.length
	}
	ended := f.flags&flagEndStream != 0 || f.kind == PushPromise
	switch {
	case trailers:
	case to == wire.ToServer:
		x.t.Request.Begin()
		c.judge(dir, &x.t.Request, h)
		x.want[to] = h.Head(to, x.t)
	default:
		if c.response(x, ended, h) {
			return // an interim one
		}
	}
	if ended {
		c.finish(to, x, h)
	}
}

// response acts on the head of a response, and reports whether another follows.
func (c *Conversation) response(x *stream, ended bool, h Handler) (interim bool) {
	r := &x.t.Response
	r.Begin()
	if r.Status >= 100 && r.Status < 200 && !ended {
		x.t.Interim++
		r.Again()
		return true
	}
	x.want[wire.ToClient] = h.Head(wire.ToClient, x.t)
	return false
}

// judge tells what is odd about a request: where it goes is told twice, and not alike; or a user is told.
func (c *Conversation) judge(dir wire.Dir, r *http.Request, h Handler) {
	authority, host := r.Find(":authority"), r.Find("host")
	if bytes.IndexByte(authority, '@') >= 0 {
		h.Odd(dir, UserInURI)
	}
	if authority != nil && host != nil && !bytes.EqualFold(authority, host) {
		h.Odd(dir, HostMismatch)
	}
}

// fields puts what a header block says into a message.
type fields http.Message

func (m *fields) field(name, value []byte) { (*http.Message)(m).AddField(name, value) }

// resized is kept as a field without a name.
func (m *fields) resized(n int) {
	var digits [12]byte
	(*http.Message)(m).AddField(nil, appendNumber(digits[:0], n))
}

func appendNumber(dst []byte, n int) []byte {
	if n >= 10 {
		dst = appendNumber(dst, n/10)
	}
	return append(dst, '0'+byte(n%10))
}

// nothing takes the fields of a block that nobody reads.
type nothing struct{}

func (nothing) field(_, _ []byte) {}
func (nothing) resized(int)       {}

// data begins a DATA frame (RFC 9113 §6.1).
func (c *Conversation) data(dir wire.Dir, s *side, f frame, p []byte, h Handler) (n, need int) {
	n, pad := frameHeader, 0
	if f.flags&flagPadded != 0 && f.length > 0 {
		if len(p) <= frameHeader {
			return 0, frameHeader + 1
		}
		n++
		if pad = int(p[frameHeader]); pad > f.length-1 {
			h.Odd(dir, InvalidFrameData)
			pad = f.length - 1
		}
		f.length--
	}
	if f.length > maxFrame {
		h.Odd(dir, LongFrame)
	}
	s.head, s.left, s.pad, s.within = f, f.length-pad, pad, true
	s.stream = nil
	if f.stream == 0 {
		h.Odd(dir, DataOfNoStream)
	} else {
		s.stream = c.stream(f.stream)
	}
	if f.length == 0 {
		c.passed(dir, s, h)
	}
	return n, 0
}

// payload passes on bytes of DATA, or over those of a frame that is not read.
func (c *Conversation) payload(dir wire.Dir, s *side, p []byte, h Handler) (n int) {
	n = min(s.left, len(p))
	if x := s.stream; x != nil && n > 0 {
		x.want[dir] = message(dir, x.t).Gather(p[:n], x.want[dir])
		if x.want[dir]&http.Pieces != 0 {
			h.Body(dir, x.t, p[:n])
		}
	}
	s.left -= n
	if s.left == 0 {
		k := min(s.pad, len(p)-n)
		s.pad -= k
		n += k
		if s.pad == 0 {
			c.passed(dir, s, h)
		}
	}
	return n
}

// passed ends the payload of a frame.
func (c *Conversation) passed(dir wire.Dir, s *side, h Handler) {
	x := s.stream
	s.within, s.stream = false, nil
	if x != nil && s.head.kind == Data && s.head.flags&flagEndStream != 0 {
		c.finish(dir, x, h)
	}
}

// Skip says that no more is wanted of a body. It may be called from [http.Handler.Body].
func (c *Conversation) Skip(dir wire.Dir, t *http.Transaction) {
	if s := c.stream(t.Stream.ID); s != nil {
		s.want[dir] &^= http.Pieces
	}
}
