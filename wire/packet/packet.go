// Package packet decodes one captured frame down to the transport header, by hand and without allocation:
// link layers as pcap numbers them, VLAN tags (IEEE 802.1Q, 802.1ad), PPPoE (RFC 2516), MPLS labels (RFC 3032),
// IPv4 (RFC 791), IPv6 with its extension headers (RFC 8200), TCP (RFC 9293), UDP (RFC 768) and ICMP.
//
// Checksums are not verified: on a mirror port they are often filled in later by the sender's hardware.
package packet

import (
	"encoding/binary"
	"net/netip"

	"bulwark/wire/pcap"
)

// Raw IP as BSD systems number it.
const (
	rawBSD     pcap.LinkType = 12
	rawOpenBSD pcap.LinkType = 14
)

// TCP flags (RFC 9293 §3.1).
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// IANA protocol numbers.
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	ICMPv6 = 58
)

// Fault says why a frame was not decoded to its end. The zero value is no fault.
type Fault uint8

const (
	OK         Fault = iota
	BadLink          // link type or ether type that is not decoded
	CutLink          // frame ends inside the link header
	CutIP            // frame ends inside the network header
	BadIP            // version or header length is wrong
	CutL4            // frame ends inside the transport header
	BadL4            // header length is wrong
	NotIP            // a well-formed frame of another network protocol (ARP, LLDP...)
	faultCount = iota
)

var faultNames = [faultCount]string{"", "unknown link type", "truncated link header", "truncated IP header",
	"malformed IP header", "truncated transport header", "malformed transport header", "not IP"}

func (f Fault) String() string { return faultNames[f] }

// Packet is what one frame says. Addresses of IPv4 stand in the first four bytes.
type Packet struct {
	Src, Dst         [16]byte
	V6               bool
	Proto            uint8 // IANA protocol number of the transport
	Flags            uint8 // TCP flags
	TTL              uint8
	VLAN, Second     uint16 // outer and inner VLAN id; 0 when untagged
	Third            uint16 // VLAN id within the inner one
	SrcPort, DstPort uint16 // for ICMP type and code; for ESP the halves of the index
	EtherType        uint16
	Window           uint16
	Seq, Ack         uint32
	MAC              []byte // destination, then source address: the first 12 bytes of an Ethernet frame; nil otherwise
	Payload          []byte // of the transport, cut to the length the IP header states
	Head             []byte // the header of IP as it was sent, with options and extensions; of a packet that came in fragments that of the first one read
	Transport        []byte // header and payload of the transport as they were sent
	Network          []byte // for a fragment: the payload of this fragment; for ARP: the message
	Fragment         bool   // a fragment: ports and payload are not set; see Frag*
	FragMore         bool
	FragOffset       uint32 // bytes
	FragID           uint32
	Stamp            uint32 // TCP time stamp value (RFC 7323 §3.2)
	Echo             uint32 // TCP time stamp echo reply
	Stamped, Scaled  bool   // Stamp and Scale were there
	Signed           bool   // a TCP segment is signed (RFC 2385, RFC 5925), with a key that only its ends have
	Scale            uint8  // TCP window scale of a SYN (RFC 7323 §2.2)
	Joined           bool   // it came in fragments
	Frame            []byte // of a packet within another: as it was carried; nil otherwise
	Chained          bool   // a header of a service chain stood before it (NSH)
	IP               bool   // an IP header was read: the addresses and Proto are set
	cut              bool   // the capture holds less than the IP header states
	odds             uint8
	odd              [maxOdd]Oddity
}

// SrcAddr is the source as an address.
func (p *Packet) SrcAddr() netip.Addr { return Addr(&p.Src, p.V6) }

// DstAddr is the destination as an address.
func (p *Packet) DstAddr() netip.Addr { return Addr(&p.Dst, p.V6) }

// Addr is a as an address; of IPv4 the first four bytes count.
func Addr(a *[16]byte, v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16(*a)
	}
	return netip.AddrFrom4([4]byte(a[:4]))
}

