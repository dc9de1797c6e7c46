package packet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"bulwark/wire/pcap"
)

// Frames are built from the inside out: each function puts a header before what it carries.

func tcp(sport, dport uint16, payload string) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b, sport)
	binary.BigEndian.PutUint16(b[2:], dport)
	binary.BigEndian.PutUint32(b[4:], 0xfffffffe)
	binary.BigEndian.PutUint32(b[8:], 7)
	b[12], b[13] = 5<<4, PSH|ACK
	binary.BigEndian.PutUint16(b[14:], 512)
	return append(b, payload...)
}

// options puts four bytes of options into a TCP header.
func options(segment []byte) []byte {
	segment = slices.Insert(segment, 20, 1, 1, 1, 0)
	segment[12] = 6 << 4
	return segment
}

func udp(sport, dport uint16, payload string) []byte {
	b := binary.BigEndian.AppendUint16(nil, sport)
	b = binary.BigEndian.AppendUint16(b, dport)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return append(append(b, 0, 0), payload...)
}

func ip4(proto uint8, field uint16, body []byte) []byte {
	b := make([]byte, 20)
	b[0], b[8], b[9] = 0x45, 63, proto
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(body)))
	binary.BigEndian.PutUint16(b[4:], 0x1234)
	binary.BigEndian.PutUint16(b[6:], field)
	copy(b[12:], []byte{10, 20, 4, 11, 10, 20, 2, 10})
	return append(b, body...)
}

func ip6(next uint8, body []byte) []byte {
	b := make([]byte, 40)
	b[0], b[6], b[7] = 0x60, next, 62
	binary.BigEndian.PutUint16(b[4:], uint16(len(body)))
	copy(b[8:], src6.AsSlice())
	copy(b[24:], dst6.AsSlice())
	return append(b, body...)
}

// extension is a header of n bytes, a multiple of eight, before what it names.
func extension(next uint8, n int, body []byte) []byte {
	b := make([]byte, n)
	b[0], b[1] = next, byte(n/8-1)
	return append(b, body...)
}

func fragment6(next uint8, offset int, more bool, body []byte) []byte {
	b := []byte{next, 0, byte(offset >> 8), byte(offset), 0, 1, 2, 3}
	if more {
		b[3] |= 1
	}
	return append(b, body...)
}

// authentication is a header of RFC 4302 with a check value of twelve bytes.
func authentication(next uint8, body []byte) []byte {
	b := make([]byte, 24)
	b[0], b[1] = next, 4
	return append(b, body...)
}

func tagged(tpid, id uint16, body []byte) []byte {
	return append([]byte{byte(tpid >> 8), byte(tpid), 0xa0 | byte(id>>8), byte(id)}, body...)
}

func kind(k uint16, body []byte) []byte { return append([]byte{byte(k >> 8), byte(k)}, body...) }

func ether(body []byte) []byte {
	return append([]byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}, body...)
}

func before(n int, last []byte, body []byte) []byte {
	b := make([]byte, n-len(last))
	return append(append(b, last...), body...)
}

var (
	src6 = netip.MustParseAddr("2001:db8::411")
	dst6 = netip.MustParseAddr("2001:db8::210")
)

// say is what a packet says, as one line.
func say(p *Packet, fault Fault) string {
	if fault != OK {
		return fault.String()
	}
	s := fmt.Sprintf("%v %v", p.SrcAddr(), p.DstAddr())
	if p.VLAN != 0 {
		s = fmt.Sprintf("vlan %d.%d %s", p.VLAN, p.Second, s)
	}
	s += fmt.Sprintf(" ttl %d", p.TTL)
	switch {
	case p.Fragment:
		return s + fmt.Sprintf(" proto %d fragment %#x at %d more %v %q", p.Proto, p.FragID, p.FragOffset, p.FragMore, p.Network)
	case p.Proto == TCP:
		return s + fmt.Sprintf(" tcp %d %d seq %d ack %d flags %#x window %d %q", p.SrcPort, p.DstPort, p.Seq, p.Ack, p.Flags, p.Window, p.Payload)
	}
	return s + fmt.Sprintf(" proto %d %d %d %q", p.Proto, p.SrcPort, p.DstPort, p.Payload)
}

type sample struct {
	name  string
	link  pcap.LinkType
	frame []byte
	want  string
}

