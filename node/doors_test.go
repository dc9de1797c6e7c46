package node

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

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
