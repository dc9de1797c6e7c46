package finding

import (
	"context"
	"time"

	"bulwark/decide/finding/internal/signal"
	"bulwark/platform/clock"
)

// Conversations know what else was told of a conversation.
type Conversations interface {
	// Named are the things that events of a flow between two times name: kind (user, domain, file, hash, ae-title) and value.
	Named(ctx context.Context, flow uint64, from, to time.Time) ([][2]string, error)
}

// wonder is a new finding of which it is asked what else its conversation named.
type wonder struct {
	id, flow uint64
	at       int64     // when it matched, by the clock of the packet
	due      time.Time // when it is asked
	last     bool      // and not again
}

// What else was told of a conversation is known a little later, and more when it has ended.
const (
	askSoon     = 2 * time.Second
	askLater    = 20 * time.Second
	askEvery    = time.Second
	mostAsked   = 20 // at a time
	mostWaiting = 2000
	askBefore   = time.Hour // how long a conversation may have lasted
	askAfter    = time.Minute
)

// wonder notes that it is to be asked what else a new finding is about. The lock is held.
func (f *Findings) wonder(it *item) {
	if f.needs.Conversations == nil || it.Flow == 0 || it.Source.Many || it.Target.Many || len(f.wondering) >= mostWaiting {
		return
	}
	f.wondering = append(f.wondering, wonder{it.ID, it.Flow, it.Last, f.needs.Clock.Now().Add(askSoon), false})
}

// lookOften asks what else new findings are about.
func (f *Findings) lookOften(ctx context.Context) {
	for clock.Pause(ctx, askEvery) {
		f.lookUp(ctx)
	}
}

// lookUp asks what is due.
func (f *Findings) lookUp(ctx context.Context) {
	for range mostAsked {
		w, ok := f.due()
		if !ok {
			return
		}
		at := utc(w.at)
		all, err := f.needs.Conversations.Named(ctx, w.flow, at.Add(-askBefore), at.Add(askAfter))
		if err != nil && ctx.Err() == nil {
			f.needs.Log.Warn("what a finding is about could not be asked", "finding", w.id, "error", err)
		}
		f.learn(w.id, all)
	}
}

// due is the next of which to ask.
func (f *Findings) due() (w wonder, ok bool) {
	now := f.needs.Clock.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range f.wondering {
		w = f.wondering[n]
		if now.Before(w.due) {
			continue
		}
		f.wondering = append(f.wondering[:n], f.wondering[n+1:]...)
		if !w.last {
			f.wondering = append(f.wondering, wonder{w.id, w.flow, w.at, now.Add(askLater), true})
		}
		return w, true
	}
	return w, false
}

// learn adds what a finding is about too.
func (f *Findings) learn(id uint64, all [][2]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	it := f.items[id]
	if it == nil {
		return
	}
	before := len(it.Others)
	for _, x := range all {
		it.Others = signal.Add(it.Others, signal.Entity{Kind: x[0], Value: x[1]})
	}
	if len(it.Others) == before {
		return
	}
	f.touch(it)
	f.mark(it, counted)
	clock.Wake(f.dirty)
	clock.Wake(f.look)
}
