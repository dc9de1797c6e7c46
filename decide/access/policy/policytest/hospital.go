package policytest

import (
	"fmt"
	"strings"
	"time"

	"bulwark/decide/access/policy"
)

// Hospital is a large one, as benches use it: about 5,000 entities, policies as a hospital has them, and questions.
type Hospital struct {
	r                          *Random
	roles, wards, groups, apps []policy.UID
	people, patients, machines []policy.UID
	rolesOf, groupsOf          map[policy.UID][]policy.UID
	duty                       map[policy.UID][]policy.UID
	wardOf                     map[policy.UID]policy.UID
}

// NewHospital makes one of a seed: 43 roles, 60 wards, 24 groups of 240 applications, 800 people, 1,600 patients with a record each and
// 600 machines.
func NewHospital(seed uint64) *Hospital {
	h := &Hospital{r: NewRandom(seed), roles: numbered("Role", 40), wards: numbered("Unit", 60), groups: numbered("AppGroup", 22), apps: numbered("App", 239),
		people: numbered("Person", 800), patients: numbered("Patient", 1600), machines: numbered("Machine", 600),
		rolesOf: map[policy.UID][]policy.UID{}, groupsOf: map[policy.UID][]policy.UID{}, duty: map[policy.UID][]policy.UID{}, wardOf: map[policy.UID]policy.UID{}}
	h.roles = append(h.roles, ids("Role", "clinician", "vendor-technician", "staff")...)
	h.groups = append(h.groups, ids("AppGroup", "clinical", "maintenance")...)
	h.apps = append(h.apps, policy.ID("App", "pacs"))
	return h
}

// Entities are those of the hospital.
func (h *Hospital) Entities() (all []policy.Entity) {
	r := h.r
	for _, u := range append(append(append([]policy.UID{}, h.roles...), h.groups...), vendors()...) {
		all = append(all, policy.Entity{UID: u})
	}
	for _, u := range h.wards {
		all = append(all, policy.Entity{UID: u, Parents: ids("Site", "north")})
	}
	for _, a := range h.apps {
		h.groupsOf[a] = []policy.UID{pick(r, h.groups...)}
		all = append(all, policy.Entity{UID: a, Parents: h.groupsOf[a], Attrs: policy.Attrs{"assurance": 1 + r.IntN(3)}})
	}
	for _, p := range h.patients {
		h.wardOf[p] = pick(r, h.wards...)
		in := []policy.UID{h.wardOf[p]}
		all = append(all, policy.Entity{UID: p, Parents: in, Attrs: policy.Attrs{"units": in, "sensitive": r.IntN(50) == 0}},
			policy.Entity{UID: policy.ID("Record", string(p.ID)), Parents: ids("App", "0"), Attrs: policy.Attrs{"patient": p}})
	}
	for _, p := range h.people {
		h.rolesOf[p], h.duty[p] = []policy.UID{pick(r, h.roles...), pick(r, h.roles...)}, []policy.UID{pick(r, h.wards...)}
		if r.IntN(2) == 0 {
			h.rolesOf[p][0] = policy.ID("Role", "clinician")
		}
		teams := []policy.UID{pick(r, h.patients...), pick(r, h.patients...)}
		all = append(all, policy.Entity{UID: p, Parents: append(append([]policy.UID{}, h.rolesOf[p]...), h.duty[p]...),
			Attrs: policy.Attrs{"onDuty": h.duty[p], "careTeams": teams, "disabled": false, "risk": 0}})
	}
	for _, m := range h.machines {
		all = append(all, policy.Entity{UID: m, Parents: []policy.UID{pick(r, classes()...), pick(r, h.wards...)}, Attrs: policy.Attrs{"tier": r.IntN(4), "risk": 0}})
	}
	return all
}

