// Package netflow reads what routers, switches and firewalls tell of the conversations that they carry: NetFlow version 5 (Cisco's
// "NetFlow Export Datagram Format"), version 9 (RFC 3954) and IPFIX (RFC 7011, its elements by the registry of IANA).
//
// Versions 9 and IPFIX say in templates what their records hold; an [Exporter] keeps those, for each exporter of which datagrams come.
package netflow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"bulwark/wire"
)

var (
	// ErrVersion means a datagram of no version that is read.
	ErrVersion = fmt.Errorf("netflow: not version 5, 9 or IPFIX: %w", wire.ErrMalformed)
	// ErrShort means a datagram that ends early; what came before was read.
	ErrShort = fmt.Errorf("netflow: datagram ends early: %w", wire.ErrMalformed)
	// ErrTemplate means a template that cannot be, or one more than an exporter may have.
	ErrTemplate = fmt.Errorf("netflow: impossible template: %w", wire.ErrMalformed)
)

// Flow is one record: packets from Src to Dst, and with [Flow.Both] also those from Dst to Src. What is not told is zero.
type Flow struct {
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16 // of ICMP type and code
	Proto            uint8
	Flags, FlagsBack uint8 // of TCP, or-ed

	// As they were counted: where packets are sampled, those that were looked at.
	Packets, Bytes         uint64
	PacketsBack, BytesBack uint64
	Both                   bool // both directions are told (RFC 5103)

	Start, End     int64  // unix nanoseconds
	Reason         uint8  // why it was told (flowEndReason): 1 idle, 2 still active, 3 its end was seen, 4 forced, 5 lack of room
	Sampling       uint64 // one packet of that many is looked at; 0 and 1: all of them
	VLAN           uint16
	SrcMAC, DstMAC [6]byte
	In, Out        uint32 // interfaces of the exporter
}

// Exporter is what is kept of one exporter. Its zero value is ready; it is of one goroutine.
type Exporter struct {
	// Lost is how many datagrams (version 9) or records (5, IPFIX) did not arrive, by their numbers.
	Lost uint64
	// Unknown is how many sets of records came before their template.
	Unknown uint64

	templates map[templateKey]*template
	domains   map[uint32]*domain
	flow      Flow
}

// Bounds of what is kept of one exporter.
const (
	maxTemplates = 512
	maxFields    = 256 // of a template
	maxDomains   = 64
	maxSamplers  = 64 // of a domain
	maxLost      = 1 << 16
)

// domain is one observation domain of an exporter.
type domain struct {
	next     uint32 // number of the datagram that is due
	known    bool
	sampling uint64            // of all its flows
	samplers map[uint64]uint64 // by the number of a sampler or selector
	started  int64             // when its clock of milliseconds began (systemInitTimeMilliseconds); 0: not told
}

// Decode reads a datagram and calls yield for each flow, which is good during the call. After an error some may have been yielded.
func (e *Exporter) Decode(p []byte, yield func(*Flow)) error {
	if len(p) < 2 {
		return ErrShort
	}
	switch binary.BigEndian.Uint16(p) {
	case 5:
		return e.five(p, yield)
	case 9:
		return e.nine(p, yield)
	case 10:
		return e.ipfix(p, yield)
	}
	return ErrVersion
}

// domain is that of an identifier. Once there are too many, one that is not known is kept for the datagram alone.
func (e *Exporter) domain(id uint32) *domain {
	if d := e.domains[id]; d != nil {
		return d
	}
	d := &domain{}
	if e.domains == nil {
		e.domains = map[uint32]*domain{}
	}
	if len(e.domains) < maxDomains {
		e.domains[id] = d
	}
	return d
}

// number counts what was lost before a datagram of that number, after which by is due.
func (e *Exporter) number(d *domain, n, by uint32) {
	if gap := n - d.next; d.known && gap > 0 && gap < maxLost {
		e.Lost += uint64(gap)
	}
	d.next, d.known = n+by, true
}

