package identity

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

func TestWhoLeftIsErasedAndFoundNowhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		var forgotten []string
		s.forget = func(_ context.Context, _, id string, words []string) error {
			forgotten = append([]string{id}, words...)
			return nil
		}
		admin := s.administrator()
		_, id := s.invited(admin, "zelie.quintard", web.Reader)
		err := s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewUpdate().Model((*personRow)(nil)).Set("name = ?", "Zélie Quintard").Set("national = ?", "10987654321").Where("id = ?", id).Exec(ctx)
			if err != nil {
				return err
			}
			if err := refold(ctx, tx, id); err != nil {
				return err
			}
			rows := []*factorRow{{ID: newID(), Person: id, Kind: badgeFactor, Secret: "of a badge", Created: s.clock.Now()},
				{ID: newID(), Person: id, Kind: messageFactor, Label: "+33 … 78", Secret: s.kept.seal("message/"+id, []byte("+33612345678")), Created: s.clock.Now()}}
			_, err = tx.NewInsert().Model(&rows).Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		words := []string{"zelie.quintard", "Zélie Quintard", "10987654321"}
		if held, err := d.Holding(t.Context(), words); err != nil || held["identity_person"] != 1 {
			t.Fatalf("before: %v, %v", held, err)
		}
		at := "/api/people/" + id
		if a := admin.call("POST", at+"/erase", nil, nil); a.StatusCode != http.StatusConflict || a.code() != "not-suspended" {
			t.Errorf("of somebody who works here: %d %s", a.StatusCode, a.code())
		}
		want(t, "suspending", admin.call("POST", at+"/disable", nil, nil), http.StatusNoContent)
		want(t, "a legal hold", admin.call("POST", at+"/hold", map[string]string{"reason": "requête du tribunal"}, nil), http.StatusNoContent)
		if a := admin.call("POST", at+"/erase", nil, nil); a.StatusCode != http.StatusConflict || a.code() != "obliged" || !strings.Contains(a.text, "legal-hold") {
			t.Errorf("under a legal hold: %d %s", a.StatusCode, a.text)
		}
		want(t, "its end", admin.call("POST", at+"/release", map[string]string{"reason": "jugement rendu"}, nil), http.StatusNoContent)
		s.obliged = func(context.Context, string, string) ([]string, error) { return []string{"break-glass-review"}, nil }
		if a := admin.call("POST", at+"/erase", nil, nil); a.code() != "obliged" || !strings.Contains(a.text, "break-glass-review") {
			t.Errorf("while a review waits: %d %s", a.StatusCode, a.text)
		}
		s.obliged = nil
		var e Erased
		want(t, "erasing", admin.call("POST", at+"/erase", nil, &e), http.StatusOK)
		if e.ID != id || len(e.Left) > 0 {
			t.Errorf("got %+v", e)
		}
		if held, err := d.Holding(t.Context(), append(words, "Zelie", "Quintard", "+33612345678")); err != nil || len(held) > 0 {
			t.Errorf("after it the database holds %v, %v", held, err)
		}
		if !slices.Equal(forgotten, []string{id, "zelie.quintard", "Zélie Quintard", "10987654321", "+33612345678"}) {
			t.Errorf("others are to forget %q", forgotten)
		}
		if a := admin.call("GET", at, nil, nil); a.StatusCode != http.StatusNotFound {
			t.Errorf("the person is answered: %d %s", a.StatusCode, a.text)
		}
		for _, path := range []string{"/api/people", "/api/people/names", "/api/sessions/everybody", "/api/ledger?limit=1000", "/api/people/export"} {
			if a := admin.call("GET", path, nil, nil); a.StatusCode != http.StatusOK || strings.Contains(strings.ToLower(a.text), "quintard") || strings.Contains(a.text, "10987654321") {
				t.Errorf("%s = %d, and shows them", path, a.StatusCode)
			}
		}
		if page, err := s.ledger.List(t.Context(), ledger.Query{Object: ledger.Person(id), Act: "identity.erase"}); err != nil || len(page.Entries) != 1 {
			t.Errorf("the ledger has %+v, %v", page.Entries, err)
		}
		s.invitation(admin, "zelie.quintard", web.Reader) // the login is free
	})
}

