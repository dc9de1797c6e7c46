package capture

import (
	"fmt"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// noGroup stands for a group that has no number yet. 0 is a number.
const noGroup = -1

// join adds a bound socket to its fanout group; the first opens it and sets the program.
func join(fd int, group *int) error {
	const typeShift = 16
	first := *group == noGroup
	arg := max(*group, 0) | unix.PACKET_FANOUT_CBPF<<typeShift
	if first {
		arg |= unix.PACKET_FANOUT_FLAG_UNIQUEID << typeShift // the kernel chooses a number that nobody uses
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT, arg); err != nil {
		return fmt.Errorf("joining the group of sockets: %w", err)
	}
	if !first {
		return nil
	}
	id, err := unix.GetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT)
	if err != nil {
		return fmt.Errorf("asking for the number of the group: %w", err)
	}
	*group = id & 0xffff
	code, err := bpf.Assemble(spread())
	if err != nil {
		return fmt.Errorf("assembling the hash: %w", err)
	}
	prog := make([]unix.SockFilter, len(code))
	for i, in := range code {
		prog[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	p := &unix.SockFprog{Len: uint16(len(prog)), Filter: unsafe.SliceData(prog)}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_PACKET, unix.PACKET_FANOUT_DATA, p); err != nil {
		return fmt.Errorf("setting the hash: %w", err)
	}
	return nil
}

// spread is the program that chooses a member: the kernel takes its result modulo their number. It adds up the words
// of both addresses, which is the same in both directions. What is no IP goes to the first.
//
// Where the frame begins depends on its way through the kernel, so loads are relative to the network header
// (SKF_NET_OFF). The kernel has taken the outer VLAN tag off what arrives; an inner tag, and the tag of what
// leaves, may still stand where the network header is thought to begin, and is stepped over.
func spread() []bpf.Instruction {
	const network = 0xfff00000 // SKF_NET_OFF of <linux/filter.h>
	at := func(off uint32, size int) bpf.Instruction { return bpf.LoadAbsolute{Off: network + off, Size: size} }
	hash := func(from, words uint32) []bpf.Instruction {
		code := []bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegX, Val: 0}}
		for i := range words {
			code = append(code, at(from+4*i, 4), bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{})
		}
		// Fibonacci hashing: the upper half depends on all bits.
		return append(code, bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: 0x9e3779b1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 16}, bpf.RetA{})
	}
	// family decides by the EtherType in A, with the header at an offset: hash both addresses, else go on behind.
	family := func(off uint32) []bpf.Instruction {
		v4, v6 := hash(off+12, 2), hash(off+8, 8) // RFC 791 §3.1, RFC 8200 §3
		code := []bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.ETH_P_IP, SkipTrue: uint8(len(v4))}}
		code = append(code, v4...)
		code = append(code, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.ETH_P_IPV6, SkipTrue: uint8(len(v6))})
		return append(code, v6...)
	}
	code := []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtProto}}
	code = append(code, family(0)...)
	code = append(code, at(2, 2)) // behind a tag's control field
	code = append(code, family(4)...)
	code = append(code, at(6, 2))
	code = append(code, family(8)...)
	// A frame that leaves with its tag inside: the network header is where it should be.
	code = append(code, at(0, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0x40, SkipTrue: 1}, bpf.LoadConstant{Dst: bpf.RegA, Val: unix.ETH_P_IP},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0x60, SkipTrue: 1}, bpf.LoadConstant{Dst: bpf.RegA, Val: unix.ETH_P_IPV6})
	code = append(code, family(0)...)
	return append(code, bpf.RetConstant{Val: 0})
}
