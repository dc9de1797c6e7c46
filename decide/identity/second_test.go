package identity

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/web"
)

// password is a browser in which somebody has typed a right password, and the page of the second step.
func (s *site) password(login string) (b *browser, second string) {
	s.t.Helper()
	b = s.browser()
	a := b.form("/sign-in", "login", login, "password", good)
	if a.StatusCode != http.StatusSeeOther || a.to() != "/sign-in/second" {
		s.t.Fatalf("the password = %d to %q, want the second step", a.StatusCode, a.to())
	}
	return b, a.to()
}

func TestThePasswordAloneOpensNothing(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	b, second := s.password("alix")
	want(t, "the API after the password", b.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	want(t, "the second step", b.page(second), http.StatusOK)
	for _, code := range []string{"", "000000", "1", strings.Repeat("1", 16), "abcdef", strings.Repeat("9", 5000)} {
		a := b.form(second, "code", code)
		if a.StatusCode != http.StatusUnprocessableEntity && a.StatusCode != http.StatusTooManyRequests || a.cookie(sessionCookie) != nil {
			t.Errorf("code %.20q = %d %v, want a refusal", code, a.StatusCode, a.Cookies())
		}
		s.clock.Add(time.Minute)
	}
	want(t, "a right code", b.form(second, "code", s.code("alix")), http.StatusSeeOther)
	var me struct{ Methods []string }
	want(t, "the API after it", b.call("GET", "/api/me", nil, &me), http.StatusOK)
	if !slices.Equal(me.Methods, []string{"pwd", "otp", "mfa"}) {
		t.Errorf("methods = %q", me.Methods)
	}
}

func TestACodeOfAnAppWorksOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.administrator()
		app := s.apps["alix"]
		code := app.Shown(s.clock.Now().Add(-30 * time.Second))
		want := func(what, code string, status int) {
			t.Helper()
			b, second := s.password("alix")
			if a := b.form(second, "code", code); a.StatusCode != status {
				t.Errorf("%s = %d, want %d", what, a.StatusCode, status)
			}
		}
		want("the code with which it was added", code, http.StatusUnprocessableEntity)
		next := app.Shown(s.clock.Now())
		want("the next one", next, http.StatusSeeOther)
		want("the same again", next, http.StatusUnprocessableEntity)
		s.clock.Add(30 * time.Second)
		want("the same half a minute later", next, http.StatusUnprocessableEntity)
		s.clock.Add(30 * time.Second)
		want("a code of a minute later", app.Code(s.clock.Now()), http.StatusSeeOther)
	})
}

func TestOneOfManyAtOnceGetsInWithACode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.administrator()
		code := s.code("alix")
		const many = 8
		tries, got := make([]func() int, many), make(chan int, many)
		for n := range tries {
			b, second := s.password("alix")
			s.codes.Succeeded("person:x")
			tries[n] = func() int { return b.form(second, "code", code).StatusCode }
		}
		for _, try := range tries {
			go func() { got <- try() }()
		}
		in := 0
		for range tries {
			if <-got == http.StatusSeeOther {
				in++
			}
		}
		if in != 1 {
			t.Errorf("%d got in with one code, want 1", in)
		}
	})
}

func TestACodeOnPaperWorksOnce(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	paper := s.apps["alix"].Paper
	if len(paper) != manyCodes {
		t.Fatalf("%d codes, want %d", len(paper), manyCodes)
	}
	b, second := s.password("alix")
	want(t, "a code with dashes", b.form(second, "code", strings.ReplaceAll(paper[3], " ", "-")), http.StatusSeeOther)
	var left struct {
		App      *struct{ Created time.Time }
		Paper    int
		Required bool
	}
	want(t, "one's factors", b.call("GET", "/api/me/factors", nil, &left), http.StatusOK)
	if left.Paper != manyCodes-1 || left.App == nil || !left.Required {
		t.Errorf("factors = %+v", left)
	}
	again, second := s.password("alix")
	want(t, "the same again", again.form(second, "code", paper[3]), http.StatusUnprocessableEntity)

	page := b.form("/factors/codes")
	want(t, "new codes", page, http.StatusOK)
	if n := len(regexp.MustCompile(`<li><code>`).FindAllString(page.text, -1)); n != manyCodes || strings.Contains(page.text, paper[0]) {
		t.Errorf("%d new codes, or old ones", n)
	}
	want(t, "a code of before", again.form(second, "code", paper[4]), http.StatusUnprocessableEntity)
	var rows []factorRow
	if err := s.db.Read().NewSelect().Model(&rows).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for _, c := range paper {
			if strings.Contains(r.Secret, strings.ReplaceAll(c, " ", "")) {
				t.Error("the database holds a code as it is printed")
			}
		}
	}
}

