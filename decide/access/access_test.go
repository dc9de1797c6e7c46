package access

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
)

// staff is a directory.
type staff struct {
	people []Person
	taken  string
}

func (s *staff) People(context.Context) ([]Person, error) { return slices.Clone(s.people), nil }

func (s *staff) Take(_ context.Context, actor, person, role, reason string) error {
	s.taken = strings.Join([]string{actor, person, role, reason}, " ")
	return nil
}

// busOf keeps what is told.
type busOf struct{ events []*event.Access }

func (b *busOf) Publish(_ context.Context, _ event.Kind, batch []byte) error {
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	for r.Next(&e) {
		c := *e.Payload.(*event.Access)
		b.events = append(b.events, &c)
	}
	return r.Err()
}

// hospital is a room with its ground.
type hospital struct {
	*Access
	staff *staff
	now   *clock.Manual
	bus   *busOf
	needs Needs
}

// shelf is a folder.
type shelf struct {
	fs.FS
	dir string
}

func (s shelf) Put(name string, text []byte) error {
	return os.WriteFile(filepath.Join(s.dir, name), text, 0o600)
}

func newHospital(t testing.TB) *hospital {
	t.Helper()
	now := clock.NewManual(at())
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	k, err := keys.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: now, Origin: "bulwark/test/ledger", Key: k.Signing("ledger"),
		Keeper: ledger.File(filepath.Join(t.TempDir(), "heads")), Health: health.NewTracker(now)})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h := &hospital{now: now, bus: &busOf{}, staff: &staff{people: []Person{
		{ID: "1", Login: "ada", Roles: []string{"clinician", "doctor"}},
		{ID: "2", Login: "bob", Roles: []string{"clinician", "nurse"}},
		{ID: "3", Login: "eve", Roles: []string{"staff", "analyst"}},
		{ID: "4", Login: "max", Roles: []string{"vendor-technician"}, Vendor: "acme"}}}}
	h.needs = Needs{DB: d, Ledger: l, Clock: now, Log: slog.New(slog.DiscardHandler), Health: health.NewTracker(now), Directory: h.staff, Publisher: h.bus,
		Own: shelf{os.DirFS(dir), dir}, Zone: time.UTC, Config: Config{Zones: []Zone{{Name: "clinical", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}}, Applications: []Application{{ID: "scanner", Groups: []string{"maintenance"}}}}}
	h.open(t)
	return h
}

func (h *hospital) open(t testing.TB) {
	t.Helper()
	var err error
	if h.Access, err = New(t.Context(), h.needs); err != nil {
		t.Fatal(err)
	}
}

// bedside is an address of the clinical network.
func bedside() netip.Addr { return netip.MustParseAddr("10.1.2.3") }

// as is somebody at a usual workstation.
func (h *hospital) as(person string) *Handle {
	s := Session{ID: "s" + person, Person: person, Assurance: 2, Resistant: true, Proved: h.now.Now(), Device: Device{Managed: true, Compliant: true}, Address: bedside()}
	return h.Open(s)
}

func (h *Handle) may(action, record string) bool {
	return h.Decide(policy.ID("Action", action), policy.ID("Record", record)).Allow
}

func (h *hospital) hear(t *testing.T, payloads ...event.Payload) {
	t.Helper()
	var b event.Batch
	b.Reset("sensor", "north", 1)
	for _, p := range payloads {
		b.Add(&event.Header{Time: h.now.Now().UnixNano()}, p)
	}
	if err := h.read(1, b.Bytes()); err != nil {
		t.Fatal(err)
	}
}

func adt(trigger, patient, location string) *event.HL7 {
	return &event.HL7{Type: "ADT", Trigger: trigger, Patient: patient, Location: location, Ack: "AA", Processing: "P"}
}

