package access

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/platform/conf"
	"bulwark/platform/web"
)

// Doors are the ways in: those of the console, and of commands on this machine. actor says who asks.
type Doors struct {
	a     *Access
	actor func(*http.Request) (string, error)
	// own is the session of who asks; nil: there is none, and nobody breaks a glass.
	own func(*http.Request) (*Handle, error)
}

// Doors makes the routes for askers that actor names; own is their session, and may be nil.
func (a *Access) Doors(actor func(*http.Request) (string, error), own func(*http.Request) (*Handle, error)) *Doors {
	return &Doors{a, actor, own}
}

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	look := []web.Duty{web.Administrator, web.Approver, web.Analyst, web.Auditor}
	run := []web.Duty{web.Administrator}
	approve := []web.Duty{web.Approver, web.Administrator}
	review := []web.Duty{web.Approver, web.Administrator, web.Auditor} // to look at
	self := []web.Duty{web.SignedIn}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc, body int64) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h, Body: body}
	}
	return append([]web.Route{
		route("GET", "/api/access/policies", look, d.policies, 0),
		route("POST", "/api/access/policies/try", look, d.try, 2*conf.MaxFile),
		route("PUT", "/api/access/policies", run, d.save, 2*conf.MaxFile),
		route("POST", "/api/access/explain", look, d.explain, 0),
		route("POST", "/api/access/who", look, d.who, 0),
		route("GET", "/api/access/glasses", review, d.glasses, 0),
		route("POST", "/api/access/glasses", self, d.breakGlass, 0),
		route("POST", "/api/access/glasses/{id}/review", approve, d.review, 0),
		route("POST", "/api/access/glasses/{id}/end", self, d.endGlass, 0),
		route("GET", "/api/access/grants", look, d.grants, 0),
		route("POST", "/api/access/grants", self, d.askGrant, 0),
		route("POST", "/api/access/grants/{id}", approve, d.answerGrant, 0),
		route("DELETE", "/api/access/grants/{id}", approve, d.endGrant, 0),
		route("PUT", "/api/access/roster", run, d.roster, 8<<20),
		route("POST", "/api/access/teams", run, d.team, 0),
		route("GET", "/api/access/outages", review, d.listOutages, 0),
		route("POST", "/api/access/outages/{id}", approve, d.reviewOutage, 0),
		route("GET", "/api/access/unused", look, d.unused, 0),
		route("POST", "/api/access/unused", run, d.recertify, 0),
		route("GET", "/api/access/patients/{id}", review, d.patient, 0),
		route("POST", "/api/access/sensitive", approve, d.sensitive, 0),
	}, d.seenRoutes()...)
}

func (d *Doors) policies(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, d.a.Policies())
}

// body reads what is asked; false: it is answered.
func body(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := web.ReadJSON(r, v); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "access.body")
		return false
	}
	return true
}

// asked reads who asks what; false: it is answered.
func (d *Doors) asked(w http.ResponseWriter, r *http.Request, v any) (actor string, ok bool) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "access.nobody")
		return "", false
	}
	return actor, v == nil || body(w, r, v)
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrNone, Status: http.StatusNotFound, Code: "access.none"},
		web.Fault{Err: ErrRefuse, Status: http.StatusForbidden, Code: "access.refused"},
		web.Fault{Err: ErrPolicy, Status: http.StatusConflict, Code: "access.policy"},
		web.Fault{Err: ErrAsk, Status: http.StatusUnprocessableEntity, Code: "access.ask"},
	) {
		return
	}
	d.a.needs.Log.ErrorContext(r.Context(), "an answer about access failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "access.failed")
}

func (d *Doors) try(w http.ResponseWriter, r *http.Request) {
	var c Change
	if !body(w, r, &c) {
		return
	}
	v, err := d.a.Try(c)
	d.answer(w, r, v, err)
}

func (d *Doors) save(w http.ResponseWriter, r *http.Request) {
	var c Change
	actor, ok := d.asked(w, r, &c)
	if !ok {
		return
	}
	v, err := d.a.Save(r.Context(), actor, c)
	d.answer(w, r, v, err)
}

// Question is one that somebody asks about access, without asking for it.
type Question struct {
	Who    string `json:"who"` // Person:ID, Machine:N, or a login
	Action string `json:"action"`
	What   string `json:"what"` // an id, or Record:ID
	With   With   `json:"with"`
}

// With is how they would ask; what is not said is usual.
type With struct {
	Zone      string `json:"zone,omitempty"`
	Assurance int    `json:"assurance,omitempty"`
	Resistant bool   `json:"resistant,omitempty"`
	Unmanaged bool   `json:"unmanaged,omitempty"`
	Shared    bool   `json:"shared,omitempty"`
	Bound     bool   `json:"bound,omitempty"`
	Minutes   int    `json:"minutes,omitempty"` // since the sign-in
}

