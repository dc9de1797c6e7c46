package access

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	content "bulwark/content/policies"
	"bulwark/decide/access/policy"
	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
	"bulwark/platform/outbox"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what can be set.
type Config struct {
	// Zones are the hospital's networks by what they are for. An address in none is of the zone office where it is private, and of the
	// zone internet elsewhere.
	Zones []Zone `conf:"zones"`
	// Managed has whatever changes something in the console done from devices alone that the hospital looks after and that are sound; others
	// read. Emergency access, signing in and getting back in, enrolling devices and what ends a harm stay open on any.
	Managed bool `conf:"managed"`
	// Applications are what people open through Bulwark.
	Applications []Application `conf:"applications"`
	// Seen is how reports of who saw a patient's record are made.
	Seen Seen `conf:"seen"`
	// Sensitive is what in messages of HL7 marks a record as sensitive, which the care team alone opens then, and others in an emergency: vip (PV1-16),
	// protected (PD1-12, ARV). Empty: nothing does, and people mark records at the console.
	Sensitive []string `conf:"sensitive"`
	// Keep is how long what people did about access is kept.
	Keep Keep `conf:"keep"`
}

// Check refuses a mark of which no message knows.
func (c *Config) Check() error {
	for n, mark := range c.Sensitive {
		if err := conf.OneOf(mark, "vip", "protected"); err != nil {
			return conf.At(fmt.Sprintf("sensitive[%d]", n), err)
		}
	}
	return nil
}

// Zone is a network with what it is for.
type Zone struct {
	// Name is clinical, biomedical, office, guest, vendor or internet.
	Name string `conf:"name"`
	// Networks are its addresses.
	Networks []netip.Prefix `conf:"networks"`
}

// Check refuses a zone of which no policy knows.
func (z *Zone) Check() error {
	if err := conf.OneOf(z.Name, "clinical", "biomedical", "office", "guest", "vendor", "internet"); err != nil {
		return conf.At("name", err)
	}
	return nil
}

// Application is something that people open.
type Application struct {
	// ID is a short word, which policies name.
	ID string `conf:"id"`
	// Groups are those of which it is one: clinical, office, maintenance...
	Groups []string `conf:"groups"`
	// Assurance is how surely people must have signed in: 1 one factor, 2 two, 3 two that cannot be phished. 0 means 2.
	Assurance int `conf:"assurance"`
}

// Person is somebody in the directory.
type Person struct {
	ID, Login string
	Roles     []string
	Units     []string
	Vendor    string
	Disabled  bool
	// Staff are the pseudonyms of the numbers by which messages name this person, Names those of the name as messages would write it,
	// Families those of what may be the family name.
	Staff, Names, Families []string
}

// Directory is who there is.
type Directory interface {
	// People are all people, disabled ones too.
	People(ctx context.Context) ([]Person, error)
}

// Roles takes roles away that nobody uses, where the directory can.
type Roles interface {
	// Take takes a role from a person.
	Take(ctx context.Context, actor, person, role, reason string) error
}

// Shelf is the folder of the hospital's own policies.
type Shelf interface {
	fs.FS
	// Put makes or replaces a file; after a crash it is the old or the new.
	Put(name string, text []byte) error
}

// Needs is what the room is made of. Nil parts are done without.
type Needs struct {
	Config    Config
	DB        *db.DB
	Ledger    *ledger.Ledger
	Clock     clock.Clock
	Log       *slog.Logger
	Health    *health.Tracker
	Directory Directory
	Own       Shelf
	Publisher outbox.Publisher
	// Pseudonym is how events call the patient of an identifier.
	Pseudonym func(identifier string) string
	// Wait has what a carer did wait for the database, where err or what came before it says that it is lost, with what Waited takes up after
	// the program ended meanwhile. It tells whether it does. It may be nil.
	Wait   func(ctx context.Context, err error, e ledger.Entry, kept json.RawMessage) bool
	Waited []json.RawMessage
	// PseudonymBy is how they call the patient of an identifier that an authority gave; empty: none is known.
	PseudonymBy func(authority, identifier string) string
	// Events is what was seen and decided, Staff what people and machines are called.
	Events Events
	Staff  Staff
	// Machines are the devices of the inventory. Nil: none are known.
	Machines func() []Machine
	// Zone is that of the hospital's clock.
	Zone *time.Location
	// Site is the place that its events name.
	Site string
	// Fleeting says that nothing is to be kept: a capture is shown instead of the network.
	Fleeting bool
	// Broken has whom a policy names told that a glass was broken. It is asked again a minute after an error. It may be nil.
	Broken func(context.Context, *Glass) error
	// Live shows a value to whoever looks at the console.
	Live func(topic string, v any)
	// Registry takes the counters.
	Registry prometheus.Registerer
}

