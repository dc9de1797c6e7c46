// Package radius reads the messages of RADIUS: how switches, access points and VPN gateways ask a server who may come in
// (RFC 2865, RFC 3579), report who is there (RFC 2866, RFC 2869), and are told to let somebody go (RFC 5176).
//
//	| code | identifier | length, 2 | authenticator, 16 | attributes ... |
//	| type | length | value ... |
//
// An answer has the identifier of its request and an authenticator of its own. What is secret (passwords, the answers to
// challenges, keys, what servers let devices carry for them) is known by its type and never handed out as text.
package radius

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"bulwark/wire"
)

var (
	// ErrShort means that a message or an attribute ends early. What came before was kept.
	ErrShort = fmt.Errorf("radius: message ends early: %w", wire.ErrMalformed)
	// ErrLength means an attribute of a length that its type cannot have.
	ErrLength = fmt.Errorf("radius: impossible length: %w", wire.ErrMalformed)
)

const (
	headerLen = 20
	maxLen    = 4096 // RFC 2865 §3
	// What is kept of one message.
	maxVendors = 64
	maxEAP     = 4096
)

// Code says what a message is (IANA registry "RADIUS Packet Type Codes").
type Code uint8

// The codes.
const (
	AccessRequest      Code = 1
	AccessAccept       Code = 2
	AccessReject       Code = 3
	AccountingRequest  Code = 4
	AccountingResponse Code = 5
	AccessChallenge    Code = 11
	StatusServer       Code = 12
	DisconnectRequest  Code = 40
	DisconnectACK      Code = 41
	DisconnectNAK      Code = 42
	CoARequest         Code = 43
	CoAACK             Code = 44
	CoANAK             Code = 45
)

// Answer reports whether a message answers another.
func (c Code) Answer() bool {
	switch c {
	case AccessAccept, AccessReject, AccessChallenge, AccountingResponse, DisconnectACK, DisconnectNAK, CoAACK, CoANAK:
		return true
	}
	return false
}

// known reports whether a code is one of those above.
func (c Code) known() bool {
	return c.Answer() || c == AccessRequest || c == AccountingRequest || c == StatusServer || c == DisconnectRequest || c == CoARequest
}

// Answers reports whether a message of this code may answer one of the other (RFC 5997 §2.1 for [StatusServer]).
func (c Code) Answers(asked Code) bool {
	switch c {
	case AccessAccept:
		return asked == AccessRequest || asked == StatusServer
	case AccessReject, AccessChallenge:
		return asked == AccessRequest
	case AccountingResponse:
		return asked == AccountingRequest || asked == StatusServer
	case DisconnectACK, DisconnectNAK:
		return asked == DisconnectRequest
	case CoAACK, CoANAK:
		return asked == CoARequest
	}
	return false
}

// Vendor is an attribute that a maker defined.
type Vendor struct {
	Maker uint32 // IANA number
	Type  uint8
	Value []byte
}

// Octets are a counter of 64 bits: its low half, and how often that overflowed (RFC 2869 §5.1).
type Octets struct{ Low, High uint32 }

// Count is the counter.
func (o Octets) Count() uint64 { return uint64(o.High)<<32 | uint64(o.Low) }

// Message is one message. Its slices point into what was parsed and into memory of the message, until the next Parse. A
// number that is not there is 0, an address the zero Addr.
type Message struct {
	Code          Code
	ID            uint8
	Authenticator []byte // 16 bytes: of a request for access random, of all others a digest with the shared secret

	User    []byte // User-Name
	Method  Method // how a user proves itself
	Called  []byte // Called-Station-Id: what was reached; see [Station]
	Calling []byte // Calling-Station-Id: from where
	Signed  bool   // a Message-Authenticator is there, first or not (RFC 3579 §3.2)
	State   bool   // it goes on with what a challenge began

	// The network access server: the switch, access point or gateway that asks.
	NAS       netip.Addr
	NASID     []byte
	Port      uint32
	HasPort   bool
	PortID    []byte
	PortType  uint32 // see [PortTypeName]
	HasType   bool
	Service   uint32 // see [ServiceName]
	Connect   []byte // Connect-Info: speed and radio
	Operator  []byte // Operator-Name, with its name space in front (RFC 5580 §4.1)
	Timestamp uint32 // Event-Timestamp, unix seconds

	// What the server grants.
	Address   netip.Addr // Framed-IP-Address: also what accounting reports
	Address6  netip.Addr
	Prefix6   netip.Prefix
	Filter    []byte
	VLAN      []byte // Tunnel-Private-Group-Id of a VLAN: its number or name (RFC 3580 §3.31)
	Tunnel    uint32 // Tunnel-Type; 13 is a VLAN
	Timeout   uint32 // seconds; Session-Timeout
	Text      []byte // Reply-Message
	ErrorCode uint32 // Error-Cause (RFC 5176 §3.5)

	// Accounting.
	Status       uint32 // see [StatusName]
	Session      []byte
	MultiSession []byte
	Delay        uint32 // seconds since it happened
	Duration     uint32 // seconds
	In, Out      Octets // bytes from and to the user
	PacketsIn    uint32
	PacketsOut   uint32
	Cause        uint32 // why a session ended; see [CauseName]

	Vendors []Vendor
	EAP     EAP

	eap []byte // of all its attributes
}

