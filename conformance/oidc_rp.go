package conformance

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"bulwark/decide/identity"
	"bulwark/decide/identity/federation"
	"bulwark/internal/providertest"
	"bulwark/platform/conf"
)

// rpDesk is a console whose people a provider sends.
type rpDesk struct {
	*desk
	op    *providertest.Provider
	opens *rsa.PrivateKey // encrypted tokens
	admin map[string]string
}

// runOpenIDClient holds the modules of the OpenID Foundation's basic plan for clients against ours, what is expected of a client of Pro Santé Connect,
// and lies that neither tells. The names of the modules are the Foundation's; what each does is written here.
func runOpenIDClient(ctx context.Context, b *Bench) ([]Case, error) {
	folder := filepath.Join(b.Data, "access")
	modules, err := modulesOf(filepath.Join(folder, "oidc", "rp-modules.csv"))
	if err != nil {
		return nil, err
	}
	o, err := openRPDesk(ctx, b.Scratch)
	if err != nil {
		return nil, err
	}
	defer o.op.Close()
	var cases []Case
	try := func(family, name string, do func(*rpDesk) error) {
		c := Case{Family: family, Name: name}
		if do == nil {
			c.Why = "nothing tries it"
		} else if err := do(o); err != nil {
			c.Why = err.Error()
		}
		cases = append(cases, c)
	}
	ours := o.modules()
	for _, m := range modules {
		try("module", m, ours[m])
	}
	told, err := o.toldClasses(filepath.Join(folder, "psc", "id-token-claims.json"))
	if err != nil {
		return nil, err
	}
	psc, lies := o.psc(), o.lies()
	maps.Copy(psc, o.pscPeople())
	maps.Copy(lies, o.logoutLies())
	for family, all := range map[string]map[string]func(*rpDesk) error{"psc": psc, "told": told, "lie": lies} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			try(family, name, all[name])
		}
	}
	slices.SortStableFunc(cases, func(a, b Case) int { return strings.Compare(a.Family, b.Family) })
	return cases, o.db.Close()
}

func openRPDesk(ctx context.Context, scratch string) (*rpDesk, error) {
	o := &rpDesk{}
	var err error
	if o.op, err = providertest.New(func() time.Time { return o.clock.Now() }); err != nil {
		return nil, err
	}
	if o.opens, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(o.opens)
	if err != nil {
		return nil, err
	}
	key := filepath.Join(scratch, "client.pem")
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return nil, err
	}
	one := federation.Config{Issuer: o.op.URL, Client: providertest.Client, Secret: conf.NewSecret(providertest.Secret), Make: true, SignOut: true}
	with := func(name string, change func(c *federation.Config)) federation.Config {
		c := one
		c.Name = name
		change(&c)
		return c
	}
	o.desk, err = openDesk(ctx, scratch, func(c *identity.Config) {
		c.Providers = []federation.Config{
			with("op", func(*federation.Config) {}),
			with("post", func(c *federation.Config) { c.SecretInForm, c.UserinfoInBody = true, true }),
			with("key", func(c *federation.Config) { c.Secret, c.Key = conf.Secret{}, key }),
			with("es", func(c *federation.Config) { c.Algorithm = "ES256" }),
			with("strict", func(c *federation.Config) { c.Make = false }),
			with("psc", func(c *federation.Config) {
				c.Preset, c.Discovery, c.DecryptionKey = "pro-sante-connect-sandbox", o.op.URL+"/.well-known/openid-configuration", key
			}),
		}
	})
	if err != nil {
		return nil, err
	}
	o.admin = maps.Clone(o.cookies)
	return o, nil
}

// afresh is a browser that has been nowhere, while the provider tells a lie.
func (o *rpDesk) afresh(l providertest.Lie) {
	o.cookies = map[string]string{}
	o.clock.Add(11 * time.Second) // keys are read again
	o.op.Tell(l)
}

// go goes to a provider and comes back, up to the address with which the browser comes back.
func (o *rpDesk) away(name string) (asked url.Values, back *url.URL, err error) {
	resp := o.visit(http.MethodGet, "/sign-in/with/"+name, nil)
	to := resp.Header.Get("Location")
	u, err := url.Parse(to)
	if err != nil || resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, o.op.URL+"/authorize?") {
		return nil, nil, fmt.Errorf("%d, led to %.200q", resp.StatusCode, to)
	}
	back, err = o.op.Visit(to)
	return u.Query(), back, err
}

