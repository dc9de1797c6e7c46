package identity

import (
	"net/http"
	"testing"

	"bulwark/platform/web"
)

func TestWhoRunsTheConsoleSeesAndEndsSessions(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	rose, id := s.invited(admin, "rose", web.Reader)
	list := func(q string) (got struct {
		Sessions []openSession
		All      int
	}) {
		t.Helper()
		want(t, "listing", admin.call("GET", "/api/sessions/everybody?q="+q, nil, &got), http.StatusOK)
		return got
	}
	if got := list(""); got.All != 2 || got.Sessions[0].Assurance != 2 {
		t.Errorf("%+v", got)
	}
	got := list("ROSE+127")
	if got.All != 1 || got.Sessions[0].Person != id || got.Sessions[0].Current || got.Sessions[0].Login != "rose" {
		t.Fatalf("%+v", got)
	}
	s.clock.Add(s.config.idle() / 2)
	want(t, "going on", admin.call("GET", "/api/me", nil, nil), http.StatusOK)
	at := "/api/sessions/everybody/" + got.Sessions[0].ID
	want(t, "by whoever does not run it", rose.call("DELETE", at, nil, nil), http.StatusForbidden)
	want(t, "ending", admin.call("DELETE", at, nil, nil), http.StatusNoContent)
	want(t, "what ended", rose.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	want(t, "once more", admin.call("DELETE", at, nil, nil), http.StatusNotFound)
	if got := list(""); got.All != 1 || !got.Sessions[0].Current {
		t.Errorf("%+v", got)
	}
	// One that is held back for another password says so.
	s.stole()
	want(t, "signing in", s.browser().signIn("rose", good, ""), http.StatusSeeOther)
	if got := list("rose"); got.All != 1 || got.Sessions[0].Held != "password" {
		t.Errorf("%+v", got)
	}
}
