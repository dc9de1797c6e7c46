package poct1a

import (
	"bytes"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/internal/markup"
)

// maxNoise is how many bytes of one side may stand outside messages.
const maxNoise = 64 << 10

// ErrNoise means that a side sends what are no messages.
var ErrNoise = fmt.Errorf("poct1a: no message: %w", wire.ErrMalformed)

// Exchange is a message with what answered it.
type Exchange struct {
	Dir     wire.Dir // the side that sent Message
	Message *Message
	Ack     *Message // nil where no answer was seen
}

// Handler is told of each message once: with its answer when that came, without when it can no longer come.
type Handler interface {
	Exchange(*Exchange)
}

// Probe tells whether p are the first bytes of a conversation, and from which side.
func Probe(p []byte) (wire.Match, wire.Dir) {
	p = bytes.TrimLeft(bytes.TrimPrefix(p, []byte("\xef\xbb\xbf")), " \t\r\n")
	for {
		if len(p) == 0 {
			return wire.Unsure, wire.ToServer
		}
		if p[0] != '<' {
			return wire.No, wire.ToServer
		}
		if len(p) > 1 && p[1] != '?' && p[1] != '!' {
			return probeRoot(p[1:])
		}
		n := markup.End(p)
		if n == 0 {
			return wire.Unsure, wire.ToServer
		}
		p = bytes.TrimLeft(p[n:], " \t\r\n")
	}
}

func probeRoot(p []byte) (wire.Match, wire.Dir) {
	if len(p) < 8 {
		if len(p) > 3 && p[3] != '.' {
			return wire.No, wire.ToServer
		}
		return wire.Unsure, wire.ToServer
	}
	if !isType(p[:7]) || bytes.IndexByte([]byte("> \t\r\n/"), p[7]) < 0 {
		return wire.No, wire.ToServer
	}
	side, _ := sides(p)
	return wire.Yes, side
}

// Conversation is one connection. Its zero value is ready. It holds at most two messages of each side.
type Conversation struct {
	sides    [2]side
	exchange Exchange
}

type side struct {
	noise   int
	inside  bool // a message
	text    bool // the identifier of the device may stand as text
	message *Message
	waiting *Message
	spare   *Message
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for i := range c.sides {
		s := &c.sides[i]
		if s.spare == nil {
			s.spare = s.waiting
		}
		*s = side{message: s.message, spare: s.spare}
	}
}

// Decode reads bytes of one side. It fails when more than 64 KiB are no messages.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	for done < len(p) {
		rest := p[done:]
		if rest[0] != '<' {
			n := s.skip(rest)
			if n == 0 {
				return done, 0, nil
			}
			if done += n; s.noise > maxNoise {
				c.Close(h)
				return done, 0, ErrNoise
			}
			continue
		}
		window := rest[:min(len(rest), maxTag)]
		n := markup.End(window)
		if n == 0 {
			if len(window) < maxTag {
				return done, 0, nil
			}
			s.cut()
			n = 1
		} else {
			c.tag(dir, markup.Parse(window[:n]), h)
		}
		s.count(n)
		done += n
	}
	return done, 0, nil
}

// skip passes over text, and keeps it where it names the device.
func (s *side) skip(p []byte) int {
	if s.text {
		p = p[:min(len(p), maxValue)]
	}
	i := bytes.IndexByte(p, '<')
	if i < 0 && s.text && len(p) < maxValue {
		return 0
	}
	if i < 0 {
		i = len(p)
	}
	if s.text {
		s.text = false
		s.message.Device.ID = s.message.keep(p[:i])
	}
	s.count(i)
	return i
}

func (s *side) count(n int) {
	if s.inside {
		s.message.Bytes += int64(n)
	} else {
		s.noise += n
	}
}

func (s *side) cut() {
	if s.inside {
		s.message.Cut = true
	}
}

// tag takes one tag.
func (c *Conversation) tag(dir wire.Dir, t markup.Tag, h Handler) {
	s := &c.sides[dir]
	s.text = false
	switch {
	case isType(t.Name) && t.Close:
		c.end(dir, h)
	case isType(t.Name):
		s.cut()
		c.end(dir, h)
		c.begin(dir, t)
		if t.Empty {
			c.end(dir, h)
		}
	case s.inside && !t.Close:
		s.message.element(t)
		s.text = !t.Empty && string(t.Name) == "DEV.device_id" && len(s.message.Device.ID) == 0
	}
}

func (c *Conversation) begin(dir wire.Dir, t markup.Tag) {
	s := &c.sides[dir]
	if s.message == nil {
		s.message, s.spare = s.spare, nil
	}
	if s.message == nil {
		s.message = &Message{}
	}
	s.message.reset()
	s.message.Type = s.message.keep(t.Name)
	s.inside = true
}

// end files the message of one side: an answer goes to what it answers, anything else waits for one.
func (c *Conversation) end(dir wire.Dir, h Handler) {
	s := &c.sides[dir]
	if !s.inside {
		return
	}
	s.inside, s.noise = false, 0
	m := s.message
	if m.IsAck() {
		c.answer(dir, m, h)
		return
	}
	if string(m.Type) == "KPA.R01" { // keeps the connection alive and says nothing
		return
	}
	c.expire(dir, h)
	s.waiting, s.message = m, nil
}

// answer joins m, an acknowledgement of dir, to what the other side sent. Of an answer to something else nothing is told.
func (c *Conversation) answer(dir wire.Dir, m *Message, h Handler) {
	o := &c.sides[dir.Other()]
	if o.waiting == nil || len(m.AckControlID) > 0 && !bytes.Equal(m.AckControlID, o.waiting.ControlID) {
		return
	}
	c.report(dir.Other(), m, h)
}

// expire reports the message of dir that waits, without an answer.
func (c *Conversation) expire(dir wire.Dir, h Handler) {
	if c.sides[dir].waiting != nil {
		c.report(dir, nil, h)
	}
}

func (c *Conversation) report(dir wire.Dir, ack *Message, h Handler) {
	s := &c.sides[dir]
	c.exchange = Exchange{Dir: dir, Message: s.waiting, Ack: ack}
	h.Exchange(&c.exchange)
	c.exchange = Exchange{}
	if s.message == nil {
		s.message = s.waiting
	} else {
		s.spare = s.waiting
	}
	s.waiting = nil
}

// Gap tells that bytes were lost. What is being read ends where its root does.
func (c *Conversation) Gap(dir wire.Dir, _ int) error {
	c.sides[dir].cut()
	c.sides[dir].text = false
	return nil
}

// Close reports what is still open.
func (c *Conversation) Close(h Handler) {
	for dir := range wire.Dir(2) {
		c.sides[dir].cut()
		c.end(dir, h)
	}
	for dir := range wire.Dir(2) {
		c.expire(dir, h)
	}
}