// visit goes to a page with the browser's cookies.
func (o *rpDesk) visit(method, path string, form url.Values) *http.Response {
	return (&opDesk{desk: o.desk}).visit(method, path, form)
}

// come comes back to the console, and tells whether that opened a session.
func (o *rpDesk) come(back *url.URL) (in bool, resp *http.Response) {
	resp = o.visit(http.MethodGet, back.RequestURI(), nil)
	return o.cookies["__Host-bulwark"] != "" && resp.StatusCode == http.StatusSeeOther, resp
}

// through goes through the whole way with one provider, while it tells a lie.
func (o *rpDesk) through(name string, l providertest.Lie) (bool, error) {
	o.afresh(l)
	_, back, err := o.away(name)
	if err != nil {
		return false, err
	}
	in, _ := o.come(back)
	return in, nil
}

// takes wants somebody to be let in, refuses that nobody is.
func takes(name string, l func(o *rpDesk) providertest.Lie) func(*rpDesk) error {
	return wants(true, name, l)
}

func refusesFrom(name string, l func(o *rpDesk) providertest.Lie) func(*rpDesk) error {
	return wants(false, name, l)
}

func wants(in bool, name string, l func(o *rpDesk) providertest.Lie) func(*rpDesk) error {
	return func(o *rpDesk) error {
		was, err := o.through(name, l(o))
		if err == nil && was != in {
			err = fmt.Errorf("a session was opened: %v", was)
		}
		return err
	}
}

func told(claims map[string]any) func(*rpDesk) providertest.Lie {
	return func(*rpDesk) providertest.Lie { return providertest.Lie{Claims: claims} }
}

func right(*rpDesk) providertest.Lie { return providertest.Lie{} }

func signedWith(alg jose.SignatureAlgorithm, kid string, key func(o *rpDesk) any) func(o *rpDesk) providertest.Lie {
	return func(o *rpDesk) providertest.Lie {
		return providertest.Lie{Sign: func(c map[string]any) (string, error) { return providertest.SignWith(alg, key(o), kid, c) }}
	}
}

func (o *rpDesk) modules() map[string]func(*rpDesk) error {
	mine := func(o *rpDesk) any { return o.op.Key }
	saw := func(name string, want func(auth, bearer string) error) func(*rpDesk) error {
		return func(o *rpDesk) error {
			if in, err := o.through(name, providertest.Lie{}); err != nil || !in {
				return errors.Join(err, fmt.Errorf("a session was opened: %v", in))
			}
			auth, bearer, _ := o.op.Asked()
			return want(auth, bearer)
		}
	}
	is := func(got, want string) error {
		if got != want {
			return fmt.Errorf("%q, want %q", got, want)
		}
		return nil
	}
	two := func(o *rpDesk) providertest.Lie {
		l := signedWith(jose.RS256, "", mine)(o)
		l.Keys = []jose.JSONWebKey{providertest.Published(&o.op.Other.PublicKey, "other"), providertest.Published(&o.op.Key.PublicKey, "one")}
		return l
	}
	return map[string]func(*rpDesk) error{
		"OIDCCClientTest":                                    takes("op", right),
		"OIDCCClientTestClientSecretBasic":                   saw("op", func(auth, _ string) error { return is(auth, "basic") }),
		"OIDCCClientTestIdTokenSigAlgNone":                   refusesFrom("op", func(*rpDesk) providertest.Lie { return providertest.Lie{Sign: providertest.Unsigned} }),
		"OIDCCClientTestIdTokenSignedUsingRS256":             takes("op", signedWith(jose.RS256, "one", mine)),
		"OIDCCClientTestInvalidAudInIdToken":                 refusesFrom("op", told(map[string]any{"aud": "somebody else"})),
		"OIDCCClientTestInvalidIdTokenSignatureWithRS256":    refusesFrom("op", signedWith(jose.RS256, "one", func(o *rpDesk) any { return o.op.Other })),
		"OIDCCClientTestInvalidIssuerInIdToken":              refusesFrom("op", told(map[string]any{"iss": "https://elsewhere.example"})),
		"OIDCCClientTestInvalidSubInUserinfoResponse":        refusesFrom("op", func(*rpDesk) providertest.Lie { return providertest.Lie{Userinfo: map[string]any{"sub": "another"}} }),
		"OIDCCClientTestKidAbsentMultipleMatchingKeysInJwks": takes("op", two),
		"OIDCCClientTestKidAbsentSingleJwks": takes("op", func(o *rpDesk) providertest.Lie {
			l := signedWith(jose.RS256, "", mine)(o)
			l.Keys = []jose.JSONWebKey{providertest.Published(&o.op.Key.PublicKey, "")}
			return l
		}),
		"OIDCCClientTestMissingIatInIdToken": refusesFrom("op", told(map[string]any{"iat": nil})),
		"OIDCCClientTestMissingSubInIdToken": refusesFrom("op", told(map[string]any{"sub": nil})),
		"OIDCCClientTestNonceInvalid":        refusesFrom("op", told(map[string]any{"nonce": "another"})),
		"OIDCCClientTestScopeUserInfoClaims": func(o *rpDesk) error {
			l := providertest.Lie{Claims: map[string]any{"sub": "scope"}, Userinfo: map[string]any{"sub": "scope", "preferred_username": "scope.claims", "name": "Scope Claims"}}
			if in, err := o.through("op", l); err != nil || !in {
				return errors.Join(err, fmt.Errorf("a session was opened: %v", in))
			}
			return o.isHere("scope.claims", "Scope Claims")
		},
		"OIDCCClientTestUserinfoBearerBody":   saw("post", func(_, bearer string) error { return is(bearer, "body") }),
		"OIDCCClientTestUserinfoBearerHeader": saw("op", func(_, bearer string) error { return is(bearer, "header") }),
	}
}

