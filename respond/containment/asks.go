package containment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// Bounds of what is asked.
const (
	maxReason   = 500            // characters
	maxScope    = 100            // bytes
	mostWaiting = 24 * time.Hour // that a proposal waits for persons
	spentWindow = 10 * time.Minute
)

// Wish is what somebody asks for.
type Wish struct {
	Act       string `json:"act"`
	Target    string `json:"target"`
	Scope     string `json:"scope"`
	Minutes   int    `json:"minutes"`
	Reason    string `json:"reason"`
	Incident  string `json:"incident"`
	Automatic bool   `json:"-"`
	Centre    bool   `json:"-"` // the centre of the group proposes it: a person of this site says yes
	Playbook  string `json:"-"`
	Approve   string `json:"-"` // who must say yes besides whom the matrix asks: soc, clinical, soc+clinical
	By        string `json:"-"`
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrWrong, fmt.Sprintf(format, args...))
}

func checkReason(reason *string, needed bool) error {
	*reason = strings.TrimSpace(*reason)
	switch {
	case utf8.RuneCountInString(*reason) > maxReason || !utf8.ValidString(*reason) || strings.ContainsRune(*reason, 0):
		return wrong("the reason is longer than %d characters, or no text", maxReason)
	case needed && *reason == "":
		return wrong("say why")
	}
	return nil
}

func (c *Containment) check(w *Wish) error {
	if err := checkReason(&w.Reason, true); err != nil {
		return err
	}
	w.Act, w.Target, w.Scope = strings.TrimSpace(w.Act), strings.TrimSpace(w.Target), strings.TrimSpace(w.Scope)
	if id, ok := strings.CutPrefix(w.Target, "incident:"); ok && w.Incident == "" {
		w.Incident = id
	}
	switch {
	case w.Minutes < 1 || time.Duration(w.Minutes)*time.Minute > c.needs.Config.Longest:
		return wrong("%d minutes are not between 1 and %d", w.Minutes, int(c.needs.Config.Longest/time.Minute))
	case len(w.Scope) > maxScope || len(w.Target) > maxScope || len(w.Incident) > maxScope || !utf8.ValidString(w.Scope+w.Target+w.Incident) || strings.ContainsRune(w.Scope+w.Target+w.Incident, 0):
		return wrong("target, scope and incident are short texts")
	case c.pointOf(w.Act, "") == "":
		return wrong("no enforcement point here does %q", w.Act)
	}
	return nil
}

// pointOf is the enforcement point of an act: the one of that name if it does it, or the first that does; empty: there is none.
func (c *Containment) pointOf(act, name string) (first string) {
	for _, p := range c.needs.Points {
		if slices.Contains(p.Acts(), act) {
			if p.Name() == name {
				return name
			}
			first = cmp.Or(first, p.Name())
		}
	}
	return first
}

// place finds the enforcement point that would have a lease in force, and what it would do. What is only noted, or refused, needs
// none. The lock is not held: a point may have to ask others.
func (c *Containment) place(ctx context.Context, l *Lease) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l.Point = c.pointOf(l.Act, "")
	now := c.needs.Clock.Now()
	o := orders([]*Lease{l}, now)[0]
	o.Until = now.Add(time.Duration(l.Minutes) * time.Minute)
	var why error
	for _, p := range c.needs.Points {
		if !slices.Contains(p.Acts(), l.Act) {
			continue
		}
		plan, err := p.Try(ctx, o)
		if err == nil {
			l.Point, l.Plan = p.Name(), plan
			return nil
		}
		why = errors.Join(why, err)
	}
	if l.State.Over() {
		return nil
	}
	return wrong("%v", why)
}

// Propose makes a lease of a wish, which is judged at once: it is approved, waits, is only noted, or is refused.
func (c *Containment) Propose(ctx context.Context, w Wish) (Lease, error) {
	if err := c.check(&w); err != nil {
		return Lease{}, err
	}
	got, err := c.needs.Interlock.Weigh(ctx, c.ask(&Lease{Act: w.Act, Target: w.Target, Scope: w.Scope, Automatic: w.Automatic, Centre: w.Centre, Playbook: w.Playbook, Approve: w.Approve, Reason: w.Reason, Incident: w.Incident}))
	if err != nil {
		return Lease{}, err
	}
	l := &Lease{Act: w.Act, Target: w.Target, Scope: w.Scope, State: Proposed, Automatic: w.Automatic, Centre: w.Centre, Playbook: w.Playbook, Approve: w.Approve, Reason: w.Reason,
		Incident: w.Incident, Minutes: w.Minutes, Created: db.Time(c.needs.Clock.Now()), By: w.By}
	l.take(got, l.Created)
	problem := c.place(ctx, l)
	c.mu.Lock()
	defer c.mu.Unlock()
	l.ID = c.last + 1
	live := 0
	for _, o := range c.leases {
		if o.State.Over() {
			continue
		}
		live++
		if o.key() == l.key() {
			return Lease{}, fmt.Errorf("%w: lease %d is %s", ErrAlready, o.ID, o.State)
		}
	}
	if live >= c.needs.Config.Most {
		c.count.Inc()
		return Lease{}, wrong("%d leases are live, which is the most", live)
	}
	if problem != nil {
		return Lease{}, problem
	}
	if err := c.write(ctx, l, word{by: w.By, what: "propose", reason: w.Reason, outcome: l.outcome()}); err != nil {
		return Lease{}, err
	}
	c.last, c.leases[l.ID] = l.ID, l
	c.tell(l)
	c.nudgePoint(l)
	return *l.copy(), nil
}

