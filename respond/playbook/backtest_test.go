package playbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bulwark/content/playbooks"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/ledger"
)

var then = time.Date(2026, 11, 10, 3, 0, 0, 0, time.UTC)

// past is a past of incidents; an act against a device of which the number is even waits for a person.
type past struct {
	all   []Past
	grown map[string]func(at time.Time) Incident
	asked []Rehearsal
	hold  chan struct{} // nil: nothing holds
	err   error
}

func (p *past) Past(context.Context, time.Time, time.Time) ([]Past, error) { return p.all, p.err }

func (p *past) At(ctx context.Context, uid string, at time.Time) (Incident, error) {
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-ctx.Done():
			return Incident{}, ctx.Err()
		}
	}
	return p.grown[uid](at), nil
}

func (p *past) Rehearse(_ context.Context, r Rehearsal) (Rehearsed, error) {
	r.Spent = slices.Clone(r.Spent)
	p.asked = append(p.asked, r)
	out := Rehearsed{Outcome: "allow", Needs: "auto", Name: r.Target, Seen: true, Cut: true, Why: []Reason{}}
	var id uint64
	if _, err := fmt.Sscanf(r.Target, "device:%d", &id); err != nil {
		return out, nil
	}
	out.Touched = []Touched{{ID: id, Name: r.Target, Tier: 3, Confirmed: true, Ward: "A", Aimed: true}}
	out.Cuts = []Cut{{Device: id, Ward: "A"}}
	switch {
	case id == 13:
		return out, fmt.Errorf("%w: there is no device 13", ErrNever)
	case id%2 == 0:
		out.Outcome, out.Needs = "ask", "soc"
	case !r.Canary.IsZero() && r.At.Before(r.Canary.Add(time.Minute)):
		out.Outcome, out.Until = "wait", r.Canary.Add(time.Minute)
	}
	return out, nil
}

// quiet is a past in which one incident grew by one device an hour, and another was a false alarm.
func quiet() *past {
	grows := func(at time.Time) Incident {
		i := attack()
		i.Members = nil
		for n := range min(4, 1+int(at.Sub(then)/time.Hour)) {
			i.Members = append(i.Members, Member{Entity: fmt.Sprint("device:", 3+n), Source: true, Tier: 3})
		}
		return i
	}
	alarm := func(time.Time) Incident {
		i := attack()
		i.UID, i.Members = "8", []Member{{Entity: "device:7", Source: true, Tier: 3}, {Entity: "device:13", Source: true, Tier: 3}}
		return i
	}
	other := func(time.Time) Incident { return Incident{UID: "9", Status: "open", Severity: "low"} }
	hours := []time.Time{then, then.Add(time.Hour), then.Add(2 * time.Hour), then.Add(3 * time.Hour)}
	return &past{all: []Past{{UID: "7", Verdict: "true", Moments: hours}, {UID: "8", Verdict: "false", Moments: []time.Time{then.Add(30 * time.Second)}}, {UID: "9", Moments: hours[:1]}},
		grown: map[string]func(time.Time) Incident{"7": grows, "8": alarm, "9": other}}
}

// own is a playbook of two words, as a hospital writes it.
const own = `form: 1
id: own
title: {en: Own, fr: Propre}
when: {severity: high}
steps:
  - {id: isolate, do: contain, title: {en: Isolate, fr: Isoler}, act: isolate, of: sources, minutes: 60}
`

// tested opens the room with a past.
func tested(t *testing.T, d *db.DB, p *past, text string) *Playbooks {
	t.Helper()
	n := open(t, d, &world{})
	all := &shelfful{files: playbooks.Load(fstest.MapFS{"own.yaml": {Data: []byte(text)}})}
	n.needs.History = p
	n.shelf.Store(all)
	return n
}

// finish runs the back-test that was asked for, and returns what is kept of it.
func finish(t *testing.T, n *Playbooks, id int64) *BackTest {
	t.Helper()
	n.runTest(t.Context(), <-n.asked)
	got, err := n.Test(t.Context(), id)
	must(t, err)
	return got
}

