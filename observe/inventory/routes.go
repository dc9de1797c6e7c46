package inventory

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

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
	all := web.Duties()
	change := []web.Duty{web.Analyst, web.Administrator}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	return []web.Route{
		route("GET", "/api/devices", all, d.list),
		route("GET", "/api/devices/{id}", all, d.show),
		route("GET", "/api/devices/{id}/uses", all, d.uses),
		route("GET", "/api/devices/{id}/changes", all, d.changes),
		route("PUT", "/api/devices/{id}", change, d.say),
		route("POST", "/api/devices/{id}/merge", change, d.merge),
		route("POST", "/api/devices/{id}/split", change, d.split),
		route("GET", "/api/devices/export", change, d.export),
		{Method: "POST", Pattern: "/api/devices/import", Duties: change, Handler: http.HandlerFunc(d.imports), Body: MaxImport},
		route("GET", "/api/classes", all, d.classes),
	}
}

// page is a part of a list.
type page struct {
	Devices []Device          `json:"devices"`
	Total   int               `json:"total"`  // that match
	All     int               `json:"all"`    // that there are
	Facets  map[string][]tick `json:"facets"` // of those that match the words
}

// tick is a value of a facet with how many devices have it.
type tick struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

const mostListed = 500

// list answers with devices: q are words that must all stand somewhere in what a list shows, class and tier narrow it.
func (d *Doors) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	every := d.i.All()
	found := filter(every, strings.Fields(strings.ToLower(q.Get("q"))))
	p := page{All: len(every), Facets: facets(found)}
	if q.Has("class") {
		found = slices.DeleteFunc(found, func(v Device) bool { return v.Class.Name != q.Get("class") })
	}
	if q.Has("tier") {
		found = slices.DeleteFunc(found, func(v Device) bool { return tierWord(v.Tier) != q.Get("tier") })
	}
	p.Total = len(found)
	from, _ := strconv.Atoi(q.Get("from"))
	from = min(max(from, 0), len(found))
	p.Devices = found[from:min(from+mostListed, len(found))]
	web.JSON(w, http.StatusOK, p)
}

// filter keeps the devices in which all words stand.
func filter(all []Device, words []string) []Device {
	return slices.DeleteFunc(slices.Clone(all), func(v Device) bool {
		text := v.text()
		return slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
	})
}

// text is what a search looks through.
func (v *Device) text() string {
	var b strings.Builder
	add := func(all ...string) {
		for _, s := range all {
			b.WriteString(strings.ToLower(s))
			b.WriteByte(' ')
		}
	}
	add(v.Name, v.Class.Name, v.Vendor, v.Model, v.Serial, v.OS, v.Word.Ward, v.Word.Owner, v.Word.Reference, v.Word.Note)
	add(v.MACs...)
	add(v.Hostnames...)
	add(v.AETitles...)
	add(v.Software...)
	add(v.Serves...)
	for _, a := range v.Addresses {
		add(a.Addr.String())
	}
	return b.String()
}

// tierWord is the tier as facets have it.
func tierWord(t TierView) string {
	if t.Tier == NotKnown {
		return "unconfirmed"
	}
	return strconv.Itoa(int(t.Tier))
}

func facets(all []Device) map[string][]tick {
	counts := map[string]map[string]int{"class": {}, "tier": {}, "vendor": {}, "ward": {}}
	for i := range all {
		counts["class"][all[i].Class.Name]++
		counts["tier"][tierWord(all[i].Tier)]++
		counts["vendor"][all[i].Vendor]++
		counts["ward"][all[i].Word.Ward]++
	}
	out := map[string][]tick{}
	for name, values := range counts {
		ticks := []tick{}
		for v, n := range values {
			ticks = append(ticks, tick{v, n})
		}
		slices.SortFunc(ticks, func(a, b tick) int {
			if a.Count != b.Count {
				return b.Count - a.Count
			}
			return strings.Compare(a.Value, b.Value)
		})
		out[name] = ticks[:min(len(ticks), 50)]
	}
	return out
}

// id is the device that a request is about.
func id(r *http.Request) uint64 {
	n, err := strconv.ParseUint(r.PathValue("id"), 10, 63)
	if err != nil {
		return 0 // no device has it
	}
	return n
}

func (d *Doors) show(w http.ResponseWriter, r *http.Request) {
	v, err := d.i.Show(id(r))
	d.answer(w, r, v, err)
}

func (d *Doors) uses(w http.ResponseWriter, r *http.Request) {
	all, err := d.i.Uses(id(r))
	d.answer(w, r, all, err)
}

func (d *Doors) changes(w http.ResponseWriter, r *http.Request) {
	all, err := d.i.Changes(r.Context(), id(r))
	d.answer(w, r, all, err)
}

func (d *Doors) say(w http.ResponseWriter, r *http.Request) {
	var word Word
	d.act(w, r, &word, func(actor string) (any, error) {
		if word.Confirmed.IsZero() && word.Tier != NotKnown {
			word.Confirmed = d.i.clock.Now()
		}
		return d.i.Say(r.Context(), actor, register.DeviceID(id(r)), word)
	})
}

func (d *Doors) merge(w http.ResponseWriter, r *http.Request) {
	var with struct {
		With uint64 `json:"with"`
	}
	d.act(w, r, &with, func(actor string) (any, error) { return d.i.Merge(r.Context(), actor, id(r), with.With) })
}

func (d *Doors) split(w http.ResponseWriter, r *http.Request) {
	var out struct {
		Traces []uint64 `json:"traces"`
	}
	d.act(w, r, &out, func(actor string) (any, error) { return d.i.Split(r.Context(), actor, id(r), out.Traces) })
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
	for _, x := range [...]struct {
		err    error
		status int
		code   string
	}{
		{ErrNoDevice, http.StatusNotFound, "inventory.no-device"},
		{ErrEdited, http.StatusConflict, "inventory.edited"},
		{ErrImport, http.StatusUnprocessableEntity, "inventory.import"},
		{ErrWord, http.StatusUnprocessableEntity, "inventory.word"},
		{register.ErrNoSplit, http.StatusUnprocessableEntity, "inventory.split"},
	} {
		if errors.Is(err, x.err) {
			_, why, _ := strings.Cut(err.Error(), ": ") // without the package's name
			web.RefuseFields(w, r, x.status, x.code, map[string]string{"why": why})
			return
		}
	}
	d.i.log.ErrorContext(r.Context(), "an answer about devices failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "inventory.failed")
}

// className is a class in both languages, with its usual tier.
type className struct {
	Name   string `json:"name"`
	French string `json:"french"`
	Tier   int    `json:"tier"`
}

func (d *Doors) classes(w http.ResponseWriter, _ *http.Request) {
	all := []className{}
	for i := range d.i.classes {
		c := &d.i.classes[i]
		all = append(all, className{c.Name, c.French, c.Tier})
	}
	web.JSON(w, http.StatusOK, all)
}
