package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// How much of everything [Contain] plays.
const (
	officePCs    = 10 // the first two are attacked in stages
	samplePCs    = 4  // so many of the others one after the other
	sampleAddrs  = 16 // outside, to which programs report one after the other
	outsideAddrs = 2 + samplePCs + sampleAddrs
)

// trial is a hospital in which an attack is played and contained.
type trial struct {
	*Hospital
	w       *Watcher
	centre  *Centre
	news    *news
	out     io.Writer
	results []Result
	devices [officePCs]uint64 // numbers of the office PCs in the inventory

	toIncident, toForce, toRevert []time.Duration
	kills                         int
	outlived                      []string    // that were stopped although no lease said so
	restarts                      []time.Time // the program was started anew
	unplugged                     time.Time   // the line to the centre was cut
	f                             filterLog
}

// judge notes whether something is as it must be; reason is empty when it is.
func (t *trial) judge(name, reason string) {
	t.results = append(t.results, Result{Expectation: Expectation{Name: name}, Passed: reason == "", Reason: reason})
}

func (t *trial) say(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }

// Contain plays attacks on a hospital whose switch Bulwark may filter, prints what became of them, and reports whether all is as it
// must be.
func Contain(ctx context.Context, bulwark string, out, progress io.Writer) (ok bool, err error) {
	h, err := Open(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if err := h.prepare(ctx, officePCs, outsideAddrs); err != nil {
		return false, err
	}
	f, err := h.startFeeds(ctx)
	if err != nil {
		return false, err
	}
	t := &trial{Hospital: h, out: out}
	err = t.run(ctx, bulwark, progress)
	sent, lost, why := f.end()
	if err != nil {
		return false, errors.Join(err, why)
	}
	t.judge("no clinical message was lost", text(why))
	ok = Print(out, "lab_response", t.results)
	t.figures(sent, lost)
	return ok, nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// figures prints what was measured.
func (t *trial) figures(sent, lost int) {
	for _, x := range []struct {
		name string
		all  []time.Duration
	}{{"lab_incident_p95_s", t.toIncident}, {"lab_containment_p95_s", t.toForce}, {"lease_revert_p95_s", t.toRevert}} {
		if len(x.all) == 0 {
			continue
		}
		p := percentile95(x.all)
		t.say("%s: %d samples, median %.2f s, longest %.2f s", x.name, len(x.all), x.all[len(x.all)/2].Seconds(), x.all[len(x.all)-1].Seconds())
		t.say("RESULT %s %.2f s", x.name, p.Seconds())
	}
	t.say("RESULT lease_kills %d count", t.kills)
	t.say("RESULT lease_outlived %d count", len(t.outlived))
	t.say("RESULT clinical_messages_sent %d count", sent)
	t.say("RESULT clinical_messages_lost %d count", lost)
}

// run plays it.
func (t *trial) run(ctx context.Context, bulwark string, progress io.Writer) (err error) {
	if t.centre, err = t.Centre(ctx, bulwark); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.centre.Stop()) }()
	t.w, err = t.Watch(ctx, bulwark, "filter:\n  on: true\n  bridge: true\n  namespace: "+netnsDir+"/"+switchNS+"\n", shorterPlaybooks(), t.centre)
	if err != nil {
		return err
	}
	defer func() {
		if e := t.w.Stop(); e != nil && err == nil {
			err = e
		}
	}()
	looking, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer stop()
	t.news = t.w.listen(looking)
	watching.Go(func() { t.f.watch(looking) })
	for _, x := range []struct {
		name string
		play func(context.Context) error
	}{
		{"a working day", t.work},
		{"attack, shadow", t.story},
		{"people decide", t.arm},
		{"centre unplugged", t.unplug},
		{"attack, contained", t.contained},
		{"further attacks", t.furtherAttacks},
		{"centre plugged in", t.plugIn},
		{"killed", t.killed},
		{"everything ends", t.ends},
	} {
		begin := time.Now()
		if err := x.play(ctx); err != nil {
			return fmt.Errorf("%s: %w; leases: %v; bulwark said: %s", x.name, err, t.news.all(), t.w.said.grave())
		}
		say(progress, x.name, time.Since(begin))
	}
	return nil
}

