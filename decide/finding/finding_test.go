package finding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
)

var morning = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// alerts makes batches of alerts.
type alerts struct {
	batch event.Batch
	n     uint64
	at    time.Time
}

// add adds an alert of rule 1:sid: what from sent to to.
func (a *alerts) add(sid uint64, from, to string) {
	a.put(from, to, &event.Alert{Title: fmt.Sprintf("Rule %d", sid), GID: 1, SID: sid, Rev: 1, Severity: 2, App: "smb",
		Metadata: []string{"mitre_technique_id T1210", "confidence High"}, References: []string{"cve,2017-0144"}})
}

func (a *alerts) put(from, to string, p *event.Alert) {
	if a.batch.Len() == 0 {
		a.n++
		a.batch.Reset("sensor", "main", a.n)
	}
	if a.at.IsZero() {
		a.at = morning
	}
	h := event.Header{Time: a.at.UnixNano(), Flow: 77, Proto: 6, Ports: event.Ports{Src: 50000, Dst: 445}}
	h.Src, h.Dst = netip.MustParseAddr(from), netip.MustParseAddr(to)
	a.batch.Add(&h, p)
}

// hear reads what was made, as the next batch of the bus.
func hear(t testing.TB, f *Findings, a *alerts) {
	t.Helper()
	if err := f.read(a.n, a.batch.Bytes()); err != nil {
		t.Fatal(err)
	}
	a.batch = event.Batch{}
}

// people are devices by their addresses.
type people map[string]uint64

func (p people) At(a netip.Addr) uint64 { return p[a.String()] }

func (p people) Named(id uint64) (name, class, tier string, ok bool) {
	for _, n := range p {
		if n == id {
			return fmt.Sprintf("CT %d", id), "imaging modality", "1", true
		}
	}
	return "", "", "", false
}

// ear hears what is published.
type ear struct {
	t   *testing.T
	ids map[uint64]bool
	all []event.Finding
	off bool
}

func (e *ear) Publish(_ context.Context, kind event.Kind, batch []byte) error {
	if e.off {
		return errors.New("the bus is away")
	}
	var r event.Reader
	if err := r.Open(batch); err != nil || kind != event.KindFinding {
		e.t.Errorf("published %v: %v", kind, err)
	}
	if e.ids == nil {
		e.ids = map[uint64]bool{}
	}
	if e.ids[r.ID] { // the bus takes it once
		return nil
	}
	e.ids[r.ID] = true
	var x event.Event
	for r.Next(&x) {
		p := *x.Payload.(*event.Finding)
		p.Title, p.UID, p.Activity, p.Status = strings.Clone(p.Title), strings.Clone(p.UID), strings.Clone(p.Activity), strings.Clone(p.Status)
		e.all = append(e.all, p)
	}
	return nil
}

func (e *ear) said() (all []string) {
	for _, x := range e.all {
		all = append(all, x.UID+" "+x.Activity)
	}
	return all
}

func open(t testing.TB, d *db.DB, n Needs) (*Findings, *clock.Manual) {
	t.Helper()
	now := clock.NewManual(morning)
	n.DB, n.Log = d, slog.New(slog.DiscardHandler)
	if n.Clock == nil {
		n.Clock = now
	}
	if n.Ledger == nil {
		k, err := keys.Open(filepath.Join(t.TempDir(), "keys"))
		if err != nil {
			t.Fatal(err)
		}
		n.Ledger, err = ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: n.Clock, Origin: "bulwark/test/ledger", Key: k.Signing("ledger"),
			Keeper: ledger.File(filepath.Join(t.TempDir(), "heads")), Health: health.NewTracker(n.Clock)})
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := New(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return f, now
}

// page is what a query finds.
func page(t testing.TB, f *Findings, text string) Page {
	t.Helper()
	values, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	q, err := readQuery(values)
	if err != nil {
		t.Fatal(err)
	}
	return f.list(q)
}

// brief are findings in short: number, count, status, ends.
func brief(p Page) string {
	var all []string
	for _, v := range p.Items {
		all = append(all, fmt.Sprintf("%d x%d %s %s>%s", v.ID, v.Count, v.Status, role(v.Entities, "source").Value, role(v.Entities, "target").Value))
	}
	return strings.Join(all, "; ")
}

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

