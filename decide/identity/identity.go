package identity

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/federation"
	"bulwark/decide/identity/internal/devicecert"
	"bulwark/decide/identity/internal/password"
	"bulwark/decide/identity/internal/throttle"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Needs is what identity is made of.
type Needs struct {
	Config Config
	DB     *db.DB
	Ledger *ledger.Ledger
	Clock  clock.Clock
	Log    *slog.Logger
	// Health hears what the configuration weakens; it may be nil.
	Health *health.Tracker
	// Derive gives the site's key for a purpose ([keys.Keys.Derive]).
	Derive func(purpose string) [32]byte
	// Judge says by what policies refuse somebody a route that their duties open: a code; empty: they do not. Nil: duties alone decide.
	Judge func(r *http.Request, p Person) (refusal string)
	// Snapshot keeps the signed snapshot by which people go on while the database is lost; nil: they do not.
	Snapshot Keeper
	// Spool is the file in which what was done meanwhile waits for the database; empty: memory alone.
	Spool string
	// Say sends codes; nil: nobody gets one.
	Say Say
	// Settle writes what other rooms keep in memory while the database is lost, before it is taken for back; it may be nil.
	Settle func(ctx context.Context) error
	// Came is told of a time in which the database was lost, when it is back; it may be nil.
	Came func(Outage)
	// Obliged says what keeps somebody from being erased; Forget has others forget them, words being their login, name and numbers; Elsewhere is what
	// others know of them; StaffTold hears what became of staff data. Each may be nil.
	Obliged   func(ctx context.Context, id, login string) ([]string, error)
	Forget    func(ctx context.Context, by, id string, words []string) error
	Elsewhere func(ctx context.Context, id, login string) (map[string]any, error)
	StaffTold func(actor, act, on string, n uint64)
	// Stolen is the file with the list of stolen passwords ([ImportStolen]); there need not be one.
	Stolen string
	// Names are those of the console ([web.Config]): invitations lead to the first, passwords made of them are refused.
	Names []string
}

// Identity is the room. Make it with [New]; it is safe for concurrent use. It is the [web.Guard] of every route.
type Identity struct {
	config Config
	db     *database
	memory *memory
	came   func(Outage)
	settle func(ctx context.Context) error
	models *models
	say    Say
	ledger *ledger.Ledger
	clock  clock.Clock
	log    *slog.Logger
	names  []string
	judge  func(r *http.Request, p Person) (refusal string)
	health *health.Tracker

	obliged   func(ctx context.Context, id, login string) ([]string, error)
	forget    func(ctx context.Context, by, id string, words []string) error
	elsewhere func(ctx context.Context, id, login string) (map[string]any, error)
	staffTold func(actor, act, on string, n uint64)
	purgedAt  time.Time // when what was too old went last

	sources   map[string]*source              // directories, by name
	providers map[string]*federation.Provider // OpenID providers, by name
	samls     map[string]*samlProvider
	subjects  [32]byte // keys the names of their accounts

	policy     *password.Policy
	stolen     *stolen
	authority  atomic.Pointer[devicecert.Authority] // of devices; nil: none was enrolled yet
	hasher     *password.Hasher
	device     deviceKey
	ceremonies ceremonies
	register   register
	kept       sealer   // secrets of apps
	carried    sealer   // what a browser carries for us
	paper      [32]byte // keys the codes on paper

	everybody *web.Limiter    // sign-ins of all together
	addresses *throttle.Table // failed sign-ins by address
	logins    *throttle.Table // failed sign-ins by login, or by known browser
	codes     *throttle.Table // wrong codes by person, or by known browser
	renewals  *web.Limiter    // of certificates, by device
	reports   *web.Limiter    // of devices, by device
	pushes    *throttle.Table // questions to the telephone of a professional
	messages  *throttle.Table // of codes that are sent, by person
	left      left            // pages that people left on shared workstations
	asking    atomic.Bool     // whether a certificate that devices may show is any good
	saying    chan struct{}   // codes on their way
	refusals  refusals        // refused sign-ins that are not in the ledger yet
	live      live            // requests that are being answered
	verifying chan struct{}   // one verification of the ledger at a time
	pages     *pages
	pause     func(ctx context.Context, d time.Duration)
}

