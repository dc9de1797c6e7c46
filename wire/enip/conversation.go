package enip

import (
	"encoding/binary"
	"slices"

	"bulwark/wire"
)

const (
	// maxOpen is how many requests wait for their replies at a time.
	maxOpen = 32
	// maxShown is how much of a message is read, in bytes.
	maxShown = headerSize + 2<<10
)

// Transaction is a request with its reply. One of the two may be nil: a request that was never answered, or a reply to
// what was not seen. It is valid during the call that hands it over.
type Transaction struct {
	Request, Reply *Message
}

// Handler takes what a conversation learns.
type Handler interface {
	// Transaction is called when a reply comes, or when none can come any more.
	Transaction(x *Transaction)
}

// request is one that waits for its reply.
type request struct {
	command  Command
	session  uint32
	sequence uint16
	raw      []byte
}

// Conversation is one connection, or the datagrams between two ends. Its zero value is ready.
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
		if m, _ := Probe(p); m != wire.Yes {
			return len(p), 0, nil
		}
		c.lost[dir] = false
	}
	for done < len(p) && len(p)-done >= headerSize {
		b := p[done:]
		size := headerSize + int(binary.LittleEndian.Uint16(b[2:]))
		show := min(size, maxShown)
		if len(b) < show {
			return done, show, nil
		}
		if err := c.take(dir, b[:show], h); err != nil {
			return done, 0, err
		}
		done += size
	}
	if done >= len(p) {
		return done, 0, nil
	}
	return done, headerSize, nil
}

// Datagram reads one datagram.
func (c *Conversation) Datagram(dir wire.Dir, p []byte, h Handler) error {
	if len(p) < headerSize {
		return ErrShort
	}
	return c.take(dir, p[:min(len(p), maxShown)], h)
}

func (c *Conversation) take(dir wire.Dir, b []byte, h Handler) error {
	reply := dir == wire.ToClient
	m := &c.message
	if err := Parse(b, reply, m); err != nil {
		return err
	}
	if !reply {
		c.result = Transaction{}
		c.wait(m, b, h)
		return nil
	}
	c.result = Transaction{Reply: m}
	i := slices.IndexFunc(c.open, func(r *request) bool {
		return r.command == m.Command && r.sequence == m.Sequence && (r.session == m.Session || r.command == RegisterSession)
	})
	if i < 0 {
		h.Transaction(&c.result)
		return nil
	}
	r := c.open[i]
	c.open = slices.Delete(c.open, i, i+1)
	if Parse(r.raw, false, &c.asked) == nil {
		c.result.Request = &c.asked
	}
	h.Transaction(&c.result)
	c.release(r)
	return nil
}

// wait lets a request wait for its reply; one that asks for none is handed over. When too many wait, the oldest is
// handed over without.
func (c *Conversation) wait(m *Message, b []byte, h Handler) {
	switch m.Command {
	case NOP, UnregisterSession, IndicateStatus, Cancel:
		c.result = Transaction{Request: m}
		h.Transaction(&c.result)
		return
	}
	if len(c.open) >= maxOpen {
		c.hand(h)
	}
	p := c.pool()
	r := p.requests.Take()
	*r = request{m.Command, m.Session, m.Sequence, p.Space.Append(r.raw[:0], b)}
	c.open = p.lists.Add(c.open, r)
}

// hand hands over the oldest request without a reply.
func (c *Conversation) hand(h Handler) {
	r := c.open[0]
	c.open = slices.Delete(c.open, 0, 1)
	if Parse(r.raw, false, &c.asked) == nil {
		c.result = Transaction{Request: &c.asked}
		h.Transaction(&c.result)
	}
	c.release(r)
}

func (c *Conversation) release(r *request) {
	c.pool().requests.Give(r)
}

// Latest is what the last message was of: a request that waits for its reply, or a transaction that was handed over; nil: there is
// none. It is valid until the next message.
func (c *Conversation) Latest() *Transaction {
	if c.result.Reply == &c.message {
		return &c.result
	}
	if len(c.open) == 0 || Parse(c.open[len(c.open)-1].raw, false, &c.asked) != nil {
		return nil
	}
	c.result = Transaction{Request: &c.asked}
	return &c.result
}

