package ike

import "encoding/binary"

// Proposal is one offer of a security association, or the one that was chosen.
type Proposal struct {
	Number   uint8
	Protocol uint8 // 1 IKE, 2 AH, 3 ESP
	From, To int   // its transforms in [Message.Transforms]
}

// Transform is, of version 1, a whole suite of algorithms, told by its attributes, and of version 2 one algorithm.
type Transform struct {
	Kind       uint8 // of version 2: encryption, prf, integrity, dh or esn
	ID         uint16
	Attributes Attributes
}

// Kinds of transform of version 2 (RFC 7296 §3.3.2).
const (
	Encryption uint8 = 1
	PRF        uint8 = 2
	Integrity  uint8 = 3
	DH         uint8 = 4
	ESN        uint8 = 5
)

// AH is the protocol that does not encrypt.
const AH = 2

// Attributes are attributes as they came, one behind the other.
type Attributes []byte

// Kinds of attribute of version 1 (RFC 2409, appendix A), and of version 2 the length of a key (RFC 7296 §3.3.5).
const (
	Cipher     = 1
	Hash       = 2
	AuthMethod = 3
	GroupID    = 4
	LifeType   = 11
	LifeTime   = 12
	KeyLength  = 14
)

// Attribute is one attribute: a short one has its value in place of a length.
type Attribute struct {
	Kind  uint16
	Short bool
	Value uint16 // of a short one the value, of another its length
	Data  []byte // of one that is not short
}

// Number is the value as a number; ok is false for one that is longer than four bytes.
func (a *Attribute) Number() (n uint32, ok bool) {
	if a.Short {
		return uint32(a.Value), true
	}
	if len(a.Data) == 4 {
		return binary.BigEndian.Uint32(a.Data), true
	}
	return 0, false
}

// All yields the attributes. It stops where they end early.
func (a Attributes) All(yield func(Attribute) bool) {
	for b := a; len(b) >= 4; {
		kind := binary.BigEndian.Uint16(b)
		x := Attribute{Kind: kind & 0x7fff, Short: kind&0x8000 != 0, Value: binary.BigEndian.Uint16(b[2:])}
		b = b[4:]
		if !x.Short {
			if int(x.Value) > len(b) {
				return
			}
			x.Data, b = b[:x.Value], b[x.Value:]
		}
		if !yield(x) {
			return
		}
	}
}

// Get is the value of a short attribute; 0 where it is not there.
func (a Attributes) Get(kind uint16) uint16 {
	for x := range a.All {
		if x.Kind == kind && x.Short {
			return x.Value
		}
	}
	return 0
}

// sa1 reads a security association of version 1: domain, situation, proposals (RFC 2408 §3.4).
func (m *Message) sa1(b []byte) error {
	if len(b) < 8 {
		return ErrShort
	}
	m.DOI = binary.BigEndian.Uint32(b)
	if m.DOI != 1 {
		return nil // how long its situation is, only its domain knows
	}
	return m.proposals(b[8:])
}

// proposals reads proposals: number, protocol, length of an SPI, number of transforms, the SPI, the transforms
// (RFC 2408 §3.5, RFC 7296 §3.3.1).
func (m *Message) proposals(b []byte) error {
	for len(b) > 0 {
		body, rest, err := chained(b)
		if err != nil {
			return err
		}
		if len(body) < 4 || 4+int(body[2]) > len(body) || len(m.Proposals) >= maxPayloads {
			return ErrShort
		}
		p := Proposal{Number: body[0], Protocol: body[1], From: len(m.Transforms)}
		err = m.transforms(body[4+int(body[2]):])
		p.To = len(m.Transforms)
		m.Proposals = append(m.Proposals, p)
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// transforms reads transforms (RFC 2408 §3.6, RFC 7296 §3.3.2).
func (m *Message) transforms(b []byte) error {
	for len(b) > 0 {
		body, rest, err := chained(b)
		if err != nil {
			return err
		}
		if len(body) < 4 || len(m.Transforms) >= maxTransforms {
			return ErrShort
		}
		t := Transform{Kind: body[0], ID: binary.BigEndian.Uint16(body[2:]), Attributes: body[4:]}
		if m.Major == 1 {
			t.Kind, t.ID = 0, uint16(body[1])
		}
		m.Transforms = append(m.Transforms, t)
		b = rest
	}
	return nil
}

// chained takes one element of a chain: its kind of follower, a zero, its length, its body.
func chained(b []byte) (body, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, ErrShort
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < 4 || n > len(b) {
		return nil, nil, ErrShort
	}
	return b[4:n], b[n:], nil
}