const (
	fiveHeader = 24
	fiveRecord = 48
)

// five reads version 5: a header and records of 48 bytes.
func (e *Exporter) five(p []byte, yield func(*Flow)) error {
	if len(p) < fiveHeader {
		return ErrShort
	}
	count := int(binary.BigEndian.Uint16(p[2:]))
	uptime := binary.BigEndian.Uint32(p[4:])
	now := time.Unix(int64(binary.BigEndian.Uint32(p[8:])), int64(binary.BigEndian.Uint32(p[12:]))).UnixNano()
	d := e.domain(uint32(binary.BigEndian.Uint16(p[20:])))
	e.number(d, binary.BigEndian.Uint32(p[16:]), uint32(count))
	sampling := uint64(binary.BigEndian.Uint16(p[22:]) & 0x3FFF) // two bits tell how it is sampled
	p = p[fiveHeader:]
	for range count {
		if len(p) < fiveRecord {
			return ErrShort
		}
		e.flow = Flow{Src: netip.AddrFrom4([4]byte(p[0:4])), Dst: netip.AddrFrom4([4]byte(p[4:8])),
			In: uint32(binary.BigEndian.Uint16(p[12:])), Out: uint32(binary.BigEndian.Uint16(p[14:])),
			Packets: uint64(binary.BigEndian.Uint32(p[16:])), Bytes: uint64(binary.BigEndian.Uint32(p[20:])),
			Start: back(now, uptime, binary.BigEndian.Uint32(p[24:])), End: back(now, uptime, binary.BigEndian.Uint32(p[28:])),
			SrcPort: binary.BigEndian.Uint16(p[32:]), DstPort: binary.BigEndian.Uint16(p[34:]), Flags: p[37], Proto: p[38], Sampling: sampling}
		e.flow.icmp()
		yield(&e.flow)
		p = p[fiveRecord:]
	}
	return nil
}

// back is when the exporter's clock of milliseconds said at, where it says uptime now.
func back(now int64, uptime, at uint32) int64 {
	return now - int64(int32(uptime-at))*int64(time.Millisecond)
}

// icmp puts the type and code of ICMP, which exporters write in the port of the receiver, in both ports.
func (f *Flow) icmp() {
	if (f.Proto == 1 || f.Proto == 58) && f.SrcPort == 0 {
		f.SrcPort, f.DstPort = f.DstPort>>8, f.DstPort&0xFF
	}
}

const nineHeader = 20

// nine reads version 9.
func (e *Exporter) nine(p []byte, yield func(*Flow)) error {
	if len(p) < nineHeader {
		return ErrShort
	}
	id := binary.BigEndian.Uint32(p[16:])
	s := sets{Exporter: e, id: id, domain: e.domain(id), yield: yield, uptime: binary.BigEndian.Uint32(p[4:]),
		now: int64(binary.BigEndian.Uint32(p[8:])) * int64(time.Second), template: 0, options: 1}
	e.number(s.domain, binary.BigEndian.Uint32(p[12:]), 1)
	return s.read(p[nineHeader:])
}

const ipfixHeader = 16

// ipfix reads an IPFIX message.
func (e *Exporter) ipfix(p []byte, yield func(*Flow)) error {
	if len(p) < ipfixHeader {
		return ErrShort
	}
	n := int(binary.BigEndian.Uint16(p[2:]))
	if n < ipfixHeader || n > len(p) {
		return ErrShort
	}
	id := binary.BigEndian.Uint32(p[12:])
	s := sets{Exporter: e, id: id, domain: e.domain(id), yield: yield, is10: true,
		now: int64(binary.BigEndian.Uint32(p[4:])) * int64(time.Second), template: 2, options: 3}
	unknown := e.Unknown
	err := s.read(p[ipfixHeader:n])
	e.number(s.domain, binary.BigEndian.Uint32(p[8:]), s.records) // the number counts records, RFC 7011 §3.1
	s.domain.known = err == nil && unknown == e.Unknown           // else nobody knows how many there were
	return err
}