// work has the office PCs work until the program knows them, and what they ask of the record.
func (t *trial) work(ctx context.Context) error {
	for n := range officePCs {
		err := await(ctx, "the inventory knows the office PCs", func() (bool, error) {
			id, err := t.w.device(ctx, officeStation(n).mac)
			t.devices[n] = id
			return id != 0, err
		})
		if err != nil {
			return err
		}
		if err := await(ctx, "what an office PC asks of the record is learnt", func() (bool, error) { return t.learnt(ctx, n) }); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) target(n int) string { return fmt.Sprint("device:", t.devices[n]) }

// learnt reports whether an office PC would keep its conversation with the record.
func (t *trial) learnt(ctx context.Context, n int) (bool, error) {
	var p struct {
		Preview struct {
			Flows []struct {
				Clinical bool `json:"clinical"`
				Kept     bool `json:"kept"`
			} `json:"flows"`
		} `json:"preview"`
	}
	err := t.w.ask(ctx, http.MethodPost, "/api/safety/preview", map[string]string{"act": "isolate", "target": t.target(n)}, &p)
	for _, f := range p.Preview.Flows {
		if f.Clinical && f.Kept {
			return true, err
		}
	}
	return false, err
}

// story plays the whole attack while nothing is done automatically, as Bulwark is set up, and looks whether one incident tells of it.
func (t *trial) story(ctx context.Context) error {
	for _, s := range campaign {
		if err := s.play(ctx, t.Hospital, officeStation(0).name, outsideAddr(0)); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	var of []incident
	seen := func() (missing int) {
		for _, s := range campaign {
			if !slices.ContainsFunc(of, func(i incident) bool { return i.saw(&s) }) {
				missing++
			}
		}
		return missing
	}
	_ = await(ctx, "all stages are in an incident", func() (ok bool, err error) { // what is missing then is told below
		of = nil
		all, err := t.w.incidents(ctx)
		for _, i := range all {
			if i.has(t.target(0)) {
				of = append(of, i)
			}
		}
		return seen() == 0, err
	})
	for _, s := range campaign {
		reason := ""
		if !slices.ContainsFunc(of, func(i incident) bool { return i.saw(&s) }) {
			reason = "not yet seen: no finding of rules " + strings.Join(s.rules, ", ")
		}
		t.judge(s.name+" is seen", reason)
	}
	reason := ""
	if len(of) != 1 {
		reason = fmt.Sprintf("it is in %d incidents", len(of))
	}
	t.judge("one incident tells the story", reason)
	for _, i := range of {
		t.say("incident %d: %s (%s, %d findings)", i.ID, i.Title.EN, i.Band, i.Findings)
		for _, line := range i.Story {
			t.say("  %s", line.EN)
		}
	}
	return nil
}

func (i *incident) saw(s *stage) bool {
	for _, j := range i.Joins {
		if slices.Contains(s.rules, j.Rule) {
			return true
		}
	}
	return false
}

// arm is what people decide: the attack of before was one and is over, the office PCs are such, and what some playbooks ask for is
// done.
func (t *trial) arm(ctx context.Context) error {
	all, err := t.w.incidents(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if err := t.w.ask(ctx, http.MethodPost, fmt.Sprint("/api/incidents/", i.ID), map[string]string{"status": "closed", "verdict": "true"}, nil); err != nil {
			return err
		}
	}
	for n := range officePCs {
		if err := t.w.ask(ctx, http.MethodPut, fmt.Sprint("/api/devices/", t.devices[n]), map[string]any{"tier": 3, "ward": "Office"}, nil); err != nil {
			return err
		}
	}
	for _, id := range []string{"beaconing", "compromised-account", "image-theft", "ransomware"} {
		if err := t.promote(ctx, id); err != nil {
			return fmt.Errorf("playbook %s: %w", id, err)
		}
	}
	return t.w.ask(ctx, http.MethodPost, "/api/safety/mode", map[string]any{"shadow": false, "reason": "the lab tries it"}, nil)
}

// unplug cuts the line to the centre, once what came before is there.
func (t *trial) unplug(ctx context.Context) error {
	if err := t.centre.has(ctx, "kind:incident", t.w.begin); err != nil {
		return err
	}
	err := t.centre.plug(false)
	t.unplugged = time.Now() // what was said before may have crossed
	return err
}

// plugIn mends the line to the centre, and looks whether it is told what was done without it.
func (t *trial) plugIn(ctx context.Context) error {
	told, err := t.centre.count(ctx, "kind:containment", t.unplugged)
	if err != nil {
		return err
	}
	reason := ""
	if told > 0 {
		reason = fmt.Sprintf("the centre is told of %d changes meanwhile", told)
	}
	t.judge(fmt.Sprintf("%d acts came into force while the centre was unplugged", len(t.toForce)), reason)
	if err := t.centre.plug(true); err != nil {
		return err
	}
	t.judge("the centre is told afterwards", text(t.centre.has(ctx, "kind:containment", t.unplugged)))
	return nil
}

// promote plays a playbook over the past, as it must be before it may do anything by itself, and makes it active.
func (t *trial) promote(ctx context.Context, id string) error {
	var test struct {
		ID      int    `json:"id"`
		State   string `json:"state"`
		Problem string `json:"problem"`
		Text    struct {
			EN string `json:"en"`
		} `json:"text"`
	}
	if err := t.w.ask(ctx, http.MethodPost, "/api/backtests", map[string]any{"playbook": id, "days": 1}, &test); err != nil {
		return err
	}
	err := await(ctx, "it is played over the past", func() (bool, error) {
		err := t.w.ask(ctx, http.MethodGet, fmt.Sprint("/api/backtests/", test.ID), nil, &test)
		return test.State != "running", err
	})
	if err != nil {
		return err
	}
	t.say("playbook %s: %s", id, test.Text.EN)
	return t.w.ask(ctx, http.MethodPost, "/api/playbooks/"+id+"/mode", map[string]string{"mode": "active", "reason": test.Text.EN}, nil)
}
