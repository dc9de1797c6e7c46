package containment

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// switchboard is an enforcement point that holds orders until it is told otherwise, and does wrong what it is told to.
type switchboard struct {
	mu    sync.Mutex
	holds map[uint64]Order
	lies  bool  // says that it is done, and does nothing
	err   error // is away
	hangs chan struct{}
	calls int
}

func (s *switchboard) Name() string   { return "switchboard" }
func (s *switchboard) Acts() []string { return []string{"isolate", "ban"} }
func (s *switchboard) Try(_ context.Context, o Order) ([]string, error) {
	if o.Target == "address:127.0.0.1" {
		return nil, errors.New("that is this machine")
	}
	return []string{o.Act + " " + o.Target}, nil
}

func (s *switchboard) Drive(ctx context.Context, want, _ []Order) (map[uint64]error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if hangs := s.hangs; hangs != nil {
		s.mu.Unlock()
		<-hangs
		s.mu.Lock()
	}
	if s.err != nil || s.lies {
		return nil, s.err
	}
	s.holds = map[uint64]Order{}
	for _, o := range want {
		s.holds[o.ID] = o
	}
	return nil, nil
}

func (s *switchboard) Read(_ context.Context, all []Order) (map[uint64]bool, map[uint64]error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := map[uint64]bool{}
	for _, o := range all {
		_, held[o.ID] = s.holds[o.ID]
	}
	return held, nil, s.err
}

func (s *switchboard) held() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.holds))
}

func (s *switchboard) set(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

// judge is an interlock that asks for what it is told to.
type judge struct {
	needs []string
	at    netip.Addr // where the target is; zero: 10.0.0.7
	last  Ask
}

func (j *judge) Weigh(_ context.Context, a Ask) (Weighed, error) {
	j.last = a
	w := Weighed{Effect: "E3", Name: "pc", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.7")}, Verdict: Verdict{Outcome: "allow", Needs: "auto"},
		Cuts: []Cut{{Device: 7, Ward: "A"}}}
	if j.at.IsValid() {
		w.Addresses = []netip.Addr{j.at}
	}
	if a.Approve != "" {
		j = &judge{needs: []string{a.Approve}}
	}
	for _, role := range j.needs {
		if !slices.ContainsFunc(a.Approvals, func(x Approval) bool { return x.Yes && slices.Contains(x.Roles, role) }) {
			w.Verdict.Outcome, w.Verdict.Missing = "ask", append(w.Verdict.Missing, role)
		}
	}
	return w, nil
}

// room is a room with an enforcement point and a clock that tests move.
type room struct {
	*Containment
	t      *testing.T
	clock  *clock.Manual
	point  *switchboard
	judge  *judge
	health *health.Tracker
	r      *reconciler
	alarms []string
}

func newRoom(t *testing.T, d *db.DB) *room {
	t.Helper()
	r := &room{t: t, clock: clock.NewManual(noon), point: &switchboard{}, judge: &judge{}}
	r.health = health.NewTracker(r.clock)
	r.open(d)
	return r
}

// open takes up what is in the database, as after a restart.
func (r *room) open(d *db.DB) {
	r.t.Helper()
	l, err := ledger.Open(r.t.Context(), ledger.Needs{DB: d, Clock: r.clock, Origin: "test/ledger", Key: privateKey(), Health: r.health})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Containment, err = New(r.t.Context(), Needs{DB: d, Ledger: l, Clock: r.clock, Log: slog.New(slog.DiscardHandler), Health: r.health, Interlock: r.judge,
		Points: []Point{r.point}, Codes: [32]byte{1}, Alarm: func(_ context.Context, why string) { r.alarms = append(r.alarms, why) }})
	if err != nil {
		r.t.Fatal(err)
	}
	r.r = &reconciler{c: r.Containment, p: r.point, name: r.point.Name()}
}

// step does what is due.
func (r *room) step() {
	r.due(r.t.Context())
	r.r.round(r.t.Context())
}

func (r *room) propose(target string) Lease {
	r.t.Helper()
	l, err := r.Propose(r.t.Context(), Wish{Act: "isolate", Target: target, Minutes: 60, Reason: "ransomware", By: "person:ana"})
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// expect checks the state of a lease, and whether the enforcement point holds it.
func (r *room) expect(what string, id uint64, state State, held bool) Lease {
	r.t.Helper()
	d, err := r.Show(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	if d.State != state || slices.Contains(r.point.held(), id) != held || d.Enforced && !held {
		r.t.Errorf("%s: lease is %s (%s), enforced %v, held %v; want %s, held %v", what, d.State, d.Problem, d.Enforced, r.point.held(), state, held)
	}
	return d.Lease
}

func TestALease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		l := r.propose("device:7")
		r.expect("asked for", l.ID, Approved, false)
		r.step()
		got := r.expect("applied", l.ID, InForce, true)
		if want := noon.Add(time.Hour); !got.Until.Equal(want) {
			t.Errorf("it ends at %v, want %v", got.Until, want)
		}
		if _, err := r.Propose(t.Context(), Wish{Act: "isolate", Target: "device:7", Minutes: 5, Reason: "again", By: "host"}); !errors.Is(err, ErrAlready) {
			t.Errorf("the same again: %v, want %v", err, ErrAlready)
		}
		r.clock.Add(time.Hour - time.Second)
		r.step()
		r.expect("a second before its end", l.ID, InForce, true)
		r.clock.Add(time.Second)
		r.step()
		r.expect("its end", l.ID, Expired, false)
		r.verify()
		d2, _ := r.Show(t.Context(), l.ID)
		var all []string
		for _, h := range d2.History {
			all = append(all, h.What)
		}
		if want := "propose apply in-force expire expired"; strings.Join(all, " ") != want {
			t.Errorf("history %v, want %v", all, want)
		}
	})
}