const (
	over4 = "10.20.4.11 10.20.2.10 ttl 63"
	over6 = "2001:db8::411 2001:db8::210 ttl 62"
	asTCP = ` tcp 4242 104 seq 4294967294 ack 7 flags 0x18 window 512 "hello"`
	asUDP = ` proto 17 5353 53 "hello"`
)

func samples() []sample {
	const eth = pcap.LinkEthernet
	t4, t6 := ip4(TCP, 0, tcp(4242, 104, "hello")), ip6(TCP, tcp(4242, 104, "hello"))
	cut := func(frame []byte, change func(b []byte)) []byte {
		b := bytes.Clone(frame)
		change(b)
		return b
	}
	return []sample{
		{"TCP over IPv4 in Ethernet", eth, ether(kind(0x0800, t4)), over4 + asTCP},
		{"TCP over IPv6", eth, ether(kind(0x86dd, t6)), over6 + asTCP},
		{"TCP with options", eth, ether(kind(0x0800, ip4(TCP, 0, options(tcp(4242, 104, "hello"))))), over4 + asTCP},
		{"UDP", eth, ether(kind(0x0800, ip4(UDP, 0, udp(5353, 53, "hello")))), over4 + asUDP},
		{"UDP over IPv6", eth, ether(kind(0x86dd, ip6(UDP, udp(5353, 53, "hello")))), over6 + asUDP},
		{"an echo request", eth, ether(kind(0x0800, ip4(ICMP, 0, []byte{8, 0, 1, 2, 9}))), over4 + ` proto 1 8 0 "\t"`},
		{"a neighbour solicitation", eth, ether(kind(0x86dd, ip6(ICMPv6, []byte{135, 0, 1, 2, 9}))), over6 + ` proto 58 135 0 "\t"`},
		{"SCTP", eth, ether(kind(0x0800, ip4(SCTP, 0, append([]byte{0, 5, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0}, "chunk"...)))), over4 + ` proto 132 5 6 "chunk"`},
		{"another transport", eth, ether(kind(0x0800, ip4(89, 0, []byte("ospf")))), over4 + ` proto 89 0 0 "ospf"`},
		{"the trailer of a short frame is not payload", eth, append(ether(kind(0x0800, t4)), 0, 0, 0, 0), over4 + asTCP},

		{"a VLAN", eth, ether(tagged(0x8100, 12, kind(0x0800, t4))), "vlan 12.0 " + over4 + asTCP},
		{"a priority tag is no VLAN", eth, ether(tagged(0x8100, 0, kind(0x0800, t4))), over4 + asTCP},
		{"QinQ of 802.1ad", eth, ether(tagged(0x88a8, 100, tagged(0x8100, 12, kind(0x86dd, t6)))), "vlan 100.12 " + over6 + asTCP},
		{"QinQ as it was before", eth, ether(tagged(0x9100, 4095, tagged(0x8100, 1, kind(0x0800, t4)))), "vlan 4095.1 " + over4 + asTCP},
		{"three tags", eth, ether(tagged(0x88a8, 3, tagged(0x88a8, 2, tagged(0x8100, 1, kind(0x0800, t4))))), "vlan 3.2 " + over4 + asTCP},
		{"PPPoE", eth, ether(kind(0x8864, append([]byte{0x11, 0, 0, 1, 0, 67}, kind(0x0021, t4)...))), over4 + asTCP},
		{"PPPoE that ends before the packet says", eth, ether(kind(0x8864, append([]byte{0x11, 0, 0, 1, 0, byte(len(t4) - 3)}, kind(0x0021, t4)...))), over4 + ` tcp 4242 104 seq 4294967294 ack 7 flags 0x18 window 512 ""`},
		{"IPv6 in PPPoE", eth, ether(kind(0x8864, append([]byte{0x11, 0, 0, 1, 0, 67}, kind(0x0057, t6)...))), over6 + asTCP},
		{"MPLS", eth, ether(kind(0x8847, append([]byte{0, 1, 0x10, 64, 0, 2, 0x11, 64}, t4...))), over4 + asTCP},
		{"MPLS to IPv6, multicast", eth, ether(kind(0x8848, append([]byte{0, 1, 0x11, 64}, t6...))), over6 + asTCP},
		{"an Ethernet frame in MPLS", eth, ether(kind(0x8847, append([]byte{0, 1, 0x11, 64, 0, 0, 0, 0}, ether(kind(0x0800, t4))...))), over4 + asTCP},
		{"another pseudowire in MPLS", eth, ether(kind(0x8847, append([]byte{0, 1, 0x11, 64, 0x10, 0, 0, 0}, t4...))), "not IP"},
		{"MPLS labels without an end", eth, ether(kind(0x8847, bytes.Repeat([]byte{0, 1, 0x10, 64}, 9))), "truncated link header"},
		{"ARP", eth, ether(kind(0x0806, make([]byte, 28))), "not IP"},
		{"LLDP", eth, ether(kind(0x88cc, make([]byte, 28))), "not IP"},
		{"a length in place of a type (802.3)", eth, ether(kind(38, make([]byte, 38))), "not IP"},
		{"a length, LLC and SNAP (RFC 1042)", eth, ether(kind(38, append([]byte{0xaa, 0xaa, 3, 0, 0, 0}, kind(0x0800, t4)...))), over4 + asTCP},

		{"raw IPv4", pcap.LinkRaw, t4, over4 + asTCP},
		{"raw IPv6", pcap.LinkRaw, t6, over6 + asTCP},
		{"raw IP of FreeBSD", rawBSD, t4, over4 + asTCP},
		{"raw IP of OpenBSD", rawOpenBSD, t6, over6 + asTCP},
		{"LINKTYPE_IPV4", pcap.LinkIPv4, t4, over4 + asTCP},
		{"LINKTYPE_IPV6", pcap.LinkIPv6, t6, over6 + asTCP},
		{"BSD loopback", pcap.LinkNull, append([]byte{2, 0, 0, 0}, t4...), over4 + asTCP},
		{"OpenBSD loopback", pcap.LinkLoop, append([]byte{0, 0, 0, 24}, t6...), over6 + asTCP},
		{"Linux cooked", pcap.LinkSLL, before(14, nil, kind(0x0800, t4)), over4 + asTCP},
		{"Linux cooked with a VLAN", pcap.LinkSLL, before(14, nil, tagged(0x8100, 12, kind(0x0800, t4))), "vlan 12.0 " + over4 + asTCP},
		{"Linux cooked 2", pcap.LinkSLL2, append([]byte{0x86, 0xdd}, before(18, nil, t6)...), over6 + asTCP},
		{"PPP with address and control", pcap.LinkPPP, append([]byte{0xff, 3}, kind(0x0021, t4)...), over4 + asTCP},
		{"PPP without them", pcap.LinkPPP, kind(0x0021, t4), over4 + asTCP},
		{"PPP in HDLC-like framing", pcap.LinkPPPHDLC, append([]byte{0xff, 3}, kind(0x0057, t6)...), over6 + asTCP},
		{"PPP that carries a link control packet", pcap.LinkPPPHDLC, append([]byte{0xff, 3}, kind(0xc021, make([]byte, 20))...), "not IP"},
		{"Cisco HDLC", pcap.LinkCHDLC, append([]byte{0x0f, 0}, kind(0x0800, t4)...), over4 + asTCP},
		{"PPPoE without Ethernet", pcap.LinkPPPoE, append([]byte{0x11, 0, 0, 1, 0, 67}, kind(0x0021, t4)...), over4 + asTCP},
		{"a netfilter log", pcap.LinkNFLog, append([]byte{2, 0, 0, 30, 6, 0, 10, 0, 'a', 0, 0, 0, byte(len(t4) + 4), 0, 9, 0}, t4...), over4 + asTCP},
		{"a netfilter log without a packet", pcap.LinkNFLog, []byte{2, 0, 0, 30, 5, 0, 10, 0, 'a', 0, 0, 0}, "truncated link header"},
		{"a netfilter log with an attribute of no length", pcap.LinkNFLog, []byte{2, 0, 0, 30, 0, 0, 10, 0, 'a', 0, 0, 0}, "truncated link header"},
		{"a link type that is not decoded", pcap.Link80211, t4, "unknown link type"},

		{"hop-by-hop options", pcap.LinkRaw, ip6(0, extension(TCP, 8, tcp(4242, 104, "hello"))), over6 + asTCP},
		{"all extension headers of RFC 8200 in their order", pcap.LinkRaw,
			ip6(0, extension(60, 16, extension(43, 24, fragment6(51, 0, false, authentication(60, extension(135, 8, extension(UDP, 8, udp(5353, 53, "hello")))))))), over6 + asUDP},
		{"no next header", pcap.LinkRaw, ip6(0, extension(59, 8, nil)), over6 + ` proto 59 0 0 ""`},
		{"encrypted payload ends the walk", pcap.LinkRaw, ip6(ESP, append([]byte{0, 5, 0, 6, 0, 0, 0, 1}, "secret"...)), over6 + ` proto 50 5 6 "secret"`},
		{"a chain of extension headers without an end", pcap.LinkRaw, ip6(0, bytes.Repeat(extension(0, 8, nil), 20)), "malformed IP header"},
		{"an extension header that is longer than the packet", pcap.LinkRaw, ip6(0, []byte{TCP, 200, 0, 0, 0, 0, 0, 0}), "truncated IP header"},

		{"the first fragment", pcap.LinkRaw, ip4(UDP, 0x2000, []byte("12345678")), over4 + ` proto 17 fragment 0x1234 at 0 more true "12345678"`},
		{"the last fragment", pcap.LinkRaw, ip4(UDP, 185, []byte("123")), over4 + ` proto 17 fragment 0x1234 at 1480 more false "123"`},
		{"do not fragment is no fragment", pcap.LinkRaw, ip4(TCP, 0x4000, tcp(4242, 104, "hello")), over4 + asTCP},
		{"the first fragment of IPv6", pcap.LinkRaw, ip6(44, fragment6(UDP, 0, true, []byte("12345678"))), over6 + ` proto 17 fragment 0x10203 at 0 more true "12345678"`},
		{"the last fragment of IPv6, behind options", pcap.LinkRaw, ip6(60, extension(44, 8, fragment6(UDP, 1448, false, []byte("123")))), over6 + ` proto 17 fragment 0x10203 at 1448 more false "123"`},
		{"an atomic fragment is a whole packet (RFC 6946)", pcap.LinkRaw, ip6(44, fragment6(TCP, 0, false, tcp(4242, 104, "hello"))), over6 + asTCP},

		{"a total length of 0, as offloading cards leave it", pcap.LinkRaw, cut(t4, func(b []byte) { b[2], b[3] = 0, 0 }), over4 + asTCP},
		{"a payload length of 0, as of a jumbogram", pcap.LinkRaw, cut(t6, func(b []byte) { b[4], b[5] = 0, 0 }), over6 + asTCP},
		{"a UDP length of 0", pcap.LinkRaw, cut(ip4(UDP, 0, udp(5353, 53, "hello")), func(b []byte) { b[24], b[25] = 0, 0 }), over4 + asUDP},
		{"a UDP length beyond the packet", pcap.LinkRaw, cut(ip4(UDP, 0, udp(5353, 53, "hello")), func(b []byte) { b[24] = 9 }), over4 + asUDP},
		{"a UDP length that ends before the packet", pcap.LinkRaw, cut(ip4(UDP, 0, udp(5353, 53, "hello")), func(b []byte) { b[25] = 10 }), over4 + ` proto 17 5353 53 "he"`},
		{"an IP version that is none", pcap.LinkRaw, cut(t4, func(b []byte) { b[0] = 0x55 }), "malformed IP header"},
		{"an IPv4 header of four words", pcap.LinkRaw, cut(t4, func(b []byte) { b[0] = 0x44 }), "malformed IP header"},
		{"a total length within the header", pcap.LinkRaw, cut(t4, func(b []byte) { b[3] = 19 }), "malformed IP header"},
		{"a TCP header of four words", pcap.LinkRaw, cut(t4, func(b []byte) { b[32] = 4 << 4 }), "malformed transport header"},
		{"TCP options beyond the packet", pcap.LinkRaw, cut(t4, func(b []byte) { b[32] = 15 << 4 }), "truncated transport header"},
		{"nothing", eth, nil, "truncated link header"},
	}
}