// isHere wants the administrator to see somebody.
func (o *rpDesk) isHere(login, name string) error {
	o.cookies = maps.Clone(o.admin)
	o.signInAgain()
	o.admin = maps.Clone(o.cookies)
	var all struct {
		People []struct{ Login, Name string }
	}
	if status := o.call(http.MethodGet, "/api/people", nil, &all); status != http.StatusOK {
		return fmt.Errorf("listing people: %d", status)
	}
	for _, p := range all.People {
		if p.Login == login && p.Name == name {
			return nil
		}
	}
	return fmt.Errorf("%s is not here among %d", login, len(all.People))
}

// toldClasses are the ID tokens that ANS's own adapter is tried with.
func (o *rpDesk) toldClasses(file string) (map[string]func(*rpDesk) error, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []struct {
		Case, Want string
		Claims     map[string]any
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	m := map[string]func(*rpDesk) error{}
	for _, c := range all {
		for _, name := range []string{"iss", "aud", "nonce", "sub"} { // those of this provider
			delete(c.Claims, name)
		}
		m[c.Case] = wants(c.Want == "accept", "psc", told(c.Claims))
	}
	return m, nil
}

// doctor is what Pro Santé Connect says of somebody with activities.
func doctor(activities int) map[string]any {
	var all []any
	for n := range activities {
		all = append(all, map[string]any{"raisonSocialeSite": fmt.Sprintf("CH de Ville %d", n), "numeroFinessSite": "010000024"})
	}
	return map[string]any{"SubjectNameID": "899700218896", "preferred_username": "899700218896", "given_name": "Marie", "family_name": "Durand", "name": nil,
		"SubjectRefPro": map[string]any{"exercices": []any{map[string]any{"codeProfession": "10", "activities": all}}}}
}

// encrypted wraps tokens for a key.
func encrypted(key *rsa.PublicKey, kid string) func(string) (string, error) {
	return func(token string) (string, error) {
		e, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.RSA_OAEP, Key: key, KeyID: kid}, (&jose.EncrypterOptions{}).WithContentType("JWT"))
		if err != nil {
			return "", err
		}
		t, err := e.Encrypt([]byte(token))
		if err != nil {
			return "", err
		}
		return t.CompactSerialize()
	}
}

// ofPSC is what Pro Santé Connect says of a doctor, changed.
func ofPSC(change func(o *rpDesk, l *providertest.Lie)) func(*rpDesk) providertest.Lie {
	return func(o *rpDesk) providertest.Lie {
		l := providertest.Lie{Claims: map[string]any{"acr": "eidas1"}, Userinfo: doctor(1)}
		change(o, &l)
		return l
	}
}

