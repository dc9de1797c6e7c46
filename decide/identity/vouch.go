package identity

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/internal/onetime"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// Supervised recovery: two colleagues vouch for somebody who lost every second factor. The pass that comes of it stands in for a code,
// after the password, once, and opens a session in which nothing can be done but to add a factor.

var (
	// ErrAdministratorNeeded means that neither of the two who vouch is an administrator.
	ErrAdministratorNeeded = errors.New("identity: one of the two who vouch must be an administrator")
	// ErrVouched means that somebody vouched already, and that another has to.
	ErrVouched = errors.New("identity: somebody else must vouch, too")
	// ErrAssurance means that the session was opened with one factor, and what is asked for needs two.
	ErrAssurance = errors.New("identity: two factors are needed")
)

// passFactor is what a pass is among the kinds of codes.
const passFactor factorKind = "pass"

// vouchLife is how long the second colleague may take, and then how long the pass is good.
const vouchLife = time.Hour

type vouchRow struct {
	bun.BaseModel `bun:"table:identity_vouch,alias:v"`
	ID            string    `bun:"id,pk"`
	Person        string    `bun:"person"`
	Voucher       string    `bun:"voucher"`
	Seconder      string    `bun:"seconder,nullzero"`
	Created       time.Time `bun:"created"`
	Pass          string    `bun:"pass,nullzero"`
	Ends          time.Time `bun:"ends"`
}

// vouched is what came of vouching: a second colleague is waited for, or there is a pass.
type vouched struct {
	Pass string    `json:"pass,omitempty"` // shown once
	Ends time.Time `json:"ends"`
}

// vouch has by vouch for the person of that login, as the first or as the second.
func (i *Identity) vouch(ctx context.Context, by Person, login string) (vouched, error) {
	if by.Assurance() < 2 {
		return vouched{}, ErrAssurance
	}
	if err := i.proved(by); err != nil {
		return vouched{}, err
	}
	login, err := loginOf(login)
	if err != nil {
		return vouched{}, ErrNoPerson
	}
	var out vouched
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		p := &personRow{}
		err := tx.NewSelect().Model(p).Where("login = ? AND disabled IS NULL", login).Scan(ctx)
		switch {
		case db.NotFound(err):
			return ErrNoPerson
		case err != nil:
			return err
		case p.ID == by.ID:
			return ErrSelf
		}
		before, err := i.openVouch(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		if before == nil {
			out, err = i.vouchFirst(ctx, tx, by, p.ID)
		} else {
			out, err = i.vouchSecond(ctx, tx, by, before)
		}
		return err
	})
	return out, err
}

// openVouch is the vouching for somebody that waits for the second colleague; nil where there is none.
func (i *Identity) openVouch(ctx context.Context, tx bun.Tx, person string) (*vouchRow, error) {
	v := &vouchRow{}
	err := tx.NewSelect().Model(v).Where("person = ? AND seconder IS NULL AND ends > ?", person, db.Time(i.clock.Now())).
		Where("EXISTS (SELECT 1 FROM identity_person AS p WHERE p.id = v.voucher AND p.disabled IS NULL)").Scan(ctx)
	if db.NotFound(err) {
		return nil, nil
	}
	return v, err
}

func (i *Identity) vouchFirst(ctx context.Context, tx bun.Tx, by Person, person string) (vouched, error) {
	if _, err := tx.NewDelete().Model((*vouchRow)(nil)).Where("person = ?", person).Exec(ctx); err != nil {
		return vouched{}, err
	}
	now := db.Time(i.clock.Now())
	v := &vouchRow{ID: newID(), Person: person, Voucher: by.ID, Created: now, Ends: now.Add(vouchLife)}
	if _, err := tx.NewInsert().Model(v).Exec(ctx); err != nil {
		return vouched{}, err
	}
	return vouched{Ends: v.Ends}, i.note(ctx, tx, act{by: by.Actor(), name: "vouch", on: ledger.Person(person), detail: map[string]string{"as": "first"}})
}

func (i *Identity) vouchSecond(ctx context.Context, tx bun.Tx, by Person, v *vouchRow) (vouched, error) {
	if v.Voucher == by.ID {
		return vouched{}, ErrVouched
	}
	first, err := person(ctx, tx, v.Voucher)
	if err != nil {
		return vouched{}, err
	}
	if !by.Has(web.Administrator) && !(Person{Duties: first.Duties}).Has(web.Administrator) {
		return vouched{}, ErrAdministratorNeeded
	}
	pass := onetime.NewPass()
	ends := db.Time(i.clock.Now()).Add(vouchLife)
	r, err := tx.NewUpdate().Model((*vouchRow)(nil)).Set("seconder = ?", by.ID).Set("pass = ?", i.paperHash(v.Person, onetime.Digits(pass))).Set("ends = ?", ends).
		Where("id = ? AND seconder IS NULL", v.ID).Exec(ctx)
	if err := changedOne(r, err, ErrVouched); err != nil {
		return vouched{}, err
	}
	return vouched{pass, ends}, i.note(ctx, tx, act{by: by.Actor(), name: "vouch", on: ledger.Person(v.Person),
		detail: map[string]string{"as": "second", "first": ledger.Person(v.Voucher)}})
}

// usePass uses a pass of somebody up, and with it all that they had lost: it opens nothing any more, whoever found it.
func (i *Identity) usePass(ctx context.Context, tx bun.Tx, person, code string) error {
	r, err := tx.NewDelete().Model((*vouchRow)(nil)).Where("person = ? AND pass = ? AND ends > ?", person, i.paperHash(person, code), db.Time(i.clock.Now())).Exec(ctx)
	if err := changedOne(r, err, ErrCode); err != nil {
		return err
	}
	_, err = tx.NewDelete().Model((*factorRow)(nil)).Where("person = ? AND kind <> ?", person, passwordFactor).Exec(ctx)
	return errors.Join(err, endSessions(ctx, tx, person, ""))
}

func (i *Identity) showVouch(w http.ResponseWriter, r *http.Request) {
	if !i.fresh(w, r) {
		return
	}
	g := i.pages.begin(w, r)
	g.vouchForm(r)
	i.pages.show(w, http.StatusOK, g)
}

func (g *page) vouchForm(r *http.Request) {
	g.Title, g.Lead, g.Button = g.T.Vouch, g.T.VouchLead, g.T.VouchButton
	login := g.login(r.PostFormValue("login"), "")
	login.Label, login.Autocomplete = g.T.VouchLogin, "off"
	g.Form = []*field{login}
	g.Ways = []way{{web.LocalPath(g.Next, "/settings"), g.T.Back}}
}

func (i *Identity) doVouch(w http.ResponseWriter, r *http.Request) {
	if !i.fresh(w, r) {
		return
	}
	g := i.pages.begin(w, r)
	g.vouchForm(r)
	v, err := i.vouch(r.Context(), me(r), r.PostFormValue("login"))
	if err != nil {
		i.answer(w, r, g, err)
		return
	}
	g.Form, g.Button, g.Alone = nil, "", true
	g.Title, g.Lead = g.T.Vouched, g.T.VouchedLead
	if v.Pass != "" {
		g.Title, g.Lead = g.T.Pass, g.T.PassLead
		g.Codes, g.Login = []string{v.Pass}, r.PostFormValue("login")
	}
	i.pages.show(w, http.StatusOK, g)
}

// postVouch is the same for programs and the console.
func (i *Identity) postVouch(w http.ResponseWriter, r *http.Request) {
	var in struct{ Login string }
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	v, err := i.vouch(r.Context(), me(r), in.Login)
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, v)
}
