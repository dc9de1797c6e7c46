package child

import (
	"encoding/json"
	"io"
	"sync/atomic"

	"bulwark/event"
	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/clock"
)

// pipe carries frames to the parent. One goroutine writes; workers hand it filled buffers.
type pipe struct {
	full chan []byte
	free chan []byte
	done chan struct{}
	err  error
}

// queued is how many frames may wait for the parent.
const queued = 256

func newPipe(w io.Writer) *pipe {
	p := &pipe{full: make(chan []byte, queued), free: make(chan []byte, queued), done: make(chan struct{})}
	go p.write(w)
	return p
}

func (p *pipe) write(w io.Writer) {
	defer close(p.done)
	for b := range p.full {
		if p.err == nil {
			_, p.err = w.Write(b)
		}
		select {
		case p.free <- b:
		default:
		}
	}
}

func (p *pipe) buffer() []byte {
	select {
	case b := <-p.free:
		return b[:0]
	default:
		return nil
	}
}

// report sends r, and waits for room.
func (p *pipe) report(r link.Report) {
	text, err := json.Marshal(r)
	if err != nil {
		return // a Report always marshals
	}
	p.full <- append(link.AppendHead(p.buffer(), link.FrameReport, 0, len(text)), text...)
}

// costs sends what it cost to look for each thing.
func (p *pipe) costs(text []byte) {
	if len(text) <= link.MaxCosts {
		p.full <- append(link.AppendHead(nil, link.FrameCosts, 0, len(text)), text...)
	}
}

// close waits until everything is written.
func (p *pipe) close() error {
	close(p.full)
	<-p.done
	return p.err
}

// outbox is the sink of one worker: it fills batches and hands them to the pipe.
type outbox struct {
	pipe    *pipe
	start   *link.Start
	clock   clock.Clock
	ids     *atomic.Uint64
	batches map[event.Kind]*event.Batch // by kind; all under KindNone when ordered
	lost    atomic.Uint64               // events that found no room
	sent    atomic.Uint64
	wanted  map[event.Kind]bool // as far as it was asked
	dropped []uint64            // copies of files of which the parent does not know yet that they are not to be kept
}

func newOutbox(p *pipe, s *link.Start, c clock.Clock, ids *atomic.Uint64) *outbox {
	return &outbox{pipe: p, start: s, clock: c, ids: ids, batches: map[event.Kind]*event.Batch{}, wanted: map[event.Kind]bool{}}
}

// largest is the size at which a batch goes out, in bytes.
const largest = 256 << 10

// Event takes one event of the worker.
func (o *outbox) Event(h *event.Header, p event.Payload) {
	k := p.Kind()
	if o.start.EVE && len(o.start.Records.Types) > 0 && !o.wants(k) {
		return
	}
	if o.start.Ordered {
		k = event.KindNone
	}
	b := o.batches[k]
	if b == nil {
		b = new(event.Batch)
		o.batches[k] = b
	}
	if b.Len() == 0 {
		b.Reset(o.start.Sensor, o.start.Site, o.id())
	}
	b.Add(h, p)
	if b.Len() >= o.start.MaxEvents || b.Size() >= largest {
		o.send(k, b)
	}
}

// wants reports whether EVE is to have events of a kind.
func (o *outbox) wants(k event.Kind) bool {
	yes, known := o.wanted[k]
	if !known {
		yes = o.start.Records.Wants(k)
		o.wanted[k] = yes
	}
	return yes
}

// id is the id of a new batch: microseconds of the clock, or one more than the one before.
func (o *outbox) id() uint64 {
	for {
		last := o.ids.Load()
		next := max(last+1, uint64(o.clock.Now().UnixMicro()))
		if o.ids.CompareAndSwap(last, next) {
			return next
		}
	}
}

// flush sends what is there.
func (o *outbox) flush() {
	o.tellDropped()
	for k, b := range o.batches {
		if b.Len() > 0 {
			o.send(k, b)
		}
	}
}

func (o *outbox) send(k event.Kind, b *event.Batch) {
	n := uint64(b.Len())
	o.sent.Add(n)
	if !o.start.Discard && !o.push(k, b.Bytes()) {
		o.lost.Add(n)
	}
	b.Reset(o.start.Sensor, o.start.Site, 0)
}

func (o *outbox) push(k event.Kind, batch []byte) bool {
	frame := append(link.AppendHead(o.pipe.buffer(), link.FrameBatch, k, len(batch)), batch...)
	if o.start.Wait {
		o.pipe.full <- frame
		return true
	}
	select {
	case o.pipe.full <- frame:
		return true
	default:
		return false // the parent is behind: counted, and said in the next report
	}
}
