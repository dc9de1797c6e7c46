package access

import (
	"testing"

	"bulwark/decide/access/policy"
	"bulwark/event"
)

func TestPoliciesSpeakOfTheMachineThatSomebodyIsOn(t *testing.T) {
	h := newHospital(t)
	known := []Machine{{ID: "12", Class: "nurse station", Unit: "icu", Tier: 2}}
	h.needs.Machines = func() []Machine { return known }
	h.open(t)
	own := `@id("stations-only") @why("From nurse stations alone") forbid (principal is Person, action == Action::"use", resource == Door::"POST /x")
unless { context has machine && context.machine in MachineClass::"nurse station" && context.machine in Unit::"icu" && context.machine.risk < 3 };
@id("x") @why("x") permit (principal in Role::"analyst", action == Action::"use", resource == Door::"POST /x");`
	if v, err := h.Save(t.Context(), "person:9", Change{Name: "own.cedar", Text: own, Reason: "try"}); err != nil {
		t.Fatalf("%+v %v", v, err)
	}
	h.PutDoors(map[string][]string{"POST /x": {"analyst"}})
	on := func(id string) bool {
		return h.Open(Session{ID: "s" + id, Person: "3", Assurance: 2, Resistant: true, Proved: h.now.Now(), Device: Device{ID: id, Managed: true, Compliant: true}, Address: bedside()}).
			Decide(policy.ID("Action", "use"), policy.ID("Door", "POST /x")).Allow
	}
	same := h.Open(Session{ID: "same", Person: "3", Assurance: 2, Resistant: true, Proved: h.now.Now(), Device: Device{ID: "12", Managed: true, Compliant: true}, Address: bedside()})
	still := func() bool {
		return same.Decide(policy.ID("Action", "use"), policy.ID("Door", "POST /x")).Allow
	}
	if !on("12") || !still() {
		t.Error("a nurse station is refused")
	}
	if on("13") || on("") {
		t.Error("another device is not")
	}
	h.hear(t, &event.Risk{Entity: "device:12", Score: 90, Band: "high"})
	if still() {
		t.Error("a nurse station at risk is not refused")
	}
	h.hear(t, &event.Risk{Entity: "device:12", Band: "none"})
	if !still() {
		t.Error("a nurse station is refused when its risk is gone")
	}
	look := func() {
		t.Helper()
		h.now.Add(machinesEvery)
		if err := h.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	known = []Machine{{ID: "12", Class: "workstation", Unit: "icu", Tier: 2}}
	if look(); still() {
		t.Error("what is a nurse station no more is not refused")
	}
	known = []Machine{{ID: "12", Class: "nurse station", Unit: "icu", Tier: 2}, {ID: "13", Class: "nurse station", Unit: "icu", Tier: 2}}
	if look(); !still() || !on("13") {
		t.Error("what came to be known is refused")
	}
	known = nil
	if look(); still() {
		t.Error("what is gone from the inventory is not refused")
	}
}
