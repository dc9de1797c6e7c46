package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

const (
	// codeLife is how long a code is good.
	codeLife = 60 * time.Second
	// signInLife is how long somebody may take to sign in before the application has to ask again.
	signInLife = 30 * time.Minute
	// pushedLife is how long a pushed request waits for its browser.
	pushedLife  = 90 * time.Second
	pushedStart = "urn:ietf:params:oauth:request_uri:"
)

// request is what an application asks of us: of its parameters, those that we obey. Others are ignored (OpenID Connect Core 3.1.2.1).
type request struct {
	Client    string     `json:"c"`
	Redirect  string     `json:"r"`
	Scope     string     `json:"s"`
	State     string     `json:"t,omitempty"`
	Nonce     string     `json:"n,omitempty"`
	Challenge string     `json:"p,omitempty"`
	Prompt    string     `json:"q,omitempty"`
	MaxAge    *int       `json:"m,omitempty"`
	ACR       string     `json:"a,omitempty"`
	Hint      string     `json:"h,omitempty"` // the subject of id_token_hint
	Pushed    string     `json:"u,omitempty"` // the hash of the pushed request that this is
	Ends      time.Time  `json:"e,omitzero"`
	Since     *time.Time `json:"i,omitempty"` // a proof must not be older
}

// fault is an error of OAuth 2.0 (RFC 6749, 4.1.2.1), with a sentence for whoever builds the application.
type fault struct{ code, text string }

func (f *fault) Error() string { return "oidc: " + f.code + ": " + f.text }

// errGone means a pushed request that was never made, was used, or is too old.
var errGone = bad("invalid_request", "there is no such request_uri, or it is too old")

func bad(code, text string) error { return &fault{code, text} }

// once is the value of a parameter that may come only once (RFC 6749, 3.1).
func once(v url.Values, name string) (string, error) {
	if len(v[name]) > 1 {
		return "", bad("invalid_request", name+" comes twice")
	}
	return v.Get(name), nil
}

// aim finds to whom and where an answer may go. Its errors are for a page, never for a redirect.
func (p *Provider) aim(ctx context.Context, v url.Values) (*clientRow, string, error) {
	for _, name := range []string{"client_id", "redirect_uri"} {
		if _, err := once(v, name); err != nil {
			return nil, "", err
		}
	}
	id, redirect := v.Get("client_id"), v.Get("redirect_uri")
	c, err := p.client(ctx, id)
	if errors.Is(err, ErrNoClient) {
		return nil, "", bad("invalid_client", "no such application")
	}
	if err != nil {
		return nil, "", err
	}
	if !slices.Contains(c.Settings.Redirects, redirect) {
		return nil, "", bad("invalid_request", "redirect_uri is not registered")
	}
	return c, redirect, nil
}

// read reads the parameters of a request; a fault is for a redirect.
func (p *Provider) read(ctx context.Context, c *clientRow, v url.Values) (request, error) {
	q := request{Client: c.ID, Redirect: v.Get("redirect_uri"), State: v.Get("state")}
	for _, name := range []string{"response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age", "acr_values", "request", "request_uri", "id_token_hint"} {
		if _, err := once(v, name); err != nil {
			return q, err
		}
	}
	q.Scope, q.Nonce, q.Prompt, q.ACR, q.Challenge = v.Get("scope"), v.Get("nonce"), v.Get("prompt"), v.Get("acr_values"), v.Get("code_challenge")
	switch {
	case v.Has("request"):
		return q, bad("request_not_supported", "push the request instead")
	case v.Has("request_uri"):
		return q, bad("request_uri_not_supported", "push the request instead")
	case v.Get("response_type") != "code":
		if v.Get("response_type") == "" {
			return q, bad("invalid_request", "response_type is missing")
		}
		return q, bad("unsupported_response_type", "code alone")
	case v.Get("response_mode") != "" && v.Get("response_mode") != "query":
		return q, bad("invalid_request", "response_mode is query alone")
	case !slices.Contains(words(q.Scope), "openid"):
		return q, bad("invalid_scope", "openid is missing")
	case len(q.State) > 512 || len(q.Nonce) > 200 || len(q.Scope) > 200 || len(q.ACR) > 200:
		q.State = q.State[:min(len(q.State), 512)]
		return q, bad("invalid_request", "a parameter is too long")
	}
	if err := checkChallenge(c, v); err != nil {
		return q, err
	}
	if err := q.readPrompt(v); err != nil {
		return q, err
	}
	if hint := v.Get("id_token_hint"); hint != "" {
		claims, err := p.verified(ctx, hint)
		sub, _ := claims["sub"].(string)
		if aud, _ := claims["aud"].(string); err != nil || sub == "" || aud != c.ID {
			return q, bad("invalid_request", "id_token_hint is none that the application got of us")
		}
		q.Hint = sub
	}
	return q, nil
}

