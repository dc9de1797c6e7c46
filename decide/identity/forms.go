package identity

import (
	"errors"
	"fmt"
	"net/http"

	"bulwark/decide/identity/internal/password"
	"bulwark/platform/web"
)

// answer draws g with what err says, or answers 500 when it is nobody's to mend. gone is what a link that is not good
// any more shows.
func (i *Identity) answer(w http.ResponseWriter, r *http.Request, g *page, err error) {
	if errors.Is(err, ErrLink) {
		i.linkGone(w, r)
		return
	}
	var wait *WaitError
	status := http.StatusUnprocessableEntity
	switch {
	case errors.As(err, &wait):
		w.Header().Set("Retry-After", seconds(wait))
		status = http.StatusTooManyRequests
	case errors.Is(err, password.ErrBusy), errors.Is(err, ErrAway):
		w.Header().Set("Retry-After", "5")
		status = http.StatusServiceUnavailable
	}
	if err != nil && !g.explain(err) {
		i.broken(w, r, err)
		return
	}
	i.pages.show(w, status, g)
}

func (i *Identity) linkGone(w http.ResponseWriter, r *http.Request) {
	g := i.pages.begin(w, r)
	g.Title, g.Lead, g.After = g.T.LinkGone, g.T.LinkGoneText, g.T.LinkGoneNext
	i.pages.show(w, http.StatusGone, g)
}

