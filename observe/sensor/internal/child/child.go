// Package child is the sensor's caged process: it reads packets from files and sockets it is handed, runs the engine
// over them, and sends events to its parent. It opens nothing and knows no secret but the pseudonym key.
package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"

	"bulwark/observe/sensor/internal/engine"
	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/clock"
	"bulwark/platform/pseudonym"
	"bulwark/wire/pcap"
)

// Orders are what the parent says: a message, with an open file where the message needs one. io.EOF ends them.
type Orders interface {
	Receive() (message []byte, file *os.File, err error)
}

// Run obeys the parent until it says that there is nothing more to do, or goes away.
func Run(in Orders, out io.Writer) error {
	p := newPipe(out)
	err := run(in, p)
	return errors.Join(err, p.close())
}

func run(in Orders, p *pipe) error {
	start, err := receiveStart(in)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &crew{start: start, pipe: p, clock: clock.System{}, parked: map[int]parked{}}
	defer c.finish()
	defer stop()
	p.report(link.Report{Ready: true})
	for {
		order, file, err := receive(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case order.End:
			return nil
		case order.Source == nil || file == nil:
			return errors.New("child: an order without a source")
		case order.Source.Live:
			c.watch(ctx, order.Source, file)
		default:
			c.read(order.Source, file)
		}
	}
}

func receive(in Orders) (link.Order, *os.File, error) {
	var o link.Order
	text, file, err := in.Receive()
	if err != nil {
		return o, nil, err
	}
	if err := json.Unmarshal(text, &o); err != nil {
		return o, nil, fmt.Errorf("child: reading an order: %w", err)
	}
	return o, file, nil
}

func receiveStart(in Orders) (*link.Start, error) {
	o, _, err := receive(in)
	if err != nil {
		return nil, err
	}
	if o.Start == nil || len(o.Start.Pseudonyms) != 32 {
		return nil, errors.New("child: the first order does not start")
	}
	return o.Start, nil
}

// crew are the workers. Files are read by one of them, one after the other, as one capture.
type crew struct {
	start *link.Start
	pipe  *pipe
	clock clock.Clock
	ids   atomic.Uint64
	made  uint64

	reader  *engine.Worker
	outbox  *outbox
	live    sync.WaitGroup
	journal journal

	// mu guards parked and made.
	mu     sync.Mutex
	parked map[int]parked // by place
}

// worker makes the next worker. Flow ids of different workers interleave.
func (c *crew) worker(name string) (*engine.Worker, *outbox) {
	o := newOutbox(c.pipe, c.start, c.clock, &c.ids)
	n := uint64(max(c.start.Workers, 1))
	w := engine.New(engine.Options{
		Sink: o, Patients: pseudonym.New([32]byte(c.start.Pseudonyms)),
		Limits: engine.Limits{Flows: c.start.Flows / int(n), Reassembly: c.start.Reassembly / int(n)},
		Seed:   c.start.Seed, FirstFlow: c.start.FirstFlow + c.made%n, FlowStep: n,
		Report: c.start.ReportNanos, Stats: c.start.StatsNanos, Interface: name, Full: c.start.Ordered, EVE: c.start.EVE,
		Records: c.start.Records,
		Hashes:  c.hashes(),
		Others:  c.others(),
	})
	c.made++
	return w, o
}

// hashes are the digests that are made of files: where EVE is written all that it may ask for.
func (c *crew) hashes() engine.Hashes {
	if c.start.EVE {
		return engine.MD5 | engine.SHA1 | engine.SHA256
	}
	return engine.SHA256
}

// others is where workers tell what they learn; nowhere when there is one.
func (c *crew) others() engine.Learner {
	if c.start.Workers < 2 {
		return nil
	}
	return &c.journal
}

// read reads a capture file to its end, or as far as it is readable, and says how far that was.
func (c *crew) read(s *link.Source, f *os.File) {
	if c.reader == nil {
		c.reader, c.outbox = c.worker("")
	}
	r := link.Report{Source: s.Name}
	var before, after runtime.MemStats
	if c.start.Discard {
		runtime.ReadMemStats(&before)
	}
	if err := c.readFile(f, &r); err != nil {
		r.Error = err.Error()
	}
	f.Close()
	if c.start.Discard {
		c.reader.Close() // what it still holds belongs to the measurement
	}
	c.outbox.flush()
	if c.start.Discard {
		runtime.ReadMemStats(&after)
		r.Allocations = after.Mallocs - before.Mallocs
	}
	r.Events = c.outbox.sent.Swap(0)
	if c.start.Discard {
		c.reader, c.outbox = nil, nil
	}
	c.pipe.report(r)
}

func (c *crew) readFile(f *os.File, r *link.Report) (err error) {
	debug.SetPanicOnFault(true) // a mapped file that is cut meanwhile
	defer func() {
		switch e := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }: // of debug.SetPanicOnFault
			err = errCut
		default:
			panic(e)
		}
	}()
	src, mapped, err := source(f)
	defer mapped.close()
	if err != nil {
		return err
	}
	var p pcap.Packet
	for {
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		r.Packets++
		r.Bytes += uint64(p.Orig)
		if r.Packets%(1<<14) == 0 {
			mapped.release(src.Offset())
		}
		c.reader.Packet(p.Time, p.Link, p.Orig, 0, p.Data)
	}
}

// errCut: a file that is mapped ended before its end.
var errCut = errors.New("the file was cut while it was read")

// mapping is a file in memory; nil for one that is read as a stream.
type mapping struct {
	bytes    []byte
	released int
}

// source reads f through a map where it is a file, as a stream otherwise.
func source(f *os.File) (*pcap.Reader, *mapping, error) {
	st, err := f.Stat()
	if err == nil && st.Mode().IsRegular() && st.Size() > 0 {
		m, err := syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
		if err == nil {
			r, err := pcap.FromBytes(m)
			return r, &mapping{bytes: m}, err
		}
	}
	r, err := pcap.NewReader(f)
	return r, nil, err
}

// release gives back the memory of what stands before offset: a capture may be larger than the machine.
func (m *mapping) release(offset int64) {
	const piece = 16 << 20
	if m == nil || offset > int64(len(m.bytes)) {
		return // of a compressed file the offset counts what came out
	}
	if to := int(offset) &^ (piece - 1); to > m.released {
		_ = syscall.Madvise(m.bytes[m.released:to], syscall.MADV_DONTNEED) // it only costs memory when refused
		m.released = to
	}
}

func (m *mapping) close() {
	if m != nil {
		_ = syscall.Munmap(m.bytes)
	}
}

// finish ends what is still under way and reports the last events.
func (c *crew) finish() {
	c.live.Wait()
	if c.reader != nil {
		c.reader.Close()
		c.outbox.flush()
	}
}