var _ web.Guard = (*Identity)(nil)

// New prepares the tables and everything else.
func New(ctx context.Context, n Needs) (*Identity, error) {
	return newWith(ctx, n, password.Recommended())
}

func newWith(ctx context.Context, n Needs, cost password.Cost) (*Identity, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "identity", own); err != nil {
		return nil, err
	}
	if err := foldAll(ctx, n.DB); err != nil {
		return nil, fmt.Errorf("preparing the search of people: %w", err)
	}
	policy, err := password.NewPolicy(n.Config.context(n.Names)...)
	if err != nil {
		return nil, err
	}
	p, err := newPages(n.Config.Hospital)
	if err != nil {
		return nil, err
	}
	kept, keptErr := newSealer(n.Derive("identity/totp"))
	carried, carriedErr := newSealer(n.Derive("identity/carried"))
	if err := errors.Join(keptErr, carriedErr); err != nil {
		return nil, err
	}
	providers, err := newProviders(n)
	if err != nil {
		return nil, err
	}
	samls, err := newSAML(n)
	if err != nil {
		return nil, err
	}
	n.Config.warn(n.Health)
	m := &memory{keeper: n.Snapshot, spool: spool{path: n.Spool, key: n.Derive("identity/spool")}}
	i := &Identity{
		config: n.Config, db: &database{n.DB, m.wrote}, memory: m, came: n.Came, settle: n.Settle, say: n.Say, ledger: n.Ledger, clock: n.Clock, log: n.Log, names: n.Names, judge: n.Judge, health: n.Health, sources: newSources(n.Config.Directories),
		obliged: n.Obliged, forget: n.Forget, elsewhere: n.Elsewhere, staffTold: n.StaffTold,
		providers: providers, samls: samls, subjects: n.Derive("identity/provider"),
		policy: policy, stolen: &stolen{file: n.Stolen, clock: n.Clock, log: n.Log}, hasher: password.NewHasher(n.Derive("identity/password"), cost),
		device:     deviceKey(n.Derive("identity/device")),
		ceremonies: ceremonies{key: n.Derive("identity/passkey"), clock: n.Clock, used: map[string]time.Time{}},
		kept:       kept, carried: carried, paper: n.Derive("identity/recovery"),
		everybody: web.NewLimiter(n.Clock, 40, 100*time.Millisecond, 1),
		addresses: throttle.New(throttle.Rule{Free: 20, First: time.Second, Longest: time.Minute, Forget: time.Hour, Keys: 20000}, n.Clock),
		logins:    throttle.New(throttle.Rule{Free: 5, First: time.Second, Longest: 5 * time.Minute, Forget: 24 * time.Hour, Keys: 20000}, n.Clock),
		// A code has a million values, and three are right at any time: at one guess in a quarter of an hour, one in 3,400 hits within a day.
		codes:    throttle.New(throttle.Rule{Free: 5, First: time.Second, Longest: 15 * time.Minute, Forget: 7 * 24 * time.Hour, Keys: 20000}, n.Clock),
		renewals: web.NewLimiter(n.Clock, 10, time.Hour, 20000), reports: web.NewLimiter(n.Clock, 20, 10*time.Second, 20000),
		messages: throttle.New(throttle.Rule{Free: 3, First: time.Minute, Longest: 30 * time.Minute, Forget: 24 * time.Hour, Keys: 20000}, n.Clock),
		pushes:   throttle.New(throttle.Rule{Free: 3, First: time.Minute, Longest: 30 * time.Minute, Forget: 24 * time.Hour, Keys: 20000}, n.Clock),
		left:     left{clock: n.Clock},
		live:     newLive(), verifying: make(chan struct{}, 1), saying: make(chan struct{}, mostSaid), pages: p, pause: pause,
	}
	i.models = &models{config: &i.config.Passkeys}
	return i, errors.Join(i.openAuthority(ctx), i.knowAsking(ctx), m.spool.load(), i.readMemory(ctx))
}