// enter gives the browser its session and its mark in the place of what it had, and sends it on; or to the second step. The session before
// ends: what somebody planted there opens nothing.
func (i *Identity) enter(w http.ResponseWriter, r *http.Request, o opened, next string) {
	if err := i.leave(r); err != nil {
		i.broken(w, r, err)
		return
	}
	next = web.LocalPath(next, "/")
	switch {
	case o.due.Person != "":
		if err := i.lendStep(w, o.due); err != nil {
			i.broken(w, r, err)
			return
		}
		dropSession(w)
		http.Redirect(w, r, withNext("/sign-in/second", next), http.StatusSeeOther)
		return
	case o.enrol:
		next = withNext("/factors", next)
	case o.renew:
		next = withNext("/renew", next)
		setDevice(w, i.device.mark(o.person))
	default:
		setDevice(w, i.device.mark(o.person))
	}
	setSession(w, o.token)
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// leave ends the session that the browser has, if any.
func (i *Identity) leave(r *http.Request) error {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	return i.signOut(r.Context(), c.Value)
}

// twice tells whether the new password was typed the same twice; it refuses it otherwise.
func twice(r *http.Request, g *page) bool {
	if r.PostFormValue("password") == r.PostFormValue("again") {
		return true
	}
	g.refuse("again", g.T.Differ)
	return false
}

func (i *Identity) setupForm(g *page, r *http.Request) {
	g.Title, g.Lead, g.Button = g.T.SetUp, g.T.SetUpLead, g.T.Create
	g.Form = append([]*field{g.name(r.PostFormValue("name")), g.login(r.PostFormValue("login"), g.T.LoginHint)}, g.newPassword()...)
}

func (i *Identity) showSetup(w http.ResponseWriter, r *http.Request) {
	if _, err := i.link(r.Context(), i.db.Read(), r.PathValue("token"), setupLink); err != nil {
		i.answer(w, r, i.pages.begin(w, r), err)
		return
	}
	g := i.pages.begin(w, r)
	i.setupForm(g, r)
	i.pages.show(w, http.StatusOK, g)
}

func (i *Identity) doSetup(w http.ResponseWriter, r *http.Request) {
	g := i.pages.begin(w, r)
	i.setupForm(g, r)
	if !twice(r, g) {
		i.answer(w, r, g, nil)
		return
	}
	c := credentials{r.PostFormValue("name"), r.PostFormValue("login"), r.PostFormValue("password")}
	o, err := i.setUp(r.Context(), r.PathValue("token"), c, i.visitorOf(r))
	if err != nil {
		i.answer(w, r, g, err)
		return
	}
	i.enter(w, r, o, "/")
}

// inviteForm draws the form for the person of a link, or what became of it.
func (i *Identity) inviteForm(w http.ResponseWriter, r *http.Request) (*page, error) {
	g := i.pages.begin(w, r)
	p, kind, err := i.invited(r.Context(), r.PathValue("token"))
	if err != nil {
		return g, err
	}
	g.Title, g.Lead, g.Button = g.T.Invited, fmt.Sprintf(g.T.InvitedLead, p.Login), g.T.Choose
	if kind == resetLink {
		g.Title, g.Lead = g.T.Reset, fmt.Sprintf(g.T.ResetLead, p.Login)
	}
	login := g.login(p.Login, "") // for the password manager
	login.Readonly = true
	g.Form = append([]*field{login}, g.newPassword()...)
	return g, nil
}

func (i *Identity) showInvite(w http.ResponseWriter, r *http.Request) {
	g, err := i.inviteForm(w, r)
	if err != nil {
		i.answer(w, r, g, err)
		return
	}
	i.pages.show(w, http.StatusOK, g)
}

func (i *Identity) doInvite(w http.ResponseWriter, r *http.Request) {
	g, err := i.inviteForm(w, r)
	if err != nil || !twice(r, g) {
		i.answer(w, r, g, err)
		return
	}
	o, err := i.accept(r.Context(), r.PathValue("token"), r.PostFormValue("password"), i.visitorOf(r))
	if err != nil {
		i.answer(w, r, g, err)
		return
	}
	i.enter(w, r, o, "/")
}

func (i *Identity) signInForm(g *page, r *http.Request) {
	g.Title, g.Lead, g.Button = g.T.SignIn, g.T.SignInLead, g.T.Enter
	g.Form = []*field{g.login(r.PostFormValue("login"), ""), g.password()}
	g.Passkey = true
	g.Providers = append(i.ticketWays(g, r), i.providerWays(g)...)
}

func (i *Identity) showSignIn(w http.ResponseWriter, r *http.Request) {
	g := i.pages.begin(w, r)
	if _, err := i.asked(r); err == nil {
		http.Redirect(w, r, web.LocalPath(g.Next, "/"), http.StatusSeeOther)
		return
	}
	if i.deviceOf(r).Shared && !r.URL.Query().Has("here") { // it waits for a badge
		http.Redirect(w, r, "/station", http.StatusSeeOther)
		return
	}
	n, err := administrators(r.Context(), i.db.Read(), "")
	if err != nil {
		i.broken(w, r, err)
		return
	}
	if n == 0 {
		g.Title, g.Lead, g.After = g.T.NotSetUp, g.T.NotSetUpText, g.T.NotSetUpNext
		i.pages.show(w, http.StatusOK, g)
		return
	}
	i.signInForm(g, r)
	i.pages.show(w, http.StatusOK, g)
}

func (i *Identity) doSignIn(w http.ResponseWriter, r *http.Request) {
	g := i.pages.begin(w, r)
	i.signInForm(g, r)
	o, err := i.signIn(r.Context(), r.PostFormValue("login"), r.PostFormValue("password"), i.visitorOf(r))
	if err != nil {
		i.answer(w, r, g, err)
		return
	}
	i.enter(w, r, o, g.Next)
}

func (i *Identity) doSignOut(w http.ResponseWriter, r *http.Request) {
	to := ""
	s, err := i.asked(r)
	if err == nil {
		if to, err = i.leaveThere(w, r, s.Arrival); err != nil { // signing out here matters more
			i.log.WarnContext(r.Context(), "somebody cannot be signed out at their provider", "error", err)
		}
	}
	if err := i.leave(r); err != nil {
		i.broken(w, r, err)
		return
	}
	dropSession(w)
	switch {
	case to != "" && web.WantsPage(r):
		i.showLeaving(w, r, to)
	case to != "":
		web.JSON(w, http.StatusOK, map[string]string{"next": to})
	case web.WantsPage(r):
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
