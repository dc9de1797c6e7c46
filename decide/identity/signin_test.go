package identity

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"bulwark/platform/web"
)

func TestUnknownAndKnownLoginsGetTheSameAnswer(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	_, id := s.invited(admin, "disabled", web.Reader)
	want(t, "disabling", admin.call("POST", "/api/people/"+id+"/disable", nil, nil), http.StatusNoContent)
	s.invitation(admin, "invited", web.Reader)
	first := s.browser().form("/sign-in", "login", "alix", "password", "wrong")
	for _, login := range []string{"nobody", "disabled", "invited", "no login!", ""} {
		got := s.browser().form("/sign-in", "login", login, "password", "wrong")
		plain := func(a answer, login string) string { return strings.ReplaceAll(a.text, `value="`+login+`"`, "") }
		if got.StatusCode != first.StatusCode {
			t.Errorf("%q = %d, want %d as for somebody who exists", login, got.StatusCode, first.StatusCode)
		}
		if login != "" && plain(got, login) != plain(first, "alix") {
			t.Errorf("%q gets another page than somebody who exists", login)
		}
	}
}

func TestGuessingIsSlowedDownAndNeverLocksOut(t *testing.T) {
	s := sqliteSite(t)
	hers := s.administrator()
	want(t, "signing out", hers.form("/sign-out"), http.StatusSeeOther)
	stranger := s.browser()
	guess := func() answer { return stranger.form("/sign-in", "login", "alix", "password", "wrong") }
	for range 5 {
		want(t, "a guess", guess(), http.StatusUnprocessableEntity)
	}
	a := guess()
	want(t, "the sixth guess", a, http.StatusTooManyRequests)
	if got := a.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After = %q, want 1", got)
	}
	want(t, "the right password, while waiting", stranger.signIn("alix", good, ""), http.StatusTooManyRequests)
	want(t, "the person's own browser, meanwhile", hers.signIn("alix", good, ""), http.StatusSeeOther)
	longest := time.Duration(0)
	for range 30 {
		a := guess()
		if a.StatusCode == http.StatusUnprocessableEntity {
			continue
		}
		seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if err != nil {
			t.Fatal(err)
		}
		longest = max(longest, time.Duration(seconds)*time.Second)
		s.clock.Add(time.Duration(seconds) * time.Second)
	}
	if longest != time.Minute && longest != 5*time.Minute {
		t.Errorf("the longest wait = %v, want the limit of the login or of the address", longest)
	}
	s.clock.Add(5 * time.Minute)
	want(t, "the right password, after the longest wait", stranger.signIn("alix", good, ""), http.StatusSeeOther)
}

func TestGuessingOfManyLoginsFromOneAddressIsSlowedDown(t *testing.T) {
	s := sqliteSite(t)
	hers := s.administrator()
	b := s.browser()
	for n := range 20 {
		want(t, "a guess", b.form("/sign-in", "login", "person"+strconv.Itoa(n), "password", "wrong"), http.StatusUnprocessableEntity)
	}
	want(t, "the next login", b.form("/sign-in", "login", "person20", "password", "wrong"), http.StatusTooManyRequests)
	want(t, "a known browser at the same address", hers.signIn("alix", good, ""), http.StatusSeeOther)
}

func TestAllSignInsTogetherAreLimited(t *testing.T) {
	s := sqliteSite(t)
	for range 40 {
		s.everybody.Allow("")
	}
	want(t, "one more", s.browser().form("/sign-in", "login", "alix", "password", "wrong"), http.StatusTooManyRequests)
	s.clock.Add(time.Second)
	want(t, "a second later", s.browser().form("/sign-in", "login", "alix", "password", "wrong"), http.StatusUnprocessableEntity)
}

func TestRefusalsInTheLedger(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	for range 3 {
		s.browser().form("/sign-in", "login", "alix", "password", "wrong")
		s.browser().form("/sign-in", "login", "my-secret-password", "password", "wrong")
	}
	wantActs(t, s, "setup-link done", "setup done", "totp done", "recovery-codes done", "sign-in refused", "sign-in refused", "sign-in refused", "sign-in refused")
	p, err := s.ledger.List(t.Context(), ledgerAll())
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Entries[0].Detail["unknown_or_unheard"]; got != "3" {
		t.Errorf("strangers = %q, want 3", got)
	}
	for _, e := range p.Entries {
		if strings.Contains(e.Object+e.Actor, "secret") {
			t.Errorf("the ledger holds what a stranger typed: %+v", e)
		}
	}
}

func TestAMarkIsGoodForItsPersonOnly(t *testing.T) {
	k := deviceKey{1}
	m := k.mark("a")
	if _, ok := k.knows(m, "a"); !ok {
		t.Error("the mark is not known to its person")
	}
	for _, bad := range []string{"", ".", m + "x", "x" + m, strings.Replace(m, ".", "", 1)} {
		if _, ok := k.knows(bad, "a"); ok {
			t.Errorf("%q passes for a mark", bad)
		}
	}
	if _, ok := k.knows(m, "b"); ok {
		t.Error("the mark passes for another person's")
	}
	if _, ok := (deviceKey{2}).knows(m, "a"); ok {
		t.Error("the mark passes at another site")
	}
}

func TestWhereSigningInLeads(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	b := s.browser()
	a := b.page("/traffic?q=a%20b&range=1h")
	want(t, "a page, signed out", a, http.StatusSeeOther)
	if got, want := a.to(), "/sign-in?next=%2Ftraffic%3Fq%3Da%2520b%26range%3D1h"; got != want {
		t.Errorf("leads to %q, want %q", got, want)
	}
	page := b.page(a.to())
	if !strings.Contains(page.text, `name="next" value="/traffic?q=a%20b&amp;range=1h"`) {
		t.Errorf("the form does not know where to go: %s", page.text)
	}
	a = b.signIn("alix", good, "/traffic?q=a%20b&range=1h")
	if got := a.to(); got != "/traffic?q=a%20b&range=1h" {
		t.Errorf("signing in leads to %q", got)
	}
	if got := b.page("/sign-in?next=/traffic").to(); got != "/traffic" {
		t.Errorf("the sign-in page, signed in, leads to %q", got)
	}
	for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"} {
		if got := s.browser().signIn("alix", good, next).to(); got != "/" {
			t.Errorf("next %q leads to %q, want /", next, got)
		}
	}
	want(t, "the API, signed out", s.browser().call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	want(t, "a form, signed out", s.browser().form("/api/people/x/disable"), http.StatusUnauthorized)
}

func TestRequestsForgedByAnotherSite(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	for _, path := range []string{"/sign-in", "/sign-out", "/api/people", "/api/me/password"} {
		r := admin.request("POST", path, strings.NewReader("{}"))
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.example")
		want(t, path, admin.do(r), http.StatusForbidden)
	}
	want(t, "the session afterwards", admin.call("GET", "/api/me", nil, nil), http.StatusOK)
}
