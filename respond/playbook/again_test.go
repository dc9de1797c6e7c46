package playbook

import (
	"slices"
	"testing"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/ledger"
)

// promote makes a playbook active, as a person does after a back-test.
func promote(t *testing.T, p *Playbooks, id string) {
	t.Helper()
	f, err := p.file(id)
	must(t, err)
	_, err = p.needs.Ledger.Record(t.Context(), ledger.Entry{Actor: "person:ana", Act: actMode, Object: "playbook:" + id, Outcome: ledger.Done,
		Detail: map[string]string{"mode": string(Active), "version": version(f)}})
	must(t, err)
}

func TestWhatWasNotedIsAskedForAgainWhenShadowEnds(t *testing.T) {
	d := dbtest.SQLite(t)
	w := &world{incidents: map[string]Incident{"7": attack()}, noted: map[uint64]bool{}}
	p := open(t, d, w)
	step := func(what string, acts int) {
		t.Helper()
		must(t, p.tryAgain(t.Context()))
		if len(w.acts) != acts {
			t.Errorf("%s: asked for %q, want %d acts", what, w.targets(), acts)
		}
	}
	must(t, p.look(t.Context(), "7"))
	step("in shadow", 4)
	w.live = true
	step("the playbook is in shadow still", 4)
	promote(t, p, "ransomware")
	step("shadow has ended", 8)
	step("once", 8)
	p = open(t, d, w)
	step("not after a restart", 8)
	for _, s := range live(t, p).Steps {
		for _, x := range s.Targets {
			if x.Noted == 0 || x.Lease != x.Noted+4 || x.Again {
				t.Errorf("%s: %+v", s.Step, x)
			}
		}
	}
	w.live = false
	i := attack()
	i.Members = append(i.Members, Member{Entity: "device:4", Source: true, Tier: 3})
	w.incidents["7"] = i
	must(t, p.look(t.Context(), "7"))
	step("in shadow again", 9)
	w.live = true
	step("only what was noted", 10)
}

func TestWhatWasNotedLongAgoIsNotAskedForAgain(t *testing.T) {
	w := &world{incidents: map[string]Incident{"7": attack()}, noted: map[uint64]bool{}}
	p := open(t, dbtest.SQLite(t), w)
	must(t, p.look(t.Context(), "7"))
	must(t, p.tryAgain(t.Context()))
	p.needs.Clock.(*clock.Manual).Add(stillAsked + time.Second)
	w.live = true
	promote(t, p, "ransomware")
	must(t, p.tryAgain(t.Context()))
	if len(w.acts) != 4 || !slices.ContainsFunc(live(t, p).Steps, func(s Progress) bool { return len(s.Targets) == 1 && s.Targets[0].Problem == tooOld }) {
		t.Errorf("asked for %q, steps %+v", w.targets(), live(t, p).Steps)
	}
}
