// Package snmp reads the messages of the Simple Network Management Protocol, versions 1 (RFC 1157), 2c (RFC 1901, RFC 3416)
// and 3 (RFC 3412 to RFC 3414).
//
// A message is one BER tree:
//
//	version 1, 2c:  SEQUENCE { version, community, PDU }
//	version 3:      SEQUENCE { version, header, security parameters, SEQUENCE { engine, context, PDU } or its ciphertext }
//	PDU:            [type] { request id, error, index, SEQUENCE OF { name, value } }
//
// A community is a password that crosses the wire in clear with each message. What an agent answers tells well what
// a device is: its make and model, its name, its serial number.
package snmp

import (
	"fmt"
	"net/netip"

	"bulwark/wire"
	"bulwark/wire/ber"
)

// ErrVersion means a version that this package does not read.
var ErrVersion = fmt.Errorf("snmp: unknown version: %w", wire.ErrMalformed)

// maxBindings is how many bindings of one message are kept.
const maxBindings = 64

// Type is the kind of a PDU: the number of its tag (RFC 3416 §3, RFC 1157 §4.1).
type Type uint8

// The kinds of PDU.
const (
	GetRequest Type = iota
	GetNextRequest
	Response
	SetRequest
	TrapV1
	GetBulkRequest
	InformRequest
	TrapV2
	Report
	typeCount
)

var typeNames = [typeCount]string{"get_request", "get_next_request", "response", "set_request", "trap_v1", "get_bulk_request",
	"inform_request", "trap_v2", "report"}

func (t Type) String() string {
	if t < typeCount {
		return typeNames[t]
	}
	return ""
}

// FromAgent reports whether the managed device sends such a PDU.
func (t Type) FromAgent() bool {
	return t == Response || t == TrapV1 || t == TrapV2 || t == InformRequest || t == Report
}

// Flags of a message of version 3 (RFC 3412 §6.4).
const (
	authenticated = 1 << iota
	private
)

// Binding is a name and its value. Name is the body of an object identifier.
type Binding struct {
	Name  []byte
	Value ber.Element
}

// Message is one message. Its slices point into what was parsed, until the next Parse.
type Message struct {
	Version   uint8  // 1, 2 (for 2c) or 3
	Community []byte // a password
	PDU       Type
	RequestID int64
	Error     int64 // error status; 0: none
	Index     int64 // binding that the error is about, from 1
	Bindings  []Binding
	Count     int // bindings sent; more than are kept may be

	// Of traps. Trap is the identifier of a trap of version 2 or 3, of version 1 the enterprise that defines it.
	Trap     []byte
	Agent    netip.Addr // version 1: device that the trap is about
	Generic  int64      // version 1: 0 to 6; see [TrapName]
	Specific int64      // version 1

	// Of version 3.
	ID          int64
	Model       int64 // security model: 3 is USM
	Engine      EngineID
	Boots, Time int64 // how often the engine began, and seconds since
	User        []byte
	Context     []byte
	Level       string // noAuthNoPriv, authNoPriv or authPriv
	Encrypted   bool   // the PDU is not read
}

// Looks tells whether the datagram p is a message of SNMP, whatever port it came from: a tree that ends where the datagram
// ends, a version in use, and what follows a version.
func Looks(p []byte) bool {
	t, head, length, err := ber.Header(p)
	return err == nil && t == ber.Sequence && head+length == len(p) && begins(p[head:])
}

// LooksAtPort is [Looks] for a datagram of the ports 161 and 162: bytes may follow the message, or lack at its end.
func LooksAtPort(p []byte) bool {
	t, head, _, err := ber.Header(p)
	return err == nil && t == ber.Sequence && begins(p[head:])
}

// begins judges the first elements of a message.
func begins(p []byte) bool {
	if len(p) < 8 || p[0] != byte(ber.Integer) || p[1] != 1 {
		return false
	}
	switch p[2] {
	case 0, 1:
		t, head, length, err := ber.Header(p[3:])
		at := 3 + head + length
		return err == nil && t == ber.OctetString && length <= 255 && at+1 < len(p) && p[at]&0xe0 == 0xa0 && kind(p[at:]) < typeCount
	case 3:
		return p[3] == byte(ber.Sequence) && int(p[4]) < len(p) && p[5] == byte(ber.Integer)
	}
	return false
}

// kind is the type of the PDU that begins p; typeCount for none. Its number may stand in an octet of its own (X.690
// §8.1.2.4), which short numbers have no need of, but some agents understand.
func kind(p []byte) Type {
	n := p[0] & 0x1f
	if n == 0x1f {
		n = p[1]
	}
	return min(Type(n), typeCount)
}

