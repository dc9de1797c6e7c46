// Package dhcp6 reads the messages of the Dynamic Host Configuration Protocol for IPv6 (RFC 8415), those that relays pass
// on included.
//
//	client, server:  | type | transaction id, 3 bytes | options ... |
//	relay:           | type | hops | link address, 16 | peer address, 16 | options ... |
//
// An option is a code and a length of two bytes each, and as many bytes; some hold further options. What a relay
// passes on is an option of its message. A client is named by its DUID, which outlives its addresses and often holds
// its hardware address.
package dhcp6

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"

	"bulwark/wire"
)

// ErrShort means that a message or an option ends early. What came before it was kept.
var ErrShort = fmt.Errorf("dhcp6: message ends early: %w", wire.ErrMalformed)

const (
	// headerLen and relayLen are the bytes before the options (RFC 8415 §8, §9).
	headerLen = 4
	relayLen  = 34
	// maxOptions is how many options of one message are read.
	maxOptions = 256
	// maxLeases is how many addresses and prefixes of one message are kept.
	maxLeases = 16
	// maxNames is how many bytes the names of one message may take.
	maxNames = 4 << 10
	// MaxRelays is how many relays may pass a message on (RFC 8415 §7.6, HOP_COUNT_LIMIT).
	MaxRelays = 8
)

// Type is the kind of a message (RFC 8415 §7.3).
type Type uint8

// The kinds of message.
const (
	Solicit Type = iota + 1
	Advertise
	Request
	Confirm
	Renew
	Rebind
	Reply
	Release
	Decline
	Reconfigure
	InformationRequest
	RelayForward
	RelayReply
	LeaseQuery      // RFC 5007
	LeaseQueryReply // RFC 5007
	last            = 21
)

// typeNames are IANA's names of the types, in small letters.
var typeNames = [...]string{"", "solicit", "advertise", "request", "confirm", "renew", "rebind", "reply", "release", "decline",
	"reconfigure", "information-request", "relay-forw", "relay-repl", "leasequery", "leasequery-reply", "leasequery-done",
	"leasequery-data", "reconfigure-request", "reconfigure-reply", "dhcpv4-query", "dhcpv4-response"}

func (t Type) String() string {
	if int(t) < len(typeNames) && t != 0 {
		return typeNames[t]
	}
	return "type_" + strconv.Itoa(int(t))
}

// FromServer reports whether servers send the message.
func (t Type) FromServer() bool {
	return t == Advertise || t == Reply || t == Reconfigure || t == RelayReply || t == LeaseQueryReply
}

// Relayed reports whether the message passes another on.
func (t Type) Relayed() bool { return t == RelayForward || t == RelayReply }

// Code names an option (IANA registry "DHCPv6 Option Codes").
type Code uint16

// The options that are read.
const (
	ClientID        Code = 1
	ServerID        Code = 2
	NonTemporary    Code = 3 // IA_NA
	Temporary       Code = 4 // IA_TA
	IAAddress       Code = 5
	OptionRequest   Code = 6
	RelayMessage    Code = 9
	StatusCode      Code = 13
	UserClass       Code = 15
	VendorClass     Code = 16
	VendorOptions   Code = 17
	InterfaceID     Code = 18
	DNSServers      Code = 23
	DomainList      Code = 24
	Delegation      Code = 25 // IA_PD
	IAPrefix        Code = 26
	RemoteID        Code = 37
	ClientFQDN      Code = 39
	BootFileURL     Code = 59
	LinkLayerClient Code = 79
)

// Lease is an address or a prefix that is asked for, offered or given.
type Lease struct {
	Addr      netip.Addr
	Bits      uint8  // of a delegated prefix; 0 for an address
	Temporary bool   // a temporary address
	Preferred uint32 // seconds
	Valid     uint32 // seconds; 0: it is given back, 0xffffffff: for ever
}

