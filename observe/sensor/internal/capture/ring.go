package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"bulwark/wire/pcap"
)

// Ring reads one socket that [Open] made. It is for one goroutine, but for Stats and Close, which belong to it too.
type Ring struct {
	file   *os.File
	mem    []byte
	blocks int
	next   int // the block that the kernel hands over next
	stats  Stats
}

// Stats are what happened to the packets of a socket since it was opened.
type Stats struct {
	// Received is how many passed the filter into the ring.
	Received uint64
	// Dropped is how many passed the filter and found the ring full.
	Dropped uint64
	// Freezes is how often the ring was full.
	Freezes uint64
}

// FromFD maps the ring of a socket. It needs no right at all. The ring owns the file from then on.
func FromFD(f *os.File) (*Ring, error) {
	r := &Ring{file: f}
	// A ring can only be mapped whole, and its size cannot be asked for: it is found by trying.
	err := withFD(f, func(fd int) error {
		err := error(unix.EINVAL)
		for n := minBlocks; n <= maxBlocks && errors.Is(err, unix.EINVAL); n++ {
			r.mem, err = unix.Mmap(fd, 0, n*BlockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
			r.blocks = n
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mapping the ring: %w", err)
	}
	return r, nil
}

// Close gives back the memory and closes the socket.
func (r *Ring) Close() error {
	err := unix.Munmap(r.mem)
	r.mem = nil
	return errors.Join(err, r.file.Close())
}

// Size is the memory of the ring in bytes.
func (r *Ring) Size() int { return len(r.mem) }

// tickTime is how often tick is called on a quiet link.
const tickTime = 100 * time.Millisecond

// Blocks hands over blocks of packets as they come, until ctx ends, which it notices within 100 ms. A block, and the
// data of its packets, are valid during the call only: afterwards the kernel fills it anew. On a link without packets
// tick is called every 100 ms. The error is ctx's, [ErrGone] when the interface went away, or the socket's own.
func (r *Ring) Blocks(ctx context.Context, block func(*Block), tick func()) error {
	var b Block
	for {
		if err := r.drain(ctx, &b, block); err != nil {
			return err
		}
		ready, err := r.wait(tickTime)
		if err != nil {
			// The last packets may be in a block that is not old enough. The error has been taken: this waits for them.
			if _, late := r.wait(2 * blockAge * time.Millisecond); late == nil {
				err = errors.Join(r.drain(ctx, &b, block), err)
			}
			return err
		}
		if !ready {
			tick()
		}
	}
}

// drain hands over the blocks that are ours.
func (r *Ring) drain(ctx context.Context, b *Block, block func(*Block)) error {
	for r.take(b) {
		block(b)
		r.give()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// take opens the next block if it is ours.
func (r *Ring) take(b *Block) bool {
	mem := r.mem[r.next*BlockSize : (r.next+1)*BlockSize : (r.next+1)*BlockSize]
	h := (*unix.TpacketHdrV1)(unsafe.Pointer(&mem[blockHeader]))
	if atomic.LoadUint32(&h.Block_status)&unix.TP_STATUS_USER == 0 {
		return false
	}
	*b = Block{mem: mem, off: h.Offset_to_first_pkt, left: h.Num_pkts}
	return true
}

// give returns the block to the kernel.
func (r *Ring) give() {
	h := (*unix.TpacketHdrV1)(unsafe.Pointer(&r.mem[r.next*BlockSize+blockHeader]))
	atomic.StoreUint32(&h.Block_status, unix.TP_STATUS_KERNEL)
	r.next = (r.next + 1) % r.blocks
}

// wait waits until there may be a block.
func (r *Ring) wait(d time.Duration) (ready bool, err error) {
	err = withFD(r.file, func(fd int) error {
		set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		ts := unix.NsecToTimespec(int64(d))
		n, err := unix.Ppoll(set, &ts, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			ready = true // look again, without a tick
			return nil
		case err != nil:
			return fmt.Errorf("waiting for packets: %w", err)
		case n > 0 && set[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0:
			return failure(fd)
		}
		ready = n > 0
		return nil
	})
	return ready, err
}

// failure is the pending error of the socket.
func failure(fd int) error {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return fmt.Errorf("asking the socket for its error: %w", err)
	case errno == int(unix.ENETDOWN), errno == int(unix.ENODEV), errno == 0: // 0: somebody else has asked
		return ErrGone
	}
	return fmt.Errorf("capturing: %w", unix.Errno(errno))
}

// Stats asks the kernel for its counters and adds them up: it forgets what it told.
func (r *Ring) Stats() (Stats, error) {
	err := withFD(r.file, func(fd int) error {
		s, err := unix.GetsockoptTpacketStatsV3(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err != nil {
			return fmt.Errorf("asking for the drop counters: %w", err)
		}
		r.stats.Received += uint64(s.Packets - s.Drops) // the kernel counts dropped packets among the packets
		r.stats.Dropped += uint64(s.Drops)
		r.stats.Freezes += uint64(s.Freeze_q_cnt)
		return nil
	})
	return r.stats, err
}

// blockHeader is where struct tpacket_hdr_v1 stands in struct tpacket_block_desc, behind version and private offset.
const blockHeader = 8

// Block is a run of packets in the ring.
type Block struct {
	mem  []byte
	off  uint32
	left uint32
}

// Packet is one packet in the ring.
type Packet struct {
	// Time is when the kernel saw it, in Unix nanoseconds.
	Time int64
	// Data is what was kept of it. It points into the ring, is valid during the call only, and must not be written.
	Data []byte
	// Orig is how many bytes it had on the wire, without the tag that was taken out.
	Orig int
	// Link is what Data begins with.
	Link pcap.LinkType
	// Tagged tells that the kernel took a VLAN tag out of Data.
	Tagged bool
	// TPID is the tag's protocol, 0x8100 or 0x88a8; 0 where the kernel does not tell.
	TPID uint16
	// TCI is the tag's control field; the VLAN id is its lower 12 bits.
	TCI uint16
	// Outgoing tells that this machine sent it.
	Outgoing bool
}

// Next reads the next packet of the block and tells whether there was one.
func (b *Block) Next(p *Packet) bool {
	const headers = uint32(unsafe.Sizeof(unix.Tpacket3Hdr{}) + unsafe.Sizeof(unix.RawSockaddrLinklayer{}))
	if b.left == 0 || uint64(b.off)+uint64(headers) > uint64(len(b.mem)) {
		b.left = 0
		return false
	}
	h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&b.mem[b.off]))
	from := uint64(b.off) + uint64(h.Mac)
	to := from + uint64(h.Snaplen)
	if to > uint64(len(b.mem)) { // the kernel does not do this
		b.left = 0
		return false
	}
	sender := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&b.mem[b.off+uint32(unsafe.Sizeof(*h))]))
	p.Time = int64(h.Sec)*1e9 + int64(h.Nsec)
	p.Data = b.mem[from:to:to]
	p.Orig = int(h.Len)
	p.Link = link(sender.Hatype)
	p.Outgoing = sender.Pkttype == unix.PACKET_OUTGOING
	p.Tagged = h.Status&unix.TP_STATUS_VLAN_VALID != 0
	p.TCI, p.TPID = 0, 0
	if p.Tagged {
		p.TCI = uint16(h.Hv1.Vlan_tci)
		if h.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			p.TPID = h.Hv1.Vlan_tpid
		}
	}
	b.off += h.Next_offset
	b.left--
	return true
}

// link is the link type of a hardware type (ARPHRD_ of <linux/if_arp.h>).
func link(hardware uint16) pcap.LinkType {
	switch hardware {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return pcap.LinkEthernet
	case unix.ARPHRD_IEEE80211:
		return pcap.Link80211
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return pcap.LinkRadiotap
	}
	return pcap.LinkRaw // tunnels have no link header
}
