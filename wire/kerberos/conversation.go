package kerberos

import (
	"encoding/binary"
	"errors"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/ber"
)

// MaxWaiting is how many requests of a conversation wait for their replies; of more, the oldest is reported alone.
const MaxWaiting = 8

// MaxRecord is the longest message over TCP that is believed, in bytes.
const MaxRecord = 1 << 20

// maxScan is how many bytes behind a gap are searched for the next message before the conversation is given up.
const maxScan = 1 << 20

// errRecord means that no message lies where one is due.
var errRecord = fmt.Errorf("kerberos: no message where one is due: %w", wire.ErrMalformed)

// Exchange is a request and its reply. Either may be missing.
type Exchange struct {
	Request, Reply *Message
}

// Handler is told of exchanges. What it is handed is valid during the call only.
type Handler interface {
	Exchange(x Exchange)
}

// Conversation joins the messages of one flow, over UDP or TCP. The zero value is ready.
type Conversation struct {
	waiting []Message // requests, the oldest first
	reply   Message
	lost    [2]bool // a gap was met and no message since
	scanned [2]int
}

// Probe says whether p begins a conversation over TCP.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) >= 4 {
		// RFC 4120 §7.2.2: the highest bit is reserved and off.
		if n := binary.BigEndian.Uint32(p); n < 10 || n > MaxRecord {
			return wire.No, wire.Either
		}
	}
	if len(p) <= 4 {
		return unsure(p, 0)
	}
	match, dir := ProbeDatagram(p[4:])
	if match == wire.No {
		return match, dir
	}
	if is, length := probePassword(p[4:]); is == wire.Yes {
		if length != int(binary.BigEndian.Uint32(p)) {
			return wire.No, wire.Either
		}
		return match, dir
	}
	_, head, length, err := ber.Header(p[4:])
	if err == nil && head+length != int(binary.BigEndian.Uint32(p)) {
		return wire.No, wire.Either
	}
	return match, dir
}

// unsure answers for bytes that are too few, the first of which is at most high.
func unsure(p []byte, high byte) (wire.Match, wire.Dir) {
	if len(p) > 0 && p[0] > high {
		return wire.No, wire.Either
	}
	return wire.Unsure, wire.Either
}

// ProbeDatagram says whether p begins a message, and who sends such.
func ProbeDatagram(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	t := messageType(ber.Tag(p[0]))
	if t == 0 {
		match, _ := probePassword(p)
		if match == wire.Yes {
			return ProbeDatagram(p[passwordHeader:])
		}
		return match, wire.Either
	}
	dir := wire.ToClient
	if t.IsRequest() {
		dir = wire.ToServer
	}
	_, head, length, err := ber.Header(p)
	if err != nil {
		return unlessShort(err), dir
	}
	inner, innerHead, innerLength, err := ber.Header(p[head:])
	if err != nil {
		return unlessShort(err), dir
	}
	if inner != ber.Sequence || innerHead+innerLength != length {
		return wire.No, wire.Either
	}
	return probeVersion(p[head+innerHead:], t), dir
}

func unlessShort(err error) wire.Match {
	if err == ber.ErrShort {
		return wire.Unsure
	}
	return wire.No
}

// probeVersion asks for pvno, an INTEGER 5 in [0] or, in KDC-REQ, [1].
func probeVersion(p []byte, t MessageType) wire.Match {
	first := byte(ber.Context(0).Constructed())
	if t == ASReq || t == TGSReq {
		first++
	}
	for i, want := range [...]byte{first, 3, 2, 1, 5} {
		if i >= len(p) {
			return wire.Unsure
		}
		if p[i] != want {
			return wire.No
		}
	}
	return wire.Yes
}

// Datagram reads a message that came over UDP.
func (c *Conversation) Datagram(p []byte, h Handler) error {
	if len(p) == 0 {
		return ErrType
	}
	return c.message(p, h)
}

// Decode reads messages that come over TCP.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for {
		if c.lost[dir&1] {
			skip, err := c.find(dir, p[done:])
			done += skip
			if err != nil || c.lost[dir&1] {
				return done, 0, err
			}
		}
		rest := p[done:]
		if len(rest) < 4 {
			return done, 4, nil
		}
		length := int(binary.BigEndian.Uint32(rest))
		if length == 0 || length > MaxRecord {
			return done, 0, errRecord
		}
		// A ticket may make a message longer than what a caller keeps: then its end is skipped unseen.
		seen := min(length, wire.MaxPending-4)
		if len(rest) < 4+seen {
			return done, 4 + seen, nil
		}
		if err := c.message(rest[4:4+seen], h); errors.Is(err, ErrType) {
			return done, 0, errRecord
		}
		done += 4 + length
		if done >= len(p) {
			return done, 0, nil
		}
	}
}

