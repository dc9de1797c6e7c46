package incident

import (
	"cmp"
	"net/http"
	"slices"

	"bulwark/platform/web"
)

// Doors are the ways in: those of the console, and of commands on this machine. actor says who asks.
type Doors struct {
	i     *Incidents
	actor func(*http.Request) (string, error)
}

// Doors makes the routes for askers that actor names.
func (i *Incidents) Doors(actor func(*http.Request) (string, error)) *Doors { return &Doors{i, actor} }

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all := web.Watchers()
	judge := []web.Duty{web.Analyst, web.Administrator}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	return append([]web.Route{
		route("GET", "/api/incidents", all, d.list),
		route("GET", "/api/incidents/{id}", all, d.show),
		route("POST", "/api/incidents/{id}", judge, d.say),
		route("POST", "/api/incidents/merge", judge, d.merge),
		route("POST", "/api/incidents/{id}/split", judge, d.split),
		route("GET", "/api/risk", all, d.risk),
	}, d.caseRoutes()...)
}

func (d *Doors) list(w http.ResponseWriter, r *http.Request) {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		d.answer(w, r, nil, err)
		return
	}
	web.JSON(w, http.StatusOK, d.i.list(q))
}

func (d *Doors) show(w http.ResponseWriter, r *http.Request) {
	v, err := d.i.Show(web.Number(r, "id"))
	d.answer(w, r, v, err)
}

// asked reads who asks what; false: it is answered.
func (d *Doors) asked(w http.ResponseWriter, r *http.Request, v any) (actor string, ok bool) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "incident.nobody")
		return "", false
	}
	if err := web.ReadJSON(r, v); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "incident.body")
		return "", false
	}
	return actor, true
}

func (d *Doors) say(w http.ResponseWriter, r *http.Request) {
	var a Ask
	actor, ok := d.asked(w, r, &a)
	if !ok {
		return
	}
	v, err := d.i.Say(r.Context(), actor, web.Number(r, "id"), a)
	d.answer(w, r, v, err)
}

func (d *Doors) merge(w http.ResponseWriter, r *http.Request) {
	var a struct {
		IDs    []uint64 `json:"ids"`
		Reason string   `json:"reason"`
	}
	actor, ok := d.asked(w, r, &a)
	if !ok {
		return
	}
	v, err := d.i.Merge(r.Context(), actor, a.IDs, a.Reason)
	d.answer(w, r, v, err)
}

func (d *Doors) split(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Bursts []uint64 `json:"bursts"`
		Reason string   `json:"reason"`
	}
	actor, ok := d.asked(w, r, &a)
	if !ok {
		return
	}
	v, err := d.i.Split(r.Context(), actor, web.Number(r, "id"), a.Bursts, a.Reason)
	d.answer(w, r, v, err)
}

func (d *Doors) risk(w http.ResponseWriter, r *http.Request) {
	if e := r.URL.Query().Get("entity"); e != "" {
		web.JSON(w, http.StatusOK, d.i.Risk(e))
		return
	}
	web.JSON(w, http.StatusOK, struct {
		Items []Risk `json:"items"`
	}{d.i.Risks()})
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrNoIncident, Status: http.StatusNotFound, Code: "incident.no-incident"},
		web.Fault{Err: ErrAsk, Status: http.StatusUnprocessableEntity, Code: "incident.ask"},
		web.Fault{Err: ErrNoCase, Status: http.StatusNotFound, Code: "case.no-case"},
		web.Fault{Err: ErrCaseAsk, Status: http.StatusUnprocessableEntity, Code: "case.ask"},
		web.Fault{Err: ErrEdited, Status: http.StatusConflict, Code: "case.edited"},
		web.Fault{Err: ErrQuery, Status: http.StatusBadRequest, Code: "incident.query"},
	) {
		return
	}
	d.i.needs.Log.ErrorContext(r.Context(), "an answer about incidents failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "incident.failed")
}

// live is what those who look are shown.
type live struct {
	Changed []changed `json:"changed"`
	LeftOff int       `json:"left_off"` // further ones: they ask again
}

type changed struct {
	Change   string   `json:"change"`
	Incident Incident `json:"incident"`
}

// mostLive is how many incidents one message holds.
const mostLive = 50

// show shows what changed since it last did, the gravest first.
func (i *Incidents) show() {
	if i.needs.Live == nil {
		return
	}
	i.mu.Lock()
	var m live
	for id, change := range i.told {
		if it := i.items[id]; it != nil {
			m.Changed = append(m.Changed, changed{change, i.view(it)})
		}
	}
	clear(i.told)
	i.mu.Unlock()
	if len(m.Changed) == 0 {
		return
	}
	slices.SortFunc(m.Changed, func(a, b changed) int {
		return cmp.Or(cmp.Compare(b.Incident.Risk, a.Incident.Risk), cmp.Compare(b.Incident.ID, a.Incident.ID))
	})
	m.LeftOff = len(m.Changed) - min(len(m.Changed), mostLive)
	m.Changed = m.Changed[:min(len(m.Changed), mostLive)]
	i.needs.Live("incident", m)
}
