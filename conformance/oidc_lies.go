package conformance

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// opLies are what an attacker, or a careless application, tries with a provider beyond what the plan asks.
func opLies() map[string]func(*opDesk) error {
	exchanged := func(change func(o *opDesk, a *opApp, v url.Values) *opApp) func(*opDesk) error {
		return func(o *opDesk) error {
			a := o.apps["basic"]
			code, err := a.code(a.asks())
			if err != nil {
				return err
			}
			v := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.redirect}, "code_verifier": {opVerifier}}
			if status, answer := change(o, a, v).post("token", v); status/100 == 2 || answer["access_token"] != nil {
				return fmt.Errorf("tokens are given: %d", status)
			}
			return nil
		}
	}
	same := func(change func(v url.Values)) func(*opDesk) error {
		return exchanged(func(_ *opDesk, a *opApp, v url.Values) *opApp { change(v); return a })
	}
	return map[string]func(*opDesk) error{
		"a code of another application": exchanged(func(o *opDesk, _ *opApp, _ url.Values) *opApp { return o.apps["other"] }),
		"a wrong secret":                exchanged(func(_ *opDesk, a *opApp, _ url.Values) *opApp { b := *a; b.secret += "x"; return &b }),
		"no secret":                     exchanged(func(_ *opDesk, a *opApp, _ url.Values) *opApp { b := *a; b.secret = ""; return &b }),
		"the secret in the form":        exchanged(func(_ *opDesk, a *opApp, _ url.Values) *opApp { b := *a; b.inForm = true; return &b }),
		"a code that is a minute old":   exchanged(func(o *opDesk, a *opApp, _ url.Values) *opApp { o.clock.Add(61 * time.Second); return a }),
		"a code after the sign-out": exchanged(func(o *opDesk, a *opApp, _ url.Values) *opApp {
			o.visit(http.MethodPost, "/sign-out", url.Values{})
			return a
		}),
		"another verifier": same(func(v url.Values) { v.Set("code_verifier", strings.Repeat("x", 43)) }),
		"no verifier":      same(func(v url.Values) { v.Del("code_verifier") }),
		"another redirect address at the exchange": same(func(v url.Values) { v.Set("redirect_uri", "https://basic.example/other") }),
		"the code twice in the form":               same(func(v url.Values) { v.Add("code", "x") }),
		"a grant by password": same(func(v url.Values) {
			v.Set("grant_type", "password")
			v.Set("username", "alix")
			v.Set("password", deskPassword)
		}),
		"no PKCE":                                 refuses("invalid_request", "code_challenge", "-", "code_challenge_method", "-"),
		"PKCE in clear":                           refuses("invalid_request", "code_challenge", opVerifier, "code_challenge_method", "plain"),
		"a token in the address":                  refuses("unsupported_response_type", "response_type", "token"),
		"an ID token in the address":              refuses("unsupported_response_type", "response_type", "code id_token"),
		"an answer in the fragment":               refuses("invalid_request", "response_mode", "fragment"),
		"prompt none beside another":              refuses("invalid_request", "prompt", "none login"),
		"a hint of nobody's":                      refuses("invalid_request", "id_token_hint", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))+"."+base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x"}`))+"."),
		"a state of 100,000 letters":              refusesLong,
		"a request that was pushed twice used":    pushedTwice,
		"a request that was pushed too long ago":  pushedLate,
		"a logout by a link without a token":      logoutByLink,
		"a logout that leads elsewhere":           logoutElsewhere,
		"tokens after the session was ended":      endedSession,
		"a token of an application, as a session": tokenAsCookie,
	}
}

func refusesLong(o *opDesk) error {
	a := o.apps["basic"]
	at, status := o.landed(o.visit(http.MethodGet, opAt+"authorize?"+a.asks("state", strings.Repeat("s", 100000)).Encode(), nil))
	if at.Query().Get("code") != "" || len(at.String()) > 4096 {
		return fmt.Errorf("%d, %d letters", status, len(at.String()))
	}
	return nil
}

