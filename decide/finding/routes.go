package finding

import (
	"net/http"

	"bulwark/platform/web"
)

// Doors are the ways in: those of the console, and of commands on this machine. actor says who asks.
type Doors struct {
	f     *Findings
	actor func(*http.Request) (string, error)
}

// Doors makes the routes for askers that actor names.
func (f *Findings) Doors(actor func(*http.Request) (string, error)) *Doors { return &Doors{f, actor} }

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all := web.Watchers()
	judge := []web.Duty{web.Analyst, web.Administrator}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	return []web.Route{
		route("GET", "/api/findings", all, d.list),
		route("GET", "/api/findings/facets", all, d.facets),
		route("GET", "/api/findings/{id}", all, d.show),
		route("POST", "/api/findings/verdicts", judge, d.judge),
		route("GET", "/api/findings/suppressions", all, d.suppressions),
		route("DELETE", "/api/findings/suppressions/{id}", judge, d.unsuppress),
		route("GET", "/api/findings/export", all, d.export),
	}
}

func (d *Doors) list(w http.ResponseWriter, r *http.Request) {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		d.answer(w, r, nil, err)
		return
	}
	web.JSON(w, http.StatusOK, d.f.list(q))
}

func (d *Doors) facets(w http.ResponseWriter, r *http.Request) {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		d.answer(w, r, nil, err)
		return
	}
	web.JSON(w, http.StatusOK, d.f.facets(q))
}

func (d *Doors) show(w http.ResponseWriter, r *http.Request) {
	v, err := d.f.Show(r.Context(), web.Number(r, "id"))
	d.answer(w, r, v, err)
}

// judged is what came of a verdict.
type judged struct {
	Items        []Finding     `json:"items"`
	Suppressions []Suppression `json:"suppressions"`
}

func (d *Doors) judge(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "finding.nobody")
		return
	}
	var a Ask
	if err := web.ReadJSON(r, &a); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "finding.body")
		return
	}
	items, made, err := d.f.Judge(r.Context(), actor, a)
	d.answer(w, r, judged{items, made}, err)
}

func (d *Doors) suppressions(w http.ResponseWriter, r *http.Request) {
	web.JSON(w, http.StatusOK, struct {
		Items []Suppression `json:"items"`
	}{d.f.Suppressions(r.URL.Query().Get("rule"))})
}

func (d *Doors) unsuppress(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "finding.nobody")
		return
	}
	var why struct {
		Reason string `json:"reason"`
	}
	if r.ContentLength != 0 {
		if err := web.ReadJSON(r, &why); err != nil {
			web.Refuse(w, r, http.StatusBadRequest, "finding.body")
			return
		}
	}
	err = d.f.Unsuppress(r.Context(), actor, web.Number(r, "id"), why.Reason)
	d.answer(w, r, map[string]uint64{"id": web.Number(r, "id")}, err)
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrNoFinding, Status: http.StatusNotFound, Code: "finding.no-finding"},
		web.Fault{Err: ErrNoSuppression, Status: http.StatusNotFound, Code: "finding.no-suppression"},
		web.Fault{Err: ErrVerdict, Status: http.StatusUnprocessableEntity, Code: "finding.verdict"},
		web.Fault{Err: ErrQuery, Status: http.StatusBadRequest, Code: "finding.query"},
	) {
		return
	}
	d.f.needs.Log.ErrorContext(r.Context(), "an answer about findings failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "finding.failed")
}
