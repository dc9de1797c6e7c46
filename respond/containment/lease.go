package containment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"bulwark/event"
)

// State is how far a lease is.
type State string

// The states.
const (
	Proposed  State = "proposed"  // waits for persons, or for another act to be watched
	Approved  State = "approved"  // is about to be applied
	Applying  State = "applying"  // is being applied
	InForce   State = "in_force"  // was read back from the enforcement point
	Failed    State = "failed"    // could not be applied, or is not there any more; it is tried again
	Released  State = "released"  // was lifted at the bedside for a while
	Reverting State = "reverting" // is being taken away
	Reverted  State = "reverted"  // was lifted, and is not there any more
	Expired   State = "expired"   // its time was over, and it is not there any more
	Refused   State = "refused"   // a person said no, or nobody may say yes
	Shadow    State = "shadow"    // would have been done, and was only noted
)

// States are all of them.
func States() []State {
	return []State{Proposed, Approved, Applying, InForce, Failed, Released, Reverting, Reverted, Expired, Refused, Shadow}
}

// Over reports whether nothing happens to a lease of this state any more.
func (s State) Over() bool {
	return s == Reverted || s == Expired || s == Refused || s == Shadow
}

// wanted reports whether a lease of this state is to be in force at its enforcement point.
func (s State) wanted() bool { return s == Applying || s == InForce || s == Failed }

// Lease is an act for a time.
type Lease struct {
	ID        uint64       `json:"id"`
	Effect    string       `json:"effect"`
	Act       string       `json:"act"`
	Target    string       `json:"target"` // device:12, address:10.0.0.1
	Name      string       `json:"name,omitempty"`
	Scope     string       `json:"scope,omitempty"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
	MACs      []string     `json:"macs,omitempty"`
	Keep      []Kept       `json:"keep,omitempty"` // conversations that go on
	State     State        `json:"state"`
	Enforced  bool         `json:"enforced"` // it was read back last time
	Automatic bool         `json:"automatic"`
	Centre    bool         `json:"centre,omitempty"` // the centre of the group proposed it
	Playbook  string       `json:"playbook,omitempty"`
	Approve   string       `json:"approve,omitempty"` // who must say yes besides whom the matrix asks
	Reason    string       `json:"reason"`
	Incident  string       `json:"incident,omitempty"`
	Minutes   int          `json:"minutes"`
	Created   time.Time    `json:"created"`
	By        string       `json:"by"`
	Since     time.Time    `json:"since,omitzero"` // it was first applied
	Until     time.Time    `json:"until,omitzero"`
	Waits     time.Time    `json:"waits_until,omitzero"`    // of Proposed: it is judged anew then
	Released  time.Time    `json:"released_until,omitzero"` // it is lifted at the bedside until then
	Releases  int          `json:"releases,omitempty"`      // how often it was
	Next      time.Time    `json:"next_try,omitzero"`
	Point     string       `json:"point,omitempty"`
	Plan      []string     `json:"plan,omitempty"` // what the point would do, step by step
	Memo      string       `json:"memo,omitempty"` // how it was before, by the point's word
	Prepared  bool         `json:"prepared,omitempty"`
	Attempts  int          `json:"attempts,omitempty"`
	Problem   string       `json:"problem,omitempty"`
	Ending    State        `json:"ending,omitempty"` // of Reverting: what it becomes
	Verdict   Verdict      `json:"verdict"`
	Approvals []Approval   `json:"approvals,omitempty"`
	Longer    *Longer      `json:"longer,omitempty"` // the last time that somebody asked for it to last longer
	Cuts      []Cut        `json:"cuts,omitempty"`
	// Preview is what the interlock saw that would stop; it is not read here.
	Preview json.RawMessage `json:"preview,omitempty"`
	Lines   int             `json:"lines"` // of its history

	// deadline is Until by a clock that nobody sets; zero after a restart.
	deadline time.Time
}

// Kept is a conversation that goes on although a device is isolated: Client asks Server at a port.
type Kept struct {
	Client netip.Addr `json:"client"`
	Server netip.Addr `json:"server"`
	Proto  uint8      `json:"proto"`
	Port   uint16     `json:"port"`
}

// Approval is what a person said of a lease that waits.
type Approval struct {
	By     string    `json:"by"`
	Yes    bool      `json:"yes"`
	Roles  []string  `json:"roles"` // soc, clinical
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// Cut is a device that loses others, as budgets count it.
type Cut struct {
	Device uint64    `json:"device"`
	Ward   string    `json:"ward,omitempty"`
	Class  string    `json:"class,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// Line is one change of a lease.
type Line struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	What   string    `json:"what"`
	State  State     `json:"state"`
	Reason string    `json:"reason,omitempty"`
}

// copy is a lease whose lists are its own.
func (l *Lease) copy() *Lease {
	c := *l
	c.Addresses, c.MACs, c.Keep, c.Approvals, c.Cuts = slices.Clone(l.Addresses), slices.Clone(l.MACs), slices.Clone(l.Keep), slices.Clone(l.Approvals), slices.Clone(l.Cuts)
	if l.Longer != nil {
		x := *l.Longer
		x.Approvals = slices.Clone(x.Approvals)
		c.Longer = &x
	}
	return &c
}

// sum is a mark by which the ledger knows a row again.
func (l *Lease) sum() (string, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:]), nil
}

// over reports whether the time of a lease is over, by the clock or by the time that really passed.
func (l *Lease) over(now time.Time) bool {
	return !l.Until.IsZero() && (!now.Round(0).Before(l.Until) || !l.deadline.IsZero() && !now.Before(l.deadline))
}

// key tells live leases apart: there is one of each.
func (l *Lease) key() string { return l.Act + " " + l.Target + " " + l.Scope }

func (l *Lease) object() string { return fmt.Sprintf("containment/%d", l.ID) }

// event is what the bus is told.
func (l *Lease) event(by string) (event.Header, *event.Containment) {
	h := event.Header{}
	if len(l.Addresses) == 1 {
		h.Src = l.Addresses[0]
	}
	e := &event.Containment{UID: fmt.Sprint(l.ID), Effect: l.Effect, Act: l.Act, Target: l.Target, Scope: l.Scope, State: string(l.State), Reason: l.Reason,
		Incident: l.Incident, Point: l.Point, By: by, Automatic: l.Automatic, Playbook: l.Playbook, Enforced: l.Enforced, Problem: l.Problem, Longer: l.longer() != nil}
	if !l.Until.IsZero() {
		e.Until = uint64(l.Until.UnixNano())
	}
	return h, e
}