func TestDecode(t *testing.T) {
	var used Packet // one for all: what an earlier frame left must not show
	for _, s := range samples() {
		if got := say(&used, Decode(s.link, s.frame, &used)); got != s.want {
			t.Errorf("%s:\ngot  %s\nwant %s", s.name, got, s.want)
		}
	}
}

// TestEveryPrefix cuts every sample at every length: the capture's snapshot length may be anything.
func TestEveryPrefix(t *testing.T) {
	var p Packet
	for _, s := range samples() {
		for n := range len(s.frame) + 1 {
			frame := slices.Clip(bytes.Clone(s.frame[:n])) // reading beyond would panic
			fault := Decode(s.link, frame, &p)
			checkInside(t, s.name, frame, &p, fault)
			if fault == OK && !p.Fragment && len(p.Payload) > n {
				t.Errorf("%s, %d bytes: a payload of %d", s.name, n, len(p.Payload))
			}
		}
	}
}

// checkInside fails when what p points to is not in frame.
func checkInside(t *testing.T, name string, frame []byte, p *Packet, fault Fault) {
	t.Helper()
	parts := map[string][]byte{"MAC": p.MAC, "payload": p.Payload}
	if fault == OK && p.Fragment {
		parts["network"] = p.Network
	}
	for what, part := range parts {
		if len(part) == 0 {
			continue
		}
		at := cap(frame) - cap(part)
		if at < 0 || at+len(part) > len(frame) || &frame[at] != &part[0] {
			t.Errorf("%s, %d bytes: the %s is not in the frame", name, len(frame), what)
		}
	}
}

