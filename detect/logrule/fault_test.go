package logrule

import (
	"slices"
	"testing"

	"bulwark/event"
)

const twoRules = badged + `---
title: expressions
id: 11111111-0000-4000-8000-00000000000a
logsource: {product: door}
detection:
  refused: {who|re: '[0-9]x'}
  condition: refused
level: low
`

// refusal is a batch of one event that both rules are asked about.
func refusal(who string) []byte {
	var b event.Batch
	b.Reset("a", "s", 1)
	h := event.Header{Time: 1}
	b.Add(&h, &event.Log{Product: "door", Outcome: "failure", Fields: []string{"who", who}})
	return slices.Clone(b.Bytes())
}

// A rule that makes the program fail is passed over, and the rest goes on.
func TestARuleThatFailsStopsNothing(t *testing.T) {
	for _, compiled := range []bool{true, false} {
		r, _ := opened(t, twoRules)
		if compiled {
			if alerts, err := r.ask(refusal("6x")); alerts == nil || err != nil {
				t.Fatalf("nothing matches (%v)", err)
			}
		}
		n := slices.IndexFunc(r.set.rules, func(x *rule) bool { return x.Title == "expressions" })
		x := r.set.rules[n].Condition
		for x.Test == nil {
			x = x.Of[0]
		}
		was := x.Test.Regexp
		x.Test.Regexp = nil // as nothing does
		for _, who := range []string{"7x", "8x", "9x"} {
			alerts, err := r.ask(refusal(who))
			var in event.Reader
			if err != nil || in.Open(alerts) != nil {
				t.Fatalf("the other rule says nothing (%v)", err)
			}
			var e event.Event
			for count := 0; in.Next(&e); count++ {
				if a := e.Payload.(*event.Alert); a.Title != "badge refused" || count > 0 {
					t.Errorf("%q is told", a.Title)
				}
			}
		}
		x.Test.Regexp = was
		p, err := r.Show("11111111-0000-4000-8000-00000000000a")
		if want := map[bool]uint64{true: 3, false: 1}[compiled]; err != nil || p.Faults != want {
			t.Errorf("%d faults are noted (%v), want %d", p.Faults, err, want)
		}
	}
}
