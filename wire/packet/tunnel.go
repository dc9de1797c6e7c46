package packet

import (
	"encoding/binary"

	"bulwark/wire/pcap"
)

// Protocols that carry packets.
const (
	ipInIP   = 4
	ip6InIP  = 41
	gre      = 47
	SCTP     = 132
	ESP      = 50
	noNext   = 59   // RFC 8200 §4.7: nothing follows
	vxlan    = 4789 // RFC 7348
	geneve   = 6081 // RFC 8926
	teredo   = 3544 // RFC 4380
	gtpUser  = 2152 // 3GPP TS 29.281
	ethernet = 0x6558
)

// Carrier reports whether flows of the transport below p are nothing but a carrier of other packets: of IP in IP and
// of GRE, which have no ports.
func (p *Packet) Carrier() bool { return p.Proto == ipInIP || p.Proto == ip6InIP || p.Proto == gre }

// Inner decodes the packet of IP or ARP that p carries into q and reports its length, 0 where there is none: IP in IP
// (RFC 2003, RFC 4213), GRE (RFC 2784, RFC 2890; ERSPAN of three types), VXLAN, Geneve, Teredo and GTP-U, which are told
// by their ports and by what they hold. It is called with a whole packet, not a fragment.
func (p *Packet) Inner(q *Packet) int {
	switch p.Proto {
	case ipInIP, ip6InIP:
		return inner(pcap.LinkRaw, p.Payload, q)
	case gre:
		return p.gre(q)
	case UDP:
		switch {
		case p.DstPort == vxlan:
			return p.vxlan(q)
		case p.DstPort == geneve:
			return p.geneve(q)
		case p.DstPort == teredo || p.SrcPort == teredo:
			return p.teredo(q)
		case p.DstPort == gtpUser || p.SrcPort == gtpUser:
			return p.gtp(q)
		}
	}
	return 0
}

func inner(link pcap.LinkType, b []byte, q *Packet) int { return whole(Decode(link, b, q), b, q) }

// whole is the length of b where it was decoded to q.
func whole(f Fault, b []byte, q *Packet) int {
	if f != OK && !q.ARP() {
		return 0
	}
	q.Frame = b
	return len(b)
}

// byType decodes what an ether type announces.
func byType(kind uint16, b []byte, q *Packet) int {
	if kind == ethernet {
		return inner(pcap.LinkEthernet, b, q)
	}
	q.reset()
	return whole(q.ether(kind, b), b, q)
}

func (p *Packet) gre(q *Packet) int {
	b := p.Payload
	if len(b) < 4 {
		return 0
	}
	flags, kind, head := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), 4
	sequence := flags&0x1000 != 0
	if flags&7 == 1 { // RFC 2637 §4.1: PPTP; an acknowledgment may follow, and without a sequence number no data do
		if !sequence || len(b) < 12 {
			return 0
		}
		head = 12
		if flags&0x0080 != 0 {
			head += 4
		}
		if head > len(b) {
			return 0
		}
		q.reset()
		return whole(q.pppFrame(b[head:]), b[head:], q)
	}
	for _, bit := range [...]uint16{0x8000, 0x2000, 0x1000} { // checksum, key, sequence number
		if flags&bit != 0 {
			head += 4
		}
	}
	if flags&0x4000 != 0 || flags&7 != 0 { // source routing (RFC 1701) is not decoded
		return 0
	}
	switch kind {
	case 0x88be: // ERSPAN: type I has neither sequence number nor header, type II eight bytes
		if sequence {
			return erspan(b, head, q)
		}
		kind = ethernet
	case 0x22eb: // ERSPAN type III: twelve bytes, and eight more where the last bit says so
		kind = ethernet
		if head += 12; head <= len(b) && b[head-1]&1 != 0 {
			head += 8
		}
	}
	if head > len(b) {
		return 0
	}
	return byType(kind, b[head:], q)
}

