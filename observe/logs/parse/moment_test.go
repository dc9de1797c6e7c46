package parse

import (
	"testing"
	"time"
)

func TestTimesWithoutYearOrZone(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ does, text, received, want string }{
		{"a clock that is fast has its new year already", "Jan  1 00:00:10", "2026-12-31T22:59:50Z", "2026-12-31T23:00:10Z"},
		{"a line of the old year that comes in the new one", "Dec 31 23:59:50", "2026-12-31T23:00:10Z", "2026-12-31T22:59:50Z"},
		{"a line of eleven months ago", "Jan 20 10:00:00", "2026-12-20T09:00:00Z", "2026-01-20T09:00:00Z"},
		{"a line of a month that is still to come is of the year before", "Nov 20 10:00:00", "2026-03-20T09:00:00Z", "2025-11-20T09:00:00Z"},
		{"the 29th of February of the year before", "Feb 29 10:00:00", "2025-02-01T09:00:00Z", "2024-02-29T09:00:00Z"},
		{"summer has its own offset", "Jul 14 10:00:00", "2026-07-14T08:00:00Z", "2026-07-14T08:00:00Z"},
		{"before the clocks go forward", "Mar 29 01:59:59", "2026-03-29T01:00:00Z", "2026-03-29T00:59:59Z"},
		{"after the clocks went forward", "Mar 29 03:00:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"after the clocks went back", "Oct 25 03:00:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
	} {
		received, err := time.Parse(time.RFC3339, c.received)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.ParseInLocation(time.Stamp, c.text, paris)
		if err != nil {
			t.Fatal(err)
		}
		if got := yearOf(at, received).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s: got %s, want %s", c.does, got, c.want)
		}
	}
}
