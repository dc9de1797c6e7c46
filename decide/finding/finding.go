// Package finding keeps what was found: what detectors tell becomes findings, one for each rule and those between whom it
// matched, however often it does. People judge them; what they judged stays judged.
package finding

import (
	"context"
	"embed"
	"fmt"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"bulwark/content/attack"
	"bulwark/content/logrules"
	"bulwark/content/rules"
	"bulwark/decide/finding/internal/signal"
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
	// Most is how many findings are kept. Of more, closed ones and then those that were not seen for the longest time are forgotten.
	Most int `conf:"most"`
	// Wide is how many findings one rule makes of one device with others, each by itself. Further ones are one finding: a sweep
	// over a network is one thing to look at.
	Wide int `conf:"wide"`
	// Keep is how long a finding is kept that is closed, after it was last seen and judged; an open one is kept for twice as long.
	// 0 keeps both for as long as there is room.
	Keep time.Duration `conf:"keep"`
}

// Defaults are the settings that nobody chose.
func Defaults() Config { return Config{Most: 100_000, Wide: 32, Keep: 365 * 24 * time.Hour} }

// Check refuses settings that cannot work.
func (c *Config) Check() error {
	if c.Most < 1000 || c.Most > 1_000_000 {
		return conf.At("most", fmt.Errorf("%d is not between 1,000 and 1,000,000", c.Most))
	}
	if c.Wide < 1 || c.Wide > 100_000 {
		return conf.At("wide", fmt.Errorf("%d is not between 1 and 100,000", c.Wide))
	}
	if c.Keep < 0 || c.Keep > 0 && c.Keep < 24*time.Hour {
		return conf.At("keep", fmt.Errorf("%s is neither 0 nor a day or more", c.Keep))
	}
	return nil
}

// Devices know who is at an address.
type Devices interface {
	// At is the number of the device that is at an address; 0: none is known.
	At(addr netip.Addr) uint64
	// Named says what a device is called, what it is and how much care depends on it; false: there is none of that number.
	Named(id uint64) (name, class, tier string, ok bool)
}

// Rules know the text of rules.
type Rules interface {
	// RuleText is the text of a rule, gid:sid; false: it is not known.
	RuleText(ctx context.Context, id string) (RuleText, bool)
}

// RuleText is a rule as it is written, and as people read it.
type RuleText struct {
	Text  string
	Place string   // file, line and column
	EN    []string // in plain words, a sentence each
	FR    []string
}

// Needs is what the room is made of. Nil parts are done without.
type Needs struct {
	Config Config
	DB     *db.DB
	Ledger *ledger.Ledger
	Clock  clock.Clock
	Log    *slog.Logger
	// Fleeting says that nothing is to be kept: a capture is shown instead of the network.
	Fleeting bool
	Devices  Devices
	Rules    Rules
	// Conversations are asked what else the conversations of new findings named.
	Conversations Conversations
	Publisher     outbox.Publisher
	// Site is the place that events of findings name.
	Site string
	// Live shows a value to whoever looks at the console.
	Live func(topic string, v any)
	// Registry takes the counters.
	Registry prometheus.Registerer
}

// Findings is the room. Make it with [New]; it is safe for concurrent use.
type Findings struct {
	needs        Needs
	attack       *attack.Attack
	french       map[uint32]string // titles of rules that come with the program, by which they are found, too
	frenchOfLogs map[string]string
	seed         maphash.Seed
	count        counters

	saving sync.Mutex // held while it is kept, before mu
	dirty  chan struct{}
	look   chan struct{}
	out    *outbox.Box

	// mu guards what follows.
	mu        sync.RWMutex
	items     map[uint64]*item
	every     []*item           // all of them, in no order
	keys      map[uint64]*item  // by rule and ends
	wide      map[uint64]uint32 // findings of a rule with one end
	rules     map[string]*rule
	numbered  map[[2]uint64]*rule       // by gid and sid
	judged    map[string][]*suppression // by rule
	ends      map[netip.Addr]uint64     // whom the inventory has just named
	endsAt    time.Time
	sites     map[string]string // each name once
	news      map[string]*rule  // rules that are not kept yet
	snoozed   map[uint64]*item
	unnamed   map[uint64]*item // new ones, of whose ends one may turn out to be a device
	changed   map[uint64]*item // not kept yet
	told      map[uint64]change
	leftOff   int
	wondering []wonder
	copying   *pending    // what is to be kept, while it is being copied
	merged    []merger    // not kept yet
	gone      []uint64    // forgotten, not kept yet
	lifted    []uint64    // suppressions that are no more, not kept yet
	batch     event.Batch // scratch
	last      uint64      // number of the last finding
	lastWord  uint64      // of the last entry of a history
	lastJudge uint64      // of the last suppression
	upTo      bus.Mark    // how far the bus was read
	keptSeq   uint64
}