func TestATagThatTheKernelTookOutIsTheOuterOne(t *testing.T) {
	var p Packet
	for _, c := range []struct {
		name        string
		frame       []byte
		tag         uint16
		vlan, inner uint16
	}{
		{"the only one", ether(kind(0x0800, ip4(UDP, 0, udp(1, 2, "")))), 12, 12, 0},
		{"before one that stands in the frame", ether(tagged(0x8100, 7, kind(0x0800, ip4(UDP, 0, udp(1, 2, ""))))), 12, 12, 7},
		{"none", ether(tagged(0x8100, 7, kind(0x0800, ip4(UDP, 0, udp(1, 2, ""))))), 0, 7, 0},
	} {
		Decode(pcap.LinkEthernet, c.frame, &p)
		p.Tag(c.tag)
		if p.VLAN != c.vlan || p.Second != c.inner {
			t.Errorf("%s: got %d.%d, want %d.%d", c.name, p.VLAN, p.Second, c.vlan, c.inner)
		}
	}
}

func TestWhole(t *testing.T) {
	v6 := func(next uint8) []byte { return ip6(44, fragment6(next, 8, false, []byte("rest"))) }
	for _, c := range []struct {
		name  string
		frame []byte
		whole []byte
		want  string
	}{
		{"a transport at once", ip4(UDP, 1, []byte("rest")), udp(5353, 53, "hello"), over4 + asUDP},
		{"a transport of IPv6", v6(UDP), udp(5353, 53, "hello"), over6 + asUDP},
		{"a transport behind extension headers", v6(60), extension(0, 16, extension(TCP, 8, tcp(4242, 104, "hello"))), over6 + asTCP},
		{"too little", v6(TCP), []byte("abc"), "truncated transport header"},
		{"a fragment in fragments", v6(44), fragment6(TCP, 8, true, []byte("more")), "malformed IP header"},
	} {
		var p Packet
		if fault := Decode(pcap.LinkRaw, c.frame, &p); fault != OK || !p.Fragment {
			t.Fatalf("%s: %v", c.name, fault)
		}
		if got := say(&p, p.Whole(c.whole)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	all := samples()
	var p Packet
	if got := testing.AllocsPerRun(100, func() {
		for i := range all {
			Decode(all[i].link, all[i].frame, &p)
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func TestFaultsHaveNames(t *testing.T) {
	for f := OK + 1; f < faultCount; f++ {
		if f.String() == "" {
			t.Errorf("fault %d has no name", f)
		}
	}
}

// FuzzDecode checks that a frame is decoded the same whatever was decoded before, that nothing beyond it is read, and
// that a frame that is whole says the same when the next one's bytes stand behind it.
func FuzzDecode(f *testing.F) {
	for _, s := range samples() {
		f.Add(uint16(s.link), s.frame)
	}
	dirty := samples()
	f.Fuzz(func(t *testing.T, link uint16, frame []byte) {
		frame = slices.Clip(frame)
		var fresh, used Packet
		fault := Decode(pcap.LinkType(link), frame, &fresh)
		checkInside(t, "fuzzed", frame, &fresh, fault)
		want := say(&fresh, fault)
		for i := 0; i < len(dirty); i += 7 {
			Decode(dirty[i].link, dirty[i].frame, &used)
			if got := say(&used, Decode(pcap.LinkType(link), frame, &used)); got != want {
				t.Fatalf("after %q: got %s, want %s", dirty[i].name, got, want)
			}
		}
		if fault == OK && fresh.Fragment {
			whole := bytes.Clone(fresh.Network)
			fresh.Whole(whole)
		}
	})
}
