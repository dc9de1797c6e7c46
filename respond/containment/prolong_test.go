package containment

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/ledger"
)

func TestProlong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		l := r.propose("device:7")
		if _, err := r.Prolong(t.Context(), "person:ana", l.ID, 30, "not clean yet"); !errors.Is(err, ErrState) {
			t.Errorf("before it is in force: %v, want %v", err, ErrState)
		}
		r.step()
		for minutes, want := range map[int]error{0: ErrWrong, -5: ErrWrong, 24 * 60: ErrWrong, 23*60 + 1: ErrWrong} {
			if _, err := r.Prolong(t.Context(), "person:ana", l.ID, minutes, "x"); !errors.Is(err, want) {
				t.Errorf("%d minutes: %v, want %v", minutes, err, want)
			}
		}
		if _, err := r.Prolong(t.Context(), "person:ana", l.ID, 30, " "); !errors.Is(err, ErrWrong) {
			t.Errorf("without a reason: %v, want %v", err, ErrWrong)
		}
		if x, err := r.LookLonger(t.Context(), l.ID, 30); err != nil || x.State != LongerGranted || !r.expect("looked at", l.ID, InForce, true).Until.Equal(noon.Add(time.Hour)) {
			t.Errorf("looking is %s (%v) and prolongs", x.State, err)
		}
		r.clock.Add(59 * time.Minute)
		long, err := r.Prolong(t.Context(), "person:ana", l.ID, 30, "not clean yet")
		if err != nil || !long.Until.Equal(noon.Add(90*time.Minute)) || long.Longer.State != LongerGranted || long.Minutes != 90 {
			t.Fatalf("it ends at %v (%+v): %v", long.Until, long.Longer, err)
		}
		r.step()
		r.expect("prolonged", l.ID, InForce, true)
		if at := r.point.holds[l.ID].Until; !at.Equal(long.Until) {
			t.Errorf("its enforcement point lets it go at %v, want %v", at, long.Until)
		}
		r.clock.Add(31*time.Minute - time.Second)
		r.open(d)
		r.step()
		r.expect("a second before its new end, after a restart", l.ID, InForce, true)
		r.clock.Add(time.Second)
		r.step()
		r.expect("its new end", l.ID, Expired, false)
		if _, err := r.Prolong(t.Context(), "person:ana", l.ID, 30, "x"); !errors.Is(err, ErrState) {
			t.Errorf("over: %v, want %v", err, ErrState)
		}
		r.verify()
	})
}

// A lease that persons had to approve ends when it would have ended, until the same say yes again.
func TestPersonsProlong(t *testing.T) {
	ana, chloe := Asker{"person:ana", []string{"soc"}}, Asker{"person:chloe", []string{"clinical"}}
	begin := func(t *testing.T) (*room, uint64) {
		r := newRoom(t, dbtest.SQLite(t))
		l := r.propose("device:7")
		r.step()
		r.judge.needs = []string{"soc", "clinical"}
		r.clock.Add(30 * time.Minute)
		if _, err := r.Prolong(t.Context(), "person:ana", l.ID, 60, "not clean yet"); err != nil {
			t.Fatal(err)
		}
		return r, l.ID
	}
	until := func(r *room, id uint64, state string, want time.Duration) {
		t.Helper()
		l := r.expect(state, id, InForce, true)
		if l.Longer.State != state || !l.Until.Equal(noon.Add(want)) {
			t.Errorf("it is %s and ends at %v, want %s and %v", l.Longer.State, l.Until, state, noon.Add(want))
		}
	}
	t.Run("one of each says yes", func(t *testing.T) {
		r, id := begin(t)
		until(r, id, LongerAsked, time.Hour)
		if len(r.Waiting(ana)) != 1 || len(r.Waiting(chloe)) != 1 {
			t.Error("it waits for nobody")
		}
		if _, err := r.Prolong(t.Context(), "person:bela", id, 5, "me too"); !errors.Is(err, ErrState) {
			t.Errorf("asked twice: %v, want %v", err, ErrState)
		}
		if _, err := r.Approve(t.Context(), ana, id, ""); err != nil {
			t.Fatal(err)
		}
		until(r, id, LongerAsked, time.Hour)
		if _, err := r.Approve(t.Context(), ana, id, ""); !errors.Is(err, ErrRole) {
			t.Errorf("the same person twice: %v, want %v", err, ErrRole)
		}
		if _, err := r.Approve(t.Context(), chloe, id, "seen"); err != nil {
			t.Fatal(err)
		}
		r.step()
		until(r, id, LongerGranted, 2*time.Hour)
		page, err := r.needs.Ledger.List(t.Context(), ledger.Query{Object: "containment/1", Act: "containment.approve", Limit: 1})
		if d := page.Entries[0].Detail; err != nil || d["longer_approval_1"] != "person:ana" || d["longer_approval_2"] != "person:chloe" || d["longer"] != LongerGranted {
			t.Errorf("the ledger has %v (%v)", d, err)
		}
		r.verify()
	})
	t.Run("one says no", func(t *testing.T) {
		r, id := begin(t)
		if _, err := r.Decline(t.Context(), chloe, id, "the patient needs it"); err != nil {
			t.Fatal(err)
		}
		until(r, id, LongerRefused, time.Hour)
	})
	t.Run("nobody answers", func(t *testing.T) {
		r, id := begin(t)
		r.clock.Add(30 * time.Minute)
		r.step()
		if l := r.expect("its end", id, Expired, false); l.Longer.State != LongerLapsed {
			t.Errorf("it is %s, want %s", l.Longer.State, LongerLapsed)
		}
		if _, err := r.Approve(t.Context(), ana, id, ""); !errors.Is(err, ErrState) {
			t.Errorf("after its end: %v, want %v", err, ErrState)
		}
	})
	t.Run("what is shortened meanwhile does not last longer", func(t *testing.T) {
		r, id := begin(t)
		if _, err := r.Shorten(t.Context(), "centre:ana", id, 10, "enough"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Approve(t.Context(), ana, id, ""); !errors.Is(err, ErrState) {
			t.Errorf("%v, want %v", err, ErrState)
		}
	})
	t.Run("what somebody else may be at now does not", func(t *testing.T) {
		r, id := begin(t)
		r.judge.at = netip.MustParseAddr("10.0.0.99")
		if _, err := r.Approve(t.Context(), ana, id, ""); !errors.Is(err, ErrWrong) {
			t.Errorf("%v, want %v", err, ErrWrong)
		}
		until(r, id, LongerAsked, time.Hour)
	})
}

// What is asked of the interlock says since when it is in force and what it needed, and that a person asks.
func TestWhatProlongingAsks(t *testing.T) {
	r := newRoom(t, dbtest.SQLite(t))
	l, err := r.Propose(t.Context(), Wish{Act: "isolate", Target: "device:7", Minutes: 60, Reason: "x", Automatic: true, Playbook: "p", By: "program:playbook"})
	if err != nil {
		t.Fatal(err)
	}
	r.step()
	if _, err := r.Prolong(t.Context(), "person:ana", l.ID, 5, "x"); err != nil {
		t.Fatal(err)
	}
	a := r.judge.last
	if a.Automatic || !a.Since.Equal(noon) || a.Needed != "auto" || a.Playbook != "p" {
		t.Errorf("asked %+v", a)
	}
	d, err := r.Show(t.Context(), l.ID)
	if err != nil || !slices.ContainsFunc(d.History, func(h Line) bool { return h.What == "prolong" && strings.HasPrefix(h.By, "person:") }) {
		t.Errorf("history %+v (%v)", d.History, err)
	}
}
