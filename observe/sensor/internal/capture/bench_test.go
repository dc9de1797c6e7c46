package capture

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batch is how many frames one system call of the flood sends.
const batch = 64

// flood sends one frame over and over, a batch for each call of sendmmsg, past the queues of the interface.
type flood struct {
	fd       int
	frame    []byte
	vector   unix.Iovec
	messages [batch]struct { // struct mmsghdr
		header unix.Msghdr
		sent   uint32
	}
}

func newFlood(b *testing.B, name string, frame []byte) *flood {
	b.Helper()
	f := &flood{fd: newSender(b, name).fd, frame: frame}
	if err := unix.SetsockoptInt(f.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		b.Fatal(err)
	}
	f.vector = unix.Iovec{Base: unsafe.SliceData(frame), Len: uint64(len(frame))}
	for i := range f.messages {
		f.messages[i].header.Iov, f.messages[i].header.Iovlen = &f.vector, 1
	}
	return f
}

func (f *flood) send(b *testing.B) {
	for from := 0; from < batch; {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(f.fd), uintptr(unsafe.Pointer(&f.messages[from])), uintptr(batch-from), 0, 0, 0)
		if errno != 0 && errno != unix.ENOBUFS && errno != unix.EAGAIN {
			b.Fatal(errno)
		}
		if errno == 0 {
			from += int(n)
		}
	}
}

// BenchmarkVeth floods one end of a pair of interfaces and reads the other through a ring of 256 MiB, touching each
// packet. It tells the rate that was offered and what of it was lost. On a machine of two cores sender and receiver
// have one each; the sender is the slower.
func BenchmarkVeth(b *testing.B) {
	for _, size := range []int{60, 527, 1500} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			needVeth(b)
			r := rings(b, Options{Interface: "a0", RingBytes: 256 << 20})[0]
			etherType, packet := datagram(here, there, 1, 2, 0)
			f := newFlood(b, "b0", ethernet(etherType, append(packet, make([]byte, size-14-len(packet))...)))
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan byte)
			go func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				touched := byte(0)
				r.Blocks(ctx, func(block *Block) {
					for p := (Packet{}); block.Next(&p); {
						touched += p.Data[12]
					}
				}, func() {})
				done <- touched
			}()
			for b.Loop() {
				f.send(b)
			}
			b.ReportMetric(float64(b.N)*batch/b.Elapsed().Seconds()/1e6, "Mpps")
			stats, err := r.Stats()
			if err != nil {
				b.Fatal(err)
			}
			cancel()
			<-done
			b.ReportMetric(100*float64(stats.Dropped)/float64(stats.Received+stats.Dropped), "%lost")
		})
	}
}
