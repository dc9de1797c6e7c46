package access

import (
	"slices"
	"testing"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/event"
)

// careOf is what a patient's stays are now: reason and unit of those that go on.
func (h *hospital) careOf(patient string) (all []string) {
	for _, s := range h.patients[patient].Stays {
		if during(s.From, s.Until, h.now.Now()) {
			all = append(all, s.Why+" "+s.Unit)
		}
	}
	return all
}

func ns(t time.Time) uint64 { return uint64(t.UnixNano()) }

func TestAnAppointmentIsOnItsDay(t *testing.T) {
	h := newHospital(t)
	day := h.now.Now().Add(30 * 24 * time.Hour)
	siu := func(trigger, number string, at time.Time, places ...string) *event.HL7 {
		return &event.HL7{Type: "SIU", Trigger: trigger, Patient: "p", Appointment: number, Starts: ns(at), Ends: ns(at.Add(time.Hour)), Places: places}
	}
	h.hear(t, siu("S12", "x~1", day, "OPHTHA R2", "LASER"), siu("S12", "x~2", day.Add(24*time.Hour), "MRI"))
	steps := []struct {
		name  string
		after time.Duration
		hear  []event.Payload
		want  []string
	}{
		{"a month before nobody looks after the patient", 0, nil, nil},
		{"three days before it is prepared", 27*24*time.Hour + time.Minute, nil, []string{"appointment ophtha", "appointment laser"}},
		{"one is moved", time.Minute, []event.Payload{siu("S13", "x~1", day.Add(10*24*time.Hour), "laser")}, nil},
		{"the other comes", 3 * 24 * time.Hour, nil, []string{"appointment mri"}},
		{"is cancelled", time.Minute, []event.Payload{siu("S15", "x~2", time.Time{})}, nil},
		{"the one that was moved comes", 8 * 24 * time.Hour, nil, []string{"appointment laser"}},
		{"letters are written", 2*24*time.Hour + 47*time.Hour, nil, []string{"appointment laser"}},
		{"it is over", 3 * time.Hour, nil, nil},
	}
	for _, s := range steps {
		h.now.Add(s.after)
		h.hear(t, s.hear...)
		if got := h.careOf("p"); !slices.Equal(got, s.want) {
			t.Errorf("%s: %v, want %v", s.name, got, s.want)
		}
		h.advance(h.now.Now())
		units, _ := h.entities.Parents(policy.ID("Patient", "p"))
		if len(units) != len(s.want) {
			t.Errorf("%s: policies know %v", s.name, units)
		}
	}
}

func TestMessagesTellWhatHappenedBefore(t *testing.T) {
	h := newHospital(t)
	came := h.now.Now().Add(-5 * time.Hour)
	m := adt("A01", "p", "er 3")
	m.Starts = ns(came)
	far := adt("A01", "q", "er 3")
	far.Starts = ns(came.Add(-400 * 24 * time.Hour))
	h.hear(t, m, m, far) // several systems tell the same
	if s := h.patients["p"].Stays; len(s) != 1 || !s[0].From.Equal(came) {
		t.Errorf("stays %+v, want one since %v", s, came)
	}
	if s := h.patients["q"].Stays; !s[0].From.Equal(h.now.Now()) {
		t.Errorf("a stay of more than a year: %+v", s)
	}
	move := adt("A02", "p", "icu")
	move.Starts = ns(h.now.Now().Add(-time.Hour))
	h.hear(t, move)
	if got := h.careOf("p"); !slices.Equal(got, []string{"admission icu"}) {
		t.Errorf("after the transfer: %v", got)
	}
}

func TestOrdersNameWhoOrdered(t *testing.T) {
	h := newHospital(t)
	order := func(control string) *event.HL7 {
		return &event.HL7{Type: "ORM", Trigger: "O01", Patient: "p", Location: "ward3 1", RequestedBy: "Cardio", OrderControl: control}
	}
	h.hear(t, adt("A01", "p", "ward3"), order("CA"))
	if got := h.careOf("p"); !slices.Equal(got, []string{"admission ward3"}) {
		t.Errorf("after a cancelled order: %v", got)
	}
	h.hear(t, order("NW"), order("XO"))
	if got := h.careOf("p"); !slices.Equal(got, []string{"admission ward3", "order cardio"}) {
		t.Errorf("after an order: %v", got)
	}
}

