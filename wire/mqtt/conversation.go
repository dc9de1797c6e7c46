package mqtt

import (
	"iter"
	"slices"

	"bulwark/wire"
)

const (
	// maxWhole is how long a packet may be to be read, but for the payload of a PUBLISH, in bytes.
	maxWhole = 32 << 10
	// maxLength is how long a packet may be by default before only its header is told: Suricata's max-msg-length.
	maxLength = 1 << 20
	// MaxPayload is how much of the payload of a PUBLISH is kept, in bytes.
	MaxPayload = 1 << 10
	// maxOpen is how many exchanges wait for their answer at a time, and maxKept how many bytes they may take.
	maxOpen = 64
	maxKept = 64 << 10
	// maxSpare is how large a buffer may be that is kept for later use, in bytes.
	maxSpare = 2 << 10
)

// Faults are what was wrong with an exchange, one bit each.
type Faults uint16

// The faults, in the words of Suricata's events.
const (
	MissingConnect Faults = 1 << iota
	MissingPublish
	MissingSubscribe
	MissingUnsubscribe
	DoubleConnect
	Unintroduced // before the broker accepted a CONNECT
	InvalidQoS
	MissingID
	Unassigned
	TooMany
	Malformed
)

// Names yields the names of the faults.
func (f Faults) Names() iter.Seq[string] {
	names := [...]string{"missing_connect", "missing_publish", "missing_subscribe", "missing_unsubscribe", "double_connect",
		"unintroduced_message", "invalid_qos_level", "missing_msg_id", "unassigned_msg_type", "too_many_transactions",
		"malformed_traffic"}
	return func(yield func(string) bool) {
		for i, name := range names {
			if f&(1<<i) != 0 && !yield(name) {
				return
			}
		}
	}
}

// Exchange is a packet with those that answered it: CONNECT and CONNACK, SUBSCRIBE and SUBACK, PUBLISH and what its
// quality of service asks for. It is valid during the call that hands it over.
type Exchange struct {
	Version uint8 // of the protocol: 3, 4, 5; 0 when its CONNECT was not seen
	Faults  Faults
	From    wire.Dir // who began it

	id     uint16
	raw    []byte
	parts  []part
	packet Packet
}

// part is one packet of an exchange: where its bytes end in raw.
type part struct {
	dir wire.Dir
	end int
}

// All yields the packets of the exchange in their order. A packet is valid until the next.
func (x *Exchange) All() iter.Seq2[wire.Dir, *Packet] {
	return func(yield func(wire.Dir, *Packet) bool) {
		at := 0
		for _, s := range x.parts {
			if x.read(at, s.end); !yield(s.dir, &x.packet) {
				return
			}
			at = s.end
		}
	}
}

func (x *Exchange) read(at, end int) {
	if err := Parse(x.raw[at:end], x.Version, &x.packet); err != nil { // only the header was kept
		b := x.raw[at:end]
		_, length, _ := header(b)
		x.packet = Packet{Filters: x.packet.Filters[:0], Type: Type(b[0] >> 4), Dup: b[0]&8 != 0, QoS: b[0] >> 1 & 3,
			Retain: b[0]&1 != 0, Length: length, Skipped: true}
	}
	x.packet.Raw = x.raw[at:end]
}

// HeaderLength is how many bytes the fixed header of a packet takes.
func HeaderLength(length int) int {
	n := 2
	for ; length > 0x7f; length >>= 7 {
		n++
	}
	return n
}

// Handler takes what a conversation learns.
type Handler interface {
	// Exchange is called when an exchange is complete, or when no more can come of it.
	Exchange(x *Exchange)
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	// KeepSecrets hands over passwords; without it nothing of them is kept.
	KeepSecrets bool
	// MaxLength is how long a packet may be before only its header is told, in bytes; 0 means 1 MiB. It outlives Reset.
	MaxLength int
	// Exchanges is where its exchanges come from, and go back to; nil: it makes a stock of its own.
	Exchanges *wire.Stock[Exchange]

	version   uint8
	connected bool
	lost      [2]bool // bytes are missing: the beginning of a packet is looked for
	open      []*Exchange
	kept      int // bytes in open
	packet    Packet
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for _, x := range c.open {
		c.release(x)
	}
	c.open = c.open[:0]
	c.version, c.connected, c.lost, c.kept = 0, false, [2]bool{}, 0
}

// Decode reads the packets of one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	if c.lost[dir] {
		if !begins(p) {
			return len(p), 0, nil
		}
		c.lost[dir] = false
	}
	for done < len(p) {
		n, need, err := c.one(dir, p[done:], h)
		if n == 0 || err != nil {
			return done, need, err
		}
		done += n
	}
	return done, 0, nil
}

// one reads the packet at the beginning of p.
func (c *Conversation) one(dir wire.Dir, p []byte, h Handler) (n, need int, err error) {
	at, length, err := header(p)
	if err != nil {
		return 0, 0, c.malformed(dir, h, err)
	}
	if at == 0 {
		return 0, len(p) + 1, nil
	}
	limit := c.MaxLength
	if limit == 0 {
		limit = maxLength
	}
	show := at + length // how much is read
	if Type(p[0]>>4) == Publish {
		show = min(show, maxWhole)
	}
	switch {
	case length > limit || show > maxWhole:
		show = at
	case len(p) < show:
		return 0, show, nil
	}
	err = Parse(p[:show], c.version, &c.packet)
	if show == at && length > 0 {
		err = nil
		c.packet = Packet{Filters: c.packet.Filters[:0], Type: Type(p[0] >> 4), QoS: p[0] >> 1 & 3, Length: length, Skipped: true}
	}
	if err != nil {
		return 0, 0, c.malformed(dir, h, err)
	}
	c.take(dir, p[:show-max(0, len(c.packet.Payload)-MaxPayload)], h)
	return at + length, 0, nil
}

