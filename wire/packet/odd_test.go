package packet

import (
	"encoding/binary"
	"slices"
	"testing"

	"bulwark/wire/pcap"
)

// ethernetFrame is a frame of one ether type.
func ethernetFrame(kind uint16, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16(make([]byte, 12), kind), body...)
}

// labels are n labels of MPLS, none of which is the last.
func labels(n int) []byte { return make([]byte, 4*n+1) }

// deep is a packet of n extension headers, all of mobility.
func deep(n int) []byte {
	body := udp(1, 2, "x")
	next := uint8(UDP)
	for range n {
		body = append([]byte{next, 0, 0, 0, 0, 0, 0, 0}, body...)
		next = 135
	}
	return ip6(next, body)
}

// chain is a header of a service chain of a type and length, before next.
func chain(kind, size, next byte) []byte {
	b := make([]byte, size)
	b[1], b[2], b[3] = size/4, kind, next
	return b
}

func TestWhatIsOddAboutHeaders(t *testing.T) {
	version := func(b []byte, v byte) []byte {
		b[0] = b[0]&15 | v<<4
		return b
	}
	for _, c := range []struct {
		what  string
		link  pcap.LinkType
		frame []byte
		want  []Oddity
	}{
		{"nothing", pcap.LinkEthernet, ethernetFrame(etherIPv4, ip4(TCP, 0, tcp(1, 2, ""))), nil},
		{"an ether type of IPv4 before version 5", pcap.LinkEthernet, ethernetFrame(etherIPv4, version(ip4(TCP, 0, tcp(1, 2, "")), 5)), []Oddity{IPv4BadVersion}},
		{"an ether type of IPv6 before version 7", pcap.LinkEthernet, ethernetFrame(etherIPv6, version(ip6(TCP, tcp(1, 2, "")), 7)), []Oddity{IPv6BadVersion}},
		{"no link header, and version 0", pcap.LinkRaw, version(ip4(TCP, 0, tcp(1, 2, "")), 0), []Oddity{RawBadVersion}},
		{"IPv6 that carries OSPF", pcap.LinkRaw, ip6(89, make([]byte, 24)), []Oddity{IPv6UnknownNext}},
		{"IPv4 that carries OSPF is nothing odd", pcap.LinkRaw, ip4(89, 0, make([]byte, 24)), nil},
		{"IPv6 that carries nothing is nothing odd", pcap.LinkRaw, ip6(noNext, nil), nil},
		{"IPv6 in IPv6 is nothing odd", pcap.LinkRaw, ip6(ip6InIP, ip6(noNext, nil)), nil},
		{"GRE of three bytes", pcap.LinkRaw, ip4(gre, 0, []byte{0, 0, 8}), []Oddity{GRETooSmall}},
		{"GRE of version 2", pcap.LinkRaw, ip4(gre, 0, []byte{0, 2, 8, 0}), []Oddity{GREUnknownVersion}},
		{"PPTP is GRE of version 1", pcap.LinkRaw, ip4(gre, 0, []byte{0x30, 1, 0x88, 0x0b}), nil},
		{"sixteen extension headers", pcap.LinkRaw, deep(16), []Oddity{TooManyLayers}},
		{"a service chain before IPv4", pcap.LinkEthernet, ethernetFrame(etherNSH, append(chain(1, 24, 1), ip4(TCP, 0, tcp(1, 2, ""))...)), nil},
		{"a service chain that ends with the frame", pcap.LinkEthernet, ethernetFrame(etherNSH, chain(1, 24, 1)), []Oddity{NSHLength}},
		{"a service chain before something unknown", pcap.LinkEthernet, ethernetFrame(etherNSH, append(chain(2, 8, 9), 1)), []Oddity{NSHUnknownNext}},
		{"a service chain of a reserved type", pcap.LinkEthernet, ethernetFrame(etherNSH, append(chain(0, 8, 1), 1)), []Oddity{NSHReservedType}},
		{"a byte behind an extension header", pcap.LinkRaw, ip6(60, []byte{6, 0, 1, 4, 0, 0, 0, 0, 9}), []Oddity{IPv6ExtensionTruncated}},
		{"an oddity is told once", pcap.LinkRaw, ip6(44, append([]byte{44, 0, 0, 0, 0, 0, 0, 1, 6, 0, 0, 0, 0, 0, 0, 1}, tcp(1, 2, "")...)),
			[]Oddity{IPv6FragmentUseless, IPv6FragmentTwice}},
		{"labels without end", pcap.LinkEthernet, ethernetFrame(etherMPLS, labels(16)), []Oddity{TooManyLayers}},
	} {
		var p Packet
		Decode(c.link, c.frame, &p)
		if got := p.Odd(); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func TestEveryOddityHasAName(t *testing.T) {
	names := map[string]Oddity{}
	for o := NoOddity + 1; o < Oddities; o++ {
		if other, twice := names[o.String()]; o.String() == "" || twice {
			t.Errorf("oddity %d: name %q, which %d has too", o, o.String(), other)
		}
		names[o.String()] = o
	}
}
