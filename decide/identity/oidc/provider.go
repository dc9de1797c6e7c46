package oidc

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/uptrace/bun"

	"bulwark/decide/identity"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

// People is who signs in: package identity.
type People interface {
	// Asked is who asks, by the session of their browser; ok is false for nobody.
	Asked(r *http.Request) (p identity.Person, ok bool, err error)
	// Living is whose session it is, and notes that it is used; ok is false when it ended, or its person was disabled.
	Living(ctx context.Context, session string) (p identity.Person, ok bool, err error)
	// Leave ends the session of a browser.
	Leave(w http.ResponseWriter, r *http.Request) error
}

// Needs is what a provider is made of.
type Needs struct {
	DB     *db.DB
	Ledger *ledger.Ledger
	Clock  clock.Clock
	Log    *slog.Logger
	People People
	// Derive gives the site's key for a purpose ([keys.Keys.Derive]).
	Derive func(purpose string) [32]byte
	// Names are those of the console: the first is the issuer's.
	Names []string
	// Client tells applications that a session ended; nil: [http.DefaultClient].
	Client *http.Client
	// Judge says by what policies keep somebody from an application; nil: none has a say.
	Judge func(context.Context, Visit) Refusal
	// Registry takes the counters. Nil: nobody reads them.
	Registry prometheus.Registerer
}

// Visit is somebody before an application.
type Visit struct {
	Who         identity.Person
	Address     string // of their browser, without the port
	Application string
	// Entering says that they come to it now; else an application that they entered asks whether that still holds.
	Entering bool
}

// Refusal is why somebody is kept from an application; its zero value: they are not.
type Refusal struct {
	// Code is [identity.ProveAgain] or [identity.PasskeyNeeded] where that would do, else another word.
	Code string
	// Policies are the ids of those that refuse, Why what they say, Next what else would help.
	Policies []string
	Why      Text
	Next     []Text
}

// Text is the same in two languages.
type Text struct{ EN, FR string }

func (t Text) in(r *http.Request) string {
	if identity.French(r) {
		return t.FR
	}
	return t.EN
}

// judged asks the judge.
func (p *Provider) judged(ctx context.Context, v Visit) Refusal {
	if p.Judge == nil {
		return Refusal{}
	}
	return p.Judge(ctx, v)
}

// Provider is an OpenID provider. Make it with [New]; it is safe for concurrent use.
type Provider struct {
	Needs
	seal sealer

	pushes *web.Limiter       // of public clients, by where they push from
	crowd  prometheus.Counter // pushed requests that were refused, or made room

	deaf map[string]deafness // applications that do not answer; of whoever tells them

	mu   sync.Mutex // guards keys
	keys []*signingKey
}

// New prepares the tables.
func New(ctx context.Context, n Needs) (*Provider, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "identity_oidc", own); err != nil {
		return nil, err
	}
	s, err := newSealer(n.Derive("identity/oidc"))
	crowd := promauto.With(n.Registry).NewCounter(prometheus.CounterOpts{Name: "bulwark_oidc_pushed_dropped_total", Help: "Pushed requests that came too often, or made room for newer ones."})
	return &Provider{Needs: n, seal: s, crowd: crowd, pushes: web.NewLimiter(n.Clock, pushBurst, pushEvery, pushPlaces)}, err
}

// Name is "oidc".
func (p *Provider) Name() string { return "oidc" }

// Run deletes what is over, until ctx ends.
func (p *Provider) Run(ctx context.Context) error {
	clean, tell := time.NewTicker(10*time.Minute), time.NewTicker(tellEvery)
	defer clean.Stop()
	defer tell.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-clean.C:
			err = p.sweep(ctx)
		case <-tell.C:
			err = p.tellEnded(ctx)
		}
		if err != nil && ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "OpenID housekeeping failed", "error", err)
		}
	}
}

// sweep deletes what ended.
func (p *Provider) sweep(ctx context.Context) error {
	now := db.Time(p.Clock.Now())
	return p.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var errs []error
		for _, m := range []any{(*grantRow)(nil), (*tokenRow)(nil), (*pushedRow)(nil), (*assertionRow)(nil)} {
			_, err := tx.NewDelete().Model(m).Where("ends <= ?", now).Exec(ctx)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

// note writes an act to the ledger, within tx.
func (p *Provider) note(ctx context.Context, tx bun.Tx, actor, act, on string, refused bool, detail map[string]string) error {
	outcome := ledger.Done
	if refused {
		outcome = ledger.Refused
	}
	_, err := p.Ledger.Append(ctx, tx, ledger.Entry{Time: p.Clock.Now(), Actor: actor, Act: "identity." + act, Object: on, Outcome: outcome, Detail: detail})
	if err != nil {
		return fmt.Errorf("noting identity.%s: %w", act, err)
	}
	return nil
}

// newID is a new id that sorts by time (RFC 9562, version 7).
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// newSecret is 256 random bits.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashOf is how what opens something is kept: random enough that no slow hash is needed.
func hashOf(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(h[:])
}
