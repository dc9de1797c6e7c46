package astm

import (
	"bytes"
	"fmt"

	"bulwark/wire"
)

// The control characters of LIS1-A §5.
const (
	stx = 0x02
	etx = 0x03
	eot = 0x04
	enq = 0x05
	ack = 0x06
	nak = 0x15
	etb = 0x17
)

const (
	// maxNoise is how many bytes of one side may stand outside frames and records.
	maxNoise = 4 << 10
	// maxFrame is how much of a frame is kept: LIS1-A §6.3.1.2 allows 64,000 bytes, older editions 240.
	maxFrame = 64 << 10
)

// ErrNoise means that a side sends what are neither frames nor records.
var ErrNoise = fmt.Errorf("astm: no frame: %w", wire.ErrMalformed)

// Handler is told of each message once, when its last record was taken or nothing more of it can come.
type Handler interface {
	// Message hands over a message that the side dir sent.
	Message(dir wire.Dir, m *Message)
}

// Probe tells whether p are the first bytes of a conversation, or of one seen from the middle. The side that sends records
// is taken for the client.
func Probe(p []byte) (wire.Match, wire.Dir) {
	for len(p) > 0 && (p[0] == enq || p[0] == ack || p[0] == nak || p[0] == eot) {
		p = p[1:]
	}
	if len(p) == 0 {
		return wire.Unsure, wire.ToServer
	}
	if p[0] == 'H' {
		return probeBare(p), wire.ToServer
	}
	return probeFrame(p), wire.ToServer
}

// probeBare tells whether p begins with a header record and its next field.
func probeBare(p []byte) wire.Match {
	if len(p) < headerLen+1 {
		if len(p) > 1 && !isMark(p[1]) {
			return wire.No
		}
		return wire.Unsure
	}
	if isHeader(p) && (p[headerLen] == p[1] || p[headerLen] == '\r') {
		return wire.Yes
	}
	return wire.No
}

// probeFrame tells whether p begins with a frame that holds the beginning of a record.
func probeFrame(p []byte) wire.Match {
	if p[0] != stx || len(p) > 1 && (p[1] < '0' || p[1] > '7') || len(p) > 2 && bytes.IndexByte(letters, p[2]) < 0 ||
		len(p) > 3 && !isMark(p[3]) {
		return wire.No
	}
	switch {
	case len(p) < 5 || p[2] == 'H' && len(p) < 2+headerLen:
		return wire.Unsure
	case p[2] == 'H' && isHeader(p[2:]), p[2] != 'H' && '0' <= p[4] && p[4] <= '9':
		return wire.Yes
	}
	return wire.No
}

// letters begin the records of LIS2-A2 §5.4.
var letters = []byte("HPORCQLMS")

type state uint8

const (
	between state = iota // frames
	number               // behind STX
	inside               // a frame
	sum1                 // behind ETX or ETB
	sum2
	bare // among records without frames
)

// Conversation is one connection. Its zero value is ready. It holds at most two frames and two messages.
type Conversation struct {
	sides [2]side
}

type side struct {
	state state
	noise int

	// The frame in hand.
	number, sum, high byte // high is the first digit of its checksum
	partial           bool // it ends with ETB
	waiting           bool // it is complete and waits for its answer
	overlong          bool
	text              []byte
	last, lastSum     byte // of the last frame that was taken; last is 0 for none

	frames, repeated, bad int // since the last message

	marks   delimiters
	record  []byte
	cut     bool // record is not whole
	open    bool // message is begun
	message Message
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for i := range c.sides {
		s := &c.sides[i]
		s.message.reset()
		*s = side{text: s.text[:0], record: s.record[:0], message: s.message}
	}
}

// Decode reads bytes of one side. It fails when more than a few kilobytes are neither frames nor records.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	for done < len(p) {
		switch s.state {
		case inside:
			done += c.text(dir, p[done:], h)
		case bare:
			done += c.bare(dir, p[done:], h)
		default:
			if err := c.control(dir, p[done], h); err != nil {
				c.Close(h)
				return done, 0, err
			}
			done++
		}
	}
	return done, 0, nil
}

// Gap tells that bytes were lost. A frame that waits for its answer is taken, for more of them are accepted than
// refused; the one in hand is lost.
func (c *Conversation) Gap(dir wire.Dir, _ int) error {
	s := &c.sides[dir]
	if s.state != bare {
		s.state = between
	}
	s.cut = true
	s.message.Cut = s.message.Cut || s.open
	return nil
}

// Close reports the messages that are still open.
func (c *Conversation) Close(h Handler) {
	for dir := range wire.Dir(2) {
		s := &c.sides[dir]
		c.take(dir, h)
		if s.state == bare {
			c.endRecord(dir, h)
		}
		c.end(dir, h)
	}
}

// control takes one byte outside the text of a frame.
func (c *Conversation) control(dir wire.Dir, b byte, h Handler) error {
	s := &c.sides[dir]
	switch s.state {
	case number:
		if b < '0' || b > '7' {
			s.state = between
			return nil
		}
		c.begin(dir, b, h)
		return nil
	case sum1:
		s.high, s.state = b, sum2
		return nil
	case sum2:
		s.checksum(s.high, b)
		s.state = between
		return nil
	}
	switch b {
	case ack:
		c.take(dir.Other(), h)
	case nak:
		c.sides[dir.Other()].refuse()
	case enq:
		c.take(dir, h)
		c.end(dir, h)
		s.last = 0
	case eot: // of the receiver it is an ACK that asks for the line (LIS1-A §6.3.5)
		c.take(dir.Other(), h)
		c.take(dir, h)
		c.end(dir, h)
		s.last = 0
	case stx:
		s.state = number
	case '\r', '\n', ' ', 0:
	default:
		return s.other(b)
	}
	return nil
}