// New takes up what was kept.
func New(ctx context.Context, n Needs) (*Findings, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "finding", own); err != nil {
		return nil, err
	}
	f := assemble(n)
	if n.Fleeting {
		return f, nil
	}
	if err := f.load(ctx); err != nil {
		return nil, fmt.Errorf("taking up the findings: %w", err)
	}
	return f, nil
}

// assemble makes a room that has found nothing yet.
func assemble(n Needs) *Findings {
	if n.Config == (Config{}) {
		n.Config = Defaults()
	}
	f := &Findings{needs: n, attack: attack.Load(), french: rules.French(), frenchOfLogs: logrules.French(), seed: maphash.MakeSeed(), count: newCounters(n.Registry), dirty: make(chan struct{}, 1), look: make(chan struct{}, 1),
		items: map[uint64]*item{}, keys: map[uint64]*item{}, wide: map[uint64]uint32{}, rules: map[string]*rule{}, numbered: map[[2]uint64]*rule{}, judged: map[string][]*suppression{},
		ends: map[netip.Addr]uint64{}, sites: map[string]string{}, news: map[string]*rule{}, snoozed: map[uint64]*item{}, unnamed: map[uint64]*item{}, changed: map[uint64]*item{}, told: map[uint64]change{}}
	f.out = outbox.New(outbox.Needs{To: n.Publisher, Kind: event.KindFinding, Room: "finding", Site: n.Site, Clock: n.Clock, Registry: n.Registry})
	return f
}

// counters are what the room counts for operators.
type counters struct {
	signals, kept, unread, forgotten prometheus.Counter
}

func newCounters(r prometheus.Registerer) counters {
	one := func(name, help string) prometheus.Counter {
		return promauto.With(r).NewCounter(prometheus.CounterOpts{Name: "bulwark_findings_" + name + "_total", Help: help})
	}
	return counters{
		signals:   one("signals", "Alerts of detectors that were read."),
		kept:      one("suppressed", "Alerts that were counted and not shown, because a person said so."),
		unread:    one("unread_batches", "Batches of alerts that could not be read."),
		forgotten: one("forgotten", "Findings that were forgotten to make room."),
	}
}

// Name is "findings".
func (f *Findings) Name() string { return "findings" }

// Run reads the bus until ctx ends.
func (f *Findings) Run(ctx context.Context, b *bus.Bus) error {
	upTo, err := b.Resume(ctx, f.upTo)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.upTo = upTo
	f.mu.Unlock()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var others sync.WaitGroup
	others.Go(func() { outbox.Often{Dirty: f.dirty, Keep: f.keep, Send: f.send, Log: f.needs.Log}.Run(ctx) })
	others.Go(func() { f.showOften(ctx) })
	if f.needs.Conversations != nil {
		others.Go(func() { f.lookOften(ctx) })
	}
	err = b.Follow(ctx, event.Subjects(Reads()), upTo.Next(), func(_ context.Context, m *bus.Message) error {
		if err := f.read(m.Seq, m.Batch); err != nil {
			f.count.unread.Inc()
			f.needs.Log.Warn("a batch of alerts could not be read", "subject", m.Subject, "error", err)
		}
		return nil
	})
	stop()
	others.Wait()
	return err
}

// read takes a batch of alerts or of what happened to devices, which is the one of that number on the bus.
func (f *Findings) read(seq uint64, batch []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.upTo.Seq = max(f.upTo.Seq, seq)
	defer clock.Wake(f.dirty)
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	for r.Next(&e) {
		switch p := e.Payload.(type) {
		case *event.Alert:
			f.count.signals.Inc()
			f.take(&r, &e.Header, p)
		case *event.Device:
			if p.Activity == joined && p.Other != 0 && p.Number != 0 {
				f.join(p.Other, p.Number)
			}
		}
	}
	if len(f.told) > 0 {
		clock.Wake(f.look)
	}
	return r.Err()
}

// How often things are done at most.
const (
	showEvery = 250 * time.Millisecond // it is shown to whoever looks
	wakeEvery = time.Second            // it is looked whose snooze is over
	ageEvery  = time.Hour              // what is too old is forgotten
)

// showOften shows what changed, opens again what was snoozed, and forgets what is too old.
func (f *Findings) showOften(ctx context.Context) {
	tick, age := time.NewTicker(wakeEvery), time.NewTicker(ageEvery)
	defer tick.Stop()
	defer age.Stop()
	f.expire()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.wake()
			f.show()
			continue
		case <-age.C:
			f.expire()
		case <-f.look:
		}
		f.show()
		clock.Pause(ctx, showEvery)
	}
}

// rule is a rule with its techniques as ATT&CK names them now. It is never changed: another takes its place.
type rule struct {
	*signal.Rule
	techniques []attack.Technique
	tactics    []attack.Tactic // of the techniques, and those that the rule names itself
	text       string          // number, title, class and techniques in lower case, which searches look through
}
