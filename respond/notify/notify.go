// Package notify tells people: by mail, webhooks, text messages and chats; whoever is on call first, and whoever is next when
// nobody answers. Who was told keeps his answer on a phone, by a link.
//
// What is to be told, and how far that has come, is kept before anything is sent: a program that ends goes on where it stood. A
// message may come twice, never not at all; where nobody was reached, that is said as a warning.
package notify

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/uptrace/bun"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Needs is what the room is made of.
type Needs struct {
	Config Config
	DB     *db.DB
	Ledger *ledger.Ledger
	Clock  clock.Clock
	Log    *slog.Logger
	Health *health.Tracker
	// Key is that of the links by which people answer.
	Key [32]byte
	// URL is where the console is reached, without a path: https://bulwark.hospital.example.
	URL func() string
	// Hospital is the name of the place, which messages begin with. Empty: Bulwark.
	Hospital string
	// Fleeting says that nothing is real: a capture is shown instead of the network, and nobody is told.
	Fleeting bool
	Registry prometheus.Registerer
}

// Errors of askers.
var (
	ErrNoNotice  = errors.New("notify: no such notice")
	ErrNoContact = errors.New("notify: no such contact")
)

// Notify is the room. Make it with [New]; it is safe for concurrent use.
type Notify struct {
	needs   Needs
	types   map[string]string // of channels, by name
	senders map[string]sender
	count   counters
	tried   outcomes
	mu      sync.Mutex // held while state is changed
}

// counters are what the room counts for operators.
type counters struct{ sent, failed, held, unread prometheus.Counter }

func newCounters(r prometheus.Registerer) counters {
	one := func(name, help string) prometheus.Counter {
		return promauto.With(r).NewCounter(prometheus.CounterOpts{Name: "bulwark_notify_" + name + "_total", Help: help})
	}
	return counters{sent: one("sent", "Messages that a channel took."), failed: one("failed", "Messages that no channel took, after all tries."),
		held: one("held", "Messages that were not sent because one contact was sent too many."), unread: one("unread_batches", "Batches of events that could not be read.")}
}

// New makes the room and its tables.
func New(ctx context.Context, n Needs) (*Notify, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "notify", own); err != nil {
		return nil, err
	}
	r := &Notify{needs: n, types: map[string]string{}, senders: map[string]sender{}, count: newCounters(n.Registry), tried: outcomes{last: map[string]ChannelView{}}}
	client := newClient()
	for k := range n.Config.Channels {
		c := &n.Config.Channels[k]
		if r.senders[c.Name], err = makeSender(c, client, n.Clock); err != nil {
			return nil, err
		}
		r.types[c.Name] = c.Type
	}
	return r, nil
}

// Name is "notify".
func (n *Notify) Name() string { return "notify" }

// Run reads the bus and tells people until ctx ends.
func (n *Notify) Run(ctx context.Context, b *bus.Bus) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var others sync.WaitGroup
	others.Go(func() { n.tellOften(ctx) })
	others.Go(func() { n.watchHealth(ctx) })
	for name := range n.senders {
		others.Go(func() { n.sendOften(ctx, name) })
	}
	// Of what was there before the first start nobody needs to be woken.
	err := b.Subscribe(ctx, "notify", event.Subjects(Reads()), bus.FromNew, n.read)
	stop()
	others.Wait()
	return err
}

// read takes what happened from a batch of the bus, and keeps what follows. It may come a second time.
func (n *Notify) read(ctx context.Context, m *bus.Message) error {
	var r event.Reader
	var all []Happening
	err := r.Open(m.Batch)
	var e event.Event
	for err == nil && r.Next(&e) {
		if h, ok := happening(&e); ok {
			all = append(all, h)
		}
	}
	if err = errors.Join(err, r.Err()); err != nil {
		n.count.unread.Inc()
		n.needs.Log.WarnContext(ctx, "a batch of events could not be read", "subject", m.Subject, "error", err)
	}
	return n.raise(ctx, all)
}

// Raise begins to tell people of something that another room tells of.
func (n *Notify) Raise(ctx context.Context, h Happening) error { return n.raise(ctx, []Happening{h}) }

// raise begins to tell people of what happened. Where it cannot be kept, the batch is read again.
func (n *Notify) raise(ctx context.Context, all []Happening) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(all) == 0 || n.needs.Fleeting {
		return nil
	}
	err := n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		b, err := readBook(ctx, tx)
		if err != nil {
			return err
		}
		for k := range all {
			if err := n.raiseOne(ctx, tx, &b, &all[k]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping notices: %w", err)
	}
	return nil
}

func (n *Notify) raiseOne(ctx context.Context, tx bun.Tx, b *book, h *Happening) error {
	old, err := newest(ctx, tx, h.About)
	if err != nil {
		return err
	}
	now := n.needs.Clock.Now()
	next := h.take(old, b.policies[h.Kind], now)
	if next == nil {
		return nil
	}
	if old != nil && next.ID == 0 && old.State != Over { // a graver notice takes its place
		old.State, old.Ended, old.Due = Over, now, time.Time{}
		if err := putNotice(ctx, tx, old); err != nil {
			return err
		}
	}
	if err := putNotice(ctx, tx, next); err != nil {
		return err
	}
	if next.State == Over {
		return n.tellEnd(ctx, tx, b, next)
	}
	return nil
}
