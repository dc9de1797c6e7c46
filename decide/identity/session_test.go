package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
	"bulwark/platform/web/webtest"
)

func TestTheSessionCookie(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	a := s.browser().signIn("alix", good, "")
	c := a.cookie(sessionCookie)
	if c == nil {
		t.Fatal("no session cookie")
	}
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" ||
		c.Domain != "" || c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Errorf("cookie = %v, want __Host-, Secure, HttpOnly, SameSite=Lax, Path=/, no domain and no end", c)
	}
	if len(c.Value) != 43 {
		t.Errorf("cookie holds %d characters, want 32 random bytes", len(c.Value))
	}
	var rows []sessionRow
	if err := s.db.Read().NewSelect().Model(&rows).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if strings.Contains(fmt.Sprint(r), c.Value) {
			t.Error("the database holds what the cookie holds")
		}
	}
	if d := a.cookie(deviceCookie); d == nil || !d.Secure || !d.HttpOnly || d.SameSite != http.SameSiteStrictMode {
		t.Errorf("mark = %v, want Secure, HttpOnly, SameSite=Strict", d)
	}
}

func TestAPlantedSessionOpensNothing(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	s.invited(admin, "mallory", web.Reader)

	// Mallory plants her own session, then a made-up one, in a browser that Alix signs in with.
	mallory := s.browser()
	planted := mallory.signIn("mallory", good, "").cookie(sessionCookie)
	for _, value := range []string{planted.Value, newToken()} {
		alix := s.browser()
		v := strings.NewReader("login=alix&password=" + good)
		r := alix.request("POST", "/sign-in", v)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: value})
		a := alix.do(r)
		want(t, "signing in", a, http.StatusSeeOther)
		if got := a.cookie(sessionCookie).Value; got == value {
			t.Error("the planted session is Alix's now")
		}
		r = s.browser().request("GET", "/api/me", nil)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: value})
		want(t, "the planted session afterwards", s.browser().do(r), http.StatusUnauthorized)
	}
}

