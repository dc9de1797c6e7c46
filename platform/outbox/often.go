package outbox

import (
	"context"
	"log/slog"
	"time"

	"bulwark/platform/clock"
)

// Often is how a room keeps its state and tells what follows from it.
type Often struct {
	Dirty chan struct{} // has room for one: [clock.Wake] says that there is something to keep or to tell
	Keep  func(context.Context) error
	Send  func(context.Context) error
	Log   *slog.Logger
}

const (
	// keepSoon is the least time between two keeps, and keepEvery the most: between them it is four times as long as the last one
	// took, so that a little is told at once, and a flood does not keep the database busy.
	keepSoon, keepEvery = 100 * time.Millisecond, time.Second
	lastKeep            = 10 * time.Second // how long the database may take when the program stops
)

// Run keeps and tells, soon after there is something, until ctx ends, and then keeps once more. What fails is tried again.
func (o Often) Run(ctx context.Context) {
	clock.Wake(o.Dirty) // there may be something to tell from before
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-o.Dirty:
			begin := time.Now()
			if !o.done(ctx, "kept", o.Keep) || !o.done(ctx, "told", o.Send) {
				clock.Wake(o.Dirty)
			}
			clock.Pause(ctx, min(keepEvery, max(keepSoon, 4*time.Since(begin))))
		}
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastKeep)
	defer cancel()
	o.done(limit, "kept", o.Keep)
}

func (o Often) done(ctx context.Context, what string, do func(context.Context) error) bool {
	err := do(ctx)
	if err != nil && ctx.Err() == nil {
		o.Log.Error("what was learnt could not be "+what, "error", err)
	}
	return err == nil
}
