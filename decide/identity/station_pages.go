package identity

import (
	"errors"
	"net/http"

	"bulwark/platform/web"
)

// The page of a shared workstation: it waits for a badge. It needs no script; readers type a number and Enter.

func (i *Identity) stationRoutes() []web.Route {
	route := func(method, pattern string, h http.HandlerFunc, d web.Duty) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: []web.Duty{d}, Handler: h}
	}
	return []web.Route{
		route("GET", "/station", i.showStation, web.Public),
		route("POST", "/station", i.doTap, web.Public),
		route("POST", "/station/pin", i.doPIN, web.Public),
		route("POST", "/station/lock", i.doLock, web.Public),
		route("GET", "/api/me/badge", i.getBadge, web.SignedIn),
		route("POST", "/api/me/badge", i.postBadge, web.SignedIn),
		route("DELETE", "/api/me/badge", i.deleteBadge, web.SignedIn),
		route("POST", "/api/me/pin", i.postPIN, web.SignedIn),
		route("POST", "/api/people/{id}/badge", i.postBadgeOf, web.Administrator),
		route("DELETE", "/api/people/{id}/badge", i.deleteBadgeOf, web.Administrator),
		route("POST", "/api/people/{id}/pin/renew", i.ofOther(i.renewPIN), web.Administrator),
		route("POST", "/api/people/{id}/pin/unlock", i.ofOther(i.unlockPIN), web.Administrator),
	}
}

// stationForm asks for a badge.
func (i *Identity) stationForm(g *page) {
	g.Title, g.Lead, g.Button, g.Action = g.T.Station, g.T.StationLead, g.T.GoOn, "/station"
	g.Form = []*field{{ID: "badge", Label: g.T.Badge, Type: "password", Autocomplete: "off", Most: 60}}
	g.Passkey = true
	g.Ways = []way{{"/sign-in?here=1", g.T.StationOther}}
}

// notHere says that a device is no shared workstation.
func (i *Identity) notHere(w http.ResponseWriter, r *http.Request, g *page) {
	g.Title, g.Lead = g.T.Station, g.T.StationNone
	g.Ways = []way{{"/sign-in", g.T.SignIn}}
	i.pages.show(w, http.StatusForbidden, g)
}

func (i *Identity) showStation(w http.ResponseWriter, r *http.Request) {
	g := i.pages.begin(w, r)
	if i.deviceOf(r).place() == "" {
		i.notHere(w, r, g)
		return
	}
	i.stationForm(g)
	i.pages.show(w, http.StatusOK, g)
}

// forgetOthers has the browser forget what was somebody's before another sits down.
func forgetOthers(w http.ResponseWriter) {
	dropSession(w)
	dropStep(w)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
}

// lockWho locks the session that the browser has, if any, and tells whose it was.
func (i *Identity) lockWho(w http.ResponseWriter, r *http.Request) (person string, err error) {
	s, err := i.asked(r)
	if errors.Is(err, errNoSession) {
		return "", nil
	}
	if err == nil {
		err = i.lockSession(r.Context(), s)
	}
	if err != nil {
		return "", err
	}
	i.left.put(s.Person, i.deviceOf(r).ID, r.PostFormValue("at"))
	forgetOthers(w)
	return s.Person, nil
}

// doTap opens, locks or changes over, as somebody's badge says.
func (i *Identity) doTap(w http.ResponseWriter, r *http.Request) {
	g, from := i.pages.begin(w, r), i.visitorOf(r)
	if from.place == "" {
		i.notHere(w, r, g)
		return
	}
	before, err := i.lockWho(w, r) // first: whoever goes is never kept waiting
	if err != nil {
		i.broken(w, r, err)
		return
	}
	key := "station:" + from.device
	if wait := i.addresses.Begin(key); wait > 0 {
		i.stationForm(g)
		i.answer(w, r, g, &WaitError{wait})
		return
	}
	p, err := i.holderOf(r.Context(), r.PostFormValue("badge"))
	if err != nil {
		i.broken(w, r, err)
		return
	}
	if p != nil {
		i.addresses.TakeBack(key)
		if p.ID == before { // a second tap locks
			http.Redirect(w, r, "/station", http.StatusSeeOther)
			return
		}
		o, err := i.tap(r.Context(), p, from)
		if err == nil {
			setSession(w, o.token)
			http.Redirect(w, r, i.left.take(p.ID, from.device), http.StatusSeeOther)
			return
		}
		if !errors.Is(err, errShift) {
			i.broken(w, r, err)
			return
		}
	} else {
		i.refusals.add(nil, from)
	}
	id := ""
	if p != nil {
		id = p.ID
	}
	i.beginShift(w, r, g, id, nil)
}