// erspan decodes the frame behind a header of ERSPAN of type II, which begins at head and names the VLAN that the frame was
// taken from (draft-foschiano-erspan section 4.2). The header counts as a part of the frame, as Suricata counts it.
func erspan(b []byte, head int, q *Packet) int {
	if head+8 > len(b) {
		return 0
	}
	if inner(pcap.LinkEthernet, b[head+8:], q) == 0 {
		return 0
	}
	q.Tag(binary.BigEndian.Uint16(b[head:]) & 0x0fff)
	q.Frame = b[head:]
	return len(b) - head
}

func (p *Packet) vxlan(q *Packet) int {
	b := p.Payload // RFC 7348 §5: the flag I, and reserved bits that are zero
	if len(b) <= 8 || b[0]&0x08 == 0 || b[7] != 0 {
		return 0
	}
	return inner(pcap.LinkEthernet, b[8:], q)
}

func (p *Packet) geneve(q *Packet) int {
	b := p.Payload // RFC 8926 §3.4: version 0, options in words of four bytes
	if len(b) < 8 || b[0]>>6 != 0 {
		return 0
	}
	head := 8 + int(b[0]&0x3f)*4
	if head > len(b) {
		return 0
	}
	return byType(binary.BigEndian.Uint16(b[2:]), b[head:], q)
}

func (p *Packet) teredo(q *Packet) int {
	b := p.Payload
	for len(b) > 8 && b[0] == 0 && b[1] <= 1 { // RFC 4380 §5.1.1: an origin or an authentication before the packet
		n := 8
		if b[1] == 1 {
			n = 13 + int(b[2]) + int(b[3])
		}
		if n > len(b) {
			return 0
		}
		b = b[n:]
	}
	if len(b) < 40 || b[0]>>4 != 6 || int(binary.BigEndian.Uint16(b[4:])) != len(b)-40 {
		return 0
	}
	return inner(pcap.LinkRaw, b, q)
}

func (p *Packet) gtp(q *Packet) int {
	b := p.Payload // TS 29.281 §5.1: version 1, GTP, type 255 (G-PDU)
	if len(b) < 8 || b[0]>>4 != 3 || b[1] != 255 {
		return 0
	}
	head := 8
	if b[0]&7 != 0 {
		next := byte(0)
		if head = 12; head <= len(b) && b[0]&4 != 0 {
			next = b[11]
		}
		for next != 0 { // extension headers in words of four bytes, the next type last
			if head >= len(b) || b[head] == 0 || head+int(b[head])*4 > len(b) {
				return 0
			}
			head += int(b[head]) * 4
			next = b[head-1]
		}
	}
	if head >= len(b) {
		return 0
	}
	return inner(pcap.LinkRaw, b[head:], q)
}

// Tunnel is a way of carrying packets in packets.
type Tunnel uint8

// The tunnels that are opened.
const (
	NoTunnel Tunnel = iota
	TunnelGRE
	TunnelERSPAN
	TunnelVXLAN
	TunnelGeneve
	TunnelTeredo
	TunnelGTP
	TunnelIPv4
	TunnelIPv6
)

// Tunnel is which of them p is by its headers; whether it carries a packet says [Packet.Inner].
func (p *Packet) Tunnel() Tunnel {
	switch {
	case p.Proto == ipInIP:
		return TunnelIPv4
	case p.Proto == ip6InIP:
		return TunnelIPv6
	case p.Proto == gre && len(p.Payload) >= 4 && p.Payload[2] == 0x88 && p.Payload[3] == 0xbe,
		p.Proto == gre && len(p.Payload) >= 4 && p.Payload[2] == 0x22 && p.Payload[3] == 0xeb:
		return TunnelERSPAN
	case p.Proto == gre:
		return TunnelGRE
	case p.Proto != UDP:
		return NoTunnel
	case p.DstPort == vxlan:
		return TunnelVXLAN
	case p.DstPort == geneve:
		return TunnelGeneve
	case p.DstPort == teredo || p.SrcPort == teredo:
		return TunnelTeredo
	case p.DstPort == gtpUser || p.SrcPort == gtpUser:
		return TunnelGTP
	}
	return NoTunnel
}
