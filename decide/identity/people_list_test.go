package identity

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// crowded fills a site with n people of a directory, every tenth of them a doctor.
func (s *site) crowded(from, n int) {
	s.t.Helper()
	rows := []*personRow{}
	for k := from; k < n; k++ {
		role := "nurse"
		if k%10 == 0 {
			role = "doctor"
		}
		p := &personRow{ID: newID(), Login: fmt.Sprintf("p%05d", k), Name: fmt.Sprintf("Hélène Numéro-%05d", k), Duties: []web.Duty{}, Created: s.clock.Now().Add(time.Duration(k) * time.Second),
			CreatedBy: ledger.Host, Source: "ad", External: fmt.Sprint(k), Roles: []string{role}, Units: []string{"pôle & réa"}}
		p.Folded = textOf(p)
		rows = append(rows, p)
	}
	err := s.db.Write(s.t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for len(rows) > 0 {
			k := min(len(rows), 500)
			part := rows[:k]
			if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
				return err
			}
			rows = rows[k:]
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// listed asks for people.
func (s *site) listed(b *browser, query string) (out peoplePage) {
	s.t.Helper()
	want(s.t, "people, "+query, b.call("GET", "/api/people?"+query, nil, &out), http.StatusOK)
	return out
}

func TestPeopleAreChosen(t *testing.T) {
	dbtest.Each(t, peopleAreChosen)
}

func peopleAreChosen(t *testing.T, d *db.DB) {
	s := newSite(t, d)
	admin := s.administrator()
	s.crowded(0, 120)
	_, id := s.invited(admin, "rose", web.Reader)
	s.invitation(admin, "zoe", web.Analyst)
	want(t, "suspending", admin.call("POST", "/api/people/"+id+"/disable", nil, nil), http.StatusNoContent)
	for _, tt := range []struct {
		name, query string
		all         int
	}{
		{"everybody", "", 123},
		{"words without accents, in any order", "q=" + url.QueryEscape("numero-0011 HELENE"), 10},
		{"a role among the words", "q=doctor", 12},
		{"what LIKE gives a meaning is plain text", "q=" + url.QueryEscape("p_0001"), 0},
		{"so is this", "q=%25", 0},
		{"a directory", "source=ad", 120},
		{"those known here alone", "source=-", 3},
		{"a role", "role=doctor", 12},
		{"a piece of a role is none", "role=doc", 0},
		{"a unit with signs that JSON writes otherwise", "unit=" + url.QueryEscape("pôle & réa"), 120},
		{"a duty", "duty=administrator", 1},
		{"suspended", "state=disabled", 1},
		{"suspended by their directory", "state=left", 0},
		{"with a second factor", "state=active", 1},
		{"without one", "state=weak", 121},
		{"who cannot sign in yet", "state=invited", 121},
		{"who never signed in", "state=never", 121},
		{"both", "state=never&source=-", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := s.listed(admin, tt.query); got.All != tt.all || len(got.People) != min(tt.all, fewPeople) {
				t.Errorf("all = %d and %d listed, want %d", got.All, len(got.People), tt.all)
			}
		})
	}
	for _, bad := range []string{"state=odd", "sort=shoe", "limit=501", "limit=0", "limit=x", "cursor=%21", "sort=newest&cursor=eyJWYWx1ZSI6IngiLCJJRCI6IngifQ"} {
		want(t, bad, admin.call("GET", "/api/people?"+bad, nil, nil), http.StatusBadRequest)
	}
}

func TestPagesMeetWithoutAGap(t *testing.T) {
	dbtest.Each(t, pagesMeet)
}

func pagesMeet(t *testing.T, d *db.DB) {
	s := newSite(t, d)
	admin := s.administrator()
	s.crowded(0, 130)
	for _, sort := range []string{"", "login", "newest"} {
		t.Run("by "+sort, func(t *testing.T) {
			seen, cursor := map[string]bool{}, ""
			for pages := 1; ; pages++ {
				got := s.listed(admin, url.Values{"sort": {sort}, "limit": {"20"}, "cursor": {cursor}}.Encode())
				for _, p := range got.People {
					if seen[p.ID] {
						t.Fatalf("%s is listed twice", p.Login)
					}
					seen[p.ID] = true
				}
				if cursor = got.Next; cursor == "" {
					if pages != 7 || len(seen) != 131 {
						t.Errorf("%d pages with %d people", pages, len(seen))
					}
					return
				}
			}
		})
	}
}

// TestAPageCostsTheSameAmongMany counts what one page allocates among 200 people and among 20,000.
func TestAPageCostsTheSameAmongMany(t *testing.T) {
	s := sqliteSite(t)
	cost := func() float64 {
		return testing.AllocsPerRun(3, func() {
			if _, err := s.page(t.Context(), peopleQuery{Words: "helene", Role: "doctor", Limit: 10}); err != nil {
				t.Fatal(err)
			}
		})
	}
	s.crowded(0, 200)
	few := cost()
	s.crowded(200, 20_000)
	if many := cost(); many > 1.2*few {
		t.Errorf("a page among 20,000 allocates %.0f times, among 200 %.0f", many, few)
	}
}

func BenchmarkPageOf20000People(b *testing.B) {
	s := sqliteSite(b)
	s.crowded(0, 20_000)
	for name, q := range map[string]peopleQuery{"all": {}, "words": {Words: "helene 199"}, "role": {Role: "doctor"}, "weak": {State: "weak"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.page(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestWhoCameBeforeThereWasASearchIsFound(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	s.crowded(0, 300)
	err := s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*personRow)(nil)).Set("folded = ''").Where("1 = 1").Exec(ctx)
		return err
	})
	if err == nil {
		err = foldAll(t.Context(), s.db.DB)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := s.listed(admin, "q=helene"); got.All != 300 {
		t.Errorf("%d are found", got.All)
	}
}

func TestPeopleAreATable(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	s.crowded(0, 1200)
	out := map[string]any{}
	want(t, "inviting", admin.call("POST", "/api/people", map[string]any{"login": "eve", "name": "=cmd|calc", "duties": []web.Duty{web.Reader}}, &out), http.StatusCreated)
	a := admin.call("GET", "/api/people/export", nil, nil)
	want(t, "the table", a, http.StatusOK)
	lines, err := csv.NewReader(strings.NewReader(a.text)).ReadAll()
	if err != nil || len(lines) != 1203 || !strings.Contains(a.text, "'=cmd|calc,eve,reader") {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	want(t, "a choice that is none", admin.call("GET", "/api/people/export?state=odd", nil, nil), http.StatusBadRequest)
	if got := s.acts(); got[len(got)-1] != "export-people done" {
		t.Errorf("acts = %v", got)
	}
}

func TestSomebodyIsToldWhole(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	desk, _ := s.invited(admin, "desk", web.HelpDesk)
	_, id := s.invited(admin, "rose", web.Reader)
	var got struct {
		Person   personAnswer
		Factors  []factorAnswer
		Sessions []openSession
		Signed   []signedAnswer
	}
	want(t, "asking", admin.call("GET", "/api/people/"+id, nil, &got), http.StatusOK)
	kinds := map[factorKind]int{}
	for _, f := range got.Factors {
		kinds[f.Kind]++
	}
	if got.Person.Login != "rose" || kinds[passwordFactor] != 1 || kinds[totpFactor] != 1 || kinds[recoveryFactor] != 10 || len(got.Sessions) != 1 {
		t.Errorf("%+v", got)
	}
	got.Sessions, got.Signed = nil, nil
	a := desk.call("GET", "/api/people/"+id, nil, &got)
	if len(got.Sessions)+len(got.Signed) != 0 || strings.Contains(a.text, "127.0.0.1") {
		t.Errorf("the help desk is told of sessions: %s", a.text)
	}
	want(t, "nobody", admin.call("GET", "/api/people/none", nil, nil), http.StatusNotFound)
}

func TestAnEditIsWholeOrNothing(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	_, id := s.invited(admin, "rose", web.Reader)
	at := "/api/people/" + id
	want(t, "all at once", admin.call("POST", at, map[string]any{"duties": []web.Duty{}, "roles": []string{"nurse"}, "units": []string{"Bloc"}}, nil), http.StatusNoContent)
	want(t, "a number that is none", admin.call("POST", at, map[string]any{"duties": []web.Duty{web.Analyst}, "national": "123"}, nil), http.StatusUnprocessableEntity)
	want(t, "neither duty nor role", admin.call("POST", at, map[string]any{"roles": []string{}}, nil), http.StatusUnprocessableEntity)
	got := s.row("rose")
	if len(got.Duties) != 0 || strings.Join(got.Roles, ",") != "nurse" || strings.Join(got.Units, ",") != "bloc" {
		t.Errorf("%+v", got)
	}
	if got := s.listed(admin, "q=bloc"); got.All != 1 {
		t.Errorf("%d are found by their new unit", got.All)
	}
	want(t, "the last administrator", admin.call("POST", "/api/people/"+s.row("alix").ID, map[string]any{"duties": []web.Duty{web.Reader}}, nil), http.StatusConflict)
	s.pretend(nil, "ad")
	p := s.from("ad", "dr.doc")
	want(t, "roles of a directory", admin.call("POST", "/api/people/"+p.ID, map[string]any{"roles": []string{"surgeon"}}, nil), http.StatusConflict)
	want(t, "a duty beside them", admin.call("POST", "/api/people/"+p.ID, map[string]any{"duties": []web.Duty{web.Reader}}, nil), http.StatusNoContent)
}

func TestSeveralAreInvitedOrNobody(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	type line = map[string]any
	ask := func(dry bool, lines ...line) (out struct {
		People []invitedAnswer
		Done   bool
	}) {
		t.Helper()
		want(t, "several", admin.call("POST", "/api/people/several", line{"people": lines, "dry": dry}, &out), http.StatusOK)
		return out
	}
	ana := line{"login": "ana", "name": "Ana Roux", "roles": []string{"nurse"}}
	bob := line{"login": "bob", "name": "Bob Petit", "duties": []web.Duty{web.Reader}}
	bad := line{"login": "ana", "name": "", "duties": []web.Duty{"king"}}
	got := ask(false, ana, bob, bad, line{"login": "bob", "name": "Another Bob", "duties": []web.Duty{web.Reader}})
	if got.Done || len(got.People[0].Faults) != 0 || strings.Join(got.People[2].Faults, " ") != "name duties" || strings.Join(got.People[3].Faults, " ") != "login-taken" || got.People[0].Link != nil {
		t.Errorf("with lines that are wrong: %+v", got)
	}
	if got := ask(true, ana, bob); got.Done || got.People[0].Link != nil || len(got.People[0].Faults) != 0 {
		t.Errorf("tried: %+v", got)
	}
	if all := s.listed(admin, ""); all.All != 1 {
		t.Fatalf("%d people after nothing was done", all.All)
	}
	got = ask(false, ana, bob)
	if !got.Done || got.People[1].Link == nil {
		t.Fatalf("%+v", got)
	}
	want(t, "accepting", s.browser().form(strings.TrimPrefix(got.People[1].Link.URL, s.server.URL), "password", good, "again", good), http.StatusSeeOther)
	want(t, "nobody", admin.call("POST", "/api/people/several", line{"people": []line{}}, nil), http.StatusBadRequest)
}
