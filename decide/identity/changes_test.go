package identity

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
)

// told is what somebody is told of.
func (b *browser) told(t *testing.T) string {
	t.Helper()
	var in struct{ Changes []changeAnswer }
	want(t, "the changes", b.call("GET", "/api/me/changes", nil, &in), http.StatusOK)
	var all []string
	for _, c := range in.Changes {
		who := "somebody"
		if c.Own {
			who = "self"
		}
		all = append(all, c.What+" "+who)
	}
	return strings.Join(all, ", ")
}

func TestPeopleAreToldOfChangesInHowTheySignIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		admin := s.administrator()
		ana, id := s.invited(admin, "ana", web.Reader)
		if got := ana.told(t); got != "" {
			t.Errorf("while they set up: %s", got)
		}
		s.clock.Add(25 * time.Hour)
		admin, ana = s.browser(), s.browser()
		for login, b := range map[string]*browser{"alix": admin, "ana": ana} {
			want(t, "signing in", b.signIn(login, good, "/"), http.StatusSeeOther)
		}
		s.clock.Add(time.Second)
		want(t, "changing the password", ana.call("POST", "/api/me/password", map[string]string{"current": good, "new": another}, nil), http.StatusNoContent)
		s.clock.Add(time.Second)
		want(t, "a number", admin.call("POST", "/api/people/"+id+"/national", map[string]string{"national": "899700218896"}, nil), http.StatusNoContent)
		s.clock.Add(time.Minute)
		next := s.browser()
		want(t, "signing in", next.signIn("ana", another, "/"), http.StatusSeeOther)
		if got := next.told(t); got != "national somebody, password self" {
			t.Errorf("at the next sign-in: %s", got)
		}
		if got := admin.told(t); got != "" {
			t.Errorf("somebody else is told: %s", got)
		}
		var in struct{ Changes []changeAnswer }
		want(t, "the changes", next.call("GET", "/api/me/changes", nil, &in), http.StatusOK)
		for _, until := range []time.Time{in.Changes[1].At, in.Changes[0].At, in.Changes[1].At} { // one does not unread
			want(t, "reading", next.call("POST", "/api/me/changes", map[string]any{"until": until}, nil), http.StatusNoContent)
		}
		if got := next.told(t); got != "" {
			t.Errorf("after reading: %s", got)
		}
		want(t, "reading what is to come", next.call("POST", "/api/me/changes", map[string]any{"until": s.clock.Now().Add(time.Hour)}, nil), http.StatusNoContent)
		s.clock.Add(time.Second)
		want(t, "no number", admin.call("POST", "/api/people/"+id+"/national", map[string]string{"national": ""}, nil), http.StatusNoContent)
		if got := next.told(t); got != "national somebody" {
			t.Errorf("what came after: %s", got)
		}
	})
}
