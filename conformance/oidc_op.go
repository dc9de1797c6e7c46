package conformance

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// runOpenIDProvider holds the modules of the OpenID Foundation's basic plan for providers against ours, and lies that they do not tell. The names are
// the Foundation's; what each does is written here.
func runOpenIDProvider(ctx context.Context, b *Bench) ([]Case, error) {
	modules, err := modulesOf(filepath.Join(b.Data, "access", "oidc", "op-modules.csv"))
	if err != nil {
		return nil, err
	}
	d, err := openDesk(ctx, b.Scratch)
	if err != nil {
		return nil, err
	}
	o := &opDesk{desk: d, apps: map[string]*opApp{}}
	if err := o.register(); err != nil {
		return nil, err
	}
	ours := opModules()
	var cases []Case
	for _, m := range modules {
		c := Case{Family: "module", Name: m}
		if try := ours[m]; try == nil {
			c.Why = "nothing tries it"
		} else if err := o.fresh(try); err != nil {
			c.Why = err.Error()
		}
		cases = append(cases, c)
	}
	for _, name := range slices.Sorted(maps.Keys(opLies())) {
		c := Case{Family: "lie", Name: name}
		if err := o.fresh(opLies()[name]); err != nil {
			c.Why = err.Error()
		}
		cases = append(cases, c)
	}
	return cases, d.db.Close()
}

// modulesOf are the names in the first column of a list.
func modulesOf(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 {
		return nil, errors.Join(err, fmt.Errorf("conformance: %s has no modules", name))
	}
	var all []string
	for _, r := range rows[1:] {
		all = append(all, r[0])
	}
	return all, nil
}

const (
	opAt       = "/oidc/"
	opVerifier = "a-verifier-of-forty-three-characters-or-more-0"
	opNonce    = "a-nonce"
)

// opDesk is a browser, applications and our provider between them.
type opDesk struct {
	*desk
	apps map[string]*opApp
}

// opApp is an application: it asks without the browser's cookies.
type opApp struct {
	o                    *opDesk
	id, secret, redirect string
	inForm               bool // it says who it is in the form
}

func (o *opDesk) register() error {
	for id, auth := range map[string]string{"basic": "client_secret_basic", "post": "client_secret_post", "other": "client_secret_basic", "old": "client_secret_basic"} {
		a := &opApp{o: o, id: id, redirect: "https://" + id + ".example/back", inForm: auth == "client_secret_post"}
		var out struct {
			Secret string `json:"client_secret"`
		}
		settings := map[string]any{"redirect_uris": []string{a.redirect}, "post_logout_redirect_uris": []string{a.redirect + "/bye"}, "token_endpoint_auth_method": auth, "without_pkce": id == "old"}
		if status := o.call(http.MethodPost, "/api/applications", map[string]any{"id": id, "name": id, "settings": settings}, &out); status != http.StatusCreated {
			return fmt.Errorf("registering %s: %d", id, status)
		}
		a.secret = out.Secret
		o.apps[id] = a
	}
	return nil
}

// fresh tries something as somebody who signed in a moment ago.
func (o *opDesk) fresh(try func(*opDesk) error) error {
	o.signInAgain()
	return try(o)
}

// visit goes to a page with the browser's cookies.
func (o *opDesk) visit(method, path string, form url.Values) *http.Response {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, partyFrom+path, body)
	r.RemoteAddr = "192.0.2.1:1"
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range o.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	o.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(o.cookies, c.Name)
		} else {
			o.cookies[c.Name] = c.Value
		}
	}
	return w.Result()
}