func TestWhomMessagesNameIsInTheCareTeam(t *testing.T) {
	h := newHospital(t)
	h.staff.people[0].Staff = []string{"s~ada", "s~8ada"}
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := adt("A01", "p", "icu")
	m.Staff = []string{"s~8ada", "s~elsewhere"}
	h.hear(t, adt("A01", "other", "icu"), m)
	ada, bob := h.as("1"), h.as("2")
	if !ada.may("readRecord", "p") || bob.may("readRecord", "p") || ada.may("readRecord", "other") {
		t.Errorf("ada %v, bob %v, ada and another patient %v", ada.may("readRecord", "p"), bob.may("readRecord", "p"), ada.may("readRecord", "other"))
	}
	if err := h.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	if ada = h.as("1"); !ada.may("readRecord", "p") {
		t.Error("not any more after the program started anew")
	}
	h.hear(t, adt("A03", "p", ""))
	h.now.Add(afterDischarge + time.Minute)
	if ada.may("readRecord", "p") {
		t.Error("still, long after the patient left")
	}
	h.hear(t, &event.HL7{Type: "ORM", Trigger: "O01", Patient: "later", Staff: []string{"s~ada"}})
	if !ada.may("readRecord", "later") {
		t.Error("who ordered may not read")
	}
	h.staff.people = h.staff.people[1:]
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ada.may("readRecord", "later") {
		t.Error("who left may")
	}
}

func TestANameExplainsABrokenGlass(t *testing.T) {
	h := newHospital(t)
	h.staff.people[0].Staff = []string{"s~ada"}
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"1", "2"} {
		if _, err := h.as(who).BreakGlass(t.Context(), GlassAsk{Patient: "p", Reason: "consultation"}); err != nil {
			t.Fatal(err)
		}
	}
	h.now.Add(2 * time.Hour)
	h.hear(t, &event.HL7{Type: "ORM", Trigger: "O01", Patient: "p", Location: "icu", Staff: []string{"s~ada"}})
	h.advance(h.now.Now())
	if err := h.triage(t.Context(), h.now.Now()); err != nil {
		t.Fatal(err)
	}
	for _, g := range h.Glasses() {
		if explained := g.State == "explained"; explained != (g.Person == "1") {
			t.Errorf("that of %s: %s", g.Person, g.State)
		}
	}
}

func TestANumberWithoutItsAuthorityIsThatOfOnePatient(t *testing.T) {
	h := newHospital(t)
	come := func(id, unit string) *event.HL7 {
		m := adt("A01", id, unit)
		m.Number, m.Staff = "p~alone", []string{"s~ada"}
		return m
	}
	h.staff.people[0].Staff, h.staff.people[1].Units = []string{"s~ada"}, []string{"icu"}
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.as("2").BreakGlass(t.Context(), GlassAsk{Patient: "p~alone", Reason: "emergency"}); err != nil {
		t.Fatal(err)
	}
	h.hear(t, come("p~hosp", "icu"))
	for _, id := range []string{"p~hosp", "p~alone"} {
		if units, _ := h.entities.Parents(policy.ID("Patient", id)); !slices.Equal(units, uids("Unit", []string{"icu"})) || !h.as("1").may("readRecord", id) {
			t.Errorf("%s: in %v", id, units)
		}
	}
	if err := h.MarkSensitive(t.Context(), "person:9", "p~alone", true, "known to all"); err != nil {
		t.Fatal(err)
	}
	if p, err := h.Patient("p~alone"); err != nil || !p.Sensitive || p.ID != "p~hosp" || len(p.Glasses) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if err := h.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	h.now.Add(2 * time.Hour)
	h.advance(h.now.Now())
	if err := h.triage(t.Context(), h.now.Now()); err != nil {
		t.Fatal(err)
	}
	if g := h.Glasses()[0]; g.State != "waiting" || g.Rank == 0 { // a unit in common does not close what is sensitive
		t.Errorf("%+v", g)
	}
	if err := h.MarkSensitive(t.Context(), "person:9", "p~hosp", false, "no more"); err != nil {
		t.Fatal(err)
	}
	if err := h.triage(t.Context(), h.now.Now()); err != nil {
		t.Fatal(err)
	}
	if g := h.Glasses()[0]; g.State != "explained" {
		t.Errorf("%+v", g)
	}
	h.hear(t, come("p~other", "er")) // two have it now
	if units, _ := h.entities.Parents(policy.ID("Patient", "p~alone")); len(units) != 0 || h.as("1").may("readRecord", "p~alone") {
		t.Errorf("a number of two: in %v", units)
	}
}

