package pcap

import (
	"fmt"
	"io"
)

// Magic numbers of pcap files, as the writer's machine reads them.
const (
	magicMicro    = 0xa1b2c3d4 // draft-ietf-opsawg-pcap §4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // A. Kuznetzov's patch: 24-byte record headers
)

const (
	fileHeaderLen     = 24
	recordHeaderLen   = 16
	modifiedHeaderLen = 24
)

// classicHeader is what the file header says about every record.
type classicHeader struct {
	format  format
	nsUnit  int64 // nanoseconds per unit of the fraction
	header  int   // bytes before each frame
	link    LinkType
	swapped swap
}

// swap tells whether the two lengths of a record stand in the order of old files.
type swap uint8

const (
	swapNever swap = iota
	swapMaybe
	swapAlways
)

// recognise sets up the header for a magic number and tells whether it knows it.
func (h *classicHeader) recognise(magic uint32) bool {
	switch magic {
	case magicMicro:
		*h = classicHeader{format: formatPcap, nsUnit: 1000, header: recordHeaderLen}
	case magicNano:
		*h = classicHeader{format: formatPcap, nsUnit: 1, header: recordHeaderLen}
	case magicModified:
		*h = classicHeader{format: formatModified, nsUnit: 1000, header: modifiedHeaderLen}
	default:
		return false
	}
	return true
}

// classicStart reads the file header.
func (r *Reader) classicStart() error {
	p := r.in.need(fileHeaderLen)
	if p == nil {
		return r.short(0, "the file header", fileHeaderLen)
	}
	major, minor := r.u16(p[4:]), r.u16(p[6:])
	if major != 2 {
		return r.fault(0, fmt.Sprintf("version %d.%d of the format is not 2.x", major, minor), ErrFormat)
	}
	// Before 2.3 the two lengths stood the other way round; in 2.3 it depends on the writer (libpcap, sf-pcap.c).
	switch {
	case minor < 3:
		r.classic.swapped = swapAlways
	case minor == 3:
		r.classic.swapped = swapMaybe
	}
	// The upper half of the field tells of frame check sequences, which lie behind the data and disturb nobody.
	r.classic.link = LinkType(r.u32(p[20:]))
	r.ifaces = []Interface{{Link: r.classic.link, SnapLen: r.u32(p[16:])}}
	r.in.pos += fileHeaderLen
	return nil
}

// nextRecord reads one record of a pcap file.
func (r *Reader) nextRecord(p *Packet) error {
	if r.in.cold() {
		r.in.warmUp()
	}
	h := r.in.need(r.classic.header)
	if h == nil {
		if r.ended() {
			return io.EOF
		}
		return r.short(r.in.offset(), "a packet header", r.classic.header)
	}
	kept, orig := r.u32(h[8:]), r.u32(h[12:])
	if r.classic.swapped != swapNever && (r.classic.swapped == swapAlways || kept > orig) {
		kept, orig = orig, kept
	}
	if kept > MaxPacket {
		return r.fault(r.in.offset(), fmt.Sprintf("a packet claims %d bytes, more than the %d that are read", kept, MaxPacket), nil)
	}
	p.Time = int64(r.u32(h))*1e9 + int64(r.u32(h[4:]))*r.classic.nsUnit
	unit := r.in.need(r.classic.header + int(kept))
	if unit == nil {
		return r.short(r.in.offset(), "a packet", r.classic.header+int(kept))
	}
	p.Data = unit[r.classic.header:]
	p.Orig = int(orig)
	p.Link = r.classic.link
	p.Interface = 0
	r.in.pos += len(unit)
	return nil
}
