package intake

import (
	"maps"
	"sync"
)

// Tally counts what an intake refused, by reason. Its zero value is empty; it is safe for concurrent use.
type Tally struct {
	// mu guards counts.
	mu     sync.Mutex
	counts map[string]uint64
}

// Add counts n more that were refused for a reason: one of the few texts of the code, never one of a sender.
func (t *Tally) Add(reason string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]uint64{}
	}
	t.counts[reason] += uint64(n)
}

// Refused are the counts by reason.
func (t *Tally) Refused() map[string]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}
