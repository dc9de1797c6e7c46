package s7

import (
	"encoding/binary"
	"slices"

	"bulwark/wire"
	"bulwark/wire/tpkt"
)

const (
	// maxOpen is how many requests of a connection wait for their answers at a time.
	maxOpen = 16
	// maxShown is how much of a message is read, in bytes.
	maxShown = 4 << 10
)

// Transaction is a request with its answer. One of the two may be nil. It is valid during the call that hands it over.
type Transaction struct {
	Request, Reply *Message
}

// Handler takes what a conversation learns.
type Handler interface {
	// Transaction is called when an answer comes, or when none can come any more.
	Transaction(x *Transaction)
}

type request struct {
	reference uint16
	raw       []byte
}

// Pool is what new conversations of one goroutine take their memory from. Its zero value is ready.
type Pool struct{ requests wire.Stock[request] }

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	// Pool may be shared with other conversations; nil: it makes one of its own.
	Pool *Pool

	lost    [2]bool
	middle  [2]bool // a message goes on in the next unit
	open    []*request
	called  [16]byte
	names   int
	unit    tpkt.Unit
	asked   Message
	message Message
	result  Transaction
}

// Called is the selector of the station that was asked for; empty when it was not seen.
func (c *Conversation) Called() []byte { return c.called[:c.names] }

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for _, r := range c.open {
		c.release(r)
	}
	c.open, c.lost, c.middle, c.names = c.open[:0], [2]bool{}, [2]bool{}, 0
}

// Decode reads the packets of one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	if c.lost[dir] {
		if len(p) < tpkt.Header || !whole(p) {
			return len(p), 0, nil
		}
		c.lost[dir] = false
	}
	for done < len(p) && len(p)-done >= tpkt.Header {
		b := p[done:]
		n, err := tpkt.Size(b)
		if err != nil {
			return done, 0, err
		}
		if len(b) < n {
			return done, n, nil
		}
		if err := tpkt.Parse(b[:n], &c.unit); err != nil {
			return done, 0, err
		}
		c.take(dir, h)
		done += n
	}
	if done >= len(p) {
		return done, 0, nil
	}
	return done, tpkt.Header, nil
}

// whole reports whether p is whole packets.
func whole(p []byte) bool {
	for len(p) >= tpkt.Header {
		n, err := tpkt.Size(p)
		if err != nil || n > len(p) {
			return false
		}
		p = p[n:]
	}
	return len(p) == 0
}

// take reads one unit.
func (c *Conversation) take(dir wire.Dir, h Handler) {
	u := &c.unit
	switch u.Type {
	case tpkt.ConnectionRequest:
		c.names = copy(c.called[:], u.Parameter(tpkt.Called))
		return
	case tpkt.Data:
	default:
		return
	}
	first := !c.middle[dir]
	c.middle[dir] = !u.Last && len(u.Data) > 0
	if !first || len(u.Data) == 0 {
		return
	}
	raw := u.Data[:min(len(u.Data), maxShown)]
	m := &c.message
	if Parse(raw, m) != nil {
		return
	}
	if m.Plus {
		c.plus(dir, h)
		return
	}
	if m.Kind == Job || m.Kind == UserData && !m.Reply {
		c.wait(raw, h)
		return
	}
	c.answer(h)
}

// plus hands over a request of S7comm-plus, or an answer in which a controller says who it is.
func (c *Conversation) plus(dir wire.Dir, h Handler) {
	m := &c.message
	switch {
	case m.Opcode == 0x31 && dir == wire.ToServer:
		c.result = Transaction{Request: m}
	case m.Order != nil:
		c.result = Transaction{Reply: m}
	default:
		return
	}
	h.Transaction(&c.result)
}

// answer hands over the message in hand with the request that it answers.
func (c *Conversation) answer(h Handler) {
	c.result = Transaction{Reply: &c.message}
	i := slices.IndexFunc(c.open, func(r *request) bool { return r.reference == c.message.Reference })
	if i < 0 {
		h.Transaction(&c.result)
		return
	}
	r := c.open[i]
	c.open = slices.Delete(c.open, i, i+1)
	if Parse(r.raw, &c.asked) == nil {
		c.result.Request = &c.asked
	}
	h.Transaction(&c.result)
	c.release(r)
}

