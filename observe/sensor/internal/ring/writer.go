package ring

import (
	"os"
	"sync"
	"sync/atomic"

	"bulwark/observe/sensor/internal/bpf"
	"bulwark/platform/clock"
	"bulwark/platform/vault"
)

// chunkSize is what a sealed chunk takes, in bytes: whole pages, so that they can be written past the page cache, which
// the ring would otherwise fill with what nobody reads; four, so that beginning to seal one costs little of it; and no
// more, because what a quiet link puts down takes one at least. chunkContent is what of it is content.
const (
	chunkSize    = 16 << 10
	chunkContent = chunkSize - 16
)

// Layout is how the chunks of a segment lie.
func Layout() vault.Layout { return vault.Layout{Chunk: chunkSize, Aligned: true} }

// Segment is a file that was handed over to be filled.
type Segment struct {
	Number uint64 // its own; it is named by it in reports
	File   *os.File
	Key    vault.Key // its data key
	Size   int64     // how long it may become, in bytes
}

// Report is what became of a segment, or of an order to flush.
type Report struct {
	Done    uint64 // the number of a segment that nothing more is written to; 0: none
	Flushed uint64 // the number of the flush that is done; 0: none
	Lost    uint64 // packets that the disk did not take
	Err     error  // of the disk
}

// Writer takes the blocks of all recorders into segments. A recorder seals its block itself, while its bytes are warm and
// where they lie, at a place that nobody else has; sealed blocks go to the disk on a goroutine of their own, so that no
// recorder waits for it.
type Writer struct {
	set    Settings
	wait   bool
	clock  clock.Clock
	report func(Report)
	queue  chan item
	asked  atomic.Uint64
	done   chan struct{}

	// mu guards what follows.
	mu        sync.Mutex
	changed   *sync.Cond // a block is free, a segment came, or none comes
	memory    memory
	filling   int // segments that are open
	recorders int
	came      []Segment // the next segments
	full      bool      // there is no room for one: what comes is lost
	over      bool      // none comes any more
	open      *open     // that is filled
	index     []byte    // of one that was ended: room for that of another
	flush     uint64    // that is being answered
	answers   int
}

// sealed is a block on its way to the disk.
type sealed struct {
	segment *open
	chunk   int64 // the number of its first
	b       []byte
	packets uint64
}

// item is a block to write, a segment to end, or a flush to tell of.
type item struct {
	sealed
	end     *open
	flushed uint64
}

// Options are what a writer is made from.
type Options struct {
	Settings Settings
	Blocks   int  // how many may wait for the disk, each of a good MiB; one at least
	Wait     bool // when all wait: wait too, do not drop
	Clock    clock.Clock
	Report   func(Report) // is told what becomes of segments; it must not wait for the writer
}

// perRecorder is how many blocks a recorder adds: that which it fills takes a huge page.
const perRecorder = hugePage / blockSize

// NewWriter starts a writer. It writes when it is given a segment.
func NewWriter(o Options) *Writer {
	w := &Writer{set: o.Settings, wait: o.Wait, clock: o.Clock, report: o.Report, queue: make(chan item, o.Blocks+1024), done: make(chan struct{})}
	w.memory.grow(max(o.Blocks, 1))
	w.changed = sync.NewCond(&w.mu)
	go w.run()
	return w
}

// Recorder is one for the packets of a worker, of the interface of that name.
func (w *Writer) Recorder(worker int, name string) (*Recorder, error) {
	m, err := bpf.NewMatcher(w.set.Filter, bpf.Ethernet)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recorders++
	w.memory.grow(perRecorder)
	return &Recorder{writer: w, set: w.set, filter: m, worker: uint32(worker), name: name, asked: w.asked.Load(), block: newBlock(w.memory.take()), turn: 1}, nil
}

// leave takes a recorder out of those that answer, and the room of its block back.
func (w *Writer) leave(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recorders--
	w.memory.give(b)
	w.changed.Broadcast()
}

// Give hands over a segment.
func (w *Writer) Give(s Segment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.came, w.full = append(w.came, s), false
	w.changed.Broadcast()
}

