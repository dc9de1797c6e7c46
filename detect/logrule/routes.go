package logrule

import (
	"net/http"

	"bulwark/platform/web"
)

// Routes are the doors, each with the duties that open it. actor says who asks.
func (r *Room) Routes(actor func(*http.Request) (string, error)) []web.Route {
	d := doors{r, actor}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	change := []web.Duty{web.Analyst, web.Administrator}
	return []web.Route{
		route("GET", "/api/logrules", web.Duties(), d.list),
		route("GET", "/api/logrules/coverage", web.Duties(), d.coverage),
		route("GET", "/api/logrules/{id}", web.Duties(), d.show),
		route("PUT", "/api/logrules/{id}", change, d.decide),
		{Method: "POST", Pattern: "/api/logrules/try", Duties: change, Handler: http.HandlerFunc(d.try), Body: maxTrial},
	}
}

type doors struct {
	room  *Room
	actor func(*http.Request) (string, error)
}

func (d doors) list(w http.ResponseWriter, r *http.Request) {
	p, err := d.room.List(r.URL.Query())
	d.answer(w, r, p, err)
}

func (d doors) coverage(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, d.room.Coverage())
}

func (d doors) show(w http.ResponseWriter, r *http.Request) {
	v, err := d.room.Show(r.PathValue("id"))
	d.answer(w, r, v, err)
}

func (d doors) decide(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "rules.nobody")
		return
	}
	var a struct {
		Enabled *bool  `json:"enabled"`
		Reason  string `json:"reason"`
	}
	if err := web.ReadJSON(r, &a); err != nil || a.Enabled == nil {
		web.Refuse(w, r, http.StatusBadRequest, "rules.body")
		return
	}
	var v Detail
	if err = d.room.Decide(r.Context(), actor, r.PathValue("id"), *a.Enabled, a.Reason); err == nil {
		v, err = d.room.Show(r.PathValue("id"))
	}
	d.answer(w, r, v, err)
}

func (d doors) try(w http.ResponseWriter, r *http.Request) {
	var t Trial
	if err := web.ReadJSON(r, &t); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "rules.body")
		return
	}
	v, err := d.room.Try(r.Context(), &t)
	d.answer(w, r, v, err)
}

func (d doors) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrNoRule, Status: http.StatusNotFound, Code: "rules.no-rule"},
		web.Fault{Err: ErrReason, Status: http.StatusBadRequest, Code: "rules.body"},
		web.Fault{Err: ErrQuery, Status: http.StatusBadRequest, Code: "rules.query"},
		web.Fault{Err: ErrTrial, Status: http.StatusUnprocessableEntity, Code: "rules.try"}) {
		return
	}
	web.Refuse(w, r, http.StatusInternalServerError, "rules.failed")
}
