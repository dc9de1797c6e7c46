package packet

import (
	"encoding/binary"
	"slices"
)

// Oddity is something in the headers of a packet that breaks their standard, or that no sender of today writes. Names
// are those of Suricata's decoder events. Zero is none.
type Oddity uint8

// The oddities.
const (
	NoOddity Oddity = iota
	EthernetTooSmall
	EthernetUnknownType
	VLANTooSmall
	VLANTooManyLayers
	MPLSTooSmall
	PPPTooSmall
	PPPoETooSmall
	SLLTooSmall
	NullTooSmall
	RawBadVersion
	NSHTooSmall
	NSHVersion
	NSHLength
	NSHReservedType
	NSHUnknownType
	NSHUnknownNext
	IPv4TooSmall
	IPv4BadVersion
	IPv4HeaderTooSmall
	IPv4ShorterThanHeader
	IPv4Truncated
	IPv4OptionsPadding
	IPv4OptionsEnd
	IPv4OptionLength
	IPv4OptionUnknown
	IPv4OptionTwice
	IPv4OptionMalformed
	IPv4FragmentTooLarge
	IPv4FragmentOverlap
	IPv4FragmentIgnored
	IPv6TooSmall
	IPv6BadVersion
	IPv6Truncated
	IPv6ExtensionTruncated
	IPv6FragmentTwice
	IPv6FragmentUseless
	IPv6FragmentReserved
	IPv6RoutingTwice
	IPv6RoutingType0
	IPv6HopByHopTwice
	IPv6DestinationTwice
	IPv6AuthenticationTwice
	IPv6BehindNone
	IPv6UnknownNext
	IPv6ICMPv4
	IPv6FragmentTooLarge
	IPv6FragmentOverlap
	IPv6FragmentIgnored
	IPv6FragmentLength
	ICMPv4TooSmall
	ICMPv4UnknownType
	ICMPv4UnknownCode
	ICMPv4InnerTruncated
	ICMPv4InnerVersion
	ICMPv6TooSmall
	ICMPv6UnknownType
	ICMPv6UnknownCode
	ICMPv6Unassigned
	ICMPv6Private
	ICMPv6InnerTruncated
	ICMPv6InnerVersion
	TCPTooSmall
	TCPHeaderTooSmall
	TCPOptionsLength
	TCPOptionLength
	TCPOptionTwice
	UDPTooSmall
	UDPLength
	SCTPTooSmall
	ESPTooSmall
	GRETooSmall
	GREUnknownVersion
	TooManyLayers
	// Oddities is how many there are.
	Oddities = iota
)

