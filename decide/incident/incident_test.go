package incident

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/decide/incident/story"
	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

var morning = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// told makes batches of findings.
type told struct {
	batch event.Batch
	n     uint64
	at    time.Time
}

// add adds a finding of a rule: what device from (at 10.0.0.from) did to device to.
func (f *told) add(uid, rule int, severity string, from, to int, verdict string) {
	if f.batch.Len() == 0 {
		f.n++
		f.batch.Reset("finding", "main", f.n)
	}
	src, dst := netip.AddrFrom4([4]byte{10, 0, 0, byte(from)}), netip.AddrFrom4([4]byte{10, 0, 0, byte(to)})
	status := "open"
	if verdict != "" {
		status = "closed"
	}
	h := event.Header{Time: f.at.UnixNano(), Src: src, Dst: dst}
	f.batch.Add(&h, &event.Finding{Title: fmt.Sprint("Rule ", rule), UID: fmt.Sprint(uid), Severity: severity, Rule: fmt.Sprint("1:", rule), Activity: "Create", Status: status,
		Verdict: verdict, Techniques: []string{"T1210"}, Tactics: []string{"TA0008"}, Count: 1,
		Entities: []string{fmt.Sprint("device:", from), "address:" + src.String(), fmt.Sprint("device:", to), "address:" + dst.String(), "domain:bad.example"}})
	f.at = f.at.Add(time.Minute)
}

// hear reads what was made, as the next batch of the bus.
func hear(t testing.TB, i *Incidents, f *told) {
	t.Helper()
	if err := i.read(f.n, f.batch.Bytes()); err != nil {
		t.Fatal(err)
	}
	f.batch = event.Batch{}
}

// ward knows devices: an infusion gateway, and office machines.
type ward struct{}

func (ward) Device(id uint64) (Device, bool) {
	if id == 1 {
		return Device{Name: "Infusion gateway", Class: "infusion gateway", Ward: "ICU", Tier: "0"}, true
	}
	return Device{Name: fmt.Sprint("PC ", id), Class: "office PC", Tier: "3"}, true
}

// judged notes what is judged.
type judged struct{ said []string }

func (j *judged) Judge(_ context.Context, actor string, ids []uint64, verdict, reason string) error {
	j.said = append(j.said, fmt.Sprint(actor, " ", ids, " ", verdict, " ", reason))
	return nil
}

// ear hears what is published.
type ear struct {
	ids map[string]bool
	all []string
}

func (e *ear) Publish(_ context.Context, kind event.Kind, batch []byte) error {
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	id := fmt.Sprint(r.Sensor, r.ID)
	if e.ids[id] { // the bus takes it once
		return nil
	}
	e.ids[id] = true
	var x event.Event
	for r.Next(&x) {
		switch p := x.Payload.(type) {
		case *event.Incident:
			e.all = append(e.all, fmt.Sprint(kind, " ", p.UID, " ", p.Activity))
		case *event.Risk:
			e.all = append(e.all, fmt.Sprint(kind, " ", p.Entity, " ", p.Band))
		}
	}
	return r.Err()
}

func open(t testing.TB, d *db.DB, n Needs) (*Incidents, *clock.Manual) {
	t.Helper()
	now := clock.NewManual(morning)
	n.DB, n.Clock, n.Log, n.Devices, n.Site = d, now, slog.New(slog.DiscardHandler), ward{}, "main"
	k, err := keys.Open(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	n.Ledger, err = ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: now, Origin: "bulwark/test/ledger", Key: k.Signing("ledger"),
		Keeper: ledger.File(filepath.Join(t.TempDir(), "heads")), Health: health.NewTracker(now)})
	if err != nil {
		t.Fatal(err)
	}
	i, err := New(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return i, now
}

// brief are incidents in short: number, status, findings, entities.
func brief(i *Incidents) string {
	var all []string
	for _, v := range i.list(query{sort: "first", limit: 100}).Items {
		var names []string
		for _, e := range v.Entities {
			names = append(names, e.ID)
		}
		slices.Sort(names)
		all = append(all, fmt.Sprintf("%d %s %d %s", v.ID, v.Status, v.Findings, strings.Join(names, ",")))
	}
	return strings.Join(all, "; ")
}

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

