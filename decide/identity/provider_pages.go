package identity

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/federation"
	"bulwark/platform/web"
)

// The way to a provider and back. What must be remembered meanwhile stays in the browser that went, sealed; it works without script.

const (
	// awayCookie says what somebody went to a provider for.
	awayCookie = "__Host-bulwark-provider"
	// leftCookie says that somebody is signing out at a provider.
	leftCookie = "__Host-bulwark-left"
)

// errActivity means that somebody has not said yet in which of their activities they come.
var errActivity = errors.New("identity: an activity must be chosen")

// What somebody goes to a provider for.
const (
	toSignIn = ""
	toJoin   = "join"  // the account there to oneself
	toProve  = "prove" // that it is oneself, once more
)

// going is what a browser carries while it is at a provider.
type going struct {
	federation.Begun
	For     string `json:"for,omitempty"`
	Session string `json:"session,omitempty"` // whose it is, unless to sign in
	Next    string `json:"next,omitempty"`
}

// choice is one of several, of which a page asks for one.
type choice struct {
	Value, Text string
	First       bool
}

func (i *Identity) providerRoutes() []web.Route {
	route := func(method, pattern string, h http.HandlerFunc, d web.Duty) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: []web.Duty{d}, Handler: h}
	}
	return append(append(i.pushRoutes(), i.samlRoutes()...),
		route("GET", "/sign-in/with/{provider}", i.goToProvider(toSignIn), web.Public),
		route("GET", "/sign-in/with/{provider}/back", i.backFromProvider, web.Public),
		route("POST", "/sign-in/with/{provider}/activity", i.chooseActivity, web.Public),
		route("POST", "/sign-in/with/{provider}/ended", i.hearEnded, web.Public),
		route("GET", "/signed-out", i.showSignedOut, web.Public),
		route("GET", "/factors/with/{provider}", i.goToProvider(toJoin), web.SignedIn),
		route("GET", "/prove/with/{provider}", i.goToProvider(toProve), web.SignedIn),
		route("GET", "/api/me/providers", i.getMyProviders, web.SignedIn),
		route("DELETE", "/api/me/providers/{provider}", i.deleteMyProvider, web.SignedIn))
}

func keepCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func noProvider(w http.ResponseWriter, r *http.Request) {
	web.Refuse(w, r, http.StatusNotFound, "no-such-provider")
}

// here is an address of the console under the name that r came by, which the server has checked.
func here(r *http.Request, path string) string { return "https://" + r.Host + path }

// providerWays are the providers as ways of the sign-in page.
func (i *Identity) providerWays(g *page) []way {
	var all []way
	for _, c := range i.config.Providers {
		all = append(all, way{withNext("/sign-in/with/"+c.Name, g.Next), fmt.Sprintf(g.T.SignInWith, c.Whole().Label)})
		if c.Push {
			all = append(all, way{withNext("/sign-in/with/"+c.Name+"/push", g.Next), fmt.Sprintf(g.T.PushWith, c.Whole().Label)})
		}
	}
	for _, c := range i.config.SAML {
		all = append(all, way{withNext("/sign-in/with/"+c.Name, g.Next), fmt.Sprintf(g.T.SignInWith, c.Whole().Label)})
	}
	return all
}

// provingWays are the providers by which p can prove it once more: those of their accounts that show two factors.
func (i *Identity) provingWays(ctx context.Context, p Person, g *page, before error) ([]way, error) {
	if before != nil || !slices.Contains(p.Methods, byProvider) {
		return nil, before
	}
	var rows []*factorRow
	err := i.db.Read().NewSelect().Model(&rows).Where("person = ? AND kind = ?", p.ID, providerFactor).Scan(ctx)
	var all []way
	for _, f := range rows {
		if c := i.providers[f.Label]; i.showsTwo(f.Label) {
			all = append(all, way{withNext("/prove/with/"+f.Label, g.Next), fmt.Sprintf(g.T.SignInWith, c.Config.Label)})
		}
	}
	return all, err
}

// goToProvider sends somebody to a provider.
func (i *Identity) goToProvider(purpose string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s := i.samls[r.PathValue("provider")]; s != nil && purpose != toProve {
			i.goToSAML(w, r, s, purpose)
			return
		}
		p, g := i.providers[r.PathValue("provider")], i.pages.begin(w, r)
		if p == nil {
			noProvider(w, r)
			return
		}
		if purpose == toJoin && !i.fresh(w, r) {
			return
		}
		to, b, err := p.Begin(r.Context(), here(r, "/sign-in/with/"+p.Config.Name+"/back"), purpose == toProve)
		i.tellOfProvider(p)
		if err != nil {
			i.providerFailed(w, r, g, p, err)
			return
		}
		away := going{Begun: b, For: purpose, Next: g.Next}
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
}

