package logs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bulwark/observe/logs/internal/audit"
	"bulwark/observe/logs/internal/document"
	"bulwark/observe/logs/internal/revoked"
	"bulwark/observe/logs/parse"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
	"bulwark/platform/pseudonym"
)

// Needs are what the room is made of.
type Needs struct {
	Config     Config
	Name       string // of this node
	Site       string
	Version    string // of the program
	Publisher  Publisher
	Pseudonyms [32]byte // key under which patients are named
	Seal       [32]byte // key under which lines are kept that nobody understood
	// Lines are the events that are kept; nil: none are.
	Lines Lines
	// Authority is the certificate, in PEM, by which senders know this node; "": one that the hospital has already.
	Authority func() string
	// Certificate is the console's.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	DB          *db.DB
	Ledger      *ledger.Ledger
	Health      *health.Tracker
	Clock       clock.Clock
	Log         *slog.Logger
	Registry    prometheus.Registerer // may be nil
}

// Logs is the room. Make it with [New].
type Logs struct {
	needs   Needs
	sink    *sink
	tokens  *tokens
	parsers *parse.Set
	intakes []entrance
	lists   []*revoked.Lists // of certificates of senders
}

// entrance is an intake, and where it listens.
type entrance struct {
	Intake
	doors []Door
}

// New opens what the configuration asks for: who sends may connect from then on, and is read once the room runs.
func New(ctx context.Context, n Needs) (*Logs, error) {
	l := &Logs{needs: n, tokens: &tokens{db: n.DB, ledger: n.Ledger, clock: n.Clock}}
	l.sink = &sink{host: n.Name, gather: newGather(n), sources: newSources(&l.needs), count: newMetrics(n.Registry)}
	err := migrate(ctx, n.DB)
	for _, step := range []func() error{func() error { return l.sink.sources.load(ctx) }, func() error { return l.tokens.load(ctx) }, l.readFormats, l.hire, l.open, func() error { return l.openWEF(ctx) }} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("logs: %w", err)
	}
	newRefusals(n.Registry, l)
	return l, nil
}

// hire makes the workers, one a core.
func (l *Logs) hire() error {
	cores := runtime.GOMAXPROCS(0)
	l.sink.workers = make(chan *worker, cores)
	for range cores {
		s, err := newSeal(l.needs.Seal)
		if err != nil {
			return err
		}
		masks := l.patients()
		l.sink.workers <- &worker{sink: l.sink, reader: l.parsers.Reader(), documents: document.New(audit.New(masks)), masks: masks, seal: s,
			guess: map[guessed]*source{}}
	}
	return nil
}

func (l *Logs) patients() *pseudonym.Pseudonyms { return pseudonym.New(l.needs.Pseudonyms) }

// Name is the room's name.
func (*Logs) Name() string { return "logs" }

// How often what is kept of sources is written, and how often they are missed.
const (
	keepEvery = 15 * time.Second
	missEvery = time.Minute
)

// Run takes logs in until ctx ends. What was handed over by then is safe when it returns.
func (l *Logs) Run(ctx context.Context) error {
	var carriers, takers sync.WaitGroup
	for range cap(l.sink.workers) {
		carriers.Go(func() { l.sink.gather.carry(context.WithoutCancel(ctx)) })
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	for _, i := range l.intakes {
		takers.Go(func() {
			if err := i.Run(ctx, l.sink); err != nil && ctx.Err() == nil {
				fail(fmt.Errorf("%s: %w", i.Name(), err))
			}
		})
	}
	l.lookAfter(ctx)
	takers.Wait()
	l.sink.gather.end()
	carriers.Wait()
	l.save(context.WithoutCancel(ctx))
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// lookAfter keeps what is known of sources, and misses them, until ctx ends.
func (l *Logs) lookAfter(ctx context.Context) {
	keep, miss := time.NewTicker(keepEvery), time.NewTicker(missEvery)
	defer keep.Stop()
	defer miss.Stop()
	l.renewLists()
	for {
		select {
		case <-keep.C:
			l.save(ctx)
		case <-miss.C:
			l.sink.sources.miss(l.needs.Health)
			l.renewLists()
		case <-ctx.Done():
			return
		}
	}
}

func (l *Logs) save(ctx context.Context) {
	if err := l.sink.sources.save(ctx); err != nil && ctx.Err() == nil {
		l.needs.Log.ErrorContext(ctx, "keeping log sources", "error", err)
	}
}
