package ring

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"bulwark/observe/sensor/internal/bpf"
	"bulwark/platform/clock"
	"bulwark/platform/vault"
)

// Layout is how the chunks of a segment lie: whole pages, so that they can be written past the page cache, which the
// ring would otherwise fill with what nobody reads.
func Layout() vault.Layout { return vault.Layout{Chunk: 4 << 10, Aligned: true, Batch: 1 << 20} }

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

// Writer seals the blocks of all recorders into segments, on a goroutine of its own.
type Writer struct {
	set    Settings
	wait   bool
	clock  clock.Clock
	report func(Report)
	chunk  int
	queue  chan item
	asked  atomic.Uint64
	done   chan struct{}

	// mu guards what follows.
	mu        sync.Mutex
	more      *sync.Cond // free has more
	free      []*block
	made, max int
	recorders int

	// of came, which mu does not guard.
	came chan given
	last sync.Once // closes it
	full bool      // there is no room for a segment: what comes is lost
	open *open
}

// item is a block to write, or an answer to a flush.
type item struct {
	block  *block
	soon   bool
	answer uint64
}

// given is a segment, or word that there is no room for one.
type given struct {
	segment Segment
	none    bool
}

// Options are what a writer is made from.
type Options struct {
	Settings Settings
	Blocks   int  // how many may wait, each of some 800 KiB
	Wait     bool // when all wait: wait too, do not drop
	Clock    clock.Clock
	Report   func(Report) // is told what becomes of segments; it must not wait for the writer
}

// NewWriter starts a writer. It writes when it is given a segment.
func NewWriter(o Options) *Writer {
	w := &Writer{set: o.Settings, wait: o.Wait, clock: o.Clock, report: o.Report, chunk: Layout().Content(),
		queue: make(chan item, o.Blocks+64), done: make(chan struct{}), max: o.Blocks, came: make(chan given, 8)}
	w.more = sync.NewCond(&w.mu)
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
	return &Recorder{writer: w, set: w.set, filter: m, worker: uint32(worker), name: name, asked: w.asked.Load()}, nil
}

// leave takes a recorder out of those that answer.
func (w *Writer) leave() {
	w.mu.Lock()
	w.recorders--
	w.mu.Unlock()
}

// Give hands over a segment.
func (w *Writer) Give(s Segment) { w.came <- given{segment: s} }

// Full says that there is no room for a segment now. What comes until there is one is lost, and counted.
func (w *Writer) Full() { w.came <- given{none: true} }

// Ask asks all recorders for what they hold. When all have answered and it is on the disk, a report says so. Numbers rise.
func (w *Writer) Ask(flush uint64) { w.asked.Store(flush) }

// NoMore says that no segment comes any more.
func (w *Writer) NoMore() { w.last.Do(func() { close(w.came) }) }

// Close waits until all blocks are written, for which segments may still be needed, and closes the segment. No recorder
// may be used any more.
func (w *Writer) Close() {
	close(w.queue)
	<-w.done
}

// take is an empty block; nil when all wait to be written.
func (w *Writer) take() *block {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.free) == 0 {
		if w.made < w.max {
			w.made++
			return newBlock()
		}
		if !w.wait {
			return nil
		}
		w.more.Wait()
	}
	k := w.free[len(w.free)-1] // the one whose memory is warm
	w.free = w.free[:len(w.free)-1]
	return k
}

func (w *Writer) give(k *block) {
	k.reset()
	w.mu.Lock()
	w.free = append(w.free, k)
	w.mu.Unlock()
	w.more.Signal()
}

func (w *Writer) run() {
	defer close(w.done)
	answers := 0
	var flush uint64
	for i := range w.queue {
		if i.block != nil {
			w.keep(i.block, i.soon)
			w.give(i.block)
			continue
		}
		if i.answer != flush {
			flush, answers = i.answer, 0
		}
		w.mu.Lock()
		all := w.recorders
		w.mu.Unlock()
		if answers++; answers == all {
			w.report(Report{Flushed: flush})
		}
	}
	if w.open != nil {
		w.finish()
	}
	w.back()
}

// back gives back the segments that were not needed.
func (w *Writer) back() {
	for {
		select {
		case g, ok := <-w.came:
			if !ok {
				return
			}
			if !g.none {
				g.segment.File.Close()
				w.report(Report{Done: g.segment.Number})
			}
		default:
			return
		}
	}
}

// keep writes a block into the segment, or the next.
func (w *Writer) keep(k *block, soon bool) {
	h, err := readHead(k.b)
	if err != nil {
		return // it is our own
	}
	if w.open != nil && !w.open.room(h.size) {
		w.finish()
	}
	if w.open == nil && !w.next() {
		w.report(Report{Lost: uint64(h.packets)})
		return
	}
	if err := w.open.write(k.b[:h.size], &h, soon); err != nil {
		w.fail(err)
	}
}

// next opens the next segment. It waits for one, unless there is no room for any.
func (w *Writer) next() bool {
	for {
		var g given
		var ok bool
		if w.full {
			select {
			case g, ok = <-w.came:
			default:
				return false
			}
		} else {
			g, ok = <-w.came
		}
		if !ok {
			return false
		}
		if w.full = g.none; w.full {
			continue
		}
		var err error
		if w.open, err = openSegment(g.segment); err == nil {
			return true
		}
		g.segment.File.Close()
		w.report(Report{Done: g.segment.Number, Err: err})
	}
}

func (w *Writer) finish() {
	if err := w.open.close(); err != nil {
		w.fail(err)
		return
	}
	w.report(Report{Done: w.open.Number})
	w.open = nil
}

// fail gives the segment up: what was written stays.
func (w *Writer) fail(err error) {
	s := w.open
	w.open = nil
	w.report(Report{Done: s.Number, Err: errors.Join(err, s.File.Close()), Lost: s.unsafe})
}
