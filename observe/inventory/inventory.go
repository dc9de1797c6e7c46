// Package inventory knows the hospital's devices from what crosses the wire: what each is, by what that is known, who
// uses it, and how much care depends on it. What people say of a device stands above what it seems to be.
package inventory

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bulwark/content/classes"
	"bulwark/content/makers"
	"bulwark/content/names"
	"bulwark/content/systems"
	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/outbox"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what can be set.
type Config struct {
	// Networks are the networks whose addresses are the hospital's own, besides the private ones (RFC 1918, RFC 4193).
	Networks []netip.Prefix `conf:"networks"`
	// Addresses is how many addresses are known at a time. Of more, the devices that were not seen for the longest time
	// are forgotten first, and never one of which a person has said something.
	Addresses int `conf:"addresses"`
	// Silence is how long a device is not seen at least until it is told as vanished. One that is usually away for longer
	// is given half as much again as it has ever been.
	Silence time.Duration `conf:"silence"`
	// Learning is how long a device is watched until a protocol that it has not spoken or served before is told.
	Learning time.Duration `conf:"learning"`
	// Zone is the time zone by whose clocks the rhythm of a week is told: Europe/Paris. Empty means that of this machine.
	Zone string `conf:"zone"`
}

// Check refuses settings that cannot work.
func (c *Config) Check() error {
	if _, err := time.LoadLocation(c.Zone); err != nil {
		return conf.At("zone", fmt.Errorf("%q is no time zone that this machine knows", c.Zone))
	}
	return nil
}

// zone is the zone of the site. [Config.Check] has seen to it that there is one.
func (c *Config) zone() *time.Location {
	if zone, err := time.LoadLocation(c.Zone); c.Zone != "" && err == nil {
		return zone
	}
	return time.Local
}

// Needs is what the inventory is made of.
type Needs struct {
	Config Config
	DB     *db.DB
	Ledger *ledger.Ledger
	Clock  clock.Clock
	Log    *slog.Logger
	// Fleeting says that nothing is to be kept: a capture is shown instead of the network.
	Fleeting bool
	// Publisher takes the events of the inventory, and Site is the place that they name. Nil tells nobody.
	Publisher outbox.Publisher
	Site      string
	// Registry takes the counters.
	Registry prometheus.Registerer
}

// Inventory is the room. Make it with [New]; it is safe for concurrent use.
type Inventory struct {
	config   Config
	db       *db.DB
	ledger   *ledger.Ledger
	clock    clock.Clock
	log      *slog.Logger
	fleeting bool
	out      *outbox.Box
	classes  []classes.Class
	makers   *makers.Makers

	// mu guards what follows.
	mu       sync.RWMutex
	book     *book
	words    map[register.DeviceID]Word
	named    map[string]*classes.Class
	judges   *classes.Judge
	systems  *systems.Judge
	known    []systems.System
	verdicts map[register.DeviceID]judged
	shown    map[register.DeviceID]*shown
	watch    watch
	leans    map[register.DeviceID]*lean // as of leansAt, when there had been leansOf events
	leansOf  uint64
	leansAt  int64
	leanings uint64                     // how often it was found out
	changes  []change                   // that are not kept yet
	moved    map[register.DeviceID]Word // words whose device became another, not kept yet
	upTo     bus.Mark                   // how far the bus was read

	seenAt int64 // when it was kept last when each device was seen
	whole  bool  // the last attempt to keep it failed: the next keeps everything

	lastChange int64
	saving     sync.Mutex    // held while it is kept, before mu
	news       chan struct{} // something is to be told
}

// New takes up what was kept.
func New(ctx context.Context, n Needs) (*Inventory, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "inventory", own); err != nil {
		return nil, err
	}
	i, err := assemble(n)
	if err != nil {
		return nil, err
	}
	if n.Fleeting {
		return i, nil
	}
	if err := i.load(ctx); err != nil {
		return nil, fmt.Errorf("taking up the inventory: %w", err)
	}
	return i, nil
}

