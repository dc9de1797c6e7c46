package hl7

import (
	"bytes"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/internal/delimited"
)

// MLLP release 1, §2: the bytes that begin and end a block.
const (
	startBlock = 0x0B // VT
	endBlock   = 0x1C // FS, followed by a carriage return
)

// maxNoise is how many bytes may stand between frames before the conversation is taken for something else.
const maxNoise = 64 << 10

// maxOpen is how many messages of one side wait for their acknowledgments at most.
const maxOpen = 16

// Join is how an acknowledgment was found to belong to a message.
type Join uint8

const (
	// Unjoined means that one of the two is missing.
	Unjoined Join = iota
	// ByControlID means that MSA-2 repeats the message's control id.
	ByControlID
	// ByOrder means that MSA-2 is another id, but one message alone was waiting: MLLP allows one at a time.
	ByOrder
)

// Exchange is a message and its acknowledgment.
type Exchange struct {
	// Dir is the side that sent Message, or, where that is missing, the side that would have.
	Dir wire.Dir
	// Message is nil for an acknowledgment of something not seen.
	Message *Message
	// Ack is nil when no acknowledgment was seen.
	Ack  *Message
	Join Join
}

// Handler is told of each message once: with its acknowledgment, when that came; without, when it can no
// longer come or none was asked for. The exchange is valid during the call only.
type Handler interface {
	Exchange(*Exchange)
}

// Probe tells whether p are the first bytes of an MLLP conversation. The side that sends a message first is taken for
// the client, unless what it sends is an acknowledgment.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.ToServer
	}
	if p[0] != startBlock {
		return wire.No, wire.ToServer
	}
	p = p[1:]
	if len(p) < 4 {
		for _, name := range [...]string{"MSH", "FHS", "BHS"} {
			if bytes.HasPrefix([]byte(name), p) {
				return wire.Unsure, wire.ToServer
			}
		}
		return wire.No, wire.ToServer
	}
	if !isHeader(p) {
		return wire.No, wire.ToServer
	}
	if string(p[:3]) == "MSH" {
		f := delimited.Fields{Rest: p[4:], Sep: p[3], N: 2}
		if bytes.HasPrefix(f.At(9), []byte("ACK")) {
			return wire.Yes, wire.ToClient
		}
	}
	return wire.Yes, wire.ToServer
}

// Conversation decodes the two directions of one MLLP connection. The zero value is ready. It holds at most
// 2*(maxOpen+1) messages of some 18 KiB, usually two of 1 KiB.
type Conversation struct {
	// Pool may be shared with other conversations; nil: it makes one of its own.
	Pool *Pool

	sides    [2]side
	free     []*Message
	exchange Exchange // what the handler is shown
}

type side struct {
	reader
	state   state
	message *Message   // the message being read
	open    []*Message // those that wait for an acknowledgment, the oldest first
	scanned int        // how many of the waiting bytes hold no end of the segment
	noise   int        // bytes since the last frame
	broken  bool       // bytes were lost: what is being read ends here
	heard   bool       // this side has sent something
}

type state uint8

const (
	between state = iota // frames
	segment              // at the beginning of a segment, inside a frame
	tail                 // inside a segment of which enough was seen
)

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for i := range c.sides {
		s := &c.sides[i]
		c.free = append(c.free, s.open...)
		if s.message != nil {
			c.free = append(c.free, s.message)
		}
		clear(s.open)
		*s = side{open: s.open[:0]}
	}
}

// Decode reads bytes of one side. It fails only when more than 64 KiB hold no frame.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	s.heard = true
	if s.broken {
		c.breakOff(dir, h)
	}
	for done < len(p) {
		var n int
		switch s.state {
		case between:
			n, need, err = s.findFrame(p[done:])
		case segment:
			n = c.readSegment(dir, p[done:], h)
		case tail:
			n = c.skipTail(dir, p[done:], h)
		}
		done += n
		if n == 0 || err != nil {
			return done, need, err
		}
	}
	return done, 0, nil
}

// Gap tells that bytes were lost. The message they belong to is reported as cut; reading goes on at the next frame.
func (c *Conversation) Gap(dir wire.Dir, _ int) error {
	c.sides[dir].broken = true
	return nil
}

// Close reports the messages that are still open.
func (c *Conversation) Close(h Handler) {
	for dir := range wire.Dir(2) {
		c.breakOff(dir, h)
	}
	for dir := range wire.Dir(2) {
		s := &c.sides[dir]
		for len(s.open) > 0 {
			c.expire(dir, h)
		}
	}
}

// breakOff ends what is being read of one side, without its end.
func (c *Conversation) breakOff(dir wire.Dir, h Handler) {
	s := &c.sides[dir]
	if s.message != nil {
		s.message.Cut = true
	}
	c.endFrame(dir, h)
	s.broken = false
}

// findFrame passes over noise up to the next start block.
func (s *side) findFrame(p []byte) (done, need int, err error) {
	i := bytes.IndexByte(p, startBlock)
	if i < 0 {
		i = len(p)
	}
	if s.noise += i; s.noise > maxNoise {
		return i, 0, fmt.Errorf("hl7: %w: %d bytes without an MLLP frame", wire.ErrMalformed, maxNoise)
	}
	if i > 0 {
		return i, 0, nil
	}
	if len(p) < 5 {
		return 0, 5, nil
	}
	if !isHeader(p[1:]) {
		s.noise++
		return 1, 0, nil
	}
	s.state, s.noise, s.scanned, s.reader = segment, 0, 0, reader{}
	return 1, 0, nil
}