// Name is "identity".
func (i *Identity) Name() string { return "identity" }

const (
	// lookAgain is how often answers that are still being sent are checked, so that what was taken away ends within
	// it; and how long a refused sign-in waits to be noted.
	lookAgain = 500 * time.Millisecond
	// tellStrangers is how often refused sign-ins of strangers are written to the ledger, as one entry.
	tellStrangers = time.Minute
	// sweep is how often ended sessions and old links are deleted.
	sweep = time.Hour
)

// Run ends what must end, until ctx does.
func (i *Identity) Run(ctx context.Context) error {
	look, tell, clean := time.NewTicker(lookAgain), time.NewTicker(tellStrangers), time.NewTicker(sweep)
	defer look.Stop()
	defer tell.Stop()
	defer clean.Stop()
	var following sync.WaitGroup
	defer following.Wait()
	for _, s := range i.sources {
		if s.tickets != nil {
			if err := s.tickets.Test(); err != nil {
				i.log.ErrorContext(ctx, "nobody signs in by the ticket of their workstation", "directory", s.Config.Name, "error", err)
			}
		}
		following.Go(func() { i.follow(ctx, s) })
	}
	if err := i.lookOutside(ctx); err != nil && ctx.Err() == nil {
		i.log.ErrorContext(ctx, "passkeys cannot be judged by the rules", "error", err)
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return i.tellRefusals(context.WithoutCancel(ctx), true)
		case <-look.C:
			err = errors.Join(i.lookAfterMemory(ctx), i.endLive(ctx), i.tellRefusals(ctx, false))
			if !i.memory.isLost() {
				err = errors.Join(err, i.knowAuthority(ctx), i.knowAsking(ctx))
			}
		case <-tell.C:
			err = i.tellRefusals(ctx, true)
		case <-clean.C:
			err = errors.Join(i.sweep(ctx), i.lookOutside(ctx))
			if now := i.clock.Now(); now.Sub(i.purgedAt).Abs() >= aDay {
				_, failed := i.purge(ctx)
				err, i.purgedAt = errors.Join(err, failed), now
			}
		}
		if err != nil && ctx.Err() == nil {
			i.log.ErrorContext(ctx, "identity housekeeping failed", "error", err)
		}
	}
}

// sweep deletes what ended long enough ago.
func (i *Identity) sweep(ctx context.Context) error {
	now := db.Time(i.clock.Now())
	return i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, sessions := tx.NewDelete().Model((*sessionRow)(nil)).
			Where("ends <= ? OR seen <= ?", now, now.Add(-i.config.idle())).Exec(ctx)
		_, links := tx.NewDelete().Model((*linkRow)(nil)).Where("ends <= ?", now.Add(-30*24*time.Hour)).Exec(ctx)
		_, vouches := tx.NewDelete().Model((*vouchRow)(nil)).Where("ends <= ?", now).Exec(ctx)
		return errors.Join(sessions, links, vouches, sweepArrivals(ctx, tx, now.Add(-awayLife)), sweepCodes(ctx, tx, now), sweepShifts(ctx, tx, now))
	})
}

// act is one act of a person, for the ledger.
type act struct {
	at      time.Time // zero: now
	by      string    // the actor, as the ledger writes it
	name    string    // without the room: "invite"
	on      string    // the object
	refused bool
	detail  map[string]string
}

// note writes a to the ledger, within tx.
func (i *Identity) note(ctx context.Context, tx bun.Tx, a act) error {
	outcome := ledger.Done
	if a.refused {
		outcome = ledger.Refused
	}
	if a.at.IsZero() {
		a.at = i.clock.Now()
	}
	_, err := i.ledger.Append(ctx, tx, ledger.Entry{
		Time: a.at, Actor: a.by, Act: "identity." + a.name, Object: a.on, Outcome: outcome, Detail: a.detail,
	})
	if err != nil {
		return fmt.Errorf("noting identity.%s: %w", a.name, err)
	}
	return nil
}
