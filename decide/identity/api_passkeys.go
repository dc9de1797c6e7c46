package identity

import (
	"encoding/json"
	"net/http"
	"time"

	"bulwark/platform/web"
)

type passkeyAnswer struct {
	ID      string     `json:"id"`
	Label   string     `json:"label"`
	Name    string     `json:"name"`   // of the console that it opens
	Synced  bool       `json:"synced"` // it can leave its device
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"used,omitempty"`
}

func (i *Identity) getPasskeys(w http.ResponseWriter, r *http.Request) {
	rows, keys, err := i.passkeys(r.Context(), i.db.Read(), me(r).ID)
	if err != nil {
		i.fail(w, r, err)
		return
	}
	out := make([]passkeyAnswer, 0, len(rows))
	for n, row := range rows {
		a := passkeyAnswer{ID: row.ID, Label: row.Label, Name: keys[n].Name, Synced: keys[n].Credential.Flags.BackupEligible, Created: row.Created}
		if !row.Used.IsZero() {
			a.Used = &row.Used
		}
		out = append(out, a)
	}
	web.JSON(w, http.StatusOK, map[string]any{"passkeys": out})
}

// postPasskey asks for a new passkey, and with the answer to that keeps it.
func (i *Identity) postPasskey(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Ceremony, Label string
		Answer          json.RawMessage
	}
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	if in.Ceremony != "" {
		o, err := i.addPasskey(r, me(r), in.Ceremony, in.Label, in.Answer)
		if err == nil && o.token != "" {
			setSession(w, o.token)
		}
		i.done(w, r, err)
		return
	}
	q, err := i.askNew(r, me(r))
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, q)
}

func (i *Identity) deletePasskey(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.dropPasskey(r.Context(), me(r), r.PathValue("id")))
}

// postSignInPasskey asks for any passkey, and with the answer to that opens a session.
func (i *Identity) postSignInPasskey(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Ceremony, Next string
		Answer         json.RawMessage
	}
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	if in.Ceremony == "" {
		q, err := i.askWho(r)
		if err != nil {
			i.fail(w, r, err)
			return
		}
		web.JSON(w, http.StatusOK, q)
		return
	}
	o, err := i.signInByPasskey(r, in.Ceremony, in.Answer)
	if err == nil && o.token == "" {
		err = ErrPasskey
	}
	if err == nil {
		err = i.leave(r)
	}
	if err != nil {
		i.fail(w, r, err)
		return
	}
	setSession(w, o.token)
	dropStep(w)
	setDevice(w, i.device.mark(o.person))
	web.JSON(w, http.StatusOK, map[string]string{"next": web.LocalPath(in.Next, "/")})
}
