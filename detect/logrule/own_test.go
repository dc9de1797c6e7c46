package logrule

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/ledger"
)

type nobody struct{}

func (nobody) Publish(context.Context, event.Kind, []byte) error { return nil }

// opened is a room with one rule, and where its own rules stand.
func opened(t *testing.T, text string) (*Room, string) {
	t.Helper()
	d := dbtest.SQLite(t)
	book, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: clock.System{}, Origin: "test", Key: ed25519.NewKeyFromSeed(make([]byte, 32))})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "own")
	r, err := Open(t.Context(), Needs{Rules: func() ([]File, error) { return []File{{Set: "shipped", Name: "a.yml", Text: []byte(text)}}, nil }, Dir: dir,
		Publisher: nobody{}, DB: d, Ledger: book, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

const badged = `title: badge refused
id: 11111111-0000-4000-8000-000000000001
description: Somebody is refused.
logsource: {product: door}
detection:
  refused: {event.outcome: failure, who|endswith: [x, y]}
  ward: {ward: [a, b]}
  condition: refused and not ward
level: high
`

func TestRulesOfOnesOwnAreCheckedKeptAndTakenBack(t *testing.T) {
	r, dir := opened(t, badged)
	own := strings.NewReplacer("000000000001", "000000000002", "badge refused", "own badge").Replace(badged)
	for _, c := range []struct{ what, name, text, want string }{
		{"a rule that cannot be asked", "door", strings.Replace(own, "not ward", "not wards", 1), `door.yml:8:14: detection.condition: there is no search "wards"`},
		{"a rule whose id stands elsewhere", "door", badged, "stands in a.yml:1:1 already"},
		{"no YAML", "door", "a: [", "door.yml:2:1"},
		{"a name that leads elsewhere", "../door", own, "is not a word"},
	} {
		if err := r.Write(t.Context(), "anne", c.name, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was refused left %v", err)
	}
	if err := r.Write(t.Context(), "anne", "door", own); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(t.Context(), "anne", "door", own+"status: test\n"); err != nil {
		t.Errorf("the same rule, changed: %v", err)
	}
	d, err := r.Show("11111111-0000-4000-8000-000000000002")
	if err != nil || d.Own != "door" || d.Set != OwnSet || d.Status != "test" || d.Description != "Somebody is refused." {
		t.Errorf("shown as %+v, %v", d, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "door.yml")); err != nil || string(text) != own+"status: test\n" {
		t.Errorf("kept %q, %v", text, err)
	}
	if err := r.Remove(t.Context(), "anne", "door"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Show("11111111-0000-4000-8000-000000000002"); !errors.Is(err, ErrNoRule) {
		t.Errorf("after it was removed: %v", err)
	}
}

func TestARuleIsSaidInWords(t *testing.T) {
	r, _ := opened(t, badged+`---
title: many
name: many
logsource: {category: x}
detection: {a: {f|re: ^ab+, "g|contains|all": [u, v], "h|gte": 7, i: null}, condition: a}
---
title: often
correlation: {type: value_count, rules: [many], group-by: [ward], timespan: 5m, condition: {field: who, gte: 4}}
`)
	for rule, want := range map[string]string{
		"11111111-0000-4000-8000-000000000001": `0 Asked of the events of door:
0 all of this holds:
1 all of this holds:
2 event.outcome is “failure”
2 who ends with one of “x”, “y”
1 this does not hold:
2 ward is one of “a”, “b”
`,
		"many": `0 Asked of the events of x:
0 all of this holds:
1 f fits /^ab+/
1 g contains all of “u”, “v”
1 h is at least 7
1 i is missing or empty
`,
		"often": `0 Counts the different values of who in events that match:
1 many
0 within 5 min
0 for each value of ward by itself
0 at least 4
`} {
		d, err := r.Show(rule)
		if err != nil {
			t.Fatal(rule, err)
		}
		got := ""
		for _, l := range d.Explain {
			got += string(rune('0'+l.Depth)) + " " + l.EN + "\n"
			if l.FR == "" {
				t.Errorf("%q is not said in French", l.EN)
			}
		}
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", rule, got, want)
		}
	}
}

func TestARuleKnowsWhichSourcesFeedItAndWhatItCosts(t *testing.T) {
	r, _ := opened(t, badged)
	var b event.Batch
	b.Reset("s", "site", 1)
	for n := range 2 * timedOf {
		h := event.Header{Time: time.Now().UnixNano()}
		b.Add(&h, &event.Log{Source: []string{"doors", "others"}[n%2], Product: []string{"door", "lift"}[n%2], Fields: []string{"event.outcome", "failure", "who", "x"}})
	}
	if _, err := r.ask(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	for _, keep := range []func(){func() {}, func() {
		if err := r.keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		clear(r.from)
		if err := r.load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}} {
		keep()
		for source, want := range map[string]int{"doors": 1, "others": 0, "nobody": 0} {
			if p, err := r.List(url.Values{"from": {source}}); err != nil || p.Total != want {
				t.Errorf("%d rules are asked about %s, want %d: %v", p.Total, source, want, err)
			}
		}
	}
	p, err := r.List(url.Values{"sort": {"cost"}})
	if err != nil || p.Events != 2*timedOf || p.Items[0].Asked != timedOf || p.Items[0].Share != 1 || p.Items[0].Cost <= 0 {
		t.Errorf("cost: %+v of %d events, %v", p.Items, p.Events, err)
	}
}

func TestATrialTellsHowFarItIs(t *testing.T) {
	r, _ := opened(t, badged)
	events := strings.Repeat(`{"product": "door", "event.outcome": "failure", "who": "x"}`+"\n", 2*progressEvery)
	var told []Progress
	out, err := r.Try(t.Context(), &Trial{Rules: badged, Events: events}, func(p Progress) { told = append(told, p) })
	if err != nil || len(told) != 2 || told[1].Asked != 2*progressEvery || out.Events != 2*progressEvery {
		t.Errorf("told %+v of %d events, %v", told, out.Events, err)
	}
}