func TestIncidents(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		e, j := &ear{ids: map[string]bool{}}, &judged{}
		i, _ := open(t, d, Needs{Publisher: e, Judge: j})
		f := &told{at: morning}
		f.add(1, 1, "critical", 7, 1, "")
		f.add(2, 2, "high", 7, 1, "")
		f.add(3, 3, "low", 8, 9, "")
		hear(t, i, f)
		check(t, "what belongs together", brief(i), "1 open 3 device:1,device:7,device:8,device:9,domain:bad.example")
		v, err := i.Show(1)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "who did what to whom", v.Story[1].EN, "PC 7 set off “Rule 1” against Infusion gateway. Stage of the attack: Lateral Movement.")
		check(t, "the same in French", v.Story[1].FR, "PC 7 a déclenché « Rule 1 » contre Infusion gateway. Étape de l’attaque : Mouvement latéral.")
		check(t, "why it matters", v.Clinical.Text.EN, "Devices in it on which care depends: 1 life-critical. Wards: ICU.")
		if v.Severity != "critical" || v.Clinical.Gravest != "0" || len(v.Graph.Edges) != 6 || v.Joins[0].Because.FR == "" || len(v.Timeline) < 4 {
			t.Errorf("of the incident: %+v", v)
		}
		if r := i.Risk("device:7"); r.Band == "none" || r.Incident != 1 || r.Why.FR == "" {
			t.Errorf("the risk of who did it: %+v", r)
		}
		again(t, i, e, d)
		words(t, i, j, d)
	})
}

// again takes up what was kept, and goes on.
func again(t *testing.T, i *Incidents, e *ear, d *db.DB) {
	t.Helper()
	if err := errors.Join(i.keep(t.Context()), i.send(t.Context()), i.keep(t.Context())); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(e.all, "incident 1 Create") || !slices.ContainsFunc(e.all, func(s string) bool { return strings.HasPrefix(s, "risk device:7 ") }) {
		t.Errorf("told: %v", e.all)
	}
	before := len(e.all)
	o, _ := open(t, d, Needs{Publisher: e})
	check(t, "taken up again", brief(o), brief(i))
	if err := o.send(t.Context()); err != nil || len(e.all) != before {
		t.Errorf("told again: %v %v", e.all[before:], err)
	}
	one, err := i.Show(1)
	if err != nil {
		t.Fatal(err)
	}
	two, err := o.Show(1)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "the whole of it, taken up again", text(t, two), text(t, one))
	f := &told{at: morning.Add(10 * time.Minute), n: 1}
	f.add(4, 4, "medium", 7, 5, "")
	hear(t, o, f)
	check(t, "what comes joins what was taken up", brief(o), "1 open 4 device:1,device:5,device:7,device:8,device:9,domain:bad.example")
}

