package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"bulwark/platform/clock"
)

// PublisherOptions bound what waits before the bus. Each zero value has a default.
type PublisherOptions struct {
	InFlight   int    // batches sent and not yet acknowledged; 0 means 64
	QueueBytes int64  // compressed bytes that wait in memory; 0 means 32 MiB
	SpillFile  string // file that takes what memory does not; "" means none
	SpillBytes int64  // bytes of that file at most; 0 means 1 GiB
}

// Publisher sends batches without waiting for each acknowledgement. While the bus is away or slow, batches wait in
// memory, then in a file; beyond both they are dropped and counted. It is safe for concurrent use.
type Publisher struct {
	b    *Bus
	opts PublisherOptions

	mu    sync.Mutex
	room  *sync.Cond // signalled when the queue has become shorter
	queue []*item    // waiting in memory, oldest first
	bytes int64      // of queue
	spill *spill
	ended bool

	wake chan struct{} // capacity 1: there is something to send
	done chan struct{} // closed when the sender has ended
	stop context.CancelFunc
}

// Publisher makes a publisher. What an earlier one left in the spill file is sent first. Close it before the bus.
func (b *Bus) Publisher(o PublisherOptions) (*Publisher, error) {
	if o.InFlight == 0 {
		o.InFlight = 64
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 32 << 20
	}
	if o.SpillBytes == 0 {
		o.SpillBytes = 1 << 30
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Publisher{b: b, opts: o, wake: make(chan struct{}, 1), done: make(chan struct{}), stop: stop}
	p.room = sync.NewCond(&p.mu)
	if o.SpillFile != "" {
		s, err := openSpill(o.SpillFile, o.SpillBytes)
		if err != nil {
			stop()
			return nil, fmt.Errorf("bus: opening the spill file: %w", err)
		}
		p.spill = s
	}
	go func() {
		defer close(p.done)
		p.run(ctx)
	}()
	p.notify()
	return p, nil
}

// Publish takes a batch and waits while there is no room in memory: the way for whoever can wait (reading a file).
// done, which may be nil, is called once from another goroutine, with nil when the batch is safe.
func (p *Publisher) Publish(ctx context.Context, subject string, batch []byte, done func(error)) error {
	return p.PublishAs(ctx, "", subject, batch, done)
}

// PublishAs is Publish of a batch that has a name of its own: of those with one name the bus takes one within half an hour, over
// restarts too, whatever their numbers. done gets [ErrKnown] for one that it had. "" is no name.
func (p *Publisher) PublishAs(ctx context.Context, name, subject string, batch []byte, done func(error)) error {
	items, err := p.b.pack(subject, batch)
	if err != nil {
		return err
	}
	for i, it := range items {
		if name != "" {
			it.id, it.named = name+"."+strconv.Itoa(i), true
		}
	}
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.room.Broadcast()
	})()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range together(items, done) {
		for p.crowded(it) || p.spill.waiting() {
			if p.ended {
				return ErrClosed
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.room.Wait()
		}
		if err := p.push(it); err != nil {
			return err
		}
	}
	return nil
}

// crowded reports whether there is no room for the batch in memory. Callers hold mu.
func (p *Publisher) crowded(it *item) bool {
	return p.bytes > 0 && p.bytes+int64(len(it.data)) > p.opts.QueueBytes
}

// together has done called once, when all of the items that a batch became are done.
func together(items []*item, done func(error)) []*item {
	if done == nil {
		return items
	}
	left := int32(len(items))
	var mu sync.Mutex
	var all error
	one := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		all = errors.Join(all, err)
		if left--; left == 0 {
			done(all)
		}
	}
	for _, it := range items {
		it.done = one
	}
	if len(items) == 1 {
		items[0].done = done
	}
	return items
}

// Offer takes a batch and never waits: the way for whoever has the next packet at hand. It returns [ErrDropped] when
// there is room neither in memory nor in the file.
func (p *Publisher) Offer(subject string, batch []byte, done func(error)) error {
	items, err := p.b.pack(subject, batch)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range together(items, done) {
		put := p.push
		if !p.ended && (p.spill.waiting() || p.crowded(it)) {
			put = p.overflow
		}
		err = errors.Join(err, put(it))
	}
	return err
}

func (p *Publisher) push(it *item) error {
	if p.ended {
		return ErrClosed
	}
	p.queue = append(p.queue, it)
	p.grow(int64(len(it.data)))
	p.notify()
	return nil
}

// grow adds n to the bytes that wait in memory. Callers hold mu.
func (p *Publisher) grow(n int64) {
	p.bytes += n
	p.b.m.waiting.Add(float64(n))
}

// overflow puts a batch into the file, or drops it. Callers hold mu.
func (p *Publisher) overflow(it *item) error {
	before := p.spill.size()
	err := p.spill.put(it)
	p.b.m.spilled.Add(float64(p.spill.size() - before))
	if err != nil {
		p.b.m.count(dropped, it)
		return fmt.Errorf("%w: %w", ErrDropped, err)
	}
	p.b.m.count(spilled, it)
	return nil
}

func (p *Publisher) notify() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Flush waits until everything that was taken is acknowledged.
func (p *Publisher) Flush(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.room.Broadcast()
	})()
	p.mu.Lock()
	defer p.mu.Unlock()
	for (p.bytes > 0 || p.spill.waiting()) && !p.ended && ctx.Err() == nil {
		p.room.Wait()
	}
	if p.ended {
		return ErrClosed
	}
	return ctx.Err()
}

