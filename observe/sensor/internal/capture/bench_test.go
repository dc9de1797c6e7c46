package capture

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bulwark/internal/liveframe"
)

// BenchmarkRing floods one end of a pair of interfaces and reads it through a ring of 256 MiB, touching each packet.
// It tells the rate that was offered, what of it was lost, and what a packet costs the reader. On a machine of two cores
// sender and receiver have one each.
func BenchmarkRing(b *testing.B) {
	for _, size := range []int{60, 527, 1500} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			needVeth(b)
			r := rings(b, Options{Interface: "a0", RingBytes: 256 << 20})[0]
			f := newFlood(b, "a0", size)
			ctx, cancel := context.WithCancel(context.Background())
			used := make(chan time.Duration)
			go func() { used <- touch(ctx, r) }()
			var sent uint64
			var took time.Duration
			for b.Loop() {
				n, d, err := f.Send(1_000_000, 0)
				if err != nil {
					b.Fatal(err)
				}
				sent, took = sent+n, took+d
			}
			stats, err := r.Stats()
			if err != nil {
				b.Fatal(err)
			}
			cancel()
			cpu := <-used
			if got := stats.Received + stats.Dropped; got != sent {
				b.Errorf("%d packets were read or dropped, want the %d that were sent", got, sent)
			}
			b.ReportMetric(float64(sent)/took.Seconds()/1e6, "Mpps")
			b.ReportMetric(100*float64(stats.Dropped)/float64(sent), "%lost")
			b.ReportMetric(float64(cpu.Nanoseconds())/float64(stats.Received), "ns/read")
		})
	}
}

// newFlood sends UDP packets of 1,000 clients to an interface, in frames of one size.
func newFlood(b *testing.B, name string, size int) *liveframe.Sender {
	b.Helper()
	tape := new(liveframe.Tape)
	for port := range 1000 {
		etherType, packet := datagram(here, there, uint16(port), 2, 0)
		if err := tape.Add(ethernet(etherType, append(packet, make([]byte, size-14-len(packet))...))); err != nil {
			b.Fatal(err)
		}
	}
	runtime.LockOSThread() // live frames are of the namespace of their thread
	s, err := liveframe.Open(name, tape)
	if errors.Is(err, liveframe.ErrNoLiveFrames) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// touch reads one byte of each packet until ctx ends, and returns the CPU time that took.
func touch(ctx context.Context, r *Ring) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, touched := threadTime(), byte(0)
	_ = r.Blocks(ctx, func(block *Block) {
		for p := (Packet{}); block.Next(&p); {
			touched += p.Data[12]
		}
	}, func() {}) // it ends with ctx
	runtime.KeepAlive(touched)
	return threadTime() - before
}

// threadTime is what this thread has used of its core.
func threadTime() time.Duration {
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
