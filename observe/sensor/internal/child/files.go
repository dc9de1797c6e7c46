package child

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"

	"bulwark/observe/sensor/internal/engine"
	"bulwark/observe/sensor/internal/link"
	"bulwark/wire/pcap"
)

// reader is a worker that reads files, with the sink of its events. Where there are several, each takes the packets of
// its own conversations, as the members of a live interface's fanout group do.
type reader struct {
	worker *engine.Worker
	outbox *outbox
	heard  uint64 // how much of the journal was read
}

// read reads a capture file to its end, or as far as it is readable, and says how far that was.
func (c *crew) read(s *link.Source, f *os.File) {
	for len(c.readers) < c.shares() {
		w, o := c.worker("")
		c.readers = append(c.readers, reader{worker: w, outbox: o})
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
	readers := c.readers
	if c.start.Discard {
		c.endReaders() // what they still hold belongs to the measurement
		runtime.ReadMemStats(&after)
		r.Allocations = after.Mallocs - before.Mallocs
	}
	for i := range readers {
		readers[i].outbox.flush()
		r.Events += readers[i].outbox.sent.Swap(0)
	}
	c.pipe.report(r)
}

// shares is how many workers read files together.
func (c *crew) shares() int {
	if c.start.Ordered {
		return 1
	}
	return max(c.start.Workers, 1)
}

func (c *crew) endReaders() {
	var wait sync.WaitGroup
	for _, r := range c.readers {
		wait.Go(func() {
			r.worker.Close()
			r.outbox.flush()
		})
	}
	wait.Wait()
	c.readers = nil
}

func (c *crew) readFile(f *os.File, r *link.Report) (err error) {
	mapped := mapFile(f)
	defer mapped.close()
	defer guard(&err)()
	src, err := source(f, mapped)
	if err != nil {
		return err
	}
	n := len(c.readers)
	if mapped == nil || src.Packed() { // what is read as a stream lies in one buffer
		n = 1
	}
	h := newHerd(src, mapped, n)
	var wait sync.WaitGroup
	counts, errs := make([]link.Report, n), make([]error, n)
	for i := range n {
		wait.Go(func() { errs[i] = c.follow(h, i, &counts[i]) })
	}
	wait.Wait()
	for i := range counts {
		r.Packets += counts[i].Packets
		r.Bytes += counts[i].Bytes
	}
	return errors.Join(append(errs, h.err)...)
}

// guard makes a mapped file that is cut meanwhile an error of the function that defers what it returns.
func guard(err *error) func() {
	debug.SetPanicOnFault(true)
	return func() {
		switch e := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }: // of debug.SetPanicOnFault
			*err = errCut
		default:
			panic(e)
		}
	}
}

// follow gives reader i its packets.
func (c *crew) follow(h *herd, i int, r *link.Report) (err error) {
	defer h.leave(i)
	defer guard(&err)()
	w := c.readers[i].worker
	for {
		flock := h.next(i)
		if flock == nil {
			return nil
		}
		for k := range flock.packets {
			p := &flock.packets[k]
			r.Packets++
			r.Bytes += uint64(p.Orig)
			w.Packet(p.Time, p.Link, p.Orig, 0, p.Data)
		}
		c.readers[i].heard = c.journal.since(c.readers[i].heard, w)
	}
}

// errCut: a file that is mapped ended before its end.
var errCut = errors.New("the file was cut while it was read")

// mapping is a file in memory; nil for one that is read as a stream.
type mapping struct {
	bytes    []byte
	released int
}

// mapFile maps a file; nil for what is no file.
func mapFile(f *os.File) *mapping {
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() || st.Size() == 0 {
		return nil
	}
	m, err := syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return &mapping{bytes: m}
}

func source(f *os.File, m *mapping) (*pcap.Reader, error) {
	if m == nil {
		return pcap.NewReader(f)
	}
	return pcap.FromBytes(m.bytes)
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
