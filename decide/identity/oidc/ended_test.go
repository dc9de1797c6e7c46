package oidc

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
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