var oddNames = [Oddities]string{
	EthernetTooSmall:        "decoder.ethernet.pkt_too_small",
	EthernetUnknownType:     "decoder.ethernet.unknown_ethertype",
	VLANTooSmall:            "decoder.vlan.header_too_small",
	VLANTooManyLayers:       "decoder.vlan.too_many_layers",
	MPLSTooSmall:            "decoder.mpls.header_too_small",
	PPPTooSmall:             "decoder.ppp.pkt_too_small",
	PPPoETooSmall:           "decoder.pppoe.pkt_too_small",
	SLLTooSmall:             "decoder.sll.pkt_too_small",
	NullTooSmall:            "decoder.ltnull.pkt_too_small",
	RawBadVersion:           "decoder.ipraw.invalid_ip_version",
	NSHTooSmall:             "decoder.nsh.header_too_small",
	NSHVersion:              "decoder.nsh.unsupported_version",
	NSHLength:               "decoder.nsh.bad_header_length",
	NSHReservedType:         "decoder.nsh.reserved_type",
	NSHUnknownType:          "decoder.nsh.unsupported_type",
	NSHUnknownNext:          "decoder.nsh.unknown_payload",
	IPv4TooSmall:            "decoder.ipv4.pkt_too_small",
	IPv4BadVersion:          "decoder.ipv4.wrong_ip_version",
	IPv4HeaderTooSmall:      "decoder.ipv4.hlen_too_small",
	IPv4ShorterThanHeader:   "decoder.ipv4.iplen_smaller_than_hlen",
	IPv4Truncated:           "decoder.ipv4.trunc_pkt",
	IPv4OptionsPadding:      "decoder.ipv4.opt_pad_required",
	IPv4OptionsEnd:          "decoder.ipv4.opt_eol_required",
	IPv4OptionLength:        "decoder.ipv4.opt_invalid_len",
	IPv4OptionUnknown:       "decoder.ipv4.opt_unknown",
	IPv4OptionTwice:         "decoder.ipv4.opt_duplicate",
	IPv4OptionMalformed:     "decoder.ipv4.opt_malformed",
	IPv4FragmentTooLarge:    "decoder.ipv4.frag_pkt_too_large",
	IPv4FragmentOverlap:     "decoder.ipv4.frag_overlap",
	IPv4FragmentIgnored:     "decoder.ipv4.frag_ignored",
	IPv6TooSmall:            "decoder.ipv6.pkt_too_small",
	IPv6BadVersion:          "decoder.ipv6.wrong_ip_version",
	IPv6Truncated:           "decoder.ipv6.trunc_pkt",
	IPv6ExtensionTruncated:  "decoder.ipv6.trunc_exthdr",
	IPv6FragmentTwice:       "decoder.ipv6.exthdr_dupl_fh",
	IPv6FragmentUseless:     "decoder.ipv6.exthdr_useless_fh",
	IPv6FragmentReserved:    "decoder.ipv6.fh_non_zero_reserved_field",
	IPv6RoutingTwice:        "decoder.ipv6.exthdr_dupl_rh",
	IPv6RoutingType0:        "decoder.ipv6.rh_type_0",
	IPv6HopByHopTwice:       "decoder.ipv6.exthdr_dupl_hh",
	IPv6DestinationTwice:    "decoder.ipv6.exthdr_dupl_dh",
	IPv6AuthenticationTwice: "decoder.ipv6.exthdr_dupl_ah",
	IPv6BehindNone:          "decoder.ipv6.data_after_none_header",
	IPv6UnknownNext:         "decoder.ipv6.unknown_next_header",
	IPv6ICMPv4:              "decoder.ipv6.icmpv4",
	IPv6FragmentTooLarge:    "decoder.ipv6.frag_pkt_too_large",
	IPv6FragmentOverlap:     "decoder.ipv6.frag_overlap",
	IPv6FragmentIgnored:     "decoder.ipv6.frag_ignored",
	IPv6FragmentLength:      "decoder.ipv6.frag_invalid_length",
	ICMPv4TooSmall:          "decoder.icmpv4.pkt_too_small",
	ICMPv4UnknownType:       "decoder.icmpv4.unknown_type",
	ICMPv4UnknownCode:       "decoder.icmpv4.unknown_code",
	ICMPv4InnerTruncated:    "decoder.icmpv4.ipv4_trunc_pkt",
	ICMPv4InnerVersion:      "decoder.icmpv4.ipv4_unknown_ver",
	ICMPv6TooSmall:          "decoder.icmpv6.pkt_too_small",
	ICMPv6UnknownType:       "decoder.icmpv6.unknown_type",
	ICMPv6UnknownCode:       "decoder.icmpv6.unknown_code",
	ICMPv6Unassigned:        "decoder.icmpv6.unassigned_type",
	ICMPv6Private:           "decoder.icmpv6.experimentation_type",
	ICMPv6InnerTruncated:    "decoder.icmpv6.ipv6_trunc_pkt",
	ICMPv6InnerVersion:      "decoder.icmpv6.ipv6_unknown_version",
	TCPTooSmall:             "decoder.tcp.pkt_too_small",
	TCPHeaderTooSmall:       "decoder.tcp.hlen_too_small",
	TCPOptionsLength:        "decoder.tcp.invalid_optlen",
	TCPOptionLength:         "decoder.tcp.opt_invalid_len",
	TCPOptionTwice:          "decoder.tcp.opt_duplicate",
	UDPTooSmall:             "decoder.udp.pkt_too_small",
	UDPLength:               "decoder.udp.len_invalid",
	SCTPTooSmall:            "decoder.sctp.pkt_too_small",
	ESPTooSmall:             "decoder.esp.pkt_too_small",
	GRETooSmall:             "decoder.gre.pkt_too_small",
	GREUnknownVersion:       "decoder.gre.wrong_version",
	TooManyLayers:           "decoder.too_many_layers",
}

