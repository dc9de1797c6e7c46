package bus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"bulwark/event"
	"bulwark/platform/clock"
)

// Message is one batch as it comes from the bus.
type Message struct {
	Subject string    // of its kind: ev.dns
	Seq     uint64    // its place in the stream, rising
	Time    time.Time // when the bus took it
	Node    string    // joined node whose bus it came from, with those it passed below: "site2/sensor7"; "" when published here
	Batch   []byte    // an event batch; it holds until the handler returns
}

// Where a subscription begins when the subscriber has no position yet; any other number is the first sequence.
const (
	FromFirst uint64 = 0              // the oldest batch that is still there
	FromNew   uint64 = math.MaxUint64 // what comes from now on
)

const saveEvery = 200 * time.Millisecond

// Subscribe hands the batches of the subjects to fn, one after the other, in order, until ctx ends. name is who asks:
// how far it has come is kept, so that it goes on there after a restart. A batch whose handling was not kept
// because of a crash comes again.
//
// An error of fn is counted, and the same batch is handed to it again after a pause that grows from 0.1 to 10 seconds;
// a batch that fn can never use must be answered with nil. from says where to begin the first time.
func (b *Bus) Subscribe(ctx context.Context, name string, subjects []string, from uint64, fn func(context.Context, *Message) error) error {
	if kept, err := b.Position(ctx, name); err != nil {
		return err
	} else if kept > 0 {
		from = kept + 1
	}
	var last, saved uint64
	var at time.Time
	save := func(ctx context.Context) {
		if last == saved {
			return
		}
		if err := b.Keep(ctx, name, last); err != nil {
			b.log.WarnContext(ctx, "keeping a subscriber's position", "subscriber", name, "error", err)
			return
		}
		saved = last
	}
	err := b.follow(ctx, name, subjects, from, func(ctx context.Context, m *Message) error {
		if err := fn(ctx, m); err != nil {
			return err
		}
		last = m.Seq
		if now := time.Now(); now.Sub(at) >= saveEvery {
			at = now
			save(ctx)
		}
		return nil
	}, save)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	save(end)
	return err
}

// Follow is Subscribe without a kept position: it begins at from each time.
func (b *Bus) Follow(ctx context.Context, subjects []string, from uint64, fn func(context.Context, *Message) error) error {
	return b.follow(ctx, "", subjects, from, fn, nil)
}

// Read hands the batches of [from, to] to fn and returns. An error of fn ends it and is returned.
func (b *Bus) Read(ctx context.Context, from, to uint64, fn func(context.Context, *Message) error) error {
	if from > to {
		return nil
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	err := b.follow(inner, "", nil, from, func(ctx context.Context, m *Message) error {
		if m.Seq <= to {
			failed = fn(ctx, m)
		}
		if failed != nil || m.Seq >= to {
			stop()
		}
		return nil
	}, nil)
	return errors.Join(err, failed, ctx.Err())
}

// follow reads the stream with a consumer of its own, which is made anew behind the last batch handled whenever the
// connection or the server ends it, or a batch was missed. idle, which may be nil, is called when nothing came for a
// while.
func (b *Bus) follow(ctx context.Context, name string, subjects []string, from uint64,
	fn func(context.Context, *Message) error, idle func(context.Context)) error {
	r := reader{b: b, name: name, subjects: subjects, from: from, fn: fn, idle: idle}
	var err error
	// Not more than one batch at its largest is ever made of one message, whatever it claims to hold.
	if r.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(event.MaxBatch)); err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	defer r.dec.Close()
	for wait := retryMin; ctx.Err() == nil; wait = min(2*wait, retryMax) {
		before := r.from
		err := r.read(ctx)
		if ctx.Err() != nil || b.nc.IsClosed() {
			break
		}
		if r.from != before {
			wait = retryMin
		}
		b.log.WarnContext(ctx, "reading the bus again", "subscriber", name, "from", r.from, "error", err)
		clock.Pause(ctx, wait)
	}
	if ctx.Err() == nil {
		return ErrClosed
	}
	return nil
}

// reader is one running subscription.
type reader struct {
	b        *Bus
	name     string
	subjects []string
	from     uint64 // the next sequence
	fn       func(context.Context, *Message) error
	idle     func(context.Context)
	dec      *zstd.Decoder
	buf      []byte
}

