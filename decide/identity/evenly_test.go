package identity

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/directory"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// pretend gives a site directories that answer with what prove says. asked lists what each was asked, pauses how often an answer waited.
func (s *site) pretend(prove func(name, id string) (bool, error), names ...string) (asked func() []string, pauses func() int) {
	var configs []directory.Config
	for _, n := range names {
		configs = append(configs, directory.Config{Name: n})
	}
	var mu sync.Mutex
	var all []string
	n := 0
	s.sources = newSources(configs)
	for name, from := range s.sources {
		from.prove = func(_ context.Context, id, _ string) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, name)
			return prove(name, id)
		}
	}
	s.pause = func(context.Context, time.Duration) { n++ }
	return func() []string { defer func() { all = nil }(); slices.Sort(all); return all }, func() int { defer func() { n = 0 }(); return n }
}

// from makes somebody of a directory.
func (s *site) from(name, login string) *personRow {
	s.t.Helper()
	err := s.db.Write(s.t.Context(), func(ctx context.Context, tx bun.Tx) error {
		return s.join(ctx, tx, s.sources[name], directory.Account{ID: "id-" + login, Login: login, Name: "Dr " + login, Roles: []string{"doctor"}}, ledger.Host)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.row(login)
}

var shownOf = regexp.MustCompile(`(name|value|nonce|href|action)="[^"]*"`)

func TestARefusalTellsNothingOfWhoseLoginItWas(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
	}{
		{"directories that answer", nil},
		{"a directory that does not answer", fmt.Errorf("%w: no route", directory.ErrAway)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := sqliteSite(t)
			s.administrator()
			asked, pauses := s.pretend(func(name, _ string) (bool, error) {
				if name == "ad" {
					return false, tt.err
				}
				return false, nil
			}, "ad", "lab")
			s.from("ad", "dr.doc")
			s.from("lab", "tech")
			if tt.err != nil {
				s.failed(s.sources["ad"], tt.err)
			}
			var first string
			for _, login := range []string{"dr.doc", "tech", "alix", "nobody", "no login at all"} {
				a := s.browser().form("/sign-in", "login", login, "password", "not-the-right-one-at-all")
				text := strings.ReplaceAll(shownOf.ReplaceAllString(a.text, ""), login, "LOGIN")
				if got := strings.Join(asked(), " "); got != "ad lab" {
					t.Errorf("%s: asked %q, want each directory once", login, got)
				}
				if n := pauses(); n != 1 {
					t.Errorf("%s: %d pauses, want 1", login, n)
				}
				if first == "" {
					first = text
				}
				if text != first {
					t.Errorf("%s: another answer (%d)\n%s\nthan the first\n%s", login, a.StatusCode, text, first)
				}
			}
		})
	}
}

func TestWithoutDirectoriesNoAnswerWaits(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	_, pauses := s.pretend(nil)
	want(t, "a wrong password", s.browser().form("/sign-in", "login", "alix", "password", "wrong"), http.StatusUnprocessableEntity)
	if n := pauses(); n != 0 {
		t.Errorf("%d pauses", n)
	}
}

func TestARightPasswordWaitsForNoOtherDirectory(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	s.pretend(nil, "ad")
	s.sources["ad"].prove = func(ctx context.Context, _, _ string) (bool, error) { <-ctx.Done(); return false, ctx.Err() }
	want(t, "signing in", s.browser().signIn("alix", good, ""), http.StatusSeeOther)
	want(t, "being in", admin.call("GET", "/api/me", nil, nil), http.StatusOK)
}

// TestWhoIsSuspendedHereStaysSo: the directory gives back who it took away, and nobody else.
func TestWhoIsSuspendedHereStaysSo(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	s.pretend(nil, "ad")
	p := s.from("ad", "dr.doc")
	there := directory.Account{ID: p.External, Login: "dr.doc", Name: p.Name, Roles: []string{"doctor"}}
	gone := there
	gone.Disabled = true
	read := func(a directory.Account) {
		t.Helper()
		if err := s.take(t.Context(), s.sources["ad"], &directory.Reading{Accounts: []directory.Account{a}}, ledger.Host, true); err != nil {
			t.Fatal(err)
		}
	}
	read(gone)
	read(there)
	if !s.row("dr.doc").Disabled.IsZero() {
		t.Fatal("the directory has them again, and they stay out")
	}
	read(gone)
	want(t, "letting them in by hand", admin.call("POST", "/api/people/"+p.ID+"/enable", nil, nil), http.StatusNoContent)
	want(t, "suspending them", admin.call("POST", "/api/people/"+p.ID+"/disable", nil, nil), http.StatusNoContent)
	read(there)
	if s.row("dr.doc").Disabled.IsZero() {
		t.Error("the directory lets in whom an administrator suspended")
	}
}

// TestAReadingGivesNothingBack: what was taken from somebody between the reading of a directory and its being written stays taken.
func TestAReadingGivesNothingBack(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	s.pretend(nil, "ad")
	p := s.from("ad", "dr.doc")
	at := "/api/people/" + p.ID + "/duties"
	want(t, "giving", admin.call("POST", at, map[string]any{"duties": []web.Duty{web.Analyst}}, nil), http.StatusNoContent)
	read := &directory.Reading{Accounts: []directory.Account{{ID: p.External, Login: "dr.doc", Name: "Dr Renamed", Roles: []string{"doctor"}}}}
	plan, _, err := s.planOf(t.Context(), s.sources["ad"], read)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "taking", admin.call("POST", at, map[string]any{"duties": []web.Duty{}}, nil), http.StatusNoContent)
	if _, err := s.apply(t.Context(), s.sources["ad"], plan, ledger.Host); err != nil {
		t.Fatal(err)
	}
	if got := s.row("dr.doc"); got.Name != "Dr Renamed" || len(got.Duties) != 0 {
		t.Errorf("%s has %v", got.Name, got.Duties)
	}
}
