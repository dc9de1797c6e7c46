package identity

import (
	"context"
	"errors"
	"net/http"

	"bulwark/platform/db"
)

// What the packages beside this one ask: the provider for other applications.

// Asked is who asks, by the session of their browser; ok is false for nobody, and for whoever must first add a second factor or choose
// another password.
func (i *Identity) Asked(r *http.Request) (p Person, ok bool, err error) {
	s, err := i.asked(r)
	if errors.Is(err, errNoSession) {
		return Person{}, false, nil
	}
	if err != nil || s.Enrol || s.Renew != "" {
		return Person{}, false, err
	}
	return s.asker(), true, i.touch(r.Context(), s)
}

// Living is whose session that is, and notes that it is used; ok is false when it ended or its person was disabled.
func (i *Identity) Living(ctx context.Context, session string) (p Person, ok bool, err error) {
	s := &sessionRow{}
	err = i.db.Read().NewSelect().Model(s).Relation("Who").Relation("From").Where("s.id = ?", session).Scan(ctx)
	if db.NotFound(err) || err == nil && (s.Enrol || s.Renew != "" || !i.holds(s)) {
		return Person{}, false, nil
	}
	if err != nil {
		return Person{}, false, err
	}
	i.judgeDevice(s.From)
	return s.asker(), true, i.touch(ctx, s)
}

// Leave ends the session of a browser.
func (i *Identity) Leave(w http.ResponseWriter, r *http.Request) error {
	if err := i.leave(r); err != nil {
		return err
	}
	dropSession(w)
	return nil
}

// French tells whether r is answered in French.
func French(r *http.Request) bool { return language(r) == fr }
