package playbook

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/content/playbooks"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// world is what the room asks: incidents, acts and people.
type world struct {
	incidents map[string]Incident
	acts      []Wish
	lifted    []uint64
	told      []Message
	down      error           // what acts answer
	noted     map[uint64]bool // leases that were only noted
	live      bool            // shadow has ended
	die       func()          // called after an act was taken, before its lease is kept
}

func (w *world) Incident(_ context.Context, uid string) (Incident, error) {
	i, ok := w.incidents[uid]
	if !ok {
		return i, ErrNoIncident
	}
	return i, nil
}

func (w *world) Propose(_ context.Context, x Wish) (uint64, error) {
	if w.down != nil {
		return 0, w.down
	}
	if strings.HasPrefix(x.Target, "user:") {
		return 0, fmt.Errorf("%w: nothing here does that to users", ErrNever)
	}
	for k, o := range w.acts {
		if o == x && !w.noted[uint64(k+1)] {
			return uint64(k + 1), nil
		}
	}
	w.acts = append(w.acts, x)
	if w.noted != nil && !w.live {
		w.noted[uint64(len(w.acts))] = true
	}
	if w.die != nil {
		w.die()
	}
	return uint64(len(w.acts)), nil
}

func (w *world) Lift(_ context.Context, lease uint64, _ string) error {
	if w.down != nil {
		return w.down
	}
	w.lifted = append(w.lifted, lease)
	return nil
}

func (w *world) Live() bool { return w.live }

func (w *world) Noted(lease uint64) bool { return w.noted[lease] }

func (w *world) Can() []string { return []string{"ban", "isolate", "freeze-ring", "sinkhole"} }

func (w *world) Tell(_ context.Context, m Message) error {
	w.told = append(w.told, m)
	return nil
}

func (w *world) targets() (all []string) {
	for _, a := range w.acts {
		all = append(all, a.Act+" "+a.Target)
	}
	return all
}

func open(t *testing.T, d *db.DB, w *world) *Playbooks {
	t.Helper()
	clk := clock.NewManual(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC))
	l, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: clk, Origin: "bulwark/test/ledger", Key: ed25519.NewKeyFromSeed(make([]byte, 32)),
		Keeper: ledger.File(filepath.Join(t.TempDir(), "kept")), Health: health.NewTracker(clk)})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(t.Context(), Needs{DB: d, Ledger: l, Clock: clk, Log: slog.New(slog.DiscardHandler), Incidents: w, Acts: w, Shadow: w, Teller: w})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func attack() Incident {
	return Incident{UID: "7", Title: "Ransomware", Status: "open", Severity: "high", Risk: 20, Techniques: []string{"T1486"}, Stages: []string{"TA0040"}, Members: []Member{
		{Entity: "device:3", Source: true, Tier: 3}, {Entity: "device:12", Target: true, Tier: 1}, {Entity: "address:203.0.113.9", Outside: true, Source: true},
		{Entity: "address:10.0.0.9", Target: true}, {Entity: "domain:bad.example"}, {Entity: "user:x", Source: true}}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func live(t *testing.T, p *Playbooks) *Run {
	t.Helper()
	runs, err := p.runs(t.Context(), p.needs.DB.Read(), query{})
	must(t, err)
	if len(runs) != 1 {
		t.Fatalf("%d runs", len(runs))
	}
	return runs[0]
}

func TestAPlaybookRunsAndGoesOnAsTheIncidentGrows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{incidents: map[string]Incident{"7": attack()}}
		p := open(t, d, w)
		must(t, p.look(t.Context(), "7"))
		must(t, p.look(t.Context(), "7"))
		want := []string{"freeze-ring incident:7", "isolate device:3", "ban address:203.0.113.9", "sinkhole domain:bad.example"}
		if got := w.targets(); !slices.Equal(got, want) || len(w.told) != 1 {
			t.Errorf("asked for %q, told %d; want %q and 1", got, len(w.told), want)
		}
		i := attack()
		i.Members = append(i.Members, Member{Entity: "device:4", Source: true, Tier: 3})
		w.incidents["7"] = i
		p = open(t, d, w) // a restart
		must(t, p.look(t.Context(), "7"))
		if got := w.targets(); !slices.Equal(got, append(want, "isolate device:4")) || len(w.told) != 1 {
			t.Errorf("after it grew asked for %q, told %d", got, len(w.told))
		}
		r, err := p.Task(t.Context(), "person:1", live(t, p).ID, "backups", true, "done by night")
		must(t, err)
		if r.Steps[5].Done.IsZero() || r.Steps[5].By != "person:1" {
			t.Errorf("%+v", r.Steps)
		}
		i.Status, i.Verdict = "closed", "false"
		w.incidents["7"] = i
		must(t, p.look(t.Context(), "7"))
		if slices.Sort(w.lifted); !slices.Equal(w.lifted, []uint64{1, 2, 3, 4, 5}) || live(t, p).State != Over {
			t.Errorf("lifted %v, %+v", w.lifted, live(t, p))
		}
	})
}

