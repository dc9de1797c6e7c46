package inventory

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"bulwark/event"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

// rows is how many rows a table has.
func rows(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	if err := d.Read().NewRaw("SELECT COUNT(*) FROM "+table).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// What is forgotten to make room leaves the database too: device, rhythm, and what is usual for it.
func TestForgottenLeavesTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		i := open(t, d, Needs{Config: Config{Addresses: 1500}})
		for round := range 4 {
			x := &day{n: uint64(round) * 10}
			for n := range 1200 {
				from, to := fmt.Sprintf("10.%d.%d.%d", round, n>>8, n&255), fmt.Sprintf("10.%d.%d.%d", round, 9-n>>8, n&255)
				x.flow(round*30, from, to, "http")
				x.add(round*30, from, "", &event.Asset{Hostname: fmt.Sprintf("made-up-%d-%d", round, n), Source: "mdns"})
			}
			hear(t, i, x)
			if err := i.save(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, want := rows(t, d, "inventory_trace"), len(i.book.register.State().Traces); got != want || want > 1500 {
				t.Errorf("round %d: %d traces kept, %d known", round, got, want)
			}
			if got, want := rows(t, d, "inventory_rhythm"), i.book.rhythms.Len(); got != want || got == 0 {
				t.Errorf("round %d: %d weeks kept, %d known", round, got, want)
			}
			if got, want := rows(t, d, "inventory_standing"), len(i.watch.standings); got != want {
				t.Errorf("round %d: %d standings kept, %d known", round, got, want)
			}
		}
		if a, b := text(t, i), text(t, open(t, d, Needs{Ledger: i.ledger, Config: Config{Addresses: 1500}})); a != b {
			t.Errorf("taken up again it is another")
		}
	})
}

// On a full disk nothing that was accepted is lost: the error says what it is, and when there is room again all is kept.
func TestDiskFull(t *testing.T) {
	d := dbtest.SQLite(t)
	e := &ear{t: t}
	i := open(t, d, Needs{Publisher: e})
	limit := func(pages int) error {
		return d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Exec(ctx)
			return err
		})
	}
	if err := limit(1); err != nil { // what there is may stay
		t.Fatal(err)
	}
	x := ward()
	for n := range 3000 {
		x.add(3, fmt.Sprintf("10.7.%d.%d", n>>8, n&255), "", &event.Asset{Hostname: strings.Repeat("x", 40) + fmt.Sprint(n), Source: "mdns"})
	}
	x.flow(9, "10.0.0.20", "10.0.0.2", "ldap")
	if err := i.book.read(x.batch.Bytes()); err != nil {
		t.Fatal(err)
	}
	i.advance()
	if err := i.publish(t.Context()); err == nil || !strings.Contains(err.Error(), "full") || len(e.all) != 0 {
		t.Errorf("on a full disk: %v, and %d events told", err, len(e.all))
	}
	if err := limit(1 << 30); err != nil {
		t.Fatal(err)
	}
	if err := i.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(e.all) == 0 {
		t.Error("nothing was told when there was room again")
	}
	if a, b := text(t, i), text(t, open(t, d, Needs{Ledger: i.ledger})); a != b {
		t.Error("taken up again it is another")
	}
}

// An inventory that has seen nothing is kept at its end as well as any.
func TestAnEmptyInventoryIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		i := open(t, d, Needs{})
		if err := i.keep(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if again := open(t, d, Needs{Ledger: i.ledger}); len(again.All()) != 0 {
			t.Errorf("taken up again: %+v", again.All())
		}
	})
}