// psc is what is expected of the tokens that a client of Pro Santé Connect takes.
func (o *rpDesk) psc() map[string]func(*rpDesk) error {
	return map[string]func(*rpDesk) error{
		"1, 2, 3: what is asked for": func(o *rpDesk) error {
			o.afresh(ofPSC(func(*rpDesk, *providertest.Lie) {})(o))
			q, _, err := o.away("psc")
			if err != nil {
				return err
			}
			for name, want := range map[string]string{"scope": "openid scope_all", "response_type": "code", "acr_values": "eidas1", "client_id": providertest.Client, "code_challenge_method": "S256", "redirect_uri": partyFrom + "/sign-in/with/psc/back"} {
				if q.Get(name) != want {
					return fmt.Errorf("%s is %q, want %q", name, q.Get(name), want)
				}
			}
			if len(q.Get("nonce")) != 64 || q.Get("state") == "" || q.Get("code_challenge") == "" {
				return fmt.Errorf("nonce %q, state %q", q.Get("nonce"), q.Get("state"))
			}
			return nil
		},
		"5: another algorithm": refusesFrom("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) {
			l.Sign = func(c map[string]any) (string, error) { return providertest.SignWith(jose.ES256, o.op.EC, "two", c) }
		})),
		"5: HS256 with the secret": refusesFrom("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) {
			secret := []byte(strings.Repeat(providertest.Secret, 4))
			l.Sign = func(c map[string]any) (string, error) { return providertest.SignWith(jose.HS256, secret, "", c) }
			l.Keys = []jose.JSONWebKey{{Key: secret, KeyID: "one"}, providertest.Published(&o.op.Key.PublicKey, "one")}
		})),
		"6: an unknown key is looked for once": func(o *rpDesk) error {
			in, err := o.through("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) {
				l.Sign = func(c map[string]any) (string, error) {
					return providertest.SignWith(jose.RS256, o.op.Key, "unknown", c)
				}
			})(o))
			if _, _, read := o.op.Asked(); err != nil || in || read != 1 {
				return errors.Join(err, fmt.Errorf("a session was opened: %v, keys were read %d times", in, read))
			}
			return nil
		},
		"6: a key that is new": takes("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) {
			l.Sign = func(c map[string]any) (string, error) { return providertest.SignWith(jose.RS256, o.op.Other, "new", c) }
			l.Keys = []jose.JSONWebKey{providertest.Published(&o.op.Other.PublicKey, "new")}
		})),
		"7: an encrypted token":        takes("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) { l.Wrap = encrypted(&o.opens.PublicKey, "") })),
		"7: encrypted for another key": refusesFrom("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) { l.Wrap = encrypted(&o.op.Other.PublicKey, "another") })),
		"8: signed by nobody, encrypted for us": refusesFrom("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) {
			l.Wrap = encrypted(&o.opens.PublicKey, "")
			l.Sign = func(c map[string]any) (string, error) { return providertest.SignWith(jose.RS256, o.op.Other, "one", c) }
		})),
		"9: of another issuer":  refusesFrom("psc", ofPSC(func(_ *rpDesk, l *providertest.Lie) { l.Claims["iss"] = "https://auth.esw.esante.gouv.fr" })),
		"9: for another client": refusesFrom("psc", ofPSC(func(_ *rpDesk, l *providertest.Lie) { l.Claims["aud"] = "another" })),
		"9: too old":            refusesFrom("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) { l.Claims["exp"] = o.clock.Now().Add(-2 * time.Minute).Unix() })),
		"9: of another sign-in": refusesFrom("psc", ofPSC(func(_ *rpDesk, l *providertest.Lie) { l.Claims["nonce"] = strings.Repeat("0", 64) })),
		"10: userinfo as JSON":  takes("psc", ofPSC(func(*rpDesk, *providertest.Lie) {})),
		"11: userinfo as a JWT": takes("psc", ofPSC(func(_ *rpDesk, l *providertest.Lie) { l.SignedUserinfo = true })),
		"11: userinfo encrypted": takes("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) {
			l.SignedUserinfo, l.Wrap = true, encrypted(&o.opens.PublicKey, "")
		})),
		"11: userinfo that another signed": refusesFrom("psc", ofPSC(func(o *rpDesk, l *providertest.Lie) {
			l.SignedUserinfo = true
			l.Sign = func(c map[string]any) (string, error) {
				if c["nonce"] != nil {
					return o.op.Sign(c)
				}
				return providertest.SignWith(jose.RS256, o.op.Other, "one", c)
			}
		})),
		"12: userinfo as a page":  refusesFrom("psc", ofPSC(func(_ *rpDesk, l *providertest.Lie) { l.UserinfoType = "text/html" })),
		"13: userinfo of another": refusesFrom("psc", ofPSC(func(_ *rpDesk, l *providertest.Lie) { l.Userinfo["sub"] = "another" })),
	}
}