const (
	etherIPv4   = 0x0800
	etherARP    = 0x0806
	etherVLAN   = 0x8100
	etherIPv6   = 0x86dd
	etherQinQ   = 0x88a8
	etherQinQ1  = 0x9100
	etherMPLS   = 0x8847
	etherMPLSUp = 0x8848
	etherPPPoE  = 0x8864

	etherPPPoED     = 0x8863 // discovery
	etherFabricPath = 0x8903
	etherTrill      = 0x22f3
	etherNSH        = 0x894f // RFC 8300
)

func (p *Packet) reset() {
	p.Third, p.VLAN, p.Second, p.MAC, p.Payload, p.Fragment, p.Flags = 0, 0, 0, nil, nil, false, 0
	p.Proto, p.SrcPort, p.DstPort, p.EtherType, p.odds, p.IP, p.cut, p.Chained = 0, 0, 0, 0, 0, false, false, false
	p.Network, p.Head, p.Transport, p.Frame, p.Joined = nil, nil, nil, nil, false
}

// ARP reports whether p carries a message of ARP, which is in Network. [Decode] says of it that it is not IP.
func (p *Packet) ARP() bool { return p.EtherType == etherARP && p.Network != nil }

// Decode reads frame into p. p points into frame afterwards. On a fault p holds what was readable before. What a tunnel
// carries is read by [Packet.Inner].
func Decode(link pcap.LinkType, frame []byte, p *Packet) Fault {
	p.reset()
	switch link {
	case pcap.LinkEthernet:
		if len(frame) < 14 {
			return p.fail(EthernetTooSmall, CutLink)
		}
		p.MAC = frame[:12]
		return p.ether(binary.BigEndian.Uint16(frame[12:]), frame[14:])
	case pcap.LinkRaw, rawBSD, rawOpenBSD, pcap.LinkIPv4, pcap.LinkIPv6:
		return p.ip(frame, RawBadVersion)
	case pcap.LinkNull, pcap.LinkLoop:
		if len(frame) < 4 {
			return p.fail(NullTooSmall, CutLink)
		}
		return p.ip(frame[4:], RawBadVersion)
	case pcap.LinkSLL:
		if len(frame) < 16 {
			return p.fail(SLLTooSmall, CutLink)
		}
		return p.ether(binary.BigEndian.Uint16(frame[14:]), frame[16:])
	case pcap.LinkSLL2:
		if len(frame) < 20 {
			return CutLink
		}
		return p.ether(binary.BigEndian.Uint16(frame), frame[20:])
	case pcap.LinkPPP:
		return p.pppFrame(frame)
	case pcap.LinkPPPHDLC, pcap.LinkCHDLC:
		if len(frame) < 4 {
			return CutLink
		}
		return p.ppp(binary.BigEndian.Uint16(frame[2:]), frame[4:])
	case pcap.LinkPPPoE:
		return p.ether(etherPPPoE, frame)
	case pcap.LinkNFLog:
		return p.nflog(frame)
	}
	return BadLink
}

// Tag adds the VLAN id that the kernel took out of the frame (PACKET_AUXDATA) as the outer one.
func (p *Packet) Tag(vlan uint16) {
	if vlan != 0 {
		p.Third, p.Second, p.VLAN = p.Second, p.VLAN, vlan
	}
}

