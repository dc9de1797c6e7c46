// Package dhcp reads the messages of the Dynamic Host Configuration Protocol for IPv4 (RFC 2131, RFC 2132).
//
// A client that arrives on a network asks for an address by broadcast, and tells a good deal of itself: its hardware
// address, its name, its vendor, and the list of what it wants to know, whose order is a fingerprint of its system.
//
//	| op | hardware type, length | hops | xid | seconds, flags | four addresses |
//	| client hardware address, 16 | server name, 64 | boot file, 128 | cookie 63 82 53 63 | options ... 255 |
//
// An option is a code, a length, and as many bytes; 0 is padding and 255 the end. One of them, overload, says that
// options go on in the fields of the boot file and the server name (RFC 2132 §9.3).
package dhcp

import (
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
	"strconv"

	"bulwark/wire"
)

var (
	// ErrShort means that a message or an option ends early. What came before it was kept.
	ErrShort = fmt.Errorf("dhcp: message ends early: %w", wire.ErrMalformed)
	// ErrCookie means that the four bytes that announce options are others: the message is BOOTP at best.
	ErrCookie = fmt.Errorf("dhcp: no magic cookie: %w", wire.ErrMalformed)
)

const (
	serverNameAt = 44
	bootFileAt   = 108
	cookieAt     = 236
	optionsAt    = 240
	cookie       = 0x63825363
	// maxOptions is how many options of one message are kept.
	maxOptions = 128
	// maxJoined is how many bytes options in several parts may take, put together.
	maxJoined = 16 << 10
)

// Code names an option (IANA registry "BOOTP Vendor Extensions and DHCP Options").
type Code uint8

// The options that have a field or a method here, and those a defender asks for by [Message.Option].
const (
	SubnetMask       Code = 1
	Router           Code = 3
	DNSServer        Code = 6
	HostName         Code = 12
	DomainName       Code = 15
	RequestedAddress Code = 50
	LeaseTime        Code = 51
	Overload         Code = 52
	MessageType      Code = 53
	ServerIdentifier Code = 54
	ParameterRequest Code = 55
	ErrorText        Code = 56
	MaxMessageSize   Code = 57
	RenewalTime      Code = 58
	RebindingTime    Code = 59
	VendorClass      Code = 60
	ClientIdentifier Code = 61
	TFTPServerName   Code = 66
	BootFileName     Code = 67
	UserClass        Code = 77
	FQDN             Code = 81
	RelayAgent       Code = 82
	DomainSearch     Code = 119
	ClasslessRoutes  Code = 121
	ProxyAutoConfig  Code = 252
	end              Code = 255
)

// Type is the kind of a message (RFC 2132 §9.6). The zero value means that it does not tell: BOOTP.
type Type uint8

// The kinds of message.
const (
	Discover Type = iota + 1
	Offer
	Request
	Decline
	Ack
	Nak
	Release
	Inform
)

func (t Type) String() string {
	switch t {
	case Discover:
		return "discover"
	case Offer:
		return "offer"
	case Request:
		return "request"
	case Decline:
		return "decline"
	case Ack:
		return "ack"
	case Nak:
		return "nak"
	case Release:
		return "release"
	case Inform:
		return "inform"
	case 0:
		return "bootp"
	}
	return "type_" + strconv.Itoa(int(t))
}

// Option is one option.
type Option struct {
	Code Code
	Data []byte
}

// Addresses are IPv4 addresses as they came, side by side.
type Addresses []byte

// All yields the addresses in the order sent.
func (a Addresses) All() iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		for b := a; len(b) >= 4; b = b[4:] {
			if !yield(netip.AddrFrom4([4]byte(b[:4]))) {
				return
			}
		}
	}
}

