package finding

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

// places are the numbers of the events by which a finding is known.
func places(t *testing.T, f *Findings, id uint64) string {
	t.Helper()
	all, _, err := f.memory(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var out []uint64
	for n, w := range all {
		if w.place != 0 && n != slot(w.place) {
			t.Errorf("event %d of finding %d is kept in slot %d", w.place, id, n)
		}
		out = append(out, w.place)
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}

// What was found of an address before it was known whose it is, and what was found of that device elsewhere, is one finding.
func TestFindingsOfOneDeviceBecomeOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		who := people{}
		e := &ear{t: t}
		f, now := open(t, d, Needs{Devices: who, Publisher: e})
		a := &alerts{}
		times := func(n int, from string) {
			for range n {
				a.add(1, from, "10.0.0.2")
			}
			hear(t, f, a)
			now.Add(2 * time.Second)
		}
		times(3, "10.0.0.1")
		times(6, "10.0.0.8")
		keepAndTell(t, f)
		check(t, "two addresses", fmt.Sprint(page(t, f, "").Total), "2")
		who["10.0.0.1"], who["10.0.0.8"] = 5, 5
		f.wake()
		check(t, "one device", brief(page(t, f, "")), "1 x9 open 10.0.0.1>10.0.0.2")
		keepAndTell(t, f)
		check(t, "told", strings.Join(e.said(), ", "), "1 Create, 2 Create, 2 Close")
		f, now = open(t, d, Needs{Devices: who, Publisher: e, Ledger: f.needs.Ledger})
		check(t, "its events", places(t, f, 1), "[1 2 3 4 6 7 8 9]")
		times(1, "10.0.0.8")
		check(t, "found again", brief(page(t, f, "entity=device:5")), "1 x10 open 10.0.0.8>10.0.0.2")
		check(t, "its events then", places(t, f, 1), "[1 2 3 4 7 8 9 10]")
		shown, err := f.Show(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if want := `kind:alert alert.gid:1 alert.sid:1 ip:("10.0.0.8" or "10.0.0.1") ip:"10.0.0.2"`; shown.Evidence.Search != want {
			t.Errorf("its search is %s, want %s", shown.Evidence.Search, want)
		}
		var what []string
		for _, h := range shown.History {
			what = append(what, h.What)
		}
		check(t, "its history", strings.Join(what, " "), "merged created created")
		var rows int
		if err := d.Read().NewRaw("SELECT COUNT(*) FROM finding_evidence WHERE finding <> 1").Scan(t.Context(), &rows); err != nil || rows != 0 {
			t.Errorf("%d rows of evidence are nobody's, %v", rows, err)
		}
	})
}

func keepAndTell(t *testing.T, f *Findings) {
	t.Helper()
	if err := f.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.send(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Where the inventory joins two devices, what was found of the one and what people said of it is of the other.
func TestDevicesThatBecameOne(t *testing.T) {
	who := people{"10.0.0.1": 5, "10.0.0.8": 6}
	f, now := open(t, dbtest.SQLite(t), Needs{Devices: who})
	a := &alerts{}
	for _, from := range []string{"10.0.0.1", "10.0.0.8"} {
		a.add(1, from, "10.0.0.2")
		a.add(2, from, "10.0.0.2")
	}
	hear(t, f, a)
	say(t, f, Ask{IDs: []uint64{3}, Verdict: Benign, Reason: "it may"}) // of rule 1 and device 6
	check(t, "before", brief(page(t, f, "sort=first")), "4 x1 open 10.0.0.8>10.0.0.2; 3 x1 closed 10.0.0.8>10.0.0.2; 2 x1 open 10.0.0.1>10.0.0.2; 1 x1 open 10.0.0.1>10.0.0.2")
	now.Add(2 * time.Second)
	who["10.0.0.8"] = 5
	a.n++
	a.batch.Reset("inventory", "main", a.n)
	a.batch.Add(&event.Header{Time: morning.UnixNano()}, &event.Device{Activity: "Joined", Number: 5, Other: 6})
	hear(t, f, a)
	check(t, "after", brief(page(t, f, "sort=first")), "2 x2 open 10.0.0.1>10.0.0.2; 1 x2 open 10.0.0.1>10.0.0.2")
	say(t, f, Ask{IDs: []uint64{1}, Verdict: True})
	now.Add(2 * time.Hour)
	a.at = now.Now()
	a.add(1, "10.0.0.8", "10.0.0.2")
	hear(t, f, a)
	check(t, "what was said holds", brief(page(t, f, "")), "1 x3 closed 10.0.0.8>10.0.0.2; 2 x2 open 10.0.0.1>10.0.0.2")
	if s := f.Suppressions("1:1"); len(s) != 1 || s[0].Hits != 1 || s[0].Entities[0].Device != 5 {
		t.Errorf("suppressions: %+v", s)
	}
}