// Access is the room. Make it with [New]; it is safe for concurrent use.
type Access struct {
	needs    Needs
	engine   *policy.Engine
	entities *policy.Entities
	out      *outbox.Box
	count    counters

	saving     sync.Mutex // held while it is kept, before mu
	refreshing sync.Mutex // held while the directory is read, before mu
	dirty      chan struct{}
	// risksChanged rises with every risk that changes.
	risksChanged atomic.Uint64

	watchers watchers
	asked    asked
	seen     seen

	// mu guards what follows.
	mu         sync.RWMutex
	invariants *policy.Set
	pack       content.Pack
	problems   []policy.Problem // of the files as they are: those before are in force
	people     map[string]*Person
	machines   map[string]Machine // nil: the inventory was not looked at yet
	machinesAt time.Time
	strangers  []string // devices that sessions are on and the inventory has not
	byLogin    map[string]string
	byStaff    map[string]string              // who has a number
	named      map[string]map[string]struct{} // patients in whose stays a number is
	numbers    map[string]string              // patients by their number as one of no authority; empty: several have it
	expected   time.Time                      // when entities change next
	advanced   time.Time                      // up to when they are as the time has it
	risks      map[string]int                 // of entities, as incidents name them
	duties     map[string]*Duty
	teams      map[string]*Team
	tied       map[string]*ties // by person
	grants     map[string]*Grant
	glasses    map[string]*Glass
	broken     map[whose][]string // ids of glasses
	patients   map[string]*patient
	uses       map[string]*use
	tenures    map[string]*tenure // by person
	unkept     map[itemKey]any    // nil: gone
	upTo       bus.Mark
	keptSeq    uint64
	digest     digest
	outages    map[string]*Outage
	degraded   tally // since the last outage
}

type counters struct{ decisions, refused, unread, forgotten, unreviewed prometheus.Counter }

func newCounters(r prometheus.Registerer) counters {
	one := func(name, help string) prometheus.Counter {
		return promauto.With(r).NewCounter(prometheus.CounterOpts{Name: "bulwark_access_" + name + "_total", Help: help})
	}
	return counters{
		decisions:  one("decisions", "Decisions about access."),
		refused:    one("refused", "Decisions that were no."),
		unread:     one("unread_batches", "Batches of events that could not be read."),
		forgotten:  one("forgotten", "Patients, uses and the like that were forgotten to make room."),
		unreviewed: one("unreviewed_glasses", "Broken glasses that were forgotten to make room before anybody looked at them."),
	}
}

// New takes up what was decided.
func New(ctx context.Context, n Needs) (*Access, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "access", own); err != nil {
		return nil, err
	}
	a := &Access{needs: n, entities: policy.NewEntities(), count: newCounters(n.Registry), dirty: make(chan struct{}, 1),
		out:    outbox.New(outbox.Needs{To: n.Publisher, Kind: event.KindAccess, Room: "access", Site: n.Site, Clock: n.Clock, Registry: n.Registry}),
		people: map[string]*Person{}, byLogin: map[string]string{}, byStaff: map[string]string{},
		named: map[string]map[string]struct{}{}, numbers: map[string]string{}, risks: map[string]int{}, duties: map[string]*Duty{}, teams: map[string]*Team{},
		grants: map[string]*Grant{}, glasses: map[string]*Glass{}, broken: map[whose][]string{}, patients: map[string]*patient{}, uses: map[string]*use{}, tenures: map[string]*tenure{}, unkept: map[itemKey]any{}, outages: map[string]*Outage{}}
	a.seen.queue = make(chan *SeenReport, 2*mostSeen)
	a.digest.begin = n.Clock.Now()
	if err := a.openPolicies(); err != nil {
		return nil, err
	}
	if !n.Fleeting {
		if err := a.load(ctx); err != nil {
			return nil, fmt.Errorf("taking up access: %w", err)
		}
		if err := a.takeWaited(); err != nil {
			return nil, fmt.Errorf("taking up what waited for the database: %w", err)
		}
	}
	a.putApplications()
	return a, a.Refresh(ctx)
}