// take takes what the interlock said of a lease that waits.
func (l *Lease) take(got Weighed, now time.Time) {
	l.Verdict, l.Effect, l.Name, l.Addresses, l.MACs, l.Keep, l.Cuts = got.Verdict, got.Effect, got.Name, got.Addresses, got.MACs, got.Keep, got.Cuts
	l.Preview, l.Waits = got.Preview, time.Time{}
	switch got.Verdict.Outcome {
	case "allow":
		l.State = Approved
	case "shadow":
		l.State = Shadow
	case "ask":
		l.State = Proposed
	case "wait":
		l.State, l.Waits = Proposed, db.Time(got.Verdict.Until)
		if !l.Waits.After(now) {
			l.Waits = db.Time(now.Add(time.Second))
		}
	default:
		l.State = Refused
	}
}

func (l *Lease) outcome() ledger.Outcome {
	if l.State == Refused {
		return ledger.Refused
	}
	return ledger.Done
}

// ask is what the interlock is asked of a lease. The lock is not held.
func (c *Containment) ask(l *Lease) Ask {
	c.mu.RLock()
	defer c.mu.RUnlock()
	now := c.needs.Clock.Now()
	a := Ask{Act: l.Act, Target: l.Target, Scope: l.Scope, Automatic: l.Automatic, Centre: l.Centre, Playbook: l.Playbook, Approve: l.Approve, Approvals: slices.Clone(l.Approvals)}
	if x := l.longer(); x != nil { // a person asks
		a.Automatic, a.Centre, a.Approvals, a.Since, a.Needed = false, false, slices.Clone(x.Approvals), l.Since, l.Verdict.Needs
	}
	for _, o := range c.leases {
		if !o.alone() || o.ID == l.ID {
			continue
		}
		if now.Sub(o.Since) < spentWindow {
			for _, cut := range o.Cuts {
				cut.At = o.Since
				a.Spent = append(a.Spent, cut)
			}
		}
		if o.Verdict.Cut && (l.Incident != "" && o.Incident == l.Incident || l.Playbook != "" && o.Playbook == l.Playbook) && o.Since.After(a.Canary) {
			a.Canary = o.Since
		}
	}
	return a
}

// alone reports whether a lease was put in force by the program, and nobody said yes to it.
func (l *Lease) alone() bool { return l.Automatic && len(l.yes()) == 0 && !l.Since.IsZero() }

// Spent is how many devices were cut automatically within the time of the budgets.
func (c *Containment) Spent() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	now, devices := c.needs.Clock.Now(), map[uint64]bool{}
	for _, l := range c.leases {
		if l.alone() && now.Sub(l.Since) < spentWindow {
			for _, cut := range l.Cuts {
				devices[cut.Device] = true
			}
		}
	}
	return len(devices)
}

// yes are those who said yes.
func (l *Lease) yes() (all []Approval) {
	for _, a := range l.Approvals {
		if a.Yes {
			all = append(all, a)
		}
	}
	return all
}

// find is a lease as it is now. A lock is held.
func (c *Containment) find(id uint64) (*Lease, error) {
	if l := c.leases[id]; l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("%w: %d", ErrNoLease, id)
}

// answerable refuses whoever cannot answer a lease that waits. A lock is held.
func (c *Containment) answerable(id uint64, a Asker) (*Lease, error) {
	l, err := c.find(id)
	if err != nil {
		return nil, err
	}
	waits, said := l.question()
	switch {
	case waits == nil:
		return nil, fmt.Errorf("%w: lease %d is %s", ErrState, id, l.State)
	case len(a.Roles) == 0:
		return nil, fmt.Errorf("%w: a yes or no is a named person's, of the security team or who answers for medical devices", ErrRole)
	case slices.ContainsFunc(said, func(o Approval) bool { return o.By == a.Actor }):
		return nil, fmt.Errorf("%w: that person has answered already", ErrRole)
	}
	return l, nil
}

