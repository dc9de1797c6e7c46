// Package sflow reads datagrams of sFlow version 5 (https://sflow.org/sflow_version_5.txt): packets that a switch picked out of those
// that it carried, one of so many, with their first bytes.
//
//	datagram { version, agent, sub agent, number, uptime, samples { flow sample { number, source, rate, ..., records { header of a packet } } } }
package sflow

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"bulwark/wire"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

var (
	// ErrVersion means a datagram that is not of version 5.
	ErrVersion = fmt.Errorf("sflow: not version 5: %w", wire.ErrMalformed)
	// ErrShort means a datagram that ends early; what came before was read.
	ErrShort = fmt.Errorf("sflow: datagram ends early: %w", wire.ErrMalformed)
)

// Forms of samples and of records: the maker's number (0: sFlow itself) << 12 | form.
const (
	flowSample         = 1
	expandedFlowSample = 3
	rawHeader          = 1
	ipv4Data           = 3
	ipv6Data           = 4
	ethernet           = 1 // protocols of a raw header
	rawIPv4            = 11
	rawIPv6            = 12
)

// Sample is a packet that was picked.
type Sample struct {
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16 // of ICMP type and code
	Proto            uint8
	Flags            uint8 // of TCP
	VLAN             uint16
	SrcMAC, DstMAC   [6]byte
	Bytes            uint64 // of the packet on the wire
	Rate             uint64 // one packet of that many is picked
	In, Out          uint32 // interfaces of the switch
}

// Datagram is one that is read. Its zero value is ready, and may be used again.
type Datagram struct {
	Agent    netip.Addr // the switch, by its own word
	SubAgent uint32
	Number   uint32 // of the datagram
	Drops    uint32 // samples that the switch itself lost so far, of the last one read

	packet packet.Packet
	sample Sample
}

// reader reads numbers of XDR (RFC 4506); after an end that comes too early all are zero.
type reader struct {
	p     []byte
	short bool
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.p) {
		r.short, r.p = true, nil
		return nil
	}
	v := r.p[:n]
	r.p = r.p[n:]
	return v
}

func (r *reader) number() uint32 {
	v := r.bytes(4)
	if v == nil {
		return 0
	}
	return binary.BigEndian.Uint32(v)
}

func (r *reader) address() netip.Addr {
	n := 0
	switch r.number() {
	case 1:
		n = 4
	case 2:
		n = 16
	}
	a, _ := netip.AddrFromSlice(r.bytes(n))
	return a
}

// Decode reads a datagram and calls yield for each packet, which is good during the call. After an error some may have been yielded.
func (d *Datagram) Decode(p []byte, yield func(*Sample)) error {
	r := reader{p: p}
	if r.number() != 5 {
		return ErrVersion
	}
	d.Agent, d.SubAgent, d.Number = r.address(), r.number(), r.number()
	r.number() // uptime
	for range r.number() {
		form, n := r.number(), r.number()
		body := reader{p: r.bytes(int(n))}
		if r.short {
			return ErrShort
		}
		if form == flowSample || form == expandedFlowSample {
			d.flow(&body, form == expandedFlowSample, yield)
			if body.short {
				return ErrShort
			}
		}
	}
	return nil
}

// flow reads a flow sample.
func (d *Datagram) flow(r *reader, expanded bool, yield func(*Sample)) {
	d.sample = Sample{}
	s := &d.sample
	r.number() // its number
	r.number() // its source
	if expanded {
		r.number()
	}
	s.Rate = uint64(r.number())
	r.number() // packets that could have been picked
	d.Drops = r.number()
	if expanded {
		r.number()
	}
	s.In = r.number()
	if expanded {
		r.number()
	}
	s.Out = r.number()
	found := false
	for range r.number() {
		form, n := r.number(), r.number()
		body := reader{p: r.bytes(int(n))}
		if r.short {
			return
		}
		switch form {
		case rawHeader:
			found = d.header(&body) || found
		case ipv4Data:
			found = s.told(&body, 4) || found
		case ipv6Data:
			found = s.told(&body, 16) || found
		}
	}
	if found {
		yield(s)
	}
}

// header reads the first bytes of a packet. A packet that is cut there is told as far as it is known.
func (d *Datagram) header(r *reader) bool {
	protocol, size := r.number(), r.number()
	r.number() // bytes that were taken off its end
	head := r.bytes(int(r.number()))
	if r.short {
		return false
	}
	link := pcap.LinkType(0)
	switch protocol {
	case ethernet:
		link = pcap.LinkEthernet
	case rawIPv4, rawIPv6:
		link = pcap.LinkRaw
	default:
		return false
	}
	x := &d.packet
	packet.Decode(link, head, x) // of a packet that is cut what is there is told
	if !x.IP {
		return false
	}
	s := &d.sample
	s.Src, s.Dst, s.Proto, s.Flags = x.SrcAddr(), x.DstAddr(), x.Proto, x.Flags
	s.SrcPort, s.DstPort, s.VLAN, s.Bytes = x.SrcPort, x.DstPort, x.VLAN, uint64(size)
	if len(x.MAC) >= 12 {
		copy(s.DstMAC[:], x.MAC)
		copy(s.SrcMAC[:], x.MAC[6:])
	}
	return s.Src.IsValid() && s.Dst.IsValid()
}

// told reads what a switch took out of a packet by itself: addresses of n bytes.
func (s *Sample) told(r *reader, n int) bool {
	size, proto := r.number(), r.number()
	src, _ := netip.AddrFromSlice(r.bytes(n))
	dst, _ := netip.AddrFromSlice(r.bytes(n))
	srcPort, dstPort, flags := r.number(), r.number(), r.number()
	if r.short || s.Src.IsValid() { // the packet itself says more
		return false
	}
	s.Src, s.Dst, s.Proto, s.Flags = src, dst, uint8(proto), uint8(flags)
	s.SrcPort, s.DstPort, s.Bytes = uint16(srcPort), uint16(dstPort), uint64(size)
	return true
}
