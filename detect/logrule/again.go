package logrule

import (
	"context"
	"slices"

	"bulwark/event"
	"bulwark/platform/bus"
)

// windows are those of correlations, as they stood behind one batch on the bus.
type windows struct {
	At  bus.Mark `json:"at"`
	All []window `json:"all,omitempty"` // as they were kept; nil once they are in force
}

// keptWindows are the windows as they stand between two batches; nil where they are kept already, or a batch is asked about and not told
// of yet: what was kept before it counts then.
func (r *Room) keptWindows() *windows {
	r.taking.Lock()
	defer r.taking.Unlock()
	if r.asked != 0 || r.windows.At.Born == 0 || r.windows.At == r.safe {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := windows{At: r.windows.At}
	left := 0
	w.All, left = r.correlator.keep()
	r.count.unkept.Add(float64(left))
	return &w
}

// mostAgain is of how many batches on the bus it is asked again, at most, what correlations had seen of them.
const mostAgain = 100_000

// catchUp makes windows and place on the bus one. What is kept of windows is a little older than the place: between the two, rules are
// asked again, and nothing is told. Where it is newer, all up to it was told.
func (r *Room) catchUp(ctx context.Context, b *bus.Bus) error {
	place, err := b.Position(ctx, Holder)
	if err != nil {
		return err
	}
	first, last, born, err := b.Extent(ctx)
	if err != nil {
		return err
	}
	kept := r.windows.At
	r.windows.At.Born = born.UnixNano()
	if kept.Born != born.UnixNano() || kept.Seq > last { // nothing is kept, or of another bus
		if place == 0 {
			place = last // it begins with what comes from now on
		}
		r.windows.At.Seq = place
		return b.Keep(ctx, Holder, place)
	}
	if kept.Seq >= place {
		return b.Keep(ctx, Holder, kept.Seq)
	}
	if r.windows.At.Seq = place; first > place {
		return nil
	}
	from := max(kept.Seq+1, first)
	if place > mostAgain {
		from = max(from, place-mostAgain)
	}
	r.mu.Lock()
	subjects := event.Subjects(r.set.kindsAsked())
	r.mu.Unlock()
	return b.Read(ctx, from, place, func(_ context.Context, m *bus.Message) error {
		if slices.Contains(subjects, m.Subject) {
			r.recall(m.Batch)
		}
		return nil
	})
}

// recall lets correlations see a batch that was told of before.
func (r *Room) recall(batch []byte) {
	var in event.Reader
	if in.Open(batch) != nil {
		return // that was said when it came first
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var e event.Event
	for in.Next(&e) {
		r.recallOne(&e)
	}
}

func (r *Room) recallOne(e *event.Event) {
	defer func() { _ = recover() }() // what fails was told when it came first
	x := r.live.Read(e)
	r.run.engine.Now = nil
	matches, _ := r.set.ask(x, r.run)
	r.correlator.Feed(x, matches)
}
