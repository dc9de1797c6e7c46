package rhythm

import (
	"errors"
	"math"
	"testing"
	"time"

	"bulwark/observe/inventory/internal/register"
)

func paris(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip("no zones are installed: ", err)
	}
	return zone
}

func TestSlotIsTheSitesHour(t *testing.T) {
	for _, c := range []struct {
		name, at  string
		day, hour int
	}{
		{"a Monday in winter is an hour ahead of UTC", "2026-03-02T07:30:00Z", 0, 8},
		{"a Sunday evening in UTC is Monday in Paris", "2026-03-01T23:10:00Z", 0, 0},
		{"in summer it is two", "2026-07-05T21:59:59Z", 6, 23},
		{"the hour before the clocks go on", "2026-03-29T00:59:00Z", 6, 1},
		{"and the next, which is called three", "2026-03-29T01:00:00Z", 6, 3},
	} {
		table := New(paris(t))
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := table.Slot(at.UnixNano()); got != c.day*24+c.hour {
			t.Errorf("%s: day %d, hour %d; want %d, %d", c.name, got/24, got%24, c.day, c.hour)
		}
	}
}

func TestSlotIsRememberedForNoLongerThanItHolds(t *testing.T) {
	kathmandu := time.FixedZone("", 5*3600+45*60)
	table := New(kathmandu)
	for m := range 7 * 24 * 60 {
		at := time.Date(2026, 3, 2, 0, m, 0, 0, time.UTC)
		local := at.In(kathmandu)
		if got, want := table.Slot(at.UnixNano()), (int(local.Weekday())+6)%7*24+local.Hour(); got != want {
			t.Fatalf("%v: %d, want %d", at, got, want)
		}
	}
}

func TestWeekKeepsItsShape(t *testing.T) {
	var w Week
	for range 3 * math.MaxUint16 {
		w.count(9)
		w.count(10)
		w.count(10)
	}
	if w[10] < math.MaxUint16/2 || w[10]/w[9] != 2 && (w[10]+1)/w[9] != 2 {
		t.Errorf("%d and %d, of which one is to be twice the other", w[9], w[10])
	}
	full := Week{9: math.MaxUint16, 10: 1000}
	full.add(&Week{9: math.MaxUint16, 10: 1000})
	if full[9] < 65000 || full[10] != 1000 {
		t.Errorf("two full ones make %d, %d", full[9], full[10])
	}
}

func TestTable(t *testing.T) {
	table := New(time.UTC)
	monday := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano()
	table.Count(Key{1, true}, monday)
	table.Count(Key{1, false}, monday)
	table.Count(Key{2, true}, monday+int64(24*time.Hour))
	table.Count(Key{0, true}, monday)
	one, two := &register.Trace{ID: 1}, &register.Trace{ID: 2}
	if got := table.Of([]*register.Trace{one, two}, true); got[8] != 1 || got[32] != 1 {
		t.Errorf("both served %v", got)
	}
	rows, gone := table.Changed()
	if len(rows) != 3 || len(gone) != 0 {
		t.Errorf("%v changed, %v gone", rows, gone)
	}
	table.Fold(1, 2)
	rows, gone = table.Changed()
	if len(rows) != 2 || len(gone) != 2 || table.Len() != 2 {
		t.Errorf("after folding %v changed, %v gone, %d are left", rows, gone, table.Len())
	}
	again := New(time.UTC)
	for _, r := range table.Everything() {
		if err := again.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := again.Of([]*register.Trace{two}, true), table.Of([]*register.Trace{two}, true); got != want || got[8] != 1 {
		t.Errorf("taken up again %v, want %v", got, want)
	}
	for _, bad := range [][]byte{nil, {1}, make([]byte, Slots+1), append(make([]byte, Slots-1), 0xff, 0xff, 0xff, 1)} {
		if err := again.Put(Row{Counts: bad}); !errors.Is(err, ErrWeek) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}
