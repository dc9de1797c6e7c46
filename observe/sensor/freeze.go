package sensor

import (
	"context"
	"slices"
	"time"

	"bulwark/observe/sensor/internal/ring"
)

// Span is a time of which the packets are held, whatever room the ring needs, under a number.
type Span struct {
	ID           uint64
	Since, Until time.Time
}

// FrozenPackets is what is held of a span.
type FrozenPackets = ring.Frozen

// MostFrozen is how many bytes may be held: half as much as the ring takes, beside it.
func (r *Ring) MostFrozen() int64 { return r.Size / 2 }

// Oldest is about when the oldest packets are of; zero where there are none.
func (r *Ring) Oldest() time.Time { return r.segments.Kept().Oldest }

// Freeze holds the packets of these spans, and lets all others go. It returns why single ones are not, or not wholly, held.
func (r *Ring) Freeze(spans []Span) (refused map[uint64]error, err error) {
	refused = map[uint64]error{}
	ids, err := r.segments.FrozenIDs()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(spans, func(s Span) bool { return s.ID == id }) {
			if err := r.segments.Thaw(id); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range spans {
		if err := r.segments.Freeze(s.ID, s.Since, s.Until, r.MostFrozen()); err != nil {
			refused[s.ID] = err
		}
	}
	return refused, nil
}

// Frozen reports whether the packets of a span are held, all that there are by now.
func (r *Ring) Frozen(id uint64) (bool, error) { return r.segments.Holds(id) }

// FrozenSums is what is held of a span, with the SHA-256 of each sealed file that is whole.
func (r *Ring) FrozenSums(ctx context.Context, id uint64) (FrozenPackets, error) {
	return r.segments.Sums(ctx, id)
}