func TestFindings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		e := &ear{t: t}
		f, now := open(t, d, Needs{Devices: people{"10.0.0.1": 12}, Publisher: e, Site: "main"})
		a := &alerts{}
		for range 5 {
			a.add(1, "10.0.0.1", "10.0.0.2")
		}
		a.add(1, "10.0.0.1", "10.0.0.3")
		a.add(2, "10.0.0.1", "10.0.0.2")
		hear(t, f, a)
		check(t, "one finding for each rule and pair", brief(page(t, f, "sort=first")), "3 x1 open 10.0.0.1>10.0.0.2; 2 x1 open 10.0.0.1>10.0.0.3; 1 x5 open 10.0.0.1>10.0.0.2")
		v := page(t, f, "rule=1:2").Items[0]
		if v.Severity != "medium" || v.Confidence != "high" || len(v.Techniques) != 1 || v.Techniques[0].Name != "Exploitation of Remote Services" || v.Attack != "19.1" {
			t.Errorf("of the rule: %+v", v)
		}
		if x := v.Entities[0]; x.Kind != "device" || x.Device != 12 || x.Name != "CT 12" || x.Tier != "1" {
			t.Errorf("the source: %+v", x)
		}
		check(t, "why", v.Why.EN, "Rule 1:2 matched what CT 12 (10.0.0.1) sent to 10.0.0.2, port 445, in SMB.")
		check(t, "why", v.Why.FR, "La règle 1:2 correspond à ce que CT 12 (10.0.0.1) a envoyé à 10.0.0.2, port 445, en SMB.")
		detail(t, f)
		t.Run("people", func(t *testing.T) { judging(t, f, now, e) })
		if err := f.keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		again, _ := open(t, d, Needs{Ledger: f.needs.Ledger, Devices: f.needs.Devices, Clock: now})
		check(t, "taken up again", all(t, again), all(t, f))
	})
}

