package inventory

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"bulwark/event"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

// onceBus is a bus that takes a batch of the same number once, as ours does.
type onceBus struct {
	ear
	ids  []uint64
	down bool
}

var errDown = errors.New("down")

func (l *onceBus) Publish(ctx context.Context, kind event.Kind, batch []byte) error {
	if l.down {
		return errDown
	}
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	if slices.Contains(l.ids, r.ID) {
		return nil
	}
	l.ids = append(l.ids, r.ID)
	return l.ear.Publish(ctx, kind, batch)
}

// What happens to devices is told once, wherever the program is killed between reading and telling.
func TestToldOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		days := []*day{ward(), {n: 20}, {n: 40}}
		days[1].add(5, "10.0.0.40", "", &event.Asset{Model: "SOMATOM go.Top", Serial: "11026", Software: "VA30A", Source: "dicom"})
		days[2].add(90, "10.0.0.40", "", &event.Asset{Model: "SOMATOM go.Top", Serial: "11026", Software: "VA40A", Source: "dicom"})
		days = append(days, &day{n: 60})
		days[3].flow(95, "10.0.0.20", "10.0.0.2", "ldap")
		first := open(t, d, Needs{})
		const want = "New 1 New 2 New 3 New 4 Changed 3 software"
		for _, kill := range []string{"never", "after reading", "after keeping", "while the bus is down", "after telling"} {
			t.Run(kill, func(t *testing.T) {
				for _, table := range []string{"trace", "shared", "use", "word", "change", "state", "standing", "rhythm", "outbox"} {
					if err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
						_, err := tx.NewRaw("DELETE FROM inventory_" + table).Exec(ctx)
						return err
					}); err != nil {
						t.Fatal(err)
					}
				}
				l := &onceBus{ear: ear{t: t}}
				i := open(t, d, Needs{Publisher: l, Ledger: first.ledger})
				for n, x := range days {
					read := func() {
						if i.upTo.Seq >= uint64(n+1) {
							return // the bus gives what comes after
						}
						if err := i.book.read(x.batch.Bytes()); err != nil {
							t.Fatal(err)
						}
						i.advance()
						i.upTo.Seq = uint64(n + 1)
					}
					again := func() {
						i = open(t, d, Needs{Publisher: l, Ledger: i.ledger})
						for m := i.upTo.Seq; m < uint64(n); m++ {
							t.Fatalf("batch %d is to be read again", m+1)
						}
					}
					read()
					switch kill {
					case "after reading":
						again()
						read()
					case "after keeping":
						if err := i.save(t.Context()); err != nil {
							t.Fatal(err)
						}
						again()
					case "while the bus is down":
						l.down = true
						if err := i.publish(t.Context()); i.out.Waits() && !errors.Is(err, errDown) {
							t.Fatalf("publishing: %v", err)
						}
						l.down = false
						if n == 2 {
							again()
							read()
						}
					}
					if err := i.publish(t.Context()); err != nil {
						t.Fatal(err)
					}
					if kill == "after telling" && i.upTo.Seq > 0 {
						if _, err := i.out.Send(t.Context()); err != nil {
							t.Fatal(err)
						}
						i = open(t, d, Needs{Publisher: l, Ledger: i.ledger})
						for m := i.upTo.Seq; m < uint64(n+1); m++ { // what was not kept is read again
							if err := i.book.read(days[m].batch.Bytes()); err != nil {
								t.Fatal(err)
							}
							i.advance()
							i.upTo.Seq = m + 1
						}
						if err := i.publish(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
					if kill == "never" || kill == "after reading" {
						if err := i.save(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
				}
				var got []string
				for _, e := range l.all {
					what := strings.Fields(e.Activity)[0] + " " + string(rune('0'+e.Number))
					if e.Activity == "Changed" {
						what += " " + e.Attribute
					}
					got = append(got, what)
				}
				slices.Sort(got[:min(4, len(got))])
				if strings.Join(got, " ") != want {
					t.Errorf("told %q, want %q", got, want)
				}
			})
		}
	})
}
