package signature

import (
	"net/http"
	"time"

	"bulwark/platform/web"
)

// Doors are the ways in: those of the console, and of commands on this machine. actor says who asks.
type Doors struct {
	b     *Rulebook
	actor func(*http.Request) (string, error)
}

// Doors makes the routes for askers that actor names.
func (b *Rulebook) Doors(actor func(*http.Request) (string, error)) *Doors { return &Doors{b, actor} }

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all := web.Watchers()
	change := []web.Duty{web.Analyst, web.Administrator}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	return []web.Route{
		route("GET", "/api/rules", all, d.list),
		route("GET", "/api/rules/coverage", all, d.coverage),
		route("GET", "/api/rules/sources", all, d.sources),
		route("GET", "/api/rules/{id}", all, d.show),
		route("PUT", "/api/rules/{id}", change, d.decide),
		route("POST", "/api/rules/decide", change, d.decideMany),
		route("POST", "/api/rules/update", change, d.update),
		{Method: "POST", Pattern: "/api/rules/try", Duties: change, Handler: http.HandlerFunc(d.try), Body: maxTrial},
	}
}

func (d *Doors) list(w http.ResponseWriter, r *http.Request) {
	p, err := d.b.List(r.Context(), r.URL.Query())
	d.answer(w, r, p, err)
}

func (d *Doors) coverage(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, d.b.Coverage())
}

func (d *Doors) sources(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, map[string]any{"items": d.b.Sources()})
}

func (d *Doors) show(w http.ResponseWriter, r *http.Request) {
	id, err := ParseID(r.PathValue("id"))
	if err != nil {
		err = ErrNoRule
	}
	var v Detail
	if err == nil {
		v, err = d.b.Show(r.Context(), id)
	}
	d.answer(w, r, v, err)
}

// asked is what somebody wants of rules.
type asked struct {
	Rules   string `json:"rules"` // of many; see [Decision]
	Enabled *bool  `json:"enabled"`
	Reason  string `json:"reason"`
}

func (d *Doors) decide(w http.ResponseWriter, r *http.Request) {
	id, err := ParseID(r.PathValue("id"))
	if err == nil {
		_, err = d.b.Show(r.Context(), id)
	}
	if err != nil {
		d.answer(w, r, nil, ErrNoRule)
		return
	}
	d.change(w, r, id.String(), func() (any, error) { return d.b.Show(r.Context(), id) })
}

func (d *Doors) decideMany(w http.ResponseWriter, r *http.Request) {
	d.change(w, r, "", func() (any, error) { _, p := d.b.Rules(); return p, nil })
}

// change does what somebody wants of rules; those of which the body speaks where rules is empty.
func (d *Doors) change(w http.ResponseWriter, r *http.Request, rules string, then func() (any, error)) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "rules.nobody")
		return
	}
	var a asked
	if err := web.ReadJSON(r, &a); err != nil || a.Enabled == nil || rules != "" && a.Rules != "" {
		web.Refuse(w, r, http.StatusBadRequest, "rules.body")
		return
	}
	if rules == "" {
		rules = a.Rules
	}
	var v any
	if _, err = d.b.Decide(r.Context(), Decision{Rules: rules, Enabled: *a.Enabled, Who: actor, Reason: a.Reason}); err == nil {
		v, err = then()
	}
	d.answer(w, r, v, err)
}

func (d *Doors) update(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "rules.nobody")
		return
	}
	var which struct {
		Source string `json:"source"`
	}
	if err := web.ReadJSON(r, &which); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "rules.body")
		return
	}
	mayTake(w, time.Duration(1+len(d.b.Config.Sources))*fetchTime)
	v, err := d.b.Update(r.Context(), actor, which.Source)
	d.answer(w, r, v, err)
}

// mayTake lets a request take longer than the server lets others: what has not been read and answered by then, the server takes
// for given up by its asker, and ends.
func mayTake(w http.ResponseWriter, long time.Duration) {
	c, until := http.NewResponseController(w), time.Now().Add(long)
	_, _ = c.SetReadDeadline(until), c.SetWriteDeadline(until) // what answers in this process has no deadlines
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrNoRule, Status: http.StatusNotFound, Code: "rules.no-rule"},
		web.Fault{Err: ErrNoSource, Status: http.StatusNotFound, Code: "rules.no-source"},
		web.Fault{Err: ErrQuery, Status: http.StatusBadRequest, Code: "rules.query"},
		web.Fault{Err: ErrDecision, Status: http.StatusUnprocessableEntity, Code: "rules.rule"},
		web.Fault{Err: ErrNothing, Status: http.StatusUnprocessableEntity, Code: "rules.rule"},
		web.Fault{Err: ErrTrial, Status: http.StatusUnprocessableEntity, Code: "rules.try"},
		web.Fault{Err: ErrBusy, Status: http.StatusConflict, Code: "rules.busy"},
	) {
		return
	}
	d.b.Log.ErrorContext(r.Context(), "an answer about rules failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "rules.failed")
}