// verify verifies the ledger.
func (r *room) verify() {
	r.t.Helper()
	if rep, err := r.needs.Ledger.Verify(r.t.Context()); err != nil || !rep.Whole() {
		r.t.Errorf("the ledger is not whole: %v %v", rep.Faults, err)
	}
}

func TestPersonsAnswer(t *testing.T) {
	r := newRoom(t, dbtest.SQLite(t))
	r.judge.needs = []string{"soc", "clinical"}
	ana, chloe := Asker{"person:ana", []string{"soc"}}, Asker{"person:chloe", []string{"clinical"}}
	l := r.propose("device:7")
	r.step()
	r.expect("nobody answered", l.ID, Proposed, false)
	if n := len(r.Waiting(chloe)); n != 1 {
		t.Errorf("%d leases wait for chloe, want 1", n)
	}
	if _, err := r.Approve(t.Context(), Asker{Actor: "host"}, l.ID, ""); !errors.Is(err, ErrRole) {
		t.Errorf("the host says yes: %v, want %v", err, ErrRole)
	}
	for _, who := range []Asker{ana, chloe} {
		if _, err := r.Approve(t.Context(), who, l.ID, "seen"); err != nil {
			t.Fatal(err)
		}
		if who.Actor == "person:ana" {
			if _, err := r.Approve(t.Context(), ana, l.ID, "once more"); !errors.Is(err, ErrRole) {
				t.Errorf("ana says yes twice: %v, want %v", err, ErrRole)
			}
			r.step()
			r.expect("one answered", l.ID, Proposed, false)
		}
	}
	r.step()
	r.expect("both answered", l.ID, InForce, true)
	other := r.propose("device:8")
	if _, err := r.Decline(t.Context(), chloe, other.ID, "a patient is on it"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(t.Context(), ana, other.ID, ""); !errors.Is(err, ErrState) {
		t.Errorf("yes after a no: %v, want %v", err, ErrState)
	}
	r.step()
	r.expect("declined", other.ID, Refused, false)
	third := r.propose("device:9")
	r.clock.Add(mostWaiting + time.Second)
	r.step()
	r.expect("nobody answered for a day", third.ID, Expired, false)
	r.verify()
}

func TestAPointThatIsWrong(t *testing.T) {
	tests := []struct {
		name    string
		spoil   func(*switchboard)
		problem string
	}{
		{"one that is away is tried again, and shown", func(s *switchboard) { s.err = errors.New("no route to it") }, "no route to it"},
		{"one that lies is never reported as done", func(s *switchboard) { s.lies = true; s.holds = nil }, errLied.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t, dbtest.SQLite(t))
			r.point.set(func() { tt.spoil(r.point) })
			l := r.propose("device:7")
			r.step()
			got := r.expect("first attempt", l.ID, Failed, false)
			if got.Problem != tt.problem || len(r.health.Warnings()) != 1 {
				t.Errorf("problem %q, %d warnings; want %q and one", got.Problem, len(r.health.Warnings()), tt.problem)
			}
			calls := r.point.calls
			r.step()
			if r.point.calls != calls {
				t.Error("it was tried again at once")
			}
			for range 8 {
				r.clock.Add(lastRetry)
				r.step()
			}
			got = r.expect("many attempts", l.ID, Failed, false)
			if d, _ := r.Show(t.Context(), l.ID); got.Attempts != 9 || len(d.History) != 3 {
				t.Errorf("%d attempts in %d lines, want 9 in 3", got.Attempts, len(d.History))
			}
			r.point.set(func() { r.point.err, r.point.lies = nil, false })
			r.clock.Add(lastRetry)
			r.step()
			r.expect("mended", l.ID, InForce, true)
			if w := r.health.Warnings(); len(w) != 0 {
				t.Errorf("warnings %v, want none", w)
			}
			r.point.set(func() { tt.spoil(r.point) })
			if tt.problem != errLied.Error() { // one that lies has let go of it
				if _, err := r.Lift(t.Context(), "person:ana", l.ID, "over"); err != nil {
					t.Fatal(err)
				}
				r.step()
				r.expect("it cannot be taken away", l.ID, Reverting, true)
				r.point.set(func() { r.point.err = nil })
				r.clock.Add(undoRetry)
				r.step()
				r.expect("it is taken away", l.ID, Reverted, false)
			} else {
				r.clock.Add(watchEvery)
				r.step()
				r.expect("it let go of it", l.ID, Failed, false)
			}
			r.verify()
		})
	}
}