func checkChallenge(c *clientRow, v url.Values) error {
	challenge, method := v.Get("code_challenge"), v.Get("code_challenge_method")
	switch {
	case challenge == "" && method == "" && c.Settings.WithoutPKCE:
		return nil
	case challenge == "":
		return bad("invalid_request", "code_challenge is missing: PKCE is needed")
	case method != "S256":
		return bad("invalid_request", "code_challenge_method is S256 alone")
	case !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(challenge):
		return bad("invalid_request", "code_challenge is no SHA-256")
	}
	return nil
}

func (q *request) readPrompt(v url.Values) error {
	prompts := words(q.Prompt)
	if slices.Contains(prompts, "none") && len(prompts) > 1 {
		return bad("invalid_request", "prompt: none stands alone")
	}
	if text := v.Get("max_age"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return bad("invalid_request", "max_age is no number of seconds")
		}
		n = min(n, 1<<30)
		q.MaxAge = &n
	}
	return nil
}

// authorize begins a sign-in to an application.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.fail(w, r, bad("invalid_request", "the form cannot be read"))
		return
	}
	v := r.Form
	var q request
	var c *clientRow
	var err error
	if uri := v.Get("request_uri"); strings.HasPrefix(uri, pushedStart) {
		c, q, err = p.pushed(r.Context(), v.Get("client_id"), hashOf(uri))
		if err == nil && !p.Clock.Now().Before(q.Ends) {
			err = errGone
		}
		if err != nil {
			p.fail(w, r, err)
			return
		}
	} else {
		c, _, err = p.aim(r.Context(), v)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		q, err = p.read(r.Context(), c, v)
		if err == nil && c.Settings.OnlyPushed {
			err = bad("invalid_request", "requests must be pushed")
		}
		if err != nil {
			p.refuse(w, r, q, err)
			return
		}
	}
	q.Ends = db.Time(p.Clock.Now().Add(signInLife))
	if r.Method == http.MethodPost { // the session's cookie comes with what the browser asks for next, not with this
		http.Redirect(w, r, p.later(q), http.StatusSeeOther)
		return
	}
	p.decide(w, r, c, q, false)
}

// resume goes on after somebody signed in or proved it once more.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) {
	var q request
	text, err := p.seal.open("request", r.URL.Query().Get("request"))
	if err == nil {
		err = json.Unmarshal(text, &q)
	}
	if err != nil || !p.Clock.Now().Before(q.Ends) {
		p.fail(w, r, bad("invalid_request", "it took too long: go back to the application and begin again"))
		return
	}
	c, err := p.client(r.Context(), q.Client)
	if err == nil && !slices.Contains(c.Settings.Redirects, q.Redirect) {
		err = bad("invalid_request", "redirect_uri is not registered")
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if q.Pushed != "" {
		_, whole, err := p.pushed(r.Context(), q.Client, q.Pushed)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		whole.Ends, whole.Since = q.Ends, q.Since
		q = whole
	}
	p.decide(w, r, c, q, true)
}

// later is where a browser goes on with q.
func (p *Provider) later(q request) string {
	if q.Pushed != "" { // it is in the database: an address must stay short
		q = request{Client: q.Client, Redirect: q.Redirect, Pushed: q.Pushed, Ends: q.Ends, Since: q.Since}
	}
	text, _ := json.Marshal(q) // nothing in it can fail
	return "/oidc/resume?request=" + p.seal.close("request", text)
}

// decide answers a request with a code, with a refusal, or sends the browser to sign in first. after says that it comes from there.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request, c *clientRow, q request, after bool) {
	who, in, err := p.People.Asked(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	silent := slices.Contains(words(q.Prompt), "none")
	code := p.lacks(c, &q, who, in)
	var no Refusal
	if code == "" && c.lets(who) {
		no = p.judged(r.Context(), Visit{Who: who, Address: web.Peer(r), Application: c.ID, Entering: true})
	}
	switch {
	case code == "" && !c.lets(who):
		p.refused(r, c, who, nil)
		p.answer(w, r, q, url.Values{"error": {"access_denied"}, "error_description": {"this person may not use the application"}}, after)
	case code == "" && q.Hint != "" && q.Hint != who.ID:
		p.answer(w, r, q, url.Values{"error": {"login_required"}, "error_description": {"somebody else is signed in"}}, after)
	case no.Code != "":
		p.keepOut(w, r, c, q, who, no, after)
	case code == "":
		given, err := p.grant(r, c, q, who)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		p.answer(w, r, q, url.Values{"code": {given}}, after)
	case silent || code == "unmet_authentication_requirements":
		p.answer(w, r, q, url.Values{"error": {code}}, after)
	default:
		page := "/sign-in?"
		if in {
			page = "/prove?"
		}
		p.ask(w, r, q, page)
	}
}