// openPolicies reads the policies. Where the hospital's own cannot be read the shipped ones decide, and it is said.
func (a *Access) openPolicies() error {
	pack, err := content.Read(a.needs.Own)
	if err != nil {
		return fmt.Errorf("reading the policies: %w", err)
	}
	set, invariants, bad := load(pack)
	if len(bad) > 0 {
		a.problems = bad
		pack = content.Shipped()
		if set, invariants, bad = load(pack); len(bad) > 0 {
			return bad[0]
		}
	}
	a.pack, a.invariants = pack, invariants
	a.engine = policy.NewEngine(set, a.entities, a.needs.Zone, a.aside)
	a.tellProblems()
	return nil
}

// tellProblems says, or unsays, that the hospital's own policies are not in force. The lock is held, or nobody else is there.
func (a *Access) tellProblems() {
	if a.needs.Health == nil {
		return
	}
	if len(a.problems) == 0 {
		a.needs.Health.Clear(&policiesUnread, "")
		return
	}
	a.needs.Health.Set(&policiesUnread, health.Args{"problem": a.problems[0].String()})
}

// Warnables are the warnings of this room.
func Warnables() []*health.Warnable { return []*health.Warnable{&policiesUnread} }

var policiesUnread = health.Warnable{
	ID: "access.policies-unread", Severity: health.Unprotected,
	Title: health.Text{EN: "The hospital's own access policies cannot be read", FR: "Les règles d'accès de l'établissement ne peuvent être lues"},
	Text: health.Text{EN: "Those before, or the shipped ones, are in force: {problem}.",
		FR: "Les précédentes, ou celles d'origine, restent en vigueur : {problem}."},
	NextStep: health.Text{EN: "Mend the file in the folder policies, and try it with bulwark access check.",
		FR: "Corrigez le fichier du dossier policies et vérifiez-le par bulwark access check."},
}

// Name is "access".
func (a *Access) Name() string { return "access" }

// How often things are done.
const (
	lookEvery    = 200 * time.Millisecond // those who watch are told
	refreshEvery = time.Second            // the directory is read again
	triageEvery  = time.Minute
	purgeEvery   = time.Hour
)

// Run reads the bus and keeps what it learns until ctx ends.
func (a *Access) Run(ctx context.Context, b *bus.Bus) error {
	upTo, err := b.Resume(ctx, a.upTo)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.upTo = upTo
	a.mu.Unlock()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var others sync.WaitGroup
	others.Go(func() {
		outbox.Often{Dirty: a.dirty, Keep: a.keep, Send: a.send, Log: a.needs.Log}.Run(ctx)
	})
	others.Go(func() { a.look(ctx) })
	others.Go(func() { a.makeReports(ctx) })
	err = b.Follow(ctx, event.Subjects(Reads()), upTo.Next(), func(_ context.Context, m *bus.Message) error {
		if err := a.read(m.Seq, m.Batch); err != nil {
			a.count.unread.Inc()
			a.needs.Log.Warn("a batch of events could not be read", "subject", m.Subject, "error", err)
		}
		return nil
	})
	stop()
	others.Wait()
	return err
}

// look does what is done often, until ctx ends.
func (a *Access) look(ctx context.Context) {
	var refreshed, triaged, purged, tellAgain time.Time
	for clock.Pause(ctx, lookEvery) {
		now := a.needs.Clock.Now()
		a.advance(now)
		if now.Sub(refreshed).Abs() >= refreshEvery {
			refreshed = now
			if err := a.Refresh(ctx); err != nil && ctx.Err() == nil {
				a.needs.Log.Error("the directory could not be read", "error", err)
			}
		}
		a.watchers.look()
		a.tellUntil(now.Add(-merge), now)
		if !now.Before(tellAgain) {
			if err := a.tellBroken(ctx, now); err != nil && ctx.Err() == nil {
				tellAgain = now.Add(time.Minute)
				a.needs.Log.Warn("nobody could be told yet of a broken glass", "error", err)
			}
		}
		if now.Sub(triaged).Abs() >= triageEvery {
			triaged = now
			if err := errors.Join(a.triage(ctx, now), a.tellDigest(ctx, now)); err != nil && ctx.Err() == nil {
				a.needs.Log.Error("what was decided could not be looked after", "error", err)
			}
		}
		if now.Sub(purged).Abs() >= purgeEvery {
			purged = now
			if err := a.purge(ctx, now); err != nil && ctx.Err() == nil {
				a.needs.Log.Error("what is too old could not be forgotten", "error", err)
			}
		}
	}
	a.tell(a.needs.Clock.Now())
}

// send puts on the bus what is kept.
func (a *Access) send(ctx context.Context) error {
	n, err := a.out.Send(ctx)
	if n > 0 {
		clock.Wake(a.dirty)
	}
	return err
}
