package group

import (
	"net/http"

	"bulwark/platform/web"
)

// Doors are the ways in at a centre: those of the console, and of commands on this machine. asker says who asks, as the ledger has it
// and as people call them.
type Doors struct {
	a     *Above
	asker func(*http.Request) (actor, name string, err error)
}

// Doors makes the routes for askers that asker names.
func (a *Above) Doors(asker func(*http.Request) (actor, name string, err error)) *Doors {
	return &Doors{a, asker}
}

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all, act := web.Watchers(), []web.Duty{web.Analyst, web.Approver, web.Administrator}
	return []web.Route{
		{Method: "GET", Pattern: "/api/sites", Duties: all, Handler: http.HandlerFunc(d.list)},
		{Method: "GET", Pattern: "/api/sites/{site}/containments", Duties: all, Handler: http.HandlerFunc(d.look)},
		{Method: "POST", Pattern: "/api/sites/{site}/orders", Duties: act, Handler: http.HandlerFunc(d.send)},
	}
}

// Alone is what a node answers that is no centre.
func Alone() []web.Route {
	return []web.Route{{Method: "GET", Pattern: "/api/sites", Duties: web.Watchers(), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		web.JSON(w, http.StatusOK, sites{Items: []SiteView{}})
	})}}
}

// sites are those of a centre.
type sites struct {
	Items  []SiteView `json:"items"`
	Centre bool       `json:"centre"` // this node is one
}

func (d *Doors) list(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, sites{d.a.needs.Sites.Sites(), true})
}

func (d *Doors) look(w http.ResponseWriter, r *http.Request) {
	got, err := d.a.Send(r.Context(), "", Order{Node: r.PathValue("site"), Do: Look})
	d.answer(w, r, struct {
		Items any `json:"items"`
	}{got.Leases}, err)
}

func (d *Doors) send(w http.ResponseWriter, r *http.Request) {
	actor, name, err := d.asker(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "group.nobody")
		return
	}
	var b struct {
		Do      Deed   `json:"do"`
		Act     string `json:"act"`
		Target  string `json:"target"`
		Scope   string `json:"scope"`
		Lease   uint64 `json:"lease"`
		Minutes int    `json:"minutes"`
		Reason  string `json:"reason"`
	}
	if err := web.ReadJSON(r, &b); err != nil || b.Do == Look {
		web.Refuse(w, r, http.StatusBadRequest, "group.body")
		return
	}
	got, err := d.a.Send(r.Context(), actor, Order{Node: r.PathValue("site"), By: name, Do: b.Do, Act: b.Act, Target: b.Target, Scope: b.Scope, Lease: b.Lease, Minutes: b.Minutes, Reason: b.Reason})
	d.answer(w, r, got, err)
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrNoSite, Status: http.StatusNotFound, Code: "group.no-site"},
		web.Fault{Err: ErrWrong, Status: http.StatusUnprocessableEntity, Code: "group.wrong"},
		web.Fault{Err: ErrRefused, Status: http.StatusConflict, Code: "group.refused"},
		web.Fault{Err: ErrAway, Status: http.StatusBadGateway, Code: "group.away"},
	) {
		return
	}
	d.a.needs.Log.ErrorContext(r.Context(), "an order to a site failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "group.failed")
}