func TestMessagesMarkRecordsWhereTheHospitalSaysSo(t *testing.T) {
	for _, test := range []struct {
		marks          []string
		vip, protected bool
		want           bool
	}{{nil, true, true, false}, {[]string{"vip"}, true, false, true}, {[]string{"vip"}, false, true, false}, {[]string{"vip", "protected"}, false, true, true}} {
		h := newHospital(t)
		h.needs.Config.Sensitive = test.marks
		h.open(t)
		m := adt("A01", "p", "icu")
		m.VIP, m.Protected = test.vip, test.protected
		h.hear(t, m)
		if p, err := h.Patient("p"); err != nil || p.Sensitive != test.want {
			t.Errorf("%+v: %+v, %v", test, p, err)
		}
	}
	if err := (&Config{Sensitive: []string{"famous"}}).Check(); err == nil {
		t.Error("a mark of which no message knows is taken")
	}
}

func TestTwoWhoMayKnowEachOtherAreLookedAt(t *testing.T) {
	for _, test := range []struct {
		name                      string
		patient, family, by, mark string
	}{
		{"a colleague", "n~bob", "n~b", "1", "The patient has the name of a colleague."},
		{"their own record", "n~ada", "n~a", "1", "The patient has the name of the person: it may be their own record."},
		{"a relative", "n~zoe", "n~a", "1", "The patient has the family name of the person."},
		{"nobody whom they know", "n~zoe", "n~z", "1", ""},
	} {
		h := newHospital(t)
		h.staff.people[0].Names, h.staff.people[0].Families, h.staff.people[0].Units = []string{"n~ada"}, []string{"n~a"}, []string{"icu"}
		h.staff.people[1].Names = []string{"n~bob"}
		if err := h.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.as(test.by).BreakGlass(t.Context(), GlassAsk{Patient: "p", Reason: "emergency"}); err != nil {
			t.Fatal(err)
		}
		h.now.Add(2 * time.Hour)
		m := adt("A01", "p", "icu")
		m.PatientName, m.Family = test.patient, test.family
		h.hear(t, m)
		h.advance(h.now.Now())
		if err := h.triage(t.Context(), h.now.Now()); err != nil {
			t.Fatal(err)
		}
		g := h.Glasses()[0]
		if test.mark == "" {
			if g.State != "explained" {
				t.Errorf("%s: %+v", test.name, g)
			}
			continue
		}
		if g.State != "waiting" || g.Why[0].EN != test.mark {
			t.Errorf("%s: %s %+v", test.name, g.State, g.Why)
		}
	}
}

func TestOnesOwnActClosesNothingForAColleague(t *testing.T) {
	for _, test := range []struct {
		message *event.HL7
		want    string
	}{
		{&event.HL7{Type: "ORM", Trigger: "O01", Patient: "p", Staff: []string{"s~ada"}}, "waiting"},
		{&event.HL7{Type: "SIU", Trigger: "S12", Patient: "p", Staff: []string{"s~ada"}, Places: []string{"er"}}, "explained"},
	} {
		h := newHospital(t)
		h.staff.people[0].Staff, h.staff.people[1].Names = []string{"s~ada"}, []string{"n~bob"}
		if err := h.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.as("1").BreakGlass(t.Context(), GlassAsk{Patient: "p", Reason: "emergency"}); err != nil {
			t.Fatal(err)
		}
		h.now.Add(2 * time.Hour)
		m := adt("A01", "p", "icu")
		m.PatientName, m.Family = "n~bob", "n~b"
		h.hear(t, m, test.message)
		h.advance(h.now.Now())
		if err := h.triage(t.Context(), h.now.Now()); err != nil {
			t.Fatal(err)
		}
		if g := h.Glasses()[0]; g.State != test.want {
			t.Errorf("%s: %s %+v", test.message.Type, g.State, g.Why)
		}
	}
}
