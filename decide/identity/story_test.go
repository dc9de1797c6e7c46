package identity

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
)

// TestStory lives through the life of people on both engines, as their browsers see it.
func TestStory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newSite(t, d)) })
}

func story(t *testing.T, s *site) {
	first, err := s.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admin := s.browser()
	want(t, "a set-up link that was replaced", admin.page(first.Path), http.StatusGone)
	want(t, "the set-up page", admin.page(second.Path), http.StatusOK)
	a := admin.form(second.Path, "name", "Alix Martin", "login", "Alix", "password", good, "again", good)
	want(t, "set-up", a, http.StatusSeeOther)
	if a.to() != "/factors" {
		t.Errorf("set-up leads to %q, want /factors", a.to())
	}
	want(t, "anything else before", admin.call("GET", "/api/me", nil, nil), http.StatusForbidden)
	admin.enrol("alix")
	want(t, "the link a second time", s.browser().page(second.Path), http.StatusGone)
	want(t, "the form a second time", s.browser().form(second.Path, "name", "Eve", "login", "eve", "password", good, "again", good), http.StatusGone)
	if _, err := s.SetupLink(t.Context()); err != ErrSetUp {
		t.Errorf("another set-up link = %v, want %v", err, ErrSetUp)
	}
	if got := admin.page("/"); got.text != "hello Alix Martin" {
		t.Errorf("first page = %q", got.text)
	}

	reader, id := s.invited(admin, "rose", web.Reader)
	want(t, "a reader among the people", reader.call("GET", "/api/people", nil, nil), http.StatusForbidden)
	want(t, "a reader at the traffic", reader.call("GET", "/traffic", nil, nil), http.StatusForbidden)
	want(t, "new duties", admin.call("POST", "/api/people/"+id+"/duties", map[string]any{"duties": []web.Duty{web.Reader, web.Analyst}}, nil), http.StatusNoContent)
	want(t, "an analyst at the traffic", reader.call("GET", "/traffic", nil, nil), http.StatusOK)

	want(t, "signing out", reader.form("/sign-out"), http.StatusSeeOther)
	want(t, "after it", reader.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	want(t, "a wrong password", reader.form("/sign-in", "login", "rose", "password", "x"), http.StatusUnprocessableEntity)
	want(t, "signing in", reader.signIn(" ROSE ", good, ""), http.StatusSeeOther)

	want(t, "disabling", admin.call("POST", "/api/people/"+id+"/disable", nil, nil), http.StatusNoContent)
	want(t, "a disabled person's session", reader.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	want(t, "a disabled person's password", reader.signIn("rose", good, ""), http.StatusUnprocessableEntity)
	want(t, "a reset of a disabled person", admin.call("POST", "/api/people/"+id+"/reset", nil, nil), http.StatusNotFound)
	want(t, "enabling", admin.call("POST", "/api/people/"+id+"/enable", nil, nil), http.StatusNoContent)
	want(t, "signing in again", reader.signIn("rose", good, ""), http.StatusSeeOther)

	var reset struct{ Link struct{ URL string } }
	want(t, "a reset", admin.call("POST", "/api/people/"+id+"/reset", nil, &reset), http.StatusOK)
	want(t, "a session before the reset", reader.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	want(t, "the password before the reset", reader.signIn("rose", good, ""), http.StatusUnprocessableEntity)
	next := "violon patinoire moutarde quai"
	path := strings.TrimPrefix(reset.Link.URL, s.server.URL)
	want(t, "choosing another", reader.form(path, "password", next, "again", next), http.StatusSeeOther)
	want(t, "anything before another app", reader.call("GET", "/api/me", nil, nil), http.StatusForbidden)
	reader.enrol("rose")
	want(t, "with it", reader.call("GET", "/api/me", nil, nil), http.StatusOK)
	want(t, "the reset link again", reader.page(path), http.StatusGone)

	wantActs(t, s, "setup-link done", "setup-link done", "setup done", "totp done", "recovery-codes done", "invite done", "accept done",
		"totp done", "recovery-codes done", "duties done", "sign-out done",
		"sign-in done", "disable done", "enable done", "sign-in done", "reset-link done", "accept done",
		"totp done", "recovery-codes done", "sign-in refused", "sign-in refused")
}

// wantActs compares the acts of the ledger; refusals come when they are told, at the end.
func wantActs(t *testing.T, s *site, want ...string) {
	t.Helper()
	if got := s.acts(); !slices.Equal(got, want) {
		t.Errorf("acts = %q, want %q", got, want)
	}
}

func TestEachDutyOpensItsOwnDoors(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	for _, d := range web.Duties() {
		b, _ := s.invited(admin, string(d), d)
		var me struct {
			Duties  []web.Duty
			Methods []string
		}
		want(t, string(d), b.call("GET", "/api/me", nil, &me), http.StatusOK)
		if !slices.Equal(me.Duties, []web.Duty{d}) || !slices.Equal(me.Methods, []string{"pwd", "otp", "mfa"}) {
			t.Errorf("%s is %+v", d, me)
		}
		for path, allowed := range map[string][]web.Duty{
			"/api/people": {web.Administrator, web.HelpDesk}, "/api/ledger": {web.Administrator, web.Approver, web.Auditor},
			"/api/sessions/everybody": {web.Administrator, web.Auditor}, "/homologation": {web.Administrator, web.Auditor}, "/traffic": {web.Analyst},
		} {
			status := http.StatusForbidden
			if slices.Contains(allowed, d) {
				status = http.StatusOK
			}
			want(t, string(d)+" at "+path, b.call("GET", path, nil, nil), status)
		}
	}
}

func TestLinksEnd(t *testing.T) {
	s := sqliteSite(t)
	l, err := s.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.clock.Add(24*time.Hour - time.Second)
	want(t, "a set-up link of almost a day", s.browser().page(l.Path), http.StatusOK)
	s.clock.Add(time.Second)
	want(t, "a set-up link of a day", s.browser().page(l.Path), http.StatusGone)
	want(t, "its form", s.browser().form(l.Path, "name", "Eve", "login", "eve", "password", good, "again", good), http.StatusGone)

	admin := s.administrator()
	id, path := s.invitation(admin, "rose", web.Reader)
	s.clock.Add(72 * time.Hour)
	want(t, "an invitation of three days", s.browser().page(path), http.StatusGone)
	want(t, "the administrator, meanwhile", admin.signIn("alix", good, ""), http.StatusSeeOther)
	var again struct{ Link struct{ URL string } }
	want(t, "another link", admin.call("POST", "/api/people/"+id+"/reset", nil, &again), http.StatusOK)
	page := s.browser().page(strings.TrimPrefix(again.Link.URL, s.server.URL))
	want(t, "the other link", page, http.StatusOK)
	if !strings.Contains(page.text, "Welcome to Bulwark") {
		t.Errorf("somebody who never had a password is welcomed with %q", page.text)
	}
	want(t, "an unknown link", s.browser().page("/invite/"+newToken()), http.StatusGone)
	want(t, "an invitation at the door of set-up", s.browser().page("/setup/"+strings.TrimPrefix(path, "/invite/")), http.StatusGone)
}

func TestSomebodyAlwaysRemainsToRunBulwark(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	var me struct{ ID string }
	admin.call("GET", "/api/me", nil, &me)
	reader := map[string]any{"duties": []web.Duty{web.Reader}}

	codes := func(what string, a answer, status int, code string) {
		t.Helper()
		want(t, what, a, status)
		if a.code() != code {
			t.Errorf("%s: code %q, want %q", what, a.code(), code)
		}
	}
	codes("disabling oneself", admin.call("POST", "/api/people/"+me.ID+"/disable", nil, nil), 409, "self")
	codes("resetting oneself", admin.call("POST", "/api/people/"+me.ID+"/reset", nil, nil), 409, "self")
	codes("giving up the duty alone", admin.call("POST", "/api/people/"+me.ID+"/duties", reader, nil), 409, "last-administrator")
	id, path := s.invitation(admin, "bao", web.Administrator)
	codes("giving it up while the other has no password", admin.call("POST", "/api/people/"+me.ID+"/duties", reader, nil), 409, "last-administrator")
	second := s.browser()
	want(t, "accepting", second.form(path, "password", good, "again", good), http.StatusSeeOther)
	second.enrol("bao")
	want(t, "giving it up then", admin.call("POST", "/api/people/"+me.ID+"/duties", reader, nil), http.StatusNoContent)
	codes("the one who is left", second.call("POST", "/api/people/"+id+"/duties", reader, nil), 409, "last-administrator")
	codes("nobody", second.call("POST", "/api/people/none/disable", nil, nil), 404, "no-such-person")

	// Nobody can sign in: whoever holds the machine makes a link.
	l, err := s.ResetLink(t.Context(), "bao")
	if err != nil {
		t.Fatal(err)
	}
	const next = "violon patinoire moutarde quai"
	want(t, "a link from the machine", second.form(l.Path, "password", next, "again", next), http.StatusSeeOther)
	second.enrol("bao")
	want(t, "with it", second.call("GET", "/api/people", nil, nil), http.StatusOK)
	for _, login := range []string{"nobody", "no login!"} {
		if _, err := s.ResetLink(t.Context(), login); err == nil {
			t.Errorf("a link for %q was made", login)
		}
	}
}

func TestInvitingRefusesWhatIsNotAPerson(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	tests := []struct {
		name   string
		body   map[string]any
		status int
		field  string
	}{
		{"a login with a space", map[string]any{"login": "a b", "name": "A", "duties": []string{"reader"}}, 422, "login"},
		{"no name", map[string]any{"login": "ann", "name": " ", "duties": []string{"reader"}}, 422, "name"},
		{"a name that turns the text around", map[string]any{"login": "ann", "name": "A\u202eB", "duties": []string{"reader"}}, 422, "name"},
		{"no duty", map[string]any{"login": "ann", "name": "A", "duties": []string{}}, 422, "duties"},
		{"an unknown duty", map[string]any{"login": "ann", "name": "A", "duties": []string{"public"}}, 422, "duties"},
		{"a duty twice", map[string]any{"login": "ann", "name": "A", "duties": []string{"reader", "reader"}}, 422, "duties"},
		{"a login that is taken", map[string]any{"login": "ALIX", "name": "A", "duties": []string{"reader"}}, 409, "login"},
		{"a field that does not exist", map[string]any{"login": "ann", "admin": true}, 400, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p web.Problem
			want(t, "inviting", admin.call("POST", "/api/people", tt.body, &p), tt.status)
			if _, ok := p.Fields[tt.field]; tt.field != "" && !ok {
				t.Errorf("fields = %v, want %q", p.Fields, tt.field)
			}
		})
	}
}

func TestTheLedgerOverHTTP(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	for _, login := range []string{"rose", "iris", "lily"} {
		s.invited(admin, login, web.Reader)
	}
	var page struct {
		Entries []struct {
			Seq int64
			Act string
		}
		Next *int64
		Size int64
	}
	want(t, "a page", admin.call("GET", "/api/ledger?limit=2&act=identity.invite", nil, &page), http.StatusOK)
	if len(page.Entries) != 2 || page.Next == nil || page.Size != 16 {
		t.Errorf("page = %+v, want two of three invitations, of 16 entries", page)
	}
	want(t, "a bad cursor", admin.call("GET", "/api/ledger?cursor=x", nil, nil), http.StatusBadRequest)
	var verdict struct {
		Whole bool
		Key   string
	}
	want(t, "verifying", admin.call("GET", "/api/ledger/verify", nil, &verdict), http.StatusOK)
	if !verdict.Whole || verdict.Key != s.ledger.VerifierKey() {
		t.Errorf("verdict = %+v, want whole", verdict)
	}
	want(t, "a proof", admin.call("GET", "/api/ledger/3/proof", nil, nil), http.StatusOK)
	want(t, "a proof of nothing", admin.call("GET", "/api/ledger/99/proof", nil, nil), http.StatusNotFound)
	s.verifying <- struct{}{}
	want(t, "verifying while somebody does", admin.call("GET", "/api/ledger/verify", nil, nil), http.StatusServiceUnavailable)
	<-s.verifying
}
