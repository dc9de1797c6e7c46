// Command server runs the console over a store of made-up events, for the end-to-end tests and for work on the pages.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"time"

	"bulwark/console"
	"bulwark/e2e/hospital"
	"bulwark/platform/clock"
	"bulwark/platform/health"
	"bulwark/platform/store"
	"bulwark/platform/web"
	front "bulwark/web"
)

type open struct{}

func (open) Require(_ []web.Duty, next http.Handler) http.Handler { return next }

func main() {
	addr := flag.String("listen", "127.0.0.1:8444", "address")
	minutes := flag.Int("minutes", 20, "minutes of events before the start")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, *minutes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string, minutes int) error {
	dir, err := os.MkdirTemp("", "bulwark-e2e")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(store.Options{Dir: dir, MinFree: 1})
	if err != nil {
		return err
	}
	defer s.Close()
	h := hospital.New(1)
	now := time.Now().Truncate(time.Second)
	for at := now.Add(-time.Duration(minutes) * time.Minute); at.Before(now); at = at.Add(time.Second) {
		if err := s.Add(h.Second(at)); err != nil {
			return err
		}
	}
	hub := console.NewHub(clock.System{})
	tracker := health.NewTracker(clock.System{})
	tracker.Set(&health.Warnable{ID: "sensor.one-sided", Severity: health.Degraded, Per: "vlan",
		Title:    health.Text{EN: "Half of the traffic of VLAN {vlan} is missing", FR: "Il manque la moitié du trafic du VLAN {vlan}"},
		Text:     health.Text{EN: "Only one direction is seen, so what devices answer is not analysed.", FR: "Un seul sens est vu : les réponses des appareils ne sont pas analysées."},
		NextStep: health.Text{EN: "Set the mirror port of the switch to copy both directions.", FR: "Réglez le port miroir du commutateur pour copier les deux sens."}},
		health.Args{"vlan": "12"})
	go func() { _ = hub.Run(ctx, tracker) }()
	go live(ctx, h, s, hub)
	c, err := console.New(console.Options{Files: front.Files(), Store: s, Live: hub, Health: tracker, Clock: clock.System{}, Site: "Hôpital Saint-Luc",
		Node: func(context.Context) console.Node {
			return console.Node{Version: "0.1.0-dev", Started: &now, Dir: dir, Retention: []console.Retention{{Kinds: "flow", Days: 30}, {Kinds: "event", Days: 180}, {Kinds: "audit", Days: 365}},
				Cage: []console.Wall{{Name: "user", Stands: true}, {Name: "seccomp", Stands: true}, {Name: "landlock", Stands: false, Detail: "kernel without landlock"}}}
		}})
	if err != nil {
		return err
	}
	mux, err := web.NewMux(append(c.Routes(), web.Route{Method: "GET", Pattern: "/api/me", Duties: []web.Duty{web.Public}, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		web.JSON(w, 200, map[string]any{"id": "1", "name": "Alex", "duties": []string{"administrator"}})
	})}), open{})
	if err != nil {
		return err
	}
	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Println("listening on http://" + addr)
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// live goes on making events, one batch a second.
func live(ctx context.Context, h *hospital.Hospital, s *store.Store, hub *console.Hub) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-tick.C:
			b := h.Second(at)
			if s.Add(b) != nil || hub.Batch(b) != nil {
				return
			}
		}
	}
}
