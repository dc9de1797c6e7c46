package engine

import (
	"encoding/binary"

	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// header is a source of bytes of a packet; a nil result: it has none.
func header(get func(p *packet.Packet) []byte) *source {
	return &source{dir: either, packet: func(_ *scratch, p *packet.Packet, each func([]byte) bool) {
		if b := get(p); b != nil {
			each(b)
		}
	}}
}

// first is the first n bytes of the transport of protocol proto; nil where there are fewer.
func first(p *packet.Packet, proto uint8, n int) []byte {
	if p.Proto != proto || len(p.Transport) < n {
		return nil
	}
	return p.Transport[:n]
}

const igmp = 2

// headerSources are the headers of packets (Suricata User Guide, "Header Keywords").
var headerSources = withNames(map[string]*source{
	"ether.hdr": header(func(p *packet.Packet) []byte {
		if cap(p.MAC) < 14 {
			return nil
		}
		return p.MAC[:14]
	}),
	"arp.hdr": header(func(p *packet.Packet) []byte {
		if !p.ARP() {
			return nil
		}
		return p.Network
	}),
	"ipv4.hdr": header(func(p *packet.Packet) []byte {
		if !p.IP || p.V6 {
			return nil
		}
		return p.Head
	}),
	"ipv6.hdr": header(func(p *packet.Packet) []byte {
		if !p.IP || !p.V6 {
			return nil
		}
		return p.Head
	}),
	"tcp.hdr": header(func(p *packet.Packet) []byte {
		if p.Proto != packet.TCP || len(p.Transport) < 20 {
			return nil
		}
		return p.Transport[:min(int(p.Transport[12]>>4)*4, len(p.Transport))]
	}),
	"udp.hdr":    header(func(p *packet.Packet) []byte { return first(p, packet.UDP, 8) }),
	"icmpv4.hdr": header(func(p *packet.Packet) []byte { return icmpHeader(p) }),
	"icmpv6.hdr": header(func(p *packet.Packet) []byte { return first(p, packet.ICMPv6, 8) }),
	"igmp.hdr": header(func(p *packet.Packet) []byte {
		if p.Proto != igmp || len(p.Transport) < 8 {
			return nil
		}
		return p.Transport
	}),
	"sctp.hdr": header(func(p *packet.Packet) []byte { // with all chunks
		if first(p, packet.SCTP, 12) == nil {
			return nil
		}
		return p.Transport
	}),
	"sctp.chunk_data": {dir: either, packet: sctpData},
	"sctp.data":       {dir: either, packet: sctpData},
	"ip.src": {dir: either, packet: func(b *scratch, p *packet.Packet, each func([]byte) bool) {
		if p.IP {
			each(addressBytes(&p.Src, p.V6))
		}
	}},
	"ip.dst": {dir: either, packet: func(b *scratch, p *packet.Packet, each func([]byte) bool) {
		if p.IP {
			each(addressBytes(&p.Dst, p.V6))
		}
	}},
})

func addressBytes(a *[16]byte, v6 bool) []byte {
	if v6 {
		return a[:]
	}
	return a[:4]
}

// icmpHeader is the header of a message of ICMP: eight bytes, and what its type has behind them (RFC 792: times, RFC 950:
// mask, RFC 1256: addresses are left out).
func icmpHeader(p *packet.Packet) []byte {
	if p.Proto != packet.ICMP || len(p.Transport) < 8 {
		return nil
	}
	n := 8
	switch p.Transport[0] {
	case 13, 14:
		n = 20
	case 17, 18:
		n = 12
	}
	return p.Transport[:min(n, len(p.Transport))]
}

// eachChunk walks the chunks of a packet of SCTP (RFC 9260 section 3.2).
func eachChunk(p *packet.Packet, each func(kind uint8, chunk []byte) bool) {
	if p.Proto != packet.SCTP || len(p.Transport) < 12 {
		return
	}
	for b := p.Transport[12:]; len(b) >= 4; {
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < 4 || n > len(b) || !each(b[0], b[:n]) {
			return
		}
		b = b[min((n+3)&^3, len(b)):]
	}
}

// sctpData calls each with what the chunks of data of a packet of SCTP carry (RFC 9260 section 3.3.1).
func sctpData(_ *scratch, p *packet.Packet, each func([]byte) bool) {
	eachChunk(p, func(kind uint8, chunk []byte) bool { return kind != 0 || len(chunk) < 16 || each(chunk[16:]) })
}

// compileHeaderTest knows the tests of headers that few rules ask for; false: it is none of them.
func (t *packetTest) compileHeaderTest() bool {
	number := func(get func(p *packet.Packet) (uint64, bool)) {
		t.number = func(_ *inspect.Flow, p *packet.Packet) (uint64, bool) { return get(p) }
	}
	four := func(get func(h []byte) uint64) {
		number(func(p *packet.Packet) (uint64, bool) {
			if !p.IP || p.V6 || len(p.Head) < 20 {
				return 0, false
			}
			return get(p.Head), true
		})
	}
	switch t.Name {
	case "id":
		four(func(h []byte) uint64 { return uint64(binary.BigEndian.Uint16(h[4:])) })
	case "fragoffset":
		four(func(h []byte) uint64 { return uint64(binary.BigEndian.Uint16(h[6:]) & 0x1fff) })
	case "fragbits":
		four(func(h []byte) uint64 { // the bits from the lowest: more, don't fragment, reserved
			return uint64(h[6] >> 5)
		})
	case "tos":
		four(func(h []byte) uint64 { return uint64(h[1]) })
	case "l3_proto":
		t.holds = func(t *packetTest, _ *inspect.Flow, p *packet.Packet) bool {
			word := t.Words[0]
			return (p.IP && (word == "ip" || p.V6 == (word[len(word)-1] == '6'))) != t.Not
		}
	case "ipopts":
		t.holds = func(t *packetTest, _ *inspect.Flow, p *packet.Packet) bool { return hasOption(p, t.Words[0]) }
	case "tcp.wscale":
		number(func(p *packet.Packet) (uint64, bool) {
			v := tcpOption(p, 3, 3)
			if v == nil {
				return 0, false
			}
			return uint64(v[0]), true
		})
	case "tcp.mss":
		number(func(p *packet.Packet) (uint64, bool) {
			v := tcpOption(p, 2, 4)
			if v == nil {
				return 0, false
			}
			return uint64(binary.BigEndian.Uint16(v)), true
		})
	case "icmpv6.mtu":
		number(func(p *packet.Packet) (uint64, bool) {
			if p.Proto != packet.ICMPv6 || len(p.Transport) < 8 || p.Transport[0] != 2 {
				return 0, false
			}
			return uint64(binary.BigEndian.Uint32(p.Transport[4:])), true
		})
	case "igmp.type":
		number(func(p *packet.Packet) (uint64, bool) {
			if p.Proto != igmp || len(p.Transport) < 8 {
				return 0, false
			}
			return uint64(p.Transport[0]), true
		})
	case "ipv4-csum", "tcpv4-csum", "tcpv6-csum", "udpv4-csum", "udpv6-csum", "icmpv4-csum", "icmpv6-csum":
		t.holds = func(t *packetTest, _ *inspect.Flow, p *packet.Packet) bool { return checksummed(p, t.Name, t.Text) }
	default:
		return t.compileSCTP(number)
	}
	return true
}

func (t *packetTest) compileSCTP(number func(func(p *packet.Packet) (uint64, bool))) bool {
	has := func(want uint8) {
		t.holds = func(_ *packetTest, _ *inspect.Flow, p *packet.Packet) (found bool) {
			eachChunk(p, func(kind uint8, _ []byte) bool { found = found || kind == want; return true })
			return found
		}
	}
	switch t.Name {
	case "sctp.vtag":
		number(func(p *packet.Packet) (uint64, bool) {
			h := first(p, packet.SCTP, 12)
			if h == nil {
				return 0, false
			}
			return uint64(binary.BigEndian.Uint32(h[4:])), true
		})
	case "sctp.chunk_cnt":
		number(func(p *packet.Packet) (n uint64, ok bool) {
			eachChunk(p, func(uint8, []byte) bool { n++; return true })
			return n, p.Proto == packet.SCTP
		})
	case "sctp.chunk_type":
		t.holds = func(t *packetTest, _ *inspect.Flow, p *packet.Packet) (found bool) {
			eachChunk(p, func(kind uint8, _ []byte) bool {
				found = found || allHold(t.Numbers, uint64(kind))
				return true
			})
			return found != t.Not
		}
	case "sctp.has_init":
		has(1)
	case "sctp.has_data":
		has(0)
	case "sctp.has_abort":
		has(6)
	default:
		return false
	}
	return true
}

// ipOptions are the options of IPv4 by their names in rules, with their types (RFC 791 section 3.1 and its extensions).
var ipOptions = map[string]byte{
	"rr": 7, "eol": 0, "nop": 1, "ts": 68, "sec": 130, "esec": 133, "lsrr": 131, "lsrre": 131, "ssrr": 137, "satid": 136, "cipso": 134,
	"rtralt": 148, "qs": 25,
}

// hasOption reports whether a packet of IPv4 has an option.
func hasOption(p *packet.Packet, name string) bool {
	if !p.IP || p.V6 || len(p.Head) <= 20 {
		return false
	}
	want := ipOptions[name]
	for b := p.Head[20:]; len(b) > 0; {
		if name == "any" || b[0] == want {
			return true
		}
		switch {
		case b[0] == 0:
			return false
		case b[0] == 1:
			b = b[1:]
		case len(b) < 2 || b[1] < 2 || int(b[1]) > len(b):
			return false
		default:
			b = b[b[1]:]
		}
	}
	return false
}

// tcpOption is what an option of TCP of a kind and length holds; nil: it is not there.
func tcpOption(p *packet.Packet, kind, size byte) []byte {
	if p.Proto != packet.TCP || len(p.Transport) < 20 {
		return nil
	}
	for b := p.Transport[20:min(max(int(p.Transport[12]>>4)*4, 20), len(p.Transport))]; len(b) > 0 && b[0] != 0; {
		switch {
		case b[0] == 1:
			b = b[1:]
		case len(b) < 2 || b[1] < 2 || int(b[1]) > len(b):
			return nil
		case b[0] == kind && b[1] == size:
			return b[2:size]
		default:
			b = b[b[1]:]
		}
	}
	return nil
}

// checksummed reports whether the checksum that name is about is there and as asked: valid or invalid.
func checksummed(p *packet.Packet, name, want string) bool {
	if !p.IP {
		return false
	}
	valid, ok := false, false
	switch name {
	case "ipv4-csum":
		valid, ok = !p.V6 && fold(sum(0, p.Head)) == 0xffff, !p.V6
	case "tcpv4-csum", "tcpv6-csum":
		valid, ok = transportSum(p), p.Proto == packet.TCP && p.V6 == (name == "tcpv6-csum")
	case "udpv4-csum", "udpv6-csum":
		none := len(p.Transport) >= 8 && p.Transport[6]|p.Transport[7] == 0 && !p.V6 // RFC 768: it was left out
		valid, ok = none || transportSum(p), p.Proto == packet.UDP && p.V6 == (name == "udpv6-csum")
	case "icmpv4-csum":
		valid, ok = fold(sum(0, p.Transport)) == 0xffff, p.Proto == packet.ICMP
	case "icmpv6-csum":
		valid, ok = transportSum(p), p.Proto == packet.ICMPv6
	}
	return ok && len(p.Transport) > 0 && valid == (want == "valid")
}

// transportSum reports whether the checksum over the transport and the addresses is right (RFC 9293 section 3.1, RFC 8200
// section 8.1).
func transportSum(p *packet.Packet) bool {
	n := uint32(len(p.Transport))
	s := sum(n>>16+n&0xffff+uint32(p.Proto), addressBytes(&p.Src, p.V6))
	return fold(sum(sum(s, addressBytes(&p.Dst, p.V6)), p.Transport)) == 0xffff
}

func sum(s uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint32 {
	for s>>16 != 0 {
		s = s>>16 + s&0xffff
	}
	return s
}
