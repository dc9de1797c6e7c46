package oidc

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
)

func TestApplicationsAreToldThatASessionEnded(t *testing.T) {
	d := dbtest.SQLite(t)
	c := clock.NewManual(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	k, err := keys.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: c, Origin: "test", Key: k.Signing("ledger")})
	if err != nil {
		t.Fatal(err)
	}
	room, err := identity.New(t.Context(), identity.Needs{DB: d, Ledger: l, Clock: c, Log: slog.New(slog.DiscardHandler), Derive: k.Derive})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(t.Context(), Needs{DB: d, Ledger: l, Clock: c, Log: slog.New(slog.DiscardHandler), People: room, Derive: k.Derive})
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	broken := true
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		tokens = append(tokens, r.PostFormValue("logout_token"))
	}))
	defer app.Close()
	if _, _, err := p.Register(t.Context(), ledger.Host, "ward", "Ward", Settings{Redirects: []string{"https://ward.example/back"}, Backchannel: app.URL + "/logout"}); err != nil {
		t.Fatal(err)
	}
	now := db.Time(c.Now())
	g := &grantRow{ID: newID(), Client: "ward", Person: "p1", Session: "s1", Issuer: "https://b/oidc", Methods: []string{"pwd"}, Code: "x", CodeEnds: now, CodeUsed: now, AuthTime: now, Created: now, Ends: now.Add(time.Hour)}
	err = d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { _, err := tx.NewInsert().Model(g).Exec(ctx); return err })
	if err != nil {
		t.Fatal(err)
	}
	for _, fails := range []bool{true, false, false} { // it does not listen, then it does, then it was told
		broken = fails
		c.Add(time.Minute)
		if err := p.tellEnded(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(tokens) != 1 {
		t.Fatalf("it was told %d times", len(tokens))
	}
	claims, err := p.verified(t.Context(), tokens[0])
	if err != nil || claims["sub"] != "p1" || claims["sid"] != g.ID || claims["aud"] != "ward" || claims["nonce"] != nil || claims["events"].(map[string]any)[logoutEvent] == nil {
		t.Errorf("%v, %v", claims, err)
	}
}

func TestAnApplicationThatDoesNotAnswerHoldsUpNoOther(t *testing.T) {
	h := newHall(t, Settings{})
	var down atomic.Bool
	down.Store(true)
	var calls atomic.Int64
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if down.Load() {
			http.Error(w, "restarting", http.StatusBadGateway)
		}
	}))
	defer deaf.Close()
	var told atomic.Int64
	good := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told.Add(1) }))
	defer good.Close()
	now := db.Time(h.clock.Now())
	for id, at := range map[string]string{"deaf": deaf.URL, "good": good.URL} {
		if _, _, err := h.Register(t.Context(), ledger.Host, id, id, Settings{Redirects: []string{"https://app.example/back"}, Backchannel: at}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			g := &grantRow{ID: newID(), Client: id, Person: "p1", Session: "gone", Methods: []string{}, Code: newSecret(), CodeEnds: now, CodeUsed: now, AuthTime: now, Created: now, Ends: now.Add(24 * time.Hour)}
			err := h.DB.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { _, err := tx.NewInsert().Model(g).Exec(ctx); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	round := func() {
		t.Helper()
		if err := h.tellEnded(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		round()
	}
	if told.Load() != 3 || calls.Load() != 1 {
		t.Errorf("one was told %d times, and one that does not answer asked %d times in a second", told.Load(), calls.Load())
	}
	for range 60 { // an hour: longer than any number of tries
		h.clock.Add(time.Minute)
		round()
	}
	if n := calls.Load(); n > 25 {
		t.Errorf("in an hour it was asked %d times", n)
	}
	down.Store(false)
	calls.Store(0)
	h.clock.Add(longestWait)
	round()
	if calls.Load() != 3 {
		t.Errorf("once it answers it is told %d times of 3", calls.Load())
	}
}