// Message is one DHCP message. Its slices point into what was parsed and into memory of the message, until the next
// Parse. An address that is not told is the zero Addr or 0.0.0.0 as sent.
type Message struct {
	Reply      bool // from a server
	Type       Type
	XID        uint32
	Seconds    uint16 // since the client began
	Broadcast  bool
	Hops       uint8
	ClientIP   netip.Addr // the address the client has
	YourIP     netip.Addr // the address it is given
	NextServer netip.Addr // where it boots from
	Relay      netip.Addr
	MAC        []byte // hardware address, as long as the message says, at most 16 bytes
	HardwareID uint8  // kind of hardware: 1 is Ethernet
	ServerName []byte // where it does not carry options
	BootFile   []byte // where it does not carry options

	HostName    []byte // as the client calls itself
	FQDN        []byte // the full name (RFC 4702) as text
	Requested   netip.Addr
	ServerID    netip.Addr
	SubnetMask  netip.Addr
	Lease       uint32 // seconds; 0xffffffff is for ever
	Renewal     uint32 // seconds
	Rebinding   uint32 // seconds
	VendorClass []byte
	UserClass   []byte // as sent (RFC 3004)
	ClientID    []byte // a type and an identifier
	Params      []byte // the codes that the client asks for, in its order
	Routers     Addresses
	Resolvers   Addresses
	Domain      []byte
	Text        []byte // why a server refuses
	CircuitID   []byte // of the relay agent: the port that the client is on (RFC 3046)
	RemoteID    []byte // of the relay agent: the modem or switch

	// Options are all options in the order sent. One that came in several parts stands where its first did, in one
	// piece (RFC 3396).
	Options []Option

	text []byte // names and options put together
}

// Looks tells whether the datagram p is a message of DHCP, whatever port it came from.
func Looks(p []byte) bool {
	return len(p) >= optionsAt && (p[0] == 1 || p[0] == 2) && p[2] <= 16 && binary.BigEndian.Uint32(p[cookieAt:]) == cookie
}

// Parse reads one message. After an error m holds what came before it.
func Parse(p []byte, m *Message) error {
	*m = Message{Options: m.Options[:0], text: m.text[:0]}
	if len(p) < cookieAt {
		return ErrShort
	}
	m.header(p)
	if len(p) < optionsAt || binary.BigEndian.Uint32(p[cookieAt:]) != cookie {
		m.ServerName, m.BootFile = text(p[serverNameAt:bootFileAt]), text(p[bootFileAt:cookieAt])
		return ErrCookie
	}
	err := m.options(p[optionsAt:])
	err = m.overload(p, err)
	for i := range m.Options {
		m.field(m.Options[i])
	}
	return err
}

func (m *Message) header(p []byte) {
	m.Reply = p[0] == 2
	m.HardwareID = p[1]
	m.MAC = p[28 : 28+min(p[2], 16)]
	m.Hops = p[3]
	m.XID = binary.BigEndian.Uint32(p[4:])
	m.Seconds = binary.BigEndian.Uint16(p[8:])
	m.Broadcast = p[10]&0x80 != 0
	m.ClientIP, m.YourIP = address(p[12:16]), address(p[16:20])
	m.NextServer, m.Relay = address(p[20:24]), address(p[24:28])
}

