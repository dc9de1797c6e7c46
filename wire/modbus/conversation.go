package modbus

import (
	"encoding/binary"
	"slices"

	"bulwark/wire"
)

// maxOpen is how many requests of a connection wait for their answers at a time. The standard's default is 16.
const maxOpen = 64

// Transaction is a request with its reply. One of the two may be nil: a request that was never answered, or a reply to
// what was not seen. It is valid during the call that hands it over.
type Transaction struct {
	Request, Reply *Message
	Mismatch       bool // the reply is not of the form that the request asked for
	Flooded        bool // too many requests wait
}

// Handler takes what a conversation learns.
type Handler interface {
	// Transaction is called when a reply comes, or when none can come any more.
	Transaction(x *Transaction)
}

// request is one that waits for its reply.
type request struct {
	size int
	raw  [6 + maxLength]byte
}

// Pool is what new conversations of one goroutine take their memory from. Its zero value is ready.
type Pool struct{ requests wire.Stock[request] }

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	// Pool may be shared with other conversations; nil: it makes one of its own.
	Pool *Pool

	open    []*request
	lost    [2]bool
	asked   Message
	message Message
	result  Transaction
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for _, r := range c.open {
		c.release(r)
	}
	c.open, c.lost = c.open[:0], [2]bool{}
}

// Decode reads the messages of one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	if c.lost[dir] {
		if !plausible(p, dir == wire.ToClient) {
			return len(p), 0, nil
		}
		c.lost[dir] = false
	}
	for len(p)-done >= 6 {
		b := p[done:]
		length := int(binary.BigEndian.Uint16(b[4:]))
		switch {
		case binary.BigEndian.Uint16(b[2:]) != 0:
			return done, 0, ErrProtocol
		case length < minLength || length > maxLength:
			return done, 0, ErrLength
		case len(b) < 6+length:
			return done, 6 + length, nil
		}
		c.take(dir, b[:6+length], h)
		done += 6 + length
	}
	if done == len(p) {
		return done, 0, nil
	}
	return done, 6, nil
}

func (c *Conversation) take(dir wire.Dir, raw []byte, h Handler) {
	if dir == wire.ToServer {
		c.wait(raw, h)
		return
	}
	if Parse(raw, true, &c.message) != nil {
		return
	}
	m := &c.message
	c.result = Transaction{Reply: m}
	i := slices.IndexFunc(c.open, func(r *request) bool {
		return [2]byte(r.raw[:2]) == [2]byte(raw[:2]) && r.raw[6] == raw[6] && r.raw[7]&^refused == raw[7]&^refused
	})
	if i < 0 {
		h.Transaction(&c.result)
		return
	}
	r := c.open[i]
	c.open = slices.Delete(c.open, i, i+1)
	if Parse(r.raw[:r.size], false, &c.asked) == nil {
		c.result.Request = &c.asked
		c.result.Mismatch = !m.Answers(&c.asked)
	}
	h.Transaction(&c.result)
	c.release(r)
}

// wait lets a request wait for its reply. When too many wait, the oldest is handed over without.
func (c *Conversation) wait(raw []byte, h Handler) {
	if len(c.open) >= maxOpen {
		c.hand(true, h)
	}
	r := c.pool().requests.Take()
	r.size = copy(r.raw[:], raw)
	c.open = append(c.open, r)
}

// hand hands over the oldest request without a reply.
func (c *Conversation) hand(flooded bool, h Handler) {
	r := c.open[0]
	c.open = slices.Delete(c.open, 0, 1)
	if Parse(r.raw[:r.size], false, &c.asked) == nil {
		c.result = Transaction{Request: &c.asked, Flooded: flooded}
		h.Transaction(&c.result)
	}
	c.release(r)
}

func (c *Conversation) release(r *request) {
	c.pool().requests.Give(r)
}

func (c *Conversation) pool() *Pool {
	if c.Pool == nil {
		c.Pool = new(Pool)
	}
	return c.Pool
}

// Gap looks for the next message at the beginning of what follows.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	c.lost[dir] = true
	return nil
}

// Close hands over the requests that were never answered.
func (c *Conversation) Close(h Handler) {
	for len(c.open) > 0 {
		c.hand(false, h)
	}
}

// Probe tells whether p is made of whole messages of functions that the standard names, each as long as its function
// says: Modbus has no other mark.
func Probe(p []byte) (wire.Match, wire.Dir) {
	for i := 2; i < 5 && i < len(p); i++ {
		if p[i] != 0 {
			return wire.No, wire.Either
		}
	}
	if len(p) < 6 {
		return wire.Unsure, wire.Either
	}
	length := int(p[5])
	if length < minLength || length > maxLength {
		return wire.No, wire.Either
	}
	if len(p) < 8 {
		return wire.Unsure, wire.Either
	}
	if len(p) < 6+length {
		if functionNames[Function(p[7]&^refused)] == "" {
			return wire.No, wire.Either
		}
		return wire.Unsure, wire.Either
	}
	ask, answer := plausible(p, false), plausible(p, true)
	switch {
	case ask && answer:
		return wire.Yes, wire.Either
	case ask:
		return wire.Yes, wire.ToServer
	case answer:
		return wire.Yes, wire.ToClient
	}
	return wire.No, wire.Either
}

// plausible reports whether p is whole messages of one side that are without error.
func plausible(p []byte, reply bool) bool {
	for len(p) > 0 {
		var m Message
		if Parse(p, reply, &m) != nil || m.Errors != 0 || functionNames[m.Function] == "" || !m.formed() {
			return false
		}
		p = p[6+int(m.Length):]
	}
	return true
}

// formed holds the functions that Parse is lenient with against their forms.
func (m *Message) formed() bool {
	switch {
	case m.Refused:
		return m.Exception > 0 && m.Exception < 12
	case m.Reply && m.Function.Access()&Read != 0 && len(m.Read.Data) < 2:
		return false // a reply to a read of some coils: DICOM's A-ASSOCIATE-RJ has that form
	case m.Function == Diagnostic:
		return len(m.Data) >= 2 && DiagnosticName(m.Sub) != "Reserved"
	case m.Function == Encapsulated && m.Reply:
		return InterfaceName(m.Sub) != "Unknown" && len(m.Data) >= 5
	case m.Function == Encapsulated:
		padded := len(m.Data) == 3 && m.Data[2] == 0 // met at clients
		return m.Sub == DeviceIdentification && (len(m.Data) == 2 || padded) && m.Data[0] >= 1 && m.Data[0] <= 4
	case m.Function.Access() != 0, fixed(m.Function, m.Reply) >= 0:
		return true
	case len(m.Data) == 0:
		return false
	}
	return int(m.Data[0]) == len(m.Data)-1
}