// all is all that a room shows.
func all(t *testing.T, f *Findings) string {
	t.Helper()
	p := page(t, f, "sort=first&limit=500")
	var ds []Detail
	for _, v := range p.Items {
		x, err := f.Show(t.Context(), v.ID)
		if err != nil {
			t.Fatal(err)
		}
		ds = append(ds, x)
	}
	text, err := json.MarshalIndent([]any{ds, f.Suppressions(""), f.AllVerdicts()}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func detail(t *testing.T, f *Findings) {
	if err := f.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	x, err := f.Show(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Evidence.Events) != 5 || x.Evidence.More != 0 || x.Evidence.Events[0].ID != "sensor-1.4" || x.Evidence.Events[0].Flow != "77" {
		t.Errorf("evidence: %+v", x.Evidence)
	}
	if p := x.Evidence.Packets; p == nil || p.Flow != "77" || !p.From.Before(morning) || !p.To.After(morning) {
		t.Errorf("packets: %+v", p)
	}
	if x.Related != (Related{Rule: 1, Source: 2, Target: 1}) {
		t.Errorf("related: %+v", x.Related)
	}
	if len(x.References) != 1 || x.References[0].URL != "https://nvd.nist.gov/vuln/detail/CVE-2017-0144" {
		t.Errorf("references: %+v", x.References)
	}
	if len(x.History) != 1 || x.History[0].What != "created" || x.History[0].By != "program:finding" {
		t.Errorf("history: %+v", x.History)
	}
	if _, err := f.Show(t.Context(), 99); !errors.Is(err, ErrNoFinding) {
		t.Errorf("one that is not there: %v", err)
	}
}

// say says something that must be possible.
func say(t *testing.T, f *Findings, a Ask) {
	t.Helper()
	if _, _, err := f.Judge(t.Context(), "person:ana", a); err != nil {
		t.Fatal(err)
	}
}

func judging(t *testing.T, f *Findings, now *clock.Manual, e *ear) {
	a := &alerts{n: 10}
	a.at = morning.Add(time.Minute)
	say(t, f, Ask{IDs: []uint64{1}, Verdict: False, Reason: "our own scanner"})
	a.add(1, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	check(t, "what was judged false is counted and not shown", brief(page(t, f, "rule=1:1&sort=first")), "2 x1 open 10.0.0.1>10.0.0.3; 1 x6 closed 10.0.0.1>10.0.0.2")
	say(t, f, Ask{IDs: []uint64{1}, Verdict: Reopen})
	if got := len(f.Suppressions("1:1")); got != 0 {
		t.Errorf("%d suppressions stand after it was opened again", got)
	}
	say(t, f, Ask{IDs: []uint64{3}, Verdict: Snooze, Until: morning.Add(time.Hour)})
	a.add(2, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	check(t, "what is snoozed is counted", brief(page(t, f, "rule=1:2")), "3 x2 snoozed 10.0.0.1>10.0.0.2")
	now.Add(time.Hour)
	f.wake()
	check(t, "until then", brief(page(t, f, "rule=1:2")), "3 x2 open 10.0.0.1>10.0.0.2")
	say(t, f, Ask{IDs: []uint64{3}, Verdict: True})
	a.at = morning.Add(time.Hour + time.Minute)
	a.add(2, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	check(t, "what was true stays closed for a while", brief(page(t, f, "rule=1:2")), "3 x3 closed 10.0.0.1>10.0.0.2")
	a.at = morning.Add(3 * time.Hour)
	a.add(2, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	check(t, "and comes back", brief(page(t, f, "rule=1:2")), "3 x4 open 10.0.0.1>10.0.0.2")
	if v := f.Verdicts("1:2"); v.True != 1 || len(v.List) != 1 || v.List[0].By != "person:ana" {
		t.Errorf("what was said of the rule before: %+v", v)
	}
	say(t, f, Ask{IDs: []uint64{2}, Verdict: Benign, Reason: "allowed", Scope: ByEntity, Entity: "device:12"})
	check(t, "all of the rule and that device are closed", brief(page(t, f, "rule=1:1&sort=first")), "2 x1 closed 10.0.0.1>10.0.0.3; 1 x6 closed 10.0.0.1>10.0.0.2")
	a.add(1, "10.0.0.1", "10.0.0.77")
	a.add(1, "10.0.0.5", "10.0.0.77")
	hear(t, f, a)
	check(t, "a new one of it is not shown", brief(page(t, f, "entity=10.0.0.77")), "4 x1 open 10.0.0.5>10.0.0.77")
	if s := f.Suppressions("1:1"); len(s) != 1 || s[0].Hits != 1 || s[0].By != "person:ana" || s[0].Reason != "allowed" || f.Verdicts("1:1").Suppressions != 1 || f.Verdicts("1:1").Benign != 2 {
		t.Errorf("suppressions: %+v, verdicts: %+v", s, f.Verdicts("1:1"))
	}
	if err := f.Unsuppress(t.Context(), "person:bob", f.Suppressions("")[0].ID, "gone"); err != nil {
		t.Fatal(err)
	}
	a.add(1, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	check(t, "what is not suppressed any more comes back", brief(page(t, f, "rule=1:1&sort=first&limit=1")), "4 x1 open 10.0.0.5>10.0.0.77")
	check(t, "it", brief(page(t, f, "rule=1:1&status=open&entity=10.0.0.2")), "1 x7 open 10.0.0.1>10.0.0.2")
	if err := errors.Join(f.keep(t.Context()), f.send(t.Context())); err != nil {
		t.Fatal(err)
	}
	check(t, "told", strings.Join(e.said(), ", "), "1 Create, 2 Create, 3 Create, 1 Close, 1 Update, 3 Update, 3 Update, 3 Close, 3 Update, 2 Close, 1 Close, 4 Create, 1 Update")
}

func TestWhatCannotBeSaid(t *testing.T) {
	d := dbtest.SQLite(t)
	f, _ := open(t, d, Needs{})
	a := &alerts{}
	a.add(1, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	before := all(t, f)
	for _, c := range []struct {
		sentence string
		ask      Ask
		err      error
	}{
		{"nothing is named", Ask{Verdict: True}, ErrVerdict},
		{"one that is not there", Ask{IDs: []uint64{1, 7}, Verdict: True}, ErrNoFinding},
		{"another word", Ask{IDs: []uint64{1}, Verdict: "maybe"}, ErrVerdict},
		{"false without a reason", Ask{IDs: []uint64{1}, Verdict: False, Reason: " "}, ErrVerdict},
		{"a reason that is no text", Ask{IDs: []uint64{1}, Verdict: True, Reason: "\xff"}, ErrVerdict},
		{"a reason without end", Ask{IDs: []uint64{1}, Verdict: True, Reason: strings.Repeat("x", 501)}, ErrVerdict},
		{"a snooze without end", Ask{IDs: []uint64{1}, Verdict: Snooze}, ErrVerdict},
		{"a snooze until yesterday", Ask{IDs: []uint64{1}, Verdict: Snooze, Until: morning.Add(-time.Hour)}, ErrVerdict},
		{"true until tomorrow", Ask{IDs: []uint64{1}, Verdict: True, Until: morning.Add(time.Hour)}, ErrVerdict},
		{"true of a rule", Ask{IDs: []uint64{1}, Verdict: True, Scope: ByRule}, ErrVerdict},
		{"an entity that it is not about", Ask{IDs: []uint64{1}, Verdict: False, Reason: "x", Scope: ByEntity, Entity: "address:10.0.0.9"}, ErrVerdict},
		{"an entity that is none", Ask{IDs: []uint64{1}, Verdict: False, Reason: "x", Scope: ByEntity, Entity: "x"}, ErrVerdict},
		{"an entity beside the scope", Ask{IDs: []uint64{1}, Verdict: False, Reason: "x", Entity: "address:10.0.0.1"}, ErrVerdict},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			if _, _, err := f.Judge(t.Context(), "person:ana", c.ask); !errors.Is(err, c.err) {
				t.Errorf("%v, want %v", err, c.err)
			}
			check(t, "nothing changed", all(t, f), before)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, ask := range []Ask{{IDs: []uint64{1}, Verdict: False, Reason: "x"}, {IDs: []uint64{1}, Verdict: Snooze, Until: morning.Add(time.Hour)}} {
		if _, _, err := f.Judge(ctx, "person:ana", ask); err == nil {
			t.Error("what could not be kept was said")
		}
		check(t, "what could not be kept has not happened", all(t, f), before)
	}
}

// A sweep over a network is one thing to look at.
func TestASweepIsOneFinding(t *testing.T) {
	f, _ := open(t, dbtest.SQLite(t), Needs{Config: Config{Most: 1000, Wide: 3}})
	a := &alerts{}
	for n := range 200 {
		a.add(1, "10.0.0.1", fmt.Sprintf("10.0.1.%d", n))
		a.add(2, fmt.Sprintf("203.0.113.%d", n), "10.0.0.9")
	}
	hear(t, f, a)
	p := page(t, f, "")
	if p.Total != 8 {
		t.Fatalf("%d findings, want 3 and one of many, twice: %s", p.Total, brief(p))
	}
	out, in := page(t, f, "sort=count&rule=1:1").Items[0], page(t, f, "sort=count&rule=1:2").Items[0]
	if out.Count != 197 || out.Entities[1].Kind != "others" || len(out.Entities) != 2+mostSome || in.Count != 197 || in.Entities[0].Kind != "others" {
		t.Errorf("of many: %+v\n%+v", out, in)
	}
	check(t, "why", out.Why.EN, "Rule 1:1 matched what 10.0.0.1 sent to many others, port 445, in SMB, 197 times.")
}

// What one rule finds between two ends costs no more however often it does.
func TestAFloodIsOneFinding(t *testing.T) {
	d := dbtest.SQLite(t)
	f, _ := open(t, d, Needs{})
	for n := range 20 {
		a := &alerts{n: uint64(n)}
		for range 5000 {
			a.add(1, "10.0.0.1", "10.0.0.2")
		}
		hear(t, f, a)
		if len(f.changed) != 1 || len(f.items) != 1 || len(f.keys) > 2 || len(f.items[1].fresh.history) != 1 {
			t.Fatalf("after %d: %d changed, %d items, %d keys, %+v", n, len(f.changed), len(f.items), len(f.keys), f.items[1].fresh.history)
		}
	}
	if err := f.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	x, err := f.Show(t.Context(), 1)
	if err != nil || x.Count != 100_000 || len(x.Evidence.Events) != slots || x.Evidence.More != 100_000-slots {
		t.Errorf("%+v, %v", x, err)
	}
	if got := x.Evidence.Events[slots-1].ID; got != "sensor-1.0" {
		t.Errorf("the first is %s", got)
	}
}

// Of too many, closed ones go first, with all that is kept of them; what people said of them stands.
func TestThereAreNeverTooMany(t *testing.T) {
	d := dbtest.SQLite(t)
	f, _ := open(t, d, Needs{Config: Config{Most: 1000, Wide: 100_000}})
	a := &alerts{}
	for n := range 1000 {
		a.add(uint64(n), "10.0.0.1", "10.0.0.2")
	}
	hear(t, f, a)
	last := page(t, f, "rule=1:999").Items[0].ID
	say(t, f, Ask{IDs: []uint64{last}, Verdict: False, Reason: "x"})
	for n := range 500 {
		a.add(uint64(n+5000), "10.0.0.1", "10.0.0.2")
	}
	hear(t, f, a)
	if err := f.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(f.items); n > 1000 || n < 900 || f.items[last] != nil {
		t.Errorf("%d findings, the closed one: %v", n, f.items[last])
	}
	a.add(999, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	if p := page(t, f, "rule=1:999"); p.Total != 0 || f.Suppressions("1:999")[0].Hits != 1 {
		t.Errorf("what was said is forgotten: %s", brief(p))
	}
	for table, most := range map[string]int{"finding_item": len(f.items), "finding_evidence": len(f.items), "finding_history": len(f.items)} {
		var n int
		if err := d.Read().NewRaw("SELECT COUNT(*) FROM "+table).Scan(t.Context(), &n); err != nil || n != most {
			t.Errorf("%s has %d rows, want %d, %v", table, n, most, err)
		}
	}
	if len(f.keys) > 2*len(f.items) || len(f.wide) > 2*len(f.items) {
		t.Errorf("%d keys and %d widths of %d items", len(f.keys), len(f.wide), len(f.items))
	}
}

// A device that turns out to be at an address takes over what was found there; another device there is another.
func TestDevicesTakeOver(t *testing.T) {
	who := people{}
	f, now := open(t, dbtest.SQLite(t), Needs{Devices: who})
	a := &alerts{}
	a.add(1, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	who["10.0.0.1"] = 5
	now.Add(2 * time.Second)
	f.wake()
	check(t, "named a little later", fmt.Sprint(page(t, f, "entity=device:5").Total), "1")
	delete(who, "10.0.0.1")
	who["10.0.0.8"] = 5
	now.Add(2 * time.Second)
	a.add(1, "10.0.0.8", "10.0.0.2")
	hear(t, f, a)
	check(t, "the device at another address", brief(page(t, f, "")), "1 x2 open 10.0.0.8>10.0.0.2")
	who["10.0.0.1"] = 6
	now.Add(2 * time.Second)
	a.add(1, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	check(t, "another device", fmt.Sprint(page(t, f, "").Total), "2")
}

// Whatever is killed when, every alert is counted once, and every event told once.
func TestNothingIsLostOrDoubled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		e := &ear{t: t}
		f, now := open(t, d, Needs{Publisher: e})
		var batches [][]byte
		for n := range 60 {
			a := &alerts{n: uint64(n)}
			a.add(uint64(n%7), "10.0.0.1", "10.0.0.2")
			a.add(1, "10.0.0.1", fmt.Sprintf("10.0.0.%d", 3+n%9))
			batches = append(batches, append([]byte(nil), a.batch.Bytes()...))
		}
		at := f.upTo.Seq
		for step := 0; at < uint64(len(batches)); step++ {
			at++
			if err := f.read(at, batches[at-1]); err != nil {
				t.Fatal(err)
			}
			switch step % 8 {
			case 2:
				if err := f.keep(t.Context()); err != nil {
					t.Fatal(err)
				}
			case 3:
				say(t, f, Ask{IDs: []uint64{1 + uint64(step)%f.last}, Verdict: Snooze, Until: now.Now().Add(time.Hour)})
			case 5:
				e.off = step%16 == 5
				_ = f.send(t.Context()) // it may be away
			case 7: // killed: what was not kept is gone
				f, _ = open(t, d, Needs{Publisher: e, Ledger: f.needs.Ledger, Clock: now})
				at = f.upTo.Seq
			}
		}
		e.off = false
		if err := errors.Join(f.keep(t.Context()), f.send(t.Context())); err != nil {
			t.Fatal(err)
		}
		var counted uint64
		for _, v := range page(t, f, "limit=500").Items {
			counted += v.Count
		}
		if want := uint64(2 * len(batches)); counted != want {
			t.Errorf("%d alerts are counted, want %d", counted, want)
		}
		made := map[string]int{}
		for _, x := range e.all {
			if x.Activity == "Create" {
				made[x.UID]++
			}
		}
		if len(made) != len(f.items) {
			t.Errorf("%d findings were told, there are %d", len(made), len(f.items))
		}
		for uid, n := range made {
			if n != 1 {
				t.Errorf("finding %s was told %d times", uid, n)
			}
		}
	})
}

// On a full disk nothing is lost: when there is room again all is kept.
func TestDiskFull(t *testing.T) {
	d := dbtest.SQLite(t)
	f, _ := open(t, d, Needs{})
	limit := func(pages int) {
		t.Helper()
		if err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Exec(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit(1)
	a := &alerts{}
	for n := range 3000 {
		a.add(uint64(n), "10.0.0.1", "10.0.0.2")
	}
	hear(t, f, a)
	if err := f.keep(t.Context()); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("on a full disk: %v", err)
	}
	limit(1 << 30)
	if err := f.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, _ := open(t, d, Needs{Ledger: f.needs.Ledger})
	check(t, "taken up again", all(t, again), all(t, f))
}

// told is what conversations named.
type told map[uint64][][2]string

func (c told) Named(_ context.Context, flow uint64, from, to time.Time) ([][2]string, error) {
	if !from.Before(morning) || !to.After(morning) {
		return nil, fmt.Errorf("asked from %v to %v", from, to)
	}
	return c[flow], nil
}

// What else a conversation named is known a little later, and more of it when it has ended.
func TestWhatElseAConversationNamed(t *testing.T) {
	c := told{77: {{"domain", "bad.example"}}}
	f, now := open(t, dbtest.SQLite(t), Needs{Conversations: c})
	a := &alerts{}
	a.add(1, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	f.lookUp(t.Context())
	check(t, "at once", fmt.Sprint(page(t, f, "entity=domain:bad.example").Total), "0")
	now.Add(askSoon)
	f.lookUp(t.Context())
	check(t, "soon", fmt.Sprint(page(t, f, "entity=domain:bad.example").Total), "1")
	c[77] = append(c[77], [2]string{"user", "ana"}, [2]string{"domain", "bad.example"})
	now.Add(askLater)
	f.lookUp(t.Context())
	f.lookUp(t.Context())
	if v := page(t, f, "q=ana+bad.example"); v.Total != 1 || len(v.Items[0].Entities) != 4 || len(f.wondering) != 0 {
		t.Errorf("later: %+v, %d wait", v, len(f.wondering))
	}
}

// Names that no database takes do not keep anything from being kept.
func TestNamesThatAreNoText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f, _ := open(t, d, Needs{})
		var b event.Batch
		b.Reset("sen\x00sor\xff", "ma\x00in\xff", 1)
		h := event.Header{Time: morning.UnixNano(), Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2")}
		b.Add(&h, &event.Alert{Title: "a\x00b\xff", GID: 1, SID: 1, Category: "\x00", App: "x\x00\xff", Metadata: []string{"mitre_tactic_id TA\x00\xff01"},
			References: []string{"url,\x00"}, Record: "{\"http\":{\"hostname\":\"\\u0000\"}}"})
		if err := f.read(1, b.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := f.keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		again, _ := open(t, d, Needs{Ledger: f.needs.Ledger})
		check(t, "taken up again", all(t, again), all(t, f))
	})
}

// A rule that names a tactic and no technique is found by it.
func TestATacticWithoutATechnique(t *testing.T) {
	f, _ := open(t, dbtest.SQLite(t), Needs{})
	a := &alerts{}
	a.put("10.0.0.1", "10.0.0.2", &event.Alert{Title: "x", GID: 1, SID: 3, Metadata: []string{"mitre_tactic_id TA0008", "mitre_tactic_id TA9999"}})
	hear(t, f, a)
	v := page(t, f, "tactic=TA0008").Items
	if len(v) != 1 || len(v[0].Tactics) != 1 || v[0].Tactics[0].Name != "Lateral Movement" {
		t.Errorf("%+v", v)
	}
	if x := f.facets(&query{}); len(x.Tactic) != 1 || x.Tactic[0].Count != 1 {
		t.Errorf("%+v", x.Tactic)
	}
}
