package signature

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bulwark/event"
)

// Player runs a capture through the sensor's loop, with rules, and calls fn for each alert. What it is handed is valid during
// the call only. It is declared here and filled by who has a sensor.
type Player func(ctx context.Context, capture string, rules *Rules, fn func(*event.Header, *event.Alert)) (Played, error)

// Played is how far a capture was readable.
type Played struct {
	Packets, Bytes, Events uint64
	Err                    error // why it was not read to its end; nil: it was
}

// Tester runs cases. It keeps the rules that it read last, which many cases share.
type Tester struct {
	// Rules reads the rules of a case: those of paths, or where there are none those that are in force; with vars over the
	// variables that hold anyway.
	Rules func(paths []string, vars map[string]string) (*Rules, error)
	Play  Player

	key    string
	rules  *Rules
	states map[ID]State
	titles map[ID]string
}

// Outcome is what came of a case.
type Outcome struct {
	Case   *Case
	Played Played
	Fired  map[ID]int
	Faults []Fault // empty: it passed
	Titles map[ID]string
}

// Passed reports whether all was as the case says.
func (o *Outcome) Passed() bool { return len(o.Faults) == 0 && o.Played.Err == nil }

// IDs are the rules that fired, in their order.
func (o *Outcome) IDs() []ID { return slices.SortedFunc(maps.Keys(o.Fired), compareIDs) }

// Test runs a case. Its error is one of the rules or of the machine, not of what fired.
func (t *Tester) Test(ctx context.Context, c *Case) (Outcome, error) {
	o := Outcome{Case: c, Fired: map[ID]int{}}
	if err := t.load(c); err != nil {
		return o, fmt.Errorf("%s: %w", c.Place, err)
	}
	o.Titles = t.titles
	var err error
	o.Played, err = t.Play(ctx, c.Capture, t.rules, func(_ *event.Header, a *event.Alert) { o.Fired[ID{uint32(a.GID), uint32(a.SID)}]++ })
	if err != nil {
		return o, fmt.Errorf("%s: %s: %w", c.Place, c.Capture, err)
	}
	o.Faults = c.judge(o.Fired, t.states)
	return o, nil
}

// load reads the rules of a case, where they are not those of the case before.
func (t *Tester) load(c *Case) error {
	key := strings.Join(c.Rules, "\x00") + "\x01"
	for _, name := range slices.Sorted(maps.Keys(c.Vars)) {
		key += name + "=" + c.Vars[name] + "\x00"
	}
	if t.rules != nil && key == t.key {
		return nil
	}
	rules, err := t.Rules(c.Rules, c.Vars)
	if err != nil {
		return err
	}
	t.key, t.rules = key, rules
	t.states, t.titles, err = rules.states()
	return err
}

// states says of each rule that has an id what became of it.
func (r *Rules) states() (map[ID]State, map[ID]string, error) {
	m, err := r.make()
	if err != nil {
		return nil, nil, err
	}
	all, refused := m.all, m.refused
	states, titles := map[ID]State{}, map[ID]string{}
	for _, x := range all.Errors {
		if id := (ID{1, x.SID}); x.SID != 0 && x.Enabled && !x.Doubled {
			states[id] = State{Place: x.Pos.String(), GID: 1, SID: x.SID, Reason: x.Reason}
		}
	}
	for _, x := range all.Rules {
		s := State{Place: x.Pos.String(), GID: x.GID, SID: x.SID}
		if !x.Enabled {
			s.Reason = "it is commented out"
		}
		states[ID{x.GID, x.SID}] = s
		titles[ID{x.GID, x.SID}] = x.Message
	}
	for _, x := range refused {
		states[ID{x.Rule.GID, x.Rule.SID}] = State{x.Rule.Pos.String(), x.Rule.GID, x.Rule.SID, x.Err.Error()}
	}
	return states, titles, nil
}

// Titles are the titles of the rules that can be read, by their numbers.
func (r *Rules) Titles() map[ID]string {
	_, titles, err := r.states()
	if err != nil {
		return nil // whoever looks for them will say so
	}
	return titles
}

// Dearest are those rules, at most n, that took most.
func Dearest(costs map[ID]Cost, n int) []ID {
	ids := slices.SortedFunc(maps.Keys(costs), func(a, b ID) int {
		return cmp.Or(cmp.Compare(costs[b].total(), costs[a].total()), compareIDs(a, b))
	})
	return ids[:min(n, len(ids))]
}
