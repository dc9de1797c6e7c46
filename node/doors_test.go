package node

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bulwark/decide/identity"
	"bulwark/platform/web"
)

func TestAPolicyRefusesARouteThatDutiesOpen(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, policiesDir), 0o700); err != nil {
		t.Fatal(err)
	}
	own := `@id("no-incidents") @why("Analysts do not look at incidents here") forbid (principal in Role::"analyst", action == Action::"use", resource == Door::"GET /api/incidents");`
	if err := os.WriteFile(filepath.Join(dir, policiesDir, "own.cedar"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, made{config: settings(), dir: dir, roles: roles{"site"}})
	admin := n.administrator()
	ask := func(duty web.Duty, path string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, admin.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range n.invited(admin, duty) {
			r.AddCookie(c)
		}
		resp, err := admin.client.Transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	for _, test := range []struct {
		duty web.Duty
		path string
		want int
	}{{web.Analyst, "/api/incidents", http.StatusForbidden}, {web.Reader, "/api/incidents", http.StatusOK}, {web.BiomedicalEngineer, "/api/people", http.StatusForbidden}} {
		if got := ask(test.duty, test.path); got != test.want {
			t.Errorf("%s asks for %s: got %d, want %d", test.duty, test.path, got, test.want)
		}
	}
}

func TestAPolicyAsksForAFreshProofOrAPasskey(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, policiesDir), 0o700); err != nil {
		t.Fatal(err)
	}
	own := `@id("fresh-people") @why("People are looked at with a proof of the last instant")
forbid (principal, action == Action::"use", resource == Door::"GET /api/people") unless { context.now.durationSince(context.auth.proved) < duration("3s") };
@id("passkey-ledger") @why("The ledger is read with a passkey")
forbid (principal, action == Action::"use", resource == Door::"GET /api/ledger") unless { context.auth.resistant };`
	if err := os.WriteFile(filepath.Join(dir, policiesDir, "own.cedar"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, made{config: settings(), dir: dir, roles: roles{"site"}})
	admin := n.administrator()
	var p web.Problem
	await(t, "the proof is three seconds old", func() bool { return admin.call(http.MethodGet, "/api/people", nil, &p) == http.StatusForbidden })
	if p.Code != identity.ProveAgain {
		t.Errorf("code = %q, want %q", p.Code, identity.ProveAgain)
	}
	if status := admin.call(http.MethodPost, "/api/me/prove", map[string]string{"code": n.app.Code(time.Now())}, nil); status != http.StatusNoContent {
		t.Fatalf("proving it = %d", status)
	}
	if status, text := admin.get("/api/people"); status != http.StatusOK {
		t.Errorf("with a fresh proof = %d %.200s", status, text)
	}
	if status := admin.call(http.MethodGet, "/api/ledger", nil, &p); status != http.StatusForbidden || p.Code != identity.PasskeyNeeded {
		t.Errorf("the ledger without a passkey = %d %q", status, p.Code)
	}
}
