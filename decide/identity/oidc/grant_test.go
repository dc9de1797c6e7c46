package oidc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"bulwark/decide/identity"
	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
)

// one is somebody who is signed in, and nobody else is.
type one struct{ identity.Person }

func (o *one) Asked(*http.Request) (identity.Person, bool, error) { return o.Person, true, nil }
func (o *one) Living(_ context.Context, s string) (identity.Person, bool, error) {
	return o.Person, s == o.Session, nil
}
func (o *one) Leave(http.ResponseWriter, *http.Request) error { return nil }

// hall is a provider with one application and one person.
type hall struct {
	*Provider
	t      testing.TB
	clock  *clock.Manual
	who    *one
	secret string // of the application
}

func newHall(t testing.TB, s Settings) *hall {
	t.Helper()
	d, c := dbtest.SQLite(t), clock.NewManual(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	k, err := keys.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: c, Origin: "test", Key: k.Signing("ledger")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := identity.New(t.Context(), identity.Needs{DB: d, Ledger: l, Clock: c, Log: slog.New(slog.DiscardHandler), Derive: k.Derive}); err != nil { // the tables of sessions
		t.Fatal(err)
	}
	who := &one{identity.Person{ID: "p1", Login: "alix", Session: "s1", Roles: []string{"nurse"}, Methods: []string{"pwd", "otp", "mfa"}, Proved: c.Now()}}
	p, err := New(t.Context(), Needs{DB: d, Ledger: l, Clock: c, Log: slog.New(slog.DiscardHandler), People: who, Derive: k.Derive})
	if err != nil {
		t.Fatal(err)
	}
	s.Redirects, s.Auth, s.WithoutPKCE = []string{"https://ward.example/back"}, secretPost, true
	_, secret, err := p.Register(t.Context(), ledger.Host, "ward", "Ward", s)
	if err != nil {
		t.Fatal(err)
	}
	return &hall{p, t, c, who, secret}
}

// enter is what the application gets, as a query.
func (h *hall) enter() url.Values {
	h.t.Helper()
	v := url.Values{"client_id": {"ward"}, "redirect_uri": {"https://ward.example/back"}, "response_type": {"code"}, "scope": {"openid"}}
	w := httptest.NewRecorder()
	h.authorize(w, httptest.NewRequest(http.MethodGet, "https://b.example/oidc/authorize?"+v.Encode(), nil))
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		h.t.Fatal(err)
	}
	return u.Query()
}

// redeem asks for tokens as the application.
func (h *hall) redeem(pairs ...string) (status int, out map[string]any) {
	h.t.Helper()
	c, err := h.client(h.t.Context(), "ward")
	if err != nil {
		h.t.Fatal(err)
	}
	v := url.Values{}
	for n := 0; n < len(pairs); n += 2 {
		v.Set(pairs[n], pairs[n+1])
	}
	var f *fault
	if v.Get("grant_type") == "refresh_token" {
		out, err = h.byRefresh(h.t.Context(), c, v)
	} else {
		out, err = h.byCode(h.t.Context(), c, v)
	}
	if err != nil && !errors.As(err, &f) {
		h.t.Fatal(err)
	}
	if err != nil {
		return http.StatusBadRequest, map[string]any{"error": f.code, "why": f.text}
	}
	return http.StatusOK, out
}

func (h *hall) tokens(t *testing.T) (access, refresh string) {
	t.Helper()
	status, out := h.redeem("code", h.enter().Get("code"), "redirect_uri", "https://ward.example/back")
	if status != http.StatusOK {
		t.Fatalf("redeeming the code: %v", out)
	}
	return out["access_token"].(string), out["refresh_token"].(string)
}

