// Package arp reads the messages of the Address Resolution Protocol (RFC 826), by which hosts of a link find each
// other's link addresses, and of its reverse (RFC 903). Nothing proves them: whoever answers is believed.
//
//	| hardware | protocol | lengths | operation | sender: hardware, protocol | target: hardware, protocol |
//	|    2     |    2     |  1 + 1  |     2     |            6 + 4           |           6 + 4            |
package arp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"bulwark/wire"
)

var (
	// ErrShort means that a message ends early.
	ErrShort = fmt.Errorf("arp: message ends early: %w", wire.ErrMalformed)
	// ErrOther means other addresses than those of Ethernet and IPv4.
	ErrOther = errors.New("arp: addresses of another kind")
)

// Operation is what a message is for (IANA registry "Address Resolution Protocol Operation Codes").
type Operation uint16

// The operations of Ethernet.
const (
	Request        Operation = 1
	Reply          Operation = 2
	ReverseRequest Operation = 3
	ReverseReply   Operation = 4
)

// String is the name of the operation in EVE.
func (o Operation) String() string {
	switch o {
	case Request:
		return "request"
	case Reply:
		return "reply"
	case ReverseRequest:
		return "request_reverse"
	case ReverseReply:
		return "reply_reverse"
	}
	return "unknown"
}

// MAC is a link address.
type MAC [6]byte

// Message is one message between addresses of Ethernet and IPv4.
type Message struct {
	Operation            Operation
	SenderMAC, TargetMAC MAC
	Sender, Target       netip.Addr
}

// length is that of a message with addresses of six and four bytes.
const length = 28

// Parse reads the message that follows the Ethernet header.
func Parse(b []byte) (m Message, err error) {
	if len(b) < 8 {
		return m, ErrShort
	}
	hardware, protocol := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if hardware != 1 && hardware != 6 || protocol != 0x0800 || b[4] != 6 || b[5] != 4 { // 6: IEEE 802 networks
		return m, ErrOther
	}
	if len(b) < length {
		return m, ErrShort
	}
	m.Operation = Operation(binary.BigEndian.Uint16(b[6:]))
	m.SenderMAC, m.TargetMAC = MAC(b[8:14]), MAC(b[18:24])
	m.Sender, m.Target = netip.AddrFrom4([4]byte(b[14:18])), netip.AddrFrom4([4]byte(b[24:28]))
	return m, nil
}

// Gratuitous reports whether the sender tells its own address, asked by nobody (RFC 5944 §4.6, RFC 5227 §2.3).
func (m *Message) Gratuitous() bool {
	return m.Sender == m.Target && !m.Sender.IsUnspecified() && (m.Operation == Request || m.Operation == Reply)
}

// Probe reports whether the sender asks if anybody has the address that it wants (RFC 5227 §2.1.1).
func (m *Message) Probe() bool {
	return m.Operation == Request && m.Sender.IsUnspecified() && !m.Target.IsUnspecified()
}

// Claims reports whether the message says that the sender's address is at the sender's link address.
func (m *Message) Claims() bool {
	return (m.Operation == Request || m.Operation == Reply) && !m.Sender.IsUnspecified() && !m.Sender.IsMulticast() &&
		m.SenderMAC[0]&1 == 0 && m.SenderMAC != MAC{}
}
