// Package capture takes packets from Linux network interfaces: AF_PACKET sockets with a memory-mapped ring
// (TPACKET_V3, Documentation/networking/packet_mmap.rst), without libpcap and without cgo.
//
// The work is split between two processes. The parent has the right to open sockets and reads no packet:
//
//	sockets, err := capture.Open(capture.Options{Interface: "eth1", RingBytes: 64 << 20, Members: 2, Promiscuous: true})
//
// The child, in its cage, gets the sockets, maps their rings, and hands whole blocks to the decoders without copying:
//
//	ring, err := capture.FromFD(socket)
//	err = ring.Blocks(ctx, func(b *capture.Block) {
//		for p := (capture.Packet{}); b.Next(&p); {
//			decode(p.Time, p.Link, p.Data)
//		}
//	}, tick)
//
// The kernel fills blocks of 1 MiB and hands each over when it is full or 10 ms old, so that a busy core makes one
// system call for thousands of packets or none at all. While a block is read the kernel fills the others; when all are
// full it drops packets and counts them ([Ring.Stats]).
//
// Several sockets share an interface as one fanout group. The kernel hashes each packet onto one of them by a
// program of ours: by its two IP addresses, so that both directions of a conversation, and its fragments, and the
// connections that belong together (FTP, DICOM moves), meet on the same core. The kernel's own hash would send
// fragments and VLAN-tagged traffic elsewhere, which is a way around a sensor. The price is that two machines that
// exchange everything occupy one core.
package capture

import (
	"errors"
	"fmt"
	"net"
	"os"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	filter "bulwark/observe/sensor/internal/bpf"
)

const (
	// BlockSize is the size of one block of a ring, in bytes.
	BlockSize = 1 << 20
	// blockAge is when the kernel hands over a block that is not full, in milliseconds.
	blockAge = 10
	// minBlocks lets the kernel fill one block while another is read.
	minBlocks = 4
	maxBlocks = 16 << 10
)

// ErrGone means that the interface went down or vanished. Open it anew when it returns.
var ErrGone = errors.New("capture: the interface is gone")

// Options say what to capture.
type Options struct {
	// Interface is its name. Required.
	Interface string
	// Filter is what to capture, in tcpdump's language (package bpf). Empty means everything.
	Filter string
	// Program is a filter program, instead of Filter. Its frames are Ethernet with the outer VLAN tag taken out.
	Program []bpf.RawInstruction
	// RingBytes is the memory of each ring; whole blocks of 1 MiB, at least 4. It is halved while the kernel refuses.
	RingBytes int
	// Members is how many sockets share the interface: one a core. 0 means one.
	Members int
	// Promiscuous takes frames that are addressed to others, as a mirror port needs. It ends with the socket.
	Promiscuous bool
	// SnapLen is how many bytes of each frame are kept. 0 means all.
	SnapLen int
}

// Open opens the sockets of an interface, one for each member. It needs CAP_NET_RAW; without it the error is a
// [*Rights]. No packet from before the call, and none twice, comes out of them.
func Open(o Options) ([]*os.File, error) {
	nic, err := net.InterfaceByName(o.Interface)
	if err != nil {
		return nil, fmt.Errorf("opening %q: no such interface: %w", o.Interface, ErrGone)
	}
	if nic.Flags&net.FlagUp == 0 {
		return nil, fmt.Errorf("opening %q: the interface is down (ip link set %s up): %w", o.Interface, o.Interface, ErrGone)
	}
	program, err := o.program(nic)
	if err != nil {
		return nil, err
	}
	var sockets []*os.File
	group := noGroup
	for range max(o.Members, 1) {
		fd, err := o.member(nic, &group)
		if err != nil {
			closeAll(sockets)
			return nil, fmt.Errorf("opening %q: %w", o.Interface, err)
		}
		sockets = append(sockets, os.NewFile(uintptr(fd), "capture "+o.Interface))
	}
	// All members are there and none has let a packet through: now they may.
	for _, s := range sockets {
		if err := withFD(s, func(fd int) error { return setFilter(fd, program) }); err != nil {
			closeAll(sockets)
			return nil, fmt.Errorf("opening %q: setting the filter: %w", o.Interface, err)
		}
	}
	return sockets, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// withFD runs a call on a file's descriptor, leaving its mode alone.
func withFD(f *os.File, call func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	if err := raw.Control(func(fd uintptr) { result = call(int(fd)) }); err != nil {
		return err
	}
	return result
}

// program is the filter that lets packets through.
func (o *Options) program(nic *net.Interface) ([]bpf.RawInstruction, error) {
	if o.Program != nil {
		return o.Program, nil
	}
	frame := filter.EthernetLive
	if len(nic.HardwareAddr) == 0 && nic.Flags&net.FlagLoopback == 0 {
		frame = filter.RawIP // a tunnel
	}
	return filter.Compile(o.Filter, frame, uint32(max(o.SnapLen, 0)))
}

// member opens one socket that lets nothing through yet.
func (o *Options) member(nic *net.Interface, group *int) (fd int, err error) {
	// Protocol 0: nothing arrives before bind.
	fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EPERM) {
		return -1, rights()
	}
	if err != nil {
		return -1, err
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	if err := o.ring(fd); err != nil {
		return fd, err
	}
	if err := setFilter(fd, []bpf.RawInstruction{{Op: unix.BPF_RET | unix.BPF_K}}); err != nil {
		return fd, fmt.Errorf("closing the filter: %w", err)
	}
	if nic.Flags&net.FlagLoopback != 0 { // where each packet would be seen leaving and arriving
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
			return fd, fmt.Errorf("ignoring what leaves: %w", err)
		}
	}
	if o.Promiscuous {
		m := &unix.PacketMreq{Ifindex: int32(nic.Index), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, m); err != nil {
			return fd, fmt.Errorf("going promiscuous: %w", err)
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: nic.Index}); err != nil {
		return fd, fmt.Errorf("binding: %w", err)
	}
	if o.Members > 1 {
		return fd, join(fd, group)
	}
	return fd, nil
}

func bigEndian(v uint16) uint16 { return v<<8 | v>>8 }

// ring gives the socket its ring, halving it while there is no memory for it.
func (o *Options) ring(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("choosing TPACKET_V3: %w", err)
	}
	for blocks := min(max(o.RingBytes/BlockSize, minBlocks), maxBlocks); ; blocks /= 2 {
		const frame = 1 << 11 // of no meaning in version 3, which packs frames, but checked
		err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq3{
			Block_size: BlockSize, Block_nr: uint32(blocks), Frame_size: frame, Frame_nr: uint32(blocks * (BlockSize / frame)),
			Retire_blk_tov: blockAge})
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.ENOMEM) || blocks/2 < minBlocks {
			return fmt.Errorf("a ring of %d MiB: %w", blocks, err)
		}
	}
}

func setFilter(fd int, program []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(program))
	for i, in := range program {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	p := &unix.SockFprog{Len: uint16(len(code)), Filter: unsafe.SliceData(code)}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, p)
}