func TestTheSecondStepEndsWithThePasswordThatOpenedIt(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	rose, id := s.invited(admin, "rose", web.Reader)
	later := func(what string, do func()) {
		t.Helper()
		b, second := s.password("rose")
		do()
		if a := b.form(second, "code", s.code("rose")); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.to(), "/sign-in") {
			t.Errorf("%s: %d to %q, want the sign-in", what, a.StatusCode, a.to())
		}
		if a := b.call("GET", "/api/me", nil, nil); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: the API = %d", what, a.StatusCode)
		}
	}
	later("ten minutes later", func() { s.clock.Add(stepLife) })
	want(t, "the page then", s.browser().page("/sign-in/second"), http.StatusSeeOther)
	rose.signIn("rose", good, "")
	admin.signIn("alix", good, "")
	later("a disabled person", func() {
		want(t, "disabling", admin.call("POST", "/api/people/"+id+"/disable", nil, nil), http.StatusNoContent)
	})
	want(t, "enabling", admin.call("POST", "/api/people/"+id+"/enable", nil, nil), http.StatusNoContent)
	rose.signIn("rose", good, "")
	later("another password", func() {
		a := rose.call("POST", "/api/me/password", map[string]string{"current": good, "new": "violon patinoire moutarde quai"}, nil)
		want(t, "changing it", a, http.StatusNoContent)
	})
}

func TestGuessingCodesIsSlowedDownApartFromPasswords(t *testing.T) {
	s := sqliteSite(t)
	hers := s.administrator()
	b, second := s.password("alix")
	for range 5 {
		want(t, "a guess", b.form(second, "code", "000000"), http.StatusUnprocessableEntity)
	}
	a := b.form(second, "code", "000000")
	want(t, "the sixth", a, http.StatusTooManyRequests)
	longest := 0
	for range 40 {
		a := b.form(second, "code", "000000")
		if a.StatusCode == http.StatusSeeOther { // the step is over: the password once more
			b, second = s.password("alix")
			continue
		}
		if a.StatusCode != http.StatusTooManyRequests {
			continue
		}
		seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if err != nil {
			t.Fatal(err)
		}
		longest = max(longest, seconds)
		s.clock.Add(time.Duration(seconds) * time.Second)
	}
	if longest != 15*60 {
		t.Errorf("the longest wait = %d s, want 15 minutes", longest)
	}
	if a := hers.signIn("alix", good, ""); a.StatusCode != http.StatusSeeOther {
		t.Errorf("her own browser, meanwhile = %d", a.StatusCode)
	}
	if acts := s.acts(); !slices.Contains(acts, "sign-in refused") {
		t.Errorf("acts = %q, want the guesses among them", acts)
	}
}

func TestWhoeverHasNoSecondFactorCanOnlyAddOne(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	_, path := s.invitation(admin, "rose", web.Reader, web.Analyst)
	b := s.browser()
	a := b.form(path, "password", good, "again", good)
	want(t, "accepting", a, http.StatusSeeOther)
	if a.to() != "/factors" || a.cookie(deviceCookie) != nil {
		t.Errorf("leads to %q, and marks the browser: %v", a.to(), a.cookie(deviceCookie))
	}
	for _, route := range s.Routes() {
		if slices.Contains(route.Duties, web.Public) || slices.Contains(route.Duties, web.Enrolling) {
			continue
		}
		got := b.call(route.Method, regexp.MustCompile(`\{\w+\}`).ReplaceAllString(route.Pattern, "x"), nil, nil)
		if got.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s = %d, want 403", route.Method, route.Pattern, got.StatusCode)
		}
	}
	if got := b.page("/traffic?q=1").to(); got != "/factors?next=%2Ftraffic%3Fq%3D1" {
		t.Errorf("a page leads to %q", got)
	}
	want(t, "proving a password again", b.form("/prove", "password", good), http.StatusSeeOther)
	want(t, "still nothing", b.call("GET", "/api/me", nil, nil), http.StatusForbidden)
	want(t, "codes on paper without anything else", b.form("/factors/codes"), http.StatusForbidden)
	want(t, "the page", b.page("/factors"), http.StatusOK)
	states := func() (all string) {
		var list struct {
			People []struct{ Login, State string }
		}
		admin.call("GET", "/api/people", nil, &list)
		for _, p := range list.People {
			all += p.Login + " " + p.State + "; "
		}
		return all
	}
	if got := states(); got != "alix active; rose password-alone; " {
		t.Errorf("people = %s", got)
	}
	b.enrol("rose")
	if got := states(); got != "alix active; rose active; " {
		t.Errorf("people afterwards = %s", got)
	}
	want(t, "afterwards", b.call("GET", "/traffic", nil, nil), http.StatusOK)

	late := s.browser()
	_, path = s.invitation(admin, "iris", web.Reader)
	want(t, "accepting", late.form(path, "password", good, "again", good), http.StatusSeeOther)
	s.clock.Add(enrolLife)
	want(t, "half an hour later", late.call("POST", "/api/me/passkeys", nil, nil), http.StatusUnauthorized)
}

