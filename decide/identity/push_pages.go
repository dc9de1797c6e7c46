package identity

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"bulwark/decide/identity/federation"
	"bulwark/platform/web"
)

// Signing in on one's telephone, without going to the provider: a number is typed here, both screens show the same two digits, and what the
// telephone answers is fetched when its person says that they have confirmed. What must be remembered stays in the browser that asked, sealed.

const (
	// pushCookie is the question that this browser has sent.
	pushCookie = "__Host-bulwark-push"
	// pushStep is between the moments at which a question is said to be sent: no telephone is asked for a number that nobody here has, and it shows nowhere.
	pushStep = 2 * time.Second
	// pushPatience is how long an answer is waited for until a provider may be asked again.
	pushPatience = 15 * time.Second
)

// pushed is what a browser carries.
type pushed struct {
	federation.Pushed
	ID string `json:"id"` // each counts for one look
}

func (i *Identity) pushRoutes() []web.Route {
	at := func(method, pattern string, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: []web.Duty{web.Public}, Handler: h}
	}
	return []web.Route{
		at("GET", "/sign-in/with/{provider}/push", i.showPush),
		at("POST", "/sign-in/with/{provider}/push", i.postPush),
		at("POST", "/sign-in/with/{provider}/pushed", i.postPushed),
	}
}

// pusher is the provider of r, where it can ask telephones.
func (i *Identity) pusher(w http.ResponseWriter, r *http.Request) *federation.Provider {
	p := i.providers[r.PathValue("provider")]
	if p == nil || !p.Config.Push {
		noProvider(w, r)
		return nil
	}
	return p
}

func (i *Identity) pushForm(g *page, p *federation.Provider, value string) {
	g.Title, g.Lead, g.Button = fmt.Sprintf(g.T.PushWith, p.Config.Label), g.T.PushLead, g.T.GoOn
	g.Form = []*field{{ID: "national", Label: g.T.PushNumber, Hint: g.T.PushHint, Type: "text", Value: value, Autocomplete: "off", Most: 12, Number: true}}
	g.Ways = []way{{withNext("/sign-in", g.Next), g.T.SignIn}}
}

func (i *Identity) showPush(w http.ResponseWriter, r *http.Request) {
	if p, g := i.pusher(w, r), i.pages.begin(w, r); p != nil {
		i.pushForm(g, p, "")
		i.pages.show(w, http.StatusOK, g)
	}
}

// postPush asks somebody on their telephone.
func (i *Identity) postPush(w http.ResponseWriter, r *http.Request) {
	p, g := i.pusher(w, r), i.pages.begin(w, r)
	if p == nil {
		return
	}
	number := federation.National(r.PostFormValue("national"))
	if number == "" {
		i.pushForm(g, p, r.PostFormValue("national"))
		g.Form[0].Fault = g.T.PushBad
		g.refuse("national", g.T.PushBad)
		i.pages.show(w, http.StatusUnprocessableEntity, g)
		return
	}
	begun := i.clock.Now()
	q, err := i.push(r, p, number)
	i.tellOfProvider(p)
	if err == nil {
		i.pause(r.Context(), pushStep-i.clock.Now().Sub(begun)%pushStep)
		err = i.carryPush(w, p, q)
	}
	if err != nil {
		i.providerFailed(w, r, g, p, err)
		return
	}
	i.askPushed(w, g, p, q, "")
}