// wentTo is what this browser went to a provider for, a moment ago. It is told once.
func (i *Identity) wentTo(w http.ResponseWriter, r *http.Request, p *federation.Provider) (going, error) {
	keepCookie(w, awayCookie, "", 0)
	var b going
	c, err := r.Cookie(awayCookie)
	if err != nil {
		return b, ErrStep
	}
	if i.carried.takeBack("provider/"+p.Config.Name, c.Value, i.clock.Now(), &b) != nil || b.State != r.FormValue("state") || !i.ceremonies.spend(b.State) {
		return b, ErrStep
	}
	return b, nil
}

// backFromProvider takes somebody up who comes back from a provider.
func (i *Identity) backFromProvider(w http.ResponseWriter, r *http.Request) {
	p, g := i.providers[r.PathValue("provider")], i.pages.begin(w, r)
	if p == nil {
		noProvider(w, r)
		return
	}
	if ok, wait := i.everybody.Allow(""); !ok {
		i.providerFailed(w, r, g, p, &WaitError{max(wait, time.Second)})
		return
	}
	b, err := i.wentTo(w, r, p)
	if err != nil {
		i.providerFailed(w, r, g, p, err)
		return
	}
	g.Next = web.LocalPath(b.Next, "")
	a, err := p.Finish(r.Context(), b.Begun, r.URL.Query())
	i.tellOfProvider(p)
	switch {
	case err != nil:
	case b.For == toSignIn:
		err = i.letIn(w, r, g, p, a)
	default:
		err = i.forMyself(w, r, g, p, b, a)
	}
	if err != nil {
		i.providerFailed(w, r, g, p, err)
	}
}

// letIn signs somebody in whom a provider sent, or asks in which activity they come.
func (i *Identity) letIn(w http.ResponseWriter, r *http.Request, g *page, p *federation.Provider, a *federation.Arrival) error {
	v, err := i.arrive(r.Context(), p, a)
	if errors.Is(err, ErrStranger) {
		i.refusals.add(nil, i.visitorOf(r))
	}
	if err != nil {
		return err
	}
	if v.Activity == "" && len(v.Activities) > 0 {
		sealed, err := i.carried.lend("arrival", v.ID, i.clock.Now().Add(awayLife))
		if err != nil {
			return err
		}
		i.askActivity(g, p, v.Activities, sealed)
		i.pages.show(w, http.StatusOK, g)
		return nil
	}
	o, err := i.openArrival(r.Context(), v.ID, v.Activity, i.visitorOf(r))
	if err != nil {
		return err
	}
	i.enter(w, r, o, g.Next)
	return nil
}

// askActivity draws the choice among one's activities.
func (i *Identity) askActivity(g *page, p *federation.Provider, all []federation.Activity, sealed string) {
	g.Title, g.Lead, g.Button, g.Sealed, g.Alone = g.T.Activity, g.T.ActivityLead, g.T.GoOn, sealed, true
	g.Action = "/sign-in/with/" + p.Config.Name + "/activity"
	for n, a := range all {
		text := a.Place
		if a.FINESS != "" {
			text += " (FINESS " + a.FINESS + ")"
		}
		if a.Profession != "" {
			text += " · " + fmt.Sprintf(g.T.Profession, a.Profession)
		}
		g.Choices = append(g.Choices, choice{a.ID, text, n == 0})
	}
}

// chooseActivity opens the session of somebody who said in which activity they come.
func (i *Identity) chooseActivity(w http.ResponseWriter, r *http.Request) {
	p, g := i.providers[r.PathValue("provider")], i.pages.begin(w, r)
	if p == nil {
		noProvider(w, r)
		return
	}
	var id string
	err := i.carried.takeBack("arrival", r.PostFormValue("sealed"), i.clock.Now(), &id)
	if err != nil {
		i.providerFailed(w, r, g, p, ErrStep)
		return
	}
	o, err := i.openArrival(r.Context(), id, r.PostFormValue("activity"), i.visitorOf(r))
	if err != nil {
		i.providerFailed(w, r, g, p, err)
		return
	}
	i.enter(w, r, o, g.Next)
}

