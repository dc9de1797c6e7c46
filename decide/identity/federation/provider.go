package federation

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"bulwark/platform/clock"
)

var (
	// ErrAway means that the provider cannot be reached, or is out of order.
	ErrAway = errors.New("federation: the provider does not answer")
	// ErrDenied means that the provider let nobody in: they went back, or may not.
	ErrDenied = errors.New("federation: the provider let nobody in")
	// ErrRefused means that what came back is not to be believed.
	ErrRefused = errors.New("federation: the answer of the provider is not to be believed")
)

const (
	// patience is how long one question to a provider may take, and most how many bytes of an answer are read.
	patience = 10 * time.Second
	most     = 1 << 20
	// foundLife is how long what discovery said holds. Whoever is sent to a provider is not sent to one that is known to be away: it is asked again
	// after beginLife.
	foundLife, beginLife = time.Hour, 10 * time.Second
	// awayLife is how long one that did not answer is not asked again: many who want to sign in are one question.
	awayLife = 2 * time.Second
	// oldest is how long ago a token may have been made, skew how far clocks may be apart.
	oldest = 10 * time.Minute
	skew   = time.Minute
)

// Provider is one provider. Make it with [New]; it is safe for concurrent use.
type Provider struct {
	Config Config

	client   *http.Client
	clock    clock.Clock
	keys     *keys
	opens    *rsa.PrivateKey // encrypted tokens; nil: none
	opensID  string
	signs    jose.Signer // who we are; nil: a secret says
	verifier *oidc.IDTokenVerifier

	reading sync.Mutex // held while endpoints are read, before mu

	mu        sync.Mutex // guards what follows
	found     *endpoints
	read      time.Time
	away      error // why they could not be read last; nil: they could
	awaySince time.Time
	fault     string
	used      map[string]time.Time // ids of logout tokens that were heard
}

// endpoints are what of discovery counts here (OpenID Connect Discovery 1.0, 3). It never says which algorithms are taken.
type endpoints struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Userinfo      string `json:"userinfo_endpoint"`
	Keys          string `json:"jwks_uri"`
	EndSession    string `json:"end_session_endpoint"`
	Push          string `json:"backchannel_authentication_endpoint"`
	SaysIssuer    bool   `json:"authorization_response_iss_parameter_supported"`
}

// New prepares a provider. It reads the files that c names, and asks nobody yet.
func New(c Config, clk clock.Clock) (*Provider, error) {
	p := &Provider{Config: c.Whole(), clock: clk, used: map[string]time.Time{}}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.Authority != "" {
		text, err := os.ReadFile(c.Authority)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", c.Authority)
		}
	}
	p.client = &http.Client{Transport: bounded{transport}, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var err error
	if c.DecryptionKey != "" {
		key, err := privateKey(c.DecryptionKey)
		if err != nil {
			return nil, err
		}
		var ok bool
		if p.opens, ok = key.(*rsa.PrivateKey); !ok {
			return nil, fmt.Errorf("%s is no RSA key", c.DecryptionKey)
		}
		if p.opensID, err = thumbprint(&p.opens.PublicKey); err != nil {
			return nil, err
		}
	}
	if c.Key != "" {
		if p.signs, err = assertionSigner(c.Key); err != nil {
			return nil, err
		}
	}
	p.keys = &keys{p: p}
	p.verifier = oidc.NewVerifier(p.Config.Issuer, p.keys, &oidc.Config{ClientID: c.Client, SupportedSigningAlgs: []string{p.Config.Algorithm}, Now: func() time.Time { return clk.Now().Add(-skew) }})
	return p, nil
}

// bounded cuts answers that are too long, so that nobody fills the memory.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		got.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(got.Body, most), got.Body}
	}
	return got, err
}

// get reads JSON from the provider.
func (p *Provider) get(ctx context.Context, from string, v any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	got, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s answers %d", ErrAway, from, got.StatusCode)
	}
	if err := json.NewDecoder(got.Body).Decode(v); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrAway, from, err)
	}
	return nil
}

// endpoints are those of the provider, read anew when they are older than life: by one at a time, and where they could not be read not at once again.
func (p *Provider) endpoints(ctx context.Context, life time.Duration) (*endpoints, error) {
	if e, err := p.known(life); e != nil || err != nil {
		return e, err
	}
	p.reading.Lock()
	defer p.reading.Unlock()
	if e, err := p.known(life); e != nil || err != nil { // somebody else has read them meanwhile
		return e, err
	}
	var e endpoints
	err := p.get(context.WithoutCancel(ctx), p.Config.Discovery, &e) // others wait for it, whoever goes away
	if err == nil {
		err = e.check(p.Config.Issuer, p.Config.Discovery)
	}
	now := p.clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away = err; err != nil {
		p.awaySince, p.fault = now, err.Error()
		return nil, err
	}
	p.found, p.read, p.fault = &e, now, ""
	return p.found, nil
}

// known are the endpoints that were read within life, or why they could not be a moment ago; nil and nil: they have to be read.
func (p *Provider) known(life time.Duration) (*endpoints, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	switch {
	case p.found != nil && now.Sub(p.read) < life:
		return p.found, nil
	case life > 0 && p.away != nil && now.Sub(p.awaySince) < awayLife:
		return nil, p.away
	}
	return nil, nil
}

