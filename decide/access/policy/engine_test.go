package policy_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/decide/access/policy/policytest"
)

// made is an engine about a random hospital with random policies.
func made(t *testing.T, r *policytest.Random, policies int) *policy.Engine {
	t.Helper()
	all := policy.NewEntities()
	all.Put(r.Entities()...)
	set, bad := policy.Load([]policy.File{{Name: "random.cedar", Text: r.Policies(policies)}}, policytest.Schema())
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	return policy.NewEngine(set, all, nil, nil)
}

type told struct {
	Allow       bool
	By          []string
	Obligations []policy.Obligation
	Errors      []string
}

func tell(d *policy.Decision) told { return told{d.Allow, d.IDs(), d.Obligations, d.Errors} }

func TestTheIndexDecidesAsTheWalkOverAllPolicies(t *testing.T) {
	allowed, refused := 0, 0
	for seed := range uint64(200) {
		r := policytest.NewRandom(seed)
		e := made(t, r, 1+r.IntN(40))
		for range 60 {
			q := r.Question()
			h := e.Handle(policy.Facts{Principal: q.Principal, Context: q.Context})
			got, want := h.Decide(q.Action, q.Resource, q.Now), h.Walk(q.Action, q.Resource, q.Now, nil)
			if !reflect.DeepEqual(tell(got), tell(want)) {
				t.Fatalf("seed %d: %+v:\ngot  %+v\nwant %+v", seed, q, tell(got), tell(want))
			}
			if got.Allow {
				allowed++
			} else {
				refused++
			}
		}
	}
	if allowed < 1000 || refused < 1000 {
		t.Errorf("%d yes and %d no try too little", allowed, refused)
	}
}

func TestWhatIsRememberedIsWhatWouldBeDecidedNow(t *testing.T) {
	kept := 0
	for seed := range uint64(60) {
		r := policytest.NewRandom(seed)
		entities := r.Entities()
		e := made(t, policytest.NewRandom(seed), 30)
		q := r.Question()
		for range 12 { // many questions of the same person, while the hospital and the time change
			h := e.Handle(policy.Facts{Principal: q.Principal, Context: q.Context})
			now := q.Now
			for range 40 {
				x := r.Question()
				before := h.Decide(x.Action, x.Resource, now)
				switch r.IntN(4) {
				case 0:
					e.Entities.Put(r.Entities()[r.IntN(len(entities))])
				case 1:
					e.Entities.Drop(entities[r.IntN(len(entities))].UID)
				case 2:
					now = now.Add(time.Duration(r.IntN(1800)) * time.Second)
				}
				got, want := h.Decide(x.Action, x.Resource, now), h.Walk(x.Action, x.Resource, now, nil)
				if !reflect.DeepEqual(tell(got), tell(want)) {
					t.Fatalf("seed %d: %+v at %v:\ngot  %+v\nwant %+v", seed, x, now, tell(got), tell(want))
				}
				if got == before {
					kept++
				}
			}
			q = r.Question()
		}
	}
	if kept < 3000 {
		t.Errorf("only %d answers were remembered", kept)
	}
}

