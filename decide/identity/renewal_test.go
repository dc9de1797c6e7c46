package identity

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/web"
)

// stole has a list of stolen passwords say that good is one.
func (s *site) stole() {
	s.t.Helper()
	s.stolen.file = filepath.Join(s.t.TempDir(), StolenFile)
	if _, err := ImportStolen(s.t.Context(), strings.NewReader("azerty\n"+good+"\n"), s.stolen.file, 0, nil); err != nil {
		s.t.Fatal(err)
	}
	s.clock.Add(lookForList + time.Second)
}

const another = "marmite-hamac-falaise-igloo"

// held is what the browser holds in the cookie of a session.
func (b *browser) held() string {
	for _, c := range b.client.Jar.Cookies(b.request("GET", "/", nil).URL) {
		if c.Name == sessionCookie {
			return c.Value
		}
	}
	return ""
}

func TestAPasswordFoundStolenIsReplacedBeforeAnythingElse(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	s.stole()
	b := s.browser()
	a := b.signIn("alix", good, "/traffic")
	if a.to() != "/renew?next=%2Ftraffic" {
		t.Fatalf("signing in leads to %q", a.to())
	}
	if a := b.page("/"); a.to() != "/renew" {
		t.Errorf("a page leads to %q", a.to())
	}
	if a := b.call("GET", "/api/me", nil, nil); a.StatusCode != http.StatusForbidden || !strings.Contains(a.text, "password-renewal-needed") {
		t.Errorf("the API answers %d %s", a.StatusCode, a.text)
	}
	if a := b.page("/renew"); !strings.Contains(a.text, "stolen somewhere") {
		t.Errorf("the page does not say why: %.2000s", a.text)
	}
	want(t, "the same once more", b.form("/renew", "password", good, "again", good), http.StatusUnprocessableEntity)
	want(t, "two that differ", b.form("/renew", "password", another, "again", good), http.StatusUnprocessableEntity)
	before := b.held()
	a = b.form("/renew", "password", another, "again", another, "next", "/traffic")
	if a.to() != "/traffic" || b.held() == before {
		t.Errorf("another password leads to %q, the session has another id: %v", a.to(), b.held() != before)
	}
	want(t, "going on", b.page("/"), http.StatusOK)
	if a := b.page("/renew"); a.to() != "/" {
		t.Errorf("the page, when nothing is due, leads to %q", a.to())
	}
	if a := s.browser().signIn("alix", another, ""); a.to() != "/" {
		t.Errorf("the next sign-in leads to %q", a.to())
	}
}

func TestARenewalThatIsAskedForEndsWhatThePasswordOpened(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	rose, id := s.invited(admin, "rose", web.Reader)
	want(t, "asking", admin.call("POST", "/api/people/"+id+"/renewal", nil, nil), http.StatusNoContent)
	want(t, "the session of before", rose.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	a := rose.signIn("rose", good, "")
	if a.to() != "/renew" {
		t.Fatalf("signing in leads to %q", a.to())
	}
	want(t, "the one of before", rose.form("/renew", "password", good, "again", good), http.StatusUnprocessableEntity)
	want(t, "another", rose.form("/renew", "password", another, "again", another), http.StatusSeeOther)
	want(t, "going on", rose.call("GET", "/api/me", nil, nil), http.StatusOK)

	want(t, "of nobody", admin.call("POST", "/api/people/nobody/renewal", nil, nil), http.StatusNotFound)
	invited, _ := s.invitation(admin, "zoe", web.Reader)
	want(t, "of whoever has no password", admin.call("POST", "/api/people/"+invited+"/renewal", nil, nil), http.StatusConflict)
	want(t, "by somebody else", rose.call("POST", "/api/people/"+id+"/renewal", nil, nil), http.StatusForbidden)
}

func TestWhatAPasskeyOpenedGoesOn(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	rose, id := s.invited(admin, "rose", web.Reader)
	err := s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*sessionRow)(nil)).Set("methods = ?", `["hwk","user"]`).Where("person = ?", id).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "asking", admin.call("POST", "/api/people/"+id+"/renewal", nil, nil), http.StatusNoContent)
	want(t, "the session of the passkey", rose.call("GET", "/api/me", nil, nil), http.StatusOK)
}

func TestAPasswordGrowsOldOnlyWhereItMust(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	rose, _ := s.invited(admin, "rose", web.Reader)
	s.config.PasswordAge, s.config.PasswordAgeFor = 90*24*time.Hour, []string{"administrator"}
	s.clock.Add(89 * 24 * time.Hour)
	if a := admin.signIn("alix", good, ""); a.to() != "/" {
		t.Errorf("before its time it leads to %q", a.to())
	}
	s.clock.Add(2 * 24 * time.Hour)
	if a := admin.signIn("alix", good, ""); a.to() != "/renew" {
		t.Errorf("after its time it leads to %q", a.to())
	}
	if a := rose.signIn("rose", good, ""); a.to() != "/" {
		t.Errorf("somebody of another duty is led to %q", a.to())
	}
	want(t, "another", admin.form("/renew", "password", another, "again", another), http.StatusSeeOther)
	if a := admin.signIn("alix", another, ""); a.to() != "/" {
		t.Errorf("a new one leads to %q", a.to())
	}
}