// forMyself does what somebody who is signed in went to a provider for.
func (i *Identity) forMyself(w http.ResponseWriter, r *http.Request, g *page, p *federation.Provider, b going, a *federation.Arrival) error {
	me, ok, err := i.Asked(r)
	if err != nil || !ok || me.Session != b.Session { // somebody else sits there now
		return errors.Join(err, ErrStep)
	}
	if b.For == toProve {
		o, err := i.proveByProvider(r.Context(), me, p.Config.Name, a)
		if err == nil {
			setSession(w, o.token)
			http.Redirect(w, r, web.LocalPath(g.Next, "/"), http.StatusSeeOther)
		}
		return err
	}
	if err := i.proved(me); err != nil {
		return err
	}
	err = i.db.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		row, err := ablePerson(ctx, tx, me.ID)
		if err == nil {
			_, err = i.joinAccount(ctx, tx, row, p.Config.Name, a, me.Actor())
		}
		return err
	})
	if err == nil {
		http.Redirect(w, r, web.LocalPath(g.Next, "/settings"), http.StatusSeeOther)
	}
	return err
}

// providerFailed shows the sign-in page with what went wrong: every other way to sign in stands there.
func (i *Identity) providerFailed(w http.ResponseWriter, r *http.Request, g *page, p *federation.Provider, err error) {
	var wait *WaitError
	status, label := http.StatusUnprocessableEntity, p.Config.Label
	i.signInForm(g, r)
	g.Action, g.Alone = "/sign-in", true
	say := func(text string) { g.refuse("", fmt.Sprintf(text, label)) }
	switch {
	case errors.Is(err, federation.ErrAway):
		status = http.StatusServiceUnavailable
		say(g.T.ProviderAway)
	case errors.Is(err, federation.ErrDenied):
		say(g.T.ProviderDenied)
	case errors.Is(err, federation.ErrRefused):
		say(g.T.ProviderRefused)
	case errors.Is(err, ErrStranger):
		status = http.StatusForbidden
		say(g.T.ProviderStranger)
	case errors.Is(err, ErrJoined):
		say(g.T.ProviderJoined)
	case errors.Is(err, ErrStep), errors.Is(err, errNoSession), errors.Is(err, errActivity), errors.Is(err, errProve):
		say(g.T.ProviderAgain)
	case errors.As(err, &wait):
		g.explain(err)
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", seconds(wait))
	default:
		i.broken(w, r, err)
		return
	}
	if errors.Is(err, federation.ErrAway) || errors.Is(err, federation.ErrRefused) || errors.Is(err, federation.ErrDenied) {
		i.log.WarnContext(r.Context(), "a provider signed nobody in", "provider", p.Config.Name, "request_id", web.RequestID(r.Context()), "error", err)
	}
	i.pages.show(w, status, g)
}

