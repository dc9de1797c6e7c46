package story

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const (
	day    = int64(24 * time.Hour)
	minute = int64(time.Minute)
	start  = 1_700_000_000 * int64(time.Second)
)

// number numbers incidents.
func number() func() uint64 {
	var last uint64
	return func() uint64 { last++; return last }
}

// tell plays findings, and returns the incidents that they open.
func tell(s *Site, all ...Finding) (opened []*Incident) {
	for n := range all {
		for _, c := range s.Take(&all[n]) {
			if c.New {
				opened = append(opened, c.Incident)
			}
		}
	}
	return opened
}

// week is a week of one rule that fires on one device every hour.
func week() (all []Finding) {
	for h := range int64(7 * 24) {
		all = append(all, Finding{ID: "daily", At: start + h*60*minute, Rule: "daily", Severity: 2, Subjects: []string{"device:1"}})
	}
	return all
}

func TestTake(t *testing.T) {
	later := start + 7*day
	at := func(seconds int64, rule string, severity uint8, subject string, names ...string) Finding {
		return Finding{ID: rule, At: later + seconds*int64(time.Second), Rule: rule, Severity: severity, Subjects: []string{subject}, Names: names}
	}
	for _, c := range []struct {
		what string
		told []Finding
		want string // entities and reasons of each incident
	}{
		{"what fires every hour for a week opens nothing", nil, "[]"},
		{"a critical rule opens one by itself", []Finding{at(0, "worm", 4, "device:2")}, "[device:2 opened]"},
		{"one new rule of little weight opens none", []Finding{at(0, "odd", 1, "device:2")}, "[]"},
		{"several things of one moment weigh less than as many in a row", []Finding{at(0, "a", 1, "device:2"), at(1, "b", 1, "device:2"), at(2, "c", 1, "device:2")}, "[]"},
		{"several new rules in a row open one, which holds what led to it", []Finding{at(0, "a", 1, "device:2"), at(60, "b", 1, "device:2"), at(120, "c", 1, "device:2")},
			"[device:2 built built opened]"},
		{"what comes to its entity joins", []Finding{at(0, "worm", 4, "device:2"), at(60, "scan", 1, "device:2")}, "[device:2 opened entity]"},
		{"what names its entity joins", []Finding{at(0, "bad", 3, "device:2", "domain:bad.example"), at(60, "dns", 1, "device:3", "domain:bad.example")},
			"[device:2 device:3 opened shared]"},
		{"the same rule elsewhere joins, with what led to it", []Finding{at(0, "bad", 3, "device:2"), at(30, "odd", 1, "device:3"), at(60, "bad", 3, "device:3")},
			"[device:2 device:3 opened built rule]"},
		{"what is grave at the same time joins where that is rare", []Finding{at(0, "bad", 3, "device:2"), at(60, "leak", 3, "device:3")}, "[device:2 device:3 opened time]"},
		{"what is grave hours later opens another", []Finding{at(0, "worm", 4, "device:2"), at(4*3600, "leak", 4, "device:3")}, "[device:2 opened][device:3 opened]"},
		{"what is usual does not join", []Finding{at(0, "worm", 4, "device:1"), at(60, "daily", 2, "device:1")}, "[device:1 opened]"},
		{"what is rare elsewhere is shown with a grave one", []Finding{at(0, "worm", 4, "device:2"), at(60, "leak", 4, "device:2"), at(90, "cpu", 0, "device:9")},
			"[device:2 device:9 opened entity context]"},
	} {
		s := New(Defaults(), number())
		got := ""
		for _, in := range tell(s, append(week(), c.told...)...) {
			words := slices.Clone(in.Entities)
			for _, j := range in.Joins {
				words = append(words, string(j.Why))
			}
			got += fmt.Sprint(words)
		}
		if got == "" {
			got = "[]"
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, got, c.want)
		}
	}
}

// stream is a week of chance findings of a site, with bursts of trouble.
func stream(seed uint64) (all []Finding) {
	r := rand.New(rand.NewPCG(seed, 1))
	at := start
	for n := range 1500 {
		at += r.Int64N(10 * minute)
		f := Finding{ID: fmt.Sprint(n), At: at - r.Int64N(minute), Rule: fmt.Sprint("rule", int(r.ExpFloat64()*15)), Severity: uint8(min(4, r.ExpFloat64())),
			Confidence: r.Uint64N(101), Subjects: []string{fmt.Sprint("device:", r.IntN(40))}, Tactics: []string{fmt.Sprint("TA", r.IntN(5))}}
		if r.IntN(3) == 0 {
			f.Names = []string{fmt.Sprint("domain:", r.IntN(100))}
		}
		if r.IntN(5) == 0 {
			f.Subjects = append(f.Subjects, fmt.Sprint("device:", r.IntN(40)))
		}
		all = append(all, f)
	}
	return all
}

