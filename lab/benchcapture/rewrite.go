package main

import "encoding/binary"

// rewrite moves the addresses of an Ethernet frame to another network: it XORs the third octet of both IPv4
// addresses (the eighth byte, the last of the subnet, of IPv6 ones) with x, in place, and repairs the IP, TCP, UDP
// and ICMPv6 checksums for it. Multicast, 0/8, 127/8 and ::/64 stay. A wrong checksum stays wrong, as on a real mirror port.
func rewrite(f []byte, x byte) {
	at := 12
	for at+2 <= len(f) {
		switch binary.BigEndian.Uint16(f[at:]) {
		case 0x8100, 0x88a8, 0x9100: // 802.1Q, 802.1ad
			at += 4
		case 0x0800:
			rewrite4(f[at+2:], x)
			return
		case 0x86dd:
			rewrite6(f[at+2:], x)
			return
		default:
			return
		}
	}
}

const (
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

func rewrite4(p []byte, x byte) {
	if len(p) < 20 || p[0]>>4 != 4 {
		return
	}
	head := int(p[0]&15) * 4
	if head < 20 || head > len(p) {
		return
	}
	var d delta
	for _, at := range []int{12, 16} {
		if a := p[at]; a == 0 || a == 127 || a >= 224 {
			continue
		}
		// The third octet is the high byte of its 16-bit word.
		d.change(p[at+2:], 0, x)
	}
	if d == 0 {
		return
	}
	d.repair(p[10:])
	if binary.BigEndian.Uint16(p[6:])&0x1fff != 0 {
		return // a later fragment carries no transport header
	}
	d.repairTransport(p[9], p[head:])
}

func rewrite6(p []byte, x byte) {
	if len(p) < 40 || p[0]>>4 != 6 {
		return
	}
	var d delta
	for _, at := range []int{8, 24} {
		if p[at] == 0xff || binary.BigEndian.Uint64(p[at:]) == 0 {
			continue
		}
		d.change(p[at+6:], 1, x)
	}
	if d == 0 {
		return
	}
	if proto, payload, ok := transport6(p); ok {
		d.repairTransport(proto, payload)
	}
}

// transport6 walks the extension headers (RFC 8200 §4). ok is false in a later fragment and where the packet is cut.
func transport6(p []byte) (proto byte, payload []byte, ok bool) {
	proto, payload = p[6], p[40:]
	for range 16 {
		n := 0
		switch proto {
		case 0, 43, 60: // hop-by-hop, routing, destination options
			if len(payload) < 8 {
				return 0, nil, false
			}
			n = 8 + 8*int(payload[1])
		case 44: // fragment
			if len(payload) < 8 || binary.BigEndian.Uint16(payload[2:])&0xfff8 != 0 {
				return 0, nil, false
			}
			n = 8
		default:
			return proto, payload, true
		}
		if n > len(payload) {
			return 0, nil, false
		}
		proto, payload = payload[0], payload[n:]
	}
	return 0, nil, false
}

// delta is the sum, in one's complement, that a checksum must take in: ~m + m' over the changed words (RFC 1624 eqn 3).
type delta uint32

// change XORs byte i of the 16-bit word w with x and notes it.
func (d *delta) change(w []byte, i int, x byte) {
	before := binary.BigEndian.Uint16(w)
	w[i] ^= x
	*d += delta(^before) + delta(binary.BigEndian.Uint16(w))
}

// repair updates the checksum sum: HC' = ~(~HC + ~m + m').
func (d delta) repair(sum []byte) {
	binary.BigEndian.PutUint16(sum, d.applied(binary.BigEndian.Uint16(sum)))
}

func (d delta) applied(sum uint16) uint16 {
	s := uint32(^sum) + uint32(d)
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// repairTransport repairs the checksum that covers the pseudo header. A UDP checksum of 0 means none and stays;
// one that becomes 0 is written as 0xffff (RFC 768).
func (d delta) repairTransport(proto byte, p []byte) {
	switch {
	case proto == protoTCP && len(p) >= 18:
		d.repair(p[16:])
	case proto == protoICMPv6 && len(p) >= 4:
		d.repair(p[2:])
	case proto == protoUDP && len(p) >= 8:
		sum := binary.BigEndian.Uint16(p[6:])
		if sum == 0 {
			return
		}
		if sum = d.applied(sum); sum == 0 {
			sum = 0xffff
		}
		binary.BigEndian.PutUint16(p[6:], sum)
	}
}