// String is the name of Suricata's event.
func (o Oddity) String() string { return oddNames[o] }

// V6 is the IPv6 counterpart of an oddity of IPv4 fragments; others are themselves.
func (o Oddity) V6() Oddity {
	switch o {
	case IPv4FragmentTooLarge:
		return IPv6FragmentTooLarge
	case IPv4FragmentOverlap:
		return IPv6FragmentOverlap
	case IPv4FragmentIgnored:
		return IPv6FragmentIgnored
	}
	return o
}

// Headless reports whether nothing behind it counts, the addresses among it: the header of IP is broken, or what it
// announces is not there.
func (o Oddity) Headless() bool {
	switch o {
	case IPv4TooSmall, IPv4BadVersion, IPv4HeaderTooSmall, IPv4ShorterThanHeader, IPv4Truncated, IPv6TooSmall, IPv6BadVersion, IPv6Truncated:
		return true
	}
	return false
}

// Headless reports whether one of the packet's oddities is.
func (p *Packet) Headless() bool { return slices.ContainsFunc(p.Odd(), Oddity.Headless) }

// maxOdd is how many oddities of one packet are told.
const maxOdd = 4

// Odd are the oddities of the packet, in the order in which they were met.
func (p *Packet) Odd() []Oddity { return p.odd[:p.odds] }

// oddly notes an oddity, once.
func (p *Packet) oddly(o Oddity) {
	if p.odds < maxOdd && !slices.Contains(p.Odd(), o) {
		p.odd[p.odds] = o
		p.odds++
	}
}

// fail notes an oddity that ends the decoding.
func (p *Packet) fail(o Oddity, f Fault) Fault {
	p.oddly(o)
	return f
}

// optionsIPv4 looks at the options of an IPv4 header (RFC 791 §3.1). It reports whether they can be walked.
func (p *Packet) optionsIPv4(b []byte) bool {
	if len(b)%8 != 0 {
		p.oddly(IPv4OptionsPadding)
	}
	seen := uint64(0)
	for len(b) > 0 {
		kind := b[0]
		if kind == 0 {
			return true
		}
		if kind == 1 {
			b = b[1:]
			continue
		}
		if len(b) < 2 {
			p.oddly(IPv4OptionsEnd)
			return true
		}
		n := int(b[1])
		if n < 2 || n > len(b) {
			p.oddly(IPv4OptionLength)
			return false
		}
		if !p.optionIPv4(kind, b[:n], &seen) {
			return false
		}
		b = b[n:]
	}
	return true
}

// routeOptions are those that hold a pointer into a list of addresses (RFC 791 §3.1): loose and strict source route,
// record route.
func routeOption(kind byte) bool { return kind == 131 || kind == 137 || kind == 7 }

func (p *Packet) optionIPv4(kind byte, b []byte, seen *uint64) bool {
	switch kind {
	case 7, 25, 68, 130, 131, 133, 134, 136, 137, 148: // RR, QS, TS, SEC, LSRR, ESEC, CIPSO, SID, SSRR, RTRALT
	default:
		p.oddly(IPv4OptionUnknown)
		return true
	}
	if bit := uint64(1) << (kind & 63); *seen&bit != 0 {
		p.oddly(IPv4OptionTwice)
		return true
	} else {
		*seen |= bit
	}
	n := len(b)
	switch {
	case routeOption(kind) && (n < 3 || b[2] < 4 || b[2]&3 != 0 || int(b[2]) > n+1), kind == 68 && (n < 4 || b[2] < 5 || int(b[2]) > n+1):
		p.oddly(IPv4OptionMalformed)
		return false
	case kind == 130 && n != 11, kind == 136 && n != 4, kind == 148 && n != 4, kind == 25 && n < 8, routeOption(kind) && (n-3)&3 != 0:
		p.oddly(IPv4OptionLength)
		return false
	}
	return true
}