func TestADecisionEndsWhenTheTimeMakesADifference(t *testing.T) {
	at := policytest.Now()
	tests := []struct {
		name, when string
		after      time.Duration // -1: never; 0: at once
		allow      bool
	}{
		{"no time in it", `context.auth.assurance >= 1`, -1, true},
		{"60 minutes after the glass was broken, inclusive", `context has breakGlass && context.now.durationSince(context.breakGlass.at) <= duration("60m")`, 50*time.Minute + time.Millisecond, true},
		{"the end of a window", `context has window && context.now < context.window.until`, 30 * time.Minute, true},
		{"a moment to come", `context.now >= datetime("2026-11-23T15:00:00Z")`, 30 * time.Minute, false},
		{"the other way round", `duration("60m") >= context.now.durationSince(context.breakGlass.at)`, 50*time.Minute + time.Millisecond, true},
		{"a moment that is past", `context.now >= datetime("2026-11-23T10:00:00Z")`, -1, true},
		{"the hospital's clock", `context.clock.minute < 900`, time.Minute, true},
		{"the time in a way that is not understood", `context.now.toTime() < duration("15h")`, 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := `@id("x") @why("x") permit (principal, action == Action::"readRecord", resource) when { context has breakGlass && ` + test.when + ` };`
			set, bad := policy.Load([]policy.File{{Name: "x", Text: text}}, policytest.Schema())
			if len(bad) > 0 {
				t.Fatal(bad)
			}
			all := policy.NewEntities()
			r := policytest.NewRandom(1)
			all.Put(r.Entities()...)
			e := policy.NewEngine(set, all, nil, nil)
			h := e.Handle(policy.Facts{Principal: policy.ID("Person", "1"), Context: policy.Attrs{"auth": policy.Attrs{"assurance": 2},
				"breakGlass": policy.Attrs{"at": at.Add(-10 * time.Minute)}, "window": policy.Attrs{"until": at.Add(30 * time.Minute)}}})
			ask := func(at time.Time) *policy.Decision {
				return h.Decide(policy.ID("Action", "readRecord"), policy.ID("Record", "1"), at)
			}
			d := ask(at)
			if d.Allow != test.allow || len(d.Errors) > 0 {
				t.Fatalf("got %v %v, want %v", d.Allow, d.Errors, test.allow)
			}
			switch {
			case test.after < 0:
				if ask(at.Add(1000*time.Hour)) != d {
					t.Error("it was decided anew")
				}
			case test.after == 0:
				if ask(at) == d {
					t.Error("it was remembered")
				}
			default:
				if ask(at.Add(test.after-2*time.Millisecond)) != d {
					t.Error("it was decided anew before its time")
				}
				if ask(at.Add(test.after)) == d {
					t.Error("it was remembered beyond its time")
				}
			}
		})
	}
}

func TestAChangeElsewhereLeavesADecisionAlone(t *testing.T) {
	r := policytest.NewRandom(3)
	all := policy.NewEntities()
	entities := r.Entities()
	all.Put(entities...)
	e := policy.NewEngine(policytest.Shipped(), all, nil, nil)
	h := e.Handle(policy.Facts{Principal: policy.ID("Person", "1"), Context: r.Question().Context})
	ask := func() *policy.Decision {
		return h.Decide(policy.ID("Action", "readRecord"), policy.ID("Record", "1"), policytest.Now())
	}
	d := ask()
	at := slices.IndexFunc(entities, func(e policy.Entity) bool { return e.UID == policy.ID("Person", "2") })
	other := entities[at]
	other.Attrs = policy.Attrs{"onDuty": []policy.UID{}, "careTeams": []policy.UID{}, "disabled": true, "risk": 4}
	all.Put(other)
	if ask() != d {
		t.Error("another person's risk had it decided anew")
	}
	own := entities[at-1]
	own.Attrs = policy.Attrs{"onDuty": []policy.UID{}, "careTeams": []policy.UID{}, "disabled": true, "risk": 0}
	all.Put(own)
	if got := ask(); got == d || got.Allow || !slices.Contains(got.IDs(), "disabled") {
		t.Errorf("a disabled person: got %+v", tell(got))
	}
}

func TestAnAncestorThatComesLaterIsSeen(t *testing.T) {
	set, bad := policy.Load([]policy.File{{Name: "own.cedar", Text: `@id("p") @why("x") permit (principal, action == Action::"readRecord", resource is Record in AppGroup::"later");`}}, policytest.Schema())
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	e := policy.NewEngine(set, policy.NewEntities(), nil, nil)
	who, record := policy.ID("Person", "ada"), policy.ID("Record", "1")
	e.Entities.Put(policy.Entity{UID: who, Attrs: policy.Attrs{}}, policy.Entity{UID: record, Parents: []policy.UID{policy.ID("App", "new")}, Attrs: policy.Attrs{}})
	h := e.Handle(policy.Facts{Principal: who, Context: policy.Attrs{}})
	if h.Decide(policy.ID("Action", "readRecord"), record, policytest.Now()).Allow {
		t.Fatal("it is allowed before its application is known")
	}
	e.Entities.Put(policy.Entity{UID: policy.ID("App", "new"), Parents: []policy.UID{policy.ID("AppGroup", "later")}, Attrs: policy.Attrs{}})
	if !h.Decide(policy.ID("Action", "readRecord"), record, policytest.Now()).Allow {
		t.Error("what was decided without the application is remembered with it")
	}
}