// play plays a stream to a site that is kept and taken up again wherever cut says, and shows all that came of it.
func play(t *testing.T, set Settings, all []Finding, cut func(int) bool) (shown string, s *Site, incidents []*Incident) {
	t.Helper()
	next := number()
	s = New(set, next)
	kept := map[[2]string]Kept{}
	byID := map[uint64]*Incident{}
	for n := range all {
		for _, c := range s.Take(&all[n]) {
			byID[c.Incident.ID] = c.Incident
		}
		if !cut(n) {
			continue
		}
		pieces, err := s.Changed()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			kept[[2]string{p.Kind, p.Key}] = p
		}
		s = New(set, next)
		for _, p := range kept {
			if p.Doc == nil {
				continue
			}
			if err := s.Restore(p); err != nil {
				t.Fatal(err)
			}
		}
		var open []*Incident
		for id, in := range byID {
			doc, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			again := &Incident{}
			if err := json.Unmarshal(doc, again); err != nil {
				t.Fatal(err)
			}
			byID[id] = again
			if !again.Ended {
				open = append(open, again)
			}
		}
		s.Resume(open)
	}
	for id := range uint64(len(byID)) {
		incidents = append(incidents, byID[id+1])
	}
	doc, err := json.Marshal(incidents)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc), s, incidents
}

func TestSameIncidentsHoweverItIsCut(t *testing.T) {
	tried := 0
	for seed := range uint64(4) {
		all := stream(seed)
		whole, _, incidents := play(t, Defaults(), all, func(int) bool { return false })
		tried += len(incidents)
		if seed == 3 && tried < 8 {
			t.Fatalf("%d incidents: the streams try nothing", tried)
		}
		r := rand.New(rand.NewPCG(seed, 2))
		for _, often := range []int{20, 300} {
			if got, _, _ := play(t, Defaults(), all, func(int) bool { return r.IntN(often) == 0 }); got != whole {
				t.Errorf("seed %d: kept and taken up again about every %d findings, got %d bytes of incidents that differ from %d", seed, often, len(got), len(whole))
			}
		}
	}
}

func TestIncidentsHold(t *testing.T) {
	for seed := range uint64(4) {
		set := Defaults()
		_, s, incidents := play(t, set, stream(seed), func(int) bool { return false })
		in := map[uint64]uint64{}
		for _, i := range incidents {
			if span := i.Last - i.First; span > int64(set.Span)+int64(set.Gap) {
				t.Errorf("seed %d: incident %d took %v, more than %v", seed, i.ID, time.Duration(span), set.Span)
			}
			for _, j := range i.Joins {
				if j.Why == "" || (j.Why == Shared || j.Why == OfRule) && j.Via == "" {
					t.Errorf("seed %d: incident %d: %s on %s is there for %q by %q", seed, i.ID, j.Rule, j.Entity, j.Why, j.Via)
				}
				if in[j.Burst] != 0 {
					t.Errorf("seed %d: burst %d is in the incidents %d and %d", seed, j.Burst, in[j.Burst], i.ID)
				}
				in[j.Burst] = i.ID
			}
		}
		if s.Risk("device:1", s.state.Now+day) > s.Risk("device:1", s.state.Now)/1000+1e-9 {
			t.Errorf("seed %d: the risk of a device did not fade within a day", seed)
		}
	}
}

func TestBounds(t *testing.T) {
	set := Defaults()
	set.Entities, set.Pairs, set.Rules = 100, 200, 50
	s := New(set, number())
	for n := range int64(5000) {
		s.Take(&Finding{At: start + n*minute/10, Rule: fmt.Sprint("r", n%300), Severity: uint8(n % 5), Subjects: []string{fmt.Sprint("device:", n)}, Names: []string{fmt.Sprint("file:", n)}})
		if len(s.entities) > 100 || len(s.pairs) > 200 || len(s.rules) > 50 || len(s.bursts) > 200 || len(s.recent) > mostRecent {
			t.Fatalf("after %d findings: %d entities, %d pairs, %d rules, %d bursts", n, len(s.entities), len(s.pairs), len(s.rules), len(s.bursts))
		}
		for _, in := range s.Open() {
			if len(in.Joins) > mostJoins || len(in.Entities) > mostEntities || len(in.Rules) > mostRules {
				t.Fatalf("incident %d: %d joins, %d entities, %d rules", in.ID, len(in.Joins), len(in.Entities), len(in.Rules))
			}
		}
	}
	if c := s.Counts; c.Entities == 0 || c.Pairs == 0 || c.Rules == 0 {
		t.Errorf("got %+v: what was forgotten is not counted", c)
	}
}