// hearEnded is told by a provider that somebody signed out there.
func (i *Identity) hearEnded(w http.ResponseWriter, r *http.Request) {
	p := i.providers[r.PathValue("provider")]
	if p == nil {
		noProvider(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	e, err := p.Hear(r.Context(), r.PostFormValue("logout_token"))
	if err == nil {
		if err = i.endedThere(r.Context(), p.Config.Name, e); err != nil {
			p.Unheard(e) // it is told again
		}
	}
	switch {
	case errors.Is(err, federation.ErrRefused):
		i.log.WarnContext(r.Context(), "a provider’s word that somebody signed out is not believed", "provider", p.Config.Name, "error", err)
		web.Refuse(w, r, http.StatusBadRequest, "logout-token")
	case errors.Is(err, federation.ErrAway):
		web.Refuse(w, r, http.StatusServiceUnavailable, "provider-away")
	case err != nil:
		i.broken(w, r, err)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// leaveThere is where somebody whose session just ended goes to sign out at their provider, too; "" where there is no such place.
func (i *Identity) leaveThere(w http.ResponseWriter, r *http.Request, arrival string) (string, error) {
	if arrival == "" {
		return "", nil
	}
	v := &arrivalRow{}
	if err := i.db.Read().NewSelect().Model(v).Where("id = ?", arrival).Scan(r.Context()); err != nil {
		return "", err
	}
	p := i.providers[v.Provider]
	if p == nil {
		return "", nil
	}
	token, err := i.kept.open("arrival/"+v.ID, v.Token)
	if err != nil {
		return "", err
	}
	state := newToken()
	to := p.Leave(r.Context(), string(token), here(r, "/signed-out"), state)
	if to == "" {
		return "", nil
	}
	text, err := i.carried.lend("left", state, i.clock.Now().Add(awayLife))
	if err == nil {
		keepCookie(w, leftCookie, text, awayLife)
	}
	return to, err
}

// showSignedOut is where a provider sends back whoever signed out there.
func (i *Identity) showSignedOut(w http.ResponseWriter, r *http.Request) {
	g := i.pages.begin(w, r)
	var state string
	c, err := r.Cookie(leftCookie)
	keepCookie(w, leftCookie, "", 0)
	if err != nil || i.carried.takeBack("left", c.Value, i.clock.Now(), &state) != nil || state == "" || state != r.URL.Query().Get("state") {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther) // it is not the answer to anything
		return
	}
	g.Title, g.Lead, g.Alone = g.T.SignedOut, g.T.SignedOutLead, true
	g.Ways = []way{{"/sign-in", g.T.SignIn}}
	i.pages.show(w, http.StatusOK, g)
}

// showLeaving goes on to a provider, to sign out there, too: a form must not lead to another site, a page may.
func (i *Identity) showLeaving(w http.ResponseWriter, r *http.Request, to string) {
	g := i.pages.begin(w, r)
	g.Title, g.Lead, g.Alone, g.GoTo = g.T.SignedOut, g.T.LeavingLead, true, template.URL(to) // it was made here
	g.Ways = []way{{to, g.T.GoOn}}
	i.pages.show(w, http.StatusOK, g)
}

// providerAnswer is one provider as its people see it.
type providerAnswer struct {
	Name   string     `json:"name"`
	Label  string     `json:"label"`
	Joined *time.Time `json:"joined,omitempty"` // since when one's account there is
	Used   *time.Time `json:"used,omitempty"`
}

// getMyProviders tells of one's accounts at providers.
func (i *Identity) getMyProviders(w http.ResponseWriter, r *http.Request) {
	var rows []*factorRow
	err := i.db.Read().NewSelect().Model(&rows).Where("person = ? AND kind = ?", me(r).ID, providerFactor).Scan(r.Context())
	if err != nil {
		i.fail(w, r, err)
		return
	}
	all := []providerAnswer{}
	for _, c := range i.config.Providers {
		all = append(all, providerAnswer{Name: c.Name, Label: c.Whole().Label})
	}
	for _, c := range i.config.SAML {
		all = append(all, providerAnswer{Name: c.Name, Label: c.Whole().Label})
	}
	for n := range all {
		a := &all[n]
		for _, f := range rows {
			if f.Label == a.Name {
				a.Joined, a.Used = &f.Created, &f.Used
			}
		}
	}
	web.JSON(w, http.StatusOK, map[string]any{"providers": all})
}

func (i *Identity) deleteMyProvider(w http.ResponseWriter, r *http.Request) {
	i.done(w, r, i.dropAccount(r.Context(), me(r), r.PathValue("provider")))
}

// adminProviderRoutes are for whoever looks after providers.
func (i *Identity) adminProviderRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Pattern: "/api/providers", Duties: []web.Duty{web.Administrator}, Handler: http.HandlerFunc(i.getProviders)},
		{Method: "POST", Pattern: "/api/providers/{provider}/test", Duties: []web.Duty{web.Administrator}, Handler: http.HandlerFunc(i.postTestProvider)},
	}
}

func (i *Identity) getProviders(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, map[string]any{"providers": i.Providers()})
}

func (i *Identity) postTestProvider(w http.ResponseWriter, r *http.Request) {
	s, err := i.TestProvider(r.Context(), r.PathValue("provider"))
	if p := i.providers[r.PathValue("provider")]; p != nil {
		i.tellOfProvider(p)
	}
	if errors.Is(err, ErrProvider) {
		noProvider(w, r)
		return
	}
	if err != nil && s.Fault == "" {
		s.Fault = err.Error()
	}
	web.JSON(w, http.StatusOK, s)
}

// postNational gives somebody the number of a professional.
func (i *Identity) postNational(w http.ResponseWriter, r *http.Request) {
	var in struct{ National string }
	err := web.ReadJSON(r, &in)
	if err == nil {
		p := me(r)
		err = i.change(r.Context(), r.PathValue("id"), act{by: p.Actor(), name: "national"}, func(ctx context.Context, tx bun.Tx, row *personRow) error {
			return i.setNational(ctx, tx, row.ID, in.National)
		})
	}
	i.done(w, r, err)
}