func TestAFactorEndsWhatThePasswordAloneOpened(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	_, path := s.invitation(admin, "rose", web.Reader)
	first := s.browser()
	want(t, "accepting", first.form(path, "password", good, "again", good), http.StatusSeeOther)
	thief := s.browser()
	if a := thief.form("/sign-in", "login", "rose", "password", good); a.to() != "/factors" {
		t.Fatalf("the thief is led to %q", a.to())
	}
	first.enrol("rose")
	want(t, "the thief adding another", thief.call("POST", "/api/me/passkeys", nil, nil), http.StatusUnauthorized)
}

func TestTheSessionHasAnotherIDAfterEachProof(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	_, path := s.invitation(admin, "rose", web.Reader)
	b := s.browser()
	cookies := []string{b.form(path, "password", good, "again", good).cookie(sessionCookie).Value}
	here := func() string {
		for _, c := range b.client.Jar.Cookies(b.request("GET", "/", nil).URL) {
			if c.Name == sessionCookie {
				return c.Value
			}
		}
		t.Fatal("no session")
		return ""
	}
	b.enrol("rose")
	cookies = append(cookies, here())
	want(t, "proving it", b.form("/prove", "code", s.code("rose")), http.StatusSeeOther)
	cookies = append(cookies, here())
	want(t, "another password", b.call("POST", "/api/me/password", map[string]string{"current": good, "new": "violon patinoire moutarde quai"}, nil), http.StatusNoContent)
	cookies = append(cookies, here())
	for n, c := range cookies {
		if slices.Contains(cookies[:n], c) {
			t.Errorf("cookie %d was there before", n)
		}
		r := s.browser().request("GET", "/api/me", nil)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: c})
		status := http.StatusUnauthorized
		if n == len(cookies)-1 {
			status = http.StatusOK
		}
		want(t, "cookie "+strconv.Itoa(n), s.browser().do(r), status)
	}
}

func TestARequestThatRenewsItsSessionIsNotCutByThat(t *testing.T) {
	s := sqliteSite(t)
	id, cookie := somebody(t, s.Identity, "rose")
	h := s.Require([]web.Duty{web.Analyst}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := s.db.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := s.renew(ctx, tx, me(r))
			return err
		})
		if err := errors.Join(err, s.endLive(t.Context()), r.Context().Err()); err != nil {
			t.Errorf("person %s: %v", id, err)
		}
	}))
	r := httptest.NewRequest("POST", "/", nil)
	r.AddCookie(cookie)
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func TestARightPasswordWithoutASecondStepIsInTheLedger(t *testing.T) {
	s := sqliteSite(t)
	b := s.administrator()
	b.signIn("alix", good, "")
	_, _ = s.password("alix")
	before := len(s.acts())
	s.clock.Add(stepLife - time.Second)
	if n := len(s.acts()); n != before {
		t.Errorf("%d acts before the time is over, want %d", n, before)
	}
	s.clock.Add(time.Second)
	if acts := s.acts(); len(acts) != before+1 || acts[before] != "sign-in refused" {
		t.Errorf("acts = %q, want one refusal more", acts)
	}
	p, err := s.ledger.List(t.Context(), ledgerAll())
	if err != nil || p.Entries[0].Detail["step"] != "none after the password" {
		t.Errorf("entry = %+v, %v", p.Entries[0], err)
	}
}

