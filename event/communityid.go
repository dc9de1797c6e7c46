package event

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
)

// AppendCommunityID appends the community id of a flow, version 1 with seed 0
// (https://github.com/corelight/community-id-spec): the same text for both directions, and in every tool.
// Ports of ICMP are its type and code.
func AppendCommunityID(dst []byte, src, to netip.Addr, sport, dport uint16, proto uint8) []byte {
	return AppendSeededCommunityID(dst, 0, src, to, sport, dport, proto)
}

// AppendSeededCommunityID is [AppendCommunityID] with another seed.
func AppendSeededCommunityID(dst []byte, seed uint16, src, to netip.Addr, sport, dport uint16, proto uint8) []byte {
	ordered := true
	if proto == 1 || proto == 58 {
		sport, dport, ordered = icmpPorts(proto, sport, dport)
	}
	if c := src.Compare(to); ordered && (c > 0 || c == 0 && sport > dport) {
		src, to, sport, dport = to, src, dport, sport
	}
	var buf [40]byte
	b := binary.BigEndian.AppendUint16(buf[:0], seed)
	b = appendIP(appendIP(b, src), to)
	b = append(b, proto, 0)
	switch proto {
	case 1, 6, 17, 58, 132:
		b = append(b, byte(sport>>8), byte(sport), byte(dport>>8), byte(dport))
	}
	sum := sha1.Sum(b)
	dst = append(dst, "1:"...)
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

func appendIP(b []byte, a netip.Addr) []byte {
	if a.Is4() {
		v := a.As4()
		return append(b, v[:]...)
	}
	v := a.As16()
	return append(b, v[:]...)
}

// icmpPorts puts the type and, in place of the code, the type of the answer, where the specification pairs them; a
// message without an answer keeps its ends in the order in which it went.
func icmpPorts(proto uint8, kind, code uint16) (uint16, uint16, bool) {
	pairs := [][2]uint16{{8, 0}, {9, 10}, {13, 14}, {15, 16}, {17, 18}}
	if proto == 58 {
		pairs = [][2]uint16{{128, 129}, {130, 131}, {133, 134}, {135, 136}, {139, 140}, {144, 145}}
	}
	for _, p := range pairs {
		if kind == p[0] {
			return p[0], p[1], true
		}
		if kind == p[1] {
			return p[1], p[0], true
		}
	}
	return kind, code, false
}
