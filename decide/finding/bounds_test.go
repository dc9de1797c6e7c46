package finding

import (
	"fmt"
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
