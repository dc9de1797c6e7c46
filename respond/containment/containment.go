// Package containment keeps acts against attacks as leases: what is to be in force, why, who said yes, and until when. Each change
// of a lease is one transaction with its entry in the ledger; for each enforcement point a reconciler makes what is so follow what
// is written: it applies, reads back, watches, and takes away. Wherever the program is killed it goes on from what is written, and
// nothing outlives its lease.
package containment

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
	"bulwark/platform/outbox"
	"bulwark/platform/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what can be set.
type Config struct {
	// Most is how many leases may be live at a time. Further ones are refused.
	Most int `conf:"most"`
	// Longest is how long a lease may last.
	Longest time.Duration `conf:"longest"`
	// Keep is how long leases that are over are kept.
	Keep time.Duration `conf:"keep"`
}

// Defaults are the settings that nobody chose.
func Defaults() Config {
	return Config{Most: 500, Longest: 24 * time.Hour, Keep: 365 * 24 * time.Hour}
}

// Check refuses settings that cannot work.
func (c *Config) Check() error {
	if c.Most < 1 || c.Most > 5000 {
		return conf.At("most", fmt.Errorf("%d is not between 1 and 5,000", c.Most))
	}
	if c.Longest < time.Minute || c.Longest > 7*24*time.Hour {
		return conf.At("longest", fmt.Errorf("%v is not between a minute and a week", c.Longest))
	}
	if c.Keep < 24*time.Hour {
		return conf.At("keep", fmt.Errorf("%v is less than a day", c.Keep))
	}
	return nil
}

// Ask is what the interlock is asked.
type Ask struct {
	Act, Target, Scope string
	Automatic          bool
	Centre             bool // the centre of the group proposes it
	Playbook           string
	Approve            string // who must say yes besides whom the matrix asks
	Approvals          []Approval
	Spent              []Cut     // devices that were cut automatically lately
	Canary             time.Time // until when another act for the same reason is watched
	Since              time.Time // of what is to last longer: it has been in force since
	Needed             string    // of what is to last longer: what it needed when it began
}

// Verdict is what the interlock says.
type Verdict struct {
	Outcome string    `json:"outcome"` // refuse, ask, wait, shadow, allow
	Needs   string    `json:"needs"`   // auto, soc, clinical, soc+clinical, never
	Missing []string  `json:"missing"`
	Cut     bool      `json:"cut"`
	Until   time.Time `json:"until,omitzero"` // of wait
	Reasons []Reason  `json:"reasons"`
}

// Reason is why.
type Reason struct {
	Code string `json:"code"`
	EN   string `json:"en"`
	FR   string `json:"fr"`
}

// Weighed is what the interlock found out about an act.
type Weighed struct {
	Verdict   Verdict
	Effect    string // E0 to E5
	Name      string // of the target
	Addresses []netip.Addr
	MACs      []string // of its network cards, as 00:11:22:33:44:55
	Keep      []Kept
	Cuts      []Cut
	Preview   json.RawMessage
}

// Interlock judges acts.
type Interlock interface {
	// Weigh finds out what an act would do, and says whether it may be done. An error that is [ErrWrong] is the asker's.
	Weigh(ctx context.Context, a Ask) (Weighed, error)
}

// Order is a lease as an enforcement point sees it.
type Order struct {
	ID         uint64
	Act, Scope string
	Target     string
	Name       string // of the target
	Incident   string
	Addresses  []netip.Addr
	MACs       []string
	Keep       []Kept
	Until      time.Time
	// Held says that it was in force when it was read last, maybe by a program that ended since.
	Held bool
	// Later says that it failed and that it is not yet time to try again: a point that asks other machines leaves it alone.
	Later bool
	// Memo is what [Preparer] found; it was kept before anything was touched.
	Memo string
}

// Point is where acts are enforced. Its methods return when ctx ends.
type Point interface {
	Name() string
	// Acts are what it can do.
	Acts() []string
	// Try says step by step what an order would do, or why it could not be in force here; nothing is touched. Of several points with
	// the act the first that would take the order has it.
	Try(ctx context.Context, o Order) (plan []string, err error)
	// Drive makes the orders so and takes the undone ones away; what else it holds of us ends too. It returns why single ones
	// cannot be, wanted or undone.
	Drive(ctx context.Context, want, undo []Order) (refused map[uint64]error, err error)
	// Read says which of the orders are in force, by asking what enforces them. Of which it could not find out, why stands in
	// unknown: such a one is neither in force nor taken away.
	Read(ctx context.Context, orders []Order) (held map[uint64]bool, unknown map[uint64]error, err error)
}

// Preparer is a point that must know, to take an order away, how it was before: the VLAN of a port. It is asked once a lease, before
// the first Drive; what it says is kept with the lease, in its memo, before anything is touched. Empty: nothing is to be kept.
type Preparer interface {
	Prepare(ctx context.Context, o Order) (memo string, err error)
}