func TestABackTestTellsWhatAPlaybookWouldHaveDone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := quiet()
		n := tested(t, d, p, own)
		began, err := n.StartTest(t.Context(), "person:ana", "own", 30)
		must(t, err)
		if _, err := n.StartTest(t.Context(), "person:ana", "own", 30); !errors.Is(err, ErrBusy) {
			t.Errorf("a second one: %v", err)
		}
		got := finish(t, n, began.ID)
		if got.State != Done || got.Incidents != 3 || got.Looked != 3 || got.Runs != 2 || got.Wrong != 1 || got.Unsaid != 0 {
			t.Errorf("%+v", got)
		}
		// 3 and 5 at once, 7 after the first was watched; 4 and 6 wait for a person; 13 could not be.
		if got.Done != 3 || got.Asked != 2 || got.Refused != 1 || got.Acts[0].Devices != 3 || got.Acts[0].Wards != 1 {
			t.Errorf("done %d, asked %d, refused %d, %+v", got.Done, got.Asked, got.Refused, got.Acts)
		}
		want := "In 30 days this would have isolated 3 devices, none clinical. Acts that would have waited for a person: 2. Incidents that a person found to be none: 1."
		if got.Text.EN != want || !strings.HasPrefix(got.Text.FR, "En 30 jours, il aurait isolé 3 appareils, aucun clinique.") {
			t.Errorf("%+v", got.Text)
		}
		at := slices.IndexFunc(got.Items, func(x Item) bool { return x.Target == "device:7" })
		if at < 0 || got.Items[at].Delay != 30 || got.Items[at].Outcome != "allow" {
			t.Errorf("the canary: %+v", got.Items)
		}
		last := p.asked[len(p.asked)-1]
		if last.Target != "device:6" || len(last.Spent) != 0 || p.asked[1].Target != "device:7" || len(p.asked[1].Spent) != 1 {
			t.Errorf("what was cut lately: %+v", p.asked)
		}
	})
}

func TestABackTestIsStoppedAndFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := quiet()
		n := tested(t, d, p, own)
		for _, x := range []struct {
			name string
			days int
			id   string
		}{{"no days", 0, "own"}, {"too many", 91, "own"}, {"no such playbook", 30, "nothing"}} {
			if _, err := n.StartTest(t.Context(), "person:ana", x.id, x.days); err == nil {
				t.Errorf("%s: it began", x.name)
			}
		}
		p.hold = make(chan struct{})
		began, err := n.StartTest(t.Context(), "person:ana", "own", 30)
		must(t, err)
		stopped, err := n.StopTest(t.Context(), began.ID)
		must(t, err)
		if got := finish(t, n, began.ID); got.State != Stopped || stopped.State != Stopped {
			t.Errorf("stopped: %+v", got)
		}
		if _, err := n.StopTest(t.Context(), began.ID); !errors.Is(err, ErrAsk) {
			t.Errorf("stopped again: %v", err)
		}
		p.hold, p.err = nil, errors.New("disk full")
		began, err = n.StartTest(t.Context(), "person:ana", "own", 30)
		must(t, err)
		if got := finish(t, n, began.ID); got.State != TestFell || got.Problem != "disk full" {
			t.Errorf("failed: %+v", got)
		}
		_, err = n.StartTest(t.Context(), "person:ana", "own", 30)
		must(t, err) // and the program is killed
		n = tested(t, d, p, own)
		all, err := n.tests(t.Context(), "own")
		must(t, err)
		if len(all) != 3 || all[0].State != TestFell || all[0].Problem != "the program ended" {
			t.Errorf("after a kill: %+v", all[0])
		}
	})
}

func TestAPlaybookIsActiveAfterABackTestOfThisVersionAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := quiet()
		n := tested(t, d, p, own)
		is := func(want bool) {
			t.Helper()
			if got, err := n.Active(t.Context(), "own"); err != nil || got != want {
				t.Errorf("active %v, %v; want %v", got, err, want)
			}
		}
		promote := func(actor string) error { return n.SetMode(t.Context(), actor, "own", Active, "agreed") }
		is(false)
		if err := promote("person:ana"); !errors.Is(err, ErrAsk) || !strings.Contains(err.Error(), "back-test") {
			t.Errorf("without a back-test: %v", err)
		}
		began, err := n.StartTest(t.Context(), "person:ana", "own", 30)
		must(t, err)
		finish(t, n, began.ID)
		for _, actor := range []string{ledger.Host, ledger.Program("playbook")} {
			if err := promote(actor); !errors.Is(err, ErrAsk) || !strings.Contains(err.Error(), "named person") {
				t.Errorf("by %s: %v", actor, err)
			}
		}
		if err := n.SetMode(t.Context(), "person:ana", "own", Active, " "); !errors.Is(err, ErrAsk) {
			t.Errorf("without a reason: %v", err)
		}
		must(t, promote("person:ana"))
		is(true)

		n = tested(t, d, p, own+"# another word\n") // edited, and a restart
		is(false)
		all, err := n.List(t.Context())
		must(t, err)
		at := slices.IndexFunc(all, func(v View) bool { return v.ID == "own" })
		if v := all[at]; !v.Fallen || v.Mode != InShadow || v.Promoted.Test != began.ID {
			t.Errorf("edited: %+v", v)
		}
		if err := promote("person:ana"); !errors.Is(err, ErrAsk) {
			t.Errorf("the back-test of another version: %v", err)
		}

		n = tested(t, d, p, own)
		is(true)
		must(t, n.SetMode(t.Context(), ledger.Host, "own", InShadow, "a doubt"))
		is(false)
		if got, err := n.Active(t.Context(), ""); got || err != nil {
			t.Errorf("no playbook at all: %v %v", got, err)
		}
	})
}
