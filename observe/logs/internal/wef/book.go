package wef

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// forgotten is after how long a machine that is heard of no more is forgotten.
const forgotten = 400 * 24 * time.Hour

// Machine is how far a machine has delivered one subscription.
type Machine struct {
	bun.BaseModel `bun:"table:logs_wef_machine"`

	Identity     string `bun:"identity,pk"`     // by which it proved who it is
	Subscription string `bun:"subscription,pk"` // GUID
	Bookmark     string `bun:"bookmark"`        // XML; empty: nothing was delivered yet
	Host         string `bun:"host"`            // its name, by its own word
	Address      string `bun:"address"`         // that it was last heard of from
	Seen         int64  `bun:"seen"`            // when that was, in milliseconds since 1970
}

type key struct{ identity, subscription string }

// book keeps in the database how far machines have delivered.
type book struct {
	db *db.DB

	// turn is held by who writes.
	turn sync.Mutex
	// mu guards open. Never wait while holding it.
	mu   sync.Mutex
	open *group // to which whoever writes now may still add; nil: none
}

// group is what is written in one transaction, so that many machines wait for one write to the disk.
type group struct {
	marks map[key]*Machine
	beats map[key]*Machine
	done  chan struct{} // closed when it is written
	err   error         // after done
}

func newBook(ctx context.Context, d *db.DB, now time.Time) (*book, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, d, "logs_wef", sub); err != nil {
		return nil, err
	}
	err = d.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*Machine)(nil)).Where("seen < ?", now.Add(-forgotten).UnixMilli()).Exec(ctx)
		return err
	})
	return &book{db: d}, err
}

// of is how far a machine has delivered each subscription.
func (b *book) of(ctx context.Context, identity string) (map[string]string, error) {
	var rows []Machine
	if err := b.db.Read().NewSelect().Model(&rows).Where("identity = ?", identity).Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading how far %q has delivered: %w", identity, err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.Subscription] = r.Bookmark
	}
	return out, nil
}

// save keeps what is known of a machine: its bookmark too where it has one. It is on the disk when save returns.
func (b *book) save(m *Machine) error {
	g, first := b.join(m)
	if !first {
		<-g.done
		return g.err
	}
	b.turn.Lock()
	b.mu.Lock()
	b.open = nil
	b.mu.Unlock()
	g.err = b.write(g)
	b.turn.Unlock()
	close(g.done)
	return g.err
}

// join adds to the group that waits for its turn, or begins one.
func (b *book) join(m *Machine) (g *group, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		b.open, first = &group{marks: map[key]*Machine{}, beats: map[key]*Machine{}, done: make(chan struct{})}, true
	}
	k := key{m.Identity, m.Subscription}
	if m.Bookmark != "" {
		b.open.marks[k] = m
	} else {
		b.open.beats[k] = m
	}
	return b.open, first
}

func (b *book) write(g *group) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return b.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		const pk = "identity,subscription"
		beats := slices.Collect(maps.Values(g.beats))
		if err := db.Put(ctx, tx, beats, pk, "host", "address", "seen"); err != nil {
			return err
		}
		return db.Put(ctx, tx, slices.Collect(maps.Values(g.marks)), pk, "bookmark", "host", "address", "seen")
	})
}