// Settable is a point that enforces nothing before somebody has set it up; others always can.
type Settable interface{ Set() bool }

// Asker is who asks by a route.
type Asker struct {
	Actor string   // as the ledger has it
	Roles []string // for whom they say yes: soc, clinical; host and programs have none
}

// Needs is what the room is made of. Nil parts are done without.
type Needs struct {
	Config    Config
	DB        *db.DB
	Ledger    *ledger.Ledger
	Clock     clock.Clock
	Log       *slog.Logger
	Health    *health.Tracker
	Interlock Interlock
	Points    []Point
	// Effects are how deep an act can cut: E0 to E5. Nil: that is not shown.
	Effects func(act string) []string
	// Codes is the secret that bedside codes are made of.
	Codes     [32]byte
	Publisher outbox.Publisher
	Site      string
	// Live shows a value to whoever looks at the console.
	Live     func(topic string, v any)
	Registry prometheus.Registerer
	// Alarm is told what must stop automation.
	Alarm func(ctx context.Context, why string)
	// Beat is how often what became due is looked for. 0 means a second.
	Beat time.Duration
	// Step is told at which step the work is; tests end the program there.
	Step func(name string)
}

// What can be wrong with what is asked.
var (
	ErrNoLease = errors.New("containment: there is no such lease")
	ErrWrong   = errors.New("containment: that cannot be asked")
	ErrAlready = errors.New("containment: that is live already")
	ErrState   = errors.New("containment: the lease is not in a state for that")
	ErrRole    = errors.New("containment: nobody waits for that person's yes")
	ErrCode    = errors.New("containment: no lease has that code")
	ErrTooMany = errors.New("containment: too many attempts")
)

// Containment is the room. Make it with [New]; it is safe for concurrent use.
type Containment struct {
	needs    Needs
	out      *outbox.Box
	tries    *web.Limiter // of bedside codes, by address
	allTries *web.Limiter
	count    prometheus.Counter
	wake     map[string]chan struct{} // by point
	dirty    chan struct{}            // something is to be told

	// mu guards what follows. It is held while a change is written: changes are few.
	mu     sync.RWMutex
	leases map[uint64]*Lease // never changed in place: another takes its place
	last   uint64
	forged []string // leases that somebody else wrote or took away; not told yet
	points map[string]*standing
}

// standing is how an enforcement point is.
type standing struct {
	problem error // of the last attempt
	checked time.Time
	wanted  int
	held    int
}

// New takes up what was kept.
func New(ctx context.Context, n Needs) (*Containment, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "containment", own); err != nil {
		return nil, err
	}
	if n.Config == (Config{}) {
		n.Config = Defaults()
	}
	n.Beat = cmp.Or(n.Beat, time.Second)
	if n.Step == nil {
		n.Step = func(string) {}
	}
	if n.Live == nil {
		n.Live = func(string, any) {}
	}
	c := &Containment{needs: n, leases: map[uint64]*Lease{}, points: map[string]*standing{}, wake: map[string]chan struct{}{}, dirty: make(chan struct{}, 1),
		tries: web.NewLimiter(n.Clock, triesAtOnce, triesEvery, triesKeys), allTries: web.NewLimiter(n.Clock, allTriesAtOnce, allTriesEvery, 1),
		out:   outbox.New(outbox.Needs{To: n.Publisher, Kind: event.KindContainment, Room: "containment", Site: n.Site, Clock: n.Clock, Registry: n.Registry}),
		count: promauto.With(n.Registry).NewCounter(prometheus.CounterOpts{Name: "bulwark_containment_refused_total", Help: "Requests that were refused because too many leases are live."})}
	for _, p := range n.Points {
		c.points[p.Name()] = &standing{}
		c.wake[p.Name()] = make(chan struct{}, 1)
	}
	if err := c.load(ctx); err != nil {
		return nil, fmt.Errorf("taking up the containments: %w", err)
	}
	return c, nil
}

// Name is "containment".
func (c *Containment) Name() string { return "containment" }

// Run drives the enforcement points until ctx ends. What is in force stays in force, and ends by itself.
func (c *Containment) Run(ctx context.Context) error {
	c.alarm(ctx)
	var all sync.WaitGroup
	for _, p := range c.needs.Points {
		all.Go(func() { c.reconcile(ctx, p) })
	}
	all.Go(func() { c.timeOften(ctx) })
	all.Go(func() { c.tellOften(ctx) })
	all.Wait()
	return nil
}

// tellOften puts on the bus what is to be told.
func (c *Containment) tellOften(ctx context.Context) {
	clock.Wake(c.dirty)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.dirty:
		}
		n, err := c.out.Send(ctx)
		if err != nil && ctx.Err() == nil {
			c.needs.Log.Error("containments could not be told", "error", err)
		}
		if err == nil && n > 0 {
			err = c.keepSent(ctx)
		}
		if err != nil {
			clock.Wake(c.dirty)
		}
		if !clock.Pause(ctx, time.Second) {
			return
		}
	}
}
