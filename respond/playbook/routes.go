package playbook

import (
	"net/http"
	"strconv"

	"bulwark/content/playbooks"
	"bulwark/platform/web"
)

// Doors are the ways in: those of the console, and of commands on this machine. actor says who asks.
type Doors struct {
	n     *Playbooks
	actor func(*http.Request) (string, error)
}

// Doors makes the routes for askers that actor names.
func (n *Playbooks) Doors(actor func(*http.Request) (string, error)) *Doors { return &Doors{n, actor} }

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all := web.Watchers()
	act := []web.Duty{web.Analyst, web.Approver, web.BiomedicalEngineer, web.Administrator}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	check := route("POST", "/api/playbooks/check", all, d.check)
	check.Body = playbookBody
	write := route("PUT", "/api/playbooks/{id}/text", []web.Duty{web.Administrator, web.Approver}, d.write)
	write.Body = playbookBody
	return []web.Route{
		route("GET", "/api/playbooks", all, d.list),
		route("PUT", "/api/playbooks/{id}", []web.Duty{web.Administrator, web.Approver}, d.put),
		route("POST", "/api/playbooks/{id}/run", []web.Duty{web.Analyst, web.Approver}, d.begin),
		route("GET", "/api/playbooks/{id}/cacao", all, d.export),
		check,
		write,
		route("DELETE", "/api/playbooks/{id}/text", []web.Duty{web.Administrator, web.Approver}, d.remove),
		route("POST", "/api/playbooks/{id}/mode", []web.Duty{web.Administrator, web.Approver}, d.mode),
		route("POST", "/api/backtests", act, d.startTest),
		route("GET", "/api/backtests", all, d.tests),
		route("GET", "/api/backtests/{test}", all, d.test),
		route("POST", "/api/backtests/{test}/cancel", act, d.stopTest),
		route("GET", "/api/playbooks/runs", all, d.runs),
		route("POST", "/api/playbooks/runs/{run}/cancel", act, d.cancel),
		route("POST", "/api/playbooks/runs/{run}/tasks/{step}", act, d.task),
	}
}

// playbookBody is how large a playbook may be that is checked, in bytes.
const playbookBody = 1 << 20

func (d *Doors) say(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		web.JSON(w, http.StatusOK, v)
		return
	}
	if web.RefuseFault(w, r, err,
		web.Fault{Err: ErrNoPlaybook, Status: http.StatusNotFound, Code: "playbook.no-playbook"},
		web.Fault{Err: ErrNoRun, Status: http.StatusNotFound, Code: "playbook.no-run"},
		web.Fault{Err: ErrNoIncident, Status: http.StatusNotFound, Code: "playbook.no-incident"},
		web.Fault{Err: ErrNoTest, Status: http.StatusNotFound, Code: "playbook.no-test"},
		web.Fault{Err: ErrBusy, Status: http.StatusConflict, Code: "playbook.busy"},
		web.Fault{Err: ErrAsk, Status: http.StatusUnprocessableEntity, Code: "playbook.wrong"},
	) {
		return
	}
	d.n.needs.Log.ErrorContext(r.Context(), "an answer about playbooks failed", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "playbook.failed")
}

func (d *Doors) list(w http.ResponseWriter, r *http.Request) {
	all, err := d.n.List(r.Context())
	d.say(w, r, map[string]any{"items": all}, err)
}

// asked reads who asks, and what: v. Where that is not to be had the request is refused.
func (d *Doors) asked(w http.ResponseWriter, r *http.Request, v any) (string, bool) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "playbook.nobody")
		return "", false
	}
	if err := web.ReadJSON(r, v); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "playbook.body")
		return "", false
	}
	return actor, true
}

func (d *Doors) put(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		On     bool   `json:"on"`
		Reason string `json:"reason"`
	}
	actor, ok := d.asked(w, r, &ask)
	if !ok {
		return
	}
	if err := d.n.Switch(r.Context(), actor, r.PathValue("id"), ask.On, ask.Reason); err != nil {
		d.say(w, r, nil, err)
		return
	}
	d.list(w, r)
}

