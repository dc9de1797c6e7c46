package health

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"bulwark/platform/clock"
)

// Warning is a warnable that holds, as a person reads it.
type Warning struct {
	ID       string    `json:"id"`
	Key      string    `json:"key"` // ID, and the value of Per behind a colon where there are several
	Severity Severity  `json:"severity"`
	Since    time.Time `json:"since"`
	Title    Text      `json:"title"`
	Text     Text      `json:"text"`
	NextStep Text      `json:"next_step"`
	Args     Args      `json:"args,omitempty"`
	NotReady bool      `json:"not_ready,omitempty"`
}

// Tracker holds the warnings that stand. Make it with [NewTracker]; it is safe for concurrent use.
type Tracker struct {
	clock clock.Clock

	// mu guards what follows. No subscriber is waited for while it is held.
	mu          sync.Mutex
	standing    map[string]Warning
	subscribers map[chan struct{}]struct{}
}

// NewTracker makes a tracker without warnings.
func NewTracker(c clock.Clock) *Tracker {
	return &Tracker{clock: c, standing: map[string]Warning{}, subscribers: map[chan struct{}]struct{}{}}
}

// Set says that w holds with args. Setting it again keeps the time since when it holds and takes the new args.
func (t *Tracker) Set(w *Warnable, args Args) {
	next := Warning{
		ID: w.ID, Key: key(w, args[w.Per]), Severity: w.Severity, NotReady: w.NotReady, Args: maps.Clone(args),
		Title: w.Title.fill(args), Text: w.Text.fill(args), NextStep: w.NextStep.fill(args),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before, stood := t.standing[next.Key]
	if stood && maps.Equal(before.Args, args) {
		return
	}
	next.Since = t.clock.Now()
	if stood {
		next.Since = before.Since
	}
	t.standing[next.Key] = next
	t.tell()
}

// Clear says that w no longer holds. per is the value of its Per argument, "" where it has none.
func (t *Tracker) Clear(w *Warnable, per string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := key(w, per)
	if _, stood := t.standing[k]; !stood {
		return
	}
	delete(t.standing, k)
	t.tell()
}

// Warnings lists what stands, the gravest first, then the oldest.
func (t *Tracker) Warnings() []Warning {
	t.mu.Lock()
	out := slices.Collect(maps.Values(t.standing))
	t.mu.Unlock()
	slices.SortFunc(out, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), a.Since.Compare(b.Since), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// NotReady lists the keys of the warnings that forbid readiness; empty means ready.
func (t *Tracker) NotReady() []string {
	var out []string
	for _, w := range t.Warnings() {
		if w.NotReady {
			out = append(out, w.Key)
		}
	}
	return out
}

// Subscribe gives a channel that receives after every change; several changes may come as one. end gives it back.
func (t *Tracker) Subscribe() (changed <-chan struct{}, end func()) {
	c := make(chan struct{}, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.subscribers[c] = struct{}{}
	return c, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.subscribers, c)
	}
}

// tell wakes the subscribers that have not yet been woken. The caller holds mu.
func (t *Tracker) tell() {
	for c := range t.subscribers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func key(w *Warnable, per string) string {
	if w.Per == "" {
		return w.ID
	}
	return w.ID + ":" + per
}