func TestStepUp(t *testing.T) {
	s := sqliteSite(t)
	b := s.administrator()
	fresh := func() time.Time {
		var me struct{ Proved time.Time }
		b.call("GET", "/api/me", nil, &me)
		return me.Proved
	}
	s.clock.Add(FreshProof)
	if a := b.call("DELETE", "/api/me/app", nil, nil); a.code() != "prove-again" {
		t.Errorf("removing a factor long after the sign-in = %s", a.text)
	}
	if got := b.page("/factors/codes").to(); got != "/prove?next=%2Ffactors%2Fcodes" {
		t.Errorf("new codes then lead to %q", got)
	}
	want(t, "the password is no proof", b.form("/prove", "password", good), http.StatusUnprocessableEntity)
	want(t, "nor by the API", b.call("POST", "/api/me/prove", map[string]string{"password": good}, nil), http.StatusUnprocessableEntity)
	want(t, "nor a wrong code", b.call("POST", "/api/me/prove", map[string]string{"code": "000000"}, nil), http.StatusUnprocessableEntity)
	var ways struct{ Ways []string }
	want(t, "the ways", b.call("POST", "/api/me/prove", map[string]any{}, &ways), http.StatusOK)
	if !slices.Equal(ways.Ways, []string{"totp", "recovery"}) {
		t.Errorf("ways = %q", ways.Ways)
	}
	before := fresh()
	want(t, "a right code", b.call("POST", "/api/me/prove", map[string]string{"code": s.code("alix")}, nil), http.StatusNoContent)
	if got := fresh(); got.Sub(before) != FreshProof {
		t.Errorf("proved %v after before", got.Sub(before))
	}
	a := b.form("/prove?next=/factors/codes", "code", s.code("alix"))
	if a.to() != "/factors/codes" {
		t.Errorf("the page leads to %q", a.to())
	}
	if a := b.call("DELETE", "/api/me/app", nil, nil); a.code() != "last-factor" {
		t.Errorf("removing the last factor = %s", a.text)
	}
}

func TestAHospitalMayLetSomeInWithAPassword(t *testing.T) {
	s := sqliteSite(t)
	s.config.PasswordAlone = []string{"reader"}
	tracker := health.NewTracker(s.clock)
	s.config.warn(tracker)
	if w := tracker.Warnings(); len(w) != 1 || w[0].ID != "identity.password-alone" {
		t.Errorf("warnings = %+v, want one of the weakness", w)
	}
	admin := s.administrator()
	_, path := s.invitation(admin, "rose", web.Reader)
	b := s.browser()
	if a := b.form(path, "password", good, "again", good); a.to() != "/" {
		t.Errorf("a reader is led to %q", a.to())
	}
	want(t, "a reader", b.call("GET", "/api/me", nil, nil), http.StatusOK)
	want(t, "a reader signing in", s.browser().form("/sign-in", "login", "rose", "password", good), http.StatusSeeOther)
	_, path = s.invitation(admin, "iris", web.Reader, web.Analyst)
	if a := s.browser().form(path, "password", good, "again", good); a.to() != "/factors" {
		t.Errorf("a reader who is also an analyst is led to %q", a.to())
	}
	b.enrol("rose")
	_, _ = s.password("rose") // who has a second factor needs it, whatever the hospital allows
	want(t, "removing it", b.call("DELETE", "/api/me/app", nil, nil), http.StatusNoContent)
	if n, err := s.db.Read().NewSelect().Model((*factorRow)(nil)).Where("kind = ?", recoveryFactor).Where("person = (SELECT id FROM identity_person WHERE login = 'rose')").Count(t.Context()); err != nil || n != 0 {
		t.Errorf("%d codes on paper are left, %v", n, err)
	}
	if err := (&Config{PasswordAlone: []string{"janitor"}}).Check(); err == nil || !strings.Contains(err.Error(), "password_alone[0]") {
		t.Errorf("an unknown duty: %v", err)
	}
}