// pscPeople is what is expected where people come and go.
func (o *rpDesk) pscPeople() map[string]func(*rpDesk) error {
	return map[string]func(*rpDesk) error{
		"14: no preferred_username, linked by the number": func(o *rpDesk) error {
			l := ofPSC(func(_ *rpDesk, l *providertest.Lie) {
				l.Claims["sub"], l.Userinfo["sub"], l.Userinfo["preferred_username"], l.Userinfo["SubjectNameID"] = "f:1:810003456786", "f:1:810003456786", nil, "810003456786"
				l.Userinfo["email"] = "alix@hospital.example"
			})(o)
			in, err := o.through("psc", l)
			if err == nil && !in {
				return errors.New("nobody is let in")
			}
			if err != nil {
				return err
			}
			return o.isHere("alix@hospital.example", "Marie Durand")
		},
		"15: one of several activities is chosen": func(o *rpDesk) error {
			o.afresh(ofPSC(func(_ *rpDesk, l *providertest.Lie) { l.Userinfo = doctor(3) })(o))
			_, back, err := o.away("psc")
			if err != nil {
				return err
			}
			in, resp := o.come(back)
			page := body(resp)
			_, rest, _ := strings.Cut(page, `name="sealed" value="`)
			sealed, _, _ := strings.Cut(rest, `"`)
			if in || strings.Count(page, `type="radio"`) != 3 || sealed == "" {
				return fmt.Errorf("%d, a session was opened: %v; %.300s", resp.StatusCode, in, page)
			}
			form := url.Values{"sealed": {sealed}, "activity": {"9.9"}}
			if o.visit(http.MethodPost, "/sign-in/with/psc/activity", form); o.cookies["__Host-bulwark"] != "" {
				return errors.New("an activity of nobody's opens a session")
			}
			form.Set("activity", "0.1")
			if o.visit(http.MethodPost, "/sign-in/with/psc/activity", form); o.cookies["__Host-bulwark"] == "" {
				return errors.New("the choice opens no session")
			}
			o.cookies = map[string]string{}
			if o.visit(http.MethodPost, "/sign-in/with/psc/activity", form); o.cookies["__Host-bulwark"] != "" {
				return errors.New("the choice opens a second session")
			}
			return nil
		},
		"16: signing out there, too": func(o *rpDesk) error {
			if in, err := o.through("psc", ofPSC(func(*rpDesk, *providertest.Lie) {})(o)); err != nil || !in {
				return errors.Join(err, fmt.Errorf("a session was opened: %v", in))
			}
			return o.signsOutThere()
		},
		"17: signed out there": func(o *rpDesk) error {
			if in, err := o.through("psc", ofPSC(func(*rpDesk, *providertest.Lie) {})(o)); err != nil || !in {
				return errors.Join(err, fmt.Errorf("a session was opened: %v", in))
			}
			return o.endedThere("psc", nil, true)
		},
		"20: out of order": func(o *rpDesk) error {
			o.afresh(providertest.Lie{Status: http.StatusBadGateway})
			_, back, err := o.away("psc")
			if err != nil {
				return err
			}
			in, resp := o.come(back)
			if page := body(resp); in || resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(page, "Pro Santé Connect") || !strings.Contains(page, `id="passkey"`) {
				return fmt.Errorf("%d: %.300s", resp.StatusCode, page)
			}
			return nil
		},
	}
}

func body(resp *http.Response) string {
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}

// signsOutThere wants the browser to be led to the provider when it signs out, and back to a page that only this leads to.
func (o *rpDesk) signsOutThere() error {
	resp := o.visit(http.MethodPost, "/sign-out", url.Values{})
	page := body(resp)
	m := refreshTo.FindStringSubmatch(page)
	if m == nil {
		return fmt.Errorf("%d leads nowhere: %.300s", resp.StatusCode, page)
	}
	u, err := url.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
	if err != nil || !strings.HasPrefix(u.String(), o.op.URL+"/leave?") {
		return fmt.Errorf("leads to %s", m[1])
	}
	q := u.Query()
	if q.Get("id_token_hint") == "" || q.Get("state") == "" || q.Get("post_logout_redirect_uri") != partyFrom+"/signed-out" {
		return fmt.Errorf("asks %s", u.RawQuery)
	}
	if resp := o.visit(http.MethodGet, "/signed-out?state=another", nil); resp.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("an unknown state: %d", resp.StatusCode)
	}
	resp = o.visit(http.MethodPost, "/sign-out", url.Values{})
	if resp.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("signing out twice: %d", resp.StatusCode)
	}
	return nil
}