// keepOut is what comes of policies that refuse somebody an application: the page on which the proof is given that would do, else one that says why.
func (p *Provider) keepOut(w http.ResponseWriter, r *http.Request, c *clientRow, q request, who identity.Person, no Refusal, after bool) {
	proof := no.Code == identity.ProveAgain || no.Code == identity.PasskeyNeeded
	anew := q.Since != nil && !db.Time(who.Proved).Before(*q.Since) // a proof that was given and changed nothing is not asked for again
	switch {
	case slices.Contains(words(q.Prompt), "none") && proof:
		p.answer(w, r, q, url.Values{"error": {"interaction_required"}}, after)
	case no.Code == identity.PasskeyNeeded && !(anew && who.Resistant()):
		p.ask(w, r, q, "/prove?need=passkey&")
	case no.Code == identity.ProveAgain && !anew:
		p.ask(w, r, q, "/prove?")
	default:
		p.refused(r, c, who, map[string]string{"policies": strings.Join(no.Policies, " ")})
		v := url.Values{"error": {"access_denied"}, "error_description": {"a policy of the hospital refuses"}}
		if slices.Contains(words(q.Prompt), "none") {
			p.answer(w, r, q, v, after)
			return
		}
		p.explain(w, r, c, no, p.back(r, q, v))
	}
}

// ask sends a browser to a page of ours to sign in, or to prove it once more, and from there back.
func (p *Provider) ask(w http.ResponseWriter, r *http.Request, q request, page string) {
	if q.Since == nil {
		now := db.Time(p.Clock.Now())
		q.Since = &now
	}
	to := p.later(q)
	if web.LocalPath(to, "") == "" {
		p.refuse(w, r, q, bad("invalid_request", "the request is too long: push it"))
		return
	}
	http.Redirect(w, r, page+"next="+url.QueryEscape(to), http.StatusSeeOther)
}

// lacks is what is missing before somebody can be signed in, as an error that a silent request gets; "" for nothing.
func (p *Provider) lacks(c *clientRow, q *request, who identity.Person, in bool) string {
	if !in {
		return "login_required"
	}
	proved := db.Time(who.Proved)
	again := slices.Contains(words(q.Prompt), "login") || slices.Contains(words(q.Prompt), "select_account")
	if again && (q.Since == nil || proved.Before(*q.Since)) {
		return "login_required"
	}
	// What was proved since the question is new enough: the time that somebody takes to come back does not count.
	if q.MaxAge != nil && (q.Since == nil || proved.Before(*q.Since)) && p.Clock.Now().Sub(proved) > time.Duration(*q.MaxAge)*time.Second {
		return "login_required"
	}
	if !c.counts(proved, p.Clock.Now()) {
		return "login_required"
	}
	if _, level := c.wanted(words(q.ACR), who); level > 0 && !reached(who, level) {
		if q.Since != nil && !proved.Before(*q.Since) {
			return "unmet_authentication_requirements" // they proved it anew, and have nothing better
		}
		return "interaction_required"
	}
	return ""
}

