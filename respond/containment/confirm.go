package containment

import (
	"context"
	"errors"
	"strings"
	"time"

	"bulwark/platform/ledger"
)

// Unproven is a point whose ways were written from documents alone, until a person of this site has seen it work. Proof is what that
// person confirms; where it becomes another, it is unproven again.
type Unproven interface{ Proof() string }

// Confirmed is who has seen a point work, and when.
type Confirmed struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// ErrNoPoint means that there is no such enforcement point, or none to confirm.
var ErrNoPoint = errors.New("containment: no enforcement point of that name waits to be confirmed")

const actConfirm = "containment.confirm"

func pointObject(name string) string { return "point/" + name }

// confirmed is who confirmed a point as it is now: the ledger is where that is kept. Nil: nobody.
func (c *Containment) confirmed(ctx context.Context, p Point) (*Confirmed, error) {
	page, err := c.needs.Ledger.List(ctx, ledger.Query{Object: pointObject(p.Name()), Act: actConfirm, Limit: 1})
	if err != nil || len(page.Entries) == 0 || page.Entries[0].Detail["proof"] != p.(Unproven).Proof() {
		return nil, err
	}
	return &Confirmed{page.Entries[0].Actor, page.Entries[0].Time}, nil
}

// Confirm notes that a person has seen a point work at this site.
func (c *Containment) Confirm(ctx context.Context, who Asker, name, reason string) error {
	if err := checkReason(&reason, true); err != nil {
		return err
	}
	if !strings.HasPrefix(who.Actor, "person:") {
		return ErrRole
	}
	for _, p := range c.needs.Points {
		if u, ok := p.(Unproven); ok && p.Name() == name {
			_, err := c.needs.Ledger.Record(ctx, ledger.Entry{Actor: who.Actor, Act: actConfirm, Object: pointObject(name), Outcome: ledger.Done,
				Detail: map[string]string{"proof": u.Proof(), "reason": reason}})
			return err
		}
	}
	return ErrNoPoint
}
