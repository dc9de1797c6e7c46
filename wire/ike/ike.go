// Package ike reads the messages by which the ends of an IPsec tunnel agree on their keys: the Internet Key Exchange, version
// 1 (RFC 2408, RFC 2409) and version 2 (RFC 7296), as far as they are in clear.
//
//	| SPI of the initiator, 8 | of the responder, 8 | next | version | exchange | flags | message id | length |
//	| next | flags | length | payload ...                                                                   | ...
//
// A chain of payloads follows, each of which says what the next one is. The first exchange is in clear: what both ends
// offer and choose, and who made them. At port 4500 four zero bytes stand before each message (RFC 3948 §2.2).
package ike

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

var (
	// ErrShort means that a message or a payload ends early. What came before was kept.
	ErrShort = fmt.Errorf("ike: message ends early: %w", wire.ErrMalformed)
	// ErrVersion means a version that is neither 1 nor 2.
	ErrVersion = fmt.Errorf("ike: unknown version: %w", wire.ErrMalformed)
)

const (
	headerLen = 28
	// What is kept of one message.
	maxPayloads   = 64
	maxTransforms = 256
	maxVendors    = 32
	maxNotifies   = 32
)

// Flags of a message.
const (
	encrypted1 = 0x01 // version 1 (RFC 2408 §3.1)
	initiator2 = 0x08 // version 2 (RFC 7296 §3.1)
	response2  = 0x20
)

// Kinds of payload: of version 1 (RFC 2408 §3.1) and of version 2 (RFC 7296 §3.2).
const (
	sa1, key1, id1, nonce1, notify1, vendor1 = 1, 4, 5, 10, 11, 13
	sa2, key2, nonce2, notify2, vendor2      = 33, 34, 40, 41, 43
	sealed2, fragment2                       = 46, 53
)

// Payload is one payload. Next is the kind of the one behind it.
type Payload struct {
	Kind, Next uint8
	Body       []byte
}

// Message is one message. Its slices point into what was parsed, until the next Parse.
type Message struct {
	Initiator, Responder uint64 // SPIs; Responder is 0 in the first message
	Major, Minor         uint8
	Next                 uint8 // kind of the first payload
	Exchange             uint8
	Flags                uint8
	ID                   uint32
	Encrypted            bool // all payloads, or all that matter, are sealed

	Payloads   []Payload
	DOI        uint32 // domain of interpretation, of version 1: 1 is IPsec
	Proposals  []Proposal
	Transforms []Transform // of all proposals
	Group      uint16      // of version 2: group of the key that is sent
	Key        []byte      // public key that is sent
	Nonce      []byte
	Vendors    [][]byte
	Notifies   []uint16
	IDKind     uint8  // kind of the identity, of version 1 (RFC 2407 §4.6.2.1)
	Identity   []byte // who the sender says it is, of version 1 in clear: in Aggressive Mode
	Rest       int    // bytes behind the last payload
}

// Looks tells whether the datagram p is a message of IKE, whatever port it came from: a version and an exchange in use, the
// length of the datagram, and payloads that follow each other up to its end where they are in clear.
func Looks(p []byte) bool {
	p = bare(p)
	if !LooksAtPort(p) || int(binary.BigEndian.Uint32(p[24:])) != len(p) {
		return false
	}
	major, flags := p[17]>>4, p[19]
	switch {
	case major == 1 && flags&^7 != 0, major == 2 && flags&^0x38 != 0:
		return false
	case major == 1 && flags&encrypted1 != 0:
		return len(p)%4 == 0 && p[16] < 32
	}
	at := headerLen
	for next := p[16]; next != 0; {
		if at+4 > len(p) {
			return false
		}
		n := int(binary.BigEndian.Uint16(p[at+2:]))
		if n < 4 || at+n > len(p) {
			return false
		}
		if next == sealed2 || next == fragment2 {
			return at+n == len(p)
		}
		next = p[at]
		at += n
	}
	return len(p)-at < 4
}

// LooksAtPort is [Looks] for a datagram of the ports 500 and 4500: what stands in the header is enough.
func LooksAtPort(p []byte) bool {
	p = bare(p)
	return len(p) >= headerLen && binary.BigEndian.Uint64(p) != 0 && exchangeInUse(p[17]>>4, p[18]) &&
		int(binary.BigEndian.Uint32(p[24:])) >= headerLen && int(binary.BigEndian.Uint32(p[24:])) <= len(p)+3
}