func TestByHand(t *testing.T) {
	s := New(Defaults(), number())
	worm := func(at int64, device string) Finding {
		return Finding{ID: device, At: start + at, Rule: "worm on " + device, Severity: 4, Subjects: []string{device}}
	}
	all := tell(s, worm(0, "device:1"), worm(3*60*minute, "device:2"))
	if len(all) != 2 {
		t.Fatalf("got %d incidents, want 2", len(all))
	}
	s.Merge(all[1], all[0])
	if got := fmt.Sprint(len(all[0].Joins), all[0].Ended, all[1].Entities, len(all[1].Joins)); got != "0 true [device:1 device:2] 2" {
		t.Errorf("merged: got %s", got)
	}
	tell(s, Finding{ID: "more", At: start + 3*60*minute + 1, Rule: "more", Severity: 3, Subjects: []string{"device:1"}})
	if n := len(all[1].Joins); n != 3 {
		t.Errorf("what comes to an entity that was merged in: got %d joins, want 3", n)
	}
	out := s.Split(all[1], []uint64{all[1].Joins[0].Burst})
	if got := fmt.Sprint(out.Entities, len(out.Joins), out.After, len(all[1].Joins), out.Risk > 0); got != "[device:1] 1 2 2 true" {
		t.Errorf("split: got %s", got)
	}
}

// An incident as it was at each of its moments is what it was told to be then.
func TestUntil(t *testing.T) {
	set := Defaults()
	s := New(set, number())
	var was []Incident
	var in *Incident
	for n := range 12 {
		f := Finding{ID: fmt.Sprint(n), At: start + int64(n)*minute, Rule: fmt.Sprint("rule ", n), Severity: 4, Subjects: []string{fmt.Sprint("device:", n/3)}, Names: []string{"domain:bad.example"},
			Tactics: []string{fmt.Sprint("TA", n/4)}}
		for _, c := range s.Take(&f) {
			in = c.Incident
		}
		if in != nil {
			was = append(was, *in)
			was[len(was)-1].Joins = slices.Clone(in.Joins)
		}
	}
	if len(was) < 10 {
		t.Fatalf("only %d moments", len(was))
	}
	for n := range was {
		got := set.Until(in, was[n].Last)
		if got.Risk != was[n].Risk || len(got.Joins) != len(was[n].Joins) || !slices.Equal(got.Entities, was[n].Entities) || !slices.Equal(got.Tactics, was[n].Tactics) {
			t.Errorf("moment %d: risk %v, %d joins, %v; want %v, %d, %v", n, got.Risk, len(got.Joins), got.Entities, was[n].Risk, len(was[n].Joins), was[n].Entities)
		}
	}
}

// attacks are attacks on devices of their own, hours apart, after a week of what is usual: each a dozen grave things within a quarter
// of an hour.
func attacks(chance *rand.Rand) (all []Finding) {
	all = week()
	for n := range int64(4) {
		at := start + 7*day + n*5*60*minute
		for k := range int64(12) {
			f := Finding{ID: fmt.Sprint(n, " ", k), At: at + k*minute + chance.Int64N(minute), Rule: fmt.Sprint("rule ", n, " ", k), Severity: uint8(3 + k%2),
				Subjects: []string{fmt.Sprint("device:", 10*n+chance.Int64N(3))}, Names: []string{fmt.Sprint("domain:", n)}}
			all = append(all, f)
		}
	}
	return all
}

// Findings that come up to three minutes late make the same incidents: of the same findings, on the same entities.
func TestFindingsThatComeLate(t *testing.T) {
	told := func(all []Finding) (out []string) {
		for _, in := range tell(New(Defaults(), number()), all...) {
			var ids []string
			for _, j := range in.Joins {
				ids = append(ids, j.Findings...)
			}
			slices.Sort(ids)
			entities := slices.Clone(in.Entities)
			slices.Sort(entities)
			out = append(out, fmt.Sprint(entities, slices.Compact(ids)))
		}
		slices.Sort(out)
		return out
	}
	for seed := range uint64(300) {
		chance := rand.New(rand.NewPCG(seed, 7))
		all := attacks(chance)
		want := told(all)
		if len(want) != 4 {
			t.Fatalf("seed %d: %d incidents of four attacks: %q", seed, len(want), want)
		}
		come := map[string]int64{}
		for _, f := range all {
			come[f.ID] = f.At + chance.Int64N(3*minute)
		}
		slices.SortStableFunc(all[len(week()):], func(a, b Finding) int { return int(min(1, max(-1, come[a.ID]-come[b.ID]))) })
		if got := told(all); !slices.Equal(got, want) {
			t.Fatalf("seed %d: late findings make\n%q, want\n%q", seed, got, want)
		}
	}
}
