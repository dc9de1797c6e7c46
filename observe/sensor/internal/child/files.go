package child

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"bulwark/observe/sensor/internal/bpf"
	"bulwark/observe/sensor/internal/link"
	"bulwark/observe/sensor/internal/ring"
	"bulwark/wire/pcap"
)

// reader is a worker that reads files, with the sink of its events. Where there are several, each takes the packets of
// its own conversations, as the members of a live interface's fanout group do.
type reader struct {
	watcher
	kept ring.Packet
}

// given is a source with its file.
type given struct {
	source *link.Source
	file   *os.File
}

// readFiles reads capture files as they come, until no more do.
func (c *crew) readFiles() {
	idle := time.NewTicker(idleEvery)
	defer idle.Stop()
	for {
		select {
		case g, ok := <-c.sources:
			if !ok {
				return
			}
			c.read(g.source, g.file)
		case <-idle.C:
			for i := range c.readers {
				c.readers[i].between(c.clock.Now())
			}
		}
	}
}

// idleEvery is how often is looked after what is due while there is no file to read.
const idleEvery = 100 * time.Millisecond

// read reads a capture file to its end, or as far as it is readable, and says how far that was.
func (c *crew) read(s *link.Source, f *os.File) {
	for len(c.readers) < c.shares() {
		w := c.watcher("")
		w.recorder = c.recorder(len(c.readers), "")
		c.readers = append(c.readers, reader{watcher: w})
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
		r.Ring = counts(readers[i].recorder, r.Ring)
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
	for i := range c.readers {
		r := &c.readers[i]
		wait.Go(func() {
			r.Close()
			r.outbox.flush()
			r.rest()
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
	h := newHerd(src, mapped, len(c.readers))
	var wait sync.WaitGroup
	counts, errs := make([]link.Report, h.n), make([]error, h.n)
	for i := range h.n {
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
	w := &c.readers[i]
	wanted, err := newFilter(c.start.Filter)
	if err != nil {
		return err
	}
	for {
		flock := h.next(i)
		if flock == nil {
			return nil
		}
		for k := range flock.packets {
			p := &flock.packets[k]
			if !wanted.match(p) {
				continue
			}
			r.Packets++
			r.Bytes += uint64(p.Orig)
			w.kept.Time, w.kept.Link, w.kept.Size, w.kept.Data = p.Time, p.Link, p.Orig, p.Data
			w.take(&w.kept, 0)
		}
		w.listen()
		w.between(c.clock.Now())
	}
}

// filter decides which packets of a file are read. Its zero value takes all.
type filter struct{ ethernet, ip bpf.Matcher }

func newFilter(expression string) (f filter, err error) {
	if expression == "" {
		return f, nil
	}
	if f.ethernet, err = bpf.NewMatcher(expression, bpf.Ethernet); err != nil {
		return f, err
	}
	if f.ip, err = bpf.NewMatcher(expression, bpf.RawIP); err != nil {
		f.ip, err = f.ethernet, nil // it asks for link addresses, which no such packet has
	}
	return f, err
}

func (f *filter) match(p *pcap.Packet) bool {
	switch p.Link {
	case pcap.LinkEthernet:
		return f.ethernet.Match(p.Data)
	case pcap.LinkRaw, pcap.LinkIPv4, pcap.LinkIPv6:
		return f.ip.Match(p.Data)
	}
	return true // of other links nothing is known
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
