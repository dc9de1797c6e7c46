// Package federation signs people in with an OpenID provider of theirs: that of the hospital, or Pro Santé Connect. It knows the protocol (OpenID
// Connect Core 1.0, RFC 9700) and nobody's account: who is who here, package identity says.
package federation

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"bulwark/platform/conf"
)

// Config is one provider.
type Config struct {
	// Name is a short word by which the console, the ledger and addresses call it.
	Name string `conf:"name"`
	// Label is what stands on the button of the sign-in page. Empty means the name.
	Label string `conf:"label"`
	// Preset is pro-sante-connect or pro-sante-connect-sandbox, which say all but the client. Empty means another provider.
	Preset string `conf:"preset"`
	// Issuer is the provider as its tokens name it: https://login.hospital.example/realms/staff.
	Issuer string `conf:"issuer"`
	// Discovery is where its endpoints are read. Empty means the usual place below the issuer.
	Discovery string `conf:"discovery"`
	// Client is the name under which Bulwark is registered there.
	Client string `conf:"client"`
	// Secret is the client's. It needs this or key.
	Secret conf.Secret `conf:"secret"`
	// Key is a file with the private key (PEM) with which the client says who it is, in the place of a secret (private_key_jwt).
	Key string `conf:"key"`
	// SecretInForm sends the secret in the form rather than in the header (client_secret_post).
	SecretInForm bool `conf:"secret_in_form"`
	// Algorithm is the one by which its tokens are signed: RS256, PS256, ES256... Empty means RS256. Another one is refused, whatever the token says.
	Algorithm string `conf:"algorithm"`
	// DecryptionKey is a file with the private RSA key (PEM) that opens encrypted tokens. Empty means that none are taken.
	DecryptionKey string `conf:"decryption_key"`
	// Authority is a file with the certificates (PEM) that signed its own. Empty means those this machine trusts.
	Authority string `conf:"authority"`
	// Scopes are asked for beside openid.
	Scopes []string `conf:"scopes"`
	// Classes are the acr_values that are asked for. A token without one of them is refused.
	Classes []string `conf:"classes"`
	// TwoFactors are what in a token says that two factors were shown: acr:NAME or amr:NAME. Otherwise a second factor is asked for here.
	TwoFactors []string `conf:"two_factors"`
	// Resistant are what says that one of them cannot be taken by a false page, in the same words.
	Resistant []string `conf:"resistant"`
	// UserinfoInBody sends the token for userinfo in the form rather than in the header.
	UserinfoInBody bool `conf:"userinfo_in_body"`
	// Parameters are sent with every request to sign in, as name=value: kc_idp_hint=hospital.
	Parameters []string `conf:"parameters"`
	// LoginClaim is the claim that holds a login. Empty means preferred_username.
	LoginClaim string `conf:"login_claim"`
	// NationalClaim is the claim that holds the national number of a professional (RPPS). Empty means none.
	NationalClaim string `conf:"national_claim"`
	// Link is by what people who come for the first time are joined to who is here: login, national. Without one of them an account is joined
	// by its person alone, who is signed in here already. Never by an e-mail address.
	Link []string `conf:"link"`
	// Make makes people who are not here, without duties and roles. Otherwise they are refused.
	Make bool `conf:"make"`
	// SignOut signs people out there, too, when they sign out here.
	SignOut bool `conf:"sign_out"`
	// Push lets professionals type their national number and confirm on their telephone (CIBA, e-CPS), without going there. The client must be
	// registered for it.
	Push bool `conf:"push"`
	// PushChannel is the channel that is asked for: MOBILE or CARD. Empty means MOBILE at Pro Santé Connect, and none elsewhere.
	PushChannel string `conf:"push_channel"`
	// PushPrefix stands before the number, where the provider wants one: 8 is that of an RPPS number.
	PushPrefix string `conf:"push_prefix"`
}

