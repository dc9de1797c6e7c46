package node

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"bulwark/decide/access"
	"bulwark/decide/access/policy"
	"bulwark/decide/identity"
	"bulwark/platform/web"
)

func TestFromOutsideTheConsoleOpensWithAPasskey(t *testing.T) {
	c := settings()
	c.Access.Zones = []access.Zone{{Name: "internet", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}}
	n := start(t, made{config: c, dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator() // whoever has no factor yet may add the first
	var p web.Problem
	for _, door := range []struct{ method, path string }{{"GET", "/api/people"}, {"GET", "/api/me"}, {"POST", "/api/me/passkeys"}, {"POST", "/api/people"}} {
		if status := admin.call(door.method, door.path, map[string]any{}, &p); status != http.StatusForbidden || p.Code != identity.PasskeyNeeded {
			t.Errorf("%s %s = %d %q, want that a passkey is needed", door.method, door.path, status, p.Code)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, admin.url+"/now", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	resp, err := admin.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || to != "/prove?need=passkey&next=%2Fnow" {
		t.Errorf("a page = %d to %q", resp.StatusCode, to)
	}
	if status, text := admin.get("/prove?need=passkey"); status != http.StatusOK || !strings.Contains(text, "you have none yet") {
		t.Errorf("the next step = %d %.900s", status, text)
	}
	err = n.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { // as a passkey would have
		_, err := tx.ExecContext(ctx, `UPDATE identity_session SET methods = '["hwk","mfa","user"]'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, text := admin.get("/api/people"); status != http.StatusOK {
		t.Errorf("with a passkey = %d %.200s", status, text)
	}
}

func TestWhoeverHasNotSaidWhatIsInsideIsNotShutOut(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	n.administrator()
	people, err := n.identity.Everybody(t.Context())
	if err != nil || len(people) != 1 {
		t.Fatal(people, err)
	}
	if err := n.access.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := n.access.Open(access.Session{Person: people[0].ID, Assurance: 2, Proved: n.clock.Now(), Address: netip.MustParseAddr("203.0.113.7")})
	if d := h.Decide(policy.ID("Action", "use"), policy.ID("Door", "GET /api/people")); !d.Allow {
		t.Errorf("from a public address: %v", d.IDs())
	}
}