// Message is one message. Its slices point into what was parsed and into memory of the message, until the next Parse.
type Message struct {
	Type        Type // of the message that a relay passes on where there is one
	XID         uint32
	Outer       Type       // of the message as it was sent: that of a relay, or the same
	Relays      uint8      // relays that passed it on
	Relay       netip.Addr // link address of the relay next to the client; invalid without relays
	Peer        netip.Addr // who spoke to that relay: the client
	Client      DUID
	Server      DUID
	Hardware    []byte  // link address that a relay saw (RFC 6939), else that of the client's DUID
	Leases      []Lease // addresses and prefixes
	Params      []byte  // options asked for, two bytes each, in their order
	Resolvers   []byte  // name servers, 16 bytes each
	Domains     []byte  // domains to search, with commas
	FQDN        []byte  // full name of the client (RFC 4704)
	Enterprise  uint32  // IANA number of the client's maker, of its vendor class
	VendorClass []byte  // first text of the vendor class
	UserClass   []byte  // first text of the user class
	BootFile    []byte  // URL to boot from
	Interface   []byte  // port at the relay
	RemoteID    []byte  // of the relay agent, behind its enterprise number
	Status      uint16  // status code; 0: success
	StatusText  []byte

	names   []byte
	options int
}

// Looks tells whether the datagram p is a message of DHCPv6, whatever port it came from: options that end where it ends, an
// identifier of the client or the server among them, or of a relay a message.
func Looks(p []byte) bool { return looks(p, true) }

// LooksAtPort is [Looks] for a datagram of the ports 546 and 547: it may lack an identifier.
func LooksAtPort(p []byte) bool { return looks(p, false) }

func looks(p []byte, anywhere bool) bool {
	if len(p) < headerLen+4 || p[0] == 0 || p[0] > last {
		return false
	}
	at, want := headerLen, false
	relay := Type(p[0]).Relayed()
	if relay {
		if at = relayLen; p[1] > MaxRelays {
			return false
		}
	}
	for at+4 <= len(p) {
		code, n := Code(binary.BigEndian.Uint16(p[at:])), int(binary.BigEndian.Uint16(p[at+2:]))
		if code == 0 || anywhere && code > 160 || at+4+n > len(p) {
			return false
		}
		switch code {
		case ClientID, ServerID:
			want = want || !relay && plausibleDUID(p[at+4:at+4+n])
		case RelayMessage:
			want = want || relay
		}
		at += 4 + n
	}
	return (want || !anywhere) && at == len(p)
}

// Parse reads one message, that within the messages of relays. After an error m holds what came before.
func Parse(p []byte, m *Message) error {
	*m = Message{Leases: m.Leases[:0], names: m.names[:0]}
	for len(p) > 0 && Type(p[0]).Relayed() {
		if len(p) < relayLen || m.Relays >= MaxRelays {
			return ErrShort
		}
		if m.Type = Type(p[0]); m.Relays == 0 {
			m.Outer = m.Type
		}
		m.Relays++
		m.Relay, m.Peer = netip.AddrFrom16([16]byte(p[2:18])), netip.AddrFrom16([16]byte(p[18:34]))
		inner, err := m.walk(p[relayLen:], true)
		if inner == nil {
			return err
		}
		p = inner
	}
	if len(p) < headerLen {
		return ErrShort
	}
	if m.Type = Type(p[0]); m.Relays == 0 {
		m.Outer = m.Type
	}
	m.XID = binary.BigEndian.Uint32(p) & 0xffffff
	_, err := m.walk(p[headerLen:], false)
	if m.Hardware == nil {
		m.Hardware = m.Client.Hardware()
	}
	return err
}

// walk reads a row of options, and is the message that one of a relay's holds.
func (m *Message) walk(b []byte, relay bool) (inner []byte, err error) {
	for len(b) > 0 {
		if len(b) < 4 {
			return inner, ErrShort
		}
		code, n := Code(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:]))
		if m.options++; 4+n > len(b) || m.options > maxOptions {
			return inner, ErrShort
		}
		data := b[4 : 4+n : 4+n]
		b = b[4+n:]
		if relay && code == RelayMessage {
			inner = data
			continue
		}
		if e := m.option(code, data); e != nil {
			err = e
		}
	}
	return inner, err
}