// Parse reads one message. After an error, of which there are none but [ErrVersion] and those of package ber, m holds what
// came before.
func Parse(p []byte, m *Message) error {
	*m = Message{Bindings: m.Bindings[:0]}
	r := ber.OpenCut(p) // what is missing at the end is said by the error
	body := r.Expect(ber.Sequence).Open()
	version, _ := body.Expect(ber.Integer).Int()
	if err := first(r.Err(), body.Err()); err != nil {
		return err
	}
	switch version {
	case 0, 1:
		m.Version = uint8(version) + 1
		m.Community = body.Expect(ber.OctetString).Body
		return m.pdu(&body)
	case 3:
		m.Version = 3
		return m.three(&body)
	}
	return ErrVersion
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// three reads what follows the version in a message of version 3 (RFC 3412 §6).
func (m *Message) three(body *ber.Reader) error {
	head := body.Expect(ber.Sequence).Open()
	m.ID, _ = head.Expect(ber.Integer).Int()
	head.Expect(ber.Integer) // the largest message that the sender takes
	if flags := head.Expect(ber.OctetString).Body; len(flags) == 1 {
		m.level(flags[0])
	}
	m.Model, _ = head.Expect(ber.Integer).Int()
	security := body.Expect(ber.OctetString)
	if err := first(body.Err(), head.Err()); err != nil {
		return err
	}
	if m.Model == 3 {
		m.usm(security.Body)
	}
	if body.Peek() == ber.OctetString {
		m.Encrypted = true
		return nil
	}
	scoped := body.Expect(ber.Sequence).Open()
	if engine := scoped.Expect(ber.OctetString).Body; len(m.Engine) == 0 {
		m.Engine = engine
	}
	m.Context = scoped.Expect(ber.OctetString).Body
	if err := body.Err(); err != nil {
		return err
	}
	return m.pdu(&scoped)
}

func (m *Message) level(flags byte) {
	switch {
	case flags&private != 0:
		m.Level = "authPriv"
	case flags&authenticated != 0:
		m.Level = "authNoPriv"
	default:
		m.Level = "noAuthNoPriv"
	}
}

// usm reads the parameters of the User-based Security Model (RFC 3414 §2.4). Those that cannot be read stay empty.
func (m *Message) usm(b []byte) {
	r := ber.Open(b)
	s := r.Expect(ber.Sequence).Open()
	m.Engine = s.Expect(ber.OctetString).Body
	m.Boots, _ = s.Expect(ber.Integer).Int()
	m.Time, _ = s.Expect(ber.Integer).Int()
	m.User = s.Expect(ber.OctetString).Body
}

// pdu reads a PDU.
func (m *Message) pdu(r *ber.Reader) error {
	p := r.Rest()
	if r.Err() != nil || len(p) < 2 {
		return first(r.Err(), ber.ErrShort)
	}
	if m.PDU = kind(p); p[0]&0xe0 != 0xa0 || m.PDU >= typeCount {
		m.PDU = GetRequest
		return ber.ErrTag
	}
	if p[0]&0x1f == 0x1f {
		p = p[1:]
	}
	_, head, length, err := ber.Header(p)
	if err != nil {
		return err
	}
	b := ber.OpenCut(p[head:min(head+length, len(p))])
	if m.PDU == TrapV1 {
		m.trap(&b)
	} else {
		m.RequestID, _ = b.Expect(ber.Integer).Int()
		m.Error, _ = b.Expect(ber.Integer).Int() // of a bulk request: how many bindings are asked for once
		m.Index, _ = b.Expect(ber.Integer).Int() // of a bulk request: how often the others
		if m.PDU == GetBulkRequest {
			m.Error, m.Index = 0, 0
		}
	}
	list := b.Expect(ber.Sequence).Open()
	if err := b.Err(); err != nil {
		return err
	}
	if err := m.bindings(&list); err != nil {
		return err
	}
	if head+length > len(p) {
		return ber.ErrShort
	}
	return nil
}

// trap reads what comes before the bindings of a trap of version 1 (RFC 1157 §4.1.6).
func (m *Message) trap(b *ber.Reader) {
	m.Trap = b.Expect(ber.OID).Body
	if a := b.Expect(ber.Application(0)).Body; len(a) == 4 {
		m.Agent = netip.AddrFrom4([4]byte(a))
	}
	m.Generic, _ = b.Expect(ber.Integer).Int()
	m.Specific, _ = b.Expect(ber.Integer).Int()
	b.Next() // how long the agent runs
}

func (m *Message) bindings(list *ber.Reader) error {
	for list.More() {
		b := list.Expect(ber.Sequence).Open()
		name, value := b.Expect(ber.OID), b.Next()
		if err := first(list.Err(), b.Err()); err != nil {
			return err
		}
		m.Count++
		if len(m.Bindings) < maxBindings {
			m.Bindings = append(m.Bindings, Binding{name.Body, value})
		}
		if string(name.Body) == trapOID && value.Tag == ber.OID {
			m.Trap = value.Body
		}
	}
	return nil
}

// trapOID is snmpTrapOID.0, 1.3.6.1.6.3.1.1.4.1.0 (RFC 3418).
const trapOID = "\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00"
