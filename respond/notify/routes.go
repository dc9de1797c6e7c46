package notify

import (
	"net/http"
	"strconv"

	"bulwark/platform/web"
)

// Asker says who asks: as the ledger has it, and as people call them.
type Asker func(*http.Request) (actor, name string, err error)

// Doors are the ways in.
type Doors struct {
	n     *Notify
	asker Asker
	pages *pages
}

// Doors makes the routes for askers.
func (n *Notify) Doors(asker Asker) *Doors { return &Doors{n, asker, newPages(n)} }

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all := web.Watchers()
	route := func(method, pattern string, h http.HandlerFunc, duties ...web.Duty) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	return []web.Route{
		route("GET", "/api/notify", d.view, all...),
		route("PUT", "/api/notify/contacts/{id}", d.putContact, web.Administrator),
		route("PUT", "/api/notify/rotas/{id}", d.putRota, web.Administrator, web.Analyst),
		route("PUT", "/api/notify/policies/{id}", d.putPolicy, web.Administrator),
		route("DELETE", "/api/notify/{kind}/{id}", d.remove, web.Administrator),
		route("POST", "/api/notify/contacts/{id}/test", d.test, web.Administrator),
		route("GET", "/api/notify/notices", d.list, all...),
		route("GET", "/api/notify/notices/{id}", d.show, all...),
		route("POST", "/api/notify/notices/{id}/answer", d.answer, web.Administrator, web.Analyst, web.Approver, web.BiomedicalEngineer),
		route("GET", "/answer/{ticket}", d.pages.show, web.Public),
		route("POST", "/answer/{ticket}", d.pages.take, web.Public),
	}
}

func (d *Doors) say(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrAsk, Status: http.StatusUnprocessableEntity, Code: "notify.wrong"},
		web.Fault{Err: ErrNoNotice, Status: http.StatusNotFound, Code: "notify.no-notice"},
		web.Fault{Err: ErrNoContact, Status: http.StatusNotFound, Code: "notify.no-contact"},
	) {
		return
	}
	d.n.needs.Log.ErrorContext(r.Context(), "an answer about notices failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "notify.failed")
}

func (d *Doors) view(w http.ResponseWriter, r *http.Request) {
	v, err := d.n.View(r.Context())
	d.say(w, r, v, err)
}

// by is who asks; where nobody does, the request is refused.
func (d *Doors) by(w http.ResponseWriter, r *http.Request) (actor, name string, ok bool) {
	actor, name, err := d.asker(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "notify.nobody")
	}
	return actor, name, err == nil
}

// put reads v, which save keeps, and answers with the whole.
func put[T any](d *Doors, w http.ResponseWriter, r *http.Request, v *T, save func(actor string, v *T) error) {
	actor, _, ok := d.by(w, r)
	if !ok {
		return
	}
	if err := web.ReadJSON(r, v); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "notify.body")
		return
	}
	if err := save(actor, v); err != nil {
		d.say(w, r, nil, err)
		return
	}
	d.view(w, r)
}

func (d *Doors) putContact(w http.ResponseWriter, r *http.Request) {
	put(d, w, r, &Contact{}, func(actor string, c *Contact) error {
		c.ID = r.PathValue("id")
		return d.n.PutContact(r.Context(), actor, c)
	})
}

func (d *Doors) putRota(w http.ResponseWriter, r *http.Request) {
	put(d, w, r, &Rota{}, func(actor string, v *Rota) error {
		v.Name = r.PathValue("id")
		return d.n.PutRota(r.Context(), actor, v)
	})
}

func (d *Doors) putPolicy(w http.ResponseWriter, r *http.Request) {
	put(d, w, r, &Policy{}, func(actor string, p *Policy) error {
		p.Name = r.PathValue("id")
		return d.n.PutPolicy(r.Context(), actor, p)
	})
}

func (d *Doors) remove(w http.ResponseWriter, r *http.Request) {
	actor, _, ok := d.by(w, r)
	if !ok {
		return
	}
	kinds := map[string]string{"contacts": "contact", "rotas": "rota", "policies": "policy"}
	if err := d.n.Remove(r.Context(), actor, kinds[r.PathValue("kind")], r.PathValue("id")); err != nil {
		d.say(w, r, nil, err)
		return
	}
	d.view(w, r)
}

func (d *Doors) test(w http.ResponseWriter, r *http.Request) {
	actor, _, ok := d.by(w, r)
	if !ok {
		return
	}
	all, err := d.n.Test(r.Context(), actor, r.PathValue("id"))
	d.say(w, r, map[string]any{"items": all}, err)
}

func (d *Doors) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	below, _ := strconv.ParseInt(q.Get("after"), 10, 64) // what is no number is no bound
	most, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		most = 100
	}
	all, err := d.n.Notices(r.Context(), State(q.Get("state")), below, most)
	d.say(w, r, map[string]any{"items": all}, err)
}

func (d *Doors) show(w http.ResponseWriter, r *http.Request) {
	x, err := d.n.Notice(r.Context(), int64(web.Number(r, "id")))
	d.say(w, r, x, err)
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request) {
	actor, name, ok := d.by(w, r)
	if !ok {
		return
	}
	x, err := d.n.Answer(r.Context(), int64(web.Number(r, "id")), actor, name)
	d.say(w, r, x, err)
}