var (
	word = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	// parameter is name=value of what may stand in a request.
	parameter = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}=[\x21-\x7e]{1,200}$`)
	// mark is what in a token says something.
	mark = regexp.MustCompile(`^(acr|amr):[\x21-\x7e]{1,200}$`)
)

// algorithms are those by which tokens may be signed: with a key that the provider alone has.
func algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// ours are the parameters that the protocol itself sets.
func ours() []string {
	return []string{"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "acr_values", "prompt", "max_age", "request", "request_uri", "response_mode"}
}

// psc is what is known of Pro Santé Connect (ANS, specification of the service; its endpoints are read from its own discovery).
func psc(c Config, host string) Config {
	c.Issuer = cmp.Or(c.Issuer, "https://"+host+"/auth/realms/esante-wallet")
	c.Discovery = cmp.Or(c.Discovery, c.Issuer+"/.well-known/wallet-openid-configuration")
	c.Label = cmp.Or(c.Label, "Pro Santé Connect")
	c.NationalClaim = cmp.Or(c.NationalClaim, "SubjectNameID")
	if c.Push {
		c.PushChannel = cmp.Or(c.PushChannel, "MOBILE")
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"scope_all"}
	}
	if len(c.Classes) == 0 {
		c.Classes = []string{"eidas1"}
	}
	if len(c.TwoFactors) == 0 {
		c.TwoFactors = []string{"acr:eidas1"} // card or telephone, and a PIN
	}
	if len(c.Link) == 0 {
		c.Link = []string{"national"}
	}
	return c
}

// Whole is c with what its preset and the standard say.
func (c Config) Whole() Config {
	switch c.Preset {
	case "pro-sante-connect":
		c = psc(c, "auth.esw.esante.gouv.fr")
	case "pro-sante-connect-sandbox":
		c = psc(c, "auth.bas.psc.esante.gouv.fr")
	}
	c.Label = cmp.Or(c.Label, c.Name)
	c.Discovery = cmp.Or(c.Discovery, strings.TrimSuffix(c.Issuer, "/")+"/.well-known/openid-configuration")
	c.Algorithm = cmp.Or(c.Algorithm, "RS256")
	c.LoginClaim = cmp.Or(c.LoginClaim, "preferred_username")
	return c
}

// Check refuses a provider that could not be used, or not safely.
func (c *Config) Check() error {
	var bad []error
	no := func(at string, err error) { bad = append(bad, conf.At(at, err)) }
	w := c.Whole()
	if !word.MatchString(c.Name) {
		no("name", fmt.Errorf("%q is not a word of small letters, digits and hyphens", c.Name))
	}
	if !slices.Contains([]string{"", "pro-sante-connect", "pro-sante-connect-sandbox"}, c.Preset) {
		no("preset", fmt.Errorf("%q is neither pro-sante-connect nor pro-sante-connect-sandbox", c.Preset))
	}
	if err := safeURL(w.Issuer); err != nil {
		no("issuer", err)
	} else if err := safeURL(w.Discovery); err != nil {
		no("discovery", err)
	}
	if c.Client == "" {
		no("client", errors.New("is empty"))
	}
	if c.Secret.IsZero() == (c.Key == "") {
		no("secret", errors.New("needs either a secret or a key"))
	}
	if !slices.Contains(algorithms(), w.Algorithm) {
		no("algorithm", fmt.Errorf("%q is none of %s", c.Algorithm, strings.Join(algorithms(), ", ")))
	}
	for name, list := range map[string][]string{"two_factors": c.TwoFactors, "resistant": c.Resistant} {
		for n, m := range list {
			if !mark.MatchString(m) {
				no(fmt.Sprintf("%s[%d]", name, n), fmt.Errorf("%q is neither acr:NAME nor amr:NAME", m))
			}
		}
	}
	for n, p := range c.Parameters {
		name, _, _ := strings.Cut(p, "=")
		if !parameter.MatchString(p) || slices.Contains(ours(), name) {
			no(fmt.Sprintf("parameters[%d]", n), fmt.Errorf("%q is not name=value, or is set by the protocol", p))
		}
	}
	for n, l := range c.Link {
		if l != "login" && l != "national" {
			no(fmt.Sprintf("link[%d]", n), fmt.Errorf("%q is neither login nor national", l))
		}
	}
	if slices.Contains(w.Link, "national") && w.NationalClaim == "" {
		no("link", errors.New("national needs national_claim"))
	}
	c.checkPush(no)
	return errors.Join(bad...)
}

func (c *Config) checkPush(no func(at string, err error)) {
	if c.Push && c.Whole().NationalClaim == "" {
		no("push", errors.New("needs national_claim"))
	}
	if !slices.Contains([]string{"", "MOBILE", "CARD"}, c.PushChannel) {
		no("push_channel", fmt.Errorf("%q is neither MOBILE nor CARD", c.PushChannel))
	}
	if len(c.PushPrefix) > 1 || strings.Trim(c.PushPrefix, "0123456789") != "" {
		no("push_prefix", fmt.Errorf("%q is not a digit", c.PushPrefix))
	}
}

// safeURL refuses an address that others on the way could read or change.
func safeURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return fmt.Errorf("%q is no address of a provider", text)
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q is not https", text)
}

func loopback(host string) bool {
	a := net.ParseIP(host)
	return a != nil && a.IsLoopback()
}