// optionsTCP looks at the options of a TCP header (RFC 9293 §3.1): only those that tell a length of their own.
func (p *Packet) optionsTCP(b []byte) {
	seen := uint32(0)
	for len(b) > 0 && b[0] != 0 {
		kind := b[0]
		if kind == 1 {
			b = b[1:]
			continue
		}
		if len(b) < 2 {
			return
		}
		n := int(b[1])
		if n < 2 || n > len(b) {
			p.oddly(TCPOptionLength)
			return
		}
		if want := tcpOption(kind); want != 0 {
			bit := uint32(1) << kind
			switch {
			case n != int(want):
				p.oddly(TCPOptionLength)
			case seen&bit != 0:
				p.oddly(TCPOptionTwice)
			}
			seen |= bit
			if kind == 8 && n == 10 {
				p.Stamp, p.Echo, p.Stamped = binary.BigEndian.Uint32(b[2:]), binary.BigEndian.Uint32(b[6:]), true
			}
			if kind == 3 && n == 3 {
				p.Scale, p.Scaled = min(b[2], 14), true // RFC 7323 §2.3
			}
		}
		p.Signed = p.Signed || kind == 19 || kind == 29
		b = b[n:]
	}
}

// tcpOption is the length of an option that has but one: maximum segment size, window scale, SACK permitted, time stamps.
func tcpOption(kind byte) byte {
	switch kind {
	case 2:
		return 4
	case 3:
		return 3
	case 4:
		return 2
	case 8:
		return 10
	}
	return 0
}

// icmp4 looks at type and code (RFC 792 and the IANA registry), and at the packet that an error quotes.
func (p *Packet) icmp4(b []byte) {
	kind, code := b[0], b[1]
	most := byte(0)
	switch kind {
	case 0, 4, 8, 13, 14, 15, 16, 17, 18:
	case 9:
		most = 16
	case 10:
	case 3:
		most = 15
	case 5:
		most = 3
	case 11:
		most = 1
	case 12:
		most = 2
	default:
		p.oddly(ICMPv4UnknownType)
		return
	}
	if code > most {
		p.oddly(ICMPv4UnknownCode)
		return
	}
	if kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12 {
		switch quoted := b[min(8, len(b)):]; {
		case len(quoted) == 0 && kind != 3:
		case len(quoted) < 20:
			p.oddly(ICMPv4InnerTruncated)
		case quoted[0]>>4 != 4:
			p.oddly(ICMPv4InnerVersion)
		}
	}
}

// icmp6 looks at type and code (RFC 4443 and the IANA registry).
func (p *Packet) icmp6(b []byte) {
	kind, code := b[0], b[1]
	most := byte(0)
	switch {
	case kind == 1:
		most = 7
	case kind == 2, kind == 128, kind == 129, kind >= 130 && kind <= 137, kind >= 141 && kind <= 143,
		kind >= 144 && kind <= 153:
	case kind == 3:
		most = 1
	case kind == 4:
		most = 10
	case kind == 138, kind == 139, kind == 140:
		most = 255
	case kind == 100, kind == 101, kind == 200, kind == 201:
		p.oddly(ICMPv6Private)
		return
	case kind >= 5 && kind <= 99, kind >= 102 && kind <= 126, kind >= 154 && kind <= 199, kind >= 202 && kind <= 254:
		p.oddly(ICMPv6Unassigned)
		return
	default:
		p.oddly(ICMPv6UnknownType)
		return
	}
	if code > most {
		p.oddly(ICMPv6UnknownCode)
		return
	}
	if kind <= 4 {
		switch quoted := b[min(8, len(b)):]; {
		case len(quoted) < 40:
			p.oddly(ICMPv6InnerTruncated)
		case quoted[0]>>4 != 6:
			p.oddly(ICMPv6InnerVersion)
		}
	}
}

// twice notes an extension header that stands in a packet a second time (RFC 8200 §4.1: destination options may).
func (p *Packet) twice(kind uint8, seen *[256 / 64]uint64) {
	word, bit := &seen[kind>>6], uint64(1)<<(kind&63)
	if *word&bit != 0 {
		switch kind {
		case 0:
			p.oddly(IPv6HopByHopTwice)
		case 43:
			p.oddly(IPv6RoutingTwice)
		case 44:
			p.oddly(IPv6FragmentTwice)
		case 51:
			p.oddly(IPv6AuthenticationTwice)
		case 60:
			p.oddly(IPv6DestinationTwice)
		}
	}
	*word |= bit
}