// overload reads the options in the boot file first, then those in the server name (RFC 2131 §4.1).
func (m *Message) overload(p []byte, err error) error {
	where := byte(0)
	if b := m.Option(Overload); len(b) == 1 {
		where = b[0]
	}
	file, name := p[bootFileAt:cookieAt], p[serverNameAt:bootFileAt]
	if where&1 != 0 {
		err = first(err, m.options(file))
	} else {
		m.BootFile = text(file)
	}
	if where&2 != 0 {
		err = first(err, m.options(name))
	} else {
		m.ServerName = text(name)
	}
	return err
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// text is what a field of fixed length holds before its zero byte.
func text(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

func address(b []byte) netip.Addr {
	if len(b) != 4 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(b))
}

func seconds(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// options reads a row of options. One that has no end option is taken as it is: some senders leave it out.
func (m *Message) options(b []byte) error {
	for len(b) > 0 {
		code := Code(b[0])
		if code == end {
			return nil
		}
		if code == 0 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || 2+int(b[1]) > len(b) {
			return ErrShort
		}
		n := 2 + int(b[1])
		m.add(Option{code, b[2:n:n]})
		b = b[n:]
	}
	return nil
}

// add keeps an option, or joins it to the part of it that came before (RFC 3396 §7).
func (m *Message) add(o Option) {
	for i := range m.Options {
		if p := &m.Options[i]; p.Code == o.Code {
			p.Data = m.join(p.Data, o.Data)
			return
		}
	}
	if len(m.Options) < maxOptions {
		m.Options = append(m.Options, o)
	}
}

// join puts two parts of an option together: in place where the first part is the last that was joined.
func (m *Message) join(a, b []byte) []byte {
	from := len(m.text) - len(a)
	if from < 0 || len(a) == 0 || &m.text[from] != &a[0] {
		from = len(m.text)
		if from+len(a) > maxJoined {
			return a
		}
		m.text = append(m.text, a...)
	}
	if len(m.text)+len(b) > maxJoined {
		return a
	}
	m.text = append(m.text, b...)
	return m.text[from:len(m.text):len(m.text)]
}

// Option is the data of an option, nil when it is not there.
func (m *Message) Option(c Code) []byte {
	for i := range m.Options {
		if m.Options[i].Code == c {
			return m.Options[i].Data
		}
	}
	return nil
}

// field reads an option that has a field. One of the wrong length leaves its field empty.
func (m *Message) field(o Option) {
	switch o.Code {
	case SubnetMask:
		m.SubnetMask = address(o.Data)
	case Router:
		m.Routers = o.Data
	case DNSServer:
		m.Resolvers = o.Data
	case HostName:
		m.HostName = text(o.Data)
	case DomainName:
		m.Domain = text(o.Data)
	case RequestedAddress:
		m.Requested = address(o.Data)
	case LeaseTime:
		m.Lease = seconds(o.Data)
	case MessageType:
		if len(o.Data) == 1 {
			m.Type = Type(o.Data[0])
		}
	case ServerIdentifier:
		m.ServerID = address(o.Data)
	case ParameterRequest:
		m.Params = o.Data
	case ErrorText:
		m.Text = text(o.Data)
	case RenewalTime:
		m.Renewal = seconds(o.Data)
	case RebindingTime:
		m.Rebinding = seconds(o.Data)
	case VendorClass:
		m.VendorClass = text(o.Data)
	case UserClass:
		m.UserClass = o.Data
	case ClientIdentifier:
		m.ClientID = o.Data
	case FQDN:
		m.FQDN = m.fqdn(o.Data)
	case RelayAgent:
		m.relay(o.Data)
	}
}

// fqdn reads flags, two bytes that mean nothing any more, and a name: in the wire form of DNS where the flag E is
// set, else as text (RFC 4702 §2).
func (m *Message) fqdn(b []byte) []byte {
	if len(b) < 3 {
		return nil
	}
	flags, b := b[0], b[3:]
	if flags&0x04 == 0 {
		return text(b)
	}
	from := len(m.text)
	for len(b) > 0 && b[0] > 0 && int(b[0]) < len(b) {
		if len(m.text) > from {
			m.text = append(m.text, '.')
		}
		m.text = append(m.text, b[1:1+b[0]]...)
		b = b[1+b[0]:]
	}
	return m.text[from:len(m.text):len(m.text)]
}

// relay reads the sub-options of the relay agent (RFC 3046 §2).
func (m *Message) relay(b []byte) {
	for len(b) >= 2 && 2+int(b[1]) <= len(b) {
		data := b[2 : 2+b[1]]
		switch b[0] {
		case 1:
			m.CircuitID = data
		case 2:
			m.RemoteID = data
		}
		b = b[2+len(data):]
	}
}