// wait lets a request wait for its answer. When too many wait, the oldest is handed over without.
func (c *Conversation) wait(raw []byte, h Handler) {
	if len(c.open) >= maxOpen {
		c.hand(h)
	}
	r := c.pool().requests.Take()
	*r = request{c.message.Reference, append(r.raw[:0], raw[:min(len(raw), 512)]...)}
	c.open = append(c.open, r)
}

func (c *Conversation) hand(h Handler) {
	r := c.open[0]
	c.open = slices.Delete(c.open, 0, 1)
	if Parse(r.raw, &c.asked) == nil {
		c.result = Transaction{Request: &c.asked}
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

// Gap looks for the next packet at the beginning of what follows.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	c.lost[dir], c.middle[dir] = true, false
	return nil
}

// Close hands over the requests that were never answered.
func (c *Conversation) Close(h Handler) {
	for len(c.open) > 0 {
		c.hand(h)
	}
}

// Probe tells whether p begins with packets of which the first that carries data carries a message. Others are carried
// alike: the connection alone does not tell.
func Probe(p []byte) (wire.Match, wire.Dir) {
	dir := wire.Either
	for n := 0; n < 3; n++ {
		if len(p) > 0 && p[0] != 3 || len(p) > 1 && p[1] != 0 {
			return wire.No, wire.Either
		}
		if len(p) < tpkt.Header {
			return wire.Unsure, dir
		}
		size, err := tpkt.Size(p)
		if err != nil {
			return wire.No, wire.Either
		}
		if len(p) < size {
			return beginning(p), dir
		}
		var u tpkt.Unit
		if tpkt.Parse(p[:size], &u) != nil {
			return wire.No, wire.Either
		}
		switch {
		case u.Type == tpkt.Data && len(u.Data) > 0:
			return carries(u.Data, dir)
		case u.Type == tpkt.Data:
		case u.Type == tpkt.ConnectionRequest && u.Parameter(tpkt.Called) != nil:
			dir = wire.ToServer
		case u.Type == tpkt.ConnectionConfirm && u.Parameter(tpkt.Called) != nil:
			dir = wire.ToClient
		default:
			return wire.No, wire.Either
		}
		p = p[size:]
	}
	return wire.No, wire.Either
}

// beginning reports whether a packet that is not whole yet may be one that carries a message.
func beginning(p []byte) wire.Match {
	if len(p) > 7 && p[5] == byte(tpkt.Data) && p[7] != protocolS7 && p[7] != protocolPlus {
		return wire.No
	}
	return wire.Unsure
}

// carries reports whether data is a message, as long as it says, and who sent it.
func carries(data []byte, dir wire.Dir) (wire.Match, wire.Dir) {
	var m Message
	if Parse(data, &m) != nil {
		return wire.No, wire.Either
	}
	if m.Plus {
		n := len(data) - 4 - int(binary.BigEndian.Uint16(data[2:]))
		if m.Opcode == 0 || n != 0 && n != 4 { // a trailer of four bytes may follow
			return wire.No, wire.Either
		}
		if m.Opcode == 0x31 {
			return wire.Yes, wire.ToServer
		}
		return wire.Yes, wire.ToClient
	}
	if data[2] != 0 || data[3] != 0 || m.Kind != UserData && m.Function != 0 && m.Function.String() == "" {
		return wire.No, wire.Either
	}
	head := 10
	if m.Kind == Ack || m.Kind == AckData {
		head, dir = 12, wire.ToClient
	} else if m.Kind == Job {
		dir = wire.ToServer
	}
	if head+int(binary.BigEndian.Uint16(data[6:]))+int(binary.BigEndian.Uint16(data[8:])) != len(data) {
		return wire.No, wire.Either
	}
	return wire.Yes, dir
}