func TestASecretIsSealedForItsPersonAndPlace(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	f := &factorRow{}
	if err := s.db.Read().NewSelect().Model(f).Where("kind = ?", totpFactor).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if secret, err := s.kept.open("totp/"+f.Person, f.Secret); err != nil || len(secret) != 20 {
		t.Errorf("opened %d bytes, %v", len(secret), err)
	}
	changed := "A" + f.Secret[1:]
	if changed == f.Secret {
		changed = "B" + f.Secret[1:]
	}
	for name, open := range map[string]func() ([]byte, error){
		"another person":  func() ([]byte, error) { return s.kept.open("totp/x", f.Secret) },
		"what is carried": func() ([]byte, error) { return s.carried.open("totp/"+f.Person, f.Secret) },
		"changed":         func() ([]byte, error) { return s.kept.open("totp/"+f.Person, changed) },
		"nothing":         func() ([]byte, error) { return s.kept.open("totp/"+f.Person, "") },
	} {
		if _, err := open(); err == nil {
			t.Errorf("%s opens it", name)
		}
	}
	text, err := s.carried.lend("step", step{Person: "p", Password: "f"}, s.clock.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var got step
	if err := s.carried.takeBack("step", text, s.clock.Now(), &got); err != nil || got != (step{Person: "p", Password: "f"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := s.carried.takeBack("step", text, s.clock.Now().Add(time.Minute), &got); err == nil {
		t.Error("it can be brought back too late")
	}
	if err := s.carried.takeBack("app/p", text, s.clock.Now(), &got); err == nil {
		t.Error("it can be brought back for something else")
	}
}

func TestAssurance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		p         Person
		assurance int
		resistant bool
	}{
		{"a password", Person{Methods: byPassword()}, 1, false},
		{"a password and a code", Person{Methods: []string{"pwd", "otp", "mfa"}}, 2, false},
		{"a passkey that is synchronised", Person{Methods: []string{"swk", "user", "mfa"}}, 2, true},
		{"a passkey of one device", Person{Methods: []string{"hwk", "user", "mfa"}}, 3, true},
		{"a code, then a passkey", Person{Methods: []string{"pwd", "otp", "mfa", "hwk", "user"}}, 3, true},
		{"nothing", Person{}, 1, false},
		{"somebody who must add a factor", Person{Methods: []string{"pwd", "otp", "mfa"}, enrol: true}, 1, false},
	} {
		if a, r := tt.p.Assurance(), tt.p.Resistant(); a != tt.assurance || r != tt.resistant {
			t.Errorf("%s: %d, %v", tt.name, a, r)
		}
	}
}

func TestTheAppIsShownItsSecretOnceAndAWrongCodeKeepsIt(t *testing.T) {
	s := sqliteSite(t)
	b := s.administrator()
	page := b.page("/factors/app")
	want(t, "the page", page, http.StatusOK)
	key := regexp.MustCompile(`<code id="typed">([A-Z2-7 ]+)<`)
	sealed := regexp.MustCompile(`name="sealed" value="([^"]+)"`).FindStringSubmatch(page.text)[1]
	shown := key.FindStringSubmatch(page.text)[1]
	if strings.Contains(sealed, strings.ReplaceAll(shown, " ", "")) {
		t.Error("the form holds the secret unsealed")
	}
	again := b.form("/factors/app", "sealed", sealed, "code", "000000")
	want(t, "a wrong code", again, http.StatusUnprocessableEntity)
	if got := key.FindStringSubmatch(again.text); got == nil || got[1] != shown {
		t.Errorf("the page after a wrong code shows %q, want the same key", got)
	}
	if a := b.form("/factors/app", "sealed", "x"+sealed, "code", "000000"); a.to() != "/factors/app" {
		t.Errorf("a changed form leads to %q", a.to())
	}
	if strings.Count(page.text, "<script") != 1 || !strings.Contains(page.text, `role="img"`) {
		t.Error("the picture is no picture, or runs something")
	}
}

// forgetFactors is a site of before second factors: people have passwords and nothing else.
func forgetFactors(t *testing.T, s *site) {
	t.Helper()
	err := s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*factorRow)(nil)).Where("kind <> ?", passwordFactor).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPeopleOfBeforeAddAFactorWhenTheySignIn(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	forgetFactors(t, s)
	b := s.browser()
	if a := b.form("/sign-in", "login", "alix", "password", good, "next", "/traffic"); a.to() != "/factors?next=%2Ftraffic" {
		t.Errorf("leads to %q", a.to())
	}
	want(t, "anything else", b.call("GET", "/api/people", nil, nil), http.StatusForbidden)
	b.enrol("alix")
	want(t, "afterwards", b.call("GET", "/api/people", nil, nil), http.StatusOK)
}

func TestSessionsOfBeforeThatAPasswordOpenedEndWithTheUpgrade(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		text, err := migrations.ReadFile("migrations/00005_password_sessions.sql")
		if err != nil {
			t.Fatal(err)
		}
		admin := s.administrator()
		_, weak := somebody(t, s.Identity, "rose")
		err = d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, strings.TrimPrefix(string(text), "-- +goose Up\n"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r := s.browser().request("GET", "/api/me", nil)
		r.AddCookie(weak)
		want(t, "a session of a password alone", s.browser().do(r), http.StatusUnauthorized)
		want(t, "a session of two factors", admin.call("GET", "/api/me", nil, nil), http.StatusOK)
	})
}

func FuzzStepCookie(f *testing.F) {
	s, err := newSealer([32]byte{1})
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(1_790_000_000, 0)
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		var got step
		if err := s.takeBack("step", text, now, &got); err == nil {
			t.Errorf("%q opens as %+v", text, got)
		}
	})
}