func TestAClosedIncidentThatWasTrueKeepsItsContainment(t *testing.T) {
	w := &world{incidents: map[string]Incident{"7": attack()}}
	p := open(t, dbtest.SQLite(t), w)
	must(t, p.look(t.Context(), "7"))
	i := attack()
	i.Status, i.Verdict = "closed", "true"
	w.incidents["7"] = i
	must(t, p.look(t.Context(), "7"))
	if len(w.lifted) != 0 || live(t, p).State != Over {
		t.Errorf("lifted %v, %s", w.lifted, live(t, p).State)
	}
}

func TestWhatFailsIsTriedAgainAndWhatCannotBeIsSaid(t *testing.T) {
	w := &world{incidents: map[string]Incident{"7": attack()}, down: errors.New("the database is away")}
	p := open(t, dbtest.SQLite(t), w)
	must(t, p.look(t.Context(), "7"))
	if r := live(t, p); !strings.Contains(r.Problem, "the database is away") || len(w.acts) != 0 {
		t.Errorf("%+v", r)
	}
	w.down = nil
	must(t, p.tryAgain(t.Context()))
	if r := live(t, p); r.Problem != "" || len(w.acts) != 4 {
		t.Errorf("%+v", r)
	}
	w.down = fmt.Errorf("%w: the matrix says never", ErrNever)
	i := attack()
	i.Members = append(i.Members, Member{Entity: "device:5", Source: true})
	w.incidents["7"] = i
	must(t, p.look(t.Context(), "7"))
	must(t, p.tryAgain(t.Context()))
	if got := live(t, p).Steps[2].Targets; len(got) != 2 || got[1].Problem != "the matrix says never" || got[1].Lease != 0 {
		t.Errorf("%+v", got)
	}
}

func TestARunThatIsCancelledTakesBackWhatItDid(t *testing.T) {
	w := &world{incidents: map[string]Incident{"7": attack()}}
	p := open(t, dbtest.SQLite(t), w)
	must(t, p.look(t.Context(), "7"))
	w.down = errors.New("away")
	if _, err := p.Cancel(t.Context(), "person:1", live(t, p).ID, ""); !errors.Is(err, ErrAsk) {
		t.Errorf("without a reason: %v", err)
	}
	if r, err := p.Cancel(t.Context(), "person:1", live(t, p).ID, "a drill"); err != nil || r.State != Lifting {
		t.Errorf("%+v %v", r, err)
	}
	w.down = nil
	must(t, p.tryAgain(t.Context()))
	if live(t, p).State != Cancelled || len(w.lifted) != 4 {
		t.Errorf("%+v, lifted %v", live(t, p), w.lifted)
	}
	must(t, p.look(t.Context(), "7"))
	if len(w.acts) != 4 {
		t.Errorf("it ran again: %v", w.targets())
	}
	if _, err := p.Begin(t.Context(), "person:1", "ransomware", "7"); !errors.Is(err, ErrAsk) {
		t.Errorf("it is begun again: %v", err)
	}
}

// killed ends a program in the middle.
type killed struct{}

