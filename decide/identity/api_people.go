package identity

import (
	"net"
	"net/http"
	"time"

	"bulwark/platform/web"
)

type personAnswer struct {
	ID     string     `json:"id"`
	Login  string     `json:"login"`
	Name   string     `json:"name"`
	Duties []web.Duty `json:"duties"`
	// State is "active", "password-alone" (has no second factor yet), "invited" (has no password yet) or "disabled".
	State   string     `json:"state"`
	Created time.Time  `json:"created"`
	Seen    *time.Time `json:"seen,omitempty"` // when a session or a factor of theirs was used last
	// Source is the directory that they come from; empty: they are known here alone. Roles and Units are what policies read.
	Source string   `json:"source,omitempty"`
	Roles  []string `json:"roles"`
	Units  []string `json:"units"`
	// National is the number of a professional (RPPS).
	National string `json:"national,omitempty"`
	// Left says that they are suspended because their directory has them no more.
	Left bool `json:"left,omitempty"`
}

// linkAnswer is a one-time link; it is shown once.
type linkAnswer struct {
	URL  string    `json:"url"`
	Ends time.Time `json:"ends"`
}

// urlOf is l under the name that the console is reached by in r, which the server has checked. An administrator at the
// machine itself comes by localhost, which leads nobody else here: the first configured name stands in its place.
func (i *Identity) urlOf(r *http.Request, l Link) linkAnswer {
	at := r.Host
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		host, port = at, ""
	}
	if ip := net.ParseIP(host); len(i.names) > 0 && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		at = i.names[0]
		if port != "" {
			at = net.JoinHostPort(at, port)
		}
	}
	return linkAnswer{"https://" + at + l.Path, l.Ends}
}

// getNames tells who is meant where something was done or said by a person.
func (i *Identity) getNames(w http.ResponseWriter, r *http.Request) {
	type named struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	var rows []*personRow
	if err := i.db.Read().NewSelect().Model(&rows).Column("id", "name").OrderExpr("id").Scan(r.Context(), &rows); err != nil {
		i.fail(w, r, err)
		return
	}
	out := make([]named, 0, len(rows))
	for _, p := range rows {
		out = append(out, named{p.ID, p.Name})
	}
	web.JSON(w, http.StatusOK, map[string]any{"people": out})
}

// ability is by what somebody can sign in.
type ability int

const (
	byNothing ability = iota
	byOne
	byTwo // a password and something else, or a passkey
)

func state(p *personRow, a ability) string {
	switch {
	case !p.Disabled.IsZero():
		return "disabled"
	case a == byNothing:
		return "invited"
	case a == byOne:
		return "password-alone"
	}
	return "active"
}

func (i *Identity) postPerson(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Login, Name string
		Duties      []web.Duty
		place
	}
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	p, l, err := i.invite(r.Context(), me(r), in.Login, in.Name, in.Duties, in.place)
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusCreated, map[string]any{
		"person": personAnswer{ID: p.ID, Login: p.Login, Name: p.Name, Duties: p.Duties, State: state(p, byNothing), Created: p.Created, Roles: p.Roles, Units: p.Units}, "link": i.urlOf(r, l)})
}

func (i *Identity) postDuties(w http.ResponseWriter, r *http.Request) {
	var in struct{ Duties []web.Duty }
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	i.done(w, r, i.setDuties(r.Context(), me(r), r.PathValue("id"), in.Duties))
}

func (i *Identity) postDisable(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.disable(r.Context(), me(r), r.PathValue("id")))
}

func (i *Identity) postEnable(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.enable(r.Context(), me(r), r.PathValue("id")))
}

func (i *Identity) postReset(w http.ResponseWriter, r *http.Request) {
	p := me(r)
	if r.PathValue("id") == p.ID {
		i.fail(w, r, ErrSelf) // one changes one's own password by proving the former one
		return
	}
	l, err := i.reset(r.Context(), p.Actor(), r.PathValue("id"))
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"link": i.urlOf(r, l)})
}

func (i *Identity) deletePersonSessions(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.endOthers(r.Context(), me(r), r.PathValue("id"), ""))
}