func text(t *testing.T, v any) string {
	t.Helper()
	doc, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// words tries what people say.
func words(t *testing.T, i *Incidents, j *judged, d *db.DB) {
	t.Helper()
	v, err := i.Show(1)
	if err != nil {
		t.Fatal(err)
	}
	var bursts []uint64
	for _, x := range v.Joins {
		if slices.Contains(x.Findings, "3") {
			bursts = append(bursts, x.Burst)
		}
	}
	if _, err := i.Split(t.Context(), "person:1", 1, bursts, "another matter"); err != nil {
		t.Fatal(err)
	}
	check(t, "split", brief(i), "2 open 1 device:8,device:9,domain:bad.example; 1 open 2 device:1,device:7,domain:bad.example")
	if _, err := i.Merge(t.Context(), "person:1", []uint64{1, 2}, "after all"); err != nil {
		t.Fatal(err)
	}
	check(t, "merged", brief(i), "2 closed 0 ; 1 open 3 device:1,device:7,device:8,device:9,domain:bad.example")
	closed, owner := Closed, "person:1"
	if _, err := i.Say(t.Context(), "person:1", 1, Ask{Status: &closed, Verdict: "benign"}); !errors.Is(err, ErrAsk) {
		t.Errorf("closed without a reason: %v", err)
	}
	if _, err := i.Say(t.Context(), "person:1", 1, Ask{Status: &closed, Verdict: "benign", Owner: &owner, Reason: "our own test"}); err != nil {
		t.Fatal(err)
	}
	check(t, "the verdict passes to its findings", strings.Join(j.said, "; "), "person:1 [1 2 3] benign incident 1: our own test")
	f := &told{at: morning.Add(20 * time.Minute), n: 1}
	f.add(1, 1, "critical", 7, 1, "benign")
	hear(t, i, f)
	if got := i.sites["main"].trust("1:1"); got >= 1 {
		t.Errorf("its rule is trusted as before: %v", got)
	}
	if _, err := i.Say(t.Context(), "person:1", 99, Ask{Owner: &owner}); !errors.Is(err, ErrNoIncident) {
		t.Errorf("of an incident that is not: %v", err)
	}
	if err := i.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, _ := open(t, d, Needs{})
	check(t, "taken up with what was said", brief(o), brief(i))
	if got := o.sites["main"].trust("1:1"); got != i.sites["main"].trust("1:1") {
		t.Errorf("the trust that was kept: %v", got)
	}
}

// An incident is contained while something is in force against it.
// What playbooks are for is told when it comes, although whoever it is about, and the stage of the attack, are in the incident already.
func TestATechniqueIsNotable(t *testing.T) {
	finds := func(severity uint8, technique string) story.Join {
		return story.Join{Told: story.Told{Severity: severity, Techniques: []string{technique}}, Entity: "device:7", Why: story.OfEntity}
	}
	j := finds(3, "T1496")
	it := &item{Story: &story.Incident{Tactics: []string{"TA0040"}, Entities: []string{"device:7"}, Joins: []story.Join{j}}}
	before := it.seen(story.Defaults())
	for _, tt := range []struct {
		name     string
		joined   story.Join
		notable  bool
		severity uint8
	}{
		{"the same again", j, false, 3},
		{"another technique", finds(3, "T1486"), true, 3},
		{"a graver finding", finds(4, "T1496"), true, 4},
	} {
		it.Story.Joins = []story.Join{j, tt.joined}
		if after := it.seen(story.Defaults()); (after != before) != tt.notable || after.Severity != tt.severity {
			t.Errorf("%s: %+v, before %+v", tt.name, after, before)
		}
	}
}

func TestContained(t *testing.T) {
	i, _ := open(t, dbtest.SQLite(t), Needs{})
	f := &told{at: morning}
	f.add(1, 1, "critical", 7, 1, "")
	hear(t, i, f)
	for _, c := range []struct {
		what, uid, state string
		want             Status
	}{
		{"what is proposed changes nothing", "1", "proposed", Open},
		{"in force", "1", "in_force", Contained},
		{"another in force", "2", "in_force", Contained},
		{"one of them ends", "1", "expired", Contained},
		{"the last ends", "2", "reverted", Open},
	} {
		var b event.Batch
		b.Reset("containment", "main", 1)
		b.Add(&event.Header{Time: morning.UnixNano()}, &event.Containment{UID: c.uid, State: c.state, Enforced: true, Incident: "1", Act: "isolate", Target: "device:7"})
		if err := i.read(2, b.Bytes()); err != nil {
			t.Fatal(err)
		}
		if got := i.items[1].Word.Status; got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, got, c.want)
		}
	}
}