func TestSomebodyGetsWhatIsKnownOfThem(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	ana, id := s.invited(admin, "ana", web.Reader)
	_, other := s.invited(admin, "bea", web.Reader)
	s.elsewhere = func(_ context.Context, is, login string) (map[string]any, error) {
		return map[string]any{"on_call": is + " " + login}, nil
	}
	var d Data
	want(t, "one's own", ana.call("POST", "/api/me/data", nil, &d), http.StatusOK)
	if d.Person.ID != id || len(d.Factors) < 2 || len(d.Sessions) != 1 || len(d.Ledger) == 0 || d.Elsewhere["on_call"] != id+" ana" {
		t.Errorf("got %+v", d)
	}
	a := ana.call("POST", "/api/me/data", nil, nil)
	for _, secret := range []string{"secret", "hash", "$argon2id$", "bea"} {
		if strings.Contains(a.text, secret) {
			t.Errorf("it holds %q", secret)
		}
	}
	if a := ana.call("POST", "/api/people/"+other+"/data", nil, nil); a.StatusCode != http.StatusForbidden {
		t.Errorf("somebody else's = %d", a.StatusCode)
	}
	want(t, "an administrator's, by login", admin.call("POST", "/api/people/bea/data", nil, nil), http.StatusOK)
	s.clock.Add(FreshProof)
	if a := ana.call("POST", "/api/me/data", nil, nil); a.code() != "prove-again" {
		t.Errorf("after a while = %d %s", a.StatusCode, a.code())
	}
	if a := admin.call("POST", "/api/people/"+id+"/erase", nil, nil); a.code() != "prove-again" {
		t.Errorf("erasing after a while = %d %s", a.StatusCode, a.code())
	}
}

func TestWhatIsTooOldGoesAndWhatIsNeededStays(t *testing.T) {
	s := sqliteSite(t)
	told := map[string]uint64{}
	s.staffTold = func(_, act, _ string, n uint64) { told[act] += n }
	admin := s.administrator()
	_, left := s.invited(admin, "left", web.Reader)
	_, held := s.invited(admin, "held", web.Reader)
	_, works := s.invited(admin, "works", web.Reader)
	never, _ := s.invitation(admin, "never", web.Reader)
	for _, id := range []string{left, held} {
		want(t, "suspending", admin.call("POST", "/api/people/"+id+"/disable", nil, nil), http.StatusNoContent)
	}
	want(t, "a hold", admin.call("POST", "/api/people/"+held+"/hold", map[string]string{"reason": "an inquiry"}, nil), http.StatusNoContent)
	err := s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		now := s.clock.Now()
		rows := []*deviceRow{
			{ID: newID(), Name: "old", Kind: shared, Serial: "1", Created: now, Expires: now.Add(aDay), Revoked: now, Posture: Report{System: "Debian"}, Reported: now},
			{ID: newID(), Name: "new", Kind: shared, Serial: "2", Created: now, Expires: now.Add(900 * aDay), Posture: Report{System: "Debian"}, Reported: now}}
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		if err != nil {
			return err
		}
		for _, id := range []string{held, works} {
			if _, err := tx.NewInsert().Model(&factorRow{ID: newID(), Person: id, Kind: badgeFactor, Secret: "of " + id, Created: now}).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	step := func(days int, want string) {
		t.Helper()
		s.clock.Add(time.Duration(days) * aDay)
		out, err := s.purge(t.Context())
		text, _ := out.text()
		if err != nil || sortedText(text) != want {
			t.Errorf("got %q, %v; want %q", sortedText(text), err, want)
		}
	}
	step(1, "")
	step(30, "badges=1")
	step(60, "invited=1 posture=2")
	step(275, "devices=1 held=1 leavers=1")
	step(1, "held=1")
	for id, want := range map[string]bool{left: false, never: false, held: true, works: true} {
		_, err := person(t.Context(), s.db.Read(), id)
		if got := err == nil; got != want {
			t.Errorf("%s is known: %v, want %v", id, got, want)
		}
	}
	if told["purge"] == 0 || told["erase"] != 2 {
		t.Errorf("events: %v", told)
	}
}

func sortedText(all map[string]string) string {
	var words []string
	for k, v := range all {
		words = append(words, k+"="+v)
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func TestErasingKnowsEveryTableThatNamesAPerson(t *testing.T) {
	s := sqliteSite(t)
	var tables []string
	err := s.db.Read().NewRaw(`SELECT DISTINCT m.name FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND f."table" = 'identity_person' ORDER BY m.name`).Scan(t.Context(), &tables)
	want := []string{"identity_arrival", "identity_factor", "identity_former", "identity_hold", "identity_link", "identity_session", "identity_shift", "identity_vouch"}
	if err != nil || !slices.Equal(tables, want) {
		t.Errorf("tables that name a person: %v, %v; want %v: have eraseRows delete from the new one", tables, err, want)
	}
}
