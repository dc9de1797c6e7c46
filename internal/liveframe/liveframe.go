// Package liveframe lets recorded frames arrive at one end of a veth pair as fast as one core of Linux can bring them, or
// at a rate: what the live tests and benches of the sensor stand against. No system call is made for a frame: an XDP
// program is run over and over by BPF_PROG_RUN with BPF_F_TEST_XDP_LIVE_FRAMES (Documentation/bpf/bpf_prog_run.rst),
// writes a frame into the page that it is handed, and passes it to the kernel as one that the interface has received.
// All the kernel's work up to the socket that reads is done on the core that sends, and nothing is lost on the way.
//
//	s, err := liveframe.Open("v0", tape)
//	sent, took, err := s.Send(1_000_000, 500_000)
//
// It needs root and Linux 5.18.
package liveframe

import (
	"errors"
	"fmt"
	"net"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// Sender sends a tape. It belongs to one goroutine, locked to a thread that stays in the namespace.
type Sender struct {
	to      int // the index of the interface
	closers []interface{ Close() error }
	program *ebpf.Program
	state   *ebpf.Map
}

// ErrNoLiveFrames means that this kernel or this user may not run XDP programs on live frames.
var ErrNoLiveFrames = errors.New("liveframe: live frames are not permitted here")

// ErrSlow means a rate under [MinRate].
var ErrSlow = errors.New("liveframe: the rate is too low")

// MinRate is the lowest rate, in frames a second: the program may not wait longer for one frame.
const MinRate = 50_000

// Open loads the tape into the kernel and prepares the interface where it will arrive: one end of a veth pair in the
// network namespace of the calling thread, up, its MTU at most 3,400, for a frame is one page.
func Open(name string, tape *Tape) (s *Sender, err error) {
	to, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("sending to %q: %w", name, err)
	}
	s = &Sender{to: to.Index}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	pass, err := ebpf.NewProgram(passing())
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrNoLiveFrames, err)
	}
	s.closers = append(s.closers, pass)
	// A veth pair has queues that live frames can name only while a program is attached.
	l, err := link.AttachXDP(link.XDPOptions{Program: pass, Interface: to.Index, Flags: link.XDPDriverMode})
	if err != nil {
		return s, fmt.Errorf("attaching a program to %q: %w", name, err)
	}
	s.closers = append(s.closers, l)
	return s, s.load(tape)
}

// load makes the maps and the program.
func (s *Sender) load(t *Tape) error {
	if t.Len() == 0 {
		return ErrEmpty
	}
	frames, err := ebpf.NewMap(&ebpf.MapSpec{Name: "frames", Type: ebpf.Array, KeySize: 4, ValueSize: uint32(t.room()), MaxEntries: 1,
		Flags: unix.BPF_F_MMAPABLE})
	if err != nil {
		return fmt.Errorf("making room for %d bytes of frames: %w", t.room(), err)
	}
	s.closers = append(s.closers, frames)
	m, err := frames.Memory()
	if err != nil {
		return err
	}
	if _, err := m.WriteAt(t.data, 0); err != nil {
		return fmt.Errorf("loading the frames: %w", err)
	}
	s.state, err = ebpf.NewMap(&ebpf.MapSpec{Name: "state", Type: ebpf.Array, KeySize: 4, ValueSize: uint32(unsafe.Sizeof(state{})), MaxEntries: 1})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.state)
	if err := s.state.Put(uint32(0), state{End: uint64(len(t.data))}); err != nil {
		return err
	}
	s.program, err = ebpf.NewProgram(sending(frames.FD(), s.state.FD(), t.room()))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoLiveFrames, err)
	}
	s.closers = append(s.closers, s.program)
	return nil
}

// Close takes everything out of the kernel.
func (s *Sender) Close() error {
	var err error
	for _, c := range s.closers {
		err = errors.Join(err, c.Close())
	}
	s.closers = nil
	return err
}

// Send sends n frames, going on where it stopped before and beginning anew at the end of the tape. rate is in frames a
// second, at least [MinRate]; 0 is as fast as it goes. A sender that falls behind its rate does not catch up more than a
// millisecond. The kernel prepares some 25 ms for each call: let n be a second's worth or more.
func (s *Sender) Send(n uint32, rate float64) (sent uint64, took time.Duration, err error) {
	if rate != 0 && rate < MinRate {
		return 0, 0, ErrSlow
	}
	var before, after state
	if err := s.state.Lookup(uint32(0), &before); err != nil {
		return 0, 0, err
	}
	now := before
	now.Gap, now.Due = 0, 0
	if rate > 0 {
		now.Gap = uint64(1e9 / rate * tick)
	}
	if err := s.state.Put(uint32(0), now); err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	_, err = s.program.Run(&ebpf.RunOptions{Data: make([]byte, MaxFrame), Context: receipt{DataEnd: MaxFrame, Interface: uint32(s.to)},
		Repeat: n, BatchSize: batch, Flags: unix.BPF_F_TEST_XDP_LIVE_FRAMES})
	took = time.Since(begin)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
		err = fmt.Errorf("%w: %w", ErrNoLiveFrames, err)
	}
	if err != nil {
		return 0, 0, err
	}
	if err := s.state.Lookup(uint32(0), &after); err != nil {
		return 0, 0, err
	}
	return after.Sent - before.Sent, took, nil
}

// receipt is struct xdp_md of <linux/bpf.h>: where a frame was received.
type receipt struct{ Data, DataEnd, DataMeta, Interface, Queue, Egress uint32 }

// batch is how many frames the kernel makes before it hands them on.
const batch = 64