func TestRestart(t *testing.T) {
	d := dbtest.SQLite(t)
	r := newRoom(t, d)
	l, m := r.propose("device:7"), r.propose("device:8")
	r.step()
	r.open(d)
	r.point.set(func() { r.point.holds = nil }) // the machine was started anew
	r.step()
	r.expect("after a restart", l.ID, InForce, true)
	if _, err := r.Lift(t.Context(), "person:ana", m.ID, "over"); err != nil {
		t.Fatal(err)
	}
	r.clock.Add(2 * time.Hour)
	r.open(d)
	r.step()
	r.expect("it ended while the program was away", l.ID, Expired, false)
	r.expect("it was to be taken away before", m.ID, Reverted, false)
}

// Whatever somebody writes into the database, or takes from it, is noticed: what runs stays as it was, what was taken up and is not
// what the ledger knows ends; and nothing more is automatic.
func TestTampered(t *testing.T) {
	doc := func(from, to string) func(row leaseRow) string {
		return func(row leaseRow) string {
			if !strings.Contains(row.Doc, from) {
				t.Fatalf("%s has no %s", row.Doc, from)
			}
			return strings.Replace(row.Doc, from, to, 1)
		}
	}
	for _, c := range []struct {
		what    string
		forge   func(row leaseRow) string // nil: the row is taken away
		stopped State                     // what becomes of it where it happened while the program was stopped; empty: it is gone
	}{
		{"another target", doc(`"device:7"`, `"device:1"`), Refused},
		{"a longer time", doc(`"minutes":60`, `"minutes":99`), Refused},
		{"said to be over", doc(`"state":"in_force"`, `"state":"reverted"`), Refused},
		{"gone", nil, ""},
	} {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			for _, running := range []bool{true, false} {
				r := newRoom(t, d)
				l, m := r.propose("device:7"), r.propose("device:8")
				r.step()
				r.meddle(d, l.ID, c.forge)
				if !running {
					r.open(d)
				} else if err := r.guard(t.Context()); err != nil {
					t.Fatal(err)
				}
				r.Containment.alarm(t.Context())
				if len(r.alarms) != 1 || len(r.health.Warnings()) != 1 {
					t.Errorf("%s, running %v: alarms %v, want one", c.what, running, r.alarms)
				}
				r.step()
				switch {
				case running:
					r.expect(c.what+", running", l.ID, InForce, true)
				case c.stopped != "":
					r.expect(c.what+", stopped", l.ID, c.stopped, false)
				default:
					if got := r.point.held(); slices.Contains(got, l.ID) {
						t.Errorf("%s, stopped: %v are held", c.what, got)
					}
				}
				r.expect(c.what+": the other one", m.ID, InForce, true)
				r.verify()
				r.open(d)
				r.Containment.alarm(t.Context())
				if len(r.alarms) != 1 {
					t.Errorf("%s, running %v: it is told again: %v", c.what, running, r.alarms)
				}
				if _, err := r.LiftAll(t.Context(), "person:ana", "over", func(*Lease) bool { return true }); err != nil {
					t.Fatal(err)
				}
				r.step()
			}
		})
	}
}

