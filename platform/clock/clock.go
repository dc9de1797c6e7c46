// Package clock hands time to whoever needs it, so that tests can move it and so that a clock that jumps is noticed.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time of day.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock. Its zero value is ready.
type System struct{}

// Now is [time.Now]; it carries the monotonic reading.
func (System) Now() time.Time { return time.Now() }

// Manual is a clock that moves only when it is told to; for tests. Make it with [NewManual].
type Manual struct {
	mu  sync.Mutex
	now time.Time
}

// NewManual starts a manual clock at t.
func NewManual(t time.Time) *Manual { return &Manual{now: t} }

// Now is the time that the clock was last set or moved to.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Add moves the clock by d, which may be negative.
func (m *Manual) Add(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}
