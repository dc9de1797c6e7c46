package identity

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"bulwark/decide/identity/federation"
	"bulwark/decide/identity/saml"
	"bulwark/platform/web"
)

// The way to a SAML provider and back. Its answer is posted by a page of its own site, with which a browser sends none of our cookies: a page of ours
// sends it once more, by itself or by a button.

// mostAnswered bounds an answer with what a form adds to it.
const mostAnswered = saml.MostResponse + 8<<10

// samlProvider is one, with how its accounts are joined: as those of others.
type samlProvider struct {
	*saml.Provider
	accounts *federation.Provider
}

func newSAML(n Needs) (map[string]*samlProvider, error) {
	m := map[string]*samlProvider{}
	var bad []error
	for _, c := range n.Config.SAML {
		p, err := saml.New(c)
		if err != nil {
			bad = append(bad, fmt.Errorf("identity.saml: %s: %w", c.Name, err))
			continue
		}
		m[c.Name] = &samlProvider{p, &federation.Provider{Config: federation.Config{Name: c.Name, Label: p.Config.Label, Link: c.Link, Make: c.Make}}}
	}
	return m, errors.Join(bad...)
}

// place is the console as a provider knows it, under the name by which somebody came.
func (p *samlProvider) place(r *http.Request) saml.Place {
	at := here(r, "/sign-in/with/"+p.Config.Name)
	return saml.Place{Entity: at + "/metadata", Consumer: at + "/answer"}
}

func (i *Identity) samlRoutes() []web.Route {
	route := func(method, pattern string, h http.HandlerFunc, foreign bool) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: []web.Duty{web.Public}, Handler: h, Foreign: foreign, Body: mostAnswered}
	}
	return []web.Route{
		route("GET", "/sign-in/with/{provider}/metadata", i.showMetadata, false),
		route("POST", "/sign-in/with/{provider}/answer", i.takeAnswer, true),
		route("POST", "/sign-in/with/{provider}/answered", i.backFromSAML, false),
	}
}

// goToSAML sends somebody to a SAML provider.
func (i *Identity) goToSAML(w http.ResponseWriter, r *http.Request, p *samlProvider, purpose string) {
	g := i.pages.begin(w, r)
	if purpose == toJoin && !i.fresh(w, r) {
		return
	}
	to, id, err := p.Begin(p.place(r), i.clock.Now())
	if err != nil {
		i.broken(w, r, err)
		return
	}
	away := going{Begun: federation.Begun{State: id}, For: purpose, Next: g.Next}
	if purpose != toSignIn {
		away.Session = me(r).Session
	}
	text, err := i.carried.lend("provider/"+p.Config.Name, away, i.clock.Now().Add(awayLife))
	if err != nil {
		i.broken(w, r, err)
		return
	}
	keepCookie(w, awayCookie, text, awayLife)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// showMetadata is what the provider must know of us.
func (i *Identity) showMetadata(w http.ResponseWriter, r *http.Request) {
	p := i.samls[r.PathValue("provider")]
	if p == nil {
		noProvider(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(saml.Metadata(p.place(r)))
}

// coded is what base64 is made of.
var coded = regexp.MustCompile(`^[A-Za-z0-9+/=\s]+$`)

// takeAnswer has the browser bring an answer once more, with our cookies. It changes nothing.
func (i *Identity) takeAnswer(w http.ResponseWriter, r *http.Request) {
	p, g := i.samls[r.PathValue("provider")], i.pages.begin(w, r)
	if p == nil {
		noProvider(w, r)
		return
	}
	answer := r.PostFormValue("SAMLResponse")
	if len(answer) > saml.MostResponse || !coded.MatchString(answer) {
		i.providerFailed(w, r, g, p.accounts, ErrStep)
		return
	}
	g.Title, g.Lead, g.Button, g.Sealed, g.Alone, g.Send = fmt.Sprintf(g.T.SignInWith, p.Config.Label), g.T.BackLead, g.T.GoOn, answer, true, true
	g.Action, g.Next = "/sign-in/with/"+p.Config.Name+"/answered", ""
	i.pages.show(w, http.StatusOK, g)
}

// backFromSAML takes somebody up who comes back from a SAML provider.
func (i *Identity) backFromSAML(w http.ResponseWriter, r *http.Request) {
	p, g := i.samls[r.PathValue("provider")], i.pages.begin(w, r)
	if p == nil {
		noProvider(w, r)
		return
	}
	if err := i.finishSAML(w, r, g, p); err != nil {
		i.providerFailed(w, r, g, p.accounts, err)
	}
}

func (i *Identity) finishSAML(w http.ResponseWriter, r *http.Request, g *page, p *samlProvider) error {
	if ok, wait := i.everybody.Allow(""); !ok {
		return &WaitError{max(wait, 1)}
	}
	keepCookie(w, awayCookie, "", 0)
	var b going
	c, err := r.Cookie(awayCookie)
	if err != nil || i.carried.takeBack("provider/"+p.Config.Name, c.Value, i.clock.Now(), &b) != nil {
		return ErrStep
	}
	g.Next = web.LocalPath(b.Next, "")
	came, err := p.Finish(r.PostFormValue("sealed"), p.place(r), b.State, i.clock.Now())
	switch {
	case errors.Is(err, saml.ErrDenied):
		return fmt.Errorf("%w: %w", federation.ErrDenied, err)
	case err != nil:
		return fmt.Errorf("%w: %w", federation.ErrRefused, err)
	case !i.ceremonies.spend(b.State): // an answer counts once
		return ErrStep
	}
	a := &federation.Arrival{Issuer: came.Issuer, Subject: came.Subject, Session: came.Session, Login: came.Login, Called: came.Login,
		Name: came.Name, Class: came.Class, Two: came.Two, Resistant: came.Resistant}
	if b.For == toSignIn {
		return i.letIn(w, r, g, p.accounts, a)
	}
	return i.forMyself(w, r, g, p.accounts, b, a)
}
