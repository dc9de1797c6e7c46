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
	Network          []byte // for a fragment: the payload of this fragment; for ARP: the message
	Fragment         bool   // a fragment: ports and payload are not set; see Frag*
	FragMore         bool
	FragOffset       uint32 // bytes
	FragID           uint32
	Stamp            uint32 // TCP time stamp value (RFC 7323 §3.2)
	Stamped, Scaled  bool   // Stamp and Scale were there
	Scale            uint8  // TCP window scale of a SYN (RFC 7323 §2.2)
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
)

func (p *Packet) reset() {
	p.Third, p.VLAN, p.Second, p.MAC, p.Payload, p.Fragment, p.Flags = 0, 0, 0, nil, nil, false, 0
	p.Proto, p.SrcPort, p.DstPort, p.EtherType, p.odds, p.IP, p.cut = 0, 0, 0, 0, 0, false, false
	p.Network = nil
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

// ip reads a packet of IP. Whatever the layer below says of its version, that in its first bits counts; where they name
// none, wrong is told.
func (p *Packet) ip(b []byte, wrong Oddity) Fault {
	if len(b) == 0 {
		return CutIP
	}
	switch b[0] >> 4 {
	case 4:
		return p.ipv4(b)
	case 6:
		return p.ipv6(b)
	}
	return p.fail(wrong, BadIP)
}

func (p *Packet) ipv4(b []byte) Fault {
	if len(b) < 20 {
		return p.fail(IPv4TooSmall, CutIP)
	}
	head := int(b[0]&15) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 { // segmentation offload: the length is filled in by the card
		total = len(b)
	}
	switch {
	case head < 20:
		return p.fail(IPv4HeaderTooSmall, BadIP)
	case total < head:
		return p.fail(IPv4ShorterThanHeader, BadIP)
	case head > len(b):
		return p.fail(IPv4Truncated, CutIP)
	case total > len(b):
		p.cut = true
		p.oddly(IPv4Truncated) // a capture that keeps the heads only is read all the same
	}
	p.V6, p.TTL, p.Proto = false, b[8], b[9]
	p.Src, p.Dst = [16]byte{}, [16]byte{}
	copy(p.Src[:4], b[12:16])
	copy(p.Dst[:4], b[16:20])
	p.IP = true
	if head > 20 {
		p.optionsIPv4(b[20:head])
	}
	body := b[head:min(total, len(b))]
	frag := binary.BigEndian.Uint16(b[6:])
	if frag&0x3fff != 0 { // more fragments, or an offset (RFC 791 §3.1)
		p.Fragment, p.FragMore = true, frag&0x2000 != 0
		p.FragOffset, p.FragID = uint32(frag&0x1fff)*8, uint32(binary.BigEndian.Uint16(b[4:]))
		p.Network = body
		return OK
	}
	return p.transport(body)
}

func (p *Packet) ipv6(b []byte) Fault {
	if len(b) < 40 {
		return p.fail(IPv6TooSmall, CutIP)
	}
	total := int(binary.BigEndian.Uint16(b[4:]))
	p.V6, p.TTL = true, b[7]
	p.Src, p.Dst, p.IP = [16]byte(b[8:24]), [16]byte(b[24:40]), true
	body := b[40:]
	if total != 0 && total < len(body) { // 0: a jumbogram or an offload
		body = body[:total]
	} else if total > len(body) {
		p.cut = true
		p.oddly(IPv6Truncated)
	}
	return p.extensions(b[6], body)
}

// extensions walks the extension headers of IPv6, of which next is the first, to the transport.
func (p *Packet) extensions(next uint8, body []byte) Fault {
	var seen [256 / 64]uint64
	for range 16 { // RFC 8200 §4.1 names seven; more is an attack
		n := 0
		p.twice(next, &seen)
		switch next {
		case 0, 43, 60, 135, 139, 140: // hop-by-hop, routing, destination, mobility, HIP, shim6
			if len(body) < 8 {
				return p.fail(IPv6ExtensionTruncated, CutIP)
			}
			if next == 43 && body[2] == 0 { // RFC 5095: no more
				p.oddly(IPv6RoutingType0)
			}
			n = int(body[1])*8 + 8
		case 51: // authentication header (RFC 4302 §2.2)
			if len(body) < 8 {
				return p.fail(IPv6ExtensionTruncated, CutIP)
			}
			n = int(body[1])*4 + 8
		case 44: // fragment (RFC 8200 §4.5)
			if len(body) < 8 {
				return p.fail(IPv6ExtensionTruncated, CutIP)
			}
			if body[1] != 0 {
				p.oddly(IPv6FragmentReserved)
			}
			field := binary.BigEndian.Uint16(body[2:])
			p.Proto = body[0]
			if field&0xfff9 == 0 { // an atomic fragment is a whole packet (RFC 6946)
				n = 8
				p.oddly(IPv6FragmentUseless)
				break
			}
			p.Fragment, p.FragMore, p.FragOffset = true, field&1 != 0, uint32(field&0xfff8)
			p.FragID, p.Network = binary.BigEndian.Uint32(body[4:]), body[8:]
			return OK
		case noNext:
			p.Proto = next
			if len(body) > 0 {
				p.oddly(IPv6BehindNone)
			}
			return p.transport(body)
		default:
			p.Proto = next
			if next == ICMP {
				p.oddly(IPv6ICMPv4)
			}
			return p.transport(body)
		}
		if n > len(body) {
			return p.fail(IPv6ExtensionTruncated, CutIP)
		}
		next, body = body[0], body[n:]
	}
	return p.fail(TooManyLayers, BadIP)
}

// Whole reads b, what the fragments of a packet that p is one of came together to. Extension headers that were in
// them are walked, else they would hide the transport; fragments inside fragments are none (RFC 8200 §4.5).
func (p *Packet) Whole(b []byte) Fault {
	p.Fragment, p.Network, p.odds = false, nil, 0
	if !p.V6 {
		return p.transport(b)
	}
	fault := p.extensions(p.Proto, b)
	if p.Fragment {
		p.Fragment, p.Network = false, nil
		return BadIP
	}
	return fault
}

// transport reads the transport header of protocol p.Proto at the beginning of b.
func (p *Packet) transport(b []byte) Fault {
	switch p.Proto {
	case TCP:
		return p.tcp(b)
	case UDP:
		if len(b) < 8 {
			return p.fail(UDPTooSmall, CutL4)
		}
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		n := int(binary.BigEndian.Uint16(b[4:]))
		if n < 8 || n > len(b) { // 0: a jumbogram (RFC 2675) or an offload; longer: cut by the capture
			if n != 0 && n < 8 {
				p.oddly(UDPLength)
			}
			n = len(b)
		}
		p.Payload = b[8:n]
	case ICMP:
		if len(b) < 8 {
			p.oddly(ICMPv4TooSmall)
		}
		if len(b) < 4 {
			return CutL4
		}
		if !p.cut {
			p.icmp4(b)
		}
		p.SrcPort, p.DstPort, p.Payload = uint16(b[0]), uint16(b[1]), b[4:]
	case ICMPv6:
		if len(b) < 8 {
			p.oddly(ICMPv6TooSmall)
		}
		if len(b) < 4 {
			return CutL4
		}
		if !p.cut {
			p.icmp6(b)
		}
		p.SrcPort, p.DstPort, p.Payload = uint16(b[0]), uint16(b[1]), b[4:]
	case SCTP: // RFC 9260 §3.1
		if len(b) < 12 {
			return p.fail(SCTPTooSmall, CutL4)
		}
		p.SrcPort, p.DstPort, p.Payload = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), b[12:]
	case ESP: // RFC 4303 §2: what stands in place of ports is the index of the security parameters
		if len(b) < 8 {
			return p.fail(ESPTooSmall, CutL4)
		}
		p.SrcPort, p.DstPort, p.Payload = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), b[8:]
	case gre: // RFC 2784 §2.3.1, RFC 2637 §4.1
		if len(b) < 4 {
			return p.fail(GRETooSmall, CutL4)
		}
		if b[1]&7 > 1 {
			p.oddly(GREUnknownVersion)
		}
		p.Payload = b
	case ipInIP, ip6InIP, noNext:
		p.Payload = b
	default:
		if p.V6 {
			p.oddly(IPv6UnknownNext)
		}
		p.Payload = b
	}
	return OK
}

