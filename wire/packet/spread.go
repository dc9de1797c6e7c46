package packet

import (
	"encoding/binary"

	"bulwark/wire/pcap"
)

// Spread is a number that the packets of both directions of a conversation share, with its fragments and with all other
// conversations of the same two addresses: the same that a fanout group of sockets goes by. It reads no more of the
// frame than it needs. Frames that are no IP, or whose link header is unusual, are 0.
func Spread(link pcap.LinkType, frame []byte) uint32 {
	kind, b := uint16(0), frame
	switch link {
	case pcap.LinkEthernet:
		if len(b) < 14 {
			return 0
		}
		kind, b = binary.BigEndian.Uint16(b[12:]), b[14:]
	case pcap.LinkSLL:
		if len(b) < 16 {
			return 0
		}
		kind, b = binary.BigEndian.Uint16(b[14:]), b[16:]
	case pcap.LinkRaw, rawBSD, rawOpenBSD, pcap.LinkIPv4, pcap.LinkIPv6:
	default:
		return 0
	}
	for kind == etherVLAN || kind == etherQinQ || kind == etherQinQ1 {
		if len(b) < 4 {
			return 0
		}
		kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	switch {
	case len(b) >= 20 && b[0]>>4 == 4 && (kind == etherIPv4 || kind == 0):
		return mix(uint64(binary.BigEndian.Uint32(b[12:])) + uint64(binary.BigEndian.Uint32(b[16:])))
	case len(b) >= 40 && b[0]>>4 == 6 && (kind == etherIPv6 || kind == 0):
		return mix(binary.BigEndian.Uint64(b[8:]) + binary.BigEndian.Uint64(b[16:]) +
			binary.BigEndian.Uint64(b[24:]) + binary.BigEndian.Uint64(b[32:]))
	}
	return 0
}

// mix spreads n over 32 bits (Fibonacci hashing).
func mix(n uint64) uint32 { return uint32((n ^ n>>32) * 0x9e3779b97f4a7c15 >> 32) }
