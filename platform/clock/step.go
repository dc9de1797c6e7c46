package clock

import (
	"context"
	"time"
)

// Step is how far the time of day departed from the time that really passed between two looks: positive when the
// clock was set forward, negative when it was set back. before and after must carry their monotonic readings
// ([time.Now] does); without them the answer is 0.
func Step(before, after time.Time) time.Duration {
	wall := after.Round(0).Sub(before.Round(0))
	return wall - after.Sub(before)
}

// Watch looks at the machine's clock every period and calls stepped with each step larger than tolerance, until
// ctx ends. A suspended machine looks like a step forward, because its monotonic clock stood still.
func Watch(ctx context.Context, period, tolerance time.Duration, stepped func(time.Duration)) error {
	t := time.NewTicker(period)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			now := time.Now()
			if s := Step(last, now); s.Abs() > tolerance {
				stepped(s)
			}
			last = now
		}
	}
}
