package pcap

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Writer writes a pcap file with nanosecond times, little-endian, of one link type. Each packet is one Write of the
// underlying writer: hand in a bufio.Writer for many, and flush it at the end.
type Writer struct {
	w       io.Writer
	link    LinkType
	scratch []byte
}

// NewWriter writes the file header.
func NewWriter(w io.Writer, link LinkType) (*Writer, error) {
	h := make([]byte, 0, fileHeaderLen)
	h = binary.LittleEndian.AppendUint32(h, magicNano)
	h = binary.LittleEndian.AppendUint16(h, 2)
	h = binary.LittleEndian.AppendUint16(h, 4)
	h = binary.LittleEndian.AppendUint64(h, 0) // reserved, once the time zone
	h = binary.LittleEndian.AppendUint32(h, MaxPacket)
	h = binary.LittleEndian.AppendUint32(h, uint32(link))
	if _, err := w.Write(h); err != nil {
		return nil, fmt.Errorf("writing the capture's header: %w", err)
	}
	return &Writer{w: w, link: link}, nil
}

// Write appends one packet. It refuses what the format cannot say: another link type, more than [MaxPacket] bytes,
// a time before 1970 or after 2106. An Orig below len(Data) is written as len(Data).
func (w *Writer) Write(p *Packet) error {
	switch {
	case p.Link != w.link:
		return fmt.Errorf("pcap: a packet of link type %v in a file of %v", p.Link, w.link)
	case len(p.Data) > MaxPacket:
		return fmt.Errorf("pcap: a packet of %d bytes, more than %d", len(p.Data), MaxPacket)
	case p.Time < 0 || p.Time/1e9 > 1<<32-1:
		return fmt.Errorf("pcap: the time %d ns does not fit the format", p.Time)
	}
	b := w.scratch[:0]
	b = binary.LittleEndian.AppendUint32(b, uint32(p.Time/1e9))
	b = binary.LittleEndian.AppendUint32(b, uint32(p.Time%1e9))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(p.Data)))
	b = binary.LittleEndian.AppendUint32(b, uint32(max(p.Orig, len(p.Data))))
	b = append(b, p.Data...)
	w.scratch = b
	if _, err := w.w.Write(b); err != nil {
		return fmt.Errorf("writing a packet: %w", err)
	}
	return nil
}