// beginShift asks whoever showed a badge to prove who they are: by its PIN where that is enough, or as anywhere.
func (i *Identity) beginShift(w http.ResponseWriter, r *http.Request, g *page, person string, fault error) {
	sealed, err := i.carried.lend("tap/"+i.deviceOf(r).ID, person, i.clock.Now().Add(stepLife))
	if err != nil {
		i.broken(w, r, err)
		return
	}
	i.stationForm(g)
	g.Title, g.Lead, g.Alone = g.T.Shift, g.T.ShiftLead, true
	g.Form, g.Button, g.Ways = nil, "", []way{{"/sign-in?here=1", g.T.StationOther}, {"/station", g.T.Back}}
	if i.config.Station.PIN {
		g.Lead, g.Button, g.Action, g.Sealed = g.T.ShiftPIN, g.T.Confirm, "/station/pin", sealed
		g.Form = []*field{{ID: "code", Label: g.T.PIN, Type: "password", Autocomplete: "off", Most: 12, Number: true}}
	}
	if fault == nil {
		i.pages.show(w, http.StatusOK, g)
		return
	}
	i.answer(w, r, g, fault)
}

// doPIN begins a shift by badge and PIN.
func (i *Identity) doPIN(w http.ResponseWriter, r *http.Request) {
	g, from := i.pages.begin(w, r), i.visitorOf(r)
	var person string
	if from.place == "" || i.carried.takeBack("tap/"+from.device, r.PostFormValue("sealed"), i.clock.Now(), &person) != nil {
		http.Redirect(w, r, "/station", http.StatusSeeOther)
		return
	}
	o, err := i.byPIN(r.Context(), person, r.PostFormValue("code"), from)
	if err != nil {
		i.beginShift(w, r, g, person, err)
		return
	}
	setSession(w, o.token)
	http.Redirect(w, r, i.left.take(person, from.device), http.StatusSeeOther)
}

// doLock locks: by a button, or as nobody touched the workstation.
func (i *Identity) doLock(w http.ResponseWriter, r *http.Request) {
	if _, err := i.lockWho(w, r); err != nil {
		i.broken(w, r, err)
		return
	}
	http.Redirect(w, r, "/station", http.StatusSeeOther)
}

func (i *Identity) postBadge(w http.ResponseWriter, r *http.Request) {
	p := me(r)
	var in struct{ Number string }
	err := web.ReadJSON(r, &in)
	if err == nil {
		err = i.proved(p)
	}
	if err == nil && in.Number == "" {
		err = ErrBadge
	}
	if err == nil {
		err = i.setBadge(r.Context(), p.Actor(), p.ID, in.Number)
	}
	i.done(w, r, err)
}

// deleteBadge needs no fresh proof: whoever lost it must be quick.
func (i *Identity) deleteBadge(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.setBadge(r.Context(), me(r).Actor(), me(r).ID, ""))
}

func (i *Identity) postPIN(w http.ResponseWriter, r *http.Request) {
	var in struct{ PIN string }
	err := web.ReadJSON(r, &in)
	if err == nil {
		err = i.setPIN(r.Context(), me(r), in.PIN)
	}
	i.done(w, r, err)
}

func (i *Identity) postBadgeOf(w http.ResponseWriter, r *http.Request) {
	var in struct{ Number string }
	err := web.ReadJSON(r, &in)
	if err == nil {
		err = i.proved(me(r))
	}
	if err == nil && in.Number == "" {
		err = ErrBadge
	}
	if err == nil {
		err = i.setBadge(r.Context(), me(r).Actor(), r.PathValue("id"), in.Number)
	}
	i.done(w, r, err)
}

func (i *Identity) deleteBadgeOf(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.setBadge(r.Context(), me(r).Actor(), r.PathValue("id"), ""))
}
