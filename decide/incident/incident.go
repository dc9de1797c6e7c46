// Package incident tells what belongs together: findings become incidents, each with the reason of every join, told as a story; the
// risk of entities is published. People give them owners and verdicts, merge and split them; what they do is in the ledger.
package incident

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

	"bulwark/content/attack"
	"bulwark/decide/incident/story"
	"bulwark/event"
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
	// Most is how many incidents are kept. Of more, closed ones and then those that nothing joined for the longest time are forgotten.
	Most int `conf:"most"`
}

// Defaults are the settings that nobody chose.
func Defaults() Config { return Config{Most: 10_000} }

// Check refuses settings that cannot work.
func (c *Config) Check() error {
	if c.Most < 100 || c.Most > 100_000 {
		return conf.At("most", fmt.Errorf("%d is not between 100 and 100,000", c.Most))
	}
	return nil
}

// Device is what is known of a device.
type Device struct {
	Name, Class, Ward string
	Tier              string // a digit; empty: not known
}

// Devices know devices.
type Devices interface {
	// Device says what a device is; false: there is none of that number.
	Device(id uint64) (Device, bool)
}

// Judge takes verdicts on findings.
type Judge interface {
	// Judge says what findings are: true, false or benign, as a person wants it.
	Judge(ctx context.Context, actor string, findings []uint64, verdict, reason string) error
}

// Acts know what is done about incidents.
type Acts interface {
	// Of are the containments that answer an incident, as the console shows them; none: nil.
	Of(incident uint64) []any
}

// Needs is what the room is made of. Nil parts are done without.
type Needs struct {
	Config Config
	DB     *db.DB
	Ledger *ledger.Ledger
	Clock  clock.Clock
	Log    *slog.Logger
	// Fleeting says that nothing is to be kept: a capture is shown instead of the network.
	Fleeting  bool
	Devices   Devices
	Judge     Judge
	Proofs    Proofs
	Acts      Acts
	Publisher outbox.Publisher
	// Site is the place that its events name.
	Site string
	// Live shows a value to whoever looks at the console.
	Live func(topic string, v any)
	// Registry takes the counters.
	Registry prometheus.Registerer
}

// Incidents is the room. Make it with [New]; it is safe for concurrent use.
type Incidents struct {
	needs  Needs
	set    story.Settings
	attack *attack.Attack
	count  counters
	out    *outbox.Box // incidents
	risks  *outbox.Box

	saving sync.Mutex // held while it is kept, before mu
	dirty  chan struct{}
	look   chan struct{}

	// mu guards what follows.
	mu      sync.RWMutex
	sites   map[string]*site
	items   map[uint64]*item
	changed map[uint64]*item  // not kept yet
	cases   map[uint64]uint64 // of incidents
	listed  map[uint64]CaseItem
	gone    []uint64 // forgotten, not kept yet
	told    map[uint64]string
	watched map[watch]standing // entities that weigh something
	last    uint64             // number of the last incident
	upTo    bus.Mark           // how far the bus was read
	keptSeq uint64
}

// New takes up what was kept.
func New(ctx context.Context, n Needs) (*Incidents, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "incident", own); err != nil {
		return nil, err
	}
	i := assemble(n)
	if n.Fleeting {
		return i, nil
	}
	if err := i.load(ctx); err != nil {
		return nil, fmt.Errorf("taking up the incidents: %w", err)
	}
	return i, nil
}

// assemble makes a room that knows nothing yet.
func assemble(n Needs) *Incidents {
	if n.Config == (Config{}) {
		n.Config = Defaults()
	}
	box := func(kind event.Kind, room string) *outbox.Box {
		return outbox.New(outbox.Needs{To: n.Publisher, Kind: kind, Room: room, Site: n.Site, Clock: n.Clock, Registry: n.Registry})
	}
	return &Incidents{needs: n, set: story.Defaults(), attack: attack.Load(), count: newCounters(n.Registry), dirty: make(chan struct{}, 1), look: make(chan struct{}, 1),
		out: box(event.KindIncident, "incident"), risks: box(event.KindRisk, "incident_risk"),
		sites: map[string]*site{}, items: map[uint64]*item{}, changed: map[uint64]*item{}, cases: map[uint64]uint64{}, listed: map[uint64]CaseItem{}, told: map[uint64]string{}, watched: map[watch]standing{}}
}

// counters are what the room counts for operators.
type counters struct {
	findings, unread, forgotten, unsaid prometheus.Counter
}

func newCounters(r prometheus.Registerer) counters {
	one := func(name, help string) prometheus.Counter {
		return promauto.With(r).NewCounter(prometheus.CounterOpts{Name: "bulwark_incidents_" + name + "_total", Help: help})
	}
	return counters{
		findings:  one("findings", "Findings that were put together."),
		unread:    one("unread_batches", "Batches of findings that could not be read."),
		forgotten: one("forgotten", "Incidents, and pieces of what was learnt, that were forgotten to make room."),
		unsaid:    one("unlearnt_verdicts", "Verdicts on findings that found no room to be learnt."),
	}
}

// Name is "incidents".
func (i *Incidents) Name() string { return "incidents" }

// Run reads the bus until ctx ends.
func (i *Incidents) Run(ctx context.Context, b *bus.Bus) error {
	upTo, err := b.Resume(ctx, i.upTo)
	if err != nil {
		return err
	}
	i.mu.Lock()
	i.upTo = upTo
	i.mu.Unlock()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var others sync.WaitGroup
	others.Go(func() { outbox.Often{Dirty: i.dirty, Keep: i.keep, Send: i.send, Log: i.needs.Log}.Run(ctx) })
	others.Go(func() { i.showOften(ctx) })
	err = b.Follow(ctx, event.Subjects(Reads()), upTo.Next(), func(_ context.Context, m *bus.Message) error {
		if err := i.read(m.Seq, m.Batch); err != nil {
			i.count.unread.Inc()
			i.needs.Log.Warn("a batch of findings could not be read", "subject", m.Subject, "error", err)
		}
		return nil
	})
	stop()
	others.Wait()
	return err
}

// How often things are done at most.
const (
	showEvery = 250 * time.Millisecond // it is shown to whoever looks
	fadeEvery = 10 * time.Second       // it is looked whose risk has faded
)

// send puts on the bus what is kept, and has kept that it was sent.
func (i *Incidents) send(ctx context.Context) error {
	n, err := i.out.Send(ctx)
	m, other := i.risks.Send(ctx)
	if n+m > 0 {
		clock.Wake(i.dirty)
	}
	return errors.Join(err, other)
}

// showOften shows what changed, and tells whose risk has faded.
func (i *Incidents) showOften(ctx context.Context) {
	tick := time.NewTicker(fadeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			i.fade()
			continue
		case <-i.look:
		}
		i.show()
		clock.Pause(ctx, showEvery)
	}
}
