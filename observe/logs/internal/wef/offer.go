package wef

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"bulwark/content/subscriptions"
	"bulwark/observe/logs/internal/revoked"
	"bulwark/wire/wsman"
)

// What machines are asked to keep to.
const (
	heartbeat = 15 * time.Minute
	retries   = 30
	retryAt   = time.Minute
	language  = "en-US"
	envelope  = 512_000 // bytes, as collectors of Windows ask for
)

// offers are what machines are asked to forward.
type offers []*subscriptions.Subscription

// read reads the subscriptions that come with the program, and those of a folder, which may be "".
func readOffers(folder string) (offers, error) {
	if folder == "" {
		return subscriptions.Load(nil)
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, err
	}
	return subscriptions.Load(os.DirFS(folder))
}

// known reports whether there is a subscription of an id, and its short name.
func (o offers) known(guid string) (name string, ok bool) {
	for _, s := range o {
		if strings.EqualFold(s.GUID, guid) {
			return s.ID, true
		}
	}
	return "", false
}

// to is what a machine is handed out. base is the address that it knows us by; issuers are as in [wsman.Subscription].
func (o offers) to(base string, issuers []string, bookmarks map[string]string) (out []wsman.Subscription) {
	for _, s := range o {
		w := wsman.Subscription{ID: s.GUID, Name: "Bulwark " + s.ID, Query: s.Query(), Address: base + "/wsman/subscriptions/" + s.GUID, Issuers: issuers,
			Rendered: s.Rendered, Language: language, Heartbeat: heartbeat, Within: time.Duration(s.Within()) * time.Second, Retries: retries,
			RetryAt: retryAt, Largest: envelope}
		w.Version = guidOf(fmt.Sprint(w, s.Existing))
		if w.Bookmark = bookmarks[s.GUID]; w.Bookmark == "" && s.Existing {
			w.Bookmark = wsman.Earliest
		}
		out = append(out, w)
	}
	return out
}

// guidOf is the same GUID for the same text (RFC 9562 §5.8).
func guidOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return strings.ToUpper(id.String())
}

func newGUID() string { return strings.ToUpper(uuid.NewString()) }

// authorities are those of which machines have their certificates.
type authorities []*x509.Certificate

// readAuthorities reads a file of certificates in PEM.
func readAuthorities(file string) (all authorities, err error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		if b.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate %d: %w", file, len(all)+1, err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no certificate in PEM", file)
	}
	return all, nil
}

// pool is for [x509.VerifyOptions].
func (a authorities) pool() *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range a {
		p.AddCert(c)
	}
	return p
}

// issuers are the thumbprints of those that issued one of a chain; of all where none did directly.
func (a authorities) issuers(chain []*x509.Certificate) (prints []string) {
	for _, all := range []bool{false, true} {
		for _, c := range a {
			if all || issued(c, chain) {
				prints = append(prints, Thumbprint(c))
			}
		}
		if len(prints) > 0 {
			break
		}
	}
	return prints
}

func issued(by *x509.Certificate, chain []*x509.Certificate) bool {
	for _, c := range chain {
		if string(c.RawIssuer) == string(by.RawSubject) {
			return true
		}
	}
	return false
}

// Thumbprint is how Windows names a certificate.
func Thumbprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// Why a certificate is refused.
const (
	reasonNone    = "no client certificate"
	reasonExpired = "client certificate expired, or not valid yet"
	reasonRevoked = "client certificate revoked"
	reasonUnknown = "client certificate of an unknown authority"
	reasonPurpose = "certificate not for clients"
	reasonName    = "client certificate without a name"
)

// verify says who a machine is by its certificates, or why it is refused.
func (a authorities) verify(chain []*x509.Certificate, now time.Time, lists *revoked.Lists) (identity, reason string) {
	if len(chain) == 0 {
		return "", reasonNone
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	ways, err := chain[0].Verify(x509.VerifyOptions{Roots: a.pool(), Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "", reasonExpired
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "", reasonPurpose
	default:
		return "", reasonUnknown
	}
	if lists.Check(ways) != nil {
		return "", reasonRevoked
	}
	if identity = nameOf(chain[0]); identity == "" {
		return "", reasonName
	}
	return identity, ""
}

// nameOf is the name that a machine's certificate is for.
func nameOf(c *x509.Certificate) string {
	if len(c.DNSNames) > 0 {
		return strings.ToLower(c.DNSNames[0])
	}
	return strings.ToLower(c.Subject.CommonName)
}
