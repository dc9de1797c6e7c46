package containment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// How often things are done.
const (
	watchEvery = 5 * time.Second  // what is in force is read back
	firstRetry = 2 * time.Second  // after a failure, doubled each time
	lastRetry  = 2 * time.Minute  // at most
	undoRetry  = 10 * time.Second // at most, where something is to be taken away
	patience   = 15 * time.Second // that an enforcement point has for one call
)

// What an enforcement point does wrong.
var (
	errLied = errors.New("it said that it was done, and does not hold it")
	errSlow = errors.New("it did not answer in time")
	errBusy = errors.New("it is still busy with what it did not answer in time")
	errGone = errors.New("it was in force and is not any more")
	errKept = errors.New("it said that it was taken away, and holds it still")
)

// program is who acts without being asked.
func program() string { return ledger.Program("containment") }

// timeOften does what becomes due by time alone, whatever enforcement points do.
func (c *Containment) timeOften(ctx context.Context) {
	looked := c.needs.Clock.Now()
	for {
		c.due(ctx)
		if now := c.needs.Clock.Now(); now.Sub(looked) >= lookEvery {
			looked = now
			if err := c.guard(ctx); err != nil && ctx.Err() == nil {
				c.needs.Log.Error("what is kept could not be compared", "error", err)
			}
			c.alarm(ctx)
		}
		if !clock.Pause(ctx, c.needs.Beat) {
			return
		}
	}
}

