package ieee11073

import (
	"encoding/binary"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

// Step says what a session has just learnt, or that it is over.
type Step uint8

// The steps of a session.
const (
	Asked      Step = iota + 1 // a device asks for an association
	Answered                   // the manager has answered
	Identified                 // the device has told its maker, model or serial number
	Ended                      // the association is over, or no more can come
)

// Session is what was seen of an association. It is valid during the call that hands it over.
type Session struct {
	Agent, Manager Association // what each says of itself; zero where it was not seen
	Device         Device

	Asked, Answered bool
	Configured      bool   // the device has sent its configuration
	Reports         int    // event reports with measurements
	Messages        int    // APDUs
	End             string // released, aborted; empty while it lasts
	Reason          uint16 // of the end
}

// Handler takes what a conversation learns.
type Handler interface {
	Step(step Step, s *Session)
}

// Probe tells whether p are the first bytes of an association: an AARQ with the data protocol 20601, or an answer to one.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.ToServer
	}
	if p[0] != 0xE2 && p[0] != 0xE3 || len(p) > 1 && p[1] != 0 {
		return wire.No, wire.ToServer
	}
	if len(p) < 14 {
		return wire.Unsure, wire.ToServer
	}
	length := int(binary.BigEndian.Uint16(p[2:]))
	if p[0] == 0xE3 {
		if length < 6 || length > 512 || binary.BigEndian.Uint16(p[6:]) != proto20601 || binary.BigEndian.Uint16(p[4:]) > 8 {
			return wire.No, wire.ToClient
		}
		return wire.Yes, wire.ToClient
	}
	// The version of the association has one bit set, and at least one protocol is offered within the length.
	if length < 12 || length > 4096 || binary.BigEndian.Uint32(p[4:]) != 1<<31 || p[8] != 0 || p[9] == 0 || int(binary.BigEndian.Uint16(p[10:])) > length-8 {
		return wire.No, wire.ToServer
	}
	switch binary.BigEndian.Uint16(p[12:]) {
	case proto20601, 0xFFFF: // 0xFFFF: the maker's own
		return wire.Yes, wire.ToServer
	}
	return wire.No, wire.ToServer
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	session Session
	ids     [2][16]byte
	data    Data
	open    bool
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	d := c.session.Device
	d.Reset()
	*c = Conversation{session: Session{Device: d}}
}

// Decode reads one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for len(p)-done >= headLen {
		head := p[done:]
		kind, length := Type(binary.BigEndian.Uint16(head)), int(binary.BigEndian.Uint16(head[2:]))
		if !kind.known() || length > maxAPDU {
			c.Close(h)
			return done, 0, ErrAPDU
		}
		if len(head) < headLen+length {
			return done, headLen + length, nil
		}
		if err := c.apdu(kind, head[headLen:headLen+length], h); err != nil {
			c.Close(h)
			return done, 0, err
		}
		done += headLen + length
	}
	if done < len(p) {
		need = headLen
	}
	return done, need, nil
}

func (c *Conversation) apdu(kind Type, body []byte, h Handler) error {
	s := &c.session
	if kind == AARQ {
		c.end("", 0, h)
	}
	c.open = true
	s.Messages++
	switch kind {
	case AARQ:
		if err := s.Agent.request(body); err != nil {
			return err
		}
		c.own(&s.Agent, 0)
		s.Asked = true
		h.Step(Asked, s)
	case AARE:
		if err := s.Manager.response(body); err != nil {
			return err
		}
		c.own(&s.Manager, 1)
		s.Answered = true
		h.Step(Answered, s)
	case RLRE:
		c.end("released", s.Reason, h)
	case RLRQ, ABRT:
		r := cursor{octets.Of(body)}
		s.Reason = r.U16()
		if kind == ABRT {
			c.end("aborted", s.Reason, h)
		}
	case PRST:
		return c.present(body, h)
	}
	return nil
}

// own copies what an association keeps of the bytes it was read from.
func (c *Conversation) own(a *Association, i int) {
	a.SystemID = c.ids[i][:copy(c.ids[i][:], a.SystemID)]
}

func (c *Conversation) present(body []byte, h Handler) error {
	s := &c.session
	known := s.Device.known()
	if err := c.data.data(body, &s.Device); err != nil {
		return err
	}
	s.Configured = s.Configured || c.data.Config
	if c.data.Measures {
		s.Reports++
	}
	if !known && s.Device.known() {
		h.Step(Identified, s)
	}
	return nil
}

// end reports the association and forgets it.
func (c *Conversation) end(how string, reason uint16, h Handler) {
	if !c.open {
		return
	}
	c.session.End, c.session.Reason = how, reason
	h.Step(Ended, &c.session)
	c.Reset()
}

// Gap tells that bytes were lost: where an APDU begins behind them is not known.
func (c *Conversation) Gap(wire.Dir, int) error { return wire.ErrLost }

// Close reports what is still open.
func (c *Conversation) Close(h Handler) { c.end(c.session.End, c.session.Reason, h) }
