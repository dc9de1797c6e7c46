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

// pass is what came of vouching by the API.
type pass struct {
	Pass string
	Ends time.Time
}

func (b *browser) vouch(login string) (answer, pass) {
	b.t.Helper()
	var p pass
	a := b.call("POST", "/api/vouch", map[string]string{"login": login}, &p)
	return a, p
}

func TestTwoColleaguesVouchForSomebodyWhoLostEverything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		admin := s.administrator()
		sam, _ := s.invited(admin, "sam", web.Reader)
		rose, _ := s.invited(admin, "rose", web.Analyst)
		a, p := sam.vouch("rose")
		want(t, "the first", a, http.StatusOK)
		if p.Pass != "" {
			t.Fatal("one colleague is enough")
		}
		a, p = admin.vouch("rose")
		want(t, "the second", a, http.StatusOK)
		if len(strings.ReplaceAll(p.Pass, " ", "")) != 20 || p.Ends.Sub(s.clock.Now()) != vouchLife {
			t.Fatalf("pass = %+v", p)
		}
		want(t, "her session, meanwhile", rose.call("GET", "/api/me", nil, nil), http.StatusOK)
		old := s.apps["rose"]

		b, second := s.password("rose")
		a = b.form(second+"?next=/traffic", "code", p.Pass)
		if a.StatusCode != http.StatusSeeOther || a.to() != "/factors?next=%2Ftraffic" {
			t.Fatalf("the pass = %d to %q", a.StatusCode, a.to())
		}
		want(t, "anything but adding a factor", b.call("GET", "/traffic", nil, nil), http.StatusForbidden)
		want(t, "vouching with it", b.call("POST", "/api/vouch", map[string]string{"login": "sam"}, nil), http.StatusForbidden)
		want(t, "the session of before", rose.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
		b.enrol("rose")
		want(t, "afterwards", b.call("GET", "/traffic", nil, nil), http.StatusOK)
		again, second := s.password("rose")
		for what, code := range map[string]string{"the pass again": p.Pass, "what was on paper": old.Paper[0], "the lost app": old.Shown(s.clock.Now())} {
			want(t, what, again.form(second, "code", code), http.StatusUnprocessableEntity)
		}
		got := strings.Join(s.acts(), ", ")
		if !strings.Contains(got, "vouch done, vouch done, recover done, totp done") {
			t.Errorf("acts = %s", got)
		}
	})
}

func TestWhoMayVouch(t *testing.T) {
	s := sqliteSite(t)
	s.config.PasswordAlone = []string{"reader"}
	admin := s.administrator()
	sam, samID := s.invited(admin, "sam", web.Analyst)
	iris, _ := s.invited(admin, "iris", web.Analyst)
	s.invited(admin, "rose", web.Analyst)
	_, gone := s.invited(admin, "gone", web.Analyst)
	want(t, "disabling", admin.call("POST", "/api/people/"+gone+"/disable", nil, nil), http.StatusNoContent)
	_, path := s.invitation(admin, "weak", web.Reader)
	weak := s.browser()
	want(t, "somebody with a password alone", weak.form(path, "password", good, "again", good), http.StatusSeeOther)

	refused := func(what string, b *browser, login, code string) {
		t.Helper()
		if a, p := b.vouch(login); a.code() != code || p.Pass != "" {
			t.Errorf("%s: %d %s, want %s", what, a.StatusCode, a.text, code)
		}
	}
	refused("with a password alone", weak, "rose", "second-factor-needed")
	refused("for oneself", sam, "sam", "self")
	refused("for nobody", sam, "nobody", "no-such-person")
	refused("for what is no login", sam, "no login!", "no-such-person")
	refused("for somebody disabled", sam, "gone", "no-such-person")
	if a, _ := sam.vouch("rose"); a.StatusCode != http.StatusOK {
		t.Fatalf("sam = %d", a.StatusCode)
	}
	refused("twice", sam, "rose", "vouched")
	refused("two of whom none is an administrator", iris, "rose", "administrator-needed")

	s.clock.Add(FreshProof)
	refused("long after the sign-in", admin, "rose", "prove-again")
	admin.signIn("alix", good, "")
	want(t, "disabling the first", admin.call("POST", "/api/people/"+samID+"/disable", nil, nil), http.StatusNoContent)
	if a, p := admin.vouch("rose"); a.StatusCode != http.StatusOK || p.Pass != "" {
		t.Errorf("after the first left = %d %+v, want another second", a.StatusCode, p)
	}
	s.clock.Add(vouchLife)
	admin.signIn("alix", good, "")
	iris.signIn("iris", good, "")
	if a, p := iris.vouch("rose"); a.StatusCode != http.StatusOK || p.Pass != "" {
		t.Errorf("an hour after the first = %d %+v, want another second", a.StatusCode, p)
	}
	_, p := admin.vouch("rose")
	if p.Pass == "" {
		t.Fatal("no pass")
	}
	other, second := s.password("iris")
	want(t, "somebody else's pass", other.form(second, "code", p.Pass), http.StatusUnprocessableEntity)
	late, second := s.password("rose")
	s.clock.Add(vouchLife)
	want(t, "the password once more", late.form("/sign-in", "login", "rose", "password", good), http.StatusSeeOther)
	want(t, "an hour later", late.form(second, "code", p.Pass), http.StatusUnprocessableEntity)
}

func TestAPassProvesNothingInASession(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	sam, _ := s.invited(admin, "sam", web.Reader)
	rose, _ := s.invited(admin, "rose", web.Reader)
	sam.vouch("rose")
	_, p := admin.vouch("rose")
	want(t, "as a proof", rose.call("POST", "/api/me/prove", map[string]string{"code": p.Pass}, nil), http.StatusUnprocessableEntity)
	want(t, "her session", rose.call("GET", "/api/me", nil, nil), http.StatusOK)
	b, second := s.password("rose")
	want(t, "it is still good", b.form(second, "code", p.Pass), http.StatusSeeOther)
}

func TestVouchingOnAPage(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	sam, _ := s.invited(admin, "sam", web.Reader)
	s.invited(admin, "rose", web.Reader)
	want(t, "the page", admin.page("/vouch"), http.StatusOK)
	a := admin.form("/vouch", "login", "alix")
	want(t, "for oneself", a, http.StatusUnprocessableEntity)
	if !strings.Contains(a.text, "Others must vouch for you.") {
		t.Error("the page does not say why")
	}
	a = admin.form("/vouch", "login", "rose")
	want(t, "the first", a, http.StatusOK)
	if !strings.Contains(a.text, "Somebody else must vouch") || strings.Contains(a.text, "<ol") {
		t.Errorf("the page = %s", a.text)
	}
	a = sam.form("/vouch", "login", "rose")
	want(t, "the second", a, http.StatusOK)
	if strings.Count(a.text, "<li><code>") != 1 {
		t.Errorf("the page shows no pass: %s", a.text)
	}
}