// grant keeps that somebody signs in to an application, and gives the code.
func (p *Provider) grant(r *http.Request, c *clientRow, q request, who identity.Person) (code string, err error) {
	now := db.Time(p.Clock.Now())
	code = newSecret()
	g := &grantRow{
		ID: newID(), Client: c.ID, Person: who.ID, Session: who.Session, Issuer: p.issuer(r), Address: web.Peer(r), Request: q, Methods: who.Methods,
		ACR: c.acr(words(q.ACR), who), AuthTime: db.Time(who.Proved), Code: hashOf(code), CodeEnds: now.Add(codeLife), Created: now, Ends: now.Add(grantLife),
	}
	err = p.DB.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		if q.Pushed != "" { // it counts once
			d, err := tx.NewDelete().Model((*pushedRow)(nil)).Where("hash = ?", q.Pushed).Exec(ctx)
			if err != nil {
				return err
			}
			if n, err := d.RowsAffected(); err != nil || n == 0 {
				return errors.Join(err, bad("invalid_request", "the pushed request was used"))
			}
		}
		if _, err := tx.NewInsert().Model(g).Exec(ctx); err != nil {
			return err
		}
		// One session has a bounded number of grants to one application: the oldest end.
		_, err := tx.NewDelete().Model((*grantRow)(nil)).Where("session = ? AND client = ?", g.Session, g.Client).
			Where("id NOT IN (?)", tx.NewSelect().Model((*grantRow)(nil)).Column("id").Where("session = ? AND client = ?", g.Session, g.Client).
				OrderExpr("id DESC").Limit(manyGrants)).Exec(ctx)
		if err != nil {
			return err
		}
		return p.note(ctx, tx, ledger.Person(who.ID), "enter", "application:"+c.ID, false, map[string]string{"acr": g.ACR})
	})
	return code, err
}

// refused notes that somebody was kept out of an application.
func (p *Provider) refused(r *http.Request, c *clientRow, who identity.Person, why map[string]string) {
	err := p.DB.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		return p.note(ctx, tx, ledger.Person(who.ID), "enter", "application:"+c.ID, true, why)
	})
	if err != nil {
		p.Log.ErrorContext(r.Context(), "a refusal is not in the ledger", "error", err)
	}
}

// refuse tells the application what is wrong with its request.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, q request, err error) {
	var f *fault
	if !errors.As(err, &f) {
		p.fail(w, r, err)
		return
	}
	p.answer(w, r, q, url.Values{"error": {f.code}, "error_description": {f.text}}, false)
}

// answer sends a browser back to the application, with iss (RFC 9207) and state.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, q request, v url.Values, after bool) {
	to := p.back(r, q, v)
	if after { // form-action of the page with the form forbids a redirect to elsewhere: a page of ours goes on by itself
		p.goOn(w, r, to)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// back is where an application takes an answer: its address, which has no fragment ([checkAddress]), with the answer behind it.
func (p *Provider) back(r *http.Request, q request, v url.Values) string {
	v.Set("iss", p.issuer(r))
	if q.State != "" {
		v.Set("state", q.State)
	}
	to := strings.TrimSuffix(q.Redirect, "?")
	if strings.Contains(to, "?") {
		return to + "&" + v.Encode()
	}
	return to + "?" + v.Encode()
}

// push takes a request from the application itself (RFC 9126).
func (p *Provider) push(w http.ResponseWriter, r *http.Request) {
	c, err := p.authenticate(r)
	if err != nil {
		p.oauthError(w, r, err)
		return
	}
	v := url.Values{}
	for k, x := range r.PostForm {
		v[k] = x
	}
	v.Set("client_id", c.ID)
	_, _, err = p.aim(r.Context(), v)
	var q request
	if err == nil {
		q, err = p.read(r.Context(), c, v)
	}
	if err != nil {
		p.oauthError(w, r, err)
		return
	}
	if err := p.notTooOften(r, c); err != nil {
		p.oauthError(w, r, err)
		return
	}
	uri := pushedStart + newSecret()
	q.Pushed = hashOf(uri)
	row := &pushedRow{Hash: q.Pushed, Client: c.ID, Request: q, Ends: db.Time(p.Clock.Now().Add(pushedLife + signInLife))}
	q.Ends = db.Time(p.Clock.Now().Add(pushedLife))
	row.Request = q
	err = p.DB.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		if err := p.makeRoom(ctx, tx, c.ID); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(row).Exec(ctx)
		return err
	})
	if err != nil {
		p.oauthError(w, r, err)
		return
	}
	web.JSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int(pushedLife.Seconds())})
}

// pushed is a request that waits.
func (p *Provider) pushed(ctx context.Context, client, hash string) (*clientRow, request, error) {
	row := &pushedRow{}
	err := p.DB.Read().NewSelect().Model(row).Where("hash = ? AND client = ? AND ends > ?", hash, client, db.Time(p.Clock.Now())).Scan(ctx)
	if db.NotFound(err) {
		return nil, request{}, errGone
	}
	if err != nil {
		return nil, request{}, err
	}
	c, err := p.client(ctx, client)
	if err != nil || !slices.Contains(c.Settings.Redirects, row.Request.Redirect) {
		return nil, request{}, errors.Join(err, errGone)
	}
	return c, row.Request, nil
}
