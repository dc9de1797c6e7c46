// Package outbox tells what follows from state that is kept: once, wherever the program ends. What is put into a [Box] becomes a
// batch, the batch is kept in the same transaction as the state, and only then put on the bus, under a number by which the bus
// takes it once.
package outbox

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/uptrace/bun"

	"bulwark/event"
	"bulwark/platform/clock"
)

// Publisher takes batches of events.
type Publisher interface {
	// Publish takes over responsibility for a batch of the kind: it is safe when it returns, and one of the same number is taken
	// once. It may wait.
	Publish(ctx context.Context, kind event.Kind, batch []byte) error
}

// Needs is what a box is made of.
type Needs struct {
	To       Publisher // nil: nobody is told
	Kind     event.Kind
	Room     string // names the sensor of its events, and before _outbox its table
	Site     string
	Clock    clock.Clock
	Registry prometheus.Registerer // takes the counter; may be nil
}

// Bounds of what waits.
const (
	MostQueued  = 5000 // events that are no batch yet; of more it is counted how many are lost
	MostParcels = 100  // batches; while there are as many, no further ones are made
)

// Box holds what is to be told. It is safe for concurrent use; who changes state and puts what follows from it holds a lock of
// its own over both, and over [Box.Pack] with reading the state.
type Box struct {
	needs Needs
	lost  prometheus.Counter

	sending sync.Mutex // held while batches are put on the bus, before mu

	// mu guards what follows.
	mu     sync.Mutex
	last   uint64 // number of the last batch
	queue  []telling
	packed []row    // batches that are not kept yet
	ready  []row    // that are
	sent   []uint64 // batches that are kept still, and on the bus
}

// telling is an event on its way.
type telling struct {
	header  event.Header
	payload event.Payload
}

// row is a batch on its way, as it is kept.
type row struct {
	ID    int64  `bun:"id,pk"`
	Batch []byte `bun:"batch"`
}

// New makes an empty box.
func New(n Needs) *Box {
	return &Box{needs: n, lost: promauto.With(n.Registry).NewCounter(prometheus.CounterOpts{Name: "bulwark_outbox_lost_events_total",
		Help: "Events that found no room before the bus.", ConstLabels: prometheus.Labels{"room": n.Room}})}
}

// Put takes an event. The payload is the box's from then on.
func (b *Box) Put(h event.Header, p event.Payload) {
	if b.needs.To == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) >= MostQueued {
		b.lost.Inc()
		return
	}
	b.queue = append(b.queue, telling{h, p})
}

// Post is what is to be kept of a box, as it stood at one moment.
type Post struct {
	Last  uint64 // number of the last batch: [Box.Load] is told it
	table bun.Ident
	rows  []row
	sent  []uint64
}

// Empty reports whether nothing of it is new.
func (p *Post) Empty() bool { return len(p.rows)+len(p.sent) == 0 }

// Pack makes a batch of what was put, and says what is to be kept.
func (b *Box) Pack() Post {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pack()
	return Post{Last: b.last, table: b.table(), rows: slices.Clone(b.packed), sent: slices.Clone(b.sent)}
}

func (b *Box) pack() {
	if len(b.queue) == 0 || len(b.packed)+len(b.ready) >= MostParcels {
		return
	}
	b.last = max(b.last+1, uint64(b.needs.Clock.Now().UnixMicro()))
	var made event.Batch
	made.Reset(b.needs.Room, b.needs.Site, b.last)
	for k := range b.queue {
		made.Add(&b.queue[k].header, b.queue[k].payload)
	}
	b.packed = append(b.packed, row{int64(b.last), made.Bytes()})
	b.queue = nil
}

// Begin is called before state is changed that may not be kept: undo takes back what was put since.
func (b *Box) Begin() (undo func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pack()
	packed, queued := len(b.packed), len(b.queue)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.packed, b.queue = b.packed[:packed], b.queue[:queued]
	}
}

// Kept takes a post for kept: its batches may be put on the bus.
func (b *Box) Kept(p Post) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(p.rows)
	b.ready = append(b.ready, b.packed[:n]...)
	b.packed, b.sent = slices.Clone(b.packed[n:]), slices.Clone(b.sent[len(p.sent):])
}

// Queued reports whether anything was put that is no batch yet.
func (b *Box) Queued() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue) > 0
}

// Waits reports whether anything is to be told.
func (b *Box) Waits() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue)+len(b.packed)+len(b.ready) > 0
}

// Send puts on the bus what is kept, and returns how many batches those were.
func (b *Box) Send(ctx context.Context) (n int, err error) {
	b.sending.Lock()
	defer b.sending.Unlock()
	for ; ; n++ {
		next, ok := b.next()
		if !ok {
			return n, nil
		}
		if err := b.needs.To.Publish(ctx, b.needs.Kind, next.Batch); err != nil {
			return n, fmt.Errorf("publishing events of kind %s: %w", b.needs.Kind, err)
		}
		b.mu.Lock()
		b.ready = b.ready[1:]
		b.sent = append(b.sent, uint64(next.ID))
		b.mu.Unlock()
	}
}

func (b *Box) next() (row, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		return row{}, false
	}
	return b.ready[0], true
}