func (h *hall) userinfo(access string) int {
	r := httptest.NewRequest(http.MethodGet, "https://b.example/oidc/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+access)
	w := httptest.NewRecorder()
	h.Provider.userinfo(w, r)
	return w.Code
}

func TestTokensHoldAsLongAsWhatOpenedTheApplicationDoes(t *testing.T) {
	for _, test := range []struct {
		what   string
		change func(h *hall)
		want   int
	}{
		{"nothing changes", func(*hall) {}, http.StatusOK},
		{"the role that it names is taken", func(h *hall) { h.who.Roles = nil }, http.StatusBadRequest},
		{"the session ends", func(h *hall) { h.who.Session = "another" }, http.StatusBadRequest},
		{"the sign-in counts for so many hours only", func(h *hall) { h.clock.Add(9 * time.Hour) }, http.StatusBadRequest},
		{"a policy refuses", func(h *hall) {
			h.Judge = func(_ context.Context, v Visit) Refusal {
				if v.Entering || v.Address != "192.0.2.1" || v.Application != "ward" {
					return Refusal{}
				}
				return Refusal{Code: "policy-refuses"}
			}
		}, http.StatusBadRequest},
		{"the application is taken away", func(h *hall) {
			if err := h.Remove(h.t.Context(), ledger.Host, "ward"); err != nil {
				h.t.Fatal(err)
			}
			if _, _, err := h.Register(h.t.Context(), ledger.Host, "ward", "Ward", Settings{Redirects: []string{"https://ward.example/back"}}); err != nil {
				h.t.Fatal(err)
			}
		}, http.StatusBadRequest},
	} {
		t.Run(test.what, func(t *testing.T) {
			h := newHall(t, Settings{Roles: []string{"nurse"}, Pairing: 8})
			access, refresh := h.tokens(t)
			test.change(h)
			if got := h.userinfo(access); (got == http.StatusOK) != (test.want == http.StatusOK) {
				t.Errorf("the access token: got %d", got)
			}
			if got, out := h.redeem("grant_type", "refresh_token", "refresh_token", refresh); got != test.want {
				t.Errorf("the refresh token: got %v, want %d", out, test.want)
			}
		})
	}
}

func TestARevokedTokenStaysRevoked(t *testing.T) {
	h := newHall(t, Settings{Roles: []string{"nurse"}, Pairing: 8})
	_, refresh := h.tokens(t)
	h.who.Roles = nil // for a while
	form := url.Values{"client_id": {"ward"}, "client_secret": {h.secret}, "token": {refresh}}
	r := httptest.NewRequest(http.MethodPost, "https://b.example/oidc/revoke", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.revoke(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("revoking = %d %s", w.Code, w.Body)
	}
	h.who.Roles = []string{"nurse"}
	if got, out := h.redeem("grant_type", "refresh_token", "refresh_token", refresh); got == http.StatusOK {
		t.Errorf("it opens again: %v", out)
	}
}

func TestRenewingIsBounded(t *testing.T) {
	h := newHall(t, Settings{})
	_, refresh := h.tokens(t)
	for n := range manyRenewals + 1 {
		got, out := h.redeem("grant_type", "refresh_token", "refresh_token", refresh)
		if got != http.StatusOK {
			if n < manyRenewals {
				t.Fatalf("renewal %d: %v", n, out)
			}
			return
		}
		refresh = out["refresh_token"].(string)
	}
	t.Error("it never ends")
}

func TestAnAnswerGoesBehindWhatTheRegisteredAddressAsksAlready(t *testing.T) {
	for redirect, want := range map[string]string{
		"https://a.example/back":     "https://a.example/back?code=c&iss=https%3A%2F%2Fb.example%2Foidc&state=s",
		"https://a.example/back?":    "https://a.example/back?code=c&iss=https%3A%2F%2Fb.example%2Foidc&state=s",
		"https://a.example/back?x=1": "https://a.example/back?x=1&code=c&iss=https%3A%2F%2Fb.example%2Foidc&state=s",
	} {
		r := httptest.NewRequest(http.MethodGet, "https://b.example/oidc/authorize", nil)
		if got := (&Provider{}).back(r, request{Redirect: redirect, State: "s"}, url.Values{"code": {"c"}}); got != want {
			t.Errorf("%s: got %s, want %s", redirect, got, want)
		}
	}
}
