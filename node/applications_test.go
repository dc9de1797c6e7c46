package node

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulwark/decide/identity/oidc"
)

const applicationPolicies = `@id("no-radiology") @why("Radiology is closed this week") @why_fr("La radiologie est fermée cette semaine")
forbid (principal, action == Action::"open", resource == App::"radiology");
@id("passkey-pharmacy") @why("The pharmacy opens with a passkey")
forbid (principal, action == Action::"open", resource == App::"pharmacy") unless { context.auth.resistant };`

func TestPoliciesHoldForApplicationsThatSignInHere(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, policiesDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, policiesDir, "own.cedar"), []byte(applicationPolicies), 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, made{config: settings(), dir: dir, roles: roles{"site"}})
	admin := n.administrator()
	for _, id := range []string{"intranet", "radiology", "pharmacy"} {
		in := map[string]any{"id": id, "name": id, "settings": oidc.Settings{Redirects: []string{"https://app.example/" + id}, Auth: "client_secret_post", WithoutPKCE: true}}
		if status := admin.call(http.MethodPost, "/api/applications", in, nil); status != http.StatusCreated {
			t.Fatalf("registering %s = %d", id, status)
		}
	}
	for _, test := range []struct {
		what, app, prompt string
		status            int
		to, says          string
	}{
		{"an application of which no policy speaks opens", "intranet", "", http.StatusSeeOther, "https://app.example/intranet?code=", ""},
		{"a policy that refuses is told on a page, with the way back", "radiology", "", http.StatusForbidden, "", "Radiology is closed this week"},
		{"nobody is asked where the application asks for silence", "radiology", "none", http.StatusSeeOther, "https://app.example/radiology?error=access_denied", ""},
		{"where a passkey would do it is asked for", "pharmacy", "", http.StatusSeeOther, "/prove?need=passkey&next=", ""},
		{"but not in silence", "pharmacy", "none", http.StatusSeeOther, "https://app.example/pharmacy?error=interaction_required", ""},
	} {
		status, to, text := admin.enter(test.app, test.prompt)
		if status != test.status || !strings.HasPrefix(to, test.to) || !strings.Contains(text, test.says) {
			t.Errorf("%s: got %d %q %.300q", test.what, status, to, text)
		}
	}
}

func TestATokenOfAnApplicationIsWorthNothingOncePoliciesRefuse(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator()
	var made struct {
		Secret string `json:"client_secret"`
	}
	in := map[string]any{"id": "radiology", "name": "Radiology", "settings": oidc.Settings{Redirects: []string{"https://app.example/radiology"}, Auth: "client_secret_post", WithoutPKCE: true}}
	if status := admin.call(http.MethodPost, "/api/applications", in, &made); status != http.StatusCreated {
		t.Fatalf("registering = %d", status)
	}
	_, to, _ := admin.enter("radiology", "")
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	redeem := func(pairs ...string) (status int, refresh string) {
		status, text := admin.form("/oidc/token", append([]string{"client_id", "radiology", "client_secret", made.Secret}, pairs...)...)
		var out struct {
			Refresh string `json:"refresh_token"`
		}
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		return status, out.Refresh
	}
	status, refresh := redeem("grant_type", "authorization_code", "code", u.Query().Get("code"), "redirect_uri", "https://app.example/radiology")
	if status != http.StatusOK {
		t.Fatalf("redeeming the code = %d", status)
	}
	if status, refresh = redeem("grant_type", "refresh_token", "refresh_token", refresh); status != http.StatusOK {
		t.Fatalf("before the policy, refreshing = %d", status)
	}
	policy := map[string]string{"name": "own.cedar", "text": applicationPolicies, "reason": "the scanner is away"}
	if status, text := admin.ask(http.MethodPut, "/api/access/policies", "application/json", strings.NewReader(asJSON(t, policy))); status != http.StatusOK {
		t.Fatalf("saving the policy = %d %.300s", status, text)
	}
	if status, _ = redeem("grant_type", "refresh_token", "refresh_token", refresh); status != http.StatusBadRequest {
		t.Errorf("after it, refreshing = %d", status)
	}
}

// enter asks for an application as its page does.
func (b *browser) enter(app, prompt string) (status int, to, text string) {
	b.t.Helper()
	v := url.Values{"client_id": {app}, "redirect_uri": {"https://app.example/" + app}, "response_type": {"code"}, "scope": {"openid"}}
	if prompt != "" {
		v.Set("prompt", prompt)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+"/oidc/authorize?"+v.Encode(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	var page strings.Builder
	if err := resp.Write(&page); err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), page.String()
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