// end finds what ends the segment that p begins with: an end block, or the terminator. -1 means that it is not there.
func (s *side) end(p []byte) int {
	end, ok := s.segmentEnd(p)
	if fs := bytes.IndexByte(p[:end], endBlock); fs >= 0 {
		return fs
	}
	if !ok {
		return -1
	}
	return end
}

// readSegment reads one segment. One longer than maxSegment is read as far as that, and the rest passed over.
func (c *Conversation) readSegment(dir wire.Dir, p []byte, h Handler) int {
	s := &c.sides[dir]
	if len(p) >= 5 && p[0] == startBlock && isHeader(p[1:]) {
		// The end block was forgotten or lost, and another frame begins.
		c.breakOff(dir, h)
		return s.mustFindFrame(p)
	}
	window := p[:min(len(p), maxSegment)]
	from := min(s.scanned, len(window))
	end := s.end(window[from:])
	if end < 0 && len(window) < maxSegment {
		s.scanned = len(p)
		return 0
	}
	s.scanned = 0
	if end < 0 {
		c.segment(dir, window, true, h)
		s.state = tail
		return len(window)
	}
	end += from
	c.segment(dir, p[:end], false, h)
	s.count(end + 1)
	if p[end] == endBlock {
		s.count(-1)
		c.endFrame(dir, h)
	}
	return end + 1
}

// mustFindFrame enters the frame that p is known to begin with.
func (s *side) mustFindFrame(p []byte) int {
	n, _, _ := s.findFrame(p)
	return n
}

// skipTail passes over the rest of a long segment, a document in an OBX for instance.
func (c *Conversation) skipTail(dir wire.Dir, p []byte, h Handler) int {
	s := &c.sides[dir]
	end := s.end(p)
	if end < 0 {
		s.count(len(p))
		return len(p)
	}
	s.state = segment
	s.count(end + 1)
	if p[end] == endBlock {
		s.count(-1)
		c.endFrame(dir, h)
	}
	return end + 1
}

func (s *side) count(n int) {
	if s.message != nil {
		s.message.Bytes += int64(n)
	}
}

// segment reads a segment into the message of one side. An MSH begins a message, and ends the one before it in a batch.
func (c *Conversation) segment(dir wire.Dir, seg []byte, cut bool, h Handler) {
	s := &c.sides[dir]
	if isMSH(bytes.TrimLeft(seg, "\r\n")) {
		c.endMessage(dir, h)
		s.message = c.take()
	}
	if s.message == nil {
		var none Message
		s.reader.segment(&none, seg, cut) // FHS and BHS alone
		return
	}
	s.reader.segment(s.message, seg, cut)
	if cut {
		s.count(len(seg))
	}
}

func (c *Conversation) endFrame(dir wire.Dir, h Handler) {
	c.endMessage(dir, h)
	s := &c.sides[dir]
	s.state, s.scanned, s.noise = between, 0, 0
}

// endMessage files the message of one side: an acknowledgment goes to what it answers, anything else waits for one.
func (c *Conversation) endMessage(dir wire.Dir, h Handler) {
	s := &c.sides[dir]
	m := s.message
	if m == nil {
		return
	}
	s.message, s.started = nil, false
	if m.IsAck() {
		c.acknowledge(dir.Other(), m, h)
		return
	}
	if noAck(m) {
		c.report(Exchange{Dir: dir, Message: m}, h)
		return
	}
	limit := maxOpen
	if !c.sides[dir.Other()].heard {
		limit = 1 // one-sided so far: the answer to the message before was not seen
	}
	for len(s.open) >= limit {
		c.expire(dir, h)
	}
	s.open = c.pool().lists.Add(s.open, m)
}

// noAck reports whether the sender asked for no acknowledgment at all (§2.9.3, enhanced mode).
func noAck(m *Message) bool {
	return string(m.AcceptAck) == "NE" && string(m.ApplicationAck) == "NE"
}

// acknowledge joins ack to the message of side dir that it answers.
func (c *Conversation) acknowledge(dir wire.Dir, ack *Message, h Handler) {
	open := c.sides[dir].open
	x := Exchange{Dir: dir, Ack: ack}
	i := 0
	for i < len(open) && !bytes.Equal(open[i].ControlID, ack.AckControlID) {
		i++
	}
	switch {
	case i < len(open):
		x.Join = ByControlID
	case len(open) == 1:
		i, x.Join = 0, ByOrder
	default:
		c.report(x, h)
		return
	}
	x.Message = open[i]
	c.sides[dir].open = append(open[:i], open[i+1:]...)
	c.report(x, h)
}

// expire reports the oldest open message of one side without an acknowledgment.
func (c *Conversation) expire(dir wire.Dir, h Handler) {
	s := &c.sides[dir]
	m := s.open[0]
	s.open = append(s.open[:0], s.open[1:]...)
	c.report(Exchange{Dir: dir, Message: m}, h)
}

// report shows x to the handler and takes its messages back.
func (c *Conversation) report(x Exchange, h Handler) {
	c.exchange = x
	h.Exchange(&c.exchange)
	c.exchange = Exchange{}
	for _, m := range [...]*Message{x.Message, x.Ack} {
		if m != nil {
			c.free = c.pool().lists.Add(c.free, m)
		}
	}
}

func (c *Conversation) take() *Message {
	if n := len(c.free); n > 0 {
		m := c.free[n-1]
		c.free = c.free[:n-1]
		m.reset()
		return m
	}
	m := c.pool().messages.Fresh()
	m.pool = c.Pool
	return m
}
