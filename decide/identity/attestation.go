package identity

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-webauthn/webauthn/metadata"
	published "github.com/go-webauthn/webauthn/metadata/providers/memory"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"bulwark/platform/conf"
	"bulwark/platform/health"
	"bulwark/platform/web"
)

// Which passkeys the hospital takes: what an authenticator says of itself (attestation, WebAuthn 6.5) is proved by what the FIDO Alliance publishes
// of models (FIDO Metadata Service 3.1), read from a file. A passkey that was taken before a rule is told of, and goes on: care rests on it.

// Passkeys are rules of which passkeys are taken. Their zero value takes any.
type Passkeys struct {
	// Rules say what passkeys must be. All that concern a person hold.
	Rules []PasskeyRule `conf:"rules"`
	// Metadata is the file with what the FIDO Alliance publishes of models: https://mds3.fidoalliance.org, once a month. Rules that ask more than bound need it.
	Metadata string `conf:"metadata"`
	// Root is a file with the certificate (PEM) that vouches for whoever signs it, mds.fidoalliance.org. Empty means that of GlobalSign, which the FIDO Alliance uses.
	Root string `conf:"root"`
}

// PasskeyRule is what passkeys of some people must be.
type PasskeyRule struct {
	// For are duties of the console and roles of the hospital whom it concerns. Empty means everybody.
	For []string `conf:"for"`
	// Bound refuses passkeys that are synchronised to other devices.
	Bound bool `conf:"bound"`
	// Proved asks that the maker of the authenticator signed which model it is, and that it is not known to be broken.
	Proved bool `conf:"proved"`
	// Models are the AAGUIDs that are taken, proved: ee882879-721c-4913-9775-3dfcce97072a. Empty means any.
	Models []string `conf:"models"`
	// Level is the least level of FIDO certification, 1 to 3, proved. 0 means any.
	Level int `conf:"level"`
}

func (r *PasskeyRule) proved() bool { return r.Proved || len(r.Models) > 0 || r.Level > 0 }

// concerns tells whether a rule is about a person.
func (r *PasskeyRule) concerns(duties []web.Duty, roles []string) bool {
	return len(r.For) == 0 || slices.ContainsFunc(r.For, func(f string) bool { return slices.Contains(duties, web.Duty(f)) || slices.Contains(roles, f) })
}

// Check refuses rules that cannot hold.
func (c *Passkeys) Check() error {
	var bad []error
	for n := range c.Rules {
		r, at := &c.Rules[n], func(name string) string { return fmt.Sprintf("rules[%d].%s", n, name) }
		for _, m := range r.Models {
			if u, err := uuid.Parse(m); err != nil || u == uuid.Nil {
				bad = append(bad, conf.At(at("models"), fmt.Errorf("%q is no AAGUID", m)))
			}
		}
		if r.Level < 0 || r.Level > 3 {
			bad = append(bad, conf.At(at("level"), errors.New("is not between 0 and 3")))
		}
		if r.proved() && c.Metadata == "" {
			bad = append(bad, conf.At("metadata", errors.New("is needed by rules with proved, models or level")))
			break
		}
	}
	return errors.Join(bad...)
}

var (
	// ErrModel means that a passkey is not one that the hospital takes.
	ErrModel = errors.New("identity: not a passkey that the hospital takes")
	// errMetadata means that it cannot be proved which model an authenticator is.
	errMetadata = errors.New("identity: the metadata of authenticators cannot be read")
)

// mostMetadata bounds the file, in bytes; that of 2026 has nine million.
const mostMetadata = 64 << 20

// metadataSigner is the name of whoever signs the file. The root alone says little: it vouches for sites of anybody.
const metadataSigner = "mds.fidoalliance.org"

// models are what is published of authenticators. Its lock guards all that follows.
type models struct {
	config *Passkeys

	mu       sync.Mutex
	entries  map[uuid.UUID]*metadata.Entry
	provider metadata.Provider
	number   int       // of the file, which grows
	next     time.Time // when another is due
	changed  time.Time // of the file
	size     int64
}

