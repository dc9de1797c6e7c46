package identity

import (
	"errors"
	"net/http"
	"slices"

	"bulwark/decide/identity/internal/onetime"
	"bulwark/platform/web"
)

// The pages of the second step, and those on which people add what it needs. They work without script, but for passkeys.

// picture is a QR code on a page.
type picture struct {
	Path  string
	Width int
}

// secondForm draws what somebody with these factors may show after the password.
func (g *page) secondForm(kinds []factorKind) {
	g.Title, g.Lead, g.Button = g.T.Second, g.T.SecondLead, g.T.Confirm
	hint := g.T.CodeHint
	if !slices.Contains(kinds, totpFactor) {
		g.Lead, hint = g.T.SecondLeadKey, g.T.PaperHint
	}
	g.Form = []*field{g.code(hint)}
	g.Passkey = slices.Contains(kinds, passkeyFactor)
	g.After = g.T.LostAll
}

func (i *Identity) showSecond(w http.ResponseWriter, r *http.Request) {
	g := i.pages.begin(w, r)
	s, err := i.stepOf(r)
	if err == nil {
		err = i.secondPage(r, g, s)
	}
	i.answerStep(w, r, g, err)
}

func (i *Identity) secondPage(r *http.Request, g *page, s step) error {
	if s.Message {
		p, err := ablePerson(r.Context(), i.db.Read(), s.Person)
		if err != nil {
			return err
		}
		f, err := i.reach(r.Context(), i.db.Read(), p)
		if err != nil || f == nil {
			return errors.Join(err, ErrStep)
		}
		g.messageForm(f.Label, s, r.URL.Query().Has("again"))
		return nil
	}
	kinds, err := secondFactors(r.Context(), i.db.Read(), s.Person)
	g.secondForm(kinds)
	return err
}

func (i *Identity) doSecond(w http.ResponseWriter, r *http.Request) {
	g := i.pages.begin(w, r)
	s, err := i.stepOf(r)
	if err == nil {
		err = i.secondPage(r, g, s)
	}
	if err != nil {
		i.answerStep(w, r, g, err)
		return
	}
	o, err := i.secondStep(r.Context(), s, r.PostFormValue("code"), i.visitorOf(r))
	if err != nil {
		i.answerStep(w, r, g, err)
		return
	}
	dropStep(w)
	i.enter(w, r, o, g.Next)
}

// answerStep draws g with what err says, or sends whoever must begin anew to the beginning.
func (i *Identity) answerStep(w http.ResponseWriter, r *http.Request, g *page, err error) {
	switch {
	case err == nil:
		i.pages.show(w, http.StatusOK, g)
	case errors.Is(err, ErrStep), errors.Is(err, errNoSession):
		dropStep(w)
		http.Redirect(w, r, withNext("/sign-in", g.Next), http.StatusSeeOther)
	default:
		i.answer(w, r, g, err)
	}
}

// fresh sends somebody who proved long ago who they are to prove it again, and from there back. It tells whether they need not.
func (i *Identity) fresh(w http.ResponseWriter, r *http.Request) bool {
	p := me(r)
	if p.enrol || i.proved(p) == nil {
		return true
	}
	http.Redirect(w, r, withNext("/prove", r.URL.Path), http.StatusSeeOther)
	return false
}

// showFactors asks for a second factor: a passkey where the browser knows what that is, or an app.
func (i *Identity) showFactors(w http.ResponseWriter, r *http.Request) {
	if !i.fresh(w, r) {
		return
	}
	g := i.pages.begin(w, r)
	g.Title, g.Lead, g.NewPasskey = g.T.Protect, g.T.ProtectLead, true
	g.Ways = []way{{withNext("/factors/app", g.Next), g.T.UseApp}}
	i.pages.show(w, http.StatusOK, g)
}

