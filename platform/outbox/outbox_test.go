package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

// bus takes a batch of the same number once, as ours does.
type bus struct {
	t   *testing.T
	off bool
	ids []uint64
	all []string
}

var errAway = errors.New("away")

func (b *bus) Publish(_ context.Context, kind event.Kind, batch []byte) error {
	if b.off {
		return errAway
	}
	var r event.Reader
	var e event.Event
	if err := r.Open(batch); err != nil || kind != event.KindFinding || r.Sensor != "room" {
		b.t.Errorf("a batch of kind %s by %q: %v", kind, r.Sensor, err)
	}
	if slices.Contains(b.ids, r.ID) {
		return nil
	}
	b.ids = append(b.ids, r.ID)
	for r.Next(&e) {
		b.all = append(b.all, e.Payload.(*event.Finding).Title)
	}
	return r.Err()
}

func table(t *testing.T, d *db.DB) {
	write(t, d, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("CREATE TABLE room_outbox (id BIGINT PRIMARY KEY, batch BYTEA)").Exec(ctx)
		return err
	})
}

func write(t *testing.T, d *db.DB, do func(context.Context, bun.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func box(to Publisher) *Box {
	return New(Needs{To: to, Kind: event.KindFinding, Room: "room", Clock: clock.System{}})
}

func put(b *Box, title string) {
	b.Put(event.Header{Time: time.Now().UnixNano()}, &event.Finding{Title: title})
}

// keep keeps what a box holds, and returns the number of its last batch.
func keep(t *testing.T, d *db.DB, b *Box) uint64 {
	t.Helper()
	p := b.Pack()
	write(t, d, p.Write)
	b.Kept(p)
	return p.Last
}

func again(t *testing.T, d *db.DB, to Publisher, last uint64) *Box {
	t.Helper()
	b := box(to)
	write(t, d, func(ctx context.Context, tx bun.Tx) error { return b.Load(ctx, tx, last) })
	return b
}

func send(t *testing.T, b *Box, want int) {
	t.Helper()
	if n, err := b.Send(t.Context()); err != nil || n != want {
		t.Errorf("%d batches sent, %v; want %d", n, err, want)
	}
}

func TestWhatIsKeptIsToldOnceWhereverTheProgramEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		to := &bus{t: t}
		b := box(to)
		put(b, "one")
		send(t, b, 0) // it is not kept yet
		last := keep(t, d, b)
		put(b, "lost with the state that it follows from")
		b = again(t, d, to, last)
		send(t, b, 1)
		b = again(t, d, to, last) // that it was sent was not kept
		send(t, b, 1)
		put(b, "two")
		last = keep(t, d, b)
		send(t, b, 1)
		if keep(t, d, b) != last || b.Waits() {
			t.Errorf("a batch was made of nothing, or something waits")
		}
		send(t, again(t, d, to, last), 0)
		if got := fmt.Sprint(to.all); got != "[one two]" {
			t.Errorf("told %s, want [one two]", got)
		}
	})
}

func TestWhatIsUndoneIsNotTold(t *testing.T) {
	d := dbtest.SQLite(t)
	table(t, d)
	to := &bus{t: t}
	b := box(to)
	put(b, "before")
	undo := b.Begin()
	put(b, "undone")
	b.Pack() // and not kept
	undo()
	put(b, "after")
	keep(t, d, b)
	send(t, b, 2)
	if got := fmt.Sprint(to.all); got != "[before after]" {
		t.Errorf("told %s, want [before after]", got)
	}
}

func TestBatchesThatNobodyTakesAreBounded(t *testing.T) {
	d := dbtest.SQLite(t)
	table(t, d)
	to := &bus{t: t, off: true}
	b := box(to)
	const few = 2 * MostParcels
	for n := range few {
		put(b, fmt.Sprint(n))
		keep(t, d, b)
		if _, err := b.Send(t.Context()); !errors.Is(err, errAway) {
			t.Fatalf("sent while the bus is away: %v", err)
		}
	}
	if n := len(b.ready) + len(b.packed); n != MostParcels {
		t.Errorf("%d batches wait, want %d", n, MostParcels)
	}
	for n := range MostQueued {
		put(b, fmt.Sprint("further ", n))
	}
	if len(b.queue) != MostQueued {
		t.Errorf("%d events wait, want %d", len(b.queue), MostQueued)
	}
	to.off = false
	send(t, b, MostParcels)
	keep(t, d, b)
	send(t, b, 1)
	if want := MostParcels + MostQueued; len(to.all) != want {
		t.Errorf("%d events came, want %d", len(to.all), want)
	}
}