func (p *Packet) ether(kind uint16, b []byte) Fault {
	for layer := 1; kind == etherVLAN || kind == etherQinQ || kind == etherQinQ1; layer++ {
		if len(b) < 4 {
			return p.fail(VLANTooSmall, CutLink)
		}
		if layer == 4 {
			p.oddly(VLANTooManyLayers)
		}
		id := binary.BigEndian.Uint16(b) & 0x0fff
		if p.VLAN == 0 {
			p.VLAN = id
		} else if p.Second == 0 {
			p.Second = id
		} else if p.Third == 0 {
			p.Third = id
		}
		kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	// RFC 1042: a length, and LLC with SNAP behind it that names the type.
	if kind < 0x0600 && len(b) >= 8 && b[0] == 0xaa && b[1] == 0xaa && b[2] == 3 && b[3]|b[4]|b[5] == 0 {
		kind, b = binary.BigEndian.Uint16(b[6:]), b[8:]
	}
	p.EtherType = kind
	switch kind {
	case etherIPv4:
		return p.ip(b, IPv4BadVersion)
	case etherIPv6:
		return p.ip(b, IPv6BadVersion)
	case etherPPPoE:
		if len(b) < 8 { // RFC 2516 §4: six bytes of PPPoE, two of PPP
			return p.fail(PPPoETooSmall, CutLink)
		}
		if n := int(binary.BigEndian.Uint16(b[4:])); n >= 2 && 6+n < len(b) {
			b = b[:6+n] // what follows fills the frame
		}
		return p.pppFrame(b[6:])
	case etherMPLS, etherMPLSUp:
		return p.mpls(b)
	case etherNSH:
		return p.nsh(b)
	case etherARP:
		p.Network = b
		return NotIP
	case etherPPPoED, etherFabricPath, etherTrill:
		return NotIP
	}
	return p.fail(EthernetUnknownType, NotIP)
}

// mpls skips labels up to the last (RFC 3032 §2.1). What follows says by its first bits what it is: IP, or an Ethernet
// frame behind a control word (RFC 4448 §4.6).
func (p *Packet) mpls(b []byte) Fault {
	for range 16 {
		if len(b) < 5 {
			return p.fail(MPLSTooSmall, CutLink)
		}
		last := b[2]&1 != 0
		if b = b[4:]; !last {
			continue
		}
		switch {
		case b[0]>>4 == 4 || b[0]>>4 == 6:
			return p.ip(b, RawBadVersion)
		case b[0]>>4 == 0 && len(b) >= 18:
			return p.ether(binary.BigEndian.Uint16(b[16:]), b[18:])
		}
		return NotIP
	}
	return p.fail(TooManyLayers, NotIP)
}

// nsh reads what stands behind a header of a service chain (RFC 8300 section 2.2).
func (p *Packet) nsh(b []byte) Fault {
	if len(b) < 8 {
		return p.fail(NSHTooSmall, CutLink)
	}
	head, kind, next := int(b[1]&0x3f)*4, b[2]&0x0f, b[3]
	switch {
	case b[0]>>6 != 0:
		return p.fail(NSHVersion, BadLink)
	case head < 8 || head >= len(b), kind == 1 && head != 24:
		return p.fail(NSHLength, BadLink)
	case kind == 0:
		return p.fail(NSHReservedType, BadLink)
	case kind > 2:
		return p.fail(NSHUnknownType, BadLink)
	}
	p.Chained = true
	switch b = b[head:]; next {
	case 1, 2:
		return p.ip(b, RawBadVersion)
	case 3:
		if len(b) < 14 {
			return p.fail(EthernetTooSmall, CutLink)
		}
		return p.ether(binary.BigEndian.Uint16(b[12:]), b[14:])
	}
	return p.fail(NSHUnknownNext, NotIP)
}

// pppFrame reads a PPP frame, whose address and control bytes may be left out (RFC 1661 §6.6).
func (p *Packet) pppFrame(b []byte) Fault {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		b = b[2:]
	}
	switch {
	case len(b) >= 2 && b[0]&1 != 0:
		return p.ppp(uint16(b[0]), b[1:])
	case len(b) >= 2:
		return p.ppp(binary.BigEndian.Uint16(b), b[2:])
	}
	return p.fail(PPPTooSmall, CutLink)
}

func (p *Packet) ppp(proto uint16, b []byte) Fault {
	switch proto {
	case 0x0021, etherIPv4: // RFC 1332; C-HDLC uses ether types
		return p.ip(b, IPv4BadVersion)
	case 0x0057, etherIPv6: // RFC 5072
		return p.ip(b, IPv6BadVersion)
	}
	return NotIP
}

// nflog walks the attributes of a Linux netfilter log message to the packet (attribute 9).
func (p *Packet) nflog(b []byte) Fault {
	if len(b) < 4 {
		return CutLink
	}
	for b = b[4:]; len(b) >= 4; {
		n, kind := int(binary.LittleEndian.Uint16(b)), binary.LittleEndian.Uint16(b[2:])
		if n < 4 || n > len(b) {
			return CutLink
		}
		if kind == 9 {
			return p.ip(b[4:n], RawBadVersion)
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return CutLink
}