// asks is a request of an application, with what it changes about the usual one: name, value; a value "-" leaves it away.
func (a *opApp) asks(changes ...string) url.Values {
	h := sha256.Sum256([]byte(opVerifier))
	v := url.Values{"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {a.redirect}, "scope": {"openid"}, "state": {"a state"}, "nonce": {opNonce},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(h[:])}, "code_challenge_method": {"S256"}}
	for i := 0; i < len(changes); i += 2 {
		if v.Set(changes[i], changes[i+1]); changes[i+1] == "-" {
			v.Del(changes[i])
		}
	}
	return v
}

var refreshTo = regexp.MustCompile(`content="0;url=([^"]+)"`)

// landed is where a browser ends up, by redirects and pages that go on by themselves: an address of the application, or a page of ours.
func (o *opDesk) landed(resp *http.Response) (at *url.URL, status int) {
	for range 5 {
		to := resp.Header.Get("Location")
		if to == "" {
			text, _ := io.ReadAll(resp.Body)
			if m := refreshTo.FindStringSubmatch(string(text)); m != nil {
				to = html.UnescapeString(m[1])
			}
		}
		u, err := url.Parse(to)
		if to == "" || err != nil || u.IsAbs() {
			return u, resp.StatusCode
		}
		if u.Path == "/sign-in" || u.Path == "/prove" {
			return u, resp.StatusCode
		}
		resp = o.visit(http.MethodGet, to, nil)
	}
	return &url.URL{}, 0
}

// code is what an application gets for a request that must succeed without a page.
func (a *opApp) code(v url.Values) (string, error) {
	at, status := a.o.landed(a.o.visit(http.MethodGet, opAt+"authorize?"+v.Encode(), nil))
	return a.codeIn(at, status)
}

func (a *opApp) codeIn(at *url.URL, status int) (string, error) {
	q := at.Query()
	switch {
	case !strings.HasPrefix(at.String(), a.redirect+"?"):
		return "", fmt.Errorf("%d, led to %.200q", status, at)
	case q.Get("code") == "":
		return "", fmt.Errorf("no code: %s", at.RawQuery)
	case q.Get("state") != "a state" || q.Get("iss") != partyFrom+"/oidc":
		return "", fmt.Errorf("state or iss: %s", at.RawQuery)
	}
	return q.Get("code"), nil
}

// refused wants a request to be refused at the application with an error.
func (a *opApp) refused(v url.Values, want string) error {
	at, status := a.o.landed(a.o.visit(http.MethodGet, opAt+"authorize?"+v.Encode(), nil))
	if !strings.HasPrefix(at.String(), a.redirect+"?") || at.Query().Get("error") != want || at.Query().Get("code") != "" {
		return fmt.Errorf("%d, led to %.200q, want error %s", status, at, want)
	}
	return nil
}

// post sends a form as the application, and reads what is answered.
func (a *opApp) post(path string, v url.Values) (int, map[string]any) {
	if a.inForm {
		v.Set("client_id", a.id)
		v.Set("client_secret", a.secret)
	}
	r := httptest.NewRequest(http.MethodPost, partyFrom+opAt+path, strings.NewReader(v.Encode()))
	r.RemoteAddr = "192.0.2.2:1"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !a.inForm {
		r.SetBasicAuth(url.QueryEscape(a.id), url.QueryEscape(a.secret))
	}
	return a.o.app0(r)
}

// app0 sends what an application sends: without the browser's cookies.
func (o *opDesk) app0(r *http.Request) (int, map[string]any) {
	w := httptest.NewRecorder()
	o.handler.ServeHTTP(w, r)
	var out map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return w.Code, out
}

func (a *opApp) exchange(code string) (int, map[string]any) {
	return a.post("token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.redirect}, "code_verifier": {opVerifier}})
}

// tokens takes a request from the browser to the tokens, and the claims of the ID token.
func (a *opApp) tokens(v url.Values) (tokens, claims map[string]any, err error) {
	code, err := a.code(v)
	if err != nil {
		return nil, nil, err
	}
	return a.redeem(code)
}

func (a *opApp) redeem(code string) (tokens, claims map[string]any, err error) {
	status, tokens := a.exchange(code)
	if status != http.StatusOK || tokens["token_type"] != "Bearer" {
		return nil, nil, fmt.Errorf("the token endpoint answers %d %v", status, tokens)
	}
	claims, err = a.o.verified(str(tokens["id_token"]))
	if err == nil && (claims["iss"] != partyFrom+"/oidc" || claims["aud"] != a.id || claims["sub"] != a.o.person || claims["auth_time"] == nil || claims["exp"] == nil || claims["acr"] == nil) {
		err = fmt.Errorf("the ID token says %v", claims)
	}
	return tokens, claims, err
}

func str(v any) string { s, _ := v.(string); return s }

// verified are the claims of an ID token, by the published keys.
func (o *opDesk) verified(token string) (map[string]any, error) {
	status, text := o.ask(http.MethodGet, opAt+"jwks", "", nil)
	var set jose.JSONWebKeySet
	if status != http.StatusOK || json.Unmarshal([]byte(text), &set) != nil {
		return nil, fmt.Errorf("jwks: %d %.200s", status, text)
	}
	t, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	keys := set.Key(t.Signatures[0].Header.KeyID)
	if len(keys) != 1 || !keys[0].IsPublic() {
		return nil, fmt.Errorf("kid %q is not among the keys", t.Signatures[0].Header.KeyID)
	}
	plain, err := t.Verify(keys[0].Key)
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	return claims, json.Unmarshal(plain, &claims)
}

// userinfo asks who somebody is, by a way to show the token.
func (o *opDesk) userinfo(token, method string, inForm bool) (int, map[string]any) {
	form := url.Values{}
	if inForm {
		form.Set("access_token", token)
	}
	r := httptest.NewRequest(method, partyFrom+opAt+"userinfo", strings.NewReader(form.Encode()))
	r.RemoteAddr = "192.0.2.2:1"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if !inForm {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return o.app0(r)
}

// again signs in, or proves it, where a page asks for it, and is where that leads.
func (o *opDesk) again(at *url.URL) (*url.URL, int) {
	next := at.Query().Get("next")
	o.clock.Add(time.Minute)
	if at.Path == "/prove" {
		return o.landed(o.visit(http.MethodPost, "/prove", url.Values{"code": {o.app.Code(o.clock.Now())}, "next": {next}}))
	}
	o.visit(http.MethodPost, "/sign-in", url.Values{"login": {"alix"}, "password": {deskPassword}})
	return o.landed(o.visit(http.MethodPost, "/sign-in/second", url.Values{"code": {o.app.Code(o.clock.Now())}, "next": {next}}))
}

// works is a request that must lead to tokens and to who somebody is.
func works(changes ...string) func(*opDesk) error { return worksFor("basic", changes...) }

func worksFor(app string, changes ...string) func(*opDesk) error {
	return func(o *opDesk) error {
		a := o.apps[app]
		tokens, claims, err := a.tokens(a.asks(changes...))
		if err != nil {
			return err
		}
		if n := str(claims["nonce"]); n != a.asks(changes...).Get("nonce") {
			return fmt.Errorf("nonce %q", n)
		}
		status, who := o.userinfo(str(tokens["access_token"]), http.MethodGet, false)
		if status != http.StatusOK || who["sub"] != o.person {
			return fmt.Errorf("userinfo: %d %v", status, who)
		}
		if strings.Contains(a.asks(changes...).Get("scope"), "profile") && (who["name"] != "Alix Martin" || who["preferred_username"] != "alix") {
			return fmt.Errorf("userinfo: %v", who)
		}
		return nil
	}
}

func refuses(want string, changes ...string) func(*opDesk) error {
	return func(o *opDesk) error { return o.apps["basic"].refused(o.apps["basic"].asks(changes...), want) }
}

func opModules() map[string]func(*opDesk) error {
	asObject := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"redirect_uri":"https://evil.example/"}`)) + "."
	return map[string]func(*opDesk) error{
		"OIDCCServerTest":                                   serverTest,
		"OIDCCServerTestClientSecretPost":                   worksFor("post"),
		"OIDCCAlternateHappyFlow":                           works("scope", "profile openid"),
		"OIDCCClaimsEssential":                              works("claims", `{"id_token":{"name":{"essential":true}}}`, "scope", "openid profile"),
		"OIDCCClaimsLocales":                                works("claims_locales", "fr en"),
		"OIDCCDisplayPage":                                  works("display", "page"),
		"OIDCCDisplayPopup":                                 works("display", "popup"),
		"OIDCCLoginHint":                                    works("login_hint", "alix"),
		"OIDCCUiLocales":                                    works("ui_locales", "se"),
		"OIDCCEnsureRequestWithAcrValuesSucceeds":           works("acr_values", "aal2 unknown"),
		"OIDCCEnsureRequestWithUnknownParameterSucceeds":    works("extra", "foobar"),
		"OIDCCEnsureRequestWithValidPkceSucceeds":           works(),
		"OIDCCEnsureRequestWithoutNonceSucceedsForCodeFlow": works("nonce", "-"),
		"OIDCCPromptNoneLoggedIn":                           works("prompt", "none"),
		"OIDCCScopeAddress":                                 works("scope", "openid address"),
		"OIDCCScopeAll":                                     works("scope", "openid profile email address phone"),
		"OIDCCScopeEmail":                                   works("scope", "openid email"),
		"OIDCCScopePhone":                                   works("scope", "openid phone"),
		"OIDCCScopeProfile":                                 works("scope", "openid profile"),
		"OIDCCIdTokenSignature":                             works(),
		"OIDCCResponseTypeMissing":                          refuses("invalid_request", "response_type", "-"),
		"OIDCCRequestUriUnsignedSupportedCorrectlyOrRejectedAsUnsupported":    refuses("request_uri_not_supported", "request_uri", "https://app.example/request.jwt"),
		"OIDCCUnsignedRequestObjectSupportedCorrectlyOrRejectedAsUnsupported": refuses("request_not_supported", "request", asObject),
		"OIDCCEnsureRequestObjectWithRedirectUri":                             refuses("request_not_supported", "request", asObject),
		"OIDCCEnsureRegisteredRedirectUri":                                    notRegistered,
		"OIDCCEnsurePostRequestSucceeds":                                      byPost,
		"OIDCCAuthCodeReuse":                                                  func(o *opDesk) error { return reuse(o, 0) },
		"OIDCCAuthCodeReuseAfter30Seconds":                                    func(o *opDesk) error { return reuse(o, 30*time.Second) },
		"OIDCCIdTokenHint":                                                    idTokenHint,
		"OIDCCIdTokenUnsigned":                                                neverUnsigned,
		"OIDCCMaxAge1":                                                        func(o *opDesk) error { return signsInAgain(o, "max_age", "1") },
		"OIDCCPromptLogin":                                                    func(o *opDesk) error { return signsInAgain(o, "prompt", "login") },
		"OIDCCMaxAge10000":                                                    sameSession,
		"OIDCCPromptNoneNotLoggedIn":                                          silentlyNobody,
		"OIDCCRefreshToken":                                                   refreshes,
		"OIDCCUserInfoGet":                                                    func(o *opDesk) error { return tellsWho(o, http.MethodGet, false) },
		"OIDCCUserInfoPostBody":                                               func(o *opDesk) error { return tellsWho(o, http.MethodPost, true) },
		"OIDCCUserInfoPostHeader":                                             func(o *opDesk) error { return tellsWho(o, http.MethodPost, false) },
	}
}

func (o *opDesk) discovery() (map[string]any, error) {
	status, text := o.ask(http.MethodGet, opAt+".well-known/openid-configuration", "", nil)
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); status != http.StatusOK || err != nil || doc["issuer"] != partyFrom+"/oidc" {
		return nil, fmt.Errorf("discovery: %d %.300s", status, text)
	}
	return doc, nil
}

func serverTest(o *opDesk) error {
	doc, err := o.discovery()
	if err != nil {
		return err
	}
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"} {
		if doc[name] == nil {
			return fmt.Errorf("discovery has no %s", name)
		}
	}
	return works()(o)
}

func neverUnsigned(o *opDesk) error {
	doc, err := o.discovery()
	if err != nil {
		return err
	}
	if fmt.Sprint(doc["id_token_signing_alg_values_supported"]) != "[RS256]" {
		return fmt.Errorf("signs by %v", doc["id_token_signing_alg_values_supported"])
	}
	return nil
}

func notRegistered(o *opDesk) error {
	a := o.apps["basic"]
	for _, to := range []string{"https://evil.example/", a.redirect + "/", a.redirect + "?x=1", a.redirect + "#x", strings.ToUpper(a.redirect), "https://basic.example:443/back", "https://basic.example/back/../evil", ""} {
		resp := o.visit(http.MethodGet, opAt+"authorize?"+a.asks("redirect_uri", to).Encode(), nil)
		if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
			return fmt.Errorf("%q: %d, led to %q", to, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	return nil
}

func byPost(o *opDesk) error {
	a := o.apps["basic"]
	at, status := o.landed(o.visit(http.MethodPost, opAt+"authorize", a.asks()))
	code, err := a.codeIn(at, status)
	if err != nil {
		return err
	}
	_, _, err = a.redeem(code)
	return err
}

func reuse(o *opDesk, wait time.Duration) error {
	a := o.apps["basic"]
	code, err := a.code(a.asks())
	if err != nil {
		return err
	}
	tokens, _, err := a.redeem(code)
	if err != nil {
		return err
	}
	o.clock.Add(wait)
	if status, answer := a.exchange(code); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		return fmt.Errorf("the second time: %d %v", status, answer)
	}
	if status, _ := o.userinfo(str(tokens["access_token"]), http.MethodGet, false); status != http.StatusUnauthorized {
		return fmt.Errorf("the first token still opens: %d", status)
	}
	return nil
}

func idTokenHint(o *opDesk) error {
	a := o.apps["basic"]
	tokens, claims, err := a.tokens(a.asks())
	if err != nil {
		return err
	}
	_, again, err := a.tokens(a.asks("prompt", "none", "id_token_hint", str(tokens["id_token"])))
	if err == nil && again["sub"] != claims["sub"] {
		err = errors.New("somebody else")
	}
	return err
}

func signsInAgain(o *opDesk, name, value string) error {
	a := o.apps["basic"]
	_, before, err := a.tokens(a.asks())
	if err != nil {
		return err
	}
	o.clock.Add(2 * time.Second)
	at, status := o.landed(o.visit(http.MethodGet, opAt+"authorize?"+a.asks(name, value).Encode(), nil))
	if at.Path != "/prove" {
		return fmt.Errorf("%d, led to %q: nobody is asked", status, at)
	}
	code, err := a.codeIn(o.again(at))
	if err != nil {
		return err
	}
	_, after, err := a.redeem(code)
	if err == nil && after["auth_time"].(float64) <= before["auth_time"].(float64) {
		err = fmt.Errorf("auth_time %v, then %v", before["auth_time"], after["auth_time"])
	}
	return err
}

func sameSession(o *opDesk) error {
	a := o.apps["basic"]
	_, before, err := a.tokens(a.asks())
	if err != nil {
		return err
	}
	o.clock.Add(time.Second)
	_, after, err := a.tokens(a.asks("max_age", "10000"))
	if err == nil && after["auth_time"] != before["auth_time"] {
		err = fmt.Errorf("auth_time %v, then %v", before["auth_time"], after["auth_time"])
	}
	return err
}

func silentlyNobody(o *opDesk) error {
	o.visit(http.MethodPost, "/sign-out", url.Values{})
	a := o.apps["basic"]
	return a.refused(a.asks("prompt", "none"), "login_required")
}

func refreshes(o *opDesk) error {
	a := o.apps["basic"]
	tokens, before, err := a.tokens(a.asks())
	if err != nil {
		return err
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {str(tokens["refresh_token"])}}
	if status, answer := o.apps["other"].post("token", form); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		return fmt.Errorf("another application: %d %v", status, answer)
	}
	status, next := a.post("token", form)
	if status != http.StatusOK {
		return fmt.Errorf("%d %v", status, next)
	}
	after, err := o.verified(str(next["id_token"]))
	for _, name := range []string{"iss", "sub", "aud", "auth_time"} {
		if err == nil && fmt.Sprint(after[name]) != fmt.Sprint(before[name]) {
			err = fmt.Errorf("%s: %v, then %v", name, before[name], after[name])
		}
	}
	if err != nil {
		return err
	}
	if status, _ := a.post("token", form); status != http.StatusBadRequest {
		return fmt.Errorf("a refresh token counts twice: %d", status)
	}
	form.Set("refresh_token", str(next["refresh_token"]))
	if status, _ := a.post("token", form); status != http.StatusBadRequest {
		return fmt.Errorf("its family goes on after it came twice: %d", status)
	}
	return nil
}

func tellsWho(o *opDesk, method string, inForm bool) error {
	a := o.apps["basic"]
	tokens, claims, err := a.tokens(a.asks("scope", "openid profile"))
	if err != nil {
		return err
	}
	status, who := o.userinfo(str(tokens["access_token"]), method, inForm)
	if status != http.StatusOK || who["sub"] != claims["sub"] || who["preferred_username"] != "alix" {
		return fmt.Errorf("%d %v", status, who)
	}
	return nil
}
