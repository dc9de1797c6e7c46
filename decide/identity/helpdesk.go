package identity

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

var (
	// ErrHelp means that the help desk has no say about somebody: whoever resets an account could come in by it.
	ErrHelp = errors.New("identity: the help desk has no say about people with duties")
	// ErrHelped means that somebody of the help desk has done that as often today as one may.
	ErrHelped = errors.New("identity: as often today as the help desk may")
)

// helpADay is how often one person of the help desk may do each thing in a day: make a link, ask for another password, end sessions.
const helpADay = 50

// limited is h for administrators, and for the help desk within its limits: only people who do no more than look, after a fresh proof,
// and so many a day: act is what it does, as the ledger calls it. An account that decides something is an administrator's to give back.
func (i *Identity) limited(act string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p := me(r); !p.Has(web.Administrator) {
			if err := i.mayHelp(r, p, r.PathValue("id"), act); err != nil {
				i.fail(w, r, err)
				return
			}
		}
		h(w, r)
	}
}

func (i *Identity) mayHelp(r *http.Request, p Person, id, act string) error {
	if err := i.proved(p); err != nil {
		return err
	}
	of, err := person(r.Context(), i.db.Read(), id)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(of.Duties, func(d web.Duty) bool { return d != web.Reader }) {
		return ErrHelp
	}
	made, err := i.ledger.List(r.Context(), ledger.Query{Actor: p.Actor(), Act: "identity." + act, Since: i.clock.Now().Add(-24 * time.Hour), Limit: helpADay})
	if err == nil && len(made.Entries) >= helpADay {
		err = ErrHelped
	}
	return err
}