// malformed tells that a side no longer speaks MQTT.
func (c *Conversation) malformed(dir wire.Dir, h Handler, err error) error {
	x := c.fresh(dir)
	x.Faults = Malformed
	h.Exchange(x)
	c.release(x)
	return err
}

// take puts a packet where it belongs.
func (c *Conversation) take(dir wire.Dir, raw []byte, h Handler) {
	p := &c.packet
	if p.Type == Connect && !p.Skipped {
		c.version = p.Version
	}
	if i, fault := c.answered(dir, p); fault != 0 || i >= 0 {
		c.answer(dir, raw, i, fault, h)
		return
	}
	x := c.fresh(dir)
	x.keep(dir, raw, p, c.KeepSecrets)
	waits := false
	switch {
	case p.Skipped:
	case p.Type == 0:
		x.Faults |= Unassigned
	case p.Type == Connect:
		waits = true
		if c.connected {
			x.Faults |= DoubleConnect
		}
	default:
		x.id = p.ID
		waits = c.asks(x, p)
		if !c.connected {
			x.Faults |= Unintroduced
		}
	}
	if !waits {
		h.Exchange(x)
		c.release(x)
		return
	}
	c.wait(x, h)
}

// asks reports whether a packet will be answered, and notes what is wrong with it. A PINGREQ is answered, but tells
// nothing with its answer.
func (c *Conversation) asks(x *Exchange, p *Packet) bool {
	switch p.Type {
	case Publish, Subscribe, Unsubscribe:
		if p.QoS == 3 {
			x.Faults |= InvalidQoS
			return false
		}
		if p.QoS > 0 && p.ID == 0 {
			x.Faults |= MissingID
		}
		return p.QoS > 0
	}
	return false
}

// answered finds the exchange that a packet answers: -1 when there is none, with the fault that this is, or none where
// the packet is no answer.
func (c *Conversation) answered(dir wire.Dir, p *Packet) (int, Faults) {
	var of Type
	var fault Faults
	from := dir.Other()
	switch p.Type {
	case Connack:
		of, fault = Connect, MissingConnect
	case Puback, Pubrec, Pubcomp:
		of, fault = Publish, MissingPublish
	case Pubrel:
		of, fault, from = Publish, MissingPublish, dir
	case Suback:
		of, fault = Subscribe, MissingSubscribe
	case Unsuback:
		of, fault = Unsubscribe, MissingUnsubscribe
	default:
		return -1, 0
	}
	if p.Skipped {
		return -1, 0
	}
	for i, x := range c.open {
		if x.From == from && x.id == p.ID && Type(x.raw[0]>>4) == of {
			return i, 0
		}
	}
	return -1, fault
}

// answer adds an answer to its exchange, and hands that over when it was the last; or an answer to what was not seen.
func (c *Conversation) answer(dir wire.Dir, raw []byte, i int, fault Faults, h Handler) {
	p := &c.packet
	if i < 0 {
		x := c.fresh(dir)
		x.Faults = fault
		if !c.connected && p.Type != Connack {
			x.Faults |= Unintroduced
		}
		x.keep(dir, raw, p, c.KeepSecrets)
		h.Exchange(x)
		c.release(x)
		return
	}
	x := c.open[i]
	before := len(x.raw)
	x.keep(dir, raw, p, c.KeepSecrets)
	c.kept += len(x.raw) - before
	switch {
	case p.Type == Connack:
		c.connected = true
	case p.Type == Pubrel, p.Type == Pubrec && !Failed(Pubrec, c.version, p.Code):
		return // more follows
	}
	c.hand(i, h)
}

// hand hands over the exchange that waits at i.
func (c *Conversation) hand(i int, h Handler) {
	x := c.open[i]
	c.open = slices.Delete(c.open, i, i+1)
	c.kept -= len(x.raw)
	if x.Version == 0 {
		x.Version = c.version
	}
	h.Exchange(x)
	c.release(x)
}

// wait lets an exchange wait for its answer. When too many wait, the oldest is handed over without.
func (c *Conversation) wait(x *Exchange, h Handler) {
	for len(c.open) >= maxOpen || len(c.open) > 0 && c.kept+len(x.raw) > maxKept {
		c.open[0].Faults |= TooMany
		c.hand(0, h)
	}
	c.open = append(c.open, x)
	c.kept += len(x.raw)
}

// fresh is an exchange, used or new.
func (c *Conversation) fresh(dir wire.Dir) *Exchange {
	x := c.stock().Take()
	*x = Exchange{Version: c.version, From: dir, raw: x.raw[:0], parts: x.parts[:0], packet: x.packet}
	return x
}

func (c *Conversation) release(x *Exchange) {
	if cap(x.raw) <= maxSpare {
		c.stock().Give(x)
	}
}

func (c *Conversation) stock() *wire.Stock[Exchange] {
	if c.Exchanges == nil {
		c.Exchanges = new(wire.Stock[Exchange])
	}
	return c.Exchanges
}

// keep copies a packet; its password only where secrets are kept.
func (x *Exchange) keep(dir wire.Dir, raw []byte, p *Packet, secrets bool) {
	x.raw = append(x.raw, raw...)
	if !secrets {
		clear(x.raw[len(x.raw)-len(p.Password):]) // a CONNECT ends with it
	}
	x.parts = append(x.parts, part{dir, len(x.raw)})
}

// Gap looks for the next packet at the beginning of what follows.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	c.lost[dir] = true
	return nil
}

// Close hands over what waits for an answer that no longer comes.
func (c *Conversation) Close(h Handler) {
	for len(c.open) > 0 {
		c.hand(0, h)
	}
}
