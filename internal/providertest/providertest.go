// Package providertest is an OpenID provider for tests. It is right unless it is told to lie, and lets everybody in.
package providertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Client and Secret are those that it knows.
const (
	Client = "bulwark"
	Secret = "a secret with : and %"
	// LogoutEvent is what a logout token is about.
	LogoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// Lie is what the provider says that it should not; the zero value is right.
type Lie struct {
	// Claims change those of the ID token; a nil value leaves one away.
	Claims map[string]any
	// Userinfo changes what the userinfo endpoint says.
	Userinfo map[string]any
	// Sign makes the ID token of its claims. Nil: [Provider.Sign].
	Sign func(claims map[string]any) (string, error)
	// Keys are what it publishes. Nil: its own.
	Keys []jose.JSONWebKey
	// SignedUserinfo sends userinfo as a JWT that Wrap may encrypt.
	SignedUserinfo bool
	// Wrap changes each token before it is sent.
	Wrap func(token string) (string, error)
	// UserinfoType is the content type of userinfo. Empty: that of what is sent.
	UserinfoType string
	// Discovery changes what discovery says.
	Discovery map[string]any
	// Back changes what the browser brings back.
	Back map[string]string
	// Status is what the token endpoint answers. 0: as it should.
	Status int
	// Push is the error with which a question to a telephone is answered. Empty: none.
	Push string
}

// Provider is one that runs. Make it with [New].
type Provider struct {
	URL   string
	Key   *rsa.PrivateKey
	Other *rsa.PrivateKey // a key that it does not publish
	EC    *ecdsa.PrivateKey

	server *httptest.Server
	now    func() time.Time

	mu    sync.Mutex // guards what follows
	lie   Lie
	codes map[string]url.Values // what was asked for, by code
	// how it was asked last
	auth, bearer string
	keysRead     int
	pushes       []url.Values // questions to telephones
	waiting      []string     // what is said before the answer
}

// New starts a provider on this machine, whose time is now.
func New(now func() time.Time) (*Provider, error) {
	p := &Provider{now: now, codes: map[string]url.Values{}}
	var errs [3]error
	p.Key, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	p.Other, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	p.EC, errs[2] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /push", p.push)
	mux.HandleFunc("/userinfo", p.userinfo)
	mux.HandleFunc("GET /keys", p.keys)
	p.server = httptest.NewServer(mux)
	p.URL = p.server.URL
	return p, nil
}

// Close stops it.
func (p *Provider) Close() { p.server.Close() }

// Tell has it lie from now on.
func (p *Provider) Tell(l Lie) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lie, p.auth, p.bearer, p.keysRead = l, "", "", 0
}

// Asked tells how the client said last who it is (basic, post, assertion), how it showed its token to userinfo (header, body), and how often it read keys.
func (p *Provider) Asked() (auth, bearer string, keysRead int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.auth, p.bearer, p.keysRead
}

func (p *Provider) told() Lie {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lie
}

func over(usual, changes map[string]any) map[string]any {
	all := maps.Clone(usual)
	for k, v := range changes {
		if all[k] = v; v == nil {
			delete(all, k)
		}
	}
	return all
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, over(map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"userinfo_endpoint": p.URL + "/userinfo", "jwks_uri": p.URL + "/keys", "end_session_endpoint": p.URL + "/leave", "backchannel_authentication_endpoint": p.URL + "/push",
		"id_token_signing_alg_values_supported": []string{"none", "HS256", "RS256", "ES256"}}, p.told().Discovery))
}

func random() string {
	var b [24]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q, l := r.URL.Query(), p.told()
	code := random()
	p.mu.Lock()
	p.codes[code] = q
	p.mu.Unlock()
	u, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != Client || q.Get("response_type") != "code" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	for k, v := range l.Back {
		if back.Set(k, v); v == "" {
			back.Del(k)
		}
	}
	u.RawQuery = back.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}

// Visit goes to where a client sends a browser, and returns where the browser is sent back.
func (p *Provider) Visit(to string) (*url.URL, error) {
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	got, err := c.Get(to)
	if err != nil {
		return nil, err
	}
	got.Body.Close()
	if got.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("providertest: %d", got.StatusCode)
	}
	return got.Location()
}

