package finding

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bulwark/platform/db/dbtest"
)

// A finding of long ago, as a capture tells it, is the oldest of all: it stays all the same, or those who look and the
// database would be told of one that there is not.
func TestMakingRoomDoesNotForgetWhatIsNew(t *testing.T) {
	shown := 0
	f, _ := open(t, dbtest.SQLite(t), Needs{Config: Config{Most: 1000, Wide: 100_000}, Live: func(string, any) { shown++ }})
	a := alerts{}
	for n := range 1000 {
		a.add(uint64(n+1), "10.0.0.1", "10.0.0.2")
	}
	hear(t, f, &a)
	f.show()
	a.at = morning.Add(-24 * time.Hour)
	a.add(5000, "10.0.0.1", "10.0.0.2")
	hear(t, f, &a)
	f.show()
	if f.items[f.last] == nil || len(f.items) > 1000 || shown != 2 {
		t.Errorf("the new finding is there: %v; of 1000 at most there are %d; shown %d times, want 2", f.items[f.last] != nil, len(f.items), shown)
	}
	for id := range f.changed {
		if f.items[id] == nil {
			t.Errorf("finding %d is to be kept, and is forgotten", id)
		}
	}
}

// While a save writes, alerts go on: what it writes is as it stood.
func TestWhatIsBeingKeptStaysAsItStood(t *testing.T) {
	f, _ := open(t, dbtest.SQLite(t), Needs{})
	a := alerts{}
	say := func(n int) {
		for range n {
			a.add(7, "10.0.0.1", "10.0.0.2")
		}
		hear(t, f, &a)
	}
	say(slots)
	p := f.collect()
	before := fmt.Sprint(p.items[0].item, p.evidence)
	say(3 * lastSlots)
	if after := fmt.Sprint(p.items[0].item, p.evidence); after != before {
		t.Errorf("what was to be kept changed:\n%s\nwas\n%s", after, before)
	}
	f.kept(p)
	if err := f.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, _, err := f.memory(t.Context(), f.last)
	if err != nil {
		t.Fatal(err)
	}
	var got []uint64
	for _, w := range all {
		got = append(got, w.place)
	}
	if want := "[1 2 3 4 17 18 19 20]"; fmt.Sprint(got) != want {
		t.Errorf("evidence %v, want %s", got, want)
	}
}

// Alerts that come while findings are being copied for keeping, some at a time, are of the next time.
func TestFindingsAreCopiedAsTheyStood(t *testing.T) {
	d := dbtest.SQLite(t)
	f, _ := open(t, d, Needs{})
	a := alerts{}
	const many = 3*atOnce + 7
	round := func() {
		for n := range many {
			a.add(uint64(n+1), "10.0.0.1", "10.0.0.2")
		}
		hear(t, f, &a)
	}
	round()
	p := f.begin()
	if !f.copySome(p) || len(p.items) != atOnce {
		t.Fatalf("%d findings are copied at once, want %d and more to come", len(p.items), atOnce)
	}
	round()
	for f.copySome(p) {
	}
	if len(p.items) != many || len(p.evidence) != many || f.copying != nil {
		t.Fatalf("%d findings and %d events are copied, want %d", len(p.items), len(p.evidence), many)
	}
	for _, s := range p.items {
		if s.Count != 1 {
			t.Fatalf("finding %d was copied with %d alerts, want 1", s.ID, s.Count)
		}
	}
	f.settle(p.items, false) // it could not be kept
	if err := f.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, _ := open(t, d, Needs{Ledger: f.needs.Ledger})
	if n, found := again.counted(); n != 2*many || found != many {
		t.Errorf("%d alerts of %d findings are kept, want %d of %d", n, found, 2*many, many)
	}
	if len(f.changed) != 0 {
		t.Errorf("%d findings are to be kept though all are", len(f.changed))
	}
}

func TestFindingsAreForgottenWhenTheyAreOld(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name     string
		fleeting bool
		keep     time.Duration
		after    time.Duration
		want     string
	}{
		{"not before their time", false, 30 * day, 29 * day, "1 2"},
		{"closed ones first", false, 30 * day, 31 * day, "1"},
		{"open ones after twice as long", false, 30 * day, 61 * day, ""},
		{"never where it is said so", false, 0, 10_000 * day, "1 2"},
		{"never those of a capture", true, 30 * day, 61 * day, "1 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, now := open(t, dbtest.SQLite(t), Needs{Config: Config{Most: 1000, Wide: 32, Keep: c.keep}, Fleeting: c.fleeting})
			a := alerts{}
			a.add(1, "10.0.0.1", "10.0.0.2")
			a.add(2, "10.0.0.1", "10.0.0.2")
			hear(t, f, &a)
			say(t, f, Ask{IDs: []uint64{2}, Verdict: True})
			now.Add(c.after)
			f.expire()
			var got []string
			for id := range uint64(3) {
				if f.items[id] != nil {
					got = append(got, fmt.Sprint(id))
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("findings %v are left, want %q", got, c.want)
			}
		})
	}
}