// read takes up the file where it is another.
func (m *models) read(now time.Time) error {
	fail := func(err error) error { return fmt.Errorf("%w: %w", errMetadata, err) }
	f, err := os.Open(m.config.Metadata)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	at, err := f.Stat()
	if err != nil {
		return fail(err)
	}
	if m.provider != nil && at.ModTime().Equal(m.changed) && at.Size() == m.size {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(f, mostMetadata))
	if err != nil {
		return fail(err)
	}
	root, err := m.config.root()
	if err != nil {
		return fail(err)
	}
	payload, err := openMetadata(string(text), root, now)
	if err != nil {
		return fail(err)
	}
	if payload.Number < m.number { // an old one does not know what was found broken since
		return fail(fmt.Errorf("it is number %d, after number %d", payload.Number, m.number))
	}
	entries := map[uuid.UUID]*metadata.Entry{}
	for _, j := range payload.Entries {
		e, err := j.Parse()
		if err == nil && e.AaGUID != uuid.Nil { // one that cannot be read proves nothing of its model
			entries[e.AaGUID] = &e
		}
	}
	p, err := published.New(published.WithMetadata(entries), published.WithValidateEntry(true), published.WithValidateEntryPermitZeroAAGUID(false), published.WithValidateTrustAnchor(true),
		published.WithValidateAttestationTypes(true), published.WithValidateStatus(true), published.WithStatusUndesired(metadata.DefaultUndesiredAuthenticatorStatuses()))
	if err != nil {
		return fail(err)
	}
	next, _ := time.Parse(time.DateOnly, payload.NextUpdate) // zero: it is due
	m.entries, m.provider, m.number, m.next, m.changed, m.size = entries, p, payload.Number, next, at.ModTime(), at.Size()
	return nil
}

func (c *Passkeys) root() (*x509.Certificate, error) {
	if c.Root == "" {
		der, err := base64.StdEncoding.DecodeString(metadata.ProductionMDSRoot)
		if err != nil {
			return nil, err
		}
		return x509.ParseCertificate(der)
	}
	text, err := os.ReadFile(c.Root)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no certificate", c.Root)
	}
	return x509.ParseCertificate(block.Bytes)
}

