package access

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"bulwark/platform/web"
)

// seenRoutes are the doors to reports of who saw a record: each is shown to who asked for it alone.
func (d *Doors) seenRoutes() []web.Route {
	duties := []web.Duty{web.Administrator, web.Auditor}
	route := func(method, pattern string, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	return []web.Route{
		route("GET", "/api/access/seen", d.listSeen),
		route("POST", "/api/access/seen", d.askSeen),
		route("GET", "/api/access/seen/{id}", d.showSeen),
		route("DELETE", "/api/access/seen/{id}", d.dropSeen),
		route("GET", "/api/access/seen/{id}/paper", d.paperOfSeen),
	}
}

func (d *Doors) listSeen(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.asked(w, r, nil)
	if !ok {
		return
	}
	type reason struct {
		ID    string `json:"id"`
		Names bool   `json:"names"`
	}
	var v struct {
		Items   []*SeenReport `json:"items"`
		Reasons []reason      `json:"reasons"`
		Days    int           `json:"days"` // of the longest span
		Oldest  time.Time     `json:"oldest,omitzero"`
	}
	v.Items, v.Days = d.a.SeenOf(actor), int(d.a.needs.Config.Seen.longest().Hours()/24)
	for _, x := range SeenReasons() {
		v.Reasons = append(v.Reasons, reason{x, d.a.needs.Config.Seen.mayName(x)})
	}
	if d.a.needs.Events != nil {
		v.Oldest = d.a.needs.Events.Stats().Oldest
	}
	web.JSON(w, http.StatusOK, v)
}

func (d *Doors) askSeen(w http.ResponseWriter, r *http.Request) {
	var ask SeenAsk
	actor, ok := d.asked(w, r, &ask)
	if !ok {
		return
	}
	v, err := d.a.AskSeen(r.Context(), actor, ask)
	d.answer(w, r, v, err)
}

// pageOfSeen is how many lines a page has at most.
const pageOfSeen = 200

func (d *Doors) showSeen(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.asked(w, r, nil)
	if !ok {
		return
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("from")) // what is no number is the beginning
	v, err := d.a.SeenPage(actor, r.PathValue("id"), from, pageOfSeen)
	d.answer(w, r, v, err)
}

func (d *Doors) dropSeen(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.asked(w, r, nil)
	if !ok {
		return
	}
	d.answer(w, r, struct{}{}, d.a.DropSeen(actor, r.PathValue("id")))
}

func (d *Doors) paperOfSeen(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.asked(w, r, nil)
	if !ok {
		return
	}
	q := r.URL.Query()
	format := q.Get("format")
	text, err := d.a.SeenPaper(r.Context(), actor, r.PathValue("id"), format, q.Get("lang") != "en")
	if err != nil {
		d.answer(w, r, nil, err)
		return
	}
	kind := map[string]string{"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}[format]
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="who-saw-`+r.PathValue("id")[:8]+"."+format+`"`)
	_, _ = web.NewPatient(w).Write(text) // who asked has gone away
}

// SeenPaper is somebody's own report as a file: pdf or csv. That it was taken away is in the ledger.
func (a *Access) SeenPaper(ctx context.Context, actor, id, format string, french bool) ([]byte, error) {
	if format != "pdf" && format != "csv" {
		return nil, fmt.Errorf("%w: a report is written as pdf or csv", ErrAsk)
	}
	r, err := a.SeenPage(actor, id, 0, mostSeenLines)
	if err != nil {
		return nil, err
	}
	if r.State != "done" {
		return nil, fmt.Errorf("%w: the report is not made yet", ErrPolicy)
	}
	if err := a.noteSeen(ctx, r, "taken", format); err != nil {
		return nil, err
	}
	zone := a.needs.Zone
	if zone == nil {
		zone = time.UTC
	}
	p := &seenPaper{r, french, zone, a.needs.Clock.Now()}
	var b bytes.Buffer
	if format == "csv" {
		err = p.csv(&b)
	} else {
		err = p.pdf(&b)
	}
	return b.Bytes(), err
}