// Looks tells whether the datagram p is a message, whatever port it came from: attributes that fill it to its end, whose
// lengths fit their types, among them what such a message never goes without.
func Looks(p []byte) bool {
	if !header(p) || int(binary.BigEndian.Uint16(p[2:])) != len(p) {
		return false
	}
	seen, ok := walk(p[headerLen:])
	if !ok {
		return false
	}
	switch Code(p[0]) {
	case AccessRequest: // RFC 2865 §4.1: who asks, and a proof or what goes on from a challenge
		return seen.any(nasAddress, nasID, nasAddress6) && seen.any(userPassword, chapPassword, state, eapMessage, vendorSpecific, serviceType, digestResponse)
	case AccountingRequest: // RFC 2866 §4.1
		return seen.any(acctStatus) && seen.any(acctSession, nasAddress, nasID)
	case AccessAccept, AccessReject, AccountingResponse:
		return seen.any(messageAuthenticator, proxyState, eapMessage, class, replyMessage, vendorSpecific, framedAddress, serviceType, tunnelGroup)
	case AccessChallenge: // RFC 2865 §4.4, RFC 3579 §2.1
		return seen.any(eapMessage, state)
	case StatusServer: // RFC 5997 §3
		return seen.any(messageAuthenticator)
	}
	return seen.any(nasAddress, nasID, callingStation, acctSession, userName, errorCause, messageAuthenticator)
}

// LooksAtPort is [Looks] for a datagram of a port of RADIUS: its header is enough where it tells the length of the datagram;
// where bytes follow, attributes must fill it.
func LooksAtPort(p []byte) bool {
	if !header(p) {
		return false
	}
	n := int(binary.BigEndian.Uint16(p[2:]))
	_, ok := walk(p[headerLen:n])
	return ok || n == len(p)
}

func header(p []byte) bool {
	if len(p) < headerLen || len(p) > maxLen {
		return false
	}
	if !Code(p[0]).known() {
		return false
	}
	n := int(binary.BigEndian.Uint16(p[2:]))
	return n >= headerLen && n <= len(p)
}

// types are the types of the attributes of a message.
type types [4]uint64

func (s *types) any(list ...uint8) bool {
	for _, t := range list {
		if s[t>>6]>>(t&63)&1 != 0 {
			return true
		}
	}
	return false
}

// walk passes over attributes; ok is false when they do not fill b, or one has a length that its type cannot have.
func walk(b []byte) (seen types, ok bool) {
	for len(b) > 0 {
		if len(b) < 2 || b[0] == 0 || b[1] < 2 || int(b[1]) > len(b) || !fits(b[0], int(b[1])-2) {
			return seen, false
		}
		seen[b[0]>>6] |= 1 << (b[0] & 63)
		b = b[b[1]:]
	}
	return seen, true
}

// Parse reads one message. After an error m holds what could be read.
func Parse(p []byte, m *Message) error {
	*m = Message{Vendors: m.Vendors[:0], eap: m.eap[:0]}
	if len(p) < headerLen {
		return ErrShort
	}
	m.Code, m.ID, m.Authenticator = Code(p[0]), p[1], p[4:headerLen]
	n := int(binary.BigEndian.Uint16(p[2:]))
	if n < headerLen || n > len(p) {
		return ErrShort
	}
	err := m.attributes(p[headerLen:n])
	m.settle()
	return err
}

// attributes reads all attributes. It passes over one of an impossible length.
func (m *Message) attributes(b []byte) (err error) {
	for len(b) > 0 {
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return ErrShort
		}
		kind, value := b[0], b[2:b[1]]
		b = b[b[1]:]
		if !fits(kind, len(value)) {
			err = ErrLength
			continue
		}
		m.attribute(kind, value)
	}
	return err
}

// settle reads what all attributes together say.
func (m *Message) settle() {
	if len(m.eap) > 0 {
		m.EAP.parse(m.eap)
		m.Method = ByEAP
	}
	if m.Tunnel != 0 && m.Tunnel != tunnelVLAN {
		m.VLAN = nil
	}
	if m.Method == NotTold && m.Code == AccessRequest && m.Service == callCheck {
		m.Method = ByAddress
	}
}
