package packet

import "encoding/binary"

// transport reads the transport header of protocol p.Proto at the beginning of b.
func (p *Packet) transport(b []byte) Fault {
	p.Transport = b
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
		return p.icmp(b, ICMPv4TooSmall, (*Packet).icmp4)
	case ICMPv6:
		return p.icmp(b, ICMPv6TooSmall, (*Packet).icmp6)
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

// icmp reads a message of either version; small is what one is that ends early, odd tells what is odd about one.
func (p *Packet) icmp(b []byte, small Oddity, odd func(*Packet, []byte)) Fault {
	if len(b) < 8 {
		p.oddly(small)
	}
	if len(b) < 4 {
		return CutL4
	}
	if !p.cut {
		odd(p, b)
	}
	p.SrcPort, p.DstPort, p.Payload = uint16(b[0]), uint16(b[1]), b[4:]
	return OK
}

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
	p.Stamped, p.Scaled, p.Signed = false, false, false
	switch {
	case head == 32 && binary.BigEndian.Uint32(b[20:]) == 0x0101080a: // what most segments have: time stamps alone
		p.Stamp, p.Echo, p.Stamped = binary.BigEndian.Uint32(b[24:]), binary.BigEndian.Uint32(b[28:]), true
	case head > 20:
		p.optionsTCP(b[20:head])
	}
	p.SrcPort, p.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	p.Seq, p.Ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	p.Flags, p.Window = b[13], binary.BigEndian.Uint16(b[14:])
	p.Payload = b[head:]
	return OK
}