func (d *Doors) mode(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Mode   Mode   `json:"mode"`
		Reason string `json:"reason"`
	}
	actor, ok := d.asked(w, r, &ask)
	if !ok {
		return
	}
	if err := d.n.SetMode(r.Context(), actor, r.PathValue("id"), ask.Mode, ask.Reason); err != nil {
		d.say(w, r, nil, err)
		return
	}
	d.list(w, r)
}

func (d *Doors) startTest(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Playbook string `json:"playbook"`
		Days     int    `json:"days"`
	}
	actor, ok := d.asked(w, r, &ask)
	if !ok {
		return
	}
	t, err := d.n.StartTest(r.Context(), actor, ask.Playbook, ask.Days)
	d.say(w, r, t, err)
}

func (d *Doors) tests(w http.ResponseWriter, r *http.Request) {
	all, err := d.n.tests(r.Context(), r.URL.Query().Get("playbook"))
	d.say(w, r, map[string]any{"items": all}, err)
}

func (d *Doors) test(w http.ResponseWriter, r *http.Request) {
	t, err := d.n.Test(r.Context(), int64(web.Number(r, "test")))
	d.say(w, r, t, err)
}

func (d *Doors) stopTest(w http.ResponseWriter, r *http.Request) {
	if _, ok := d.asked(w, r, &struct{}{}); !ok {
		return
	}
	t, err := d.n.StopTest(r.Context(), int64(web.Number(r, "test")))
	d.say(w, r, t, err)
}

func (d *Doors) begin(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Incident string `json:"incident"`
	}
	actor, ok := d.asked(w, r, &ask)
	if !ok {
		return
	}
	run, err := d.n.Begin(r.Context(), actor, r.PathValue("id"), ask.Incident)
	d.say(w, r, run, err)
}

func (d *Doors) runs(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	below, _ := strconv.ParseInt(q.Get("after"), 10, 64) // what is no number is no bound
	most, err := strconv.Atoi(q.Get("limit"))
	if err != nil || most < 1 || most > 500 {
		most = 100
	}
	all, err := d.n.runs(r.Context(), d.n.needs.DB.Read(), query{incident: q.Get("incident"), playbook: q.Get("playbook"), live: q.Get("live") == "true", below: below, most: most})
	d.say(w, r, map[string]any{"items": all}, err)
}

func (d *Doors) cancel(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Reason string `json:"reason"`
	}
	actor, ok := d.asked(w, r, &ask)
	if !ok {
		return
	}
	run, err := d.n.Cancel(r.Context(), actor, int64(web.Number(r, "run")), ask.Reason)
	d.say(w, r, run, err)
}

func (d *Doors) task(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Done bool   `json:"done"`
		Note string `json:"note"`
	}
	actor, ok := d.asked(w, r, &ask)
	if !ok {
		return
	}
	run, err := d.n.Task(r.Context(), actor, int64(web.Number(r, "run")), r.PathValue("step"), ask.Done, ask.Note)
	d.say(w, r, run, err)
}

func (d *Doors) export(w http.ResponseWriter, r *http.Request) {
	p, err := d.n.file(r.PathValue("id"))
	if err != nil {
		d.say(w, r, nil, err)
		return
	}
	w.Header().Set("Content-Disposition", `attachment; filename="`+p.ID+`.cacao.json"`)
	web.JSON(w, http.StatusOK, Export(p.Playbook))
}

// check reads a playbook, ours or of CACAO, and answers with it as a file of ours, or with what is wrong.
func (d *Doors) check(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Text string `json:"text"`
	}
	if err := web.ReadJSON(r, &ask); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "playbook.body")
		return
	}
	p, err := d.n.sound(ask.Text)
	if err != nil {
		d.say(w, r, nil, err)
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"playbook": p, "text": string(playbooks.Write(p))})
}

func (d *Doors) write(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Text   string `json:"text"`
		Reason string `json:"reason"`
	}
	actor, ok := d.asked(w, r, &ask)
	if !ok {
		return
	}
	if err := d.n.Put(r.Context(), actor, r.PathValue("id"), ask.Text, ask.Reason); err != nil {
		d.say(w, r, nil, err)
		return
	}
	d.list(w, r)
}

func (d *Doors) remove(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "playbook.nobody")
		return
	}
	if err := d.n.Remove(r.Context(), actor, r.PathValue("id"), r.URL.Query().Get("reason")); err != nil {
		d.say(w, r, nil, err)
		return
	}
	d.list(w, r)
}
