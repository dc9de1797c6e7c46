// Package policytest makes hospitals, policies and questions for tests, benches and the comparison with the official engine.
package policytest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	content "bulwark/content/policies"
	"bulwark/decide/access/policy"
)

// Now is the time at which questions are asked.
func Now() time.Time { return time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC) }

// Schema is the shipped one.
func Schema() *policy.Schema {
	s, err := policy.ParseSchema(content.SchemaFile, content.Shipped().Schema.Text)
	if err != nil {
		panic(err)
	}
	return s
}

// SchemaText is the shipped schema in Cedar's own syntax.
func SchemaText() string { return content.Shipped().Schema.Text }

// Shipped are the shipped policies.
func Shipped() *policy.Set {
	var files []policy.File
	for _, f := range content.Shipped().Policies {
		files = append(files, policy.File{Name: f.Name, Text: f.Text})
	}
	set, bad := policy.Load(files, Schema())
	if len(bad) > 0 {
		panic(bad)
	}
	return set
}

// Question is somebody who asks for something.
type Question struct {
	Principal, Action, Resource policy.UID
	Context                     policy.Attrs // without the time
	Now                         time.Time
}

// Random makes small hospitals, policies about them and questions, the same of the same seed.
type Random struct {
	*rand.Rand
	people, patients, apps []policy.UID
}

// NewRandom begins with a seed.
func NewRandom(seed uint64) *Random { return &Random{Rand: rand.New(rand.NewPCG(seed, 8))} }

func pick[T any](r *Random, of ...T) T { return of[r.IntN(len(of))] }

func (r *Random) some(of ...policy.UID) (all []policy.UID) {
	for _, u := range of {
		if r.IntN(3) == 0 {
			all = append(all, u)
		}
	}
	return all
}

func ids(kind string, names ...string) (all []policy.UID) {
	for _, n := range names {
		all = append(all, policy.ID(kind, n))
	}
	return all
}

func units() []policy.UID { return ids("Unit", "cardio", "icu", "lab", "er") }
func roles() []policy.UID {
	return ids("Role", "clinician", "doctor", "nurse", "staff", "vendor-technician")
}
func groups() []policy.UID  { return ids("AppGroup", "clinical", "office", "maintenance") }
func classes() []policy.UID { return ids("MachineClass", "modality", "pump") }
func vendors() []policy.UID { return ids("Vendor", "acme", "beta") }
func numbered(kind string, n int) (all []policy.UID) {
	for i := range n {
		all = append(all, policy.ID(kind, fmt.Sprint(i)))
	}
	return all
}

// Entities are those of a small hospital.
func (r *Random) Entities() (all []policy.Entity) {
	r.people, r.patients, r.apps = numbered("Person", 6), numbered("Patient", 5), append(numbered("App", 4), policy.ID("App", "pacs"))
	site := policy.ID("Site", "north")
	for _, u := range units() {
		all = append(all, policy.Entity{UID: u, Parents: []policy.UID{site}})
	}
	for _, u := range roles() {
		e := policy.Entity{UID: u}
		all = append(all, e)
	}
	for _, p := range r.people {
		all = append(all, policy.Entity{UID: p, Parents: append(append(r.some(roles()...), r.some(units()...)...), r.some(vendors()...)...),
			Attrs: policy.Attrs{"onDuty": r.some(units()...), "careTeams": r.some(r.patients...), "disabled": r.IntN(8) == 0, "risk": r.IntN(5)}})
	}
	for _, m := range numbered("Machine", 3) {
		all = append(all, policy.Entity{UID: m, Parents: append(r.some(classes()...), pick(r, units()...)), Attrs: policy.Attrs{"tier": r.IntN(5), "risk": r.IntN(5)}})
	}
	for n, p := range r.patients {
		in := r.some(units()...)
		all = append(all, policy.Entity{UID: p, Parents: in, Attrs: policy.Attrs{"units": in, "sensitive": r.IntN(4) == 0}},
			policy.Entity{UID: policy.ID("Record", fmt.Sprint(n)), Parents: []policy.UID{pick(r, r.apps...)}, Attrs: policy.Attrs{"patient": p}})
	}
	for _, a := range r.apps {
		all = append(all, policy.Entity{UID: a, Parents: r.some(groups()...), Attrs: policy.Attrs{"assurance": 1 + r.IntN(3)}})
	}
	all = append(all, policy.Entity{UID: policy.ID("Door", "GET /"), Parents: ids("Area", "administrator", "signed-in")})
	return all
}

// Policies are n statements about such a hospital that the schema allows.
func (r *Random) Policies(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "@id(\"p%d\")\n@why(\"random\")\n%s\n", i, r.statement())
	}
	return b.String()
}