// other takes a byte that belongs to nothing. An H begins bare records.
func (s *side) other(b byte) error {
	if b == 'H' {
		s.state, s.record, s.cut = bare, append(s.record[:0], b), false
		return nil
	}
	if s.noise++; s.noise > maxNoise {
		return ErrNoise
	}
	return nil
}

// text takes the text of a frame up to its end.
func (c *Conversation) text(dir wire.Dir, p []byte, h Handler) int {
	s := &c.sides[dir]
	n := 0
	for n < len(p) && !isEnd(p[n]) {
		s.sum += p[n]
		n++
	}
	if room := maxFrame - len(s.text); n > room {
		s.text, s.overlong = append(s.text, p[:room]...), true
	} else {
		s.text = append(s.text, p[:n]...)
	}
	if n == len(p) {
		return n
	}
	if p[n] == etx || p[n] == etb {
		s.sum += p[n]
		s.partial, s.state = p[n] == etb, sum1
		return n + 1
	}
	// §6.6: STX, ENQ and EOT do not stand in a frame, so this one was broken off.
	s.state = between
	s.message.Cut = s.message.Cut || s.open
	return n
}

func isEnd(b byte) bool { return b == etx || b == etb || b == stx || b == enq || b == eot }

// begin begins a frame. Where one waits whose answer was not seen, it was taken, unless the new one has its number.
func (c *Conversation) begin(dir wire.Dir, number byte, h Handler) {
	s := &c.sides[dir]
	if s.waiting && s.number == number {
		s.refuse()
	}
	c.take(dir, h)
	s.number, s.sum, s.text, s.overlong, s.state = number, number, s.text[:0], false, inside
}

// checksum ends the frame in hand, which then waits for its answer (LIS1-A §6.3.3).
func (s *side) checksum(high, low byte) {
	s.waiting = true
	if hex(high) > 15 || hex(low) > 15 || hex(high)<<4|hex(low) != s.sum {
		s.bad++
	}
}

func hex(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10
	case 'a' <= b && b <= 'f':
		return b - 'a' + 10
	}
	return 255
}

// refuse drops the frame that waits: it comes again.
func (s *side) refuse() {
	if s.waiting {
		s.waiting = false
		s.repeated++
	}
}

// take reads the frame that waits. One that was taken before was sent again because its answer was lost.
func (c *Conversation) take(dir wire.Dir, h Handler) {
	s := &c.sides[dir]
	if !s.waiting {
		return
	}
	s.waiting = false
	if s.number == s.last && s.sum == s.lastSum {
		s.repeated++
		return
	}
	s.last, s.lastSum = s.number, s.sum
	s.frames++
	s.cut = s.cut || s.overlong
	for rest := s.text; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\r')
		if i < 0 {
			s.append(rest)
			break
		}
		s.append(rest[:i])
		rest = rest[i+1:]
		c.endRecord(dir, h)
	}
	if !s.partial {
		c.endRecord(dir, h)
	}
}

// append adds to the record in hand, as far as it is looked at.
func (s *side) append(p []byte) {
	if room := maxRecord - len(s.record); len(p) > room {
		p, s.cut = p[:room], true
	}
	s.record = append(s.record, p...)
}

// bare takes bytes of records without frames.
func (c *Conversation) bare(dir wire.Dir, p []byte, h Handler) int {
	s := &c.sides[dir]
	n := 0
	for n < len(p) && (p[n] >= ' ' || p[n] == '\t') {
		n++
	}
	s.append(p[:n])
	if n == len(p) {
		return n
	}
	known := c.endRecord(dir, h)
	if p[n] != '\r' && p[n] != '\n' {
		s.state = between
		return n
	}
	if !known || !s.open {
		s.state = between
	}
	return n + 1
}

// endRecord reads the record in hand, and reports whether it was one.
func (c *Conversation) endRecord(dir wire.Dir, h Handler) bool {
	s := &c.sides[dir]
	rec := bytes.TrimLeft(s.record, " \n\x00")
	size, cut := len(s.record), s.cut
	s.record, s.cut = s.record[:0], false
	if len(rec) == 0 {
		return s.state == bare
	}
	if isHeader(rec) {
		c.end(dir, h)
		s.message.reset()
		s.open = true
		s.marks.header(&s.message, rec)
	} else if len(rec) < 2 || bytes.IndexByte(letters, rec[0]) < 0 || !isMark(rec[1]) || s.open && rec[1] != s.marks.field {
		s.noise += size
		return false
	} else {
		s.follow(rec)
	}
	m := &s.message
	m.Records++
	m.Bytes += int64(size) + 1
	m.Cut = m.Cut || cut
	if rec[0] == 'L' {
		c.end(dir, h)
	}
	return true
}

// follow reads a record behind the header. Where that was not seen, the separators are the usual ones.
func (s *side) follow(rec []byte) {
	if !s.open {
		s.message.reset()
		s.open, s.message.Cut = true, true
		s.marks = delimiters{rec[1], '\\', '^'}
		s.message.Component = '^'
	}
	s.marks.record(&s.message, rec)
}

// end reports the message in hand.
func (c *Conversation) end(dir wire.Dir, h Handler) {
	s := &c.sides[dir]
	if !s.open {
		return
	}
	m := &s.message
	m.Framed, m.Frames, m.Repeated, m.BadChecksums = s.frames > 0, s.frames, s.repeated, s.bad
	s.open, s.noise, s.frames, s.repeated, s.bad = false, 0, 0, 0, 0
	h.Message(dir, m)
}
