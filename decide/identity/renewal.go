package identity

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// A password is renewed on evidence (NIST SP 800-63B-4, 3.1.1.2: change on evidence of compromise, and never by the calendar): because it is in
// the list of stolen ones, or because somebody asks for it. Only a hospital that must can set an age. It is asked for where the
// password is used: a passkey needs none, so that whoever signs in with one is never held up.

// Why a password must be renewed.
const (
	renewStolen = "stolen"
	renewAsked  = "asked"
	renewOld    = "old" // is not kept: it follows from the age
)

// knownStolen notes a password that its person has just typed, where it is in the list of stolen ones.
func (i *Identity) knownStolen(ctx context.Context, tx bun.Tx, person, secret string) error {
	if !i.stolen.has(ctx, secret) {
		return nil
	}
	r, err := tx.NewUpdate().Model((*factorRow)(nil)).Set("renew = ?", renewStolen).
		Where("person = ? AND kind = ? AND renew <> ?", person, passwordFactor, renewStolen).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return i.note(ctx, tx, act{by: ledger.Program("identity"), name: "renewal", on: ledger.Person(person), detail: map[string]string{"because": renewStolen}})
}

// whyRenew is why the password of somebody must be replaced; "" where it need not.
func (i *Identity) whyRenew(ctx context.Context, tx bun.IDB, p *personRow) (string, error) {
	f := &factorRow{}
	err := tx.NewSelect().Model(f).Where("person = ? AND kind = ?", p.ID, passwordFactor).Scan(ctx)
	switch {
	case db.NotFound(err):
		return "", nil
	case err != nil:
		return "", err
	case strings.HasPrefix(f.Secret, inDirectory): // it is changed there
		return "", nil
	case f.Renew != "":
		return f.Renew, nil
	case i.config.ages(p.Duties) && i.clock.Now().After(f.Created.Add(i.config.PasswordAge)):
		return renewOld, nil
	}
	return "", nil
}

// ages tells whether a password grows too old for somebody with these duties.
func (c *Config) ages(duties []web.Duty) bool {
	if c.PasswordAge == 0 {
		return false
	}
	return len(c.PasswordAgeFor) == 0 || slices.ContainsFunc(duties, func(d web.Duty) bool { return slices.Contains(c.PasswordAgeFor, string(d)) })
}

// holdBack lets a session that a password opened do nothing but choose another one, where that is due.
func (i *Identity) holdBack(ctx context.Context, tx bun.Tx, p *personRow, o opened) (opened, error) {
	why, err := i.whyRenew(ctx, tx, p)
	if err != nil || why == "" {
		return o, err
	}
	o.renew = true
	_, err = tx.NewUpdate().Model((*sessionRow)(nil)).Set("renew = ?", why).Where("hash = ?", hashOf(o.token)).Exec(ctx)
	return o, err
}

// askRenewal has somebody choose another password when they next use theirs, and ends the sessions that it opened. Those of passkeys go on:
// what is suspected is the password.
func (i *Identity) askRenewal(ctx context.Context, by, id string) error {
	return i.change(ctx, id, act{by: by, name: "renewal", detail: map[string]string{"because": renewAsked}}, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		if p.Source != "" {
			return ErrOwned
		}
		r, err := tx.NewUpdate().Model((*factorRow)(nil)).Set("renew = ?", renewAsked).
			Where("person = ? AND kind = ?", p.ID, passwordFactor).Exec(ctx)
		if err := changedOne(r, err, ErrNoPassword); err != nil {
			return err
		}
		return endPasswordSessions(ctx, tx, p.ID)
	})
}

// ErrNoPassword means that somebody has no password that could be renewed.
var ErrNoPassword = errors.New("identity: there is no password")

// endPasswordSessions ends the sessions of somebody that a password opened.
func endPasswordSessions(ctx context.Context, tx bun.Tx, person string) error {
	var open []*sessionRow
	if err := tx.NewSelect().Model(&open).Where("person = ?", person).Scan(ctx); err != nil {
		return err
	}
	for _, s := range open {
		if !slices.Contains(s.Methods, "pwd") {
			continue
		}
		if _, err := tx.NewDelete().Model(s).WherePK().Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// renewPassword replaces the password of somebody who is held back for it, ends their other sessions, and frees this one under another id.
func (i *Identity) renewPassword(ctx context.Context, p Person, next string) (opened, error) {
	if err := i.acceptable(ctx, next, p); err != nil {
		return opened{}, err
	}
	hash, err := i.hasher.Hash(ctx, next)
	if err != nil {
		return opened{}, err
	}
	var o opened
	a := act{by: p.Actor(), name: "password", detail: map[string]string{"because": p.renew}}
	err = i.change(ctx, p.ID, a, func(ctx context.Context, tx bun.Tx, row *personRow) error {
		if !row.Disabled.IsZero() {
			return ErrSignIn
		}
		err := errors.Join(i.remember(ctx, tx, p.ID), i.setPassword(ctx, tx, p.ID, hash), endSessions(ctx, tx, p.ID, p.Session))
		if err != nil {
			return err
		}
		r, err := tx.NewUpdate().Model((*sessionRow)(nil)).Set("renew = ''").Where("id = ? AND person = ?", p.Session, p.ID).Exec(ctx)
		if err := changedOne(r, err, errNoSession); err != nil {
			return err
		}
		o, err = i.renew(ctx, tx, p)
		return err
	})
	return o, err
}

// renewFirst sends a browser to where another password is chosen.
func renewFirst(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && web.WantsPage(r) {
		http.Redirect(w, r, withNext("/renew", r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	web.Refuse(w, r, http.StatusForbidden, "password-renewal-needed")
}

// renewForm asks for another password, and says why.
func (g *page) renewForm(p Person) {
	g.Title, g.Button = g.T.Renew, g.T.Choose
	g.Lead = map[string]string{renewStolen: g.T.RenewStolen, renewAsked: g.T.RenewAsked, renewOld: g.T.RenewOld}[p.renew]
	login := g.login(p.Login, "")
	login.Readonly = true
	g.Form = append([]*field{login}, g.newPassword()...)
}

func (i *Identity) showRenew(w http.ResponseWriter, r *http.Request) {
	p, g := me(r), i.pages.begin(w, r)
	if p.renew == "" {
		http.Redirect(w, r, web.LocalPath(g.Next, "/"), http.StatusSeeOther)
		return
	}
	g.renewForm(p)
	i.pages.show(w, http.StatusOK, g)
}

func (i *Identity) doRenew(w http.ResponseWriter, r *http.Request) {
	p, g := me(r), i.pages.begin(w, r)
	if p.renew == "" {
		http.Redirect(w, r, web.LocalPath(g.Next, "/"), http.StatusSeeOther)
		return
	}
	g.renewForm(p)
	if !twice(r, g) {
		i.answer(w, r, g, nil)
		return
	}
	o, err := i.renewPassword(r.Context(), p, r.PostFormValue("password"))
	if err != nil {
		i.answerStep(w, r, g, err)
		return
	}
	setSession(w, o.token)
	http.Redirect(w, r, web.LocalPath(g.Next, "/"), http.StatusSeeOther)
}

// postRenewal has somebody choose another password.
func (i *Identity) postRenewal(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.askRenewal(r.Context(), me(r).Actor(), r.PathValue("id")))
}