// LooksFloated is [LooksAtPort] for port 4500, where what begins with anything but four zero bytes is ESP.
func LooksFloated(p []byte) bool {
	return len(p) >= headerLen+4 && binary.BigEndian.Uint32(p) == 0 && LooksAtPort(p)
}

func exchangeInUse(major, exchange uint8) bool { return Exchange(major, exchange) != "" }

// bare is p without the marker of port 4500: no SPI is zero, so that four zero bytes begin no message at port 500.
func bare(p []byte) []byte {
	if len(p) >= headerLen+4 && binary.BigEndian.Uint32(p) == 0 {
		return p[4:]
	}
	return p
}

// Parse reads one message. After an error m holds what came before.
func Parse(p []byte, m *Message) error {
	*m = Message{Payloads: m.Payloads[:0], Proposals: m.Proposals[:0], Transforms: m.Transforms[:0], Vendors: m.Vendors[:0], Notifies: m.Notifies[:0]}
	p = bare(p)
	if len(p) < headerLen {
		return ErrShort
	}
	m.Initiator, m.Responder = binary.BigEndian.Uint64(p), binary.BigEndian.Uint64(p[8:])
	m.Next, m.Major, m.Minor, m.Exchange, m.Flags = p[16], p[17]>>4, p[17]&15, p[18], p[19]
	m.ID = binary.BigEndian.Uint32(p[20:])
	switch m.Major {
	case 1:
		if m.Encrypted = m.Flags&encrypted1 != 0; m.Encrypted {
			return nil
		}
	case 2:
	default:
		return ErrVersion
	}
	return m.walk(p[headerLen:])
}

// FromInitiator reports whether the side that began the exchange of version 2 sent the message.
func (m *Message) FromInitiator() bool { return m.Flags&initiator2 != 0 }

// Answer reports whether a message of version 2 answers another.
func (m *Message) Answer() bool { return m.Flags&response2 != 0 }

// walk reads the chain of payloads.
func (m *Message) walk(b []byte) error {
	for next := m.Next; next != 0; {
		if len(b) < 4 {
			return ErrShort
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < 4 || n > len(b) {
			return ErrShort
		}
		pl := Payload{Kind: next, Next: b[0], Body: b[4:n]}
		if len(m.Payloads) >= maxPayloads {
			return ErrShort
		}
		m.Payloads = append(m.Payloads, pl)
		b = b[n:]
		if m.Major == 2 && (next == sealed2 || next == fragment2) {
			m.Encrypted = true // what its next payload names lies within
			return nil
		}
		if err := m.payload(pl); err != nil {
			return err
		}
		next = pl.Next
	}
	m.Rest = len(b)
	return nil
}

func (m *Message) payload(p Payload) error {
	switch p.Kind {
	case sa1:
		if m.Major == 1 {
			return m.sa1(p.Body)
		}
	case sa2:
		if m.Major == 2 {
			return m.proposals(p.Body)
		}
	case key1:
		if m.Major == 1 {
			m.Key = p.Body
		}
	case key2:
		if m.Major == 2 && len(p.Body) >= 4 {
			m.Group, m.Key = binary.BigEndian.Uint16(p.Body), p.Body[4:]
		}
	case nonce1, nonce2:
		if (p.Kind == nonce1) == (m.Major == 1) {
			m.Nonce = p.Body
		}
	case vendor1, vendor2:
		if (p.Kind == vendor1) == (m.Major == 1) && len(m.Vendors) < maxVendors {
			m.Vendors = append(m.Vendors, p.Body)
		}
	case id1:
		if m.Major == 1 && len(p.Body) >= 4 {
			m.IDKind, m.Identity = p.Body[0], p.Body[4:]
		}
	case notify1, notify2:
		m.notify(p)
	}
	return nil
}

// notify reads what a notification is about (RFC 2408 §3.14, RFC 7296 §3.10).
func (m *Message) notify(p Payload) {
	at := 2
	if p.Kind == notify1 {
		at = 6 // a domain of interpretation stands before
	}
	if (p.Kind == notify1) != (m.Major == 1) || len(p.Body) < at+2 || len(m.Notifies) >= maxNotifies {
		return
	}
	m.Notifies = append(m.Notifies, binary.BigEndian.Uint16(p.Body[at:]))
}