// Answer pairs the type of an ICMP message with that of its answer, or of its question (RFC 792, RFC 950, RFC 1256; RFC
// 4443, RFC 4861 and others for IPv6). A message that has neither is paired with itself.
func Answer(proto uint8, kind uint16) (one, other uint16) {
	pairs := icmpPairs
	if proto == ICMPv6 {
		pairs = icmp6Pairs
	}
	for _, p := range pairs {
		if kind == p[0] {
			return p[0], p[1]
		}
		if kind == p[1] {
			return p[1], p[0]
		}
	}
	return kind, kind
}

var (
	icmpPairs  = [...][2]uint16{{8, 0}, {13, 14}, {15, 16}, {17, 18}, {10, 9}, {0xffff, 0xffff}}
	icmp6Pairs = [...][2]uint16{{128, 129}, {130, 131}, {133, 134}, {135, 136}, {139, 140}, {144, 145}}
)

func (p *Packet) tcp(b []byte) Fault {
	if len(b) < 20 {
		return p.fail(TCPTooSmall, CutL4)
	}
	head := int(b[12]>>4) * 4
	if head < 20 {
		return p.fail(TCPOptionsLength, BadL4)
	}
	if head > len(b) {
		return p.fail(TCPHeaderTooSmall, CutL4)
	}
	p.Stamped, p.Scaled = false, false
	switch {
	case head == 32 && binary.BigEndian.Uint32(b[20:]) == 0x0101080a: // what most segments have: time stamps alone
		p.Stamp, p.Stamped = binary.BigEndian.Uint32(b[24:]), true
	case head > 20:
		p.optionsTCP(b[20:head])
	}
	p.SrcPort, p.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	p.Seq, p.Ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	p.Flags, p.Window = b[13], binary.BigEndian.Uint16(b[14:])
	p.Payload = b[head:]
	return OK
}
