package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
)

const (
	// Holder is the name under which the store keeps its position on the bus; hand it to [bus.Options.Hold].
	Holder = "store"

	// verified is the name of a second position: all batches up to it were found in the store right after an opening,
	// so on the disk, and need no further look.
	verified = Holder + ".verified"

	// durableAfter is how long rows may be in memory only: a second of buffer, two flush intervals and the merge that
	// writes them, with as much again to spare (store note 2.5).
	durableAfter = 6 * time.Second
	// slowDisk is how much further back a start looks, for a merge that took longer than durableAfter.
	slowDisk = 2 * time.Minute

	markEvery = 200 * time.Millisecond
	fullEvery = time.Second
)

// Run takes events from the bus until ctx ends. It first brings the store up to the position at which it may have
// been when the program died: rows that are there stay, the others come from the bus. Run it once at a time.
func (s *Store) Run(ctx context.Context, b *bus.Bus) error {
	next, err := s.reconcile(ctx, b)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("store: reconciling with the bus: %w", err)
	}
	w := s.newWriter()
	defer w.close()
	marks := &marks{}
	var mover sync.WaitGroup
	mover.Go(func() { marks.move(ctx, s, b) })
	defer mover.Wait()
	return b.Follow(ctx, nil, next, func(ctx context.Context, m *bus.Message) error {
		if !s.writable(ctx) {
			return ctx.Err() // the batch stays on the bus
		}
		s.take(ctx, w, m, nil)
		w.flush()
		marks.add(m.Seq, time.Now())
		return nil
	})
}

// take adds a batch; one that is malformed is counted and passed over, since it will never be better.
func (s *Store) take(ctx context.Context, w *writer, m *bus.Message, have func(int) bool) {
	if err := w.batch(source{m.Seq, m.Time.UnixNano(), s.erasures.orders()}, m.Batch, have); err != nil {
		s.m.malformed.Inc()
		s.log.WarnContext(ctx, "a batch on the bus is malformed", "sequence", m.Seq, "subject", m.Subject, "error", err)
	}
}

// writable waits while the disk is full. It is false when ctx ended meanwhile.
func (s *Store) writable(ctx context.Context) bool {
	if !s.full.due(time.Now()) {
		return ctx.Err() == nil
	}
	warned := false
	for s.readOnly() {
		if !warned {
			warned = true
			s.m.full.Set(1)
			s.log.WarnContext(ctx, "the disk is full: events wait on the bus", "min_free_bytes", s.minFree)
			s.warn(true)
		}
		t := time.NewTimer(fullEvery)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return false
		}
	}
	if warned {
		s.m.full.Set(0)
		s.log.InfoContext(ctx, "the disk has room again")
		s.warn(false)
	}
	return ctx.Err() == nil
}

func (s *Store) readOnly() bool {
	for _, sh := range s.shelves {
		if sh.db.IsReadOnly() {
			return true
		}
	}
	return false
}

// clock says when something that is done now and then is due.
type clock struct{ at time.Time }

func (c *clock) due(now time.Time) bool {
	if now.Sub(c.at) < fullEvery {
		return false
	}
	c.at = now
	return true
}

// marks remember which sequence was written when, so that the position on the bus follows durableAfter later.
type marks struct {
	mu   sync.Mutex
	list []mark
	kept uint64
}

// mark says that all batches up to seq were written at the latest at at. It takes in batches for markEvery.
type mark struct {
	seq       uint64
	begun, at time.Time
}

func (m *marks) add(seq uint64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.list); n > 0 && now.Sub(m.list[n-1].begun) < markEvery {
		m.list[n-1].seq, m.list[n-1].at = seq, now
		return
	}
	m.list = append(m.list, mark{seq, now, now})
}

// durable is the last sequence that was written durableAfter ago.
func (m *marks) durable(now time.Time) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var seq uint64
	for len(m.list) > 0 && now.Sub(m.list[0].at) >= durableAfter {
		seq = m.list[0].seq
		m.list = m.list[1:]
	}
	return seq
}

func (m *marks) move(ctx context.Context, s *Store, b *bus.Bus) {
	t := time.NewTicker(markEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			seq := m.durable(now)
			if seq <= m.kept {
				continue
			}
			if err := b.Keep(ctx, Holder, seq); err != nil {
				if ctx.Err() == nil {
					s.log.WarnContext(ctx, "keeping the store's position on the bus", "error", err)
				}
				continue
			}
			m.kept = seq
		}
	}
}

