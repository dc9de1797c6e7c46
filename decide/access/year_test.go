package access

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"bulwark/decide/access/accesstest"
	"bulwark/platform/clock"
)

// year is what came of the glasses that were broken.
type year struct {
	all       int
	explained map[string][2]int // of each kind: explained, all
	found     map[string][2]int // of those without business there: among the first hundredth of all, all
	looked    [2]int            // and where a reviewer looks at five a day
}

// live plays a hospital's time and has every glass looked at as the program does.
func live(t *testing.T, seed uint64, days int) year {
	t.Helper()
	people, steps := accesstest.New(seed, at(), days)
	now := clock.NewManual(steps[0].At)
	h := newHospital(t)
	h.now, h.needs.Clock, h.needs.Fleeting = now, now, true
	h.staff.people = nil
	for _, p := range people {
		h.staff.people = append(h.staff.people, Person{ID: p.ID, Login: p.Login, Roles: p.Roles, Units: p.Units, Staff: p.Staff, Names: p.Names, Families: p.Families})
	}
	h.open(t)
	broken, roster, looked := map[string]*accesstest.Break{}, []Duty{}, now.Now()
	for _, s := range steps {
		now.Add(s.At.Sub(now.Now()))
		if s.At.Sub(looked) >= 2*time.Hour { // the program looks once a minute
			looked = s.At
			h.advance(s.At)
			if err := h.triage(t.Context(), s.At); err != nil {
				t.Fatal(err)
			}
		}
		switch {
		case s.Message != nil:
			h.hear(t, s.Message)
		case s.Roster != nil || s.Added != nil:
			if s.Added != nil {
				s.Roster = append(s.Roster, *s.Added)
			}
			roster = slices.DeleteFunc(roster, func(d Duty) bool { return s.At.Sub(d.Until) > 14*24*time.Hour })
			for _, d := range s.Roster {
				roster = append(roster, Duty{Person: d.Person, Unit: d.Unit, From: d.From, Until: d.Until})
			}
			if err := h.SetDuties(t.Context(), "host", s.At.Add(-14*24*time.Hour), roster); err != nil {
				t.Fatal(err)
			}
		case s.Sensitive != "":
			h.mark(s.Sensitive)
		case s.Break != nil:
			h.breakIt(t, s.Break, broken)
		}
	}
	for range 4 { // what comes late explains
		now.Add(24 * time.Hour)
		h.advance(now.Now())
		if err := h.triage(t.Context(), now.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return h.outcome(days, broken)
}

func (h *hospital) mark(id string) {
	h.know(id)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.patients[id].Sensitive = true
	h.putPatient(id, h.now.Now())
}

// breakIt breaks a glass, unless the record is open without.
func (h *hospital) breakIt(t *testing.T, b *accesstest.Break, broken map[string]*accesstest.Break) {
	t.Helper()
	s := h.as(b.Person)
	defer s.Close()
	if s.may("readRecord", b.Patient) {
		return
	}
	text := ""
	if b.Reason == "other" {
		text = "as the doctor asked"
	}
	g, err := s.BreakGlass(context.Background(), GlassAsk{Patient: b.Patient, Reason: b.Reason, Text: text})
	if err != nil {
		t.Fatalf("%+v: %v", b, err)
	}
	broken[g.ID] = b
}

func (h *hospital) outcome(days int, broken map[string]*accesstest.Break) year {
	y := year{all: len(broken), explained: map[string][2]int{}, found: map[string][2]int{}}
	count := func(of map[string][2]int, kind string, hit bool) {
		n := of[kind]
		n[1]++
		if hit {
			n[0]++
		}
		of[kind] = n
	}
	waiting := h.Glasses("waiting")
	slices.SortStableFunc(waiting, func(a, b *Glass) int { return cmp.Compare(b.Rank, a.Rank) })
	place := map[string]int{}
	for n, g := range waiting {
		place[g.ID] = n + 1
	}
	for id, b := range broken {
		n := place[id]
		if b.Snooping {
			count(y.found, b.Kind, n > 0 && n <= y.all/100)
			y.looked[1]++
			if n > 0 && n <= 5*days {
				y.looked[0]++
			}
		} else {
			count(y.explained, b.Kind, n == 0)
		}
	}
	return y
}

func sum(of map[string][2]int) (n [2]int) {
	for _, c := range of {
		n[0], n[1] = n[0]+c[0], n[1]+c[1]
	}
	return n
}

// TestAYearOfBrokenGlasses plays some weeks; with BULWARK_YEAR days of it, and prints what came of it.
func TestAYearOfBrokenGlasses(t *testing.T) {
	days, seeds := 14, []uint64{1}
	if n, err := strconv.Atoi(os.Getenv("BULWARK_YEAR")); err == nil {
		days, seeds = n, []uint64{101, 102, 103}
	}
	var explained, found, looked [2]int
	for _, seed := range seeds {
		y := live(t, seed, days)
		e, f := sum(y.explained), sum(y.found)
		explained, found = [2]int{explained[0] + e[0], explained[1] + e[1]}, [2]int{found[0] + f[0], found[1] + f[1]}
		looked = [2]int{looked[0] + y.looked[0], looked[1] + y.looked[1]}
		fmt.Printf("seed %d: %d broken glasses in %d days\n", seed, y.all, days)
		for _, kind := range slices.Sorted(maps.Keys(y.explained)) {
			fmt.Printf("  %-20s %5d of %5d explained\n", kind, y.explained[kind][0], y.explained[kind][1])
		}
		for _, kind := range slices.Sorted(maps.Keys(y.found)) {
			fmt.Printf("  %-20s %5d of %5d among the first hundredth\n", kind, y.found[kind][0], y.found[kind][1])
		}
	}
	fmt.Printf("RESULT glass_explained_share %d/%d share\n", explained[0], explained[1])
	fmt.Printf("RESULT glass_snooper_recall %d/%d share\n", found[0], found[1])
	fmt.Printf("RESULT glass_snooper_recall_5_a_day %d/%d share\n", looked[0], looked[1])
}
