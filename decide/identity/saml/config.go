// Package saml signs people in with a SAML 2.0 identity provider of theirs: ADFS, Shibboleth, Keycloak. It is a service provider of the web browser profile
// (SAML 2.0 Profiles, 4.1) that takes signed assertions it asked for, and nothing else. It knows nobody's account: who is who here, package identity says.
package saml

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"bulwark/platform/conf"
)

// Config is one identity provider.
type Config struct {
	// Name is a short word by which the console, the ledger and addresses call it.
	Name string `conf:"name"`
	// Label is what stands on the button of the sign-in page. Empty means the name.
	Label string `conf:"label"`
	// Metadata is the file in which the provider says who it is, where people sign in and by which certificates it signs.
	Metadata string `conf:"metadata"`
	// LoginAttribute is the attribute that holds a login. Empty means uid.
	LoginAttribute string `conf:"login_attribute"`
	// NameAttribute is the attribute that holds a name. Empty means displayName.
	NameAttribute string `conf:"name_attribute"`
	// TwoFactors are the classes (AuthnContextClassRef) by which two factors were shown there. Otherwise a second factor is asked for here.
	TwoFactors []string `conf:"two_factors"`
	// Resistant are the classes of which one factor cannot be taken by a false page.
	Resistant []string `conf:"resistant"`
	// Link is by what people who come for the first time are joined to who is here: login. Otherwise an account is joined by its person alone, who is
	// signed in here already.
	Link []string `conf:"link"`
	// Make makes people who are not here, without duties and roles. Otherwise they are refused.
	Make bool `conf:"make"`
}

var word = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Check refuses a provider that nobody could sign in with.
func (c *Config) Check() error {
	var bad []error
	if !word.MatchString(c.Name) {
		bad = append(bad, conf.At("name", fmt.Errorf("%q is not a word of small letters, digits and hyphens", c.Name)))
	}
	if c.Metadata == "" {
		bad = append(bad, conf.At("metadata", errors.New("is empty: save what the provider says of itself to a file")))
	}
	for n, l := range c.Link {
		if l != "login" {
			bad = append(bad, conf.At(fmt.Sprintf("link[%d]", n), fmt.Errorf("%q is not login", l)))
		}
	}
	return errors.Join(bad...)
}

// Whole is c with what its empty fields mean.
func (c Config) Whole() Config {
	c.Label = cmp.Or(c.Label, c.Name)
	c.LoginAttribute = cmp.Or(c.LoginAttribute, "uid")
	c.NameAttribute = cmp.Or(c.NameAttribute, "displayName")
	return c
}

// The bindings that are spoken (SAML 2.0 Bindings, 3.4 and 3.5).
const (
	byRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	byPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

const mostMetadata = 1 << 20

// entity is what a provider says of itself (SAML 2.0 Metadata, 2.3.2).
type entity struct {
	ID     string   `xml:"entityID,attr"`
	XMLNam xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	IDP    []struct {
		Keys []struct {
			Use          string   `xml:"use,attr"`
			Certificates []string `xml:"KeyInfo>X509Data>X509Certificate"`
		} `xml:"KeyDescriptor"`
		SignOn []struct {
			Binding  string `xml:"Binding,attr"`
			Location string `xml:"Location,attr"`
		} `xml:"SingleSignOnService"`
	} `xml:"IDPSSODescriptor"`
}

// Provider is one identity provider. Make it with [New]; it is safe for concurrent use.
type Provider struct {
	Config       Config
	entity       string
	signOn       string
	certificates []*x509.Certificate // by one of which it signs; several where it changes over
}

// New reads what a provider says of itself.
func New(c Config) (*Provider, error) {
	c = c.Whole()
	info, err := os.Stat(c.Metadata)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostMetadata {
		return nil, fmt.Errorf("saml: %s is larger than a provider's metadata", c.Metadata)
	}
	text, err := os.ReadFile(c.Metadata)
	if err != nil {
		return nil, err
	}
	p, err := read(text)
	if err != nil {
		return nil, fmt.Errorf("saml: %s: %w", c.Metadata, err)
	}
	p.Config = c
	return p, nil
}

func read(text []byte) (*Provider, error) {
	if err := plain(text); err != nil {
		return nil, err
	}
	var e entity
	if err := xml.Unmarshal(text, &e); err != nil {
		return nil, err
	}
	if e.ID == "" || len(e.IDP) != 1 {
		return nil, errors.New("it is not of one identity provider")
	}
	p := &Provider{entity: e.ID}
	for _, s := range e.IDP[0].SignOn {
		if s.Binding == byRedirect {
			p.signOn = s.Location
		}
	}
	if u, err := url.Parse(p.signOn); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("people sign in there by no https address with the binding HTTP-Redirect")
	}
	for _, k := range e.IDP[0].Keys {
		if k.Use != "" && k.Use != "signing" {
			continue
		}
		for _, c := range k.Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c), ""))
			if err != nil {
				return nil, fmt.Errorf("a certificate: %w", err)
			}
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, fmt.Errorf("a certificate: %w", err)
			}
			if !slices.ContainsFunc(p.certificates, cert.Equal) {
				p.certificates = append(p.certificates, cert)
			}
		}
	}
	if len(p.certificates) == 0 {
		return nil, errors.New("it signs by no certificate")
	}
	return p, nil
}
