// Package bpf compiles the filter language of tcpdump, as far as people use it, to classic BPF.
//
// The language is that of pcap-filter(7), less what needs names looked up or bytes computed:
//
//	expression = primitive { ("and" | "&&" | "or" | "||") primitive }     and and or bind alike, from the left
//	primitive  = ["not" | "!"] ( "(" expression ")" | test )
//	test       = [ "ip" | "ip6" | "tcp" | "udp" | "sctp" ] [ "src" | "dst" | "src or dst" | "src and dst" ] value
//	           | protocol | "proto" number | "vlan" [number] | "ether" ["src"|"dst"] ["host"] MAC
//	           | "broadcast" | "multicast" | "less" number | "greater" number
//	value      = "host" address | "net" prefix ["mask" address] | "port" number | "portrange" number "-" number
//	protocol   = "ip" | "ip6" | "arp" | "rarp" | "tcp" | "udp" | "sctp" | "icmp" | "icmp6" | "igmp" | "esp" | "gre"
//
// A value alone takes the words of the one before it: "port 80 or 443", "src host 10.0.0.1 or 10.0.0.2".
//
// One thing differs on purpose. tcpdump's "host" and "port" do not see into VLAN-tagged frames unless "vlan" stands
// before them, where it moves every offset behind it; a mirror port carries both kinds, and a filter that silently
// misses half of them protects nobody. Here tests look through up to two tags, "vlan 12" asks for a tag with
// that id (outer or inner), and moves nothing. IPv6 extension headers are followed, up to four.
//
// Fragments other than the first have no ports: "port 53" does not match them.
package bpf

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// Frame says how the frames begin that a filter is for.
type Frame uint8

const (
	// Ethernet is IEEE 802.3, as in files and as sent.
	Ethernet Frame = iota
	// EthernetLive is Ethernet at a Linux packet socket: the kernel has taken the outer VLAN tag out of the frame.
	EthernetLive
	// RawIP is IPv4 or IPv6 without a link header, as on tunnels.
	RawIP
)

// All is the snapshot length that keeps every frame whole.
const All = 256 << 10

// Error says where an expression is wrong.
type Error struct {
	// Pos is the place in bytes from the start of the expression, from 0.
	Pos int
	// Text is what is wrong there.
	Text string
	// Expression is the whole.
	Expression string
}

func (e *Error) Error() string {
	return fmt.Sprintf("filter %q: at %d: %s", e.Expression, e.Pos+1, e.Text)
}

// Compile compiles an expression for frames that begin as frame says. The program returns snap for a frame that
// matches, else 0; a snap of 0 stands for [All]. An empty expression matches everything.
func Compile(expression string, frame Frame, snap uint32) ([]bpf.RawInstruction, error) {
	if snap == 0 {
		snap = All
	}
	tree, err := parse(expression, frame)
	if err != nil {
		return nil, err
	}
	if tree == nil {
		return bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: snap}})
	}
	code := generate(tree, frame, snap)
	const limit = 4096 // BPF_MAXINSNS
	if len(code) > limit {
		return nil, &Error{Expression: expression, Text: fmt.Sprintf("too long: %d instructions, at most %d", len(code), limit)}
	}
	return bpf.Assemble(code)
}

// Matcher decides frames in the program itself, for capture files. The zero value matches everything.
type Matcher struct{ vm *bpf.VM }

// NewMatcher compiles an expression for frames of a file.
func NewMatcher(expression string, frame Frame) (Matcher, error) {
	raw, err := Compile(expression, frame, 0)
	if err != nil {
		return Matcher{}, err
	}
	code, _ := bpf.Disassemble(raw)
	vm, err := bpf.NewVM(code)
	if err != nil {
		return Matcher{}, fmt.Errorf("filter %q: %w", expression, err)
	}
	return Matcher{vm: vm}, nil
}

// Match tells whether the expression matches a frame. A frame cut before what is asked for does not.
func (m Matcher) Match(frame []byte) bool {
	if m.vm == nil {
		return true
	}
	n, err := m.vm.Run(frame)
	return err == nil && n > 0
}
