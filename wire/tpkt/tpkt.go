// Package tpkt reads the two thin layers that carry ISO protocols over TCP: packets (RFC 1006, RFC 2126) and the
// connection-oriented transport protocol in them (ISO 8073, ITU-T X.224, class 0).
//
//	| 03 | 00 | length of all, 2 | length of the header | type | references, class, parameters ... | data |
//
// Remote Desktop, the controllers of Siemens and the protection of substations are spoken in them.
package tpkt

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

var (
	// ErrVersion means that a packet does not begin with version 3.
	ErrVersion = fmt.Errorf("tpkt: not version 3: %w", wire.ErrMalformed)
	// ErrLength means a length that the layers cannot have.
	ErrLength = fmt.Errorf("tpkt: bad length: %w", wire.ErrMalformed)
)

// Header is how many bytes stand in front of a transport unit.
const Header = 4

// Type is the type of a transport unit, without its credit.
type Type uint8

// The types of transport units.
const (
	ConnectionRequest Type = 0xe0
	ConnectionConfirm Type = 0xd0
	DisconnectRequest Type = 0x80
	Data              Type = 0xf0
	Failure           Type = 0x70
)

// Size is how many bytes the packet at the beginning of p takes, of which at least the first four are there.
func Size(p []byte) (int, error) {
	if p[0] != 3 || p[1] != 0 {
		return 0, ErrVersion
	}
	n := int(binary.BigEndian.Uint16(p[2:]))
	if n < Header+2 {
		return 0, ErrLength
	}
	return n, nil
}

// Unit is one transport unit. Its slices point into what was parsed.
type Unit struct {
	Type     Type
	Last     bool // of Data: no more of the same message follows
	Dst, Src uint16
	Class    uint8
	Variable []byte // of a connection: parameters, or what Remote Desktop puts in their place
	Data     []byte // what is carried
}

// Parse reads a whole packet.
func Parse(p []byte, u *Unit) error {
	*u = Unit{}
	if len(p) < Header+2 {
		return ErrLength
	}
	n, err := Size(p)
	if err != nil {
		return err
	}
	head := Header + 1 + int(p[Header])
	if n > len(p) || head > n || p[Header] < 1 {
		return ErrLength
	}
	u.Type, u.Data = Type(p[5]&0xf0), p[head:n]
	h := p[6:head]
	switch u.Type {
	case Data:
		if len(h) < 1 {
			return ErrLength
		}
		u.Last = h[0]&0x80 != 0
	case ConnectionRequest, ConnectionConfirm, DisconnectRequest:
		if len(h) < 5 {
			return ErrLength
		}
		u.Dst, u.Src, u.Class, u.Variable = binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:]), h[4], h[5:]
	}
	return nil
}

// The parameters of a connection (X.224 §13.3.4).
const (
	UnitSize = 0xc0
	Calling  = 0xc1
	Called   = 0xc2
)

// Parameter is the value of a parameter of a connection; nil when it has none.
func (u *Unit) Parameter(code uint8) []byte {
	for v := u.Variable; len(v) >= 2 && 2+int(v[1]) <= len(v); v = v[2+int(v[1]):] {
		if v[0] == code {
			return v[2 : 2+v[1]]
		}
	}
	return nil
}