// Full says that there is no room for a segment now. What comes until there is one is lost, and counted.
func (w *Writer) Full() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.full = true
	w.changed.Broadcast()
}

// NoMore says that no segment comes any more.
func (w *Writer) NoMore() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.changed.Broadcast()
}

// Ask asks all recorders for what they hold. When all have answered and it is on the disk, a report says so. Numbers rise.
func (w *Writer) Ask(flush uint64) { w.asked.Store(flush) }

// answer notes that a recorder has given what it held when it was asked.
func (w *Writer) answer(flush uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if flush != w.flush {
		w.flush, w.answers = flush, 0
	}
	if w.answers++; w.answers == w.recorders {
		w.queue <- item{flushed: flush}
	}
}

// Close waits until all blocks are written, and ends the segment. No recorder may be used any more.
func (w *Writer) Close() {
	w.mu.Lock()
	w.endSegment()
	for w.filling > 0 {
		w.changed.Wait()
	}
	back := w.came
	w.came = nil
	w.mu.Unlock()
	close(w.queue)
	<-w.done
	w.memory.close()
	for _, s := range back { // that were not needed
		s.File.Close()
		w.report(Report{Done: s.Number})
	}
}

// put takes the chunks of a block and its filter, seals them where they lie, and sends them on their way. The room for
// the next block comes back; nil where there is no place for this one, or no room for the next.
func (w *Writer) put(b []byte, f bloom, packets int) []byte {
	w.mu.Lock()
	room := w.place(len(b) / chunkSize)
	if room == nil {
		w.mu.Unlock()
		return nil
	}
	s := sealed{segment: w.open, chunk: w.open.take(b, f), b: b, packets: uint64(packets)}
	w.mu.Unlock()
	s.segment.sealer.SealInPlace(b, s.chunk)
	w.queue <- item{sealed: s} // it has room for all blocks
	return room
}

// place sees to it that the open segment takes n chunks, and is room for the block after them; nil where there is none.
func (w *Writer) place(n int) []byte {
	for {
		if w.open != nil && !w.open.room(n) {
			w.endSegment()
		}
		if w.open != nil || w.nextSegment() {
			if b := w.memory.take(); b != nil {
				return b
			}
		}
		if !w.wait || w.open == nil && (w.full || w.over) {
			return nil
		}
		w.changed.Wait()
	}
}

// nextSegment opens the next segment that came.
func (w *Writer) nextSegment() bool {
	for len(w.came) > 0 {
		s := w.came[0]
		w.came = w.came[1:]
		o, err := openSegment(s, w.index)
		if err == nil {
			w.open, w.index = o, nil
			w.filling++
			return true
		}
		s.File.Close()
		w.report(Report{Done: s.Number, Err: err})
	}
	return false
}

// endSegment ends the segment that is filled, when all its blocks are written.
func (w *Writer) endSegment() {
	if o := w.open; o != nil {
		w.open, o.closed = nil, true
		w.end(o)
	}
}

// end queues a segment of which all is written.
func (w *Writer) end(o *open) {
	if o.closed && o.waiting == 0 {
		w.queue <- item{end: o}
	}
}

// run writes to the disk.
func (w *Writer) run() {
	defer close(w.done)
	var scratch []byte
	for i := range w.queue {
		switch {
		case i.segment != nil:
			w.write(&i.sealed)
		case i.end != nil:
			err := i.end.finish(&scratch)
			w.report(Report{Done: i.end.Number, Err: err})
			w.mu.Lock()
			w.filling--
			w.index = i.end.index
			w.changed.Broadcast()
			w.mu.Unlock()
		default:
			w.report(Report{Flushed: i.flushed})
		}
	}
}

// write writes a block. A segment of which the disk did not take a part is given up: what was written stays.
func (w *Writer) write(s *sealed) {
	o := s.segment
	err := o.failed
	if err == nil {
		_, err = o.File.WriteAt(s.b, o.sealer.Place(s.chunk))
	}
	if err != nil {
		w.report(Report{Lost: s.packets})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.memory.give(s.b)
	w.changed.Broadcast()
	o.waiting--
	if o.failed = err; err != nil && w.open == o {
		w.open, o.closed = nil, true
	}
	w.end(o)
}