// find looks for the next message behind a gap and says how many bytes lie before it.
func (c *Conversation) find(dir wire.Dir, p []byte) (skip int, err error) {
	for i := range p {
		match, _ := Probe(p[i:])
		if match == wire.No || match == wire.Unsure && len(p)-i >= probeLength {
			continue
		}
		c.scanned[dir&1] += i
		if match == wire.Yes {
			c.lost[dir&1], c.scanned[dir&1] = false, 0
		}
		return i, nil
	}
	if c.scanned[dir&1] += len(p); c.scanned[dir&1] > maxScan {
		return len(p), wire.ErrLost
	}
	return len(p), nil
}

// probeLength is how many bytes are enough for [Probe]: two headers of up to 10, the length before, the version.
const probeLength = 4 + 10 + 10 + 5

// Gap tells of lost bytes: the next message is looked for.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	c.lost[dir&1] = true
	return nil
}

// Close reports the requests that nobody answered.
func (c *Conversation) Close(h Handler) {
	for i := range c.waiting {
		h.Exchange(Exchange{Request: &c.waiting[i]})
	}
	c.waiting = c.waiting[:0]
}

// Reset makes c ready for another conversation. Buffers that have grown long are given back.
func (c *Conversation) Reset() {
	const few = 2
	if cap(c.waiting) > few {
		kept := make([]Message, few)
		copy(kept, c.waiting[:few])
		c.waiting = kept
	}
	all := c.waiting[:cap(c.waiting)]
	for i := range all {
		all[i].trim()
	}
	c.reply.trim()
	*c = Conversation{waiting: c.waiting[:0], reply: c.reply}
}

// trim gives back buffers that have grown long.
func (m *Message) trim() {
	const short = 1024
	if cap(m.text) > short {
		m.text = nil
	}
	if cap(m.der) > short {
		m.der = nil
	}
}

// message reads one message and joins it with its other half.
func (c *Conversation) message(p []byte, h Handler) error {
	inner, _ := unwrap(p)
	if t := messageType(ber.Tag(inner[0])); t.IsRequest() {
		return c.request(p, h)
	}
	if err := ParseCut(p, &c.reply); err != nil {
		return err
	}
	i := c.answered()
	if i < 0 {
		h.Exchange(Exchange{Reply: &c.reply})
		return nil
	}
	h.Exchange(Exchange{Request: &c.waiting[i], Reply: &c.reply})
	c.forget(i)
	return nil
}

// request keeps a request until its reply comes.
func (c *Conversation) request(p []byte, h Handler) error {
	if len(c.waiting) == MaxWaiting {
		h.Exchange(Exchange{Request: &c.waiting[0]})
		c.forget(0)
	}
	n := len(c.waiting)
	if n < cap(c.waiting) {
		c.waiting = c.waiting[:n+1] // with the buffers of an earlier one
	} else {
		c.waiting = append(c.waiting, Message{})
	}
	err := ParseCut(p, &c.waiting[n])
	if err != nil || c.repeated(n) {
		c.waiting = c.waiting[:n]
	}
	return err
}

// repeated says whether request n is a repetition of one before it, as UDP clients send them: the nonce tells
// (RFC 4120 §5.4.1).
func (c *Conversation) repeated(n int) bool {
	m := &c.waiting[n]
	for i := range c.waiting[:n] {
		if w := &c.waiting[i]; m.Nonce != 0 && w.Nonce == m.Nonce && w.Type == m.Type {
			return true
		}
	}
	return false
}

// answered is the oldest request that the reply fits, -1 when there is none.
func (c *Conversation) answered() int {
	for i := range c.waiting {
		t := c.waiting[i].Type
		if c.reply.Type == Error || c.reply.Type == t+1 { // RFC 4120 §5.10: a reply's number is its request's plus 1
			return i
		}
	}
	return -1
}

// forget takes request i out and keeps its buffers for later ones.
func (c *Conversation) forget(i int) {
	last := len(c.waiting) - 1
	gone := c.waiting[i]
	copy(c.waiting[i:], c.waiting[i+1:])
	c.waiting[last] = gone
	c.waiting = c.waiting[:last]
}
