package logs

import (
	"context"
	"errors"
	"sync"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
)

// Publisher carries batches to the bus.
type Publisher interface {
	// PublishAs takes a batch and waits while there is no room. done is called once, with nil or [bus.ErrKnown] when it is safe. Of
	// those with one name, where it is not empty, one is taken.
	PublishAs(ctx context.Context, name, subject string, batch []byte, done func(error)) error
}

// Bounds of what is on its way to the bus.
const (
	mostWaiting  = 64 << 20 // bytes of events that are not safe yet; while there are more, senders wait
	parcelBytes  = 1 << 20  // of a parcel that is sent at once
	parcelEvents = 4000     // likewise
	mostFlying   = 2        // parcels under way; while there are as many, events gather in the next one
)

// parcel is a batch on its way to the bus.
type parcel struct {
	batch *event.Batch
	kind  event.Kind
	name  string        // by which it is known when it comes again; "": it has none
	size  int64         // bytes that wait because of it
	done  chan struct{} // closed when it is safe, or given up
	err   error         // of what was given up; after done
}

// gather makes batches of what several senders hand over at about the same time, so that one write to the disk serves all of them.
type gather struct {
	to     Publisher
	sensor string
	site   string
	clock  clock.Clock

	mu      sync.Mutex
	change  *sync.Cond // signalled when something may go on
	open    [2]*parcel // being filled: of logs, and of other events; nil: none
	ready   []*parcel  // full, or with a name
	flying  int
	waiting int64
	last    uint64         // number of the last batch
	free    []*event.Batch // to be used again
	ended   bool
}

func newGather(n Needs) *gather {
	g := &gather{to: n.Publisher, sensor: n.Name + ".logs", site: n.Site, clock: n.Clock}
	g.change = sync.NewCond(&g.mu)
	return g
}

// room waits until something more may wait for the bus.
func (g *gather) room(ctx context.Context) error {
	defer context.AfterFunc(ctx, g.stir)()
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.waiting > mostWaiting && ctx.Err() == nil && !g.ended {
		g.change.Wait()
	}
	if g.ended {
		return ErrClosed
	}
	return ctx.Err()
}

func (g *gather) stir() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.change.Broadcast()
}

// add puts an event into the parcel that is open, and returns that.
func (g *gather) add(h *event.Header, p event.Payload) *parcel {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := 0
	if p.Kind() != event.KindLog {
		at = 1
	}
	if o := g.open[at]; o != nil && (o.kind != p.Kind() || o.batch.Size() >= parcelBytes || o.batch.Len() >= parcelEvents) {
		g.close(at)
	}
	if g.open[at] == nil {
		g.open[at] = g.begin(p.Kind(), "")
	}
	g.put(g.open[at], h, p)
	return g.open[at]
}

// begin makes an empty parcel. Callers hold mu.
func (g *gather) begin(k event.Kind, name string) *parcel {
	p := &parcel{kind: k, name: name, done: make(chan struct{})}
	if n := len(g.free); n > 0 {
		p.batch, g.free = g.free[n-1], g.free[:n-1]
	} else {
		p.batch = new(event.Batch)
	}
	g.last = max(g.last+1, uint64(g.clock.Now().UnixMicro()))
	p.batch.Reset(g.sensor, g.site, g.last)
	return p
}

// put adds an event to a parcel. Callers hold mu.
func (g *gather) put(p *parcel, h *event.Header, e event.Payload) {
	before := p.batch.Size()
	p.batch.Add(h, e)
	n := int64(p.batch.Size() - before)
	p.size += n
	g.waiting += n
}

// close has the open parcel sent. Callers hold mu.
func (g *gather) close(at int) {
	g.ready = append(g.ready, g.open[at])
	g.open[at] = nil
	g.change.Broadcast()
}

// named begins a parcel of one sender alone, which has a name.
func (g *gather) named(k event.Kind, name string) *parcel {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.begin(k, name)
}

// addTo puts an event into a parcel that [gather.named] began.
func (g *gather) addTo(p *parcel, h *event.Header, e event.Payload) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.put(p, h, e)
}

// send has a parcel sent that [gather.named] began; nil has what is open sent as soon as its turn comes.
func (g *gather) send(p *parcel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p != nil {
		g.ready = append(g.ready, p)
	}
	g.change.Broadcast()
}

// drop forgets a parcel that [gather.named] began; nil is none.
func (g *gather) drop(p *parcel) {
	if p == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting -= p.size
	g.free = append(g.free, p.batch)
	g.change.Broadcast()
}

// next waits for a parcel to send; nil at the end.
func (g *gather) next() *parcel {
	g.mu.Lock()
	defer g.mu.Unlock()
	for {
		if len(g.ready) > 0 {
			p := g.ready[0]
			g.ready = g.ready[1:]
			g.flying++
			return p
		}
		for at, p := range g.open {
			if p != nil && g.flying < mostFlying {
				g.open[at] = nil
				g.flying++
				return p
			}
		}
		if g.ended && g.open == [2]*parcel{} {
			return nil
		}
		g.change.Wait()
	}
}

// carry sends parcels until the end.
func (g *gather) carry(ctx context.Context) {
	for p := g.next(); p != nil; p = g.next() {
		err := g.to.PublishAs(ctx, p.name, p.kind.Subject(), p.batch.Bytes(), func(err error) { g.landed(p, err) })
		if err != nil {
			g.landed(p, err)
		}
		g.mu.Lock()
		g.free = append(g.free, p.batch)
		g.mu.Unlock()
	}
}

// landed notes what became of a parcel.
func (g *gather) landed(p *parcel, err error) {
	p.err = err
	close(p.done)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flying--
	g.waiting -= p.size
	g.change.Broadcast()
}

// end has what is still there sent; carriers end after it.
func (g *gather) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	g.change.Broadcast()
}

// wait returns when parcels are safe; known is how many of them were so before.
func wait(ctx context.Context, all []*parcel) (known int, err error) {
	for _, p := range all {
		select {
		case <-p.done:
		case <-ctx.Done():
			return known, ctx.Err()
		}
		switch {
		case errors.Is(p.err, bus.ErrKnown):
			known++
		case p.err != nil:
			err = p.err
		}
	}
	return known, err
}