func (r *Random) statement() string {
	effect := pick(r, "permit", "permit", "forbid")
	person := pick(r, `principal is Person`, `principal in Role::"clinician"`, fmt.Sprintf(`principal in %v`, pick(r, roles()...)), fmt.Sprintf("principal == %v", pick(r, r.people...)),
		fmt.Sprintf(`principal is Person in %v`, pick(r, units()...)), fmt.Sprintf(`principal is Person in %v`, pick(r, roles()...)))
	record := r.IntN(2) == 0
	action, resource := `action in [Action::"readRecord", Action::"writeRecord"]`, `resource is Record`
	if record {
		action = pick(r, action, `action == Action::"readRecord"`, `action == Action::"exportRecord"`, `action in Action::"readRecord"`)
		resource = pick(r, resource, fmt.Sprintf("resource is Record in %v", pick(r, r.apps...)), fmt.Sprintf("resource is Record in %v", pick(r, groups()...)))
	} else {
		action = pick(r, `action == Action::"open"`, `action == Action::"tunnel"`, `action in [Action::"open", Action::"administer", Action::"tunnel"]`)
		resource = pick(r, `resource is App`, fmt.Sprintf("resource in %v", pick(r, groups()...)), fmt.Sprintf("resource == %v", pick(r, r.apps...)), `resource is App in AppGroup::"clinical"`)
	}
	s := fmt.Sprintf("%s (%s, %s, %s)", effect, person, action, resource)
	for range r.IntN(3) {
		s += fmt.Sprintf("\n%s { %s }", pick(r, "when", "unless"), r.condition(record, strings.Contains(person, "is Person")))
	}
	return s + ";"
}

// condition is a truth that the schema allows for the resource; person: that the principal is one is known.
func (r *Random) condition(record, person bool) string {
	own := `principal is Person && `
	if person {
		own = ""
	}
	all := []string{
		`context.auth.assurance >= 2`, `context.auth.resistant`, `context.device.managed && context.device.compliant`, `context.network.zone == "clinical"`,
		`context.network.zone != "internet" && context.device.risk < 3`, `context.clock.minute >= 480 && context.clock.minute < 1080`, `context.clock.weekday <= 5`,
		`context.now.durationSince(context.auth.proved) <= duration("1h")`, `context.now >= datetime("2026-11-23T14:30:00Z")`, `context.degraded`,
		`context has place && context.place == Unit::"icu"`, `context has window && context.now >= context.window.from && context.now < context.window.until`,
		own + `principal.risk < 3`, own + `(principal.disabled || principal.risk == 4)`, own + fmt.Sprintf(`principal in %v`, pick(r, roles()...)),
		own + fmt.Sprintf(`principal.onDuty.contains(%v)`, pick(r, units()...)),
	}
	if record {
		all = append(all, own+`principal.careTeams.contains(resource.patient)`, own+`principal.onDuty.containsAny(resource.patient.units)`, `resource.patient.sensitive`,
			fmt.Sprintf(`resource.patient in %v`, pick(r, units()...)), `context has breakGlass && context.now.durationSince(context.breakGlass.at) <= duration("60m")`,
			`if context.auth.assurance > 1 then resource.patient.sensitive else context.device.shared`)
	} else {
		all = append(all, `context.auth.assurance >= resource.assurance`, fmt.Sprintf(`resource in %v`, pick(r, groups()...)), `resource.assurance * 2 + 1 > context.auth.assurance`)
	}
	c := pick(r, all...)
	switch r.IntN(5) {
	case 0:
		return "!(" + c + ")"
	case 1:
		return "(" + c + ") || (" + pick(r, all...) + ")"
	case 2:
		return "(" + c + ") && (" + pick(r, all...) + ")"
	}
	return c
}

// Question is a random one.
func (r *Random) Question() Question {
	who := append(numbered("Machine", 4), r.people...)
	q := Question{Principal: pick(r, append(who, policy.ID("Person", "nobody"))...), Now: Now().Add(time.Duration(r.IntN(48*60)) * time.Minute), Context: r.context()}
	if r.IntN(2) == 0 {
		q.Action = policy.ID("Action", pick(r, "readRecord", "writeRecord", "exportRecord"))
		q.Resource = policy.ID("Record", fmt.Sprint(r.IntN(6)))
	} else {
		q.Action = policy.ID("Action", pick(r, "open", "administer", "tunnel"))
		q.Resource = pick(r, r.apps...)
	}
	return q
}

func (r *Random) context() policy.Attrs {
	proved := Now().Add(-time.Duration(r.IntN(24*60)) * time.Minute)
	c := policy.Attrs{
		"device":   policy.Attrs{"managed": r.IntN(3) > 0, "compliant": r.IntN(3) > 0, "bound": r.IntN(2) == 0, "shared": r.IntN(3) == 0, "risk": r.IntN(5)},
		"auth":     policy.Attrs{"assurance": 1 + r.IntN(3), "resistant": r.IntN(2) == 0, "proved": proved},
		"network":  policy.Attrs{"zone": pick(r, "clinical", "biomedical", "office", "internet"), "told": r.IntN(2) == 0},
		"degraded": r.IntN(9) == 0,
	}
	if r.IntN(2) == 0 {
		c["place"] = pick(r, units()...)
	}
	if r.IntN(2) == 0 {
		c["breakGlass"] = policy.Attrs{"at": Now().Add(time.Duration(r.IntN(180)-90) * time.Minute), "reason": "urgent"}
	}
	if r.IntN(3) == 0 {
		c["window"] = policy.Attrs{"vendor": pick(r, vendors()...), "from": Now().Add(-time.Hour), "until": Now().Add(time.Hour)}
	}
	return c
}
