package ring

import (
	"os"
	"sync"
	"sync/atomic"

	"bulwark/observe/sensor/internal/bpf"
	"bulwark/platform/clock"
	"bulwark/platform/vault"
)

// Layout is how the chunks of a segment lie: whole pages, so that they can be written past the page cache, which the
// ring would otherwise fill with what nobody reads.
func Layout() vault.Layout { return vault.Layout{Chunk: 4 << 10, Aligned: true} }

// batchSize is how many bytes of sealed blocks are written at once, at most.
const batchSize = 1 << 20

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

// Writer takes the blocks of all recorders into segments. A recorder seals its block itself, while its bytes are warm,
// into a batch at a place that nobody else has; full batches go to the disk on a goroutine of their own, so that no
// recorder waits for it.
type Writer struct {
	set    Settings
	wait   bool
	clock  clock.Clock
	report func(Report)
	chunk  int // bytes of content
	queue  chan item
	asked  atomic.Uint64
	done   chan struct{}

	// mu guards what follows.
	mu        sync.Mutex
	changed   *sync.Cond // a batch is free, a segment came, or none comes
	memory    *memory
	filling   int // segments that are open
	recorders int
	came      []Segment // the next segments
	full      bool      // there is no room for one: what comes is lost
	over      bool      // none comes any more
	open      *open     // that is filled
	batch     *batch    // that is filled
	flush     uint64    // that is being answered
	answers   int
}

// batch is a run of sealed blocks on its way to the disk.
type batch struct {
	segment *open
	chunk   int64 // the number of its first
	b       []byte
	packets uint64
	sealing int  // blocks that have their place and are being sealed
	closed  bool // no further block gets a place
}

// item is a batch to write, a segment to end, or a flush to tell of.
type item struct {
	batch   *batch
	end     *open
	flushed uint64
}

// Options are what a writer is made from.
type Options struct {
	Settings Settings
	Batches  int  // how many may wait for the disk, each of 1 MiB; two at least
	Wait     bool // when all wait: wait too, do not drop
	Clock    clock.Clock
	Report   func(Report) // is told what becomes of segments; it must not wait for the writer
}

// NewWriter starts a writer. It writes when it is given a segment.
func NewWriter(o Options) *Writer {
	w := &Writer{set: o.Settings, wait: o.Wait, clock: o.Clock, report: o.Report, chunk: Layout().Content(),
		memory: newMemory(max(o.Batches, 2)), queue: make(chan item, o.Batches+64), done: make(chan struct{})}
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
	return &Recorder{writer: w, set: w.set, filter: m, worker: uint32(worker), name: name, asked: w.asked.Load(), block: newBlock()}, nil
}

// leave takes a recorder out of those that answer.
func (w *Writer) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recorders--
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
		w.closeBatch()
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

// put takes the bytes of a block: it is sealed into its place. It tells whether there was one. soon asks that it be on
// the disk at once.
func (w *Writer) put(b []byte, h *head, soon bool) bool {
	w.mu.Lock()
	a := w.place(len(b), h)
	if a == nil {
		w.mu.Unlock()
		return false
	}
	chunk := a.segment.take(b, h)
	from := len(a.b)
	a.b = a.b[:from+len(b)/w.chunk*Layout().Chunk]
	a.packets += uint64(h.packets)
	a.sealing++
	if soon {
		w.closeBatch()
	}
	room := a.b[from:from:cap(a.b)]
	w.mu.Unlock()
	a.segment.sealer.Seal(room, b, chunk)
	w.mu.Lock()
	a.sealing--
	w.send(a)
	w.mu.Unlock()
	return true
}

// place is the batch for a block of n bytes; nil when there is no room for it.
func (w *Writer) place(n int, h *head) *batch {
	sealed := n / w.chunk * Layout().Chunk
	for {
		if w.open != nil && !w.open.room(n) {
			w.endSegment()
		}
		if w.batch != nil && len(w.batch.b)+sealed > cap(w.batch.b) {
			w.closeBatch()
		}
		if w.batch != nil {
			return w.batch
		}
		if w.open != nil || w.nextSegment() {
			if b := w.memory.take(); b != nil {
				w.open.batches++
				w.batch = &batch{segment: w.open, chunk: w.open.next, b: b}
				return w.batch
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
		o, err := openSegment(s)
		if err == nil {
			w.open = o
			w.filling++
			return true
		}
		s.File.Close()
		w.report(Report{Done: s.Number, Err: err})
	}
	return false
}

// closeBatch sends the batch that is filled on its way.
func (w *Writer) closeBatch() {
	if a := w.batch; a != nil {
		w.batch, a.closed = nil, true
		w.send(a)
	}
}

// endSegment ends the segment that is filled, when all its batches are written.
func (w *Writer) endSegment() {
	w.closeBatch()
	if o := w.open; o != nil {
		w.open, o.closed = nil, true
		w.end(o)
	}
}

// send queues a batch that is closed and sealed.
func (w *Writer) send(a *batch) {
	if a.closed && a.sealing == 0 {
		w.queue <- item{batch: a} // there is room for all batches
	}
}

// end queues a segment of which all is written.
func (w *Writer) end(o *open) {
	if o.closed && o.batches == 0 {
		w.queue <- item{end: o}
	}
}

// run writes to the disk.
func (w *Writer) run() {
	defer close(w.done)
	for i := range w.queue {
		switch {
		case i.batch != nil:
			w.write(i.batch)
		case i.end != nil:
			err := i.end.finish()
			w.report(Report{Done: i.end.Number, Err: err})
			w.mu.Lock()
			w.filling--
			w.changed.Broadcast()
			w.mu.Unlock()
		default:
			w.report(Report{Flushed: i.flushed})
		}
	}
}

// write writes a batch. A segment of which the disk did not take a part is given up: what was written stays.
func (w *Writer) write(a *batch) {
	o := a.segment
	err := o.failed
	if err == nil {
		_, err = o.File.WriteAt(a.b, o.sealer.Place(a.chunk))
	}
	if err != nil {
		w.report(Report{Lost: a.packets})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.memory.give(a.b)
	w.changed.Broadcast()
	o.batches--
	if o.failed = err; err != nil && w.open == o {
		w.closeBatch()
		w.open, o.closed = nil, true
	}
	w.end(o)
}