// option reads an option that has a field. One of the wrong length leaves its field empty.
func (m *Message) option(code Code, b []byte) error {
	switch code {
	case ClientID:
		m.Client = b
	case ServerID:
		m.Server = b
	case NonTemporary, Delegation: // an identifier and two times, then options (RFC 8415 §21.4, §21.21)
		if len(b) >= 12 {
			_, err := m.walk(b[12:], false)
			return err
		}
	case Temporary:
		if len(b) >= 4 {
			from := len(m.Leases)
			_, err := m.walk(b[4:], false)
			for i := range m.Leases[from:] {
				m.Leases[from+i].Temporary = true
			}
			return err
		}
	case IAAddress, IAPrefix:
		return m.lease(code, b)
	case OptionRequest:
		m.Params = b
	case StatusCode:
		if len(b) >= 2 && m.Status == 0 {
			m.Status, m.StatusText = binary.BigEndian.Uint16(b), b[2:]
		}
	case UserClass:
		m.UserClass = first(b)
	case VendorClass:
		if len(b) >= 4 {
			m.Enterprise, m.VendorClass = binary.BigEndian.Uint32(b), first(b[4:])
		}
	case DNSServers:
		m.Resolvers = b[:len(b)-len(b)%16]
	case DomainList:
		m.Domains = m.list(b)
	case ClientFQDN: // RFC 4704 §4.1: flags, then a name
		if len(b) > 1 {
			m.FQDN = m.list(b[1:])
		}
	case BootFileURL:
		m.BootFile = b
	case InterfaceID:
		m.Interface = b
	case RemoteID:
		if len(b) >= 4 {
			m.RemoteID = b[4:]
		}
	case LinkLayerClient: // RFC 6939 §4: a kind of hardware, then the address
		if len(b) > 2 {
			m.Hardware = b[2:]
		}
	}
	return nil
}

// lease reads an address (RFC 8415 §21.6) or a prefix (§21.22).
func (m *Message) lease(code Code, b []byte) error {
	l, rest := Lease{}, b
	switch {
	case code == IAAddress && len(b) >= 24:
		l.Addr = netip.AddrFrom16([16]byte(b[:16]))
		l.Preferred, l.Valid = binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
		rest = b[24:]
	case code == IAPrefix && len(b) >= 25:
		l.Preferred, l.Valid = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		l.Bits, l.Addr = b[8], netip.AddrFrom16([16]byte(b[9:25]))
		rest = b[25:]
	default:
		return nil
	}
	if len(m.Leases) < maxLeases {
		m.Leases = append(m.Leases, l)
	}
	_, err := m.walk(rest, false)
	return err
}

// first is the first of the texts with lengths of two bytes before them.
func first(b []byte) []byte {
	if len(b) < 2 || 2+int(binary.BigEndian.Uint16(b)) > len(b) {
		return nil
	}
	return b[2 : 2+binary.BigEndian.Uint16(b)]
}

// separator stands before a label: between names or within one.
func separator(fresh bool) byte {
	if fresh {
		return ','
	}
	return '.'
}

// list renders names in the wire form of DNS (RFC 8415 §10) with commas between them. A name may lack its end.
func (m *Message) list(b []byte) []byte {
	from := len(m.names)
	fresh := true
	for len(b) > 0 && len(m.names) < maxNames {
		n := int(b[0])
		if n == 0 {
			fresh = true
			b = b[1:]
			continue
		}
		if n > 63 || 1+n > len(b) {
			break
		}
		if len(m.names) > from {
			m.names = append(m.names, separator(fresh))
		}
		m.names = append(m.names, b[1:1+n]...)
		fresh = false
		b = b[1+n:]
	}
	return m.names[from:len(m.names):len(m.names)]
}
