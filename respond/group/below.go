package group

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"bulwark/platform/clock"
	"bulwark/platform/ledger"
)

// Bounds of orders.
const (
	goodFor    = 5 * time.Minute // clocks of two machines differ
	mostOrders = 500             // that are known again, while they are good
)

// BelowNeeds is what the side of a site is made of.
type BelowNeeds struct {
	Name     string // of this site, as the centre calls it
	Ledger   *ledger.Ledger
	Clock    clock.Clock
	Log      *slog.Logger
	Registry prometheus.Registerer
	// Verify checks that the centre signed a text.
	Verify func(text, signature []byte) error
	Site   Site
}

// Below takes the orders of the centre. Make it with [NewBelow]; it is safe for concurrent use.
type Below struct {
	needs   BelowNeeds
	refused prometheus.Counter

	mu   sync.Mutex
	seen map[string]time.Time // orders that were taken
}

// NewBelow makes the side of a site.
func NewBelow(n BelowNeeds) *Below {
	return &Below{needs: n, seen: map[string]time.Time{}, refused: promauto.With(n.Registry).NewCounter(prometheus.CounterOpts{
		Name: "bulwark_group_refused_orders_total", Help: "Orders of the centre that were not taken: not signed, too old, taken before, too many, or refused."})}
}

// Take takes an order and returns the answer.
func (b *Below) Take(ctx context.Context, text []byte) []byte {
	a, o, err := b.take(ctx, text)
	if err != nil {
		a = Answer{Error: err.Error()}
		b.refused.Inc()
		b.needs.Log.WarnContext(ctx, "an order of the centre was not taken", "do", string(o.Do), "error", err)
	}
	out, err := json.Marshal(a)
	if err != nil {
		out, _ = json.Marshal(Answer{Error: err.Error()}) // a text always can be
	}
	return out
}

func (b *Below) take(ctx context.Context, text []byte) (a Answer, o Order, err error) {
	var s signed
	if err := json.Unmarshal(text, &s); err != nil {
		return a, o, errors.New("it is no order")
	}
	if err := b.needs.Verify(s.Order, s.Signature); err != nil {
		return a, o, err
	}
	if err := json.Unmarshal(s.Order, &o); err != nil {
		return a, o, errors.New("it is no order")
	}
	if err := b.once(&o); err != nil {
		return a, o, err
	}
	if o.Do == Look {
		a.Leases, err = json.Marshal(b.needs.Site.Look())
		return a, o, err
	}
	if err = o.check(); err == nil {
		a, err = b.do(ctx, &o)
	}
	if err != nil {
		return a, o, errors.Join(err, b.note(ctx, &o, err))
	}
	return a, o, nil
}

// actor is who does what the centre asked, as the ledger has it.
func (o *Order) actor() string { return "centre:" + o.By }

// do does an order. What is changed stands in the ledger by the room that changes it.
func (b *Below) do(ctx context.Context, o *Order) (a Answer, err error) {
	var lease any
	if o.Do == Propose {
		lease, err = b.needs.Site.Propose(ctx, o.actor(), *o)
	} else {
		lease, err = b.needs.Site.Tighten(ctx, o.actor(), *o)
	}
	if err == nil && lease != nil {
		a.Lease, err = json.Marshal(lease)
	}
	return a, err
}

// once refuses an order that is for another, that is too old, or that was taken before.
func (b *Below) once(o *Order) error {
	now := b.needs.Clock.Now()
	switch age := now.Sub(o.At); {
	case o.Node != b.needs.Name:
		return fmt.Errorf("it is for %q", o.Node)
	case age > goodFor || age < -goodFor:
		return fmt.Errorf("it was signed at %s, and it is %s: the clocks differ, or it is old", o.At.UTC().Format(time.DateTime), now.UTC().Format(time.DateTime))
	case len(o.ID) < 16 || len(o.ID) > maxText:
		return errors.New("it has no identifier")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, at := range b.seen {
		if now.Sub(at) > 2*goodFor {
			delete(b.seen, id)
		}
	}
	if _, taken := b.seen[o.ID]; taken {
		return errors.New("it was taken before")
	}
	if len(b.seen) >= mostOrders {
		return errors.New("there were too many in a few minutes")
	}
	b.seen[o.ID] = now
	return nil
}

// note keeps that an order which the centre did sign was refused.
func (b *Below) note(ctx context.Context, o *Order, why error) error {
	_, err := b.needs.Ledger.Record(ctx, ledger.Entry{Actor: o.actor(), Act: "group.order", Object: "node:" + o.Node, Outcome: ledger.Refused,
		Detail: o.detail(why.Error())})
	return err
}