// Approve is a person's yes. The lease is judged anew, by what is known now: what was learnt since counts.
func (c *Containment) Approve(ctx context.Context, who Asker, id uint64, reason string) (Lease, error) {
	if err := checkReason(&reason, false); err != nil {
		return Lease{}, err
	}
	c.mu.RLock()
	l, err := c.answerable(id, who)
	c.mu.RUnlock()
	if err != nil {
		return Lease{}, err
	}
	yes := Approval{By: who.Actor, Yes: true, Roles: who.Roles, Reason: reason, At: db.Time(c.needs.Clock.Now())}
	asked := l.copy()
	asked.say(yes)
	got, err := c.needs.Interlock.Weigh(ctx, c.ask(asked))
	if err != nil {
		return Lease{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now, err := c.answerable(id, who)
	if err != nil {
		return Lease{}, err
	}
	if now.Lines != l.Lines { // somebody else answered meanwhile: what was judged is not what stands
		return Lease{}, fmt.Errorf("%w: somebody else answered at the same moment; look again", ErrState)
	}
	next, err := c.change(ctx, now, word{by: who.Actor, what: "approve", reason: reason}, func(l *Lease) error {
		longer := l.longer() != nil
		l.say(yes)
		if longer {
			return l.takeLonger(got)
		}
		l.take(got, c.needs.Clock.Now())
		return nil
	})
	c.nudgePoint(next)
	return *next.copy(), err
}

// Decline is a person's no: one is enough.
func (c *Containment) Decline(ctx context.Context, who Asker, id uint64, reason string) (Lease, error) {
	if err := checkReason(&reason, true); err != nil {
		return Lease{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l, err := c.answerable(id, who)
	if err != nil {
		return Lease{}, err
	}
	next, err := c.change(ctx, l, word{by: who.Actor, what: "decline", reason: reason, outcome: ledger.Refused}, func(l *Lease) error {
		x := l.longer()
		l.say(Approval{By: who.Actor, Roles: who.Roles, Reason: reason, At: db.Time(c.needs.Clock.Now())})
		if x != nil { // it ends when it would have ended
			x.State = LongerRefused
			return nil
		}
		l.State = Refused
		return nil
	})
	return *next.copy(), err
}

// Lift ends a lease before its time.
func (c *Containment) Lift(ctx context.Context, by string, id uint64, reason string) (Lease, error) {
	if err := checkReason(&reason, true); err != nil {
		return Lease{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l, err := c.find(id)
	if err != nil {
		return Lease{}, err
	}
	if l.State.Over() || l.State == Reverting {
		return Lease{}, fmt.Errorf("%w: lease %d is %s", ErrState, id, l.State)
	}
	next, err := c.change(ctx, l, word{by: by, what: "lift", reason: reason}, func(l *Lease) error {
		l.end(Reverted, "")
		return nil
	})
	c.nudgePoint(next)
	return *next.copy(), err
}

// Shorten has a lease end sooner: so many minutes from now, or after it begins. It never lasts longer by that.
func (c *Containment) Shorten(ctx context.Context, by string, id uint64, minutes int, reason string) (Lease, error) {
	if err := checkReason(&reason, true); err != nil {
		return Lease{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l, err := c.find(id)
	if err != nil {
		return Lease{}, err
	}
	now := c.needs.Clock.Now()
	lasts := time.Duration(minutes) * time.Minute
	switch {
	case l.State.Over() || l.State == Reverting:
		return Lease{}, fmt.Errorf("%w: lease %d is %s", ErrState, id, l.State)
	case minutes < 1 || minutes >= l.Minutes || !l.Until.IsZero() && !now.Add(lasts).Before(l.Until):
		return Lease{}, wrong("%d minutes are not sooner than lease %d ends", minutes, id)
	}
	next, err := c.change(ctx, l, word{by: by, what: "shorten", reason: reason}, func(l *Lease) error {
		l.Minutes = minutes
		l.lapse()
		if !l.Until.IsZero() {
			l.Until, l.deadline = db.Time(now.Add(lasts)), now.Add(lasts)
		}
		return nil
	})
	c.nudgePoint(next)
	return *next.copy(), err
}

// LiftAll ends the leases that which is true of, as the watchdog does.
func (c *Containment) LiftAll(ctx context.Context, by, reason string, which func(*Lease) bool) (n int, err error) {
	c.mu.RLock()
	var ids []uint64
	for id, l := range c.leases {
		if !l.State.Over() && l.State != Reverting && which(l.copy()) {
			ids = append(ids, id)
		}
	}
	c.mu.RUnlock()
	for _, id := range ids {
		if _, err := c.Lift(ctx, by, id, reason); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// end begins the end of a lease: what was never applied ends at once, the rest when it is not there any more.
func (l *Lease) end(as State, problem string) {
	l.lapse()
	l.Problem, l.Next, l.Waits, l.Released = problem, time.Time{}, time.Time{}, time.Time{}
	if l.Since.IsZero() && (l.State == Proposed || l.State == Approved) {
		l.State, l.Ending = as, ""
		return
	}
	l.State, l.Ending, l.Attempts = Reverting, as, 0
}

func (c *Containment) nudgePoint(l *Lease) {
	if w := c.wake[l.Point]; w != nil {
		clock.Wake(w)
	}
}