// pushes pushes the usual request, and is where a browser takes it.
func pushes(o *opDesk) (*opApp, string, error) {
	a := o.apps["basic"]
	status, answer := a.post("par", a.asks())
	uri := str(answer["request_uri"])
	if status != http.StatusCreated || uri == "" {
		return a, "", fmt.Errorf("pushing: %d %v", status, answer)
	}
	return a, opAt + "authorize?" + url.Values{"client_id": {a.id}, "request_uri": {uri}}.Encode(), nil
}

func pushedTwice(o *opDesk) error {
	a, path, err := pushes(o)
	if err != nil {
		return err
	}
	code, err := a.codeIn(o.landed(o.visit(http.MethodGet, path, nil)))
	if err != nil {
		return err
	}
	if _, _, err := a.redeem(code); err != nil {
		return err
	}
	if resp := o.visit(http.MethodGet, path, nil); resp.StatusCode != http.StatusBadRequest {
		return fmt.Errorf("the second time: %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	return nil
}

func pushedLate(o *opDesk) error {
	_, path, err := pushes(o)
	if err != nil {
		return err
	}
	o.clock.Add(91 * time.Second)
	if resp := o.visit(http.MethodGet, path, nil); resp.StatusCode != http.StatusBadRequest {
		return fmt.Errorf("%d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	return nil
}

// signedIn tells whether the browser still has a session.
func (o *opDesk) signedIn() bool { return o.call(http.MethodGet, "/api/me", nil, nil) == http.StatusOK }

func logoutByLink(o *opDesk) error {
	o.visit(http.MethodGet, opAt+"logout", nil)
	if !o.signedIn() {
		return errors.New("it ended the session")
	}
	return nil
}

func logoutElsewhere(o *opDesk) error {
	a := o.apps["basic"]
	tokens, _, err := a.tokens(a.asks())
	if err != nil {
		return err
	}
	v := url.Values{"id_token_hint": {str(tokens["id_token"])}, "post_logout_redirect_uri": {"https://evil.example/"}, "state": {"s"}}
	if resp := o.visit(http.MethodGet, opAt+"logout?"+v.Encode(), nil); resp.Header.Get("Location") != "" || !o.signedIn() {
		return fmt.Errorf("led to %q", resp.Header.Get("Location"))
	}
	v.Set("post_logout_redirect_uri", a.redirect+"/bye")
	if resp := o.visit(http.MethodGet, opAt+"logout?"+v.Encode(), nil); resp.Header.Get("Location") != a.redirect+"/bye?state=s" || o.signedIn() {
		return fmt.Errorf("the right one leads to %q", resp.Header.Get("Location"))
	}
	return nil
}

func endedSession(o *opDesk) error {
	a := o.apps["basic"]
	tokens, _, err := a.tokens(a.asks())
	if err != nil {
		return err
	}
	o.visit(http.MethodPost, "/sign-out", url.Values{})
	if status, _ := o.userinfo(str(tokens["access_token"]), http.MethodGet, false); status != http.StatusUnauthorized {
		return fmt.Errorf("userinfo: %d", status)
	}
	if status, _ := a.post("token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {str(tokens["refresh_token"])}}); status != http.StatusBadRequest {
		return fmt.Errorf("refreshing: %d", status)
	}
	if _, answer := a.post("introspect", url.Values{"token": {str(tokens["access_token"])}}); answer["active"] != false {
		return fmt.Errorf("introspection: %v", answer)
	}
	return nil
}

func tokenAsCookie(o *opDesk) error {
	a := o.apps["basic"]
	tokens, _, err := a.tokens(a.asks())
	if err != nil {
		return err
	}
	for _, name := range []string{"access_token", "refresh_token", "id_token"} {
		o.cookies["__Host-bulwark"] = str(tokens[name])
		if o.signedIn() {
			return fmt.Errorf("%s opens the console", name)
		}
	}
	return nil
}
