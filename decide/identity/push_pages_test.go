package identity

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"bulwark/decide/identity/federation"
	"bulwark/internal/providertest"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
)

const (
	pushAt   = "/sign-in/with/op/push"
	pushedAt = "/sign-in/with/op/pushed"
	rpps     = "99700218896"
)

// telephoned is a site with m.durand, whom Pro Santé Connect can ask on their telephone.
func telephoned(t *testing.T) (*site, *providertest.Provider) {
	t.Helper()
	s, op := provided(t, dbtest.SQLite(t), func(c *federation.Config) {
		c.Preset, c.Discovery, c.Push, c.PushPrefix = "pro-sante-connect-sandbox", c.Issuer+"/.well-known/openid-configuration", true, "8"
	})
	s.pause = func(_ context.Context, d time.Duration) { s.clock.Add(d) }
	admin := s.administrator()
	id, _ := s.invitation(admin, "m.durand", web.Reader)
	want(t, "a number", admin.call("POST", "/api/people/"+id+"/national", map[string]string{"national": rpps}, nil), http.StatusNoContent)
	op.Tell(providertest.Lie{Claims: map[string]any{"acr": "eidas1"}, Userinfo: map[string]any{"SubjectNameID": "8" + rpps}})
	return s, op
}

func TestSomebodyConfirmsOnTheirTelephone(t *testing.T) {
	s, op := telephoned(t)
	b := s.browser()
	if page := b.page("/sign-in"); !strings.Contains(page.text, `href="`+pushAt+`"`) {
		t.Fatalf("the sign-in page does not lead there: %s", page.text)
	}
	want(t, "the page", b.page(pushAt), http.StatusOK)
	a := b.form(pushAt, "national", rpps)
	want(t, "asking", a, http.StatusOK)
	asked := op.Pushes()
	if len(asked) != 1 {
		t.Fatalf("%d questions", len(asked))
	}
	q := asked[0]
	for name, value := range map[string]string{"scope": "openid scope_all", "acr_values": "eidas1", "login_hint": "8" + rpps, "channel": "MOBILE"} {
		if q.Get(name) != value {
			t.Errorf("%s = %q, want %q", name, q.Get(name), value)
		}
	}
	digits := q.Get("binding_message")
	if !regexp.MustCompile(`^\d\d$`).MatchString(digits) || !strings.Contains(a.text, "Confirm "+digits+" on your telephone") {
		t.Errorf("the telephone shows %q, the page %s", digits, a.text)
	}
	op.Wait("authorization_pending", "slow_down")
	for range 2 {
		a = b.form(pushedAt)
		want(t, "too soon", a, http.StatusOK)
		if a.cookie(sessionCookie) != nil {
			t.Fatal("a session before the answer")
		}
	}
	slow := s.clock.Now()
	held := a.cookie(pushCookie)
	a = b.form(pushedAt)
	want(t, "confirmed", a, http.StatusSeeOther)
	if a.to() != "/" || a.cookie(sessionCookie) == nil {
		t.Fatalf("led to %q", a.to())
	}
	if waited := s.clock.Now().Sub(slow); waited < 7*time.Second {
		t.Errorf("asked again after %v, want the 2 seconds of the provider and 5 for slow_down", waited)
	}
	var me struct{ Login string }
	want(t, "the API", b.call("GET", "/api/me", nil, &me), http.StatusOK)
	if me.Login != "m.durand" {
		t.Errorf("it is %q", me.Login)
	}
	thief := s.browser()
	r := thief.request("POST", pushedAt, nil)
	r.AddCookie(held)
	if a := thief.do(r); a.cookie(sessionCookie) != nil {
		t.Error("an answer opens two sessions")
	}
}

func TestNobodyIsAskedForAnUnknownNumber(t *testing.T) {
	s, op := telephoned(t)
	b := s.browser()
	want(t, "no number", b.form(pushAt, "national", "99700218895"), http.StatusUnprocessableEntity)
	begun := s.clock.Now()
	a := b.form(pushAt, "national", "10003456786")
	want(t, "a number of nobody", a, http.StatusOK)
	unknown := s.clock.Now().Sub(begun)
	begun = s.clock.Now()
	want(t, "a number of somebody", s.browser().form(pushAt, "national", rpps), http.StatusOK)
	if known := s.clock.Now().Sub(begun); known != unknown {
		t.Errorf("known after %v, unknown after %v", known, unknown)
	}
	if n := len(op.Pushes()); n != 1 {
		t.Errorf("%d questions, want one", n)
	}
	if !strings.Contains(a.text, "on your telephone") {
		t.Errorf("the page tells them apart: %s", a.text)
	}
	want(t, "waiting for nobody", b.form(pushedAt), http.StatusOK)
	want(t, "a browser that asked nothing", s.browser().form(pushedAt), http.StatusUnprocessableEntity)
}

func TestAnswersOfTelephonesThatAreNotBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		lie    providertest.Lie
		says   string
		status int
	}{
		"refused there":         {says: "access_denied", status: http.StatusUnprocessableEntity},
		"too late":              {says: "expired_token", status: http.StatusUnprocessableEntity},
		"an unknown error":      {says: "invalid_grant", status: http.StatusUnprocessableEntity},
		"out of order":          {lie: providertest.Lie{Status: http.StatusBadGateway}, status: http.StatusServiceUnavailable},
		"somebody else":         {lie: providertest.Lie{Claims: map[string]any{"acr": "eidas1"}, Userinfo: map[string]any{"SubjectNameID": "810003456786"}}, status: http.StatusUnprocessableEntity},
		"no level":              {lie: providertest.Lie{Userinfo: map[string]any{"SubjectNameID": "8" + rpps}}, status: http.StatusUnprocessableEntity},
		"a token for a browser": {lie: providertest.Lie{Claims: map[string]any{"acr": "eidas1", "nonce": "x"}, Userinfo: map[string]any{"SubjectNameID": "8" + rpps}}, status: http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			s, op := telephoned(t)
			b := s.browser()
			want(t, "asking", b.form(pushAt, "national", rpps), http.StatusOK)
			if c.says != "" {
				op.Wait(c.says)
			} else {
				op.Tell(c.lie)
			}
			a := b.form(pushedAt)
			want(t, "the answer", a, c.status)
			if a.cookie(sessionCookie) != nil {
				t.Error("it opens a session")
			}
		})
	}
}

func TestATelephoneIsNotAskedAllTheTime(t *testing.T) {
	s, op := telephoned(t)
	for range 3 {
		want(t, "asking", s.browser().form(pushAt, "national", rpps), http.StatusOK)
	}
	want(t, "asking once more", s.browser().form(pushAt, "national", rpps), http.StatusTooManyRequests)
	if n := len(op.Pushes()); n != 3 {
		t.Errorf("%d questions, want 3", n)
	}
	op.Tell(providertest.Lie{Status: http.StatusBadGateway})
	s.clock.Add(time.Hour)
	a := s.browser().form(pushAt, "national", rpps)
	want(t, "asking while it is out of order", a, http.StatusServiceUnavailable)
	if !strings.Contains(a.text, "does not answer") {
		t.Errorf("%s", a.text)
	}
}