// push sends the question, where somebody here has that number. Else, and where the telephone cannot be asked, nothing shows it: the question is
// never answered. A telephone is asked three times, then ever more slowly, so that nobody confirms to be left alone.
func (i *Identity) push(r *http.Request, p *federation.Provider, number string) (pushed, error) {
	ctx := r.Context()
	if ok, wait := i.everybody.Allow(""); !ok {
		return pushed{}, &WaitError{max(wait, time.Second)}
	}
	if wait := max(i.addresses.Begin("push "+network(web.Peer(r))), i.pushes.Begin(number)); wait > 0 {
		return pushed{}, &WaitError{wait}
	}
	if err := p.Pushes(ctx); err != nil {
		return pushed{}, err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(100))
	if err != nil {
		return pushed{}, err
	}
	now := i.clock.Now()
	q := federation.Pushed{National: number, Message: fmt.Sprintf("%02d", n), Every: time.Second, Next: now, Until: now.Add(2 * time.Minute)}
	known, err := i.db.Read().NewSelect().Model((*personRow)(nil)).Where("national = ? AND disabled IS NULL", number).Exists(ctx)
	if err != nil {
		return pushed{}, err
	}
	if known {
		switch sent, err := p.Push(ctx, number, q.Message); {
		case err == nil:
			q = sent
		case errors.Is(err, federation.ErrAway):
			return pushed{}, err
		default:
			i.log.WarnContext(ctx, "a provider asks nobody on their telephone", "provider", p.Config.Name, "request_id", web.RequestID(ctx), "error", err)
		}
	}
	return pushed{q, newToken()}, nil
}

func (i *Identity) carryPush(w http.ResponseWriter, p *federation.Provider, q pushed) error {
	text, err := i.carried.lend("push/"+p.Config.Name, q, q.Until)
	if err == nil {
		keepCookie(w, pushCookie, text, awayLife)
	}
	return err
}

// askPushed shows the two digits, and asks for a word when they are confirmed.
func (i *Identity) askPushed(w http.ResponseWriter, g *page, p *federation.Provider, q pushed, fault string) {
	g.Title, g.Lead, g.Button, g.Alone = fmt.Sprintf(g.T.PushShows, q.Message), fmt.Sprintf(g.T.PushShowsLead, q.Message), g.T.PushDone, true
	g.Action = "/sign-in/with/" + p.Config.Name + "/pushed"
	g.Ways = []way{{withNext("/sign-in", g.Next), g.T.SignIn}}
	if fault != "" {
		g.refuse("", fault)
	}
	i.pages.show(w, http.StatusOK, g)
}

// postPushed lets somebody in who confirmed on their telephone.
func (i *Identity) postPushed(w http.ResponseWriter, r *http.Request) {
	p, g := i.pusher(w, r), i.pages.begin(w, r)
	if p == nil {
		return
	}
	var q pushed
	c, err := r.Cookie(pushCookie)
	if err != nil || i.carried.takeBack("push/"+p.Config.Name, c.Value, i.clock.Now(), &q) != nil {
		keepCookie(w, pushCookie, "", 0)
		i.providerFailed(w, r, g, p, ErrStep)
		return
	}
	if !i.ceremonies.spend("push/" + q.ID) { // another window looks just now
		i.askPushed(w, g, p, q, g.T.PushNotYet)
		return
	}
	a, err := i.lookPushed(r, p, &q)
	if errors.Is(err, federation.ErrWaiting) {
		q.ID = newToken()
		if err = i.carryPush(w, p, q); err == nil {
			i.askPushed(w, g, p, q, g.T.PushNotYet)
			return
		}
	}
	keepCookie(w, pushCookie, "", 0)
	if err == nil {
		i.pushes.Succeeded(q.National)
		err = i.letIn(w, r, g, p, a)
	}
	if err != nil {
		i.providerFailed(w, r, g, p, err)
	}
}

// lookPushed asks the provider what the telephone said, not sooner than it wants to be asked.
func (i *Identity) lookPushed(r *http.Request, p *federation.Provider, q *pushed) (*federation.Arrival, error) {
	wait := q.Next.Sub(i.clock.Now())
	if wait > pushPatience {
		return nil, federation.ErrWaiting
	}
	if wait > 0 {
		i.pause(r.Context(), wait)
	}
	if q.Request == "" { // nobody was asked
		q.Next = i.clock.Now().Add(q.Every)
		return nil, federation.ErrWaiting
	}
	a, next, err := p.Poll(r.Context(), q.Pushed)
	q.Pushed = next
	i.tellOfProvider(p)
	return a, err
}
