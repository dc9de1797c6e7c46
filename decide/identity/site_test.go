package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/identitytest"
	"bulwark/decide/identity/internal/password"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

const good = "tournevis-girafe-lundi-bocal"

// site is the whole room behind a real server over TLS.
type site struct {
	*Identity
	t      testing.TB
	clock  *clock.Manual
	server *httptest.Server
	apps   map[string]*identitytest.App // by login
}

func newSite(t testing.TB, d *db.DB) *site {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
	s := &site{t: t, clock: c, Identity: newIdentity(t, d, c), apps: map[string]*identitytest.App{}}
	routes := append(s.Routes(),
		web.Route{Method: "GET", Pattern: "/{$}", Duties: []web.Duty{web.SignedIn}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, _ := From(r.Context())
			fmt.Fprint(w, "hello ", p.Name)
		})},
		web.Route{Method: "GET", Pattern: "/traffic", Duties: []web.Duty{web.Analyst}, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "traffic") })})
	mux, err := web.NewMux(routes, s)
	if err != nil {
		t.Fatal(err)
	}
	server, err := web.New(web.Needs{Foreign: []string{"POST /sign-in/with/{provider}/answer"}, Config: web.Config{Names: []string{consoleName, elsewhereName}}, Handler: mux, Log: quiet(), Metrics: web.NewMetrics(), NotReady: func() []string { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewTLSServer(server.Handler())
	t.Cleanup(s.server.Close)
	return s
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newIdentity(t testing.TB, d *db.DB, c clock.Clock) *Identity {
	t.Helper()
	k, err := keys.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: c, Origin: "bulwark/" + k.Site() + "/ledger", Key: k.Signing("ledger")})
	if err != nil {
		t.Fatal(err)
	}
	i, err := newWith(t.Context(), Needs{
		Config: Config{Hospital: "Hôpital Sainte-Marie"}, DB: d, Ledger: l, Clock: c, Log: quiet(), Derive: k.Derive,
	}, password.Cost{Memory: 64, Time: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// browser keeps cookies, and follows no redirect so that tests see them.
type browser struct {
	t      testing.TB
	site   *site
	client *http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s.t, s, &http.Client{
		Transport: s.server.Client().Transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what a browser got.
type answer struct {
	*http.Response
	text string
}

func (a answer) to() string { return a.Header.Get("Location") }

func (a answer) cookie(name string) *http.Cookie {
	for _, c := range a.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	got, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{got, string(text)}
}

func (b *browser) request(method, path string, body io.Reader) *http.Request {
	b.t.Helper()
	r, err := http.NewRequest(method, b.site.server.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// page goes to a page.
func (b *browser) page(path string) answer {
	b.t.Helper()
	r := b.request("GET", path, nil)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	return b.do(r)
}

// form sends a form: name, value, name, value...
func (b *browser) form(path string, pairs ...string) answer {
	b.t.Helper()
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	r := b.request("POST", path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	return b.do(r)
}

// call asks the API; out may be nil.
func (b *browser) call(method, path string, in, out any) answer {
	b.t.Helper()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			b.t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	r := b.request(method, path, body)
	r.Header.Set("Content-Type", "application/json")
	a := b.do(r)
	if out != nil {
		if err := json.Unmarshal([]byte(a.text), out); err != nil {
			b.t.Fatalf("%s %s = %d %q: %v", method, path, a.StatusCode, a.text, err)
		}
	}
	return a
}

// code is the code of a refusal.
func (a answer) code() string {
	var p web.Problem
	_ = json.Unmarshal([]byte(a.text), &p)
	return p.Code
}

func want(t testing.TB, what string, a answer, status int) {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s = %d %.300s, want %d", what, a.StatusCode, a.text, status)
	}
}

// enrol adds an app to the account of somebody who has just chosen a password.
func (b *browser) enrol(login string) {
	b.t.Helper()
	app, err := identitytest.Enrol(identitytest.Through(b.client), b.site.server.URL, b.site.clock.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	b.site.apps[login] = app
}

// signIn signs in with a password, and then with the code of the app as if none had been shown lately. next may be "".
func (b *browser) signIn(login, secret, next string) answer {
	b.t.Helper()
	a := b.form("/sign-in", "login", login, "password", secret, "next", next)
	if !strings.HasPrefix(a.to(), "/sign-in/second") {
		return a
	}
	return b.form(a.to(), "code", b.site.code(login))
}

// code is what the app of somebody shows now; we forget what it showed before.
func (s *site) code(login string) string {
	s.t.Helper()
	err := s.db.Write(s.t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*factorRow)(nil)).Set("counter = 0").Where("kind = ?", totpFactor).Exec(ctx)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.apps[strings.ToLower(strings.TrimSpace(login))].Shown(s.clock.Now())
}

// administrator sets the site up and returns their browser.
func (s *site) administrator() *browser {
	s.t.Helper()
	l, err := s.SetupLink(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	b := s.browser()
	want(s.t, "set-up", b.form(l.Path, "name", "Alix Martin", "login", "alix", "password", good, "again", good), http.StatusSeeOther)
	b.enrol("alix")
	return b
}

// invited is somebody that admin invited with duties, who has chosen a password, has an app and is signed in.
func (s *site) invited(admin *browser, login string, duties ...web.Duty) (b *browser, id string) {
	s.t.Helper()
	id, path := s.invitation(admin, login, duties...)
	b = s.browser()
	want(s.t, "accepting", b.form(path, "password", good, "again", good), http.StatusSeeOther)
	b.enrol(login)
	return b, id
}

func (s *site) invitation(admin *browser, login string, duties ...web.Duty) (id, path string) {
	s.t.Helper()
	var out struct {
		Person struct{ ID, State string }
		Link   struct{ URL string }
	}
	want(s.t, "inviting", admin.call("POST", "/api/people", map[string]any{"login": login, "name": "Dr " + login, "duties": duties}, &out), http.StatusCreated)
	if out.Person.State != "invited" {
		s.t.Fatalf("state = %q, want invited", out.Person.State)
	}
	return out.Person.ID, strings.TrimPrefix(out.Link.URL, s.server.URL)
}

// acts are the acts in the ledger, the oldest first, after what waits is written.
func (s *site) acts() []string {
	s.t.Helper()
	if err := s.tellRefusals(context.Background(), true); err != nil {
		s.t.Fatal(err)
	}
	p, err := s.ledger.List(s.t.Context(), ledger.Query{Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for i := len(p.Entries) - 1; i >= 0; i-- {
		e := p.Entries[i]
		out = append(out, strings.TrimPrefix(e.Act, "identity.")+" "+string(e.Outcome))
	}
	r, err := s.ledger.Verify(s.t.Context())
	if err != nil || !r.Whole() {
		s.t.Errorf("the ledger is not whole: %+v, %v", r.Faults, err)
	}
	return out
}

func sqliteSite(t testing.TB) *site {
	t.Helper()
	return newSite(t, dbtest.SQLite(t))
}

var update = flag.Bool("update", false, "rewrite the expected files of testdata")

// golden compares got with what a person has read and agreed to.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(text) {
		t.Errorf("%s is not what the program says; read the difference, then run go test -update\ngot\n%s\nwant\n%s", path, got, text)
	}
}
