package containment

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"bulwark/platform/db"
)

// How far it is that a lease lasts longer.
const (
	LongerAsked   = "asked"   // waits for persons; the lease ends when it would have ended
	LongerGranted = "granted" // the lease lasts longer
	LongerRefused = "refused" // a person said no, or nobody may say yes
	LongerLapsed  = "lapsed"  // the lease ended, or was shortened, before persons answered
)

// Longer is that somebody asked for a lease to last longer: it is judged as a containment is that begins, and needs no less than
// the lease did.
type Longer struct {
	State     string          `json:"state"`
	Minutes   int             `json:"minutes"` // by which
	Until     time.Time       `json:"until"`   // the lease lasts then
	By        string          `json:"by"`
	Reason    string          `json:"reason"`
	Created   time.Time       `json:"created"`
	Verdict   Verdict         `json:"verdict"`
	Approvals []Approval      `json:"approvals,omitempty"`
	Preview   json.RawMessage `json:"preview,omitempty"` // what the interlock saw then
}

// longer is what waits for persons of how long a lease lasts; nil: nothing.
func (l *Lease) longer() *Longer {
	if l.Longer != nil && l.Longer.State == LongerAsked {
		return l.Longer
	}
	return nil
}

// lapse ends what waits: what it was asked of is not as it was.
func (l *Lease) lapse() {
	if x := l.longer(); x != nil {
		x.State = LongerLapsed
	}
}

// Prolong asks for a lease that is in force to last longer by so many minutes. Where nobody needs to say yes it does at once.
func (c *Containment) Prolong(ctx context.Context, by string, id uint64, minutes int, reason string) (Lease, error) {
	if err := checkReason(&reason, true); err != nil {
		return Lease{}, err
	}
	l, got, err := c.weighLonger(ctx, id, minutes)
	if err != nil {
		return Lease{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now, err := c.prolongable(id, minutes)
	if err != nil {
		return Lease{}, err
	}
	if !now.Until.Equal(l.Until) {
		return Lease{}, fmt.Errorf("%w: its end was changed at the same moment; look again", ErrState)
	}
	next, err := c.change(ctx, now, word{by: by, what: "prolong", reason: reason}, func(next *Lease) error {
		next.Longer = l.Longer
		next.Longer.By, next.Longer.Reason = by, reason
		return next.takeLonger(got)
	})
	c.nudgePoint(next)
	return *next.copy(), err
}

// LookLonger says what a lease would go on to stop, and who would have to say yes, were it to last longer; nothing is asked for.
func (c *Containment) LookLonger(ctx context.Context, id uint64, minutes int) (Longer, error) {
	l, got, err := c.weighLonger(ctx, id, minutes)
	if err != nil {
		return Longer{}, err
	}
	err = l.takeLonger(got)
	return *l.Longer, err
}

// weighLonger asks the interlock about a lease that is to last longer. It returns a copy of it that waits for that.
func (c *Containment) weighLonger(ctx context.Context, id uint64, minutes int) (*Lease, Weighed, error) {
	c.mu.RLock()
	l, err := c.prolongable(id, minutes)
	c.mu.RUnlock()
	if err != nil {
		return nil, Weighed{}, err
	}
	l = l.copy()
	l.Longer = &Longer{State: LongerAsked, Minutes: minutes, Until: l.Until.Add(time.Duration(minutes) * time.Minute), Created: db.Time(c.needs.Clock.Now())}
	got, err := c.needs.Interlock.Weigh(ctx, c.ask(l))
	return l, got, err
}

// prolongable is a lease that can last longer by so many minutes. A lock is held.
func (c *Containment) prolongable(id uint64, minutes int) (*Lease, error) {
	l, err := c.find(id)
	longest := c.needs.Config.Longest
	switch {
	case err != nil:
		return nil, err
	case l.State.Over() || l.State == Reverting || l.Since.IsZero():
		return nil, fmt.Errorf("%w: lease %d is %s", ErrState, id, l.State)
	case l.longer() != nil:
		return nil, fmt.Errorf("%w: that lease %d lasts longer is asked for already", ErrState, id)
	case minutes < 1 || minutes > int(longest/time.Minute):
		return nil, wrong("%d minutes are not between 1 and %d", minutes, int(longest/time.Minute))
	}
	if room := longest - l.Until.Sub(l.Since); time.Duration(minutes)*time.Minute > room {
		return nil, wrong("lease %d can last %d minutes longer at most: none lasts longer than %d", id, int(room/time.Minute), int(longest/time.Minute))
	}
	return l, nil
}

// takeLonger takes what the interlock said of a lease that is to last longer.
func (l *Lease) takeLonger(got Weighed) error {
	if kind, _, _ := strings.Cut(l.Target, ":"); kind == "device" || kind == "address" {
		for _, a := range l.Addresses {
			if !slices.Contains(got.Addresses, a) { // somebody else may be at it now
				return wrong("%s is not at %s any more: lift this containment, and ask anew", l.called(), a)
			}
		}
	}
	x := l.Longer
	x.Verdict, x.Preview = got.Verdict, got.Preview
	switch got.Verdict.Outcome {
	case "ask":
		return nil
	case "allow":
	default:
		x.State = LongerRefused
		return nil
	}
	more := time.Duration(x.Minutes) * time.Minute
	x.State, l.Until, l.Minutes, l.Keep = LongerGranted, x.Until, l.Minutes+x.Minutes, got.Keep
	if !l.deadline.IsZero() {
		l.deadline = l.deadline.Add(more)
	}
	if l.State == InForce { // the enforcement point is told its new end, and asked whether it has it
		l.State = Approved
	}
	return nil
}

// question is what of a lease waits for persons: the lease, or that it lasts longer. Nil: nothing does.
func (l *Lease) question() (*Verdict, []Approval) {
	switch x := l.longer(); {
	case l.State == Proposed && l.Verdict.Outcome == "ask":
		return &l.Verdict, l.Approvals
	case x != nil && !l.State.Over() && l.State != Reverting:
		return &x.Verdict, x.Approvals
	}
	return nil, nil
}

// say notes what a person said of what waits.
func (l *Lease) say(a Approval) {
	if x := l.longer(); x != nil {
		x.Approvals = append(x.Approvals, a)
		return
	}
	l.Approvals = append(l.Approvals, a)
}

// detail adds to an entry of the ledger what it has of a lease that is to last longer.
func (x *Longer) detail(d map[string]string) {
	if x == nil {
		return
	}
	d["longer"], d["longer_until"] = x.State, x.Until.Format(time.RFC3339)
	for i, a := range x.Approvals {
		if a.Yes {
			d[fmt.Sprintf("longer_approval_%d", i+1)] = a.By
		}
	}
}
