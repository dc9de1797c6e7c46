package pcap

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Direction is which way a packet went, as seen from the capturing machine.
type Direction uint8

// The directions that pcapng knows (draft-ietf-opsawg-pcapng §4.3.1).
const (
	DirectionUnknown Direction = iota
	Inbound
	Outbound
)

// NGWriter writes a pcapng file of one section, little-endian, with nanosecond times. Interfaces are described as they
// come up. Each block is one Write of the underlying writer.
type NGWriter struct {
	w          io.Writer
	b          []byte
	interfaces map[ngInterface]uint32
}

type ngInterface struct {
	name string
	link LinkType
}

// Codes of options (§4.1 to §4.3).
const (
	optComment = 1 // of any block
	optEnd     = 0
	optAppl    = 4 // of a section
	optName    = 2 // of an interface
	optResol   = 9 // of an interface
	optFlags   = 2 // of a packet
	nanoResol  = 9
)

// NewNGWriter writes the head of the section; app is the program that writes.
func NewNGWriter(w io.Writer, app string) (*NGWriter, error) {
	n := &NGWriter{w: w, interfaces: map[ngInterface]uint32{}}
	n.begin(blockSection)
	n.u32(byteOrderMagic)                                   // byte order
	n.b = binary.LittleEndian.AppendUint16(n.b, 1)          // version 1.0
	n.b = binary.LittleEndian.AppendUint16(n.b, 0)          //
	n.b = binary.LittleEndian.AppendUint64(n.b, ^uint64(0)) // its length is not told
	n.option(optAppl, []byte(app[:min(len(app), 255)]))
	n.option(optEnd, nil)
	return n, n.end("the capture's header")
}

// Write appends one packet of the interface of that name; the time must be after 1970. It refuses more than [MaxPacket]
// bytes. An Orig below len(Data) is written as len(Data).
func (n *NGWriter) Write(name string, p *Packet, d Direction) error {
	switch {
	case len(p.Data) > MaxPacket:
		return fmt.Errorf("pcap: a packet of %d bytes, more than %d", len(p.Data), MaxPacket)
	case p.Time < 0:
		return fmt.Errorf("pcap: the time %d ns does not fit the format", p.Time)
	}
	i, err := n.iface(ngInterface{name, p.Link})
	if err != nil {
		return err
	}
	n.begin(blockEnhanced)
	n.u32(i)
	n.u32(uint32(uint64(p.Time) >> 32))
	n.u32(uint32(p.Time))
	n.u32(uint32(len(p.Data)))
	n.u32(uint32(max(p.Orig, len(p.Data))))
	n.padded(p.Data)
	if d != DirectionUnknown {
		n.option(optFlags, []byte{byte(d), 0, 0, 0})
		n.option(optEnd, nil)
	}
	return n.end("a packet")
}

// Note writes a sentence about the whole at its end, as statistics of the first interface (§4.6), which there must be.
func (n *NGWriter) Note(text string) error {
	if len(n.interfaces) == 0 {
		return nil
	}
	n.begin(blockStatistics)
	n.u32(0) // the interface
	n.u32(0) // no time
	n.u32(0)
	n.option(optComment, []byte(text[:min(len(text), 4096)]))
	n.option(optEnd, nil)
	return n.end("a note")
}

// iface is the number of an interface, which is described when it is new.
func (n *NGWriter) iface(i ngInterface) (uint32, error) {
	if at, ok := n.interfaces[i]; ok {
		return at, nil
	}
	if len(n.interfaces) >= MaxInterfaces {
		return 0, fmt.Errorf("pcap: more than %d interfaces", MaxInterfaces)
	}
	at := uint32(len(n.interfaces))
	n.interfaces[i] = at
	n.begin(blockInterface)
	n.u32(uint32(i.link))
	n.u32(0) // packets are whole, or say their length
	if i.name != "" {
		n.option(optName, []byte(i.name[:min(len(i.name), 255)]))
	}
	n.option(optResol, []byte{nanoResol})
	n.option(optEnd, nil)
	return at, n.end("an interface")
}

func (n *NGWriter) u32(v uint32) { n.b = binary.LittleEndian.AppendUint32(n.b, v) }

func (n *NGWriter) begin(kind uint32) {
	n.b = n.b[:0]
	n.u32(kind)
	n.u32(0) // its length, when that is known
}

// padded appends p, filled up to a multiple of four bytes.
func (n *NGWriter) padded(p []byte) {
	n.b = append(n.b, p...)
	for len(n.b)%4 != 0 {
		n.b = append(n.b, 0)
	}
}

func (n *NGWriter) option(code uint16, value []byte) {
	n.b = binary.LittleEndian.AppendUint16(n.b, code)
	n.b = binary.LittleEndian.AppendUint16(n.b, uint16(len(value)))
	n.padded(value)
}

// end writes the block.
func (n *NGWriter) end(what string) error {
	n.u32(uint32(len(n.b) + 4))
	binary.LittleEndian.PutUint32(n.b[4:], uint32(len(n.b)))
	if _, err := n.w.Write(n.b); err != nil {
		return fmt.Errorf("writing %s: %w", what, err)
	}
	return nil
}
