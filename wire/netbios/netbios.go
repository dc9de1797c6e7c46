// Package netbios reads the datagrams of NetBIOS over UDP (RFC 1001, RFC 1002): of the name service, by which Windows and
// Samba claim names and find each other without DNS, and of the datagram service, whose only common use is to announce
// servers to browsers ([MS-BRWS]).
//
// A message of the name service has the form of DNS:
//
//	| id | flags | questions | answers | authorities | additional |   six big-endian numbers of 16 bits
//
// A name is sixteen bytes, of which the last tells what it is for; each byte is sent as two letters from A to P. Older
// medical devices and their workstations tell by it who they are, to everybody.
package netbios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"bulwark/wire"
)

var (
	// ErrShort means that a message ends early. What came before was kept.
	ErrShort = fmt.Errorf("netbios: message ends early: %w", wire.ErrMalformed)
	// ErrName means that a name is not one.
	ErrName = fmt.Errorf("netbios: not a NetBIOS name: %w", wire.ErrMalformed)
	// errNone means that a datagram carries no announcement.
	errNone = errors.New("netbios: no announcement")
)

// Opcode is what a message of the name service is about (RFC 1002 §4.2.1.1).
type Opcode uint8

// The opcodes in use.
const (
	Query        Opcode = 0
	Registration Opcode = 5
	Release      Opcode = 6
	Wait         Opcode = 7 // wait for acknowledgement
	Refresh      Opcode = 8
	RefreshToo   Opcode = 9  // RFC 1002 has both numbers
	MultiHomed   Opcode = 15 // registration of a host with several addresses
)

func (o Opcode) String() string {
	switch o {
	case Query:
		return "query"
	case Registration:
		return "registration"
	case Release:
		return "release"
	case Wait:
		return "wait"
	case Refresh, RefreshToo:
		return "refresh"
	case MultiHomed:
		return "multi-homed registration"
	}
	return ""
}

// Types of records (RFC 1002 §4.2.1.3).
const (
	typeNB     = 0x20
	typeStatus = 0x21
)

const (
	headerLen = 12
	// maxAddresses and maxNodes bound what is kept of one message.
	maxAddresses = 32
	maxNodes     = 64
)

// NodeFlags are the flags of a name (RFC 1002 §4.2.1.3 and §4.2.18): G in the top bit, then two bits of the node's type.
type NodeFlags uint16

// Group reports whether several hosts share the name.
func (f NodeFlags) Group() bool { return f&0x8000 != 0 }

// Node is the type of the node: B broadcasts, P asks a server, M and H do both.
func (f NodeFlags) Node() string { return [...]string{"B", "P", "M", "H"}[f>>13&3] }

// Address is where a name is.
type Address struct {
	Flags NodeFlags
	Addr  netip.Addr
}

// Node is a name that a host says it has.
type Node struct {
	Name  [nameLen]byte
	Flags NodeFlags
}

// Text is the name without its suffix.
func (n *Node) Text() []byte { return trim(n.Name[:nameLen-1]) }

// Suffix is the last byte of the name.
func (n *Node) Suffix() byte { return n.Name[nameLen-1] }

// Message is a message of the name service. It may be used again and again.
type Message struct {
	ID        uint16
	Response  bool
	Opcode    Opcode
	Rcode     uint8 // 0: no error (RFC 1002 §4.2.6)
	Broadcast bool
	Status    bool // about all names of a node, not about one
	Name      Name
	TTL       uint32 // seconds; 0 in a claim to a name: for ever
	Addresses []Address
	Nodes     []Node  // names of the node that answers a question for its status
	Unit      [6]byte // hardware address of that node; zero where it does not tell
}

// Looks tells whether a datagram is a message of the name service, whatever port it came from: an opcode in use, one
// question or records alone, and a NetBIOS name in the place of the first.
func Looks(p []byte) bool {
	if len(p) < headerLen+1+encodedLen+5 || p[headerLen] != encodedLen || p[3]&0x60 != 0 {
		return false
	}
	if Opcode(p[2]>>3&15).String() == "" || p[4] != 0 || p[5] > 1 || p[6]|p[8]|p[10] != 0 {
		return false
	}
	var n Name
	end := readName(p, headerLen, &n)
	if end < 0 || end+4 > len(p) {
		return false
	}
	t, class := binary.BigEndian.Uint16(p[end:]), binary.BigEndian.Uint16(p[end+2:])&0x7fff
	return class == 1 && (t == typeNB || t == typeStatus || p[5] == 0 && t == 0x0a)
}

// Parse reads a message of the name service. After an error m holds what came before.
func Parse(p []byte, m *Message) error {
	*m = Message{Addresses: m.Addresses[:0], Nodes: m.Nodes[:0]}
	if len(p) < headerLen {
		return ErrShort
	}
	m.ID = binary.BigEndian.Uint16(p)
	m.Response, m.Opcode = p[2]&0x80 != 0, Opcode(p[2]>>3&15)
	m.Broadcast, m.Rcode = p[3]&0x10 != 0, p[3]&15
	off := headerLen
	questions := int(binary.BigEndian.Uint16(p[4:]))
	records := int(binary.BigEndian.Uint16(p[6:])) + int(binary.BigEndian.Uint16(p[8:])) + int(binary.BigEndian.Uint16(p[10:]))
	for i := range questions {
		var n Name
		if off = readName(p, off, &n); off < 0 {
			return ErrName
		}
		if off+4 > len(p) {
			return ErrShort
		}
		if i == 0 {
			m.Name, m.Status = n, binary.BigEndian.Uint16(p[off:]) == typeStatus
		}
		off += 4
	}
	for i := range records {
		end, err := m.record(p, off, questions == 0 && i == 0)
		if err != nil {
			return err
		}
		off = end
	}
	return nil
}

// record reads a resource record (RFC 1002 §4.2.1.3).
func (m *Message) record(p []byte, off int, first bool) (int, error) {
	var n Name
	if off = readName(p, off, &n); off < 0 {
		return 0, ErrName
	}
	if off+10 > len(p) {
		return 0, ErrShort
	}
	kind, end := binary.BigEndian.Uint16(p[off:]), off+10+int(binary.BigEndian.Uint16(p[off+8:]))
	if end > len(p) {
		return 0, ErrShort
	}
	if first {
		m.Name, m.Status = n, kind == typeStatus
	}
	m.TTL = binary.BigEndian.Uint32(p[off+4:])
	data := p[off+10 : end]
	switch {
	case kind == typeNB && m.Opcode != Wait:
		for ; len(data) >= 6 && len(m.Addresses) < maxAddresses; data = data[6:] {
			m.Addresses = append(m.Addresses, Address{NodeFlags(binary.BigEndian.Uint16(data)), netip.AddrFrom4([4]byte(data[2:6]))})
		}
	case kind == typeStatus:
		return end, m.status(data)
	}
	return end, nil
}

// status reads the names of a node and its statistics, which begin with its hardware address (RFC 1002 §4.2.18).
func (m *Message) status(b []byte) error {
	if len(b) < 1 {
		return ErrShort
	}
	n := int(b[0])
	for b = b[1:]; n > 0; n-- {
		if len(b) < nameLen+2 {
			return ErrShort
		}
		if len(m.Nodes) < maxNodes {
			m.Nodes = append(m.Nodes, Node{[nameLen]byte(b), NodeFlags(binary.BigEndian.Uint16(b[nameLen:]))})
		}
		b = b[nameLen+2:]
	}
	if len(b) >= 6 {
		m.Unit = [6]byte(b)
	}
	return nil
}
