package identity

import (
	"net/http"
	"time"

	"bulwark/platform/web"
)

// appAnswer is the app that shows codes.
type appAnswer struct {
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"used,omitempty"`
}

// getFactors tells of one's second factors but the passkeys, which have a list of their own.
func (i *Identity) getFactors(w http.ResponseWriter, r *http.Request) {
	p := me(r)
	var rows []*factorRow
	err := i.db.Read().NewSelect().Model(&rows).Where("person = ?", p.ID).Scan(r.Context())
	if err != nil {
		i.fail(w, r, err)
		return
	}
	var out struct {
		App      *appAnswer `json:"app,omitempty"`
		Paper    int        `json:"paper"`    // codes that are left
		Required bool       `json:"required"` // a second factor is
	}
	out.Required = !i.mayDoWithPassword(p.Duties)
	for _, f := range rows {
		switch f.Kind {
		case totpFactor:
			out.App = &appAnswer{Created: f.Created}
			if !f.Used.IsZero() {
				out.App.Used = &f.Used
			}
		case recoveryFactor:
			out.Paper++
		}
	}
	web.JSON(w, http.StatusOK, out)
}

func (i *Identity) deleteApp(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.dropTOTP(r.Context(), me(r)))
}
