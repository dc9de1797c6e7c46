package access

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/store"
)

// names is what people and machines are called.
type names struct{}

func (names) Names(context.Context) (map[string]string, error) {
	return map[string]string{"1": "Ada Martin", "2": "Bob Durand"}, nil
}

func (names) Machine(is string) string {
	return map[string]string{"12": "WS-ICU-3", "10.9.0.7": "PACS"}[is]
}

// kept is a store in which what is told is found.
type kept struct{ *store.Store }

func (k kept) Publish(_ context.Context, _ event.Kind, batch []byte) error { return k.Add(batch) }

// newSeen is a hospital whose events are kept.
func newSeen(t testing.TB, c Seen) (*hospital, kept) {
	t.Helper()
	const century = 100 * 365 * 24 * time.Hour
	s, err := store.Open(store.Options{Dir: t.TempDir(), MinFree: 1, Retention: century, AuditRetention: century, FlowRetention: century})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	h := newHospital(t)
	h.staff.people[0].Units = []string{"icu"}
	h.needs.Publisher, h.needs.Events, h.needs.Staff, h.needs.Config.Seen = kept{s}, s, names{}, c
	h.needs.PseudonymBy = func(authority, id string) string { return "p~" + authority + id }
	h.open(t)
	return h, kept{s}
}

// told has all events be found.
func (h *hospital) told(t *testing.T, k kept) {
	t.Helper()
	h.tell(h.now.Now())
	if err := errors.Join(h.keep(t.Context()), h.send(t.Context())); err != nil {
		t.Fatal(err)
	}
	k.Flush()
}

// report asks for one and makes it.
func (h *hospital) report(t testing.TB, ask SeenAsk) *SeenReport {
	t.Helper()
	r, err := h.AskSeen(t.Context(), "person:3", ask)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.makeSeen(t.Context(), <-h.seen.queue); err != nil {
		t.Fatal(err)
	}
	if r, err = h.SeenPage("person:3", r.ID, 0, 1000); err != nil || r.State != "done" {
		t.Fatalf("got %+v, %v", r, err)
	}
	return r
}

func (h *hospital) lastHours(n int, reason string) SeenAsk {
	return SeenAsk{Identifier: "42", From: h.now.Now().Add(-time.Duration(n) * time.Hour), Until: h.now.Now(), Reason: reason, Reference: "DPO-2026-17"}
}

// lines are a report in a few words.
func lines(r *SeenReport) (all []string) {
	for _, l := range r.Lines {
		all = append(all, fmt.Sprintf("%s %s%s|%s|%d|%s", l.Source, l.Who.Name, strings.Repeat("#", l.Who.Number), l.What.EN, l.Count, l.Mark))
	}
	return all
}

func TestWhoSawARecordIsToldWithWhyAndHowItWasLookedAt(t *testing.T) {
	h, k := newSeen(t, Seen{})
	h.hear(t, adt("A01", "p~42", "icu"), adt("A01", "p~43", "icu"))
	if err := h.SetTeam(t.Context(), "host", "2", "p~42", true); err != nil {
		t.Fatal(err)
	}
	h.advance(h.now.Now())
	bob, ada := h.as("2"), h.as("1")
	for range 3 {
		bob.may("readRecord", "p~42")
	}
	h.tell(h.now.Now())
	h.now.Add(10 * time.Minute)
	bob.may("readRecord", "p~42")
	bob.may("readRecord", "p~43") // of another patient
	ada.may("exportRecord", "p~42")
	g, err := ada.BreakGlass(t.Context(), GlassAsk{Patient: "p~42", Reason: "emergency", Text: "Arrest in the lift"})
	if err != nil {
		t.Fatal(err)
	}
	h.tell(h.now.Now())
	h.now.Add(time.Minute)
	ada.may("readRecord", "p~42")
	h.told(t, k)
	h.now.Add(2 * time.Hour)

	r := h.report(t, h.lastHours(4, "patient"))
	got := lines(r)
	for _, want := range []string{
		"decision ##|Read the record|4|explained", // three and one, ten minutes apart: one line
		"decision #|Read the record|1|review",
		"decision #|Tried to take a copy of the record|1|refused",
	} {
		if !slices.ContainsFunc(got, func(s string) bool { return alike(s, want) }) {
			t.Errorf("no line is %q: %q", want, got)
		}
	}
	if n := slices.IndexFunc(r.Lines, func(l SeenLine) bool { return l.Mark == "review" && l.Glass != nil }); n < 0 || r.Lines[n].Glass.Text != "Arrest in the lift" {
		t.Errorf("the break-glass is not told: %+v", r.Lines)
	}
	if slices.ContainsFunc(r.Lines, func(l SeenLine) bool { return l.Who.Name != "" }) {
		t.Error("staff is named to the patient")
	}

	if _, err := h.ReviewGlass(t.Context(), "person:3", g.ID, "abuse", "No arrest that day"); err != nil {
		t.Fatal(err)
	}
	h.told(t, k)
	h.now.Add(time.Minute)
	ask := h.lastHours(4, "investigation")
	ask.Names = true
	r = h.report(t, ask)
	got = lines(r)
	for _, want := range []string{"decision Ada Martin|Read the record|1|unjustified", "decision Ada Martin|Opened the record in an emergency (broke the glass)|1|unjustified", "decision Bob Durand|Read the record|4|explained", "decision #|Asked for this list of who saw the record|1|explained"} {
		if !slices.ContainsFunc(got, func(s string) bool { return alike(s, want) }) {
			t.Errorf("no line is %q: %q", want, got)
		}
	}
	if n := slices.IndexFunc(r.Lines, func(l SeenLine) bool { return strings.HasPrefix(l.What.EN, "Asked for this list") }); n < 0 || r.Lines[n].Why[0].FR != "Le patient a demandé qui a vu son dossier, DPO-2026-17" {
		t.Errorf("why a list was asked for is not told: %+v", r.Lines)
	}
	if acts := h.acts(t); !slices.Contains(acts, "access.seen-report done") {
		t.Errorf("the ledger has %q", acts)
	}
}