func (r *reader) read(ctx context.Context) error {
	st, err := r.b.stream.Info(ctx)
	if err != nil {
		return err
	}
	r.settle(ctx, st.State.FirstSeq, st.State.LastSeq)
	p, err := newPull(ctx, r.b.nc, r.b.stream, localAPI, pullOptions{from: r.from, subjects: r.subjects})
	if err != nil {
		return err
	}
	defer p.close()
	for {
		m, err := p.next(ctx, r.idle)
		if err != nil {
			return err
		}
		if err := r.handle(ctx, m); err != nil {
			return err
		}
	}
}

// settle makes the start a sequence that is there.
func (r *reader) settle(ctx context.Context, first, last uint64) {
	switch {
	case r.from == FromNew:
		r.from = last + 1
	case r.from == FromFirst:
		r.from = max(first, 1)
	case r.from < first:
		r.b.m.missed.WithLabelValues(r.name).Add(float64(first - r.from))
		r.b.log.WarnContext(ctx, "events were removed from the bus before a subscriber had seen them",
			"subscriber", r.name, "batches", first-r.from)
		r.from = first
	}
}

func (r *reader) handle(ctx context.Context, m *nats.Msg) error {
	md, err := m.Metadata()
	if err != nil {
		return err
	}
	r.buf, err = r.dec.DecodeAll(m.Data, r.buf[:0])
	if err != nil {
		r.b.log.WarnContext(ctx, "a message on the bus is no batch", "subject", m.Subject, "sequence", md.Sequence.Stream, "error", err)
		r.buf = r.buf[:0] // the handler sees an empty batch, and so that there was one
	}
	msg := Message{Subject: m.Subject, Seq: md.Sequence.Stream, Time: md.Timestamp, Node: m.Header.Get(nodeHeader), Batch: r.buf}
	for wait := retryMin; ; wait = min(2*wait, 2*retryMax) {
		err := r.fn(ctx, &msg)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return err
		}
		r.b.m.failures.WithLabelValues(r.name).Inc()
		r.b.log.WarnContext(ctx, "handling a batch again", "subscriber", r.name, "sequence", msg.Seq, "error", err)
		if !clock.Pause(ctx, wait) {
			return ctx.Err()
		}
	}
	r.from = msg.Seq + 1
	if r.name != "" {
		r.b.m.handled.WithLabelValues(r.name).Inc()
		r.b.m.lag.WithLabelValues(r.name).Set(float64(md.NumPending))
	}
	return nil
}

// Position is how far the subscriber has come: the last sequence that it has handled. It is 0 for a new one, and
// when the stream is not the one in which the position was kept.
func (b *Bus) Position(ctx context.Context, name string) (uint64, error) {
	e, err := b.kv.Get(ctx, name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("bus: position of %s: %w", name, err)
	}
	info, err := b.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("bus: %w", err)
	}
	v := e.Value()
	if len(v) != 16 {
		return 0, nil
	}
	seq, born := binary.LittleEndian.Uint64(v), int64(binary.LittleEndian.Uint64(v[8:]))
	if born != b.born.UnixNano() || seq > info.State.LastSeq { // the stream began anew
		b.log.WarnContext(ctx, "the stream is not the one a position was kept in", "subscriber", name, "position", seq)
		return 0, nil
	}
	return seq, nil
}

// Keep keeps how far the subscriber has come, durably.
func (b *Bus) Keep(ctx context.Context, name string, seq uint64) error {
	v := binary.LittleEndian.AppendUint64(nil, seq)
	v = binary.LittleEndian.AppendUint64(v, uint64(b.born.UnixNano()))
	if _, err := b.kv.Put(ctx, name, v); err != nil {
		return fmt.Errorf("bus: keeping the position of %s: %w", name, err)
	}
	return nil
}

// Since is the first sequence that the bus took at or after t; one beyond the last when there is none.
func (b *Bus) Since(ctx context.Context, t time.Time) (uint64, error) {
	info, err := b.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("bus: %w", err)
	}
	return b.firstSince(ctx, info.State.FirstSeq, info.State.LastSeq, t), nil
}

// Extent is the first and the last sequence of the stream, and when it was made. first is last + 1 when it is empty.
func (b *Bus) Extent(ctx context.Context) (first, last uint64, born time.Time, err error) {
	info, err := b.stream.Info(ctx)
	if err != nil {
		return 0, 0, time.Time{}, fmt.Errorf("bus: %w", err)
	}
	return info.State.FirstSeq, info.State.LastSeq, info.Created, nil
}