// due ends what is over, judges anew what waited, and takes up what was lifted at the bedside.
func (c *Containment) due(ctx context.Context) {
	now := c.needs.Clock.Now()
	var again []uint64
	c.mu.Lock()
	for _, id := range slices.Sorted(maps.Keys(c.leases)) {
		l := c.leases[id]
		var err error
		switch {
		case l.State.Over():
			if ended := l.Until; now.Sub(later(ended, l.Created)) > c.needs.Config.Keep {
				err = c.forget(ctx, l)
			}
		case l.State == Proposed && now.Sub(l.Created) > mostWaiting:
			_, err = c.change(ctx, l, word{by: program(), what: "lapse", reason: "nobody answered"}, func(l *Lease) error { l.end(Expired, ""); return nil })
		case l.State == Proposed && !l.Waits.IsZero() && !now.Before(l.Waits):
			again = append(again, id)
		case l.State != Reverting && l.over(now):
			var next *Lease
			if next, err = c.change(ctx, l, word{by: program(), what: "expire"}, func(l *Lease) error { l.end(Expired, ""); return nil }); err == nil {
				c.nudgePoint(next)
			}
		case l.State == Released && !now.Before(l.Released):
			var next *Lease
			if next, err = c.change(ctx, l, word{by: program(), what: "resume", reason: "the bedside release is over"}, func(l *Lease) error {
				l.State, l.Released = Approved, time.Time{}
				return nil
			}); err == nil {
				c.nudgePoint(next)
			}
		}
		if err != nil && ctx.Err() == nil {
			c.needs.Log.Error("a containment could not be changed", "lease", id, "error", err)
		}
	}
	c.mu.Unlock()
	for _, id := range again {
		if err := c.judgeAnew(ctx, id); err != nil && ctx.Err() == nil {
			c.needs.Log.Error("a containment could not be judged anew", "lease", id, "error", err)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// judgeAnew asks the interlock again about a lease that waited for another.
func (c *Containment) judgeAnew(ctx context.Context, id uint64) error {
	c.mu.RLock()
	l := c.leases[id].copy()
	c.mu.RUnlock()
	got, err := c.needs.Interlock.Weigh(ctx, c.ask(l))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.leases[id]
	if now.State != Proposed || now.Lines != l.Lines {
		return nil // somebody was faster
	}
	next, err := c.change(ctx, now, word{by: program(), what: "judge"}, func(l *Lease) error { l.take(got, c.needs.Clock.Now()); return nil })
	c.nudgePoint(next)
	return err
}

// reconcile makes one enforcement point follow what is written, until ctx ends.
func (c *Containment) reconcile(ctx context.Context, p Point) {
	r := &reconciler{c: c, p: p, name: p.Name()}
	for ctx.Err() == nil {
		r.round(ctx)
		select {
		case <-ctx.Done():
		case <-c.wake[r.name]:
		case <-time.After(c.needs.Beat):
		}
	}
}

// reconciler is what drives one enforcement point.
type reconciler struct {
	c       *Containment
	p       Point
	name    string
	started bool      // it was driven since the program started: what that left behind is gone
	again   time.Time // until it was, the next attempt
	watched time.Time
	busy    chan struct{} // closed when the call that was too slow ends
}

// round does what is due: approved leases are written as being applied before anything is touched.
func (r *reconciler) round(ctx context.Context) {
	c := r.c
	c.mu.Lock()
	now := c.needs.Clock.Now()
	due := !r.started && !now.Before(r.again)
	var want, undo []*Lease
	for _, id := range slices.Sorted(maps.Keys(c.leases)) {
		l := c.leases[id]
		if l.Point != r.name {
			continue
		}
		if l.State == Approved {
			next, err := r.begin(ctx, l, now)
			if err != nil {
				c.needs.Log.Error("a containment could not be begun", "lease", id, "error", err)
				continue
			}
			l = next
		}
		switch {
		case l.State.wanted() && !l.over(now):
			want = append(want, l)
		case l.State != Reverting && (l.State != Released || !l.Enforced) || now.Before(l.Next):
			continue
		default:
			undo = append(undo, l)
		}
		due = due || l.State != InForce && !now.Before(l.Next)
	}
	c.mu.Unlock()
	watch := len(want) > 0 && now.Sub(r.watched) >= watchEvery
	if due || watch {
		r.drive(ctx, want, undo)
	}
}

// begin writes that a lease is being applied: from here on its time runs. The lock is held.
func (r *reconciler) begin(ctx context.Context, l *Lease, now time.Time) (*Lease, error) {
	return r.c.change(ctx, l, word{by: program(), what: "apply"}, func(l *Lease) error {
		l.State, l.Attempts, l.Problem, l.Next = Applying, 0, "", time.Time{}
		if l.Since.IsZero() {
			lasts := time.Duration(l.Minutes) * time.Minute
			l.Since, l.Until, l.deadline = db.Time(now), db.Time(now.Add(lasts)), now.Add(lasts)
		}
		return nil
	})
}

// result is what an enforcement point answered.
type result struct {
	refused map[uint64]error
	held    map[uint64]bool
	unknown map[uint64]error
	err     error
}

// problem is why a lease is not as it should be; nil: nothing is known against it.
func (r *result) problem(id uint64) error {
	return cmp.Or(r.err, r.refused[id], r.unknown[id])
}

// drive makes the enforcement point so, reads back, and writes what came of it.
func (r *reconciler) drive(ctx context.Context, want, undo []*Lease) {
	all := len(want)
	want = r.prepare(ctx, want)
	now := r.c.needs.Clock.Now()
	res := r.call(ctx, orders(want, now), orders(undo, now))
	if ctx.Err() != nil {
		return
	}
	r.started = r.started || res.err == nil
	r.watched = r.c.needs.Clock.Now()
	r.again = r.watched.Add(undoRetry)
	held := 0
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	for _, l := range want {
		problem := res.problem(l.ID)
		if problem == nil && !res.held[l.ID] {
			problem = errLied
		}
		if problem == nil {
			held++
		}
		if problem == nil || !now.Before(l.Next) { // what was not due need not have been tried
			r.applied(ctx, l, problem)
		}
	}
	for _, l := range undo {
		problem := res.problem(l.ID)
		if problem == nil && res.held[l.ID] {
			problem = errKept
		}
		r.undone(ctx, l, problem)
	}
	r.stand(res.err, all, held)
}

func orders(all []*Lease, now time.Time) []Order {
	out := make([]Order, 0, len(all))
	for _, l := range all {
		out = append(out, Order{ID: l.ID, Act: l.Act, Scope: l.Scope, Target: l.Target, Name: l.Name, Incident: l.Incident, Addresses: slices.Clone(l.Addresses),
			MACs: slices.Clone(l.MACs), Keep: slices.Clone(l.Keep), Until: l.Until, Held: l.Enforced, Later: now.Before(l.Next), Memo: l.Memo})
	}
	return out
}

// call drives and reads back, for so long as we have patience.
func (r *reconciler) call(ctx context.Context, want, undo []Order) result {
	res, err := patiently(ctx, r, func(ctx context.Context) (res result, err error) {
		r.c.needs.Step("before drive")
		res.refused, err = r.p.Drive(ctx, want, undo)
		r.c.needs.Step("after drive")
		if err != nil {
			return res, err
		}
		res.held, res.unknown, err = r.p.Read(ctx, slices.Concat(want, undo))
		r.c.needs.Step("after read")
		return res, err
	})
	res.err = err
	return res
}

// patiently asks an enforcement point, for so long as we have patience. A call that does not end is left behind, and no other is
// made before it does.
func patiently[T any](ctx context.Context, r *reconciler, fn func(context.Context) (T, error)) (none T, _ error) {
	if r.busy != nil {
		select {
		case <-r.busy:
			r.busy = nil
		default:
			return none, errBusy
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	type answer struct {
		v   T
		err error
	}
	done, ended := make(chan answer, 1), make(chan struct{})
	go func() {
		defer close(ended)
		v, err := fn(ctx)
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		return a.v, a.err
	case <-ctx.Done():
		r.busy = ended
		return none, errSlow
	}
}

// prepare asks how it was before what is wanted for the first time, and keeps that. It returns what can be driven.
func (r *reconciler) prepare(ctx context.Context, want []*Lease) (ready []*Lease) {
	p, ok := r.p.(Preparer)
	if !ok {
		return want
	}
	for _, l := range want {
		if l.Prepared {
			ready = append(ready, l)
			continue
		}
		if r.c.needs.Clock.Now().Before(l.Next) {
			continue
		}
		memo, err := patiently(ctx, r, func(ctx context.Context) (string, error) {
			return p.Prepare(ctx, orders([]*Lease{l}, r.c.needs.Clock.Now())[0])
		})
		if ctx.Err() != nil {
			return nil
		}
		r.c.mu.Lock()
		if now := r.c.leases[l.ID]; err != nil {
			r.applied(ctx, l, err)
		} else if now.State.wanted() {
			r.write(ctx, now, word{by: program(), what: "prepare"}, func(l *Lease) { l.Memo, l.Prepared = memo, true })
			if now = r.c.leases[l.ID]; now.Prepared {
				ready = append(ready, now)
			}
		}
		r.c.mu.Unlock()
	}
	return ready
}

// applied writes what came of applying a lease. It may have become another meanwhile. The lock is held.
func (r *reconciler) applied(ctx context.Context, was *Lease, problem error) {
	l := r.c.leases[was.ID]
	if !l.State.wanted() {
		return
	}
	now := r.c.needs.Clock.Now()
	switch {
	case problem == nil && (l.State != InForce || !l.Enforced):
		r.write(ctx, l, word{by: program(), what: "in-force"}, func(l *Lease) { l.State, l.Enforced, l.Problem, l.Next, l.Attempts = InForce, true, "", time.Time{}, 0 })
	case problem == nil:
	case l.State == InForce && errors.Is(problem, errLied):
		r.write(ctx, l, word{by: program(), what: "lost", reason: errGone.Error(), outcome: ledger.Failed}, func(l *Lease) { r.fail(l, errGone, now, lastRetry) })
	case l.State == Failed && l.Problem == clip(problem.Error()): // each attempt is not a line
		next := l.copy()
		r.fail(next, problem, now, lastRetry)
		r.c.leases[l.ID] = next
		r.c.tell(next)
	default:
		r.write(ctx, l, word{by: program(), what: "fail", reason: clip(problem.Error()), outcome: ledger.Failed}, func(l *Lease) { r.fail(l, problem, now, lastRetry) })
	}
}

// fail notes a failure, and when to try again.
func (r *reconciler) fail(l *Lease, problem error, now time.Time, most time.Duration) {
	if l.State != Reverting && l.State != Released {
		l.State = Failed
		l.Enforced = false
	}
	l.Problem = clip(problem.Error())
	wait := min(most, firstRetry<<min(l.Attempts, 10))
	l.Attempts++
	l.Next = db.Time(now.Add(wait))
}

// undone writes what came of taking a lease away. The lock is held.
func (r *reconciler) undone(ctx context.Context, was *Lease, problem error) {
	l := r.c.leases[was.ID]
	if l.State != Reverting && l.State != Released {
		return
	}
	now := r.c.needs.Clock.Now()
	switch {
	case problem == nil && l.State == Released:
		r.write(ctx, l, word{by: program(), what: "released"}, func(l *Lease) { l.Enforced, l.Problem = false, "" })
	case problem == nil:
		r.write(ctx, l, word{by: program(), what: string(l.Ending)}, func(l *Lease) {
			l.State, l.Ending, l.Enforced, l.Next, l.deadline = l.Ending, "", false, time.Time{}, time.Time{}
			if l.State != Refused {
				l.Problem = ""
			}
		})
	case l.Problem == clip(problem.Error()):
		next := l.copy()
		r.fail(next, problem, now, undoRetry)
		r.c.leases[l.ID] = next
		r.c.tell(next)
	default:
		r.write(ctx, l, word{by: program(), what: "revert-fail", reason: clip(problem.Error()), outcome: ledger.Failed}, func(l *Lease) { r.fail(l, problem, now, undoRetry) })
	}
}

func (r *reconciler) write(ctx context.Context, l *Lease, w word, fn func(*Lease)) {
	if _, err := r.c.change(ctx, l, w, func(l *Lease) error { fn(l); return nil }); err != nil && ctx.Err() == nil {
		r.c.needs.Log.Error("a containment could not be written", "lease", l.ID, "error", err)
	}
}

// stand notes how the enforcement point is, and warns. The lock is held.
func (r *reconciler) stand(err error, wanted, held int) {
	r.c.points[r.name] = &standing{problem: err, checked: r.c.needs.Clock.Now(), wanted: wanted, held: held}
	if r.c.needs.Health == nil {
		return
	}
	if held == wanted {
		r.c.needs.Health.Clear(&unenforced, r.name)
		return
	}
	problem := "it does not hold them"
	if err != nil {
		problem = clip(err.Error())
	}
	r.c.needs.Health.Set(&unenforced, health.Args{"point": r.name, "held": fmt.Sprint(held), "wanted": fmt.Sprint(wanted), "problem": problem})
}
