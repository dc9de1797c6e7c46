package logrule

import (
	"encoding/json"
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
		route("GET", "/api/logrules", web.Watchers(), d.list),
		route("GET", "/api/logrules/coverage", web.Watchers(), d.coverage),
		route("GET", "/api/logrules/{id}", web.Watchers(), d.show),
		route("PUT", "/api/logrules/{id}", change, d.decide),
		route("GET", "/api/logrules/own/{name}", web.Watchers(), d.ownText),
		{Method: "PUT", Pattern: "/api/logrules/own/{name}", Duties: change, Handler: http.HandlerFunc(d.write), Body: 2 * maxOwnFile},
		route("DELETE", "/api/logrules/own/{name}", change, d.remove),
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
	if r.Header.Get("Accept") == streamed {
		d.tryStreamed(w, r, &t)
		return
	}
	v, err := d.room.Try(r.Context(), &t, nil)
	d.answer(w, r, v, err)
}

// streamed is the form in which a trial tells how far it is: objects of JSON, one a line, the last of them with what came of it.
const streamed = "application/x-ndjson"

func (d doors) tryStreamed(w http.ResponseWriter, r *http.Request, t *Trial) {
	out, begun := web.NewPatient(w), false
	say := func(v any) {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", streamed)
		}
		if text, err := json.Marshal(v); err == nil {
			_, _ = out.Write(append(text, '\n')) // who left hears nothing more: the trial ends with its request
			_ = http.NewResponseController(w).Flush()
		}
	}
	v, err := d.room.Try(r.Context(), t, func(p Progress) { say(p) })
	switch {
	case err == nil:
		say(map[string]any{"outcome": v})
	case begun:
		say(map[string]any{"error": "rules.try", "message": err.Error()})
	default:
		d.answer(w, r, nil, err)
	}
}

// ownText is a file of one's own.
func (d doors) ownText(w http.ResponseWriter, r *http.Request) {
	text, err := d.room.OwnText(r.PathValue("name"))
	d.answer(w, r, map[string]string{"name": r.PathValue("name"), "text": text}, err)
}

func (d doors) write(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Text string `json:"text"`
	}
	if err := web.ReadJSON(r, &a); err != nil {
		web.Refuse(w, r, http.StatusBadRequest, "rules.body")
		return
	}
	actor, err := d.actor(r)
	if err == nil {
		err = d.room.Write(r.Context(), actor, r.PathValue("name"), a.Text)
	}
	d.answer(w, r, map[string]string{"name": r.PathValue("name")}, err)
}

func (d doors) remove(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err == nil {
		err = d.room.Remove(r.Context(), actor, r.PathValue("name"))
	}
	d.answer(w, r, map[string]string{"name": r.PathValue("name")}, err)
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
		web.Fault{Err: ErrOwnName, Status: http.StatusBadRequest, Code: "rules.own-name"},
		web.Fault{Err: ErrOwn, Status: http.StatusUnprocessableEntity, Code: "rules.own"},
		web.Fault{Err: ErrTrial, Status: http.StatusUnprocessableEntity, Code: "rules.try"}) {
		return
	}
	web.Refuse(w, r, http.StatusInternalServerError, "rules.failed")
}