func (w *With) session(person string, now time.Time) (Session, string) {
	s := Session{Person: person, Assurance: max(w.Assurance, 1), Resistant: w.Resistant, Proved: now.Add(-time.Duration(w.Minutes) * time.Minute),
		Device: Device{Managed: !w.Unmanaged, Compliant: !w.Unmanaged, Shared: w.Shared, Bound: w.Bound}}
	if w.Assurance == 0 {
		s.Assurance = 2
	}
	zone := w.Zone
	if zone == "" {
		zone = "clinical"
	}
	return s, zone
}

// Answer is a decision as people see it.
type Answer struct {
	Allow       bool        `json:"allow"`
	Policies    []string    `json:"policies"`
	Why         policy.Text `json:"why"`
	Obligations []string    `json:"obligations"`
	Errors      []string    `json:"errors"`
	Until       time.Time   `json:"until,omitzero"`
	Next        []Next      `json:"next"`
}

func view(d *policy.Decision) Answer {
	v := Answer{Allow: d.Allow, Policies: d.IDs(), Why: d.Why(), Obligations: []string{}, Errors: append([]string{}, d.Errors...), Until: d.Until, Next: []Next{}}
	for _, o := range d.Obligations {
		v.Obligations = append(v.Obligations, o.String())
	}
	return v
}

// Explain answers a question that nobody asks in earnest: it is no event.
func (a *Access) Explain(q Question) (Answer, error) {
	h, resource, err := a.suppose(q)
	if err != nil {
		return Answer{}, err
	}
	action := policy.ID("Action", q.Action)
	v := view(h.handle.Ask(action, resource, a.needs.Clock.Now(), nil))
	if !v.Allow {
		v.Next = append(v.Next, h.Next(action, resource)...)
	}
	return v, nil
}

// suppose is a session that a question supposes.
func (a *Access) suppose(q Question) (*Handle, policy.UID, error) {
	kind, id, ok := strings.Cut(q.Who, ":")
	if !ok || kind != "Machine" && kind != "Person" {
		kind, id = "Person", q.Who
	}
	a.mu.RLock()
	if kind == "Person" && a.people[id] == nil {
		id = a.byLogin[id]
	}
	a.mu.RUnlock()
	if id == "" {
		return nil, policy.UID{}, ErrNone
	}
	what := q.What
	if _, rest, ok := strings.Cut(what, ":"); ok && q.Action != "use" {
		what = rest
	}
	resource, err := resourceOf(a.engine.Set(), q.Action, what)
	if err != nil || !pseudonym(strings.ReplaceAll(what, " ", "")) {
		return nil, policy.UID{}, errors.Join(ErrAsk, err)
	}
	s, zone := q.With.session(id, a.needs.Clock.Now())
	if kind == "Machine" {
		s.Person, s.Machine = "", id
	}
	h := &Handle{access: a, session: s, zone: zone, handle: a.engine.Handle(facts(s, a.networkOf(zone), 0))}
	return h, resource, nil
}

// Who are the people who may do something, by id.
func (a *Access) Who(q Question) ([]string, error) {
	a.mu.RLock()
	ids := make([]string, 0, len(a.people))
	for id := range a.people {
		ids = append(ids, id)
	}
	a.mu.RUnlock()
	slices.Sort(ids)
	all := []string{}
	for _, id := range ids {
		q.Who = "Person:" + id
		h, resource, err := a.suppose(q)
		if err != nil {
			return nil, err
		}
		if h.handle.Ask(policy.ID("Action", q.Action), resource, a.needs.Clock.Now(), nil).Allow {
			all = append(all, id)
		}
	}
	return all, nil
}

func (d *Doors) explain(w http.ResponseWriter, r *http.Request) {
	var q Question
	if !body(w, r, &q) {
		return
	}
	v, err := d.a.Explain(q)
	d.answer(w, r, v, err)
}

func (d *Doors) who(w http.ResponseWriter, r *http.Request) {
	var q Question
	if !body(w, r, &q) {
		return
	}
	v, err := d.a.Who(q)
	d.answer(w, r, map[string]any{"people": v}, err)
}

func (d *Doors) glasses(w http.ResponseWriter, r *http.Request) {
	var states []string
	if s := r.URL.Query().Get("state"); s != "" {
		states = strings.Split(s, ",")
	}
	web.JSON(w, http.StatusOK, map[string]any{"items": d.a.Glasses(states...), "reasons": Reasons()})
}

func (d *Doors) breakGlass(w http.ResponseWriter, r *http.Request) {
	var b struct {
		GlassAsk
		// Identifier is that of the patient as the hospital writes it; it is replaced by its pseudonym at once.
		Identifier string `json:"identifier"`
	}
	if !body(w, r, &b) {
		return
	}
	if d.own == nil {
		web.Refuse(w, r, http.StatusForbidden, "access.nobody")
		return
	}
	h, err := d.own(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "access.nobody")
		return
	}
	if b.Identifier != "" && d.a.needs.Pseudonym != nil {
		b.Patient = d.a.needs.Pseudonym(b.Identifier)
	}
	g, err := h.BreakGlass(r.Context(), b.GlassAsk)
	d.answer(w, r, g, err)
}