func (h *hospital) acts(t *testing.T) (all []string) {
	t.Helper()
	p, err := h.needs.Ledger.List(t.Context(), ledger.Query{Act: "access."})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Entries {
		all = append(all, e.Act+" "+string(e.Outcome))
	}
	slices.Reverse(all)
	return all
}

func TestWhoIsOnDutyWhereThePatientIsReadsTheRecord(t *testing.T) {
	h := newHospital(t)
	from := at().Add(time.Hour)
	if err := h.SetDuties(t.Context(), "person:9", at(), []Duty{{Person: "ada", Unit: "cardio", From: from, Until: from.Add(8 * time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	h.hear(t, adt("A01", "p1", "CARDIO 12 2"))
	ada := h.as("1")
	steps := []struct {
		name  string
		after time.Duration
		do    func()
		want  bool
	}{
		{"not before the duty", time.Hour - time.Millisecond, nil, false},
		{"from its first moment", time.Millisecond, nil, true},
		{"not when the patient has moved", time.Minute, func() { h.hear(t, adt("A02", "p1", "icu 3")) }, false},
		{"again when the patient is back", time.Minute, func() { h.hear(t, adt("A02", "p1", "cardio 1")) }, true},
		{"after the discharge, for letters", time.Minute, func() { h.hear(t, adt("A03", "p1", "")) }, true},
		{"not after the duty", 8 * time.Hour, nil, false},
	}
	for _, s := range steps {
		h.now.Add(s.after)
		if s.do != nil {
			s.do()
		}
		if got := ada.may("readRecord", "p1"); got != s.want {
			t.Errorf("%s: got %v", s.name, got)
		}
	}
}

func TestMessagesSayWhereAPatientIs(t *testing.T) {
	tests := []struct {
		name     string
		messages []*event.HL7
		units    []string
	}{
		{"admitted", []*event.HL7{adt("A01", "p", "cardio 1 2")}, []string{"cardio"}},
		{"moved", []*event.HL7{adt("A01", "p", "cardio"), adt("A02", "p", "icu")}, []string{"icu"}},
		{"admission cancelled", []*event.HL7{adt("A01", "p", "cardio"), adt("A11", "p", "cardio")}, nil},
		{"discharge cancelled", []*event.HL7{adt("A01", "p", "cardio"), adt("A03", "p", ""), adt("A13", "p", "cardio")}, []string{"cardio"}},
		{"a visit", []*event.HL7{adt("A04", "p", "er")}, []string{"er"}},
		{"an appointment besides a stay", []*event.HL7{adt("A01", "p", "cardio"), {Type: "SIU", Trigger: "S12", Patient: "p", Location: "mri"}}, []string{"cardio", "mri"}},
		{"an appointment that is cancelled", []*event.HL7{{Type: "SIU", Trigger: "S12", Patient: "p", Location: "mri"}, {Type: "SIU", Trigger: "S15", Patient: "p"}}, nil},
		{"an order is no stay", []*event.HL7{{Type: "OML", Trigger: "O21", Patient: "p", Location: "lab"}}, nil},
		{"a refused message says nothing", []*event.HL7{{Type: "ADT", Trigger: "A01", Patient: "p", Location: "cardio", Ack: "AR"}}, nil},
		{"nor does one for training", []*event.HL7{{Type: "ADT", Trigger: "A01", Patient: "p", Location: "cardio", Processing: "T"}}, nil},
		{"a place that is none", []*event.HL7{adt("A01", "p", `"x\\ 1`)}, nil},
		{"something else", []*event.HL7{{Type: "ORU", Trigger: "R01", Patient: "p", Location: "cardio"}}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHospital(t)
			for _, m := range test.messages {
				h.now.Add(time.Second)
				h.hear(t, m)
			}
			got, _ := h.entities.Parents(policy.ID("Patient", "p"))
			if want := uids("Unit", test.units); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestABrokenGlassOpensOneRecordForAnHourAndIsReviewed(t *testing.T) {
	h := newHospital(t)
	h.hear(t, adt("A01", "p1", "icu"), adt("A01", "p2", "icu"))
	ada, eve := h.as("1"), h.as("3")
	ask := GlassAsk{Patient: "p1", Reason: "emergency"}
	if _, err := eve.BreakGlass(t.Context(), ask); !errors.Is(err, ErrRefuse) {
		t.Errorf("somebody who treats nobody: %v", err)
	}
	if ada.may("readRecord", "p1") {
		t.Fatal("it is open already")
	}
	next := ada.Next(policy.ID("Action", "readRecord"), policy.ID("Record", "p1"))
	if len(next) != 1 || next[0].Do != "break-glass" {
		t.Errorf("the next step is %+v", next)
	}
	g, err := ada.BreakGlass(t.Context(), ask)
	if err != nil || !slices.Equal(g.Notify, []string{"dpo", "dim", "head-of-unit"}) && len(g.Notify) != 3 || !g.Due.Equal(at().Add(72*time.Hour)) {
		t.Fatalf("got %+v, %v", g, err)
	}
	d := ada.Decide(policy.ID("Action", "readRecord"), policy.ID("Record", "p1"))
	if !d.Allow || !policy.Covers(d.Obligations, policy.Obligation{Do: "record"}) || !d.Until.Equal(at().Add(time.Hour)) {
		t.Errorf("got %v %v until %v", d.Allow, d.Obligations, d.Until)
	}
	if ada.may("writeRecord", "p1") || ada.may("readRecord", "p2") {
		t.Error("it opens more than reading one record")
	}
	if h.as("2").may("readRecord", "p1") {
		t.Error("it opens it for somebody else")
	}
	h.now.Add(time.Hour + time.Millisecond)
	if ada.may("readRecord", "p1") {
		t.Error("it is open after an hour")
	}
	h.tell(h.now.Now())
	h.advance(h.now.Now())
	if err := h.triage(t.Context(), h.now.Now()); err != nil {
		t.Fatal(err)
	}
	all := h.Glasses("waiting")
	if len(all) != 1 || all[0].Used == 0 || all[0].Rank == 0 {
		t.Fatalf("got %+v", all)
	}
	if _, err := h.ReviewGlass(t.Context(), "person:1", g.ID, "justified", ""); !errors.Is(err, ErrRefuse) {
		t.Errorf("one's own review: %v", err)
	}
	if _, err := h.ReviewGlass(t.Context(), "person:3", g.ID, "justified", ""); err != nil {
		t.Error(err)
	}
	want := []string{"access.break-glass refused", "access.break-glass done", "access.review-glass done"}
	if got := h.acts(t); !slices.Equal(got, want) {
		t.Errorf("the ledger has %v, want %v", got, want)
	}
	if err := h.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	if all := h.Glasses(); len(all) != 1 || all[0].State != "reviewed" || all[0].Used == 0 {
		t.Errorf("after a restart: %+v", all)
	}
}

func TestWhatLaterDataExplainsIsClosedAndTheRestIsRanked(t *testing.T) {
	h := newHospital(t)
	duty := []Duty{{Person: "1", Unit: "cardio", From: at().Add(-time.Hour), Until: at().Add(8 * time.Hour)}, {Person: "2", Unit: "er", From: at().Add(-time.Hour), Until: at().Add(8 * time.Hour)}}
	if err := h.SetDuties(t.Context(), "host", at(), duty); err != nil {
		t.Fatal(err)
	}
	h.hear(t, adt("A01", "elsewhere", "icu"))
	for _, g := range []struct{ who, patient, reason string }{{"1", "arrives", "emergency"}, {"1", "ordered", "emergency"}, {"2", "expected", "emergency"},
		{"1", "elsewhere", "emergency"}, {"2", "unheard-of", "administrative"}} {
		if _, err := h.as(g.who).BreakGlass(t.Context(), GlassAsk{Patient: g.patient, Reason: g.reason}); err != nil {
			t.Fatal(err)
		}
	}
	h.now.Add(2 * time.Hour)
	h.hear(t, adt("A01", "arrives", "cardio"), &event.HL7{Type: "OML", Trigger: "O21", Patient: "ordered", Location: "cardio"}, &event.HL7{Type: "SIU", Trigger: "S12", Patient: "expected", Location: "er"})
	h.advance(h.now.Now())
	if err := h.triage(t.Context(), h.now.Now()); err != nil {
		t.Fatal(err)
	}
	var explained, waiting []string
	for _, g := range h.Glasses() {
		if g.State == "explained" {
			explained = append(explained, g.Patient)
		} else {
			waiting = append(waiting, g.Patient)
		}
	}
	slices.Sort(explained)
	if !slices.Equal(explained, []string{"arrives", "expected", "ordered"}) || !slices.Equal(waiting, []string{"unheard-of", "elsewhere"}) {
		t.Errorf("explained %v, waiting %v", explained, waiting)
	}
}

func TestOthersSayYesToWhatIsGrantedForATime(t *testing.T) {
	h := newHospital(t)
	in := func(d time.Duration) time.Time { return h.now.Now().Add(d) }
	eve := h.as("3")
	admin := func() bool { return eve.Decide(policy.ID("Action", "open"), policy.ID("App", "scanner")).Allow }
	g, err := h.AskGrant(t.Context(), "person:3", Grant{Kind: Elevation, Person: "eve", Role: "application-administrator", Reason: "update", Until: in(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, actor := range []string{"person:3", "host"} {
		if _, err := h.AnswerGrant(t.Context(), actor, g.ID, true); !errors.Is(err, ErrRefuse) {
			t.Errorf("%s says yes: %v", actor, err)
		}
	}
	if admin() {
		t.Error("it holds before anybody said yes")
	}
	if g, err = h.AnswerGrant(t.Context(), "person:1", g.ID, true); err != nil || g.State != "approved" || !admin() {
		t.Errorf("after a yes: %+v %v", g, err)
	}
	h.now.Add(time.Hour)
	if admin() {
		t.Error("it holds after its time")
	}
	max := h.as("4")
	tunnel := func() bool { return max.Decide(policy.ID("Action", "tunnel"), policy.ID("App", "scanner")).Allow }
	g, err = h.AskGrant(t.Context(), "person:3", Grant{Kind: Window, Vendor: "acme", App: "scanner", Reason: "fault", Until: in(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if g, err = h.AnswerGrant(t.Context(), "person:1", g.ID, true); err != nil || g.State != "asked" || tunnel() {
		t.Errorf("after one yes: %+v %v", g, err)
	}
	if _, err = h.AnswerGrant(t.Context(), "person:1", g.ID, true); !errors.Is(err, ErrRefuse) {
		t.Errorf("the same person twice: %v", err)
	}
	if g, err = h.AnswerGrant(t.Context(), "person:2", g.ID, true); err != nil || g.State != "approved" || !tunnel() {
		t.Errorf("after two: %+v %v", g, err)
	}
	if _, err = h.EndGrant(t.Context(), "person:1", g.ID); err != nil || tunnel() {
		t.Errorf("after its end: %v", err)
	}
}

func TestASignalIsToldToThoseWhoWatch(t *testing.T) {
	h := newHospital(t)
	if err := h.SetDuties(t.Context(), "host", at(), []Duty{{Person: "1", Unit: "cardio", From: at(), Until: at().Add(8 * time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	h.hear(t, adt("A01", "p1", "cardio"))
	ada := h.Open(Session{Person: "1", Assurance: 2, Proved: at(), Device: Device{ID: "12", Managed: true, Compliant: true}, Address: bedside()})
	var told []bool
	ada.Watch(policy.ID("Action", "writeRecord"), policy.ID("Record", "p1"), func(d *policy.Decision) { told = append(told, d.Allow) })
	h.watchers.look()
	h.hear(t, &event.Risk{Entity: "user:ada", Band: "critical"})
	h.watchers.look()
	h.watchers.look()
	h.hear(t, &event.Risk{Entity: "user:ada", Band: "none"})
	h.watchers.look()
	h.staff.people[0].Disabled = true
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.watchers.look()
	ada.Close()
	h.staff.people[0].Disabled = false
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.watchers.look()
	if !slices.Equal(told, []bool{false, true, false}) {
		t.Errorf("told %v", told)
	}
	if !ada.may("readRecord", "p1") {
		t.Error("the record is closed to somebody who is trusted again")
	}
	h.hear(t, &event.Risk{Entity: "device:12", Band: "high"})
	if d := ada.Decide(policy.ID("Action", "exportRecord"), policy.ID("Record", "p1")); !slices.Contains(d.IDs(), "risky-device") {
		t.Errorf("a device in an incident: %v", d.IDs())
	}
}

func TestDecisionsAreEventsAndTheLedgerHasTheirSum(t *testing.T) {
	h := newHospital(t)
	h.hear(t, adt("A01", "p1", "cardio"))
	ada := h.as("1")
	for range 5 {
		ada.may("readRecord", "p1")
	}
	eve := h.as("3")
	eve.Decide(policy.ID("Action", "use"), policy.ID("Door", "GET /"))
	h.now.Add(time.Hour)
	h.tell(h.now.Now())
	if err := errors.Join(h.keep(t.Context()), h.send(t.Context()), h.tellDigest(t.Context(), h.now.Now())); err != nil {
		t.Fatal(err)
	}
	if len(h.bus.events) != 2 {
		t.Fatalf("%d events", len(h.bus.events))
	}
	e := h.bus.events[0]
	if e.Count != 5 || e.Status != "deny" || e.Principal != "Person:1" || e.Patient != "p1" || e.Reason == "" {
		t.Errorf("got %+v", e)
	}
	if got := h.acts(t); !slices.Equal(got, []string{"access.digest done"}) {
		t.Errorf("the ledger has %v", got)
	}
}

func TestTheSumTellsAnotherReasonOrObligation(t *testing.T) {
	sum := func(e event.Access) [32]byte {
		var d digest
		d.add(&e)
		return d.sum
	}
	told := event.Access{Number: 1, Reason: "on duty", Obligations: []string{"record", "review 72h"}}
	for name, other := range map[string]event.Access{
		"another reason":        {Number: 1, Reason: "emergency", Obligations: told.Obligations},
		"an obligation is gone": {Number: 1, Reason: told.Reason, Obligations: told.Obligations[:1]},
	} {
		if sum(told) == sum(other) {
			t.Errorf("%s: the sum is the same", name)
		}
	}
}

func TestWhatNobodyUsesIsProposedToBeTakenAway(t *testing.T) {
	h := newHospital(t)
	h.PutDoors(map[string][]string{"GET /api/incidents": {"analyst"}})
	h.as("3").Decide(policy.ID("Action", "use"), policy.ID("Door", "GET /api/incidents"))
	h.tell(h.now.Now())
	unused := func() (all []string) {
		for _, u := range h.Unused() {
			all = append(all, u.Person+" "+u.Role)
		}
		return all
	}
	if got := unused(); len(got) != 0 {
		t.Errorf("on the first day: %v", got)
	}
	h.now.Add(50 * 24 * time.Hour)
	h.staff.people[1].Roles = append(slices.Clone(h.staff.people[1].Roles), "analyst")
	if err := errors.Join(h.Refresh(t.Context()), h.keep(t.Context())); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	h.now.Add(41 * 24 * time.Hour)
	if got := unused(); !slices.Contains(got, "3 analyst") || !slices.Contains(got, "1 clinician") || slices.Contains(got, "2 analyst") || !slices.Contains(got, "2 clinician") {
		t.Errorf("after 91 days: %v", got)
	}
	if err := h.Recertify(t.Context(), "person:9", "3", "analyst", "needed", true); err != nil || slices.Contains(unused(), "3 analyst") {
		t.Errorf("kept: %v, %v", unused(), err)
	}
	if err := h.Recertify(t.Context(), "person:9", "1", "clinician", "left", false); err != nil || h.staff.taken != "person:9 1 clinician left" {
		t.Errorf("taken: %q, %v", h.staff.taken, err)
	}
}

func TestAChangeIsTriedBeforeItIsInForce(t *testing.T) {
	h := newHospital(t)
	own := `@id("secretaries") @why("They book") permit (principal in Role::"staff", action == Action::"readRecord", resource is Record) when { context.auth.assurance >= 2 };`
	v, err := h.Save(t.Context(), "person:9", Change{Name: "own.cedar", Text: own + "oops", Reason: "try"})
	if !errors.Is(err, ErrPolicy) || len(v.Problems) != 1 {
		t.Errorf("what cannot be read: %+v %v", v, err)
	}
	bad := `@id("all") @why("x") permit (principal, action, resource);`
	if v, err = h.Save(t.Context(), "person:9", Change{Name: "own.cedar", Text: bad, Reason: "try"}); !errors.Is(err, ErrPolicy) || len(v.Breaches) == 0 {
		t.Errorf("what breaks an invariant: %v", err)
	}
	h.hear(t, adt("A01", "p1", "cardio"))
	eve := h.as("3")
	if eve.may("readRecord", "p1") {
		t.Fatal("it is open already")
	}
	if v, err = h.Save(t.Context(), "person:9", Change{Name: "own.cedar", Text: own, Reason: "booking"}); err != nil || len(v.Differences) == 0 || !eve.may("readRecord", "p1") {
		t.Errorf("saved: %v", err)
	}
	h.open(t)
	if !h.as("3").may("readRecord", "p1") {
		t.Error("it is not in force after a restart")
	}
	if _, err = h.Save(t.Context(), "person:9", Change{Name: "../x.cedar", Text: own, Reason: "x"}); !errors.Is(err, ErrAsk) {
		t.Errorf("a name that leads elsewhere: %v", err)
	}
	if got := h.acts(t); !slices.Equal(got, []string{"access.policies done"}) {
		t.Errorf("the ledger has %v", got)
	}
}

func TestABrokenGlassWaitsForALostDatabaseAndOutlivesTheProgram(t *testing.T) {
	h := newHospital(t)
	var waits []json.RawMessage
	h.needs.Wait = func(_ context.Context, _ error, _ ledger.Entry, kept json.RawMessage) bool {
		waits = append(waits, kept)
		return true
	}
	h.open(t)
	h.hear(t, adt("A01", "p1", "icu"))
	g, err := h.as("1").BreakGlass(t.Context(), GlassAsk{Patient: "p1", Reason: "emergency"})
	if err != nil || !h.as("1").may("readRecord", "p1") {
		t.Fatalf("the glass does not open the record: %v", err)
	}
	if _, err := h.EndGlass(t.Context(), ledger.Person("1"), g.ID); err != nil {
		t.Fatal(err)
	}
	h.needs.Wait, h.needs.Waited = nil, waits
	h.open(t)
	if all := h.Glasses(); len(all) != 1 || all[0].ID != g.ID || all[0].State != "waiting" {
		t.Fatalf("after the program ended: %+v", all)
	}
	if err := h.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ReviewGlass(t.Context(), ledger.Person("3"), g.ID, "justified", ""); err != nil {
		t.Fatal(err)
	}
	h.open(t) // with what waited once more, which is older now
	if all := h.Glasses(); len(all) != 1 || all[0].State != "reviewed" {
		t.Errorf("what is newer was lost: %+v", all)
	}
}