// endedThere has the provider say that the session ended there.
func (o *rpDesk) endedThere(name string, changes map[string]any, ends bool) error {
	token, err := o.op.LogoutToken(changes)
	if err != nil {
		return err
	}
	status := o.tellEnded(name, token)
	open := o.call(http.MethodGet, "/api/me", nil, nil) != http.StatusUnauthorized
	if open == ends || (status == http.StatusOK) != ends {
		return fmt.Errorf("%d; the session is open: %v", status, open)
	}
	if again := o.tellEnded(name, token); ends && again == http.StatusOK {
		return errors.New("it is heard twice")
	}
	return nil
}

func (o *rpDesk) tellEnded(name, token string) int {
	kept := o.cookies
	o.cookies = map[string]string{}
	defer func() { o.cookies = kept }()
	return o.visit(http.MethodPost, "/sign-in/with/"+name+"/ended", url.Values{"logout_token": {token}}).StatusCode
}

// lies are what an attacker tries with a client beyond what the plan asks.
func (o *rpDesk) lies() map[string]func(*rpDesk) error {
	// meddled changes what a browser comes back with.
	meddled := func(change func(o *rpDesk, back *url.URL, q url.Values)) func(*rpDesk) error {
		return func(o *rpDesk) error {
			o.afresh(providertest.Lie{})
			_, back, err := o.away("op")
			if err != nil {
				return err
			}
			q := back.Query()
			change(o, back, q)
			back.RawQuery = q.Encode()
			if in, resp := o.come(back); in {
				return fmt.Errorf("a session was opened: %d", resp.StatusCode)
			}
			return nil
		}
	}
	return map[string]func(*rpDesk) error{
		"another state":            meddled(func(_ *rpDesk, _ *url.URL, q url.Values) { q.Set("state", strings.Repeat("0", 64)) }),
		"no state":                 meddled(func(_ *rpDesk, _ *url.URL, q url.Values) { q.Del("state") }),
		"no code":                  meddled(func(_ *rpDesk, _ *url.URL, q url.Values) { q.Del("code") }),
		"two codes":                meddled(func(_ *rpDesk, _ *url.URL, q url.Values) { q.Add("code", "x") }),
		"a code of nobody's":       meddled(func(_ *rpDesk, _ *url.URL, q url.Values) { q.Set("code", "x") }),
		"an error beside the code": meddled(func(_ *rpDesk, _ *url.URL, q url.Values) { q.Set("error", "access_denied") }),
		"of another issuer":        meddled(func(_ *rpDesk, _ *url.URL, q url.Values) { q.Set("iss", "https://elsewhere.example") }),
		"in another browser":       meddled(func(o *rpDesk, _ *url.URL, _ url.Values) { o.cookies = map[string]string{} }),
		"to another provider":      meddled(func(_ *rpDesk, back *url.URL, _ url.Values) { back.Path = "/sign-in/with/strict/back" }),
		"eleven minutes later":     meddled(func(o *rpDesk, _ *url.URL, _ url.Values) { o.clock.Add(11 * time.Minute) }),
		"the same twice": func(o *rpDesk) error {
			o.afresh(providertest.Lie{})
			_, back, err := o.away("op")
			if err != nil {
				return err
			}
			kept := maps.Clone(o.cookies)
			if in, _ := o.come(back); !in {
				return errors.New("nobody is let in")
			}
			o.cookies = kept
			if in, _ := o.come(back); in {
				return errors.New("it opens a second session")
			}
			return nil
		},
		"an issuer that does not say so": refusesFrom("op", func(o *rpDesk) providertest.Lie {
			return providertest.Lie{Back: map[string]string{"iss": o.op.URL + "/"}}
		}),
		"HS256 with the public key": refusesFrom("op", func(o *rpDesk) providertest.Lie {
			der, _ := x509.MarshalPKIXPublicKey(&o.op.Key.PublicKey)
			return signedWith(jose.HS256, "one", func(*rpDesk) any { return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}) })(o)
		}),
		"another algorithm that is published":   refusesFrom("op", signedWith(jose.ES256, "two", func(o *rpDesk) any { return o.op.EC })),
		"the algorithm that was agreed on":      takes("es", signedWith(jose.ES256, "two", func(o *rpDesk) any { return o.op.EC })),
		"a token for two":                       refusesFrom("op", told(map[string]any{"aud": []string{providertest.Client, "another"}})),
		"a token for two of which we are meant": takes("op", told(map[string]any{"aud": []string{providertest.Client, "another"}, "azp": providertest.Client})),
		"a token of which another is meant":     refusesFrom("op", told(map[string]any{"azp": "another"})),
		"a token of the future": refusesFrom("op", func(o *rpDesk) providertest.Lie {
			return told(map[string]any{"iat": o.clock.Now().Add(time.Hour).Unix()})(o)
		}),
		"a token of yesterday": refusesFrom("op", func(o *rpDesk) providertest.Lie {
			return told(map[string]any{"iat": o.clock.Now().Add(-24 * time.Hour).Unix()})(o)
		}),
		"a token that never ends":                refusesFrom("op", told(map[string]any{"exp": nil})),
		"another access token":                   refusesFrom("op", told(map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"})),
		"the sub in another case":                refusesFrom("op", func(*rpDesk) providertest.Lie { return providertest.Lie{Userinfo: map[string]any{"sub": "Somebody"}} }),
		"an encrypted token that we cannot open": refusesFrom("op", func(o *rpDesk) providertest.Lie { return providertest.Lie{Wrap: encrypted(&o.opens.PublicKey, "")} }),
		"an account of nobody's":                 refusesFrom("strict", told(map[string]any{"sub": "nobody"})),
		"the login of an administrator": func(o *rpDesk) error {
			in, err := o.through("op", providertest.Lie{Claims: map[string]any{"sub": "thief"}, Userinfo: map[string]any{"sub": "thief", "preferred_username": "alix"}})
			if err == nil && in {
				err = errors.New("it opens a session")
			}
			return err
		},
		"who we are, by a key": func(o *rpDesk) error {
			in, err := o.through("key", providertest.Lie{})
			if auth, _, _ := o.op.Asked(); err != nil || !in || auth != "assertion" {
				return errors.Join(err, fmt.Errorf("%q; a session was opened: %v", auth, in))
			}
			return nil
		},
		"back to a page of ours alone": func(o *rpDesk) error {
			o.afresh(providertest.Lie{})
			resp := o.visit(http.MethodGet, "/sign-in/with/op?next=https://elsewhere.example/", nil)
			back, err := o.op.Visit(resp.Header.Get("Location"))
			if err != nil {
				return err
			}
			if _, resp = o.come(back); strings.Contains(resp.Header.Get("Location"), "elsewhere") {
				return fmt.Errorf("leads to %s", resp.Header.Get("Location"))
			}
			return nil
		},
	}
}

