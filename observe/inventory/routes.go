package inventory

import (
	"errors"
	"net/http"

	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/web"
)

// Doors are the ways in: those of the console, and of commands on this machine. actor says who asks.
type Doors struct {
	i     *Inventory
	actor func(*http.Request) (string, error)
}

// Doors makes the routes for askers that actor names.
func (i *Inventory) Doors(actor func(*http.Request) (string, error)) *Doors { return &Doors{i, actor} }

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all := web.Watchers()
	change := []web.Duty{web.Analyst, web.Administrator, web.BiomedicalEngineer}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	return []web.Route{
		route("GET", "/api/devices", all, d.list),
		route("GET", "/api/devices/{id}", all, d.show),
		route("GET", "/api/devices/{id}/uses", all, d.uses),
		route("GET", "/api/devices/{id}/changes", all, d.changes),
		route("GET", "/api/devices/{id}/dependents", all, d.dependents),
		route("PUT", "/api/devices/{id}", change, d.say),
		route("POST", "/api/devices/{id}/merge", change, d.merge),
		route("POST", "/api/devices/{id}/split", change, d.split),
		route("GET", "/api/devices/export", change, d.export),
		{Method: "POST", Pattern: "/api/devices/import", Duties: change, Handler: http.HandlerFunc(d.imports), Body: MaxImport},
		route("GET", "/api/classes", all, d.classes),
		route("GET", "/api/systems", all, d.systems),
		route("GET", "/api/map", all, d.drawing),
		route("GET", "/api/services", all, d.services),
		route("GET", "/api/services/{service}/dependents", all, d.serviceDependents),
	}
}

// list answers with a part of the devices; see [choose].
func (d *Doors) list(w http.ResponseWriter, r *http.Request) {
	web.JSON(w, http.StatusOK, choose(d.i.list(), r.URL.Query()))
}

func (d *Doors) show(w http.ResponseWriter, r *http.Request) {
	v, err := d.i.Show(web.Number(r, "id"))
	d.answer(w, r, v, err)
}

func (d *Doors) uses(w http.ResponseWriter, r *http.Request) {
	all, err := d.i.Uses(web.Number(r, "id"))
	d.answer(w, r, all, err)
}

func (d *Doors) changes(w http.ResponseWriter, r *http.Request) {
	all, err := d.i.Changes(r.Context(), web.Number(r, "id"))
	d.answer(w, r, all, err)
}

func (d *Doors) dependents(w http.ResponseWriter, r *http.Request) {
	all, err := d.i.Dependents(web.Number(r, "id"))
	d.answer(w, r, all, err)
}

func (d *Doors) services(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, d.i.Services())
}

func (d *Doors) serviceDependents(w http.ResponseWriter, r *http.Request) {
	all, err := d.i.ServiceDependents(r.PathValue("service"))
	d.answer(w, r, all, err)
}

// drawing answers with the map, its devices grouped by class, network or ward.
func (d *Doors) drawing(w http.ResponseWriter, r *http.Request) {
	web.JSON(w, http.StatusOK, d.i.Map(Grouping(r.URL.Query().Get("by"))))
}

func (d *Doors) say(w http.ResponseWriter, r *http.Request) {
	var word Word
	d.act(w, r, &word, func(actor string) (any, error) {
		if word.Confirmed.IsZero() && word.Tier != NotKnown {
			word.Confirmed = d.i.clock.Now()
		}
		return d.i.Say(r.Context(), actor, register.DeviceID(web.Number(r, "id")), word)
	})
}

func (d *Doors) merge(w http.ResponseWriter, r *http.Request) {
	var with struct {
		With uint64 `json:"with"`
	}
	d.act(w, r, &with, func(actor string) (any, error) { return d.i.Merge(r.Context(), actor, web.Number(r, "id"), with.With) })
}

func (d *Doors) split(w http.ResponseWriter, r *http.Request) {
	var out struct {
		Traces []uint64 `json:"traces"`
	}
	d.act(w, r, &out, func(actor string) (any, error) { return d.i.Split(r.Context(), actor, web.Number(r, "id"), out.Traces) })
}

// act reads what is asked, and does it in the name of who asks.
func (d *Doors) act(w http.ResponseWriter, r *http.Request, asked any, do func(actor string) (any, error)) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "inventory.nobody")
		return
	}
	if err := web.ReadJSON(r, asked); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "inventory.body")
		return
	}
	v, err := do(actor)
	d.answer(w, r, v, err)
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	var table *TableError
	if errors.As(err, &table) {
		web.RefuseFields(w, r, http.StatusUnprocessableEntity, "inventory.import", table.fields())
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrNoDevice, Status: http.StatusNotFound, Code: "inventory.no-device"},
		web.Fault{Err: ErrNoService, Status: http.StatusNotFound, Code: "inventory.no-service"},
		web.Fault{Err: ErrEdited, Status: http.StatusConflict, Code: "inventory.edited"},
		web.Fault{Err: ErrImport, Status: http.StatusUnprocessableEntity, Code: "inventory.import"},
		web.Fault{Err: ErrWord, Status: http.StatusUnprocessableEntity, Code: "inventory.word"},
		web.Fault{Err: register.ErrNoSplit, Status: http.StatusUnprocessableEntity, Code: "inventory.split"},
	) {
		return
	}
	d.i.log.ErrorContext(r.Context(), "an answer about devices failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "inventory.failed")
}

// className is a class in both languages, with its usual tier.
type className struct {
	Name   string `json:"name"`
	French string `json:"french"`
	Tier   int    `json:"tier"`
	// Why are the reasons for which a device is taken for it, in French by the English ones.
	Why map[string]string `json:"why"`
}

func (d *Doors) classes(w http.ResponseWriter, _ *http.Request) {
	all := []className{}
	for i := range d.i.classes {
		c := &d.i.classes[i]
		why := map[string]string{}
		for j := range c.Rules {
			if r := &c.Rules[j]; r.French != "" {
				why[r.Name] = r.French
			}
		}
		all = append(all, className{c.Name, c.French, c.Tier, why})
	}
	web.JSON(w, http.StatusOK, all)
}

// systemName is a family of operating systems.
type systemName struct {
	Name string `json:"name"`
	// Why are the reasons for which a device is taken to have it, in French by the English ones.
	Why map[string]string `json:"why"`
}

func (d *Doors) systems(w http.ResponseWriter, _ *http.Request) {
	all := []systemName{}
	for i := range d.i.known {
		s := &d.i.known[i]
		why := map[string]string{}
		for j := range s.Rules {
			why[s.Rules[j].Name] = s.Rules[j].French
		}
		all = append(all, systemName{s.Name, why})
	}
	web.JSON(w, http.StatusOK, all)
}