// common are the statements that every hospital has.
const common = `
@id("duty-care") @why("x") permit (principal in Role::"clinician", action in [Action::"readRecord", Action::"writeRecord"], resource is Record)
when { principal is Person && (principal.onDuty.containsAny(resource.patient.units) || principal.careTeams.contains(resource.patient)) && context.auth.assurance >= 2 };
@id("break-glass") @why("x") @obligation("review 72h; record; banner") permit (principal in Role::"clinician", action == Action::"readRecord", resource is Record)
when { context has breakGlass && context.now.durationSince(context.breakGlass.at) <= duration("60m") && context.network.zone != "internet" };
@id("unmanaged-read-only") @why("x") forbid (principal is Person, action in [Action::"writeRecord", Action::"exportRecord", Action::"administer", Action::"tunnel"], resource)
unless { context.device.managed && context.device.compliant };
@id("remote-needs-passkey") @why("x") forbid (principal is Person, action, resource) when { context.network.zone == "internet" }
unless { context.auth.resistant && context.now.durationSince(context.auth.proved) <= duration("12h") };
@id("vendor-window") @why("x") @obligation("record; four-eyes") permit (principal in Role::"vendor-technician", action == Action::"tunnel", resource in AppGroup::"maintenance")
when { context has window && principal in context.window.vendor && context.now >= context.window.from && context.now < context.window.until && context.auth.resistant };
@id("modality-to-pacs") @why("x") permit (principal in MachineClass::"modality", action == Action::"tunnel", resource == App::"pacs")
when { context.device.bound && context.network.zone == "biomedical" };
@id("machine-nothing-else") @why("x") forbid (principal is Machine, action, resource) unless { action == Action::"tunnel" && context.device.bound };
`

// Policies are n: seven that every hospital has, three quarters grants to a role of an application or a group of them, and a fifth that
// forbid them when the sign-in is old, but for a role. The few policies of a small hospital speak of groups, those of a large one of
// applications too.
func (h *Hospital) Policies(n int) string {
	var b strings.Builder
	b.WriteString(common)
	r := h.r
	target := func() string {
		if n > 1000 && r.IntN(10) > 0 {
			return fmt.Sprintf("resource == %v", pick(r, h.apps...))
		}
		return fmt.Sprintf("resource in %v", pick(r, h.groups...))
	}
	action := func() string {
		return "action " + pick(r, `== Action::"open"`, `in [Action::"open", Action::"administer"]`, `in [Action::"open", Action::"administer", Action::"tunnel"]`)
	}
	for i := range n - 7 {
		if i%9 < 7 {
			fmt.Fprintf(&b, "@id(\"grant-%d\") @why(\"x\") permit (principal in %v, %s, %s) when { context.auth.assurance >= %d || context.network.zone == \"clinical\" };\n",
				i, pick(r, h.roles...), action(), target(), 1+r.IntN(3))
			continue
		}
		fmt.Fprintf(&b, "@id(\"fresh-%d\") @why(\"x\") forbid (principal is Person, %s, %s) when { context.now.durationSince(context.auth.proved) > duration(\"%dh\") } unless { principal in %v };\n",
			i, action(), target(), pick(r, 1, 4, 12), pick(r, h.roles...))
	}
	return b.String()
}

// Question is a random one: half about records, half about applications, half of each by somebody of whom it is likely.
func (h *Hospital) Question() Question {
	r := h.r
	who := pick(r, h.people...)
	q := Question{Principal: who, Now: Now(), Context: policy.Attrs{
		"device":  policy.Attrs{"managed": r.IntN(8) > 0, "compliant": r.IntN(8) > 0, "bound": r.IntN(2) == 0, "shared": r.IntN(3) == 0, "risk": 0},
		"auth":    policy.Attrs{"assurance": 1 + r.IntN(3), "resistant": r.IntN(2) == 0, "proved": Now().Add(-time.Duration(r.IntN(180)) * time.Minute)},
		"network": policy.Attrs{"zone": pick(r, "clinical", "clinical", "office", "internet"), "told": true}, "degraded": false}}
	if r.IntN(2) == 0 {
		q.Action = policy.ID("Action", pick(r, "readRecord", "readRecord", "writeRecord"))
		patient := pick(r, h.patients...)
		if r.IntN(2) == 0 {
			for range 200 {
				if h.wardOf[patient] == h.duty[who][0] {
					break
				}
				patient = pick(r, h.patients...)
			}
		}
		q.Resource = policy.ID("Record", string(patient.ID))
		if r.IntN(10) == 0 {
			q.Context["breakGlass"] = policy.Attrs{"at": Now().Add(-10 * time.Minute), "reason": "urgent"}
		}
		return q
	}
	q.Action, q.Resource = policy.ID("Action", pick(r, "open", "open", "administer", "tunnel")), pick(r, h.apps...)
	return q
}