// alike compares lines whatever the numbers of people.
func alike(a, b string) bool { return strings.ReplaceAll(a, "#", "") == strings.ReplaceAll(b, "#", "") }

func TestWhatSystemsAndTheNetworkToldIsToldApart(t *testing.T) {
	h, k := newSeen(t, Seen{Authorities: []string{"CHU"}})
	var b event.Batch
	b.Reset("s1", "north", 1)
	header := event.Header{Time: h.now.Now().UnixNano(), Src: netip.MustParseAddr("10.9.0.8"), Dst: netip.MustParseAddr("10.9.0.7")}
	for range 3 {
		b.Add(&header, &event.DICOM{Activity: "Move", Patient: "p~CHU42"})
	}
	b.Add(&header, &event.FHIR{Resource: "Observation", Interaction: "read", Patient: "p~42"})
	b.Add(&header, &event.FHIR{Resource: "Observation", Interaction: "read", Patient: "p~421"})
	b.Add(&header, &event.ATNA{Action: "read", Users: []string{"ada"}, Source: "DPI", Patients: []string{"p~7", "p~42"}})
	b.Add(&header, &event.ATNA{Action: "read", Users: []string{"locum"}, Source: "DPI", Patients: []string{"p~42"}, BreakGlass: true})
	if err := k.Add(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	k.Flush()
	h.now.Add(time.Hour)
	ask := h.lastHours(48, "investigation")
	ask.Names = true
	got := lines(h.report(t, ask))
	slices.Sort(got)
	want := []string{"network 10.9.0.8|Fetched images|3|elsewhere", "network 10.9.0.8|Read data (Observation)|1|elsewhere",
		"system Ada Martin|Read the record|1|elsewhere", "system locum|Read the record|1|review"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAReportNeedsItsReasonAndSaysWhatItCannotSee(t *testing.T) {
	h, k := newSeen(t, Seen{Longest: 30 * 24 * time.Hour})
	good := h.lastHours(24, "patient")
	for what, change := range map[string]func(*SeenAsk){
		"no reason":                     func(a *SeenAsk) { a.Reason = "curious" },
		"no reference":                  func(a *SeenAsk) { a.Reference = "x " },
		"no patient":                    func(a *SeenAsk) { a.Identifier = " " },
		"names to a patient":            func(a *SeenAsk) { a.Names = true },
		"a span that is too long":       func(a *SeenAsk) { a.From = a.Until.Add(-31 * 24 * time.Hour) },
		"a span that ends as it begins": func(a *SeenAsk) { a.From = a.Until },
	} {
		ask := good
		change(&ask)
		if _, err := h.AskSeen(t.Context(), "person:3", ask); !errors.Is(err, ErrAsk) && !errors.Is(err, ErrRefuse) {
			t.Errorf("%s: %v", what, err)
		}
	}
	bob := h.as("2")
	bob.may("readRecord", "p~42")
	h.told(t, k)
	h.now.Add(time.Minute)
	r := h.report(t, h.lastHours(24*20, "patient"))
	if _, err := h.SeenPage("person:1", r.ID, 0, 10); !errors.Is(err, ErrNone) {
		t.Errorf("somebody else's report: %v", err)
	}
	for _, format := range []string{"pdf", "csv"} {
		for _, french := range []bool{true, false} {
			text, err := h.SeenPaper(t.Context(), "person:3", r.ID, format, french)
			if err != nil || len(text) == 0 {
				t.Fatalf("%s: %v", format, err)
			}
			if format == "pdf" && !bytes.HasPrefix(text, []byte("%PDF-")) {
				t.Error("it is no PDF")
			}
			if format == "csv" {
				c := csv.NewReader(bytes.NewReader(text))
				c.FieldsPerRecord = -1
				rows, err := c.ReadAll()
				if err != nil || len(rows) < 6 || !strings.HasPrefix(rows[len(rows)-1][0], "# ") || !strings.Contains(string(text), map[bool]string{true: "Rien d’antérieur", false: "Nothing older"}[french]) {
					t.Errorf("got %q, %v", rows, err)
				}
			}
		}
	}
	if text, _ := h.SeenPaper(t.Context(), "person:3", r.ID, "csv", false); strings.Contains(string(text), "Bob") {
		t.Error("staff is named to the patient")
	}
}

func TestAReportIsBoundedAndSaysWhereItWasCut(t *testing.T) {
	h, k := newSeen(t, Seen{})
	var b event.Batch
	const many = mostSeenLines + 500
	for n := range many {
		if n%5000 == 0 {
			if n > 0 {
				if err := k.Add(b.Bytes()); err != nil {
					t.Fatal(err)
				}
			}
			b.Reset("s1", "north", uint64(n+1))
		}
		at := h.now.Now().Add(-time.Duration(n) * time.Second)
		b.Add(&event.Header{Time: at.UnixNano()}, &event.Access{Principal: fmt.Sprint("Person:", n), Action: "readRecord", Resource: "Record:p~42", Patient: "p~42", Status: "allow", Count: 1})
	}
	if err := k.Add(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	k.Flush()
	h.now.Add(time.Minute)
	r := h.report(t, h.lastHours(24, "complaint"))
	if r.Total != mostSeenLines || r.Cut.IsZero() || len(r.Lines) != 1000 {
		t.Errorf("%d lines, cut at %v, a page of %d", r.Total, r.Cut, len(r.Lines))
	}
	for range 2 * mostSeen { // finished ones make room
		h.report(t, h.lastHours(1, "complaint"))
	}
	if n := len(h.SeenOf("person:3")); n > mostSeen {
		t.Errorf("%d reports are kept", n)
	}
	var err error
	for n := 0; err == nil && n < 100; n++ { // nobody makes them meanwhile
		_, err = h.AskSeen(t.Context(), "person:3", h.lastHours(1, "complaint"))
	}
	if !errors.Is(err, ErrAsk) {
		t.Errorf("more than there is room for: %v", err)
	}
	for n := range 100 { // nor may those who drop theirs fill the queue
		if all := h.SeenOf("person:3"); len(all) > 0 {
			if err := h.DropSeen("person:3", all[0].ID); err != nil {
				t.Fatal(n, err)
			}
		}
		_, _ = h.AskSeen(t.Context(), "person:3", h.lastHours(1, "complaint"))
	}
	for len(h.seen.queue) > 0 { // what was dropped is not made
		r := <-h.seen.queue
		if err := h.makeSeen(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkSeen makes a report about a year in which half a million decisions were told, 2,000 of them about the patient.
func BenchmarkSeen(b *testing.B) {
	h, k := newSeen(b, Seen{})
	const all, step = 500_000, 365 * 24 * time.Hour / 500_000
	var batch event.Batch
	for n := range all {
		if n%5000 == 0 {
			if n > 0 {
				if err := k.Add(batch.Bytes()); err != nil {
					b.Fatal(err)
				}
			}
			batch.Reset("s1", "north", uint64(n+1))
		}
		patient := fmt.Sprint("p~", n%5000)
		if n%250 == 0 {
			patient = "p~42"
		}
		at := h.now.Now().Add(-time.Duration(n) * step)
		batch.Add(&event.Header{Time: at.UnixNano()}, &event.Access{Principal: fmt.Sprint("Person:", n%800), Session: fmt.Sprint(n), Action: "readRecord", Resource: "Record:" + patient, Patient: patient,
			Status: "allow", Policies: []string{"duty-care"}, Reason: "On duty in a unit where the patient is cared for or expected", Zone: "clinical", Count: 1})
	}
	if err := k.Add(batch.Bytes()); err != nil {
		b.Fatal(err)
	}
	k.Flush()
	h.now.Add(time.Minute)
	for b.Loop() {
		if r := h.report(b, h.lastHours(365*24, "complaint")); r.Total < 2000 {
			b.Fatalf("%d lines", r.Total)
		}
	}
}
