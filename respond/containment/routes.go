package containment

import (
	"net/http"

	"bulwark/platform/web"
)

// Doors are the ways in: those of the console, and of commands on this machine. asker says who asks.
type Doors struct {
	c     *Containment
	asker func(*http.Request) (Asker, error)
}

// Doors makes the routes for askers that asker names.
func (c *Containment) Doors(asker func(*http.Request) (Asker, error)) *Doors { return &Doors{c, asker} }

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all := web.Watchers()
	act := []web.Duty{web.Analyst, web.BiomedicalEngineer, web.Approver, web.Administrator}
	answer := []web.Duty{web.Analyst, web.BiomedicalEngineer, web.Approver}
	everybody := []web.Duty{web.Public}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	return []web.Route{
		route("GET", "/api/containments", all, d.list),
		route("GET", "/api/containments/points", all, d.points),
		route("POST", "/api/containments/points/{name}/confirm", act, d.confirm),
		route("GET", "/api/containments/{id}", all, d.show),
		route("POST", "/api/containments", act, d.propose),
		route("POST", "/api/containments/{id}/approve", answer, d.approve),
		route("POST", "/api/containments/{id}/decline", answer, d.decline),
		route("POST", "/api/containments/{id}/lift", act, d.lift),
		route("POST", "/api/containments/{id}/prolong", act, d.prolong),
		route("POST", "/api/containments/{id}/code", act, d.code),
		route("GET", "/api/approvals", all, d.approvals),
		route("POST", "/api/release", everybody, d.release),
		route("GET", "/release", everybody, d.showBedside),
		route("POST", "/release", everybody, d.doBedside),
		route("GET", "/release/release.css", everybody, d.styleBedside),
	}
}

func (d *Doors) list(w http.ResponseWriter, r *http.Request) {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		d.answer(w, r, nil, err)
		return
	}
	web.JSON(w, http.StatusOK, d.c.list(q))
}

func (d *Doors) points(w http.ResponseWriter, r *http.Request) {
	all, err := d.c.pointViews(r.Context())
	d.answer(w, r, struct {
		Items []PointView `json:"items"`
	}{all}, err)
}

func (d *Doors) confirm(w http.ResponseWriter, r *http.Request) {
	var b because
	if who, ok := d.asked(w, r, &b); ok {
		if err := d.c.Confirm(r.Context(), who, r.PathValue("name"), b.Reason); err != nil {
			d.answer(w, r, nil, err)
			return
		}
		d.points(w, r)
	}
}

func (d *Doors) show(w http.ResponseWriter, r *http.Request) {
	v, err := d.c.Show(r.Context(), web.Number(r, "id"))
	d.answer(w, r, v, err)
}

// asked is who asks, and what is in the body; false: it was refused.
func (d *Doors) asked(w http.ResponseWriter, r *http.Request, body any) (Asker, bool) {
	who, err := d.asker(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "containment.nobody")
		return who, false
	}
	if body != nil {
		if err := web.ReadJSON(r, body); err != nil {
			web.Refuse(w, r, http.StatusBadRequest, "containment.body")
			return who, false
		}
	}
	return who, true
}

func (d *Doors) propose(w http.ResponseWriter, r *http.Request) {
	var wish Wish
	who, ok := d.asked(w, r, &wish)
	if !ok {
		return
	}
	wish.By = who.Actor
	l, err := d.c.Propose(r.Context(), wish)
	d.answer(w, r, l, err)
}

// because is the body of what only needs a reason.
type because struct {
	Reason string `json:"reason"`
}

func (d *Doors) approve(w http.ResponseWriter, r *http.Request) {
	var b because
	if who, ok := d.asked(w, r, &b); ok {
		l, err := d.c.Approve(r.Context(), who, web.Number(r, "id"), b.Reason)
		d.answer(w, r, l, err)
	}
}

func (d *Doors) decline(w http.ResponseWriter, r *http.Request) {
	var b because
	if who, ok := d.asked(w, r, &b); ok {
		l, err := d.c.Decline(r.Context(), who, web.Number(r, "id"), b.Reason)
		d.answer(w, r, l, err)
	}
}

func (d *Doors) lift(w http.ResponseWriter, r *http.Request) {
	var b because
	if who, ok := d.asked(w, r, &b); ok {
		l, err := d.c.Lift(r.Context(), who.Actor, web.Number(r, "id"), b.Reason)
		d.answer(w, r, l, err)
	}
}

func (d *Doors) prolong(w http.ResponseWriter, r *http.Request) {
	var b struct {
		because
		Minutes int  `json:"minutes"`
		Look    bool `json:"look"` // only say what it would go on to stop
	}
	if who, ok := d.asked(w, r, &b); ok && b.Look {
		x, err := d.c.LookLonger(r.Context(), web.Number(r, "id"), b.Minutes)
		d.answer(w, r, x, err)
	} else if ok {
		l, err := d.c.Prolong(r.Context(), who.Actor, web.Number(r, "id"), b.Minutes, b.Reason)
		d.answer(w, r, l, err)
	}
}

func (d *Doors) code(w http.ResponseWriter, r *http.Request) {
	who, ok := d.asked(w, r, nil)
	if !ok {
		return
	}
	code, err := d.c.Code(r.Context(), who.Actor, web.Number(r, "id"))
	d.answer(w, r, map[string]any{"code": code, "page": "/release", "minutes": int(releaseLasts.Minutes())}, err)
}

func (d *Doors) approvals(w http.ResponseWriter, r *http.Request) {
	who, ok := d.asked(w, r, nil)
	if !ok {
		return
	}
	roles := who.Roles
	if roles == nil {
		roles = []string{}
	}
	web.JSON(w, http.StatusOK, struct {
		Items []Lease  `json:"items"`
		Roles []string `json:"roles"`
	}{d.c.Waiting(who), roles})
}

func (d *Doors) release(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Code string `json:"code"`
	}
	if err := web.ReadJSON(r, &body); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "containment.body")
		return
	}
	l, err := d.c.Release(r.Context(), body.Code, web.Peer(r))
	d.answer(w, r, map[string]any{"id": l.ID, "name": l.called(), "released_until": l.Released}, err)
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrNoLease, Status: http.StatusNotFound, Code: "containment.no-lease"},
		web.Fault{Err: ErrNoPoint, Status: http.StatusNotFound, Code: "containment.no-point"},
		web.Fault{Err: ErrAlready, Status: http.StatusConflict, Code: "containment.already"},
		web.Fault{Err: ErrState, Status: http.StatusConflict, Code: "containment.state"},
		web.Fault{Err: ErrRole, Status: http.StatusForbidden, Code: "containment.role"},
		web.Fault{Err: ErrCode, Status: http.StatusNotFound, Code: "containment.code"},
		web.Fault{Err: ErrTooMany, Status: http.StatusTooManyRequests, Code: "containment.too-many"},
		web.Fault{Err: ErrWrong, Status: http.StatusUnprocessableEntity, Code: "containment.wrong"},
	) {
		return
	}
	d.c.needs.Log.ErrorContext(r.Context(), "an answer about containments failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "containment.failed")
}
