// Command server runs the real console (store, people, ledger, TLS) over made-up events of every kind, for the
// end-to-end tests and for work on the pages. It prints the address and the one-time set-up link.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"bulwark/console"
	"bulwark/decide/identity"
	"bulwark/decide/identity/oidc"
	"bulwark/e2e/hospital"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
	"bulwark/platform/store"
	"bulwark/platform/web"
	front "bulwark/web"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	minutes := flag.Int("minutes", 20, "minutes of events before the start")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *listen, *minutes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// node is what the server is made of.
type node struct {
	dir      string
	started  time.Time
	store    *store.Store
	hub      *console.Hub
	health   *health.Tracker
	identity *identity.Identity
	provider *oidc.Provider
	ledger   *ledger.Ledger
	hospital *hospital.Hospital
}

func run(ctx context.Context, listen string, minutes int) (err error) {
	dir, err := os.MkdirTemp("", "bulwark-e2e")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	n := &node{dir: dir, started: time.Now(), hub: console.NewHub(clock.System{}), health: health.NewTracker(clock.System{}), hospital: hospital.New(1)}
	if n.store, err = store.Open(store.Options{Dir: filepath.Join(dir, "events"), MinFree: 1}); err != nil {
		return err
	}
	defer n.store.Close()
	if err := n.fill(minutes); err != nil {
		return err
	}
	server, closeDB, err := n.server(ctx, listen)
	if err != nil {
		return err
	}
	defer closeDB()
	link, err := n.identity.SetupLink(ctx)
	if err != nil {
		return err
	}
	n.warn()
	fmt.Println("console " + server.URL())
	fmt.Println("setup " + server.URL() + link.Path)

	ctx, end := context.WithCancel(ctx)
	defer end()
	parts := []func(context.Context) error{server.Run, n.identity.Run, n.provider.Run, n.live, func(ctx context.Context) error { return n.hub.Run(ctx, n.health) }}
	done := make(chan error, len(parts))
	for _, p := range parts {
		go func() { done <- p(ctx) }()
	}
	for range parts {
		err = errors.Join(err, <-done)
		end()
	}
	return err
}

// server is the web server with all routes, and what closes its database.
func (n *node) server(ctx context.Context, listen string) (*web.Server, func(), error) {
	k, err := keys.Open(filepath.Join(n.dir, "keys"))
	if err != nil {
		return nil, nil, err
	}
	certificates, err := keys.OpenCertificates(filepath.Join(n.dir, "tls"), keys.TLS{}, nil, clock.System{})
	if err != nil {
		return nil, nil, err
	}
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(n.dir, "state.db"))
	if err != nil {
		return nil, nil, err
	}
	shut := func() { _ = d.Close() }
	if n.ledger, err = ledger.Open(ctx, ledger.Needs{DB: d, Clock: clock.System{}, Origin: "bulwark/" + k.Site() + "/ledger", Key: k.Signing("ledger"), Health: n.health}); err != nil {
		return nil, shut, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	n.identity, err = identity.New(ctx, identity.Needs{Config: identity.Config{Hospital: "Hôpital Saint-Luc"}, DB: d, Ledger: n.ledger, Clock: clock.System{}, Log: log, Derive: k.Derive})
	if err != nil {
		return nil, shut, err
	}
	c, err := console.New(console.Options{Files: front.Files(), Store: n.store, Live: n.hub, Health: n.health, Clock: clock.System{}, Node: n.state, Record: n.record})
	if err != nil {
		return nil, shut, err
	}
	n.provider, err = oidc.New(ctx, oidc.Needs{DB: d, Ledger: n.ledger, Clock: clock.System{}, Log: log, People: n.identity, Derive: k.Derive})
	if err != nil {
		return nil, shut, err
	}
	routes := slices.Concat(c.Routes(), n.identity.Routes(), n.provider.Routes())
	mux, err := web.NewMux(routes, n.identity)
	if err != nil {
		return nil, shut, err
	}
	s, err := web.New(web.Needs{Config: web.Config{Listen: listen}, Foreign: web.Foreign(routes), Certificate: certificates.Get, Handler: mux, Log: log, Metrics: web.NewMetrics(), NotReady: n.health.NotReady})
	if err != nil {
		return nil, shut, err
	}
	return s, shut, s.Listen(ctx)
}

// record notes in the ledger what somebody did.
func (n *node) record(r *http.Request, act string, detail map[string]string) error {
	p, _ := identity.From(r.Context())
	_, err := n.ledger.Record(r.Context(), ledger.Entry{Actor: p.Actor(), Act: act, Outcome: ledger.Done, Detail: detail})
	return err
}

func (n *node) state(context.Context) console.Node {
	return console.Node{Version: "0.1.0-e2e", Started: &n.started, Dir: n.dir,
		Retention: []console.Retention{{Kinds: "flow", Days: 30}, {Kinds: "event", Days: 180}, {Kinds: "audit", Days: 365}},
		Cage: []console.Wall{{Name: "user", Stands: true}, {Name: "seccomp", Stands: true}, {Name: "capabilities", Stands: true},
			{Name: "landlock", Stands: false, Detail: "the kernel has none"}}}
}

// fill puts minutes of events into the store.
func (n *node) fill(minutes int) error {
	for at := n.started.Add(-time.Duration(minutes) * time.Minute); at.Before(n.started); at = at.Add(time.Second) {
		if err := n.store.Add(n.hospital.Second(at)); err != nil {
			return err
		}
	}
	n.store.Flush()
	return nil
}

// live goes on with one batch a second.
func (n *node) live(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case at := <-tick.C:
			b := n.hospital.Second(at)
			if err := errors.Join(n.store.Add(b), n.hub.Batch(b)); err != nil {
				return err
			}
		}
	}
}

// warn sets one warning of each severity but the lowest.
func (n *node) warn() {
	n.health.Set(&health.Warnable{ID: "sensor.one-sided", Severity: health.Degraded, Per: "vlan",
		Title:    health.Text{EN: "Half of the traffic of VLAN {vlan} is missing", FR: "Il manque la moitié du trafic du VLAN {vlan}"},
		Text:     health.Text{EN: "Only one direction is seen, so what the devices answer is not analysed.", FR: "Un seul sens est vu : les réponses des appareils ne sont pas analysées."},
		NextStep: health.Text{EN: "Set the mirror port of the switch to copy both directions.", FR: "Réglez le port miroir du commutateur pour copier les deux sens."}},
		health.Args{"vlan": "12"})
	n.health.Set(&health.Warnable{ID: "sensor.silent", Severity: health.Unprotected, Per: "interface",
		Title:    health.Text{EN: "Interface {interface} is silent", FR: "L’interface {interface} est muette"},
		Text:     health.Text{EN: "{interface} has sent no packet for 5 minutes. What crosses there is not watched.", FR: "{interface} n’a envoyé aucun paquet depuis 5 minutes. Ce qui y passe n’est pas surveillé."},
		NextStep: health.Text{EN: "Check the mirror on the switch, and the cable.", FR: "Vérifiez le miroir sur le commutateur, et le câble."}},
		health.Args{"interface": "eth2"})
}
