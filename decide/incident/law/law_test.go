package law

import (
	"slices"
	"testing"
	"time"
)

func TestClocks(t *testing.T) {
	aware := time.Date(2026, 1, 28, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		what     string
		facts    Facts
		declared map[Step]time.Time
		step     Step
		applies  bool
		due      string
	}{
		{"the early warning is due in a day", Facts{Aware: aware, Significant: true}, nil, Step{"nis2", "early"}, true, "2026-01-29T10:00:00Z"},
		{"the notification in three", Facts{Aware: aware, Significant: true}, nil, Step{"nis2", "notification"}, true, "2026-01-31T10:00:00Z"},
		{"the report a month after the latest notification, on the last day of a short month", Facts{Aware: aware, Significant: true}, nil, Step{"nis2", "final"}, true, "2026-02-28T10:00:00Z"},
		{"or after the one that was sent", Facts{Aware: aware, Significant: true}, map[Step]time.Time{{"nis2", "notification"}: aware}, Step{"nis2", "final"}, true, "2026-02-28T10:00:00Z"},
		{"what is not significant needs none", Facts{Aware: aware, Personal: true}, nil, Step{"nis2", "early"}, false, "2026-01-29T10:00:00Z"},
		{"personal data in three days", Facts{Aware: aware, Personal: true}, nil, Step{"cnil", "notification"}, true, "2026-01-31T10:00:00Z"},
		{"care that is affected at once", Facts{Aware: aware, Care: true}, nil, Step{"certsante", "notification"}, true, "2026-01-28T10:00:00Z"},
	} {
		all := Clocks(c.facts, c.declared)
		n := slices.IndexFunc(all, func(x Clock) bool { return x.Step == c.step })
		if got := all[n]; got.Applies != c.applies || got.Due.Format(time.RFC3339) != c.due {
			t.Errorf("%s: got %v, %s, want %v, %s", c.what, got.Applies, got.Due.Format(time.RFC3339), c.applies, c.due)
		}
	}
}

func TestDraft(t *testing.T) {
	for _, s := range Steps() {
		fields := Draft(s, map[string]Text{"description": {"A scan.", "Un balayage."}})
		missing := 0
		for _, f := range fields {
			if f.Name.EN == "" || f.Name.FR == "" {
				t.Errorf("%v asks %q, which has no name", s, f.ID)
			}
			if f.Missing {
				missing++
			}
		}
		if missing != len(fields)-1 {
			t.Errorf("%v: %d of %d fields are missing, want all but the description", s, missing, len(fields))
		}
	}
}
