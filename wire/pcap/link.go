package pcap

import "strconv"

// LinkType tells what a frame begins with: a value of the tcpdump.org LINKTYPE registry, as files store it.
type LinkType uint16

// The link types that a hospital's captures hold.
const (
	LinkNull       LinkType = 0   // BSD loopback: address family in the byte order of the writer
	LinkEthernet   LinkType = 1   // IEEE 802.3
	LinkTokenRing  LinkType = 6   // IEEE 802.5
	LinkPPP        LinkType = 9   // PPP, RFC 1661 and 1662
	LinkFDDI       LinkType = 10  // ANSI INCITS 239
	LinkPPPHDLC    LinkType = 50  // PPP in HDLC-like framing
	LinkPPPoE      LinkType = 51  // PPPoE session, RFC 2516
	LinkRaw        LinkType = 101 // IPv4 or IPv6, told by the version nibble
	LinkCHDLC      LinkType = 104 // Cisco HDLC
	Link80211      LinkType = 105 // IEEE 802.11
	LinkFrameRelay LinkType = 107 // frame relay LAPF
	LinkLoop       LinkType = 108 // OpenBSD loopback: address family in network order
	LinkSLL        LinkType = 113 // Linux cooked capture
	LinkPFLog      LinkType = 117 // OpenBSD packet filter log
	LinkPrism      LinkType = 119 // Prism monitor header, then 802.11
	LinkRadiotap   LinkType = 127 // radiotap header, then 802.11
	LinkPPI        LinkType = 192 // per-packet information header
	LinkIPv4       LinkType = 228 // raw IPv4
	LinkIPv6       LinkType = 229 // raw IPv6
	Link802154     LinkType = 230 // IEEE 802.15.4 without FCS
	LinkNFLog      LinkType = 239 // Linux netfilter log
	LinkSLL2       LinkType = 276 // Linux cooked capture, version 2
)

// String is the registry's name in small letters, or the number where it is not listed here.
func (l LinkType) String() string {
	switch l {
	case LinkNull:
		return "null"
	case LinkEthernet:
		return "ethernet"
	case LinkTokenRing:
		return "ieee802_5"
	case LinkPPP:
		return "ppp"
	case LinkFDDI:
		return "fddi"
	case LinkPPPHDLC:
		return "ppp_hdlc"
	case LinkPPPoE:
		return "ppp_ether"
	case LinkRaw:
		return "raw"
	case LinkCHDLC:
		return "c_hdlc"
	case Link80211:
		return "ieee802_11"
	case LinkFrameRelay:
		return "frelay"
	case LinkLoop:
		return "loop"
	case LinkSLL:
		return "linux_sll"
	case LinkPFLog:
		return "pflog"
	case LinkPrism:
		return "ieee802_11_prism"
	case LinkRadiotap:
		return "ieee802_11_radiotap"
	case LinkPPI:
		return "ppi"
	case LinkIPv4:
		return "ipv4"
	case LinkIPv6:
		return "ipv6"
	case Link802154:
		return "ieee802_15_4_nofcs"
	case LinkNFLog:
		return "nflog"
	case LinkSLL2:
		return "linux_sll2"
	}
	return strconv.Itoa(int(l))
}
