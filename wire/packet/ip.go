package packet

import "encoding/binary"

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
	p.Head = b[:head]
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
	p.Head = b[:40]
	fault := p.extensions(b[6], body)
	if p.Transport != nil {
		p.Head = b[:40+len(body)-len(p.Transport)]
	}
	return fault
}

// extensions walks the extension headers of IPv6, of which next is the first, to the transport.
func (p *Packet) extensions(next uint8, body []byte) Fault {
	var seen [256 / 64]uint64
	for i := range 16 { // RFC 8200 §4.1 names seven; more is an attack
		n := 0
		p.twice(next, &seen)
		if i > 0 && len(body) < 2 && next != noNext { // no header is that small
			p.Proto = next
			return p.fail(IPv6ExtensionTruncated, CutIP)
		}
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
	p.Fragment, p.Network, p.odds, p.Joined = false, nil, 0, true
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