// check refuses endpoints that are another's, or whose address others could read: what is found by https leads to https, and to nothing of this machine.
func (e *endpoints) check(issuer, discovery string) error {
	safe := func(at string) error {
		if strings.HasPrefix(discovery, "https:") && !strings.HasPrefix(at, "https:") {
			return fmt.Errorf("%q is not https", at)
		}
		return safeURL(at)
	}
	if e.Issuer != issuer {
		return fmt.Errorf("%w: discovery is of the issuer %.200q, not %q", ErrRefused, e.Issuer, issuer)
	}
	for name, at := range map[string]string{"authorization_endpoint": e.Authorization, "token_endpoint": e.Token, "jwks_uri": e.Keys} {
		if err := safe(at); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrRefused, name, err)
		}
	}
	for name, at := range map[string]string{"userinfo_endpoint": e.Userinfo, "end_session_endpoint": e.EndSession, "backchannel_authentication_endpoint": e.Push} {
		if at == "" {
			continue
		}
		if err := safe(at); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrRefused, name, err)
		}
	}
	return nil
}

// State is how a provider stands.
type State struct {
	Name   string    `json:"name"`
	Label  string    `json:"label"`
	Issuer string    `json:"issuer"`
	Client string    `json:"client"`
	Read   time.Time `json:"read,omitzero"` // when its endpoints were read last
	Fault  string    `json:"fault,omitempty"`
}

// Test reads what the provider says of itself, and its keys, now.
func (p *Provider) Test(ctx context.Context) (State, error) {
	_, err := p.endpoints(ctx, 0)
	if err == nil {
		_, err = p.keys.fetch(ctx)
	}
	return p.State(), err
}

// State tells how it stands.
func (p *Provider) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return State{p.Config.Name, p.Config.Label, p.Config.Issuer, p.Config.Client, p.read, p.fault}
}

func (p *Provider) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault = ""; err != nil {
		p.fault = err.Error()
	}
}

// Begun is what a sign-in that was begun is known by. It stays in the browser, sealed.
type Begun struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Redirect string `json:"redirect"`
	// Since is when somebody who is to prove it anew was sent there; zero: an earlier proof there will do.
	Since time.Time `json:"since,omitzero"`
	// pushed: no browser was sent, so that no nonce went with it (CIBA Core 1.0).
	pushed bool
}

// Begin says where somebody is sent to sign in, to come back to redirect; anew: although they are signed in there.
func (p *Provider) Begin(ctx context.Context, redirect string, anew bool) (to string, b Begun, err error) {
	e, err := p.endpoints(ctx, beginLife)
	if err != nil {
		return "", Begun{}, err
	}
	b = Begun{State: random(), Nonce: random(), Verifier: oauth2.GenerateVerifier(), Redirect: redirect}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(b.Verifier), oidc.Nonce(b.Nonce)}
	if len(p.Config.Classes) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(p.Config.Classes, " ")))
	}
	if anew {
		b.Since = p.clock.Now()
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	for _, x := range p.Config.Parameters {
		name, value, _ := strings.Cut(x, "=")
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return p.oauth(e, redirect, "").AuthCodeURL(b.State, options...), b, nil
}

// random is 256 bits in 64 characters, as Pro Santé Connect asks of a nonce.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (p *Provider) oauth(e *endpoints, redirect, secret string) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if p.Config.SecretInForm || p.signs != nil {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: p.Config.Client, ClientSecret: secret, RedirectURL: redirect, Scopes: append([]string{oidc.ScopeOpenID}, p.Config.Scopes...),
		Endpoint: oauth2.Endpoint{AuthURL: e.Authorization, TokenURL: e.Token, AuthStyle: style}}
}

// Finish reads what a browser brought back. The caller has made sure that b was begun by this browser, a moment ago, and is finished once.
func (p *Provider) Finish(ctx context.Context, b Begun, q url.Values) (*Arrival, error) {
	e, err := p.endpoints(ctx, foundLife)
	if err != nil {
		return nil, err
	}
	switch {
	case q.Get("state") != b.State || b.State == "":
		return nil, fmt.Errorf("%w: state", ErrRefused)
	case q.Has("iss") && q.Get("iss") != e.Issuer, e.SaysIssuer && !q.Has("iss"): // RFC 9207: another provider answered
		return nil, fmt.Errorf("%w: iss", ErrRefused)
	case q.Get("error") != "":
		return nil, fmt.Errorf("%w: %s", ErrDenied, printable(q.Get("error")))
	case q.Get("code") == "" || len(q["code"]) > 1:
		return nil, fmt.Errorf("%w: no code", ErrRefused)
	}
	token, err := p.exchange(ctx, e, b, q.Get("code"))
	p.failed(errAway(err))
	if err != nil {
		return nil, err
	}
	return p.arrived(ctx, e, token, b)
}

