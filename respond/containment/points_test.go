package containment

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

// cabinet is an enforcement point that must know how it was: it has one value, which an order changes and its memo puts back.
type cabinet struct {
	switchboard
	value    string
	away     error // what it answers when it is read
	prepared int
}

func (c *cabinet) Name() string { return "cabinet" }

func (c *cabinet) Prepare(context.Context, Order) (string, error) {
	c.prepared++
	return c.value, c.err
}

func (c *cabinet) Drive(_ context.Context, want, undo []Order) (map[uint64]error, error) {
	for _, o := range undo {
		c.value = o.Memo
	}
	for _, o := range want {
		if o.Memo == "" {
			return nil, errors.New("it was not asked how it was")
		}
		c.value = "closed"
	}
	return nil, nil
}

func (c *cabinet) Read(_ context.Context, all []Order) (map[uint64]bool, map[uint64]error, error) {
	held, unknown := map[uint64]bool{}, map[uint64]error{}
	for _, o := range all {
		if c.away != nil {
			unknown[o.ID] = c.away
			continue
		}
		held[o.ID] = c.value == "closed"
	}
	return held, unknown, nil
}

// take makes p the only enforcement point.
func (r *room) take(p Point) {
	r.needs.Points = []Point{p}
	r.points[p.Name()], r.wake[p.Name()] = &standing{}, make(chan struct{}, 1)
	r.r = &reconciler{c: r.Containment, p: p, name: p.Name()}
}

func (r *room) get(id uint64) Lease {
	r.t.Helper()
	d, err := r.Show(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return d.Lease
}

func TestHowItWasIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := &cabinet{value: "VLAN 10"}
		r := newRoom(t, d)
		r.take(c)
		c.err = errors.New("it does not answer")
		l := r.propose("device:7")
		if r.step(); r.get(l.ID).State != Failed || c.value != "VLAN 10" {
			t.Fatalf("it could not be asked how it was, and is %q: %+v", c.value, r.get(l.ID))
		}
		c.err = nil
		r.clock.Add(time.Minute)
		if r.step(); r.get(l.ID).State != InForce || r.get(l.ID).Memo != "VLAN 10" || c.value != "closed" {
			t.Fatalf("the lease is %+v, the point %q", r.get(l.ID), c.value)
		}
		r.open(d) // as after a restart
		r.take(c)
		r.step()
		if c.prepared != 2 {
			t.Fatalf("it was asked %d times how it was", c.prepared)
		}
		if _, err := r.Lift(t.Context(), "person:1", l.ID, "cleaned"); err != nil {
			t.Fatal(err)
		}
		c.away = errors.New("it does not answer")
		if r.step(); r.get(l.ID).State != Reverting {
			t.Fatalf("what cannot be read back is said to be taken away: %+v", r.get(l.ID))
		}
		c.away = nil
		r.clock.Add(time.Minute)
		if r.step(); r.get(l.ID).State != Reverted || c.value != "VLAN 10" {
			t.Fatalf("the lease is %s, the point %q", r.get(l.ID).State, c.value)
		}
	})
}

// elsewhere is an enforcement point that takes no order.
type elsewhere struct{ switchboard }

func (e *elsewhere) Name() string { return "elsewhere" }

func (e *elsewhere) Try(context.Context, Order) ([]string, error) {
	return nil, errors.New("it is not here")
}

func TestThePointThatTakesAnOrderHasIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		r.needs.Points = []Point{&elsewhere{}, r.point}
		l := r.propose("device:7")
		if l.Point != "switchboard" || strings.Join(l.Plan, "") != "isolate device:7" {
			t.Fatalf("the order is at %q, with the plan %q", l.Point, l.Plan)
		}
		r.needs.Points = []Point{&elsewhere{}}
		if _, err := r.Propose(t.Context(), Wish{Act: "isolate", Target: "device:8", Minutes: 10, Reason: "x", By: "person:1"}); !errors.Is(err, ErrWrong) || !strings.Contains(err.Error(), "it is not here") {
			t.Fatalf("an order that no point takes: %v", err)
		}
	})
}
