package bus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sort"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"bulwark/platform/clock"
)

const (
	keepEvery = 10 * time.Second
	// fullShare is the part of MaxBytes from which on the oldest events go.
	fullShare = 0.9
)

// keep removes old events: those beyond MaxAge, beyond MaxBytes the oldest, and half of them while the disk is full; but
// none that a holder has not seen. The server's own limits would remove them regardless.
func (b *Bus) keep(ctx context.Context) {
	for clock.Pause(ctx, keepEvery) {
		if err := b.trim(ctx, time.Now()); err != nil && ctx.Err() == nil {
			b.log.WarnContext(ctx, "removing old events from the bus", "error", err)
		}
	}
}

func (b *Bus) trim(ctx context.Context, now time.Time) error {
	info, err := b.stream.Info(ctx)
	if err != nil {
		return err
	}
	st := info.State
	b.m.stored.Set(float64(st.Bytes))
	if st.Msgs == 0 {
		return nil
	}
	to := st.FirstSeq // the first that stays
	if limit := float64(b.opts.MaxBytes) * fullShare; float64(st.Bytes) > limit {
		share := 1 - limit*0.95/float64(st.Bytes)
		to = st.FirstSeq + uint64(math.Ceil(share*float64(st.LastSeq-st.FirstSeq+1)))
	}
	if b.disk.full() { // rather less replay than no new events
		to = max(to, st.FirstSeq+(st.LastSeq-st.FirstSeq)/2+1)
	}
	if old := now.Add(-b.opts.MaxAge); st.FirstTime.Before(old) {
		to = max(to, b.firstSince(ctx, st.FirstSeq, st.LastSeq, old))
	}
	for _, name := range b.opts.Hold {
		seen, err := b.Position(ctx, name)
		if err != nil {
			return err
		}
		to = min(to, seen+1)
	}
	if to <= st.FirstSeq {
		return nil
	}
	return b.stream.Purge(ctx, jetstream.WithPurgeSequence(to))
}

// firstSince is the first sequence of [first, last] that the bus took at or after t.
func (b *Bus) firstSince(ctx context.Context, first, last uint64, t time.Time) uint64 {
	n := sort.Search(int(last-first+1), func(i int) bool {
		m, err := b.stream.GetMsg(ctx, first+uint64(i))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return false
		}
		return err != nil || !m.Time.Before(t)
	})
	return first + uint64(n)
}

// disk tells whether the disk of the embedded server has room. A nil disk always has: a cluster minds its own.
//
// The server would switch JetStream off when a write fails for lack of space, until its next start.
type disk struct {
	dir  string
	min  int64
	at   atomic.Int64 // when it was looked at last, unix nanoseconds
	none atomic.Bool
}

func (d *disk) full() bool {
	if d == nil {
		return false
	}
	now := time.Now().UnixNano()
	if at := d.at.Load(); now-at > int64(time.Second) && d.at.CompareAndSwap(at, now) {
		var st syscall.Statfs_t
		if syscall.Statfs(d.dir, &st) == nil {
			d.none.Store(int64(st.Bavail)*st.Bsize < d.min)
		}
	}
	return d.none.Load()
}

// TimeOf is when the bus took the batch of that sequence.
func (b *Bus) TimeOf(ctx context.Context, seq uint64) (time.Time, error) {
	m, err := b.stream.GetMsg(ctx, seq)
	if err != nil {
		return time.Time{}, fmt.Errorf("bus: batch %d: %w", seq, err)
	}
	return m.Time, nil
}