// logoutLies are what somebody tries who would sign others out.
func (o *rpDesk) logoutLies() map[string]func(*rpDesk) error {
	// ended tries a logout token with a session that it does not end.
	ended := func(changes map[string]any) func(*rpDesk) error {
		return func(o *rpDesk) error {
			if in, err := o.through("op", providertest.Lie{}); err != nil || !in {
				return errors.Join(err, fmt.Errorf("a session was opened: %v", in))
			}
			return o.endedThere("op", changes, false)
		}
	}
	return map[string]func(*rpDesk) error{
		"signing out there, with a nonce": ended(map[string]any{"nonce": "x"}),
		"signing out there, of another": func(o *rpDesk) error {
			if in, err := o.through("op", providertest.Lie{}); err != nil || !in {
				return errors.Join(err, fmt.Errorf("a session was opened: %v", in))
			}
			token, err := o.op.LogoutToken(map[string]any{"sid": "another"})
			if err != nil {
				return err
			}
			if status := o.tellEnded("op", token); status != http.StatusOK || o.call(http.MethodGet, "/api/me", nil, nil) == http.StatusUnauthorized {
				return fmt.Errorf("%d, or the session ended", status)
			}
			return nil
		},
		"signing out there, for another":      ended(map[string]any{"aud": "another"}),
		"signing out there, of nobody":        ended(map[string]any{"sid": nil}),
		"signing out there, without an event": ended(map[string]any{"events": map[string]any{}}),
		"signing out there, without an id":    ended(map[string]any{"jti": nil}),
	}
}