// Close gives what waits in memory until ctx ends to be acknowledged, moves the rest to the file, and drops and
// counts what does not fit.
func (p *Publisher) Close(ctx context.Context) {
	_ = p.Flush(ctx)
	p.stop()
	<-p.done
}

// flight is a batch that was sent.
type flight struct {
	it  *item
	ack jetstream.PubAckFuture
}

// run sends what waits. The oldest batch in flight decides how to go on: acknowledged, there is room for another;
// failed, those behind it are awaited too, and all that failed go back to the head of the queue in their order.
func (p *Publisher) run(ctx context.Context) {
	var out []flight
	wait := retryMin
	for ctx.Err() == nil {
		for len(out) < p.opts.InFlight {
			f, ok := p.launch(ctx)
			if !ok {
				break
			}
			out = append(out, f)
		}
		var failed error
		if out, failed = p.await(ctx, out); failed == nil {
			wait = retryMin
			continue
		}
		p.b.log.WarnContext(ctx, "batches wait for the bus", "error", failed, "waiting_bytes", p.waiting())
		out = p.giveBack(ctx, out)
		clock.Pause(ctx, wait)
		wait = min(2*wait, retryMax)
	}
	p.end(out)
}

const (
	retryMin = 50 * time.Millisecond
	retryMax = 5 * time.Second
)

func (p *Publisher) waiting() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}

// launch sends the batch that waits longest.
func (p *Publisher) launch(ctx context.Context) (flight, bool) {
	it := p.next()
	if it == nil || p.b.disk.full() {
		return flight{}, false
	}
	f := flight{it: it}
	ack, err := p.b.js.PublishMsgAsync(it.msg(), jetstream.WithRetryAttempts(0), jetstream.WithStallWait(time.Second))
	if err != nil {
		p.b.log.DebugContext(ctx, "sending a batch", "error", err)
		return flight{}, false
	}
	f.ack = ack
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = p.queue[1:]
	return f, true
}

// next is the batch that waits longest; it stays in the queue. The file is read when memory has become empty enough.
func (p *Publisher) next() *item {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.spill.waiting() && p.bytes < p.opts.QueueBytes/2 {
		before := p.spill.size()
		it, err := p.spill.take()
		p.b.m.spilled.Add(float64(p.spill.size() - before))
		if err != nil {
			p.b.log.Error("batches in the spill file are lost", "error", err)
			p.b.m.batches.WithLabelValues(dropped).Inc()
			break
		}
		p.queue = append(p.queue, it)
		p.grow(int64(len(it.data)))
	}
	if len(p.queue) == 0 {
		return nil
	}
	return p.queue[0]
}

// await waits for the oldest batch in flight, or for something new to send.
func (p *Publisher) await(ctx context.Context, out []flight) ([]flight, error) {
	if len(out) == 0 {
		var again <-chan time.Time // something waits that could not be sent
		if p.next() != nil {
			t := time.NewTimer(retryMin)
			defer t.Stop()
			again = t.C
		}
		select {
		case <-p.wake:
		case <-again:
		case <-ctx.Done():
		}
		return out, nil
	}
	var more <-chan struct{}
	if len(out) < p.opts.InFlight {
		more = p.wake
	}
	select {
	case ack := <-out[0].ack.Ok():
		p.acknowledged(out[0].it, ack)
		return out[1:], nil
	case err := <-out[0].ack.Err():
		return out, asError(err)
	case <-more:
	case <-ctx.Done():
	}
	return out, nil
}

func (p *Publisher) acknowledged(it *item, ack *jetstream.PubAck) {
	p.b.m.count(acknowledged, it)
	p.mu.Lock()
	p.grow(-int64(len(it.data)))
	p.room.Broadcast()
	p.mu.Unlock()
	if it.done == nil {
		return
	}
	if it.named && ack.Duplicate {
		it.done(ErrKnown)
		return
	}
	it.done(nil)
}

// giveBack awaits all batches in flight, of which the first has failed, and queues those that failed again.
func (p *Publisher) giveBack(ctx context.Context, out []flight) []flight {
	again := []*item{out[0].it}
	for i, f := range out[1:] {
		select {
		case ack := <-f.ack.Ok():
			p.acknowledged(f.it, ack)
			continue
		case <-f.ack.Err():
			again = append(again, f.it)
			continue
		case <-ctx.Done():
		}
		for _, f := range out[1+i:] {
			again = append(again, f.it)
		}
		break
	}
	p.b.m.retries.Add(float64(len(again)))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(again, p.queue...)
	return out[:0]
}

// end moves what is left to the file.
func (p *Publisher) end(out []flight) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	left := make([]*item, 0, len(out)+len(p.queue))
	for _, f := range out {
		left = append(left, f.it)
	}
	left = append(left, p.queue...)
	for _, it := range left {
		p.grow(-int64(len(it.data)))
		err := p.overflow(it)
		if err == nil {
			err = ErrClosed // it goes to the bus with the next publisher of this file
		}
		if it.done != nil {
			it.done(err)
		}
	}
	p.queue = nil
	p.spill.close()
	p.room.Broadcast()
}