// Gap looks for the next message at the beginning of what follows.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	c.lost[dir] = true
	return nil
}

// Close hands over the requests that were never answered.
func (c *Conversation) Close(h Handler) {
	for len(c.open) > 0 {
		c.hand(h)
	}
}

// Probe tells whether p begins with a message: a header that says nothing impossible, and in it the form of its command.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) > 1 && p[1] != 0 || len(p) > 0 && Command(p[0]).String() == "" || len(p) > 0 && p[0] == 0 {
		return wire.No, wire.Either
	}
	if len(p) < headerSize {
		if len(p) >= 12 && binary.LittleEndian.Uint32(p[8:]) > 0x6a {
			return wire.No, wire.Either
		}
		return wire.Unsure, wire.Either
	}
	status, options := binary.LittleEndian.Uint32(p[8:]), binary.LittleEndian.Uint32(p[20:])
	if StatusName(status) == "" || options != 0 {
		return wire.No, wire.Either
	}
	return probeBody(p, Command(p[0]), int(binary.LittleEndian.Uint16(p[2:])), status)
}

// enough is how many bytes behind the header of a long message tell what it is.
const enough = 512

func probeBody(p []byte, command Command, length int, status uint32) (wire.Match, wire.Dir) {
	session := binary.LittleEndian.Uint32(p[4:])
	d := p[headerSize:]
	switch command {
	case RegisterSession:
		switch {
		case length == 4 && len(d) >= 4 && d[0] == 1 && d[1] == 0:
			return wire.Yes, side(session == 0)
		case length == 4 && len(d) < 4:
			return wire.Unsure, wire.Either
		}
	case UnregisterSession:
		if length == 0 && session != 0 && len(d) == 0 {
			return wire.Yes, wire.ToServer
		}
	case ListIdentity, ListServices, ListInterfaces:
		if status != 0 || session != 0 && length == 0 { // CIP vol. 2 §2-4.2: no session is needed, and one is passed over
			return wire.No, wire.Either
		}
		if length == 0 && len(d) == 0 {
			return wire.Yes, wire.ToServer
		}
		if length >= 6 && len(d) < min(length, enough) {
			return wire.Unsure, wire.Either
		}
		if len(d) >= 6 && items(d, length) {
			return wire.Yes, wire.ToClient
		}
	case SendRRData, SendUnitData:
		if length >= 12 && len(d) < min(length, enough) && (len(d) < 4 || binary.LittleEndian.Uint32(d) == 0) {
			return wire.Unsure, wire.Either
		}
		if len(d) >= 12 && binary.LittleEndian.Uint32(d) == 0 && items(d[6:], length-6) {
			return wire.Yes, sender(p)
		}
	}
	return wire.No, wire.Either
}

// sender is the side that sent a message of CIP.
func sender(p []byte) wire.Dir {
	var m Message
	if Parse(p, false, &m) != nil || !m.HasCIP || m.Bad {
		return wire.Either
	}
	return side(!m.CIP.Reply)
}

func side(asks bool) wire.Dir {
	if asks {
		return wire.ToServer
	}
	return wire.ToClient
}

// items reports whether d begins with the items of a common packet that fill length bytes.
func items(d []byte, length int) bool {
	n := int(binary.LittleEndian.Uint16(d))
	if n == 0 || n > maxItems {
		return false
	}
	at := 2
	for ; n > 0; n-- {
		if at+4 > len(d) {
			return len(d) >= enough && at < length // cut
		}
		at += 4 + int(binary.LittleEndian.Uint16(d[at+2:]))
	}
	return at == length
}

// Looks tells whether p is a datagram of one message.
func Looks(p []byte) bool {
	m, _ := Probe(p)
	return m == wire.Yes && len(p) == headerSize+int(binary.LittleEndian.Uint16(p[2:]))
}
