// Package bacnet reads BACnet/IP, by which the technical equipment of a building talks (ANSI/ASHRAE 135-2020).
//
// A datagram is a header of the virtual link (annex J), of the network (clause 6), and of the application (clause 20):
//
//	| 81 | function | length, 2 | 01 | control | addresses of other networks ... | type, flags | invoke id | service | tags ... |
//
// Values are tagged: a number and a length, by which one application's or context's value is told from another. A device
// says who it is to whoever asks (Who-Is, I-Am), and gives its name, maker, model and firmware as properties of its
// device object. Nothing is authenticated, but for passwords in clear that two services ask for.
package bacnet

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

var (
	// ErrLink means that the header of the virtual link is not one, or does not fit the datagram.
	ErrLink = fmt.Errorf("bacnet: bad link header: %w", wire.ErrMalformed)
	// ErrShort means that a message ends early. What came before it was kept.
	ErrShort = fmt.Errorf("bacnet: message ends early: %w", wire.ErrMalformed)
	// ErrVersion means another version of the network protocol than 1.
	ErrVersion = fmt.Errorf("bacnet: unknown network version: %w", wire.ErrMalformed)
)

// PDU is the type of an application message (§20.1).
type PDU uint8

// The types of application messages.
const (
	ConfirmedRequest PDU = iota
	UnconfirmedRequest
	SimpleAck
	ComplexAck
	SegmentAck
	Error
	Reject
	Abort
)

// The functions of the virtual link that are treated apart (§J.2).
const (
	forwardedNPDU   = 0x04
	registerForeign = 0x05
	lastFunction    = 0x0c
)

// maxProperties is how many properties of one message are kept.
const maxProperties = 32

// Object is an object identifier (§20.2.14).
type Object struct {
	Type     uint16
	Instance uint32
}

// Device is the type of the object that stands for the device itself.
const Device = 8

// Property is one property with its value, as far as it is a text or a number.
type Property struct {
	Object Object
	ID     uint32
	Text   []byte
	Number uint64
	Kind   Kind
}

// Kind is the kind of a value. Zero is none, or one that is not read.
type Kind uint8

// The kinds of values.
const (
	None Kind = iota
	Number
	Text
)

// Message is one datagram. Its slices point into what was parsed and into memory of the message.
type Message struct {
	Function uint8  // of the virtual link
	Seconds  uint16 // for how long a foreign device registers

	Network     bool  // a message of the network layer: NetworkType, and nothing below
	NetworkType uint8 // §6.2.4
	SourceNet   uint16
	SourceAddr  []byte // where the message was routed from another network

	Application bool // there is an application message: all below
	PDU         PDU
	Segmented   bool
	Invoke      uint8
	Service     uint8

	Object     Object // that the message is about; of an I-Am the device
	HasObject  bool
	Vendor     uint16 // of an I-Am
	HasVendor  bool
	Name       []byte // of an object, in I-Have and Who-Has
	Properties []Property
	Low, High  uint32 // of a Who-Is, the instances that are asked for
	Ranged     bool
	State      uint32 // of Reinitialize Device and Device Communication Control, what is asked for
	HasState   bool
	Password   bool // one was sent in clear

	ErrorClass, ErrorCode uint32 // of an Error
	Reason                uint8  // of a Reject or an Abort

	text []byte // texts that were in another code
}

// Parse reads one datagram.
func Parse(p []byte, m *Message) error {
	*m = Message{Properties: m.Properties[:0], text: m.text[:0]}
	if len(p) < 4 || p[0] != 0x81 || int(binary.BigEndian.Uint16(p[2:])) != len(p) || p[1] > lastFunction {
		return ErrLink
	}
	m.Function = p[1]
	r := reader{octets.Of(p[4:])}
	switch m.Function {
	case forwardedNPDU:
		r.Take(6) // the address it came from
	case registerForeign:
		m.Seconds = r.U16()
		return r.err()
	case 0x00, 0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x0c:
		return nil
	}
	return m.network(&r)
}

// Carries reports whether the function of the virtual link carries a message of the network layer.
func (m *Message) Carries() bool {
	return m.Function == forwardedNPDU || m.Function >= 0x09 && m.Function <= 0x0b
}

// network reads the header of the network layer (§6.2).
func (m *Message) network(r *reader) error {
	if r.U8() != 1 {
		if r.Short {
			return ErrShort
		}
		return ErrVersion
	}
	control := r.U8()
	if control&0x20 != 0 { // a destination on another network
		r.U16()
		r.Take(int(r.U8()))
	}
	if control&0x08 != 0 {
		m.SourceNet = r.U16()
		m.SourceAddr = r.Take(int(r.U8()))
	}
	if control&0x20 != 0 {
		r.U8() // hop count
	}
	if control&0x80 != 0 {
		m.Network, m.NetworkType = true, r.U8()
		return r.err()
	}
	return m.application(r)
}

// application reads the header of the application layer (§20.1).
func (m *Message) application(r *reader) error {
	first := r.U8()
	m.Application, m.PDU = !r.Short, PDU(first>>4)
	switch m.PDU {
	case ConfirmedRequest:
		r.U8() // lengths that the asking side takes
		m.sequence(r, first)
	case UnconfirmedRequest:
		m.Service = r.U8()
	case ComplexAck:
		m.sequence(r, first)
	case SimpleAck, Error:
		m.Invoke, m.Service = r.U8(), r.U8()
	case Reject, Abort:
		m.Invoke, m.Reason = r.U8(), r.U8()
	case SegmentAck:
		m.Invoke = r.U8()
	default:
		m.Application = false
		return ErrShort
	}
	if err := r.err(); err != nil {
		return err
	}
	if m.Segmented {
		return nil // only the first part begins with a tag, and none is whole
	}
	m.body(r)
	return r.err()
}

// sequence reads what stands between the type and the tags of a message that may come in segments.
func (m *Message) sequence(r *reader, first uint8) {
	m.Invoke = r.U8()
	if m.Segmented = first&0x08 != 0; m.Segmented {
		r.Take(2) // sequence number, window
	}
	m.Service = r.U8()
}

// reader takes the fields of a message.
type reader struct{ octets.Reader }

func (r *reader) err() error {
	if r.Short {
		return ErrShort
	}
	return nil
}

// Looks tells whether p is a datagram of BACnet/IP: its length stands in it, and behind it a network header of version 1.
func Looks(p []byte) bool {
	if len(p) < 4 || p[0] != 0x81 || p[1] > lastFunction || int(binary.BigEndian.Uint16(p[2:])) != len(p) {
		return false
	}
	at, least := 4, 6
	switch p[1] {
	case 0x00, registerForeign:
		return len(p) == 6
	case 0x02, 0x06:
		return len(p) == 4
	case 0x08:
		return len(p) == 10
	case 0x01, 0x03, 0x07:
		return (len(p)-4)%10 == 0
	case forwardedNPDU:
		at, least = 10, 12
	case 0x0c:
		return false
	}
	return len(p) > least && p[at] == 1 && p[at+1]&0x50 == 0 // §6.2.2: two bits of the control byte are reserved
}
