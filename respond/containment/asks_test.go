package containment

import (
	"errors"
	"testing"
	"time"

	"bulwark/platform/db/dbtest"
)

// What the program cut by itself is spent until ten minutes after; what a person asked for is not.
func TestSpent(t *testing.T) {
	r := newRoom(t, dbtest.SQLite(t))
	expect := func(what string, want int) {
		t.Helper()
		if got := r.Spent(); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	r.propose("device:8")
	r.step()
	expect("by a person", 0)
	if _, err := r.Propose(t.Context(), Wish{Act: "isolate", Target: "device:7", Minutes: 1, Reason: "ransomware", By: "program:playbook", Automatic: true}); err != nil {
		t.Fatal(err)
	}
	expect("not yet in force", 0)
	r.step()
	expect("in force", 1)
	r.clock.Add(spentWindow - time.Second)
	r.step()
	expect("over, but within ten minutes", 1)
	r.clock.Add(time.Second)
	expect("after ten minutes", 0)
}

// Whoever a wish asks to say yes besides is asked, also when it is judged again.
func TestAYesBesides(t *testing.T) {
	r := newRoom(t, dbtest.SQLite(t))
	l, err := r.Propose(t.Context(), Wish{Act: "isolate", Target: "device:7", Minutes: 1, Reason: "ransomware", By: "program:playbook", Automatic: true, Approve: "soc"})
	if err != nil || l.State != Proposed || l.Approve != "soc" {
		t.Fatalf("%+v %v", l, err)
	}
	if _, err := r.Approve(t.Context(), Asker{Actor: "person:ana", Roles: []string{"clinical"}}, l.ID, ""); err != nil {
		t.Fatal(err)
	}
	r.expect("another said yes", l.ID, Proposed, false)
	if _, err := r.Approve(t.Context(), Asker{Actor: "person:bea", Roles: []string{"soc"}}, l.ID, ""); err != nil {
		t.Fatal(err)
	}
	r.step()
	r.expect("that one did", l.ID, InForce, true)
}

// A lease ends sooner, and never later, by being shortened.
func TestShorten(t *testing.T) {
	r := newRoom(t, dbtest.SQLite(t))
	l := r.propose("device:7")
	r.step()
	for _, minutes := range []int{0, -5, 60, 61, 600} {
		if _, err := r.Shorten(t.Context(), "centre:ana", l.ID, minutes, "x"); !errors.Is(err, ErrWrong) {
			t.Errorf("%d minutes: %v, want %v", minutes, err, ErrWrong)
		}
	}
	r.clock.Add(10 * time.Minute)
	if _, err := r.Shorten(t.Context(), "centre:ana", l.ID, 55, "x"); !errors.Is(err, ErrWrong) {
		t.Errorf("later than it ends: %v, want %v", err, ErrWrong)
	}
	short, err := r.Shorten(t.Context(), "centre:ana", l.ID, 5, "enough")
	if err != nil || !short.Until.Equal(noon.Add(15*time.Minute)) {
		t.Fatalf("%v %v", short.Until, err)
	}
	r.clock.Add(5*time.Minute - time.Second)
	r.step()
	r.expect("before", l.ID, InForce, true)
	r.clock.Add(time.Second)
	r.step()
	r.expect("its end", l.ID, Expired, false)
	if _, err := r.Shorten(t.Context(), "centre:ana", l.ID, 1, "x"); !errors.Is(err, ErrState) {
		t.Errorf("over: %v, want %v", err, ErrState)
	}
	r.verify()
}
