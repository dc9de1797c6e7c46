// Package enip reads EtherNet/IP and the Common Industrial Protocol in it (ODVA, The CIP Networks Library, volumes 1
// and 2), over TCP and UDP.
//
// A message is a header of 24 bytes, the lowest byte of each number first, and what its command carries:
//
//	| command, 2 | length, 2 | session, 4 | status, 4 | sender context, 8 | options, 4 | data ... |
//
// A client registers a session, then sends requests of CIP in items of a common packet: a service of an object, which a
// path of class, instance and attribute names. A reply repeats the service with its highest bit set, and a status. By
// ListIdentity a device says who it is to anybody who asks.
package enip

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

var (
	// ErrShort means that a message ends early.
	ErrShort = fmt.Errorf("enip: message ends early: %w", wire.ErrMalformed)
	// ErrCommand means a command that nobody assigned.
	ErrCommand = fmt.Errorf("enip: unknown command: %w", wire.ErrMalformed)
)

const headerSize = 24

// Command is a command of the encapsulation (vol. 2 §2-3.2).
type Command uint16

// The commands.
const (
	NOP               Command = 0
	ListServices      Command = 0x04
	ListIdentity      Command = 0x63
	ListInterfaces    Command = 0x64
	RegisterSession   Command = 0x65
	UnregisterSession Command = 0x66
	SendRRData        Command = 0x6f
	SendUnitData      Command = 0x70
	IndicateStatus    Command = 0x72
	Cancel            Command = 0x73
)

// Message is one message. Its slices point into what was parsed and into memory of the message.
type Message struct {
	Command Command
	Length  int
	Session uint32
	Status  uint32
	Context uint64
	Options uint32

	Version         uint16 // of RegisterSession
	RegisterOptions uint16
	Identity        Identity
	Service         Service // the first of ListServices

	HasCIP   bool
	CIP      CIP
	Sequence uint16 // of a connected message; 0: none
	Bad      bool   // what the command carries breaks its form
}

// Identity is what a device says of itself (vol. 2 §2-4.2.2). Present tells whether it does.
type Identity struct {
	Present    bool
	Version    uint16
	Vendor     uint16
	DeviceType uint16
	Product    uint16
	Major      uint8
	Minor      uint8
	Status     uint16
	Serial     uint32
	Name       []byte
	State      uint8
}

// Service is a service that a device offers (vol. 2 §2-4.6.2).
type Service struct {
	Present      bool
	Version      uint16
	Capabilities uint16
	Name         []byte
}

// The items of a common packet (vol. 2 §2-6.3).
const (
	itemIdentity    = 0x000c
	itemConnected   = 0x00b1
	itemUnconnected = 0x00b2
	itemServices    = 0x0100
	maxItems        = 16
)

// Parse reads the message at the beginning of b; its data may be cut. reply tells whether the asked side sent it.
func Parse(b []byte, reply bool, m *Message) error {
	if len(b) < headerSize {
		return ErrShort
	}
	*m = Message{Command: Command(binary.LittleEndian.Uint16(b)), Length: int(binary.LittleEndian.Uint16(b[2:])),
		Session: binary.LittleEndian.Uint32(b[4:]), Status: binary.LittleEndian.Uint32(b[8:]),
		Context: binary.LittleEndian.Uint64(b[12:]), Options: binary.LittleEndian.Uint32(b[20:]),
		CIP: CIP{Path: m.CIP.Path[:0], Parts: m.CIP.Parts[:0]}}
	if m.Command.String() == "" {
		return ErrCommand
	}
	r := octets.LittleOf(b[headerSize:min(len(b), headerSize+m.Length)])
	switch m.Command {
	case RegisterSession:
		m.Version, m.RegisterOptions = r.U16(), r.U16()
	case SendRRData, SendUnitData:
		r.Take(6) // interface handle, timeout
		m.items(&r)
	case ListIdentity, ListServices:
		if reply {
			m.items(&r)
		}
	}
	m.Bad = m.Bad || r.Short
	return nil
}

// items reads the items of a common packet.
func (m *Message) items(r *octets.Little) {
	for n := min(int(r.U16()), maxItems); n > 0 && !r.Short; n-- {
		kind, size := r.U16(), int(r.U16())
		item := octets.LittleOf(r.Rest[:min(size, len(r.Rest))]) // a copy that was kept may be cut
		r.Rest = r.Rest[len(item.Rest):]
		switch {
		case kind == itemConnected && !m.HasCIP:
			m.Sequence = item.U16()
			m.HasCIP = true
			m.CIP.parse(&item, true)
		case kind == itemUnconnected && !m.HasCIP:
			m.HasCIP = true
			m.CIP.parse(&item, true)
		case kind == itemIdentity && !m.Identity.Present:
			m.Identity.parse(&item)
		case kind == itemServices && !m.Service.Present:
			m.Service = Service{Present: true, Version: item.U16(), Capabilities: item.U16(), Name: text(item.Take(min(16, len(item.Rest))))}
		}
		m.Bad = m.Bad || item.Short
	}
}

func (d *Identity) parse(r *octets.Little) {
	*d = Identity{Present: true, Version: r.U16()}
	r.Take(16) // socket address
	d.Vendor, d.DeviceType, d.Product = r.U16(), r.U16(), r.U16()
	d.Major, d.Minor = r.U8(), r.U8()
	d.Status, d.Serial = r.U16(), r.U32()
	d.Name = r.Take(int(r.U8()))
	d.State = r.U8()
	d.Present = !r.Short
}

// text is b up to a zero byte.
func text(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}
