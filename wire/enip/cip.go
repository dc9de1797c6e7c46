package enip

import "bulwark/wire/internal/octets"

const (
	// maxPath is how many segments of a path are kept, maxParts how many services of a Multiple Service Packet.
	maxPath  = 8
	maxParts = 64
	replyBit = 0x80
)

// The services that are treated apart (vol. 1, appendix A).
const (
	Reset            = 0x05
	Start            = 0x06
	Stop             = 0x07
	Create           = 0x08
	Delete           = 0x09
	Restore          = 0x15
	Save             = 0x16
	PCCC             = 0x4b
	MultipleService  = 0x0a
	unconnectedSend  = 0x52
	getAttributeList = 0x03

	connectionManager = 0x06 // a class
)

// Segment is one segment of a path.
type Segment struct {
	Type  uint8
	Value uint32
}

// The types of logical segments, without the bits of their format (vol. 1, appendix C-1.4.2).
const (
	ClassSegment     = 0x20
	InstanceSegment  = 0x24
	AttributeSegment = 0x30
)

// Kind is the type of a segment without its format.
func (s Segment) Kind() uint8 { return s.Type & 0xfc }

// CIP is a request or a reply of the Common Industrial Protocol.
type CIP struct {
	Service  uint8 // without the bit of a reply
	Reply    bool
	Path     []Segment // of a request
	Status   uint8     // of a reply
	Extended []byte    // of a reply, what adds to the status
	Parts    []Part    // of a Multiple Service Packet
	Tag      []byte    // the name of a tag that the path begins with
	List     []byte    // of Get Attribute List, the attributes that are asked for: two bytes each, little-endian
	Sent     Part      // of an Unconnected Send to the Connection Manager, what it passes on; zero: none

	room struct { // of Path and Parts, as long as it is enough
		path  [4]Segment
		parts [8]Part
	}
}

// Part is one service in a Multiple Service Packet: its bytes, to be read by [Part.Parse].
type Part struct{ b []byte }

// Present reports whether there is a part.
func (p Part) Present() bool { return len(p.b) > 0 }

// Parse reads the part.
func (p Part) Parse(c *CIP) {
	*c = CIP{Path: c.Path[:0], Parts: c.Parts[:0]}
	r := octets.LittleOf(p.b)
	c.parse(&r, false)
}

// Class is the last class of the path; ok is false when it names none.
func (c *CIP) Class() (class uint32, ok bool) {
	for _, s := range c.Path {
		if s.Kind() == ClassSegment {
			class, ok = s.Value, true
		}
	}
	return class, ok
}

func (c *CIP) parse(r *octets.Little, outer bool) {
	service := r.U8()
	c.Service, c.Reply = service&^replyBit, service&replyBit != 0
	if c.Reply {
		r.U8() // reserved
		c.Status = r.U8()
		c.Extended = r.Take(2 * int(r.U8()))
	} else {
		path := octets.LittleOf(r.Take(2 * int(r.U8())))
		c.path(&path)
		if c.Service == getAttributeList && !r.Short {
			rest := *r
			c.List = rest.Take(2 * int(rest.U16()))
		}
	}
	switch class, _ := c.Class(); {
	case r.Short || !outer || c.Reply && c.Service != MultipleService:
	case c.Service == MultipleService:
		c.parts(r)
	case c.Service == unconnectedSend && class == connectionManager:
		r.Take(2) // priority, ticks
		c.Sent.b = r.Take(int(r.U16()))
	}
}

// path reads the segments of a path. It ends at one whose length is not known.
func (c *CIP) path(r *octets.Little) {
	for len(r.Rest) > 0 && len(c.Path) < maxPath && !r.Short {
		s := Segment{Type: r.U8()}
		switch {
		case s.Type == 0x91: // extended symbol: the name of a tag
			n := int(r.U8())
			if name := r.Take(n); c.Tag == nil {
				c.Tag = name
			}
			r.Take(n & 1)
			continue
		case s.Type&0xe0 != 0x20:
			return
		case s.Type&3 == 0:
			s.Value = uint32(r.U8())
		case s.Type&3 == 1:
			r.U8() // a pad
			s.Value = uint32(r.U16())
		case s.Type&3 == 2:
			r.U8()
			s.Value = r.U32()
		default:
			return
		}
		if !r.Short {
			if cap(c.Path) == 0 {
				c.Path = c.room.path[:0]
			}
			c.Path = append(c.Path, s)
		}
	}
}

// parts finds the services of a Multiple Service Packet: a number, as many offsets from that number, the services.
func (c *CIP) parts(r *octets.Little) {
	all := r.Rest
	for n := min(int(r.U16()), maxParts); n > 0; n-- {
		at := int(r.U16())
		if r.Short || at >= len(all) {
			return
		}
		if cap(c.Parts) == 0 {
			c.Parts = c.room.parts[:0]
		}
		c.Parts = append(c.Parts, Part{all[at:]})
	}
}
