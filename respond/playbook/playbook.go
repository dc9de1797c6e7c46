// Package playbook does what is written against attacks: when an incident is of a kind, it asks for acts, tells people and gives them
// tasks. It never acts itself: each act is a lease that the clinical interlock weighs. A run is kept after every step, so that it
// goes on after a restart, and what it did is taken back when the incident turns out to be none.
package playbook

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Incidents know an incident as it is now.
type Incidents interface {
	// Incident is the one of that identifier. An error that is [ErrNoIncident] means that there is none.
	Incident(ctx context.Context, uid string) (Incident, error)
}

// Needs is what the room is made of.
type Needs struct {
	DB     *db.DB
	Ledger *ledger.Ledger
	Clock  clock.Clock
	Log    *slog.Logger
	// Own keeps the hospital's own playbooks. Nil: there are none.
	Own       Shelf
	Incidents Incidents
	Acts      Acts
	// Shadow knows what was only noted. Nil: it is not asked for again.
	Shadow Shadow
	Teller Teller // nil: steps that tell people wait, and say so
	// History is the past over which playbooks are tested. Nil: none is kept.
	History History
	// Since is from when on events are kept: what an act before would have stopped is not known. Nil: for ever.
	Since func() time.Time
	// Live shows a value to whoever looks at the console. Nil: nobody looks.
	Live func(topic string, v any)
	// Fleeting says that a capture is shown instead of the network: nothing is done.
	Fleeting bool
	Registry prometheus.Registerer
}

// Errors of askers.
var (
	ErrNoPlaybook = errors.New("playbook: no such playbook")
	ErrNoRun      = errors.New("playbook: no such run")
	ErrNoIncident = errors.New("playbook: no such incident")
	ErrAsk        = errors.New("playbook: bad request")
)

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrAsk, fmt.Sprintf(format, args...))
}

// reason is an error as people read it: without the names of packages before it.
func reason(err error) string {
	text := err.Error()
	text = strings.TrimPrefix(text, ErrNever.Error()+": ")
	return text[:min(len(text), 300)]
}

// Playbooks is the room. Make it with [New]; it is safe for concurrent use.
type Playbooks struct {
	needs  Needs
	shelf  atomic.Pointer[shelfful]
	failed prometheus.Counter
	unread prometheus.Counter
	mu     sync.Mutex      // held while runs are changed
	looked bool            // at all that ran when the program began
	active map[string]bool // playbooks of live runs of which what they ask for was done when they were last looked at

	testing sync.Mutex // guards what follows
	test    *BackTest  // that runs, as it was shown last; nil: none
	stop    func()
	asked   chan job
}

// New reads the playbooks, and makes the tables.
func New(ctx context.Context, n Needs) (*Playbooks, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "playbook", own); err != nil {
		return nil, err
	}
	p := &Playbooks{needs: n, asked: make(chan job, 1),
		failed: promauto.With(n.Registry).NewCounter(prometheus.CounterOpts{Name: "bulwark_playbooks_failed_tries_total", Help: "Times that a run could not go on; it is tried again."}),
		unread: promauto.With(n.Registry).NewCounter(prometheus.CounterOpts{Name: "bulwark_playbooks_unread_batches_total", Help: "Batches of incidents that could not be read."})}
	if err := p.reload(ctx); err != nil {
		return nil, err
	}
	return p, p.endTests(ctx)
}

// Name is "playbooks".
func (n *Playbooks) Name() string { return "playbooks" }

// tryEvery is how often runs that wait for something are tried again.
const tryEvery = 5 * time.Second

// Run follows incidents until ctx ends.
func (n *Playbooks) Run(ctx context.Context, b *bus.Bus) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var others sync.WaitGroup
	others.Go(func() { n.tryOften(ctx) })
	others.Go(func() { n.testOften(ctx) })
	err := b.Subscribe(ctx, "playbooks", event.Subjects(Reads()), bus.FromNew, func(ctx context.Context, m *bus.Message) error { return n.read(ctx, m) })
	stop()
	others.Wait()
	return err
}

