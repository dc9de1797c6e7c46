package access

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/platform/db"
)

// held says what the database holds of words.
func held(t *testing.T, d *db.DB, words ...string) map[string]int {
	t.Helper()
	all, err := d.Holding(t.Context(), words)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnErasedPersonIsForgottenButForWhatMustBeChecked(t *testing.T) {
	h, k := newSeen(t, Seen{})
	h.hear(t, adt("A01", "p~1", "icu"))
	from := h.now.Now()
	if err := h.SetDuties(t.Context(), "host", from.Add(-time.Hour), []Duty{{Person: "1", Unit: "icu", From: from.Add(-time.Hour), Until: from.Add(time.Hour)}, {Person: "2", Unit: "icu", From: from.Add(-time.Hour), Until: from.Add(time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	if err := h.SetTeam(t.Context(), "host", "1", "p~1", true); err != nil {
		t.Fatal(err)
	}
	g, err := h.as("1").BreakGlass(t.Context(), GlassAsk{Patient: "p~1", Reason: "other", Text: "Ada Quintard was called to the lift"})
	if err != nil {
		t.Fatal(err)
	}
	if got := h.Obliged("1"); !slices.Equal(got, []string{"break-glass-review"}) || h.Obliged("2") != nil {
		t.Errorf("it is kept because of %v", got)
	}
	if _, err := h.EndGlass(t.Context(), "person:1", g.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ReviewGlass(t.Context(), "person:3", g.ID, "justified", "QUINTARD was right"); err != nil {
		t.Fatal(err)
	}
	if got := h.Obliged("1"); got != nil {
		t.Errorf("after its review it is kept because of %v", got)
	}
	h.told(t, k)
	own, err := h.OwnData(t.Context(), "1")
	if err != nil || len(own.Duties) != 1 || own.CareTeams != 1 || len(own.Glasses) != 1 || len(own.Decisions) == 0 || strings.Contains(own.Decisions[0].On, "p~") {
		t.Errorf("got %+v, %v", own, err)
	}
	words := []string{"Quintard", "ada"}
	before := held(t, h.needs.DB, words...)
	if before["access_item"] == 0 {
		t.Fatal("nothing is held before")
	}
	if err := h.Forget(t.Context(), "host", "1", words); err != nil {
		t.Fatal(err)
	}
	h.staff.people = h.staff.people[1:]
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := held(t, h.needs.DB, words...)
	delete(after, "ledger_entry") // a review's words are there for good: its page says not to name anybody
	if len(after) > 0 {
		t.Errorf("the database still holds %v", after)
	}
	h.open(t)
	own, err = h.OwnData(t.Context(), "1")
	if err != nil || len(own.Duties) != 0 || own.CareTeams != 0 || len(own.Glasses) != 1 || own.Glasses[0].Text != "… … was called to the lift" {
		t.Errorf("after it: %+v, %v", own, err)
	}
	if own, _ := h.OwnData(t.Context(), "2"); len(own.Duties) != 1 {
		t.Error("somebody else was forgotten")
	}
}

func TestWhatPeopleDidAboutAccessGoesWhenItIsTooOld(t *testing.T) {
	h := newHospital(t)
	h.hear(t, adt("A01", "p1", "icu"))
	from := h.now.Now()
	if err := h.SetDuties(t.Context(), "host", from.Add(-time.Hour), []Duty{{Person: "1", Unit: "icu", From: from.Add(-time.Hour), Until: from.Add(time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"p1", "p2"} {
		if _, err := h.as("2").BreakGlass(t.Context(), GlassAsk{Patient: p, Reason: "emergency"}); err != nil {
			t.Fatal(err)
		}
	}
	looked := h.Glasses()[0].ID
	if _, err := h.ReviewGlass(t.Context(), "person:3", looked, "justified", ""); err != nil {
		t.Fatal(err)
	}
	h.now.Add(2 * time.Hour)
	h.advance(h.now.Now())
	if _, err := h.ReviewGlass(t.Context(), "person:3", looked, "justified", ""); err != nil {
		t.Fatal(err)
	}
	purge := func() string {
		t.Helper()
		if err := h.purge(t.Context(), h.now.Now()); err != nil {
			t.Fatal(err)
		}
		acts := h.acts(t)
		return acts[len(acts)-1]
	}
	if got := purge(); got == "access.purge done" {
		t.Error("what is new goes")
	}
	h.now.Add(91 * aDay)
	if got := purge(); got != "access.purge done" || len(h.duties) != 0 || len(h.glasses) != 2 {
		t.Errorf("after 91 days: %s, %d duties, %d glasses", got, len(h.duties), len(h.glasses))
	}
	h.now.Add(3 * aYear)
	purge()
	if all := h.Glasses(); len(all) != 1 || all[0].ID == looked || len(h.uses) != 0 {
		t.Errorf("after three years: %+v", all)
	}
	h.open(t)
	if n := len(h.Glasses()); n != 1 {
		t.Errorf("after a restart there are %d", n)
	}
}
