package incident

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"bulwark/decide/incident/law"
	"bulwark/platform/web"
)

// caseRoutes are the doors to cases.
func (d *Doors) caseRoutes() []web.Route {
	all := web.Watchers()
	work := []web.Duty{web.Analyst, web.Administrator}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h, Body: 256 << 10}
	}
	exhibit := route("POST", "/api/cases/{id}/evidence", work, d.addEvidence)
	exhibit.Body = MaxExhibit
	return []web.Route{
		route("GET", "/api/cases", all, d.cases),
		route("POST", "/api/cases", work, d.openCase),
		route("GET", "/api/cases/{id}", all, d.showCase),
		route("POST", "/api/cases/{id}", work, d.changeCase),
		exhibit,
		route("GET", "/api/cases/{id}/evidence/{n}", work, d.readEvidence),
		route("GET", "/api/cases/{id}/report", all, d.report),
		route("GET", "/api/cases/{id}/declaration", all, d.declaration),
	}
}

func (d *Doors) cases(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	after, _ := strconv.ParseUint(v.Get("after"), 10, 63) // what is no number is the beginning
	limit, err := strconv.Atoi(v.Get("limit"))
	if err != nil {
		limit = 50
	}
	d.answer(w, r, d.i.Cases(CaseQuery{Status: v.Get("status"), Owner: v.Get("owner"), After: after, Limit: min(max(limit, 1), 500)}), nil)
}

func (d *Doors) openCase(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Title     string   `json:"title"`
		Incidents []uint64 `json:"incidents"`
	}
	actor, ok := d.asked(w, r, &a)
	if !ok {
		return
	}
	v, err := d.i.OpenCase(r.Context(), actor, a.Title, a.Incidents)
	d.answer(w, r, v, err)
}

func (d *Doors) showCase(w http.ResponseWriter, r *http.Request) {
	v, err := d.i.Case(r.Context(), web.Number(r, "id"))
	d.answer(w, r, v, err)
}

func (d *Doors) changeCase(w http.ResponseWriter, r *http.Request) {
	var a CaseAsk
	actor, ok := d.asked(w, r, &a)
	if !ok {
		return
	}
	v, err := d.i.ChangeCase(r.Context(), actor, web.Number(r, "id"), a)
	d.answer(w, r, v, err)
}

func (d *Doors) addEvidence(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "incident.nobody")
		return
	}
	q := r.URL.Query()
	x := Exhibit{Kind: q.Get("kind"), Name: q.Get("name"), SHA256: q.Get("sha256"), Note: q.Get("note")}
	x.Ref, _ = strconv.ParseUint(q.Get("ref"), 10, 63) // 0, which nothing has, where it is no number
	if x.Body, err = io.ReadAll(r.Body); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "incident.body")
		return
	}
	v, err := d.i.AddEvidence(r.Context(), actor, web.Number(r, "id"), x)
	d.answer(w, r, v, err)
}

func (d *Doors) readEvidence(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "incident.nobody")
		return
	}
	n := web.Number(r, "n")
	e, body, err := d.i.ReadEvidence(r.Context(), actor, web.Number(r, "id"), n)
	if err != nil {
		d.answer(w, r, nil, err)
		return
	}
	w.Header().Set("Digest", "sha-256="+e.SHA256)
	attach(w, "application/octet-stream", fmt.Sprintf("case-%d-evidence-%d", web.Number(r, "id"), n), body)
}

// attach hands out a file, which no browser shows within the console.
func attach(w http.ResponseWriter, kind, name string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = web.NewPatient(w).Write(body) // who asked has gone away
}

func (d *Doors) report(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	q := r.URL.Query()
	pdf := q.Get("format") == "pdf"
	err := d.i.Report(r.Context(), &b, web.Number(r, "id"), q.Get("lang") != "en", pdf)
	d.paper(w, r, fmt.Sprintf("case-%d", web.Number(r, "id")), pdf, &b, err)
}

// paper hands out what is to be printed.
func (d *Doors) paper(w http.ResponseWriter, r *http.Request, name string, pdf bool, b *bytes.Buffer, err error) {
	switch {
	case err != nil:
		d.answer(w, r, nil, err)
	case pdf:
		attach(w, "application/pdf", name+".pdf", b.Bytes())
	default:
		attach(w, "text/html; charset=utf-8", name+".html", b.Bytes())
	}
}

func (d *Doors) declaration(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	v, err := d.i.Declaration(r.Context(), web.Number(r, "id"), law.Step{To: q.Get("to"), Stage: q.Get("stage")})
	pdf := q.Get("format") == "pdf"
	if err != nil || !pdf && q.Get("format") != "html" {
		d.answer(w, r, v, err)
		return
	}
	p := &paper{FR: q.Get("lang") != "en", Printed: d.i.now(), Case: Case{ID: v.Case}, Declaration: &v}
	var b bytes.Buffer
	if pdf {
		err = p.draft(&b)
	} else {
		err = p.print(&b, "declaration.html")
	}
	d.paper(w, r, fmt.Sprintf("case-%d-%s-%s", v.Case, v.To, v.Stage), pdf, &b, err)
}
