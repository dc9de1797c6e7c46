package node

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/content/policies"
	"bulwark/decide/identity"
	"bulwark/platform/db"
	"bulwark/platform/web"
)

func TestChangingOthersAsksForAFreshProof(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator()
	who := map[string]any{"login": "second", "name": "Dr Second", "duties": []web.Duty{web.Reader}}
	err := n.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE identity_session SET proved = ?`, db.Time(time.Now().Add(-identity.FreshProof-time.Minute)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var p web.Problem
	for _, door := range []struct{ method, path string }{{"POST", "/api/people"}, {"POST", "/api/people/several"}, {"POST", "/api/people/x"}, {"POST", "/api/people/x/reset"},
		{"POST", "/api/people/x/duties"}, {"POST", "/api/applications"}, {"PUT", "/api/access/policies"}} {
		if status := admin.call(door.method, door.path, who, &p); status != http.StatusForbidden || p.Code != identity.ProveAgain {
			t.Errorf("%s %s = %d %q, want that a fresh proof is needed", door.method, door.path, status, p.Code)
		}
	}
	if status := admin.call(http.MethodPost, "/api/people/x/disable", nil, &p); status != http.StatusNotFound {
		t.Errorf("suspending in a hurry = %d %q", status, p.Code)
	}
	if status := admin.call(http.MethodPost, "/api/me/prove", map[string]string{"code": n.app.Code(time.Now())}, nil); status != http.StatusNoContent {
		t.Fatalf("proving it = %d", status)
	}
	if status := admin.call(http.MethodPost, "/api/people", who, nil); status != http.StatusCreated {
		t.Errorf("with a fresh proof = %d", status)
	}
}

// TestPoliciesSpeakOfDoorsThatAre: a door that is renamed would be open again.
func TestPoliciesSpeakOfDoorsThatAre(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	text := ""
	for _, f := range policies.Shipped().Policies {
		text += f.Text
	}
	named := regexp.MustCompile(`Door::"([^"]+)"`).FindAllStringSubmatch(text, -1)
	if len(named) < 10 {
		t.Fatalf("only %d doors are named", len(named))
	}
	for _, m := range named {
		if !slices.ContainsFunc(n.routes, func(r web.Route) bool { return r.Method+" "+r.Pattern == m[1] }) {
			t.Errorf("there is no door %s", m[1])
		}
	}
}