// meddle writes a lease as somebody else would, or takes it away.
func (r *room) meddle(d *db.DB, id uint64, as func(leaseRow) string) {
	r.t.Helper()
	row := leaseRow{}
	err := d.Read().NewSelect().Model(&row).Where("id = ?", int64(id)).Scan(r.t.Context())
	if err == nil && as != nil {
		err = d.Write(r.t.Context(), writeDoc(id, as(row)))
	} else if err == nil {
		err = d.Write(r.t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx)
			return err
		})
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestBedside(t *testing.T) {
	r := newRoom(t, dbtest.SQLite(t))
	l := r.propose("device:7")
	r.step()
	code, err := r.Code(t.Context(), "person:ana", l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Release(t.Context(), "AAAAA-AAAAA", "10.0.0.9"); !errors.Is(err, ErrCode) {
		t.Errorf("a wrong code: %v, want %v", err, ErrCode)
	}
	if _, err := r.Release(t.Context(), strings.ToLower(strings.Replace(code, "-", " ", 1)), "10.0.0.9"); err != nil {
		t.Fatal(err)
	}
	r.step()
	r.expect("lifted", l.ID, Released, false)
	if _, err := r.Release(t.Context(), code, "10.0.0.9"); !errors.Is(err, ErrCode) {
		t.Errorf("the same code again: %v, want %v", err, ErrCode)
	}
	r.clock.Add(releaseLasts)
	r.step()
	r.expect("in force again", l.ID, InForce, true)
	if again, err := r.Code(t.Context(), "person:ana", l.ID); err != nil || again == code {
		t.Errorf("the next code is %q (%v), the same as before", again, err)
	}
	r.clock.Add(time.Hour)
	r.step()
	r.expect("its time is over", l.ID, Expired, false)
	for range triesAtOnce {
		if _, err := r.Release(t.Context(), "BBBBB-BBBBB", "10.0.0.8"); !errors.Is(err, ErrCode) {
			t.Errorf("a wrong code: %v, want %v", err, ErrCode)
		}
	}
	if _, err := r.Release(t.Context(), "BBBBB-BBBBB", "10.0.0.8"); !errors.Is(err, ErrTooMany) {
		t.Errorf("attempt after attempt: %v, want %v", err, ErrTooMany)
	}
	r.verify()
}

func TestWhatCannotBeAsked(t *testing.T) {
	r := newRoom(t, dbtest.SQLite(t))
	good := Wish{Act: "isolate", Target: "device:7", Minutes: 60, Reason: "x", By: "person:ana"}
	tests := []struct {
		name string
		edit func(*Wish)
	}{
		{"an act that nothing here does", func(w *Wish) { w.Act = "shut" }},
		{"no reason", func(w *Wish) { w.Reason = " " }},
		{"for ever", func(w *Wish) { w.Minutes = 60*24 + 1 }},
		{"for no time", func(w *Wish) { w.Minutes = 0 }},
		{"a long target", func(w *Wish) { w.Target = strings.Repeat("x", 200) }},
		{"this machine itself", func(w *Wish) { w.Target = "address:127.0.0.1" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := good
			tt.edit(&w)
			if _, err := r.Propose(t.Context(), w); !errors.Is(err, ErrWrong) {
				t.Errorf("error %v, want %v", err, ErrWrong)
			}
		})
	}
}

// A ledger with an entry of a newer program is refused by the number of the entry: what is in force stays, and automation stops.
func TestALedgerOfANewerProgram(t *testing.T) {
	d := dbtest.SQLite(t)
	r := newRoom(t, d)
	l := r.propose("device:7")
	r.step()
	err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`UPDATE ledger_entry SET record = replace(record, '"v":1', '"v":2')`).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r.open(d)
	r.Containment.alarm(t.Context())
	if len(r.alarms) != 1 || !strings.Contains(r.alarms[0], "version 2, and this program reads 1") || !strings.Contains(r.alarms[0], "entry ") {
		t.Errorf("alarms %v", r.alarms)
	}
	r.step()
	r.expect("it stays", l.ID, InForce, true)
}
