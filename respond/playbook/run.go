package playbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bulwark/content/playbooks"
)

// State is how far a run is.
type State string

// The states of a run.
const (
	Running   State = "running"   // acts are asked for; it goes on as the incident grows
	Lifting   State = "lifting"   // what it did is being taken back
	Cancelled State = "cancelled" // a person ended it, and what it did is taken back
	Over      State = "over"      // the incident is closed
)

// Run is a playbook that runs, or ran, for an incident.
type Run struct {
	ID       int64               `json:"id"`
	Playbook *playbooks.Playbook `json:"playbook"` // as it was when the run began
	Version  string              `json:"version"`
	Incident string              `json:"incident"`
	State    State               `json:"state"`
	By       string              `json:"by"` // who began it: program:playbook, person:ID
	Began    time.Time           `json:"began"`
	Ended    time.Time           `json:"ended,omitzero"`
	Reason   string              `json:"reason,omitempty"` // of who cancelled it
	Steps    []Progress          `json:"steps"`
	Problem  string              `json:"problem,omitempty"` // why it does not go on; it is tried again
}

// Progress is how far a step is.
type Progress struct {
	Step string `json:"step"`
	// Targets are to whom it was done, or was asked for.
	Targets []Target `json:"targets,omitempty"`
	More    int      `json:"more,omitempty"` // further ones to whom it would be done, beyond how many it may
	// Done is when a message was handed over, or a person did a task.
	Done time.Time `json:"done,omitzero"`
	By   string    `json:"by,omitempty"`
	Note string    `json:"note,omitempty"`
}

// Target is to whom a step was done.
type Target struct {
	Entity  string    `json:"entity"`
	Lease   uint64    `json:"lease,omitempty"` // its containment; 0: there is none
	At      time.Time `json:"at"`
	Problem string    `json:"problem,omitempty"` // why there is none
	Lifted  bool      `json:"lifted,omitempty"`
	Noted   uint64    `json:"noted,omitempty"` // the lease before, that was only noted
	Again   bool      `json:"again,omitempty"` // it is to be asked for again
}

// Wish is an act that a playbook asks for.
type Wish struct {
	Act, Target, Reason, Incident, Playbook string
	Approve                                 string // who must say yes besides whom the matrix asks
	Minutes                                 int
}

// ErrNever means that an act can never be as it was asked for: it is not tried again.
var ErrNever = errors.New("playbook: it cannot be done")

// Acts are asked for, weighed and kept elsewhere.
type Acts interface {
	// Propose asks for an act and returns its lease, whatever became of it; of one that is live already, that one. An error that is
	// [ErrNever] is for good.
	Propose(ctx context.Context, w Wish) (lease uint64, err error)
	// Lift ends a lease; of one that has ended it does nothing.
	Lift(ctx context.Context, lease uint64, reason string) error
	// Can says which acts there are.
	Can() []string
}

// Message is what people are told.
type Message struct {
	Incident, Severity string
	Title, Text        playbooks.Text
}

// Teller tells people.
type Teller interface {
	Tell(ctx context.Context, m Message) error
}

// begin makes the run of a playbook.
func begin(p *playbooks.File, i *Incident, by string, now time.Time) *Run {
	r := &Run{Playbook: p.Playbook, Version: version(p), Incident: i.UID, State: Running, By: by, Began: now}
	for _, s := range p.Steps {
		r.Steps = append(r.Steps, Progress{Step: s.ID})
	}
	return r
}

// advance does what is to be done now of a run. keep is called after each act that was asked for, so that it is not forgotten; an
// act that was asked for before a kill is asked for again, which answers with the same lease. It returns what is to be tried again.
func (n *Playbooks) advance(ctx context.Context, r *Run, i *Incident, keep func() error) error {
	var again []error
	for k := range r.Playbook.Steps {
		s, at := &r.Playbook.Steps[k], &r.Steps[k]
		var err error
		switch {
		case s.Do == "contain":
			err = n.contain(ctx, r, s, at, i, keep)
		case s.Do == "tell" && at.Done.IsZero():
			err = n.tell(ctx, r, s, at, i, keep)
		}
		if err != nil {
			again = append(again, fmt.Errorf("step %s: %w", s.ID, err))
		}
	}
	return errors.Join(again...)
}

func (n *Playbooks) contain(ctx context.Context, r *Run, s *playbooks.Step, at *Progress, i *Incident, keep func() error) error {
	all, more := whom(s, i)
	at.More = more
	for k := range at.Targets { // who is not in the incident any more is let be
		at.Targets[k].Again = at.Targets[k].Again && slices.Contains(all, at.Targets[k].Entity)
	}
	var again []error
	for _, entity := range all {
		there := slices.IndexFunc(at.Targets, func(t Target) bool { return t.Entity == entity })
		if there >= 0 && !at.Targets[there].Again {
			continue
		}
		if there < 0 && len(at.Targets) >= s.Targets() {
			at.More++
			continue
		}
		lease, err := n.needs.Acts.Propose(ctx, Wish{Act: s.Act, Target: entity, Minutes: s.Minutes, Incident: r.Incident, Playbook: r.Playbook.ID, Approve: s.Approve,
			Reason: r.Playbook.Title.EN + ": " + s.Title.EN})
		if err != nil && !errors.Is(err, ErrNever) {
			again = append(again, err)
			continue
		}
		t := Target{Entity: entity, Lease: lease, At: n.needs.Clock.Now()}
		if err != nil {
			t.Problem = reason(err)
		}
		if there >= 0 {
			t.Noted = at.Targets[there].Lease
			at.Targets[there] = t
		} else {
			at.Targets = append(at.Targets, t)
		}
		if err := keep(); err != nil {
			return err
		}
	}
	return errors.Join(again...)
}

func (n *Playbooks) tell(ctx context.Context, r *Run, s *playbooks.Step, at *Progress, i *Incident, keep func() error) error {
	if n.needs.Teller == nil {
		return errors.New("nobody can be told here")
	}
	text := playbooks.Text{EN: r.Playbook.Title.EN + ". " + s.Title.EN + ".", FR: r.Playbook.Title.FR + ". " + s.Title.FR + "."}
	if err := n.needs.Teller.Tell(ctx, Message{Incident: r.Incident, Severity: i.Severity, Title: playbooks.Text{EN: i.Title, FR: i.Title}, Text: text}); err != nil {
		return err
	}
	at.Done = n.needs.Clock.Now()
	return keep()
}

// lift takes back what a run did, step by step from the last.
func (n *Playbooks) lift(ctx context.Context, r *Run, why string, keep func() error) error {
	var again []error
	for k, s := range slices.Backward(r.Playbook.Steps) {
		if !s.Lifted() && r.State != Lifting {
			continue
		}
		for t := range r.Steps[k].Targets {
			target := &r.Steps[k].Targets[t]
			if target.Lease == 0 || target.Lifted {
				continue
			}
			if err := n.needs.Acts.Lift(ctx, target.Lease, why); err != nil {
				again = append(again, err)
				continue
			}
			target.Lifted = true
			if err := keep(); err != nil {
				return err
			}
		}
	}
	return errors.Join(again...)
}