func (d *Doors) review(w http.ResponseWriter, r *http.Request) {
	var b struct{ Verdict, Text string }
	actor, ok := d.asked(w, r, &b)
	if !ok {
		return
	}
	g, err := d.a.ReviewGlass(r.Context(), actor, r.PathValue("id"), b.Verdict, b.Text)
	d.answer(w, r, g, err)
}

func (d *Doors) endGlass(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.asked(w, r, nil)
	if !ok {
		return
	}
	g, err := d.a.EndGlass(r.Context(), actor, r.PathValue("id"))
	d.answer(w, r, g, err)
}

func (d *Doors) grants(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, map[string]any{"items": d.a.Grants()})
}

func (d *Doors) askGrant(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Kind, Person, Role, Vendor, App, Act, Reason string
		From, Until                                  time.Time
	}
	actor, ok := d.asked(w, r, &b)
	if !ok {
		return
	}
	g, err := d.a.AskGrant(r.Context(), actor, Grant{Kind: b.Kind, Person: b.Person, Role: b.Role, Vendor: b.Vendor, App: b.App, Act: b.Act, Reason: b.Reason, From: b.From.UTC(), Until: b.Until.UTC()})
	d.answer(w, r, g, err)
}

func (d *Doors) answerGrant(w http.ResponseWriter, r *http.Request) {
	var b struct{ Yes bool }
	actor, ok := d.asked(w, r, &b)
	if !ok {
		return
	}
	g, err := d.a.AnswerGrant(r.Context(), actor, r.PathValue("id"), b.Yes)
	d.answer(w, r, g, err)
}

func (d *Doors) endGrant(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.asked(w, r, nil)
	if !ok {
		return
	}
	g, err := d.a.EndGrant(r.Context(), actor, r.PathValue("id"))
	d.answer(w, r, g, err)
}

func (d *Doors) roster(w http.ResponseWriter, r *http.Request) {
	var b struct {
		From   time.Time `json:"from"`
		Duties []Duty    `json:"duties"`
	}
	actor, ok := d.asked(w, r, &b)
	if !ok {
		return
	}
	err := d.a.SetDuties(r.Context(), actor, b.From.UTC(), b.Duties)
	d.answer(w, r, map[string]string{"lines": strconv.Itoa(len(b.Duties))}, err)
}

func (d *Doors) team(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Person, Patient string
		In              bool
	}
	actor, ok := d.asked(w, r, &b)
	if !ok {
		return
	}
	d.answer(w, r, struct{}{}, d.a.SetTeam(r.Context(), actor, b.Person, b.Patient, b.In))
}

func (d *Doors) unused(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, map[string]any{"items": d.a.Unused()})
}

func (d *Doors) recertify(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Person, Role, Reason string
		Keep                 bool
	}
	actor, ok := d.asked(w, r, &b)
	if !ok {
		return
	}
	d.answer(w, r, struct{}{}, d.a.Recertify(r.Context(), actor, b.Person, b.Role, b.Reason, b.Keep))
}

func (d *Doors) patient(w http.ResponseWriter, r *http.Request) {
	v, err := d.a.Patient(r.PathValue("id"))
	d.answer(w, r, v, err)
}

func (d *Doors) sensitive(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Patient, Identifier, Reason string
		Sensitive                   bool
	}
	actor, ok := d.asked(w, r, &b)
	if !ok {
		return
	}
	if b.Identifier != "" && d.a.needs.Pseudonym != nil {
		b.Patient = d.a.needs.Pseudonym(b.Identifier)
	}
	err := d.a.MarkSensitive(r.Context(), actor, b.Patient, b.Sensitive, b.Reason)
	d.answer(w, r, map[string]any{"patient": b.Patient, "sensitive": b.Sensitive}, err)
}

// Patient is what is known of a patient: where they were, and whose glass was broken for them.
type Patient struct {
	ID        string   `json:"id"`
	Stays     []Stay   `json:"stays"`
	Sensitive bool     `json:"sensitive"`
	Glasses   []*Glass `json:"glasses"`
}

// Patient is what is known of one.
func (a *Access) Patient(id string) (*Patient, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	id = a.known(id)
	p := a.patients[id]
	if p == nil {
		return nil, ErrNone
	}
	v := &Patient{ID: id, Stays: append([]Stay{}, p.Stays...), Sensitive: a.sensitive(p), Glasses: []*Glass{}}
	for _, g := range a.glasses {
		if a.known(g.Patient) == id {
			v.Glasses = append(v.Glasses, clone(g))
		}
	}
	return v, nil
}