// openMetadata checks who signed what is published (FIDO Metadata Service 3.1, 3.2). The library's own asks the network whether certificates were revoked;
// where this is read there may be none.
func openMetadata(text string, root *x509.Certificate, now time.Time) (*metadata.PayloadJSON, error) {
	token, err := jose.ParseSignedCompact(strings.TrimSpace(text), []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.ES384, jose.RS384, jose.RS512, jose.PS256})
	if err != nil || len(token.Signatures) != 1 {
		return nil, errors.New("it is not signed as the FIDO Alliance does")
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	chains, err := token.Signatures[0].Header.Certificates(x509.VerifyOptions{Roots: roots, DNSName: metadataSigner, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return nil, fmt.Errorf("who signed it: %w", err)
	}
	body, err := token.Verify(chains[0][0].PublicKey)
	if err != nil {
		return nil, fmt.Errorf("its signature: %w", err)
	}
	p := &metadata.PayloadJSON{}
	return p, json.Unmarshal(body, p)
}

// rulesFor are those of the hospital about a person.
func (i *Identity) rulesFor(duties []web.Duty, roles []string) (all []PasskeyRule) {
	for _, r := range i.config.Passkeys.Rules {
		if r.concerns(duties, roles) {
			all = append(all, r)
		}
	}
	return all
}

// conveyance is what browsers are asked to say of an authenticator.
func conveyance(rules []PasskeyRule) protocol.ConveyancePreference {
	if slices.ContainsFunc(rules, func(r PasskeyRule) bool { return r.proved() }) {
		return protocol.PreferDirectAttestation
	}
	return protocol.PreferNoAttestation
}

// outside is why a passkey is not one that rules take: synced, unproved, withdrawn, model or level; "" where it is. The error is that nobody can say.
func (m *models) outside(rules []PasskeyRule, c *webauthn.Credential, now time.Time) (string, error) {
	for n := range rules {
		if rules[n].Bound && c.Flags.BackupEligible {
			return "synced", nil
		}
	}
	if conveyance(rules) == protocol.PreferNoAttestation {
		return "", nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.read(now); err != nil {
		return "unproved", err
	}
	id, err := uuid.FromBytes(c.Authenticator.AAGUID)
	e := m.entries[id]
	if err != nil || e == nil {
		return "unproved", nil
	}
	if metadata.ValidateStatusReportsAt(e.StatusReports, nil, metadata.DefaultUndesiredAuthenticatorStatuses(), now) != nil {
		return "withdrawn", nil
	}
	signed := []string{string(metadata.BasicFull), string(metadata.AttCA), string(metadata.AnonCA)}
	copied := *c
	if !slices.Contains(signed, c.AttestationType) || copied.Verify(m.provider, protocol.AttestationPolicy{}, protocol.SignaturePolicy{}) != nil {
		return "unproved", nil
	}
	for n := range rules {
		r := &rules[n]
		if len(r.Models) > 0 && !slices.ContainsFunc(r.Models, func(m string) bool { return strings.EqualFold(m, id.String()) }) {
			return "model", nil
		}
		if r.Level > levelOf(e, now) {
			return "level", nil
		}
	}
	return "", nil
}

// levelOf is the level of a model's certification now; 0: none. What was published since of something else, such as an update or FIPS 140, takes nothing of it.
func levelOf(e *metadata.Entry, now time.Time) int {
	s := metadata.CurrentStatusReportAt(slices.DeleteFunc(slices.Clone(e.StatusReports), func(r metadata.StatusReport) bool {
		return r.Status == metadata.UpdateAvailable || r.Status == metadata.SelfAssertionSubmitted || strings.HasPrefix(string(r.Status), "FIPS140_")
	}), now)
	if s == nil {
		return 0
	}
	switch s.Status {
	case metadata.FidoCertified, metadata.FidoCertifiedL1, metadata.FidoCertifiedL1plus:
		return 1
	case metadata.FidoCertifiedL2, metadata.FidoCertifiedL2plus:
		return 2
	case metadata.FidoCertifiedL3, metadata.FidoCertifiedL3plus:
		return 3
	}
	return 0
}

// nameOf is how a model is called; "" where nothing is published of it.
func (m *models) nameOf(aaguid []byte) string {
	id, err := uuid.FromBytes(aaguid)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil || m.entries[id] == nil {
		return ""
	}
	return m.entries[id].MetadataStatement.Description
}

// lookOutside counts the passkeys that the rules would not take any more, and has them among the warnings.
func (i *Identity) lookOutside(ctx context.Context) error {
	if len(i.config.Passkeys.Rules) == 0 || i.health == nil {
		return nil
	}
	var people []*personRow
	var factors []*factorRow
	err := errors.Join(i.db.Read().NewSelect().Model(&people).Where("disabled IS NULL").Scan(ctx), i.db.Read().NewSelect().Model(&factors).Where("kind = ?", passkeyFactor).Scan(ctx))
	if err != nil {
		return err
	}
	rules := map[string][]PasskeyRule{}
	for _, p := range people {
		rules[p.ID] = i.rulesFor(p.Duties, p.Roles)
	}
	n, now := 0, i.clock.Now()
	var unread error
	for _, f := range factors {
		var k passkey
		if len(rules[f.Person]) == 0 {
			continue
		}
		if err := json.Unmarshal([]byte(f.Secret), &k); err != nil {
			return err
		}
		why, err := i.models.outside(rules[f.Person], &k.Credential, now)
		if unread = errors.Join(unread, err); unread != nil {
			break
		}
		if why != "" {
			n++
		}
	}
	if n > 0 {
		i.health.Set(&passkeysOutside, health.Args{"n": fmt.Sprint(n)})
	} else {
		i.health.Clear(&passkeysOutside, "")
	}
	i.models.mu.Lock()
	old := i.models.provider != nil && now.After(i.models.next.Add(90*24*time.Hour))
	i.models.mu.Unlock()
	if unread != nil || old {
		i.health.Set(&metadataOld, health.Args{"file": i.config.Passkeys.Metadata})
	} else {
		i.health.Clear(&metadataOld, "")
	}
	return unread
}