func TestAKillBetweenAnActAndItsEntryForgetsNothing(t *testing.T) {
	d := dbtest.SQLite(t)
	for n := range 5 {
		uid := fmt.Sprint(n)
		i := attack()
		i.UID = uid
		w := &world{incidents: map[string]Incident{uid: i}}
		left := n
		w.die = func() {
			if left == 0 {
				panic(killed{})
			}
			left--
		}
		func() {
			defer func() { _ = recover() }()
			_ = open(t, d, w).look(t.Context(), uid)
		}()
		w.die = nil
		p := open(t, d, w)
		must(t, p.tryAgain(t.Context()))
		runs, err := p.runs(t.Context(), d.Read(), query{incident: uid})
		must(t, err)
		leases := 0
		for _, s := range runs[0].Steps {
			leases += len(s.Targets)
		}
		if len(w.acts) != 4 || leases != 4 {
			t.Errorf("killed after act %d: %d acts, %d of them known", n+1, len(w.acts), leases)
		}
	}
}

func TestWhatIsSwitchedOffDoesNotRun(t *testing.T) {
	w := &world{incidents: map[string]Incident{"7": attack()}}
	p := open(t, dbtest.SQLite(t), w)
	must(t, p.Switch(t.Context(), "person:1", "ransomware", false, "a drill"))
	must(t, p.look(t.Context(), "7"))
	if len(w.acts) != 0 {
		t.Errorf("asked for %q", w.targets())
	}
	all, err := p.List(t.Context())
	must(t, err)
	at := slices.IndexFunc(all, func(v View) bool { return v.ID == "ransomware" })
	if all[at].On || all[at].Reason != "a drill" || len(all[at].Missing) != 0 {
		t.Errorf("%+v", all[at])
	}
	if r, err := p.Begin(t.Context(), "person:1", "ransomware", "7"); err != nil || r.By != "person:1" || len(w.acts) != 4 {
		t.Errorf("a person begins it: %+v %v", r, err)
	}
	if err := p.Switch(t.Context(), "person:1", "nothing", false, "x"); !errors.Is(err, ErrNoPlaybook) {
		t.Errorf("%v", err)
	}
}