// appForm draws a secret for an app, as a picture and typed.
func (i *Identity) appForm(g *page, p Person, secret []byte) error {
	issuer := "Bulwark"
	if i.config.Hospital != "" {
		issuer += " " + i.config.Hospital
	}
	modules, err := onetime.Picture(onetime.Address(secret, issuer, p.Login))
	if err != nil {
		return err
	}
	path, width := onetime.Path(modules)
	g.Title, g.Lead, g.Button = g.T.App, g.T.AppLead, g.T.Confirm
	g.Picture, g.Typed = &picture{path, width}, onetime.Typed(secret)
	g.Form = []*field{g.code(g.T.AppHint)}
	if g.Sealed, err = i.carried.lend("app/"+p.ID, secret, i.clock.Now().Add(enrolLife)); err != nil {
		return err
	}
	g.Ways = []way{{withNext("/factors", g.Next), g.T.OtherWay}}
	return nil
}

func (i *Identity) showApp(w http.ResponseWriter, r *http.Request) {
	if !i.fresh(w, r) {
		return
	}
	g := i.pages.begin(w, r)
	if err := i.appForm(g, me(r), onetime.NewSecret()); err != nil {
		i.broken(w, r, err)
		return
	}
	i.pages.show(w, http.StatusOK, g)
}

func (i *Identity) doApp(w http.ResponseWriter, r *http.Request) {
	if !i.fresh(w, r) {
		return
	}
	p, g := me(r), i.pages.begin(w, r)
	var secret []byte
	if err := i.carried.takeBack("app/"+p.ID, r.PostFormValue("sealed"), i.clock.Now(), &secret); err != nil {
		http.Redirect(w, r, withNext("/factors/app", g.Next), http.StatusSeeOther) // too old: another picture
		return
	}
	o, err := i.addTOTP(r.Context(), p, secret, r.PostFormValue("code"))
	if err != nil {
		if drawn := i.appForm(g, p, secret); drawn != nil {
			err = drawn
		}
		i.answerStep(w, r, g, err)
		return
	}
	if o.token != "" {
		setSession(w, o.token)
		setDevice(w, i.device.mark(o.person))
	}
	n, err := i.paperLeft(r, p.ID)
	if err != nil {
		i.broken(w, r, err)
		return
	}
	if n > 0 {
		http.Redirect(w, r, web.LocalPath(g.Next, "/settings"), http.StatusSeeOther)
		return
	}
	i.givePaper(w, r, g, p)
}

// paperLeft is how many codes on paper somebody has.
func (i *Identity) paperLeft(r *http.Request, person string) (int64, error) {
	return i.db.Read().NewSelect().Model((*factorRow)(nil)).Where("person = ? AND kind = ?", person, recoveryFactor).Count(r.Context())
}

func (i *Identity) showPaper(w http.ResponseWriter, r *http.Request) {
	if !i.fresh(w, r) {
		return
	}
	g := i.pages.begin(w, r)
	g.Title, g.Lead, g.Button, g.Form = g.T.Codes, g.T.CodesAsk, g.T.CodesMake, []*field{}
	g.Ways = []way{{web.LocalPath(g.Next, "/settings"), g.T.Back}}
	i.pages.show(w, http.StatusOK, g)
}

func (i *Identity) doPaper(w http.ResponseWriter, r *http.Request) {
	if i.fresh(w, r) {
		i.givePaper(w, r, i.pages.begin(w, r), me(r))
	}
}

// givePaper shows new codes on paper, once.
func (i *Identity) givePaper(w http.ResponseWriter, r *http.Request, g *page, p Person) {
	codes, err := i.newPaper(r.Context(), p)
	if err != nil {
		i.answerStep(w, r, g, err)
		return
	}
	shown := &page{T: g.T, Language: g.Language, Other: g.Other, Switch: g.Switch, Hospital: g.Hospital, Version: g.Version,
		Title: g.T.Codes, Lead: g.T.CodesLead, Codes: codes, Login: p.Login, Alone: true}
	shown.Ways = []way{{web.LocalPath(g.Next, "/"), g.T.GoOn}}
	i.pages.show(w, http.StatusOK, shown)
}