// What cannot be kept has not happened.
func TestNothingHappensWhereItCannotBeKept(t *testing.T) {
	d := dbtest.SQLite(t)
	i, _ := open(t, d, Needs{})
	f := &told{at: morning}
	f.add(1, 1, "critical", 7, 1, "")
	f.add(2, 2, "critical", 7, 2, "")
	hear(t, i, f)
	if err := i.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := i.Show(1)
	if err != nil {
		t.Fatal(err)
	}
	before := text(t, v)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	title := "other"
	_, said := i.Say(ctx, "person:1", 1, Ask{Title: &title})
	_, split := i.Split(ctx, "person:1", 1, []uint64{v.Joins[0].Burst}, "")
	if said == nil || split == nil {
		t.Fatalf("kept by a database that is away: %v %v", said, split)
	}
	if v, err = i.Show(1); err != nil {
		t.Fatal(err)
	}
	check(t, "after what could not be kept", text(t, v), before)
	check(t, "the list after what could not be kept", brief(i), "1 open 2 device:1,device:2,device:7,domain:bad.example")
	if _, err := i.Split(t.Context(), "person:1", 1, []uint64{v.Joins[0].Burst}, ""); err != nil {
		t.Errorf("once it can be kept: %v", err)
	}
}

// byHeader lets in who has a duty of the route.
type byHeader struct{}

func (byHeader) Require(duties []web.Duty, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(duties, web.Duty(r.Header.Get("Duty"))) {
			web.Refuse(w, r, http.StatusForbidden, "duty")
			return
		}
		h.ServeHTTP(w, r)
	})
}

func TestRoutes(t *testing.T) {
	i, _ := open(t, dbtest.SQLite(t), Needs{Judge: &judged{}})
	f := &told{at: morning}
	f.add(1, 1, "critical", 7, 1, "")
	hear(t, i, f)
	h, err := web.NewMux(i.Doors(func(r *http.Request) (string, error) { return "person:" + r.Header.Get("Duty"), nil }).Routes(), byHeader{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, method, path, body string
		duty                     web.Duty
		status                   int
		holds                    string
	}{
		{"a reader sees the list", "GET", "/api/incidents?status=open&q=rule&entity=device:7", "", web.Reader, 200, `"total":1`},
		{"by the value of an entity", "GET", "/api/incidents?entity=7&band=high&owner=none", "", web.Reader, 200, `"id":1`},
		{"and what is in it", "GET", "/api/incidents/1", "", web.Reader, 200, `"because":`},
		{"of an incident that is not", "GET", "/api/incidents/77", "", web.Reader, 404, "incident.no-incident"},
		{"by no such status", "GET", "/api/incidents?status=hot", "", web.Reader, 400, "incident.query"},
		{"the risk of an entity", "GET", "/api/risk?entity=device:7", "", web.Reader, 200, `"incident":1`},
		{"all that weigh something", "GET", "/api/risk", "", web.Reader, 200, `"items":[{"entity":"device:`},
		{"a reader says nothing", "POST", "/api/incidents/1", `{"title":"x"}`, web.Reader, 403, "duty"},
		{"an analyst takes it", "POST", "/api/incidents/1", `{"owner":"person:1"}`, web.Analyst, 200, `"owner":"person:1"`},
		{"not one word", "POST", "/api/incidents/1", `{"colour":"red"}`, web.Analyst, 400, "incident.body"},
		{"it cannot be merged with itself", "POST", "/api/incidents/merge", `{"ids":[1,1]}`, web.Analyst, 422, "named twice"},
		{"not all of it can be split", "POST", "/api/incidents/1/split", `{"bursts":[1,2]}`, web.Analyst, 422, "some must stay"},
		{"closed with a verdict", "POST", "/api/incidents/1", `{"status":"closed","verdict":"true"}`, web.Analyst, 200, `"verdict":"true"`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Duty", string(c.duty))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.holds) && c.holds != "some must stay" {
			t.Errorf("%s: got %d %s, want %d with %s", c.what, w.Code, w.Body, c.status, c.holds)
		}
	}
}

func TestAStoryCountsWhatTheSensorSawAndWhatLogsSay(t *testing.T) {
	joins := []*story.Join{{Rule: "1:9000501"}, {Rule: "5f0f2a40-6f0e-4f5c-9a2c-0d2c4a7b1002"}, {Rule: "A rule: without an identifier"}}
	if traffic, logs := toldBy(joins); traffic != 1 || logs != 2 {
		t.Errorf("got %d of traffic and %d of logs, want 1 and 2", traffic, logs)
	}
}
