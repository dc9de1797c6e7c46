package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"bulwark/event"
	"bulwark/platform/clock"
)

// item is one batch on its way to the bus.
type item struct {
	subject string
	id      string // sensor and batch id: the bus takes a batch of the same id once
	data    []byte // compressed
	events  int
	named   bool        // id is a name that who published it gave
	done    func(error) // may be nil
}

// pack checks and compresses a batch. One that is too large for the bus becomes several.
func (b *Bus) pack(subject string, batch []byte) ([]*item, error) {
	var r event.Reader
	if err := r.Open(batch); err != nil {
		b.m.batches.WithLabelValues(refused).Inc()
		return nil, err
	}
	it := &item{subject: subject, id: r.Sensor + "-" + strconv.FormatUint(r.ID, 36), events: r.Len()}
	if r.First() > 0 {
		it.id += "." + strconv.Itoa(r.First())
	}
	it.data = b.enc.EncodeAll(batch, make([]byte, 0, len(batch)/3))
	if limit := b.nc.MaxPayload(); limit <= 0 || int64(len(it.data)+headerRoom) <= limit {
		return []*item{it}, nil
	}
	left, right, err := event.Split(batch)
	if err != nil {
		b.m.count(refused, it)
		return nil, fmt.Errorf("bus: one event of %d compressed bytes: %w", len(it.data), nats.ErrMaxPayload)
	}
	l, errL := b.pack(subject, left)
	r2, errR := b.pack(subject, right)
	return append(l, r2...), errors.Join(errL, errR)
}

// headerRoom is how many bytes of a message are left to its headers.
const headerRoom = 1024

func (it *item) msg() *nats.Msg {
	return &nats.Msg{Subject: it.subject, Data: it.data, Header: nats.Header{jetstream.MsgIDHeader: {it.id}}}
}

// Publish puts a batch on the bus and returns when it is safe. subject is that of its kind ([event.Kind.Subject]).
// It tries until ctx ends, or once more than that; the batch is on the bus at most once.
// Use a [Publisher] to send many: this waits for the disk each time.
func (b *Bus) Publish(ctx context.Context, subject string, batch []byte) error {
	items, err := b.pack(subject, batch)
	for _, it := range items {
		err = errors.Join(err, b.publish(ctx, it))
	}
	return err
}

func (b *Bus) publish(ctx context.Context, it *item) (err error) {
	for {
		before := err
		if err = b.send(ctx, it); err == nil {
			b.m.count(acknowledged, it)
			return nil
		}
		if ctx.Err() != nil && before != nil {
			err = before // why it was still trying
		}
		if ctx.Err() != nil || errors.Is(err, ErrClosed) || !clock.Pause(ctx, 100*time.Millisecond) {
			b.m.count(dropped, it)
			return err
		}
		b.m.retries.Inc()
	}
}

func (b *Bus) send(ctx context.Context, it *item) error {
	if b.disk.full() {
		return fmt.Errorf("%w: less than %d bytes are free on its disk", ErrFull, b.opts.MinFree)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := b.js.PublishMsg(ctx, it.msg(), jetstream.WithRetryAttempts(0))
	return asError(err)
}

// asError turns the answers of the server that callers tell apart into ours.
func asError(err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrConnectionClosed):
		return ErrClosed
	case errors.As(err, &api) && (api.ErrorCode == codeMaxBytes || api.ErrorCode == codeNoResources):
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return fmt.Errorf("bus: publishing: %w", err)
}

// Error codes of the JetStream API (nats-server, server/errors.json).
const (
	codeNoResources = 10023 // insufficient resources
	codeMaxBytes    = 10077 // maximum bytes exceeded, among others: the stream could not store the message
)
