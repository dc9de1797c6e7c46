package signature

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
)

// book of a ledger that hears what is noted.
type ears struct {
	all []string
	bad error
}

func (e *ears) record(_ context.Context, actor, act, object string, detail map[string]string) error {
	if e.bad == nil {
		e.all = append(e.all, fmt.Sprint(actor, " ", act, " ", object, " ", detail["at"] != ""))
	}
	return e.bad
}

// What is done to rules while there is no ledger is noted when there is one: once.
func TestWhatIsDoneWithoutALedgerIsNotedLater(t *testing.T) {
	s := newShop(t)
	s.files["/emerging.rules.tar.gz"] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "")})
	b := book(t, s, Source{})
	now := clock.NewManual(time.Now())
	b.Clock = now
	update(t, b)
	if _, err := b.Decide(t.Context(), Decision{Rules: "1:1", Who: "host", Reason: "too loud"}); err != nil {
		t.Fatal(err)
	}
	var heard ears
	n := b.Needs
	n.Record = heard.record
	for range 2 {
		now.Add(time.Hour)
		later, err := Open(n)
		if err != nil {
			t.Fatal(err)
		}
		later.noteLate(t.Context())
		later.noteLate(t.Context())
	}
	want := []string{"person:1 rules.update source:et true", "host rule.disable rule:1:1 true"}
	if !slices.Equal(heard.all, want) {
		t.Errorf("noted %q, want %q", heard.all, want)
	}
}

// A decision that cannot be noted does not hold, and one that cannot be kept is not noted.
func TestADecisionIsKeptAndNotedOrNeither(t *testing.T) {
	heard := ears{bad: errors.New("the ledger is full")}
	b := opened(t, wardRules, func(n *Needs) { n.Record = heard.record })
	if _, err := b.Decide(t.Context(), Decision{Rules: "1:1", Reason: "x"}); !errors.Is(err, heard.bad) {
		t.Errorf("got %v, want what the ledger says", err)
	}
	again, err := Open(b.Needs)
	if err != nil || len(again.decisions) != 0 || len(b.decisions) != 0 || states(t, b)[1] == Disabled {
		t.Errorf("%d decisions are kept and %d hold, %v, want none", len(again.decisions), len(b.decisions), err)
	}
	heard.bad = nil
	b.Dir = "/proc/nowhere"
	if _, err := b.Decide(t.Context(), Decision{Rules: "1:1", Reason: "x"}); err == nil || len(heard.all) != 0 {
		t.Errorf("got %v and %q noted, want an error and nothing", err, heard.all)
	}
}

// A source that cannot be reached is asked again soon, then ever later, and never later than it would be anyway.
func TestASourceThatFailsIsAskedAgainSoon(t *testing.T) {
	s := newShop(t)
	b := book(t, s, Source{Interval: 10 * time.Minute})
	now := clock.NewManual(time.Now())
	b.Clock = now
	var waits []int
	last := now.Now()
	for range 60 * 6 {
		n := len(s.asked)
		b.updateDue(t.Context())
		if len(s.asked) > n {
			waits = append(waits, int(now.Now().Sub(last).Minutes()))
			last = now.Now()
		}
		if len(waits) == 6 && len(s.files) == 0 {
			s.files["/emerging.rules.tar.gz"] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "")})
		}
		now.Add(10 * time.Second)
	}
	if got, want := fmt.Sprint(waits), "[0 1 2 4 8 10 10 10 10]"; got != want {
		t.Errorf("asked after %s minutes, want %s", got, want)
	}
	if got := b.inForce(); !slices.Equal(got, []uint32{1}) {
		t.Errorf("got %v in force, want what came at last", got)
	}
}

// Whoever is killed goes on behind what is counted: no alert is forgotten, none counted twice.
func TestWhatFiredIsKeptWithHowFarTheBusWasRead(t *testing.T) {
	b := opened(t, wardRules, nil)
	batch := func(seq uint64) {
		var x event.Batch
		x.Reset("sensor", "main", seq)
		x.Add(&event.Header{Time: time.Now().UnixNano(), Src: netip.MustParseAddr("10.0.0.7"), Dst: netip.MustParseAddr("10.0.0.9")}, &event.Alert{GID: 1, SID: 1})
		b.batch(seq, x.Bytes())
	}
	batch(1)
	batch(2)
	if err := b.keepFired(); err != nil {
		t.Fatal(err)
	}
	batch(3) // and killed
	var err error
	if b, err = Open(b.Needs); err != nil {
		t.Fatal(err)
	}
	for seq := b.upTo.Seq + 1; seq <= 3; seq++ { // the bus gives what comes after
		batch(seq)
	}
	if n := b.fired[ID{1, 1}].Count; n != 3 || b.upTo.Seq != 3 {
		t.Errorf("%d alerts are counted up to %d, want 3 up to 3", n, b.upTo.Seq)
	}
}