// known tells how a client says who it is, and whether it is the one that is known.
func known(r *http.Request) (auth string, ok bool) {
	id, secret, basic := r.BasicAuth()
	switch {
	case basic:
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
		return "basic", id == Client && secret == Secret
	case r.PostFormValue("client_assertion") != "":
		return "assertion", true
	case r.PostFormValue("client_secret") != "":
		return "post", r.PostFormValue("client_id") == Client && r.PostFormValue("client_secret") == Secret
	}
	return "none", false
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	l := p.told()
	auth, ok := known(r)
	p.mu.Lock()
	p.auth = auth
	asked := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case l.Status != 0:
		answer(w, l.Status, map[string]string{"error": "server_error"})
		return
	case !ok:
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	case r.PostFormValue("grant_type") == pushGrant:
		p.answered(w, r)
		return
	case asked == nil, asked.Get("redirect_uri") != r.PostFormValue("redirect_uri"), asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]), asked.Get("code_challenge_method") != "S256":
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	p.issue(w, l, map[string]any{"nonce": asked.Get("nonce")})
}

// issue sends tokens.
func (p *Provider) issue(w http.ResponseWriter, l Lie, more map[string]any) {
	now := p.now()
	claims := over(map[string]any{"iss": p.URL, "sub": "somebody", "aud": Client, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "sid": "a session", "auth_time": now.Unix()}, more)
	claims = over(claims, l.Claims)
	sign := l.Sign
	if sign == nil {
		sign = p.Sign
	}
	text, err := sign(claims)
	if err == nil && l.Wrap != nil {
		text, err = l.Wrap(text)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": "an access token", "token_type": "Bearer", "expires_in": 300, "id_token": text})
}

// Sign signs claims with the key that is published, by RS256.
func (p *Provider) Sign(claims map[string]any) (string, error) {
	return SignWith(jose.RS256, p.Key, "one", claims)
}

// SignWith signs claims.
func SignWith(alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) (string, error) {
	o := &jose.SignerOptions{}
	if kid != "" {
		o = o.WithHeader("kid", kid)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	t, err := s.Sign(text)
	if err != nil {
		return "", err
	}
	return t.CompactSerialize()
}

// Unsigned is a token of alg none.
func Unsigned(claims map[string]any) (string, error) {
	text, err := json.Marshal(claims)
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + ".", err
}

// Published is a public key as it is published.
func Published(public any, kid string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: public, KeyID: kid, Use: "sig"}
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	l := p.told()
	p.mu.Lock()
	p.keysRead++
	p.mu.Unlock()
	set := l.Keys
	if set == nil {
		set = []jose.JSONWebKey{Published(&p.Key.PublicKey, "one"), Published(&p.EC.PublicKey, "two")}
	}
	answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: set})
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	l, bearer := p.told(), ""
	switch {
	case r.Header.Get("Authorization") == "Bearer an access token":
		bearer = "header"
	case r.Method == http.MethodPost && r.PostFormValue("access_token") == "an access token":
		bearer = "body"
	}
	p.mu.Lock()
	p.bearer = bearer
	p.mu.Unlock()
	if bearer == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims := over(map[string]any{"sub": "somebody", "preferred_username": "Marie.Durand", "name": "Marie Durand"}, l.Userinfo)
	if !l.SignedUserinfo {
		text, _ := json.Marshal(claims)
		w.Header().Set("Content-Type", "application/json")
		if l.UserinfoType != "" {
			w.Header().Set("Content-Type", l.UserinfoType)
		}
		_, _ = w.Write(text)
		return
	}
	sign := l.Sign
	if sign == nil {
		sign = p.Sign
	}
	text, err := sign(over(claims, map[string]any{"iss": p.URL, "aud": Client}))
	if err == nil && l.Wrap != nil {
		text, err = l.Wrap(text)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jwt")
	_, _ = w.Write([]byte(text))
}

// LogoutToken says that a session ended, with changes; a nil value leaves a claim away.
func (p *Provider) LogoutToken(changes map[string]any) (string, error) {
	now := p.now()
	return p.Sign(over(map[string]any{"iss": p.URL, "aud": Client, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": random(), "sid": "a session", "events": map[string]any{LogoutEvent: map[string]any{}}}, changes))
}