func TestSessionsEnd(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	minutes := func(n int) { s.clock.Add(time.Duration(n) * time.Minute) }
	minutes(29)
	want(t, "after 29 idle minutes", admin.call("GET", "/api/me", nil, nil), http.StatusOK)
	minutes(29)
	want(t, "after 29 more", admin.call("GET", "/api/me", nil, nil), http.StatusOK)
	minutes(30)
	want(t, "after 30 idle minutes", admin.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)

	want(t, "signing in", admin.signIn("alix", good, ""), http.StatusSeeOther)
	for range 35 {
		minutes(20)
		want(t, "within 12 hours of use", admin.call("GET", "/api/me", nil, nil), http.StatusOK)
	}
	minutes(20)
	want(t, "after 12 hours of use", admin.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	if err := s.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := s.db.Read().NewSelect().Model((*sessionRow)(nil)).Count(t.Context())
	if err != nil || n != 0 {
		t.Errorf("sessions after the sweep = %d, %v; want 0", n, err)
	}
}

type listed struct {
	Sessions []struct {
		ID      string
		Current bool
		Agent   string
	}
}

func TestPeopleSeeAndEndTheirOwnSessions(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	rose, id := s.invited(admin, "rose", web.Reader)
	other := s.browser()
	want(t, "a second browser", other.signIn("rose", good, ""), http.StatusSeeOther)
	third := s.browser()
	want(t, "a third browser", third.signIn("rose", good, ""), http.StatusSeeOther)

	var l listed
	rose.call("GET", "/api/sessions", nil, &l)
	if len(l.Sessions) != 3 || !l.Sessions[2].Current || l.Sessions[0].Current {
		t.Fatalf("sessions = %+v, want three, the oldest the current one", l.Sessions)
	}
	want(t, "ending the third", rose.call("DELETE", "/api/sessions/"+l.Sessions[0].ID, nil, nil), http.StatusNoContent)
	want(t, "the third", third.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	want(t, "ending it again", rose.call("DELETE", "/api/sessions/"+l.Sessions[0].ID, nil, nil), http.StatusNotFound)
	want(t, "ending the others", rose.call("DELETE", "/api/sessions", nil, nil), http.StatusNoContent)
	want(t, "the second", other.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	want(t, "this one", rose.call("GET", "/api/me", nil, nil), http.StatusOK)

	var hers listed
	rose.call("GET", "/api/sessions", nil, &hers)
	want(t, "ending somebody else's", admin.call("DELETE", "/api/sessions/"+hers.Sessions[0].ID, nil, nil), http.StatusNotFound)
	want(t, "an administrator ending them", admin.call("DELETE", "/api/people/"+id+"/sessions", nil, nil), http.StatusNoContent)
	want(t, "then", rose.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
}

func TestAPersonHasAtMostTwentySessions(t *testing.T) {
	s := sqliteSite(t)
	oldest := s.administrator()
	for range manySessions {
		want(t, "signing in", s.browser().signIn("alix", good, ""), http.StatusSeeOther)
	}
	want(t, "the oldest", oldest.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
}

func TestChangingOnesPassword(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	other := s.browser()
	want(t, "a second browser", other.signIn("alix", good, ""), http.StatusSeeOther)
	next := "violon patinoire moutarde quai"
	change := func(current, chosen string) answer {
		return admin.call("POST", "/api/me/password", map[string]string{"current": current, "new": chosen}, nil)
	}
	if a := change("x", next); a.StatusCode != 422 || a.code() != "password-wrong" {
		t.Errorf("with a wrong password = %d %s", a.StatusCode, a.text)
	}
	if a := change(good, "alix-martin-2026"); a.StatusCode != 422 || a.code() != "password-context" {
		t.Errorf("to a weak one = %d %s", a.StatusCode, a.text)
	}
	want(t, "to another", change(good, next), http.StatusNoContent)
	want(t, "this browser", admin.call("GET", "/api/me", nil, nil), http.StatusOK)
	want(t, "the other browser", other.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
	want(t, "the former password", other.signIn("alix", good, ""), http.StatusUnprocessableEntity)
	want(t, "the new one", other.signIn("alix", next, ""), http.StatusSeeOther)
}

// TestAnswersThatLastEndWithTheirSession holds streams open while what let them through is taken away.
func TestAnswersThatLastEndWithTheirSession(t *testing.T) {
	d := dbtest.SQLite(t)
	tests := []struct {
		name string
		do   func(ctx context.Context, i *Identity, id string) error
		ends bool
	}{
		{"nothing happens", func(context.Context, *Identity, string) error { return nil }, false},
		{"the person is disabled", func(ctx context.Context, i *Identity, id string) error {
			return i.disable(ctx, Person{ID: "x"}, id)
		}, true},
		{"the sessions are ended", func(ctx context.Context, i *Identity, id string) error {
			return i.endOthers(ctx, Person{ID: "x"}, id, "")
		}, true},
		{"the duties change", func(ctx context.Context, i *Identity, id string) error {
			return i.setDuties(ctx, Person{ID: "x"}, id, []web.Duty{web.Reader})
		}, true},
		{"a reset takes the password away", func(ctx context.Context, i *Identity, id string) error {
			_, err := i.reset(ctx, "host", id)
			return err
		}, true},
		{"the device it was opened on is revoked", func(ctx context.Context, i *Identity, id string) error {
			now := db.Time(i.clock.Now())
			d := &deviceRow{ID: "w3", Name: "WARD-3", Kind: shared, Serial: "1", Created: now, Expires: now.Add(time.Hour), Posture: Report{Checks: map[string]string{}}}
			err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
				_, inserted := tx.NewInsert().Model(d).Exec(ctx)
				_, bound := tx.NewUpdate().Model((*sessionRow)(nil)).Set("device = ?", d.ID).Where("person = ?", id).Exec(ctx)
				return errors.Join(inserted, bound)
			})
			return errors.Join(err, i.RevokeDevice(ctx, "host", d.ID))
		}, true},
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := newIdentity(t, d, clock.System{})
				ctx, stop := context.WithCancel(t.Context())
				ran := make(chan error)
				go func() { ran <- i.Run(ctx) }()
				id, cookie := somebody(t, i, fmt.Sprint("person", n))

				ended := make(chan time.Time, 1)
				h := i.Require([]web.Duty{web.Analyst}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
				open, leave := context.WithCancel(t.Context())
				go func() {
					r := httptest.NewRequestWithContext(open, "GET", "/live", nil)
					r.AddCookie(cookie)
					h.ServeHTTP(httptest.NewRecorder(), r)
					ended <- time.Now()
				}()
				synctest.Wait()
				start := time.Now()
				if err := tt.do(ctx, i, id); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second) // virtual: the bubble's clock
				synctest.Wait()
				select {
				case at := <-ended:
					if !tt.ends || at.Sub(start) > time.Second {
						t.Errorf("ended after %v; want an end within a second: %v", at.Sub(start), tt.ends)
					}
				default:
					if tt.ends {
						t.Error("still open after a second")
					}
				}
				leave()
				stop()
				if err := <-ran; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// somebody makes a person beside another administrator, and a session of theirs.
func somebody(t testing.TB, i *Identity, login string) (id string, cookie *http.Cookie) {
	t.Helper()
	var o opened
	err := i.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for _, l := range []string{login, login + "-admin"} {
			p, err := i.addPerson(ctx, tx, "test", l, l, []web.Duty{web.Administrator, web.Analyst})
			if err != nil {
				return err
			}
			if err := i.setPassword(ctx, tx, p.ID, "none"); err != nil {
				return err
			}
			if l == login {
				if o, err = i.open(ctx, tx, p.ID, byPassword(), visitor{}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return o.person, &http.Cookie{Name: sessionCookie, Value: o.token}
}

// TestEveryRouteKeepsItsPromise tries each door as nobody, as somebody without duties, and with each duty.
func TestEveryRouteKeepsItsPromise(t *testing.T) {
	d := dbtest.SQLite(t)
	i := newIdentity(t, d, clock.NewManual(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)))
	cookies := map[web.Duty]*http.Cookie{}
	for _, duty := range append(web.Duties(), "") {
		err := i.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			duties := []web.Duty{duty}
			if duty == "" {
				duties = nil
			}
			p, err := i.addPerson(ctx, tx, "test", "person-"+string(duty), "x", duties)
			if err != nil {
				return err
			}
			o, err := i.open(ctx, tx, p.ID, byPassword(), visitor{})
			cookies[duty] = &http.Cookie{Name: sessionCookie, Value: o.token}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	webtest.CheckRoutes(t, i.Routes(), i, func(duty web.Duty, r *http.Request) { r.AddCookie(cookies[duty]) })
	golden(t, "testdata/routes.txt", webtest.Table(i.Routes()))
}

// BenchmarkRequire is what asking who somebody is costs each request.
func BenchmarkRequire(b *testing.B) {
	i := newIdentity(b, dbtest.SQLite(b), clock.System{})
	_, cookie := somebody(b, i, "rose")
	h := i.Require([]web.Duty{web.Analyst}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for b.Loop() {
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(cookie)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
