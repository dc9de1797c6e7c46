package identity

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/internal/password"
	"bulwark/platform/web"
)

// refusal says how an error is told to the console: a status, a code, and the field that it concerns.
type apiFault struct {
	err         error
	status      int
	code, field string
}

func apiFaults() []apiFault {
	const bad, conflict = http.StatusUnprocessableEntity, http.StatusConflict
	return []apiFault{
		{web.ErrBody, http.StatusBadRequest, "body", ""},
		{ErrQuery, http.StatusBadRequest, "bad-query", ""},
		{ErrName, bad, "name", "name"},
		{ErrLogin, bad, "login", "login"},
		{ErrLoginTaken, conflict, "login-taken", "login"},
		{ErrDuties, bad, "duties", "duties"},
		{password.ErrShort, bad, "password-short", "password"},
		{password.ErrLong, bad, "password-long", "password"},
		{password.ErrText, bad, "password-text", "password"},
		{password.ErrCommon, bad, "password-common", "password"},
		{password.ErrContext, bad, "password-context", "password"},
		{password.ErrPattern, bad, "password-pattern", "password"},
		{ErrStolen, bad, "password-stolen", "password"},
		{ErrFormer, bad, "password-former", "password"},
		{ErrSignIn, bad, "password-wrong", "current"},
		{password.ErrBusy, http.StatusServiceUnavailable, "busy", ""},
		{ErrNoPerson, http.StatusNotFound, "no-such-person", ""},
		{ErrPasskey, bad, "passkey-unknown", ""},
		{ErrPasskeyName, conflict, "passkey-name", ""},
		{ErrManyPasskeys, conflict, "passkeys-many", ""},
		{ErrModel, conflict, "passkey-model", ""},
		{ErrNumber, bad, "message-number", ""},
		{ErrLabel, bad, "label", "label"},
		{errProve, http.StatusForbidden, "prove-again", ""},
		{ErrCode, bad, "code-wrong", "code"},
		{ErrStep, http.StatusForbidden, "signed-out", ""},
		{ErrAssurance, http.StatusForbidden, "second-factor-needed", ""},
		{ErrAdministratorNeeded, conflict, "administrator-needed", "login"},
		{ErrVouched, conflict, "vouched", "login"},
		{ErrLastFactor, conflict, "last-factor", ""},
		{errNoPasskey, http.StatusNotFound, "no-such-passkey", ""},
		{errNoSession, http.StatusNotFound, "no-such-session", ""},
		{ErrLastAdministrator, conflict, "last-administrator", ""},
		{ErrSelf, conflict, "self", ""},
		{ErrRoles, bad, "roles", "roles"},
		{ErrOwned, conflict, "directory-owns", ""},
		{ErrDirectory, http.StatusNotFound, "no-such-directory", ""},
		{ErrNotTheirs, conflict, "not-in-directory", "login"},
		{directory.ErrExpired, bad, "password-expired", "password"},
		{ErrAway, http.StatusServiceUnavailable, "directory-away", ""},
		{directory.ErrAway, http.StatusServiceUnavailable, "directory-away", ""},
		{directory.ErrEmpty, conflict, "directory-empty", ""},
		{ErrProvider, http.StatusNotFound, "no-such-provider", ""},
		{ErrNational, bad, "national", "national"},
		{ErrNoPassword, conflict, "no-password", ""},
		{ErrActive, conflict, "not-suspended", ""},
		{ErrThere, conflict, "directory-has-them", ""},
		{ErrReason, bad, "reason", "reason"},
		{ErrHelp, http.StatusForbidden, "help-desk-limits", ""},
		{ErrHelped, http.StatusTooManyRequests, "help-desk-many", ""},
	}
}

// fail tells the console what err is.
func (i *Identity) fail(w http.ResponseWriter, r *http.Request, err error) {
	var stands *ObligedError
	if errors.As(err, &stands) {
		web.RefuseFields(w, r, http.StatusConflict, "obliged", map[string]string{"by": strings.Join(stands.By, ",")})
		return
	}
	var wait *WaitError
	if errors.As(err, &wait) {
		w.Header().Set("Retry-After", seconds(wait))
		web.Refuse(w, r, http.StatusTooManyRequests, "wait")
		return
	}
	first, fields := apiFault{}, map[string]string{}
	for _, f := range slices.Concat(apiFaults(), deviceFaults()) {
		if !errors.Is(err, f.err) {
			continue
		}
		if first.err == nil {
			first = f
		}
		if f.field != "" {
			fields[f.field] = f.code
		}
	}
	if first.err == nil {
		i.broken(w, r, err)
		return
	}
	web.RefuseFields(w, r, first.status, first.code, fields)
}

// done answers 204, or tells what err is.
func (i *Identity) done(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		i.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// me is who asks. A route of this room that needs it is never public.
func me(r *http.Request) Person {
	p, ok := From(r.Context())
	if !ok {
		panic("identity: a route that needs a person is public")
	}
	return p
}

type meAnswer struct {
	ID      string     `json:"id"`
	Login   string     `json:"login"`
	Name    string     `json:"name"`
	Duties  []web.Duty `json:"duties"`
	Session string     `json:"session"`
	Methods []string   `json:"methods"`
	Proved  time.Time  `json:"proved"`
	// Idle is after how many seconds without a request the session ends.
	Idle int `json:"idle_seconds"`
	// Hospital is what the console shows beside its name.
	Hospital string `json:"hospital,omitempty"`
	// Lock is after how many seconds without a touch the workstation locks; 0: nobody shares it.
	Lock int `json:"lock_seconds,omitempty"`
}

func (i *Identity) getMe(w http.ResponseWriter, r *http.Request) {
	p := me(r)
	lock := 0
	if p.Device.Shared {
		lock = int(i.config.Station.lock().Seconds())
	}
	web.JSON(w, http.StatusOK, meAnswer{p.ID, p.Login, p.Name, p.Duties, p.Session, p.Methods, p.Proved,
		int(i.config.idle().Seconds()), i.config.Hospital, lock})
}

func (i *Identity) postPassword(w http.ResponseWriter, r *http.Request) {
	var in struct{ Current, New string }
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	o, err := i.changePassword(r.Context(), me(r), in.Current, in.New)
	if err == nil {
		setSession(w, o.token)
	}
	i.done(w, r, err)
}

type sessionAnswer struct {
	ID      string    `json:"id"`
	Current bool      `json:"current"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	Ends    time.Time `json:"ends"`
	Methods []string  `json:"methods"`
	Address string    `json:"address"`
	Agent   string    `json:"agent"`
}

func (i *Identity) getSessions(w http.ResponseWriter, r *http.Request) {
	p := me(r)
	var rows []*sessionRow
	err := i.db.Read().NewSelect().Model(&rows).Relation("Who").Where("s.person = ?", p.ID).OrderExpr("s.id DESC").Scan(r.Context())
	if err != nil {
		i.fail(w, r, err)
		return
	}
	out := []sessionAnswer{}
	for _, s := range rows {
		if i.holds(s) {
			out = append(out, sessionAnswer{s.ID, s.ID == p.Session, s.Created, s.Seen, s.Ends, s.Methods, s.Address, s.Agent})
		}
	}
	web.JSON(w, http.StatusOK, map[string]any{"sessions": out})
}

// deleteSessions ends all of one's own sessions but this one.
func (i *Identity) deleteSessions(w http.ResponseWriter, r *http.Request) {
	p := me(r)
	i.done(w, r, i.endOthers(r.Context(), p, p.ID, p.Session))
}

func (i *Identity) deleteSession(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.endSession(r.Context(), me(r), r.PathValue("id"), "end-session"))
}