// reconcile makes the rows of the batches near the kept position complete, and returns the sequence to go on with.
func (s *Store) reconcile(ctx context.Context, b *bus.Bus) (next uint64, err error) {
	first, last, _, err := b.Extent(ctx)
	if err != nil {
		return 0, err
	}
	kept, err := b.Position(ctx, Holder)
	if err != nil {
		return 0, err
	}
	if last == 0 || first > last {
		return last + 1, nil
	}
	from, err := s.replayFrom(ctx, b, first, kept)
	if err != nil {
		return 0, err
	}
	if err := s.forget(first); err != nil {
		return 0, err
	}
	began := time.Now()
	w := s.newWriter()
	defer w.close()
	r := &replay{s: s, w: w, whole: from - 1}
	for lo := from; lo <= last; lo = r.to + 1 {
		if err := r.window(ctx, b, lo, last); err != nil {
			return 0, err
		}
	}
	if err := s.keepVerified(ctx, b, kept, r.whole); err != nil {
		return 0, err
	}
	s.log.InfoContext(ctx, "event store agrees with the bus", "from", from, "to", last, "batches", r.batches,
		"rows_added", r.added, "duration", time.Since(began))
	return last + 1, nil
}

// keepVerified keeps that all batches up to whole are on the disk. A second Run of the same opening would take rows
// in memory for rows on the disk, and so keeps nothing.
func (s *Store) keepVerified(ctx context.Context, b *bus.Bus, kept, whole uint64) error {
	if s.ran.Swap(true) {
		return nil
	}
	if err := b.Keep(ctx, verified, whole); err != nil || whole <= kept {
		return err
	}
	return b.Keep(ctx, Holder, whole)
}

// replayFrom is where a start begins to compare: slowDisk before the kept position, but behind what was verified.
func (s *Store) replayFrom(ctx context.Context, b *bus.Bus, first, kept uint64) (uint64, error) {
	if kept < first {
		return first, nil
	}
	done, err := b.Position(ctx, verified)
	if err != nil {
		return 0, err
	}
	t, err := b.TimeOf(ctx, kept)
	if err != nil {
		return 0, err
	}
	seq, err := b.Since(ctx, t.Add(-slowDisk))
	return max(first, done+1, min(seq, kept+1)), err
}

const (
	windowBatches = 2_000 // batches that are compared at a time
	windowEvents  = 200_000
)

// replay compares the batches of one window of the bus with the rows of the store and adds what is missing.
type replay struct {
	s              *Store
	w              *writer
	to             uint64 // last sequence of the window
	whole          uint64 // all batches up to here were complete
	batches, added int
}

// window compares the batches from lo on, at most windowEvents events of them.
func (r *replay) window(ctx context.Context, b *bus.Bus, lo, last uint64) error {
	var span extent
	counts := map[uint64]int{}
	total := 0
	r.to = last
	err := b.Read(ctx, lo, last, func(_ context.Context, m *bus.Message) error {
		n := span.learn(m)
		counts[m.Seq] = n
		if total += n; total >= windowEvents || len(counts) >= windowBatches {
			r.to = m.Seq
			return errWindow
		}
		return nil
	})
	if err != nil && !errors.Is(err, errWindow) {
		return err
	}
	have, err := r.s.stored(ctx, lo, r.to, span, counts)
	if err != nil {
		return err
	}
	return b.Read(ctx, lo, r.to, func(ctx context.Context, m *bus.Message) error {
		r.batches++
		rows, there := have[m.Seq]
		if !there { // all of them are stored
			if r.added == 0 {
				r.whole = m.Seq
			}
			return nil
		}
		if !r.s.writable(ctx) {
			return ctx.Err()
		}
		r.s.take(ctx, r.w, m, func(i int) bool {
			if rows.has(i) {
				return true
			}
			r.added++
			return false
		})
		r.w.flush()
		return nil
	})
}

var errWindow = errors.New("store: the window is full")

// extent is the range of time of events.
type extent struct {
	from, to int64
	any      bool
}

// learn widens the range by the events of a batch, and returns how many there are.
func (x *extent) learn(m *bus.Message) int {
	var r event.Reader
	if r.Open(m.Batch) != nil {
		return 0
	}
	n := 0
	var e event.Event
	for r.Next(&e) {
		at := settle(e.Time, m.Time.UnixNano())
		if n++; !x.any {
			x.from, x.to, x.any = at, at, true
		}
		x.from, x.to = min(x.from, at), max(x.to, at)
	}
	return n
}

// places is a set of small numbers.
type places []uint64

func (b places) has(i int) bool { return i/64 < len(b) && b[i/64]&(1<<(i%64)) != 0 }

func (b places) with(i int) places {
	for i/64 >= len(b) {
		b = append(b, 0)
	}
	b[i/64] |= 1 << (i % 64)
	return b
}

// CatchUp does what Run does at its start: it makes the store agree with what is on the bus now, and returns.
func (s *Store) CatchUp(ctx context.Context, b *bus.Bus) error {
	if _, err := s.reconcile(ctx, b); err != nil {
		return fmt.Errorf("store: reconciling with the bus: %w", err)
	}
	return nil
}