// assemble makes an inventory that knows nothing yet.
func assemble(n Needs) (*Inventory, error) {
	all, err := classes.All()
	if err != nil {
		return nil, err
	}
	known, err := systems.All()
	if err != nil {
		return nil, err
	}
	cards, err := makers.Load()
	if err != nil {
		return nil, err
	}
	i := &Inventory{config: n.Config, db: n.DB, ledger: n.Ledger, clock: n.Clock, log: n.Log, fleeting: n.Fleeting, classes: all, makers: cards,
		book: newBook(n.Config.Networks, n.Config.zone()), words: map[register.DeviceID]Word{}, named: map[string]*classes.Class{}, judges: classes.NewJudge(all), systems: systems.NewJudge(known), known: known, verdicts: map[register.DeviceID]judged{}, shown: map[register.DeviceID]*shown{},
		watch: newWatch(n.Config), news: make(chan struct{}, 1),
		out: outbox.New(outbox.Needs{To: n.Publisher, Kind: event.KindDevice, Room: "inventory", Site: n.Site, Clock: n.Clock, Registry: n.Registry})}
	for n := range all {
		i.named[all[n].Name] = &all[n]
	}
	i.book.reader.Want(append(classes.Values(all, "port"), classes.Values(all, "asks_port")...),
		append(classes.Values(all, "calls"), systems.Values(known, "calls")...))
	i.book.register.Generic = names.Load().Has
	i.book.register.Most = n.Config.Addresses
	i.book.register.Keep = i.confirmed
	i.book.register.Tell = i.note
	i.book.register.Learnt = i.learnt
	return i, nil
}

// Name is "inventory".
func (i *Inventory) Name() string { return "inventory" }

// saveEvery is how often what was learnt is kept. What comes after is read from the bus again.
const saveEvery = 15 * time.Second

// Run reads the bus until ctx ends.
func (i *Inventory) Run(ctx context.Context, b *bus.Bus) error {
	upTo, err := b.Resume(ctx, i.upTo)
	if err != nil {
		return err
	}
	i.mu.Lock()
	i.upTo = upTo
	i.mu.Unlock()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var saver sync.WaitGroup
	if !i.fleeting {
		saver.Go(func() { i.saveOften(ctx) })
	}
	saver.Go(func() { i.settleOften(ctx) })
	saver.Go(func() { i.tellOften(ctx) })
	clock.Wake(i.news) // there may be some from before
	err = b.Follow(ctx, event.Subjects(Reads()), upTo.Next(), func(ctx context.Context, m *bus.Message) error {
		i.mu.Lock()
		if err := i.book.read(m.Batch); err != nil {
			i.log.Warn("a batch could not be read", "subject", m.Subject, "error", err)
		}
		i.advance()
		i.upTo.Seq = m.Seq
		tell := i.out.Queued()
		i.mu.Unlock()
		if tell {
			clock.Wake(i.news)
		}
		return nil
	})
	stop()
	saver.Wait()
	return err
}

func (i *Inventory) saveOften(ctx context.Context) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if err := i.keep(context.WithoutCancel(ctx), true); err != nil {
				i.log.Error("the inventory could not be kept", "error", err)
			}
			return
		case <-tick.C:
			if err := i.save(ctx); err != nil && ctx.Err() == nil {
				i.log.Error("the inventory could not be kept", "error", err)
			}
		}
	}
}

// confirmed reports whether a person has said something of a device. The lock is held.
func (i *Inventory) confirmed(d register.DeviceID) bool {
	_, ok := i.words[d]
	return ok
}

// note takes a change of a device's identity. The lock is held.
func (i *Inventory) note(c register.Change) {
	i.keepChange(Change{Change: c})
	i.witness(&c)
	if c.Kind != register.Joined && c.Kind != register.Moved {
		return
	}
	if w, ok := i.words[c.Other]; ok {
		if _, both := i.words[c.Device]; !both { // what was said of the one is true of both
			i.words[c.Device] = w
			if i.moved == nil {
				i.moved = map[register.DeviceID]Word{}
			}
			i.moved[c.Device] = w
		}
	}
}

// keepChange takes a change for keeping. The lock is held.
func (i *Inventory) keepChange(c Change) {
	i.lastChange++
	if len(i.changes) < maxChanges {
		i.changes = append(i.changes, change{i.lastChange, c})
	}
}

// maxChanges is how many changes wait to be kept at most: those of a flood are not worth more.
const maxChanges = 10_000

func (i *Inventory) class(name string) *classes.Class { return i.named[name] }