// arrived is whom tokens are about.
func (p *Provider) arrived(ctx context.Context, e *endpoints, token *oauth2.Token, b Begun) (*Arrival, error) {
	a, err := p.believe(ctx, token, b)
	if err != nil {
		return nil, err
	}
	if e.Userinfo != "" {
		if err := p.userinfo(ctx, e, token.AccessToken, a); err != nil {
			p.failed(errAway(err))
			return nil, err
		}
	}
	p.settle(a)
	return a, nil
}

func errAway(err error) error {
	if errors.Is(err, ErrAway) {
		return err
	}
	return nil
}

// exchange gives the code for tokens.
func (p *Provider) exchange(ctx context.Context, e *endpoints, b Begun, code string) (*oauth2.Token, error) {
	secret, err := p.Config.Secret.Reveal()
	if err != nil {
		return nil, err
	}
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(b.Verifier)}
	if p.signs != nil {
		text, err := p.assertion(e.Token)
		if err != nil {
			return nil, err
		}
		options = append(options, oauth2.SetAuthURLParam("client_assertion_type", assertionType), oauth2.SetAuthURLParam("client_assertion", text))
	}
	token, err := p.oauth(e, b.Redirect, secret).Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.client), code, options...)
	var said *oauth2.RetrieveError
	switch {
	case errors.As(err, &said) && said.Response.StatusCode < 500:
		return nil, fmt.Errorf("%w: the code is not taken: %d %s", ErrRefused, said.Response.StatusCode, printable(said.ErrorCode))
	case errors.As(err, &said):
		return nil, fmt.Errorf("%w: token endpoint answers %d", ErrAway, said.Response.StatusCode)
	case err != nil:
		return nil, fmt.Errorf("%w: token endpoint: %w", ErrAway, scrubbed(err))
	}
	return token, nil
}

// scrubbed is err without what it quotes of an answer, which may hold a token.
func scrubbed(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u
	}
	return errors.New("its answer is not what the standard says")
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertion says who we are (RFC 7523, 2.2).
func (p *Provider) assertion(audience string) (string, error) {
	now := p.clock.Now()
	text, err := json.Marshal(map[string]any{"iss": p.Config.Client, "sub": p.Config.Client, "aud": audience, "jti": random(), "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix()})
	if err != nil {
		return "", err
	}
	signed, err := p.signs.Sign(text)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// userinfo adds the claims of the userinfo endpoint (OpenID Connect Core 5.3), as JSON or as a JWT.
func (p *Provider) userinfo(ctx context.Context, e *endpoints, token string, a *Arrival) error {
	method, body := http.MethodGet, io.Reader(nil)
	if p.Config.UserinfoInBody {
		method, body = http.MethodPost, strings.NewReader(url.Values{"access_token": {token}}.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, e.Userinfo, body)
	if err != nil {
		return err
	}
	if p.Config.UserinfoInBody {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Accept", "application/json, application/jwt")
	got, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: userinfo answers %d", ErrAway, got.StatusCode)
	}
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return fmt.Errorf("%w: userinfo: %w", ErrAway, err)
	}
	switch kind, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type")); kind {
	case "application/json":
	case "application/jwt":
		if text, err = p.signedClaims(ctx, string(text)); err != nil {
			return fmt.Errorf("%w: userinfo: %w", ErrRefused, err)
		}
	default:
		return fmt.Errorf("%w: userinfo is %.60q", ErrRefused, kind)
	}
	return a.add(text)
}

// signedClaims are those of a JWT that is signed by the provider, and for us where it says for whom.
func (p *Provider) signedClaims(ctx context.Context, text string) ([]byte, error) {
	text, err := p.opened(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	plain, err := p.keys.VerifySignature(ctx, text)
	if err != nil {
		return nil, err
	}
	var c struct {
		Issuer   string `json:"iss"`
		Audience any    `json:"aud"`
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, err
	}
	if c.Issuer != "" && c.Issuer != p.Config.Issuer {
		return nil, errors.New("iss")
	}
	if all, ok := c.Audience.([]any); ok && !slices.Contains(all, any(p.Config.Client)) {
		return nil, errors.New("aud")
	} else if one, ok := c.Audience.(string); ok && one != p.Config.Client {
		return nil, errors.New("aud")
	}
	return plain, nil
}

// Leave is where somebody is sent to sign out there, too (OpenID Connect RP-Initiated Logout 1.0); "" where there is no such place.
func (p *Provider) Leave(ctx context.Context, idToken, back, state string) string {
	e, err := p.endpoints(ctx, foundLife)
	if err != nil || e.EndSession == "" || !p.Config.SignOut {
		return ""
	}
	u, err := url.Parse(e.EndSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.Config.Client)
	q.Set("post_logout_redirect_uri", back)
	q.Set("state", state)
	if idToken != "" {
		q.Set("id_token_hint", idToken)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// printable is text without what cannot be shown, at most 60 characters.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return -1
		}
		return r
	}, text)
	return text[:min(len(text), 60)]
}

// privateKey reads a private key in PEM.
func privateKey(name string) (any, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key in PEM", name)
	}
	if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	k, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}

// thumbprint is the id of a key by itself (RFC 7638).
func thumbprint(public any) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(sha256ID)
	return base64.RawURLEncoding.EncodeToString(sum), err
}