// read looks at the incidents of a batch.
func (n *Playbooks) read(ctx context.Context, m *bus.Message) error {
	var r event.Reader
	var uids []string
	err := r.Open(m.Batch)
	var e event.Event
	for err == nil && r.Next(&e) {
		if i, ok := e.Payload.(*event.Incident); ok && !slices.Contains(uids, i.UID) {
			uids = append(uids, strings.Clone(i.UID))
		}
	}
	if err = errors.Join(err, r.Err()); err != nil {
		n.unread.Inc()
		n.needs.Log.WarnContext(ctx, "a batch of incidents could not be read", "subject", m.Subject, "error", err)
	}
	for _, uid := range uids {
		if err := n.look(ctx, uid); err != nil {
			return err
		}
	}
	return nil
}

// look begins what an incident calls for, and goes on with what runs for it.
func (n *Playbooks) look(ctx context.Context, uid string) error {
	if n.needs.Fleeting {
		return nil
	}
	i, err := n.needs.Incidents.Incident(ctx, uid)
	if errors.Is(err, ErrNoIncident) {
		return nil
	}
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	off, err := n.switchedOff(ctx)
	if err != nil {
		return err
	}
	files := n.shelf.Load().files
	for k := range files {
		f := &files[k]
		if f.Err != nil || off[f.ID].Off || !wanted(f.Playbook, &i) {
			continue
		}
		if err := n.start(ctx, f, &i, ledger.Program("playbook")); err != nil {
			return err
		}
	}
	runs, err := n.runs(ctx, n.needs.DB.Read(), query{incident: uid, live: true})
	if err != nil {
		return err
	}
	for _, r := range runs {
		if err := n.goOn(ctx, r, &i); err != nil {
			return err
		}
	}
	return nil
}

// goOn does what is to be done now of a run. What fails is kept with it and tried again; only where that cannot be kept is there an
// error. The lock is held.
func (n *Playbooks) goOn(ctx context.Context, r *Run, i *Incident) error {
	was := asText(r)
	keep := func() error { return n.keep(ctx, r) }
	var err error
	switch {
	case r.State == Lifting:
		if err = n.lift(ctx, r, r.Reason, keep); err == nil {
			r.State, r.Ended = Cancelled, n.needs.Clock.Now()
		}
	case i.over():
		if err = n.lift(ctx, r, "the incident is closed as "+i.Verdict, keep); err == nil {
			r.State, r.Ended = Over, n.needs.Clock.Now()
		}
	case i.Status == "closed":
		r.State, r.Ended = Over, n.needs.Clock.Now()
	default:
		err = n.advance(ctx, r, i, keep)
	}
	r.Problem = ""
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.Problem = reason(err)
		n.failed.Inc()
		n.needs.Log.WarnContext(ctx, "a playbook could not go on", "playbook", r.Playbook.ID, "incident", r.Incident, "error", err)
	}
	if asText(r) == was {
		return nil
	}
	return keep()
}

// tryOften goes on with runs that wait for something.
func (n *Playbooks) tryOften(ctx context.Context) {
	for clock.Pause(ctx, tryEvery) {
		if err := n.tryAgain(ctx); err != nil && ctx.Err() == nil {
			n.needs.Log.ErrorContext(ctx, "playbooks could not go on", "error", err)
		}
	}
}

// tryAgain goes on with the runs of which something failed, or is to be taken back; the first time with all, which may have ended in
// the middle, and with those that were in shadow until now.
func (n *Playbooks) tryAgain(ctx context.Context) (err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer func() {
		if err != nil {
			n.active = nil // what ended is looked at anew
		}
	}()
	runs, err := n.runs(ctx, n.needs.DB.Read(), query{live: true})
	if err != nil {
		return err
	}
	ended, err := n.ended(ctx, runs)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if ended[r.Playbook.ID] {
			if err := n.askAgain(ctx, r); err != nil {
				return err
			}
		}
		if n.looked && r.Problem == "" && r.State != Lifting && !r.again() {
			continue
		}
		i, err := n.needs.Incidents.Incident(ctx, r.Incident)
		if errors.Is(err, ErrNoIncident) {
			i, err = Incident{UID: r.Incident, Status: "closed"}, nil
		}
		if err != nil {
			return err
		}
		if err := n.goOn(ctx, r, &i); err != nil {
			return err
		}
	}
	n.looked = true
	return nil
}
