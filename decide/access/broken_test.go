package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// flood is one person who breaks as many glasses as are kept.
func flood(h *hospital) {
	now := h.now.Now()
	for n := range mostGlasses {
		h.putGlass(&Glass{ID: fmt.Sprint("g", n), Person: "1", Patient: fmt.Sprintf("p~%d", n), Reason: "emergency", At: now.Add(-time.Duration(n) * 10 * time.Second), Ends: now,
			State: "waiting", Due: now.Add(time.Hour), Why: []Mark{}})
	}
}

func TestAGlassIsFoundByWhoBrokeItForWhom(t *testing.T) {
	h := newHospital(t)
	h.open(t)
	now := h.now.Now()
	for n, state := range []string{"waiting", "open", "explained"} {
		from := now.Add(time.Duration(n-1) * time.Hour)
		h.putGlass(&Glass{ID: fmt.Sprint("g", n), Person: "1", Patient: "p~1", State: state, At: from, Ends: from.Add(time.Hour)})
	}
	h.putGlass(&Glass{ID: "g3", Person: "2", Patient: "p~1", State: "waiting", At: now, Ends: now.Add(time.Hour)})
	if g := h.activeGlass("1", "p~1"); g == nil || g.ID != "g1" {
		t.Errorf("got %+v", g)
	}
	if g := h.glassAt("1", "p~1", now.Add(-time.Minute)); g == nil || g.ID != "g0" {
		t.Errorf("got %+v", g)
	}
	if g := h.activeGlass("2", "p~1"); g != nil {
		t.Errorf("got %+v", g)
	}
	h.putGlass(&Glass{ID: "g1", Person: "1", Patient: "p~1", State: "waiting", At: now, Ends: now})
	if g := h.activeGlass("1", "p~1"); g != nil {
		t.Errorf("one that is over: %+v", g)
	}
	for id := range h.glasses {
		h.dropGlass(id)
	}
	if len(h.broken) > 0 || len(h.glasses) > 0 {
		t.Errorf("%v is left", h.broken)
	}
}

func TestHabitsAreCountedWithinAWeek(t *testing.T) {
	h := newHospital(t)
	h.open(t)
	now := h.now.Now()
	add := func(person, patient, state string, at time.Duration) *Glass {
		g := &Glass{ID: fmt.Sprint("g", len(h.glasses)), Person: person, Patient: patient, Reason: "emergency", State: state, At: now.Add(at), Due: now.Add(time.Hour)}
		h.putGlass(g)
		return g
	}
	const day = 24 * time.Hour
	g := add("1", "p~1", "waiting", 0)
	add("1", "p~1", "waiting", -day) // for the same patient
	add("1", "p~2", "waiting", -6*day)
	add("1", "p~3", "waiting", 6*day)
	add("1", "p~4", "reviewed", day)    // as abuse, or without a word
	add("1", "p~5", "waiting", -7*day)  // too long ago
	add("1", "p~6", "explained", 2*day) // has its reason
	for _, other := range []string{"2", "3", "2"} {
		add(other, "p~1", "waiting", -day)
	}
	add("4", "p~1", "waiting", 8*day)
	var got []string
	for _, m := range h.see().habits(g, "p~1", false, now) {
		got = append(got, m.EN)
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{"3 others by the same person", "broke the glass for this patient before", "2 others broke it for this patient"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not among:\n%s", want, all)
		}
	}
}

func TestAGlassReviewedWhileItWasOpenWaitsForNobody(t *testing.T) {
	h := newHospital(t)
	h.open(t)
	now := h.now.Now()
	for _, id := range []string{"looked-at", "not"} {
		h.putGlass(&Glass{ID: id, Person: "1", Patient: "p~" + id, State: "open", At: now, Ends: now.Add(GlassLife), Units: []string{}, Why: []Mark{}})
	}
	if _, err := h.ReviewGlass(t.Context(), "host", "looked-at", "justified", ""); err != nil {
		t.Fatal(err)
	}
	h.endGlasses(now.Add(GlassLife))
	if is, other := h.glasses["looked-at"].State, h.glasses["not"].State; is != "reviewed" || other != "waiting" {
		t.Errorf("got %s and %s", is, other)
	}
}

// BenchmarkAFloodOfBrokenGlasses is a triage after one person broke as many as are kept.
func BenchmarkAFloodOfBrokenGlasses(b *testing.B) {
	h := newHospital(b)
	h.open(b)
	flood(h)
	for b.Loop() {
		if err := h.triage(b.Context(), h.now.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAGlassAmongMany is what every question about a record looks for.
func BenchmarkAGlassAmongMany(b *testing.B) {
	h := newHospital(b)
	h.open(b)
	flood(h)
	for b.Loop() {
		if h.activeGlass("2", "p~1") != nil {
			b.Fatal("it is somebody else's")
		}
	}
}

func TestWhoShouldHearOfABrokenGlassIsToldOnce(t *testing.T) {
	h := newHospital(t)
	var told []string
	away := errors.New("the database is away")
	h.needs.Broken = func(_ context.Context, g *Glass) error {
		if away != nil {
			return away
		}
		told = append(told, g.Person+" "+strings.Join(g.Notify, ","))
		return nil
	}
	h.open(t)
	h.hear(t, adt("A01", "p1", "icu"))
	now := h.now.Now()
	h.putGlass(&Glass{ID: "old", Person: "2", Patient: "p2", State: "waiting", At: now.Add(-25 * time.Hour), Notify: []string{"dpo"}})
	h.putGlass(&Glass{ID: "silent", Person: "2", Patient: "p3", State: "waiting", At: now})
	if _, err := h.as("1").BreakGlass(t.Context(), GlassAsk{Patient: "p1", Reason: "emergency"}); err != nil {
		t.Fatal(err)
	}
	if err := h.tellBroken(t.Context(), now); !errors.Is(err, away) {
		t.Errorf("while nobody can be told: %v", err)
	}
	away = nil
	for range 2 {
		if err := h.tellBroken(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.open(t) // after a restart
	if err := h.tellBroken(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !strings.HasPrefix(told[0], "1 ") || !strings.Contains(told[0], "head-of-unit") {
		t.Errorf("told of %q", told)
	}
}
