package bpf

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/bpf"
)

// The prologue of every program puts what it finds in scratch memory.
const (
	slotL3    = 0 // offset of the network header
	slotType  = 1 // EtherType behind all tags
	slotProto = 2 // transport protocol, or noProto
	slotL4    = 3 // offset of the transport header, or 0: no IP, or a later fragment
	slotVLAN  = 4 // id of the outer tag, or noVLAN
	slotInner = 5 // id of the inner tag, or noVLAN
	slotNext  = 6 // used while walking IPv6 headers
)

const (
	noVLAN  = 0xffff
	noProto = 0xffff

	typeIP   = 0x0800
	typeARP  = 0x0806
	typeRARP = 0x8035
	typeIP6  = 0x86dd
)

// test loads something into A and compares it.
type test struct {
	load []bpf.Instruction
	cond bpf.JumpTest
	val  uint32
}

func eq(load []bpf.Instruction, v uint32) node      { return test{load, bpf.JumpEqual, v} }
func above(load []bpf.Instruction, v uint32) node   { return test{load, bpf.JumpGreaterThan, v} }
func atLeast(load []bpf.Instruction, v uint32) node { return test{load, bpf.JumpGreaterOrEqual, v} }
func bits(load []bpf.Instruction, v uint32) node    { return test{load, bpf.JumpBitsSet, v} }

// memory loads a slot.
func memory(slot int) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadScratch{Dst: bpf.RegA, N: slot}}
}

// load loads bytes at a fixed offset of the frame.
func load(off uint32, size int) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadAbsolute{Off: off, Size: size}}
}

// behind loads bytes behind the offset that a slot holds.
func behind(slot int, off uint32, size int) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadScratch{Dst: bpf.RegX, N: slot}, bpf.LoadIndirect{Off: off, Size: size}}
}

func length() []bpf.Instruction { return []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtLen}} }

// transport tests the protocol number.
func transport(n uint32) node { return eq(memory(slotProto), n) }

// protocol is the test of a protocol's name.
func protocol(name string) node {
	switch name {
	case "ip":
		return eq(memory(slotType), typeIP)
	case "ip6":
		return eq(memory(slotType), typeIP6)
	case "arp":
		return eq(memory(slotType), typeARP)
	case "rarp":
		return eq(memory(slotType), typeRARP)
	case "icmp":
		return and{protocol("ip"), transport(1)}
	case "igmp":
		return and{protocol("ip"), transport(2)}
	case "tcp":
		return transport(6)
	case "udp":
		return transport(17)
	case "gre":
		return transport(47)
	case "esp":
		return transport(50)
	case "icmp6":
		return and{protocol("ip6"), transport(58)}
	}
	return transport(132) // sctp
}

// sides joins the tests of source and destination as a direction says.
func sides(dir string, src, dst node) node {
	switch dir {
	case "src":
		return src
	case "dst":
		return dst
	case "both":
		return and{src, dst}
	}
	return or{src, dst}
}

// ports tests ports from low to high.
func (p *parser) ports(q qualifiers, low, high uint32) (node, error) {
	side := func(off uint32) node {
		if low == high {
			return eq(behind(slotL4, off, 2), low)
		}
		return and{atLeast(behind(slotL4, off, 2), low), not{above(behind(slotL4, off, 2), high)}}
	}
	hasPorts := or{or{transport(6), transport(17)}, transport(132)}
	n := and{and{hasPorts, not{eq(memory(slotL4), 0)}}, sides(q.dir, side(0), side(2))}
	switch q.proto {
	case "":
		return n, nil
	case "ip", "ip6", "tcp", "udp", "sctp":
		return and{protocol(q.proto), n}, nil
	}
	return nil, p.failBefore("%s has no ports", q.proto)
}

// hosts tests addresses within a prefix.
func (p *parser) hosts(q qualifiers, prefix netip.Prefix) (node, error) {
	if prefix.Addr().Is6() {
		switch q.proto {
		case "ip", "arp", "rarp", "icmp", "igmp":
			return nil, p.failBefore("%s has no IPv6 addresses", q.proto)
		}
		n := and{protocol("ip6"), sides(q.dir, address(8, prefix), address(24, prefix))}
		if q.proto == "" || q.proto == "ip6" {
			return n, nil
		}
		return and{protocol(q.proto), n}, nil
	}
	ip := and{protocol("ip"), sides(q.dir, address(12, prefix), address(16, prefix))}
	arp := sides(q.dir, address(14, prefix), address(24, prefix))
	switch q.proto {
	case "ip6", "icmp6":
		return nil, p.failBefore("%s has no IPv4 addresses", q.proto)
	case "arp", "rarp":
		return and{protocol(q.proto), arp}, nil
	case "ip":
		return ip, nil
	case "":
		return or{ip, and{or{protocol("arp"), protocol("rarp")}, arp}}, nil
	}
	return and{protocol(q.proto), ip}, nil
}

// address tests the words of an address at an offset of the network header against a prefix.
func address(off uint32, prefix netip.Prefix) node {
	b := prefix.Addr().AsSlice()
	var all node = eq([]bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegA, Val: 0}}, 0) // of length 0: anything
	for i := 0; i*32 < prefix.Bits(); i++ {
		n := min(prefix.Bits()-i*32, 32)
		mask := ^uint32(0) << (32 - n)
		code := behind(slotL3, off+uint32(4*i), 4)
		if n < 32 {
			code = append(code, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: mask})
		}
		word := eq(code, binary.BigEndian.Uint32(b[4*i:])&mask)
		if i == 0 {
			all = word
		} else {
			all = and{all, word}
		}
	}
	return all
}

func macAt(off uint32, mac [6]byte) node {
	return and{eq(load(off, 4), binary.BigEndian.Uint32(mac[:])), eq(load(off+4, 2), uint32(binary.BigEndian.Uint16(mac[4:])))}
}