func TestOfWhichIncidentsAPlaybookIs(t *testing.T) {
	for _, c := range []struct {
		what         string
		when, unless playbooks.When
		want         bool
	}{
		{"the severity is at least", playbooks.When{Severity: "medium"}, playbooks.When{}, true},
		{"the severity is too low", playbooks.When{Severity: "critical"}, playbooks.When{}, false},
		{"the risk is at least", playbooks.When{Risk: 20}, playbooks.When{}, true},
		{"the risk is too low", playbooks.When{Risk: 21}, playbooks.When{}, false},
		{"a technique of it", playbooks.When{Techniques: []string{"T1110", "T1486"}}, playbooks.When{}, true},
		{"no technique of it", playbooks.When{Techniques: []string{"T148"}}, playbooks.When{}, false},
		{"all that is said must hold", playbooks.When{Severity: "high", Stages: []string{"TA0001"}}, playbooks.When{}, false},
		{"a word, whatever the case", playbooks.When{Words: []string{"RANSOM"}}, playbooks.When{}, true},
		{"unless one of several", playbooks.When{Severity: "low"}, playbooks.When{Severity: "critical", Techniques: []string{"T1486"}}, false},
		{"unless none of several", playbooks.When{Severity: "low"}, playbooks.When{Severity: "critical", Techniques: []string{"T1"}}, true},
	} {
		i := attack()
		if got := wanted(&playbooks.Playbook{When: c.when, Unless: c.unless}, &i); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
	i := attack()
	i.Techniques = []string{"T1110.003"}
	if !wanted(&playbooks.Playbook{When: playbooks.When{Techniques: []string{"T1110"}}}, &i) {
		t.Error("a technique below one is none of it")
	}
	i.Status = "closed"
	if wanted(&playbooks.Playbook{When: playbooks.When{Severity: "low"}}, &i) {
		t.Error("a closed incident is still acted upon")
	}
}

func TestAStepSaysWhoMustSayYesBesides(t *testing.T) {
	w := &world{}
	p, i := open(t, dbtest.SQLite(t), w), attack()
	r := &Run{Playbook: &playbooks.Playbook{ID: "own"}, Incident: "7"}
	s := playbooks.Step{ID: "ban", Do: "contain", Act: "ban", Of: "outside", Minutes: 5, Approve: "clinical"}
	must(t, p.contain(t.Context(), r, &s, &Progress{}, &i, func() error { return nil }))
	if len(w.acts) != 1 || w.acts[0].Approve != "clinical" {
		t.Errorf("asked for %+v", w.acts)
	}
}

// What each shipped playbook asks for, and that one which looks alike does not begin.
func TestWhatShippedPlaybooksAskFor(t *testing.T) {
	with := func(edit func(*Incident)) Incident {
		i := attack()
		edit(&i)
		return i
	}
	for _, c := range []struct {
		what, playbook string
		incident       Incident
		want           string // empty: it does not begin
	}{
		{"ransomware: evidence, its sources, and by which addresses and names it is steered", "ransomware", attack(),
			"freeze-ring incident:7, isolate device:3, ban address:203.0.113.9, sinkhole domain:bad.example"},
		{"not so where it is slight", "ransomware", with(func(i *Incident) { i.Severity = "medium" }), ""},
		{"a device that reports outside: evidence and where to, by address and name", "beaconing",
			with(func(i *Incident) { i.Techniques, i.Stages = []string{"T1071"}, []string{"TA0011"} }),
			"freeze-ring incident:7, ban address:203.0.113.9, sinkhole domain:bad.example"},
		{"not so where it encrypts, which is another playbook's", "beaconing", with(func(i *Incident) { i.Stages = []string{"TA0011"} }), ""},
		{"images that leave: evidence and where to", "image-theft", with(func(i *Incident) { i.Techniques = []string{"T1048.003"} }),
			"freeze-ring incident:7, ban address:203.0.113.9, sinkhole domain:bad.example, isolate device:3"},
		{"not so where they are only asked for by few", "image-theft", with(func(i *Incident) { i.Techniques = []string{"T1046"} }), ""},
		{"an account in other hands: evidence, from where it is used, and itself", "compromised-account",
			with(func(i *Incident) { i.Techniques = []string{"T1078"} }), "freeze-ring incident:7, isolate device:3, disable-account user:x"},
		{"not so where passwords are guessed: that would lock out who is attacked", "compromised-account",
			with(func(i *Incident) { i.Techniques = []string{"T1110"} }), ""},
		{"guesses lock nobody out", "brute-force", with(func(i *Incident) { i.Techniques = []string{"T1110.003"} }), "ban address:203.0.113.9, isolate device:3"},
	} {
		for _, f := range playbooks.Load(nil) {
			if f.ID != c.playbook {
				continue
			}
			var got []string
			for k := range f.Steps {
				if s := &f.Steps[k]; s.Do == "contain" && wanted(f.Playbook, &c.incident) {
					all, _ := whom(s, &c.incident)
					for _, entity := range all {
						got = append(got, s.Act+" "+entity)
					}
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("%s: %q, want %q", c.what, strings.Join(got, ", "), c.want)
			}
		}
	}
}

func TestToWhomAStepIsDone(t *testing.T) {
	i := attack()
	for _, c := range []struct {
		step playbooks.Step
		want string
		more int
	}{
		{playbooks.Step{Of: "sources"}, "device:3", 0},
		{playbooks.Step{Of: "targets"}, "device:12 address:10.0.0.9", 0},
		{playbooks.Step{Of: "devices", Tiers: []int{1, 3}}, "device:3 device:12", 0},
		{playbooks.Step{Of: "devices", Most: 1}, "device:3", 2},
		{playbooks.Step{Of: "outside"}, "address:203.0.113.9", 0},
		{playbooks.Step{Of: "users"}, "user:x", 0},
		{playbooks.Step{Of: "domains"}, "domain:bad.example", 0},
		{playbooks.Step{Of: "incident"}, "incident:7", 0},
	} {
		got, more := whom(&c.step, &i)
		if strings.Join(got, " ") != c.want || more != c.more {
			t.Errorf("%+v is done to %q and %d more, want %q and %d", c.step, got, more, c.want, c.more)
		}
	}
}
