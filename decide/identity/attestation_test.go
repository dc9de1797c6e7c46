package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-webauthn/webauthn/metadata"
	"github.com/google/uuid"

	"bulwark/decide/identity/identitytest"
	"bulwark/platform/health"
)

// maker makes authenticators, and is the FIDO Alliance, which publishes what they are.
type maker struct {
	t    *testing.T
	dir  string
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

var (
	goodModel  = uuid.MustParse("ee882879-721c-4913-9775-3dfcce97072a")
	otherModel = uuid.MustParse("2fc0579f-8113-47ea-b116-bb5a8db9202a")
	idAAGUID   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}
)

func newMaker(t *testing.T) *maker {
	t.Helper()
	m := &maker{t: t, dir: t.TempDir()}
	m.root, m.key = m.certificate(nil, nil, func(c *x509.Certificate) { c.IsCA = true })
	if err := os.WriteFile(m.file("root.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *maker) file(name string) string { return filepath.Join(m.dir, name) }

// certificate is one for an authenticator, signed by another; nil: by itself.
func (m *maker) certificate(by *x509.Certificate, key *ecdsa.PrivateKey, change func(*x509.Certificate)) (*x509.Certificate, *ecdsa.PrivateKey) {
	m.t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		m.t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour), BasicConstraintsValid: true,
		Subject: pkix.Name{Country: []string{"FR"}, Organization: []string{"Maker"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Test"}}
	change(c)
	if by == nil {
		by, key = c, own
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, own.Public(), key)
	if err != nil {
		m.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		m.t.Fatal(err)
	}
	return made, own
}

// of says in the certificate of an authenticator which model it is.
func of(model uuid.UUID) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		text, _ := asn1.Marshal(model[:])
		c.ExtraExtensions = []pkix.Extension{{Id: idAAGUID, Value: text}}
	}
}

// attested is an authenticator of a model whose maker signed that (WebAuthn, 8.2).
func (m *maker) attested(model uuid.UUID, change ...func(*x509.Certificate)) identitytest.Model {
	leaf, key := m.certificate(m.root, m.key, func(c *x509.Certificate) {
		of(model)(c)
		for _, f := range change {
			f(c)
		}
	})
	return identitytest.Model{AAGUID: model, Attest: func(data, sum []byte, _ *ecdsa.PrivateKey) (string, map[string]any, error) {
		signature, err := sign(key, data, sum)
		return "packed", map[string]any{"alg": -7, "sig": signature, "x5c": [][]byte{leaf.Raw}}, err
	}}
}

func sign(key *ecdsa.PrivateKey, parts ...[]byte) ([]byte, error) {
	digest := sha256.Sum256(slices.Concat(parts...))
	return ecdsa.SignASN1(rand.Reader, key, digest[:])
}

// publish writes what is known of models, signed by the maker, and what the rules are.
func (m *maker) publish(statuses map[uuid.UUID][]string) Passkeys {
	m.t.Helper()
	entries := []any{}
	for model, all := range statuses {
		reports := []any{}
		for _, s := range all {
			reports = append(reports, map[string]any{"status": s, "effectiveDate": "2026-01-01"})
		}
		entries = append(entries, map[string]any{"aaguid": model.String(), "timeOfLastStatusChange": "2026-01-01", "statusReports": reports, "metadataStatement": map[string]any{
			"description": "Maker's key", "aaguid": model.String(), "authenticatorVersion": 1, "protocolFamily": "fido2", "schema": 3, "upv": []any{map[string]int{"major": 1, "minor": 0}},
			"authenticationAlgorithms": []string{"secp256r1_ecdsa_sha256_raw"}, "publicKeyAlgAndEncodings": []string{"cose"}, "attestationTypes": []string{"basic_full"},
			"attestationRootCertificates": []string{base64.StdEncoding.EncodeToString(m.root.Raw)}}})
	}
	m.write(m.blob("1", entries, func(*x509.Certificate) {}))
	return Passkeys{Metadata: m.file("blob.jwt"), Root: m.file("root.pem")}
}

// blob is what is published under a number, signed as the FIDO Alliance does but for a change of its certificate.
func (m *maker) blob(number string, entries []any, change func(*x509.Certificate)) string {
	m.t.Helper()
	leaf, key := m.certificate(m.root, m.key, func(c *x509.Certificate) {
		c.DNSNames = []string{metadataSigner}
		change(c)
	})
	chain := []string{base64.StdEncoding.EncodeToString(leaf.Raw), base64.StdEncoding.EncodeToString(m.root.Raw)}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("x5c", chain))
	if err != nil {
		m.t.Fatal(err)
	}
	text, _ := json.Marshal(map[string]any{"legalHeader": "", "no": json.Number(number), "nextUpdate": "2026-12-01", "entries": entries})
	token, err := signer.Sign(text)
	if err != nil {
		m.t.Fatal(err)
	}
	compact, err := token.CompactSerialize()
	if err != nil {
		m.t.Fatal(err)
	}
	return compact
}

func (m *maker) write(blob string) {
	m.t.Helper()
	if err := os.WriteFile(m.file("blob.jwt"), []byte(blob), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// named is the browser calling the console by a name, as passkeys need.
func (b *browser) named() (do identitytest.Do, console string) {
	b.t.Helper()
	console = strings.Replace(b.site.server.URL, "127.0.0.1", "localhost", 1)
	from, err := url.Parse(b.site.server.URL)
	to, toErr := url.Parse(console)
	if err := errors.Join(err, toErr); err != nil {
		b.t.Fatal(err)
	}
	tr := b.client.Transport.(*http.Transport).Clone()
	tr.TLSClientConfig.InsecureSkipVerify = true // the server's certificate is of an address
	b.client.Jar.SetCookies(to, b.client.Jar.Cookies(from))
	return identitytest.Through(&http.Client{Transport: tr, Jar: b.client.Jar, CheckRedirect: b.client.CheckRedirect}), console
}

func TestPasskeysAreThoseThatTheHospitalTakes(t *testing.T) {
	m := newMaker(t)
	rules := func(r ...PasskeyRule) []PasskeyRule { return r }
	bare := identitytest.Model{AAGUID: goodModel}
	self := identitytest.Model{AAGUID: goodModel, Attest: func(data, sum []byte, key *ecdsa.PrivateKey) (string, map[string]any, error) {
		signature, err := sign(key, data, sum)
		return "packed", map[string]any{"alg": -7, "sig": signature}, err
	}}
	lying := m.attested(goodModel)
	lying.AAGUID = otherModel
	synced := m.attested(goodModel)
	synced.Synced = true
	forged := newMaker(t).attested(goodModel)
	proved := rules(PasskeyRule{Proved: true})
	for _, c := range []struct {
		name  string
		rules []PasskeyRule
		key   identitytest.Model
		is    []string // the status of the model
		want  string
	}{
		{"no rule", nil, bare, nil, ""},
		{"a rule for others", rules(PasskeyRule{For: []string{"doctor"}, Proved: true}), bare, nil, ""},
		{"synchronised", rules(PasskeyRule{Bound: true}), synced, nil, "synced"},
		{"not synchronised", rules(PasskeyRule{Bound: true}), bare, nil, ""},
		{"proved", proved, m.attested(goodModel), []string{"FIDO_CERTIFIED_L1"}, ""},
		{"said by nobody", proved, bare, []string{"FIDO_CERTIFIED_L1"}, "unproved"},
		{"said by the key itself, its chain taken away", proved, self, []string{"FIDO_CERTIFIED_L1"}, "unproved"},
		{"said by another maker", proved, forged, []string{"FIDO_CERTIFIED_L1"}, "unproved"},
		{"another model than its certificate says", proved, lying, []string{"FIDO_CERTIFIED_L1"}, "passkey-unknown"},
		{"its certificate has ended", proved, m.attested(goodModel, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }), []string{"FIDO_CERTIFIED_L1"}, "passkey-unknown"},
		{"a model of which nothing is published", proved, m.attested(otherModel), []string{"FIDO_CERTIFIED_L1"}, "unproved"},
		{"revoked", proved, m.attested(goodModel), []string{"FIDO_CERTIFIED_L1", "REVOKED"}, "withdrawn"},
		{"whose keys leaked", proved, m.attested(goodModel), []string{"ATTESTATION_KEY_COMPROMISE", "FIDO_CERTIFIED_L1"}, "withdrawn"},
		{"one of the models", rules(PasskeyRule{Models: []string{strings.ToUpper(goodModel.String())}}), m.attested(goodModel), []string{"FIDO_CERTIFIED_L1"}, ""},
		{"another model", rules(PasskeyRule{Models: []string{otherModel.String()}}), m.attested(goodModel), []string{"FIDO_CERTIFIED_L1"}, "model"},
		{"certified enough", rules(PasskeyRule{Level: 2}), m.attested(goodModel), []string{"FIDO_CERTIFIED_L1", "FIDO_CERTIFIED_L2"}, ""},
		{"not certified enough", rules(PasskeyRule{Level: 2}), m.attested(goodModel), []string{"FIDO_CERTIFIED_L1plus"}, "level"},
		{"two rules, one of which refuses", rules(PasskeyRule{Proved: true}, PasskeyRule{For: []string{"administrator"}, Bound: true}), synced, []string{"FIDO_CERTIFIED_L1"}, "synced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sqliteSite(t)
			b := s.administrator()
			s.config.Passkeys = m.publish(map[uuid.UUID][]string{goodModel: c.is})
			s.config.Passkeys.Rules = c.rules
			if err := s.config.Check(); err != nil {
				t.Fatal(err)
			}
			do, console := b.named()
			_, err := identitytest.AddPasskeyOf(do, console, "localhost", c.key)
			switch c.want {
			case "":
				if err != nil {
					t.Error(err)
				}
			case "passkey-unknown":
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v", err)
				}
			default:
				if err == nil || !strings.Contains(err.Error(), "passkey-model") {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

func TestAPasskeyThatARuleOfLaterRefusesGoesOnAndIsTold(t *testing.T) {
	m, s := newMaker(t), sqliteSite(t)
	s.health = health.NewTracker(s.clock)
	b := s.administrator()
	s.config.Passkeys = m.publish(map[uuid.UUID][]string{goodModel: {"FIDO_CERTIFIED_L1"}})
	s.config.Passkeys.Rules = []PasskeyRule{{Proved: true}}
	do, console := b.named()
	key, err := identitytest.AddPasskeyOf(do, console, "localhost", m.attested(goodModel))
	if err != nil {
		t.Fatal(err)
	}
	warned := func() string {
		if err := s.lookOutside(t.Context()); err != nil {
			t.Log(err)
		}
		return fmt.Sprint(s.health.Warnings())
	}
	if w := warned(); strings.Contains(w, "passkeys-outside") || strings.Contains(w, "metadata-old") {
		t.Errorf("a good passkey is warned of: %s", w)
	}
	time.Sleep(10 * time.Millisecond) // the file has another time
	m.publish(map[uuid.UUID][]string{goodModel: {"FIDO_CERTIFIED_L1", "USER_KEY_REMOTE_COMPROMISE"}})
	if w := warned(); !strings.Contains(w, "passkeys-outside") {
		t.Errorf("a broken model is not warned of: %s", w)
	}
	row := s.row("alix")
	all, err := s.factorsOf(t.Context(), row)
	if n := slices.IndexFunc(all, func(f factorAnswer) bool { return f.Outside == "withdrawn" && f.Model == "Maker's key" }); err != nil || n < 0 {
		t.Errorf("People shows %+v, %v", all, err)
	}
	if err := key.SignIn(do, console, "localhost"); err != nil {
		t.Errorf("it opens nothing any more: %v", err)
	}
	text, err := os.ReadFile(m.file("blob.jwt"))
	if err == nil {
		err = os.WriteFile(m.file("blob.jwt"), append(text[:len(text)-8], "AAAAAAAA"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if w := warned(); !strings.Contains(w, "metadata-old") {
		t.Errorf("what somebody changed is believed: %s", w)
	}
	if _, err := identitytest.AddPasskeyOf(do, console, "localhost", m.attested(goodModel)); err == nil {
		t.Error("without metadata a model is taken for proved")
	}
}

func TestRulesOfPasskeysThatCannotHoldAreRefused(t *testing.T) {
	for _, c := range []struct {
		rules Passkeys
		want  string
	}{
		{Passkeys{Rules: []PasskeyRule{{Bound: true}}}, ""},
		{Passkeys{Rules: []PasskeyRule{{Proved: true}}}, "metadata"},
		{Passkeys{Metadata: "m", Rules: []PasskeyRule{{Models: []string{"YubiKey"}}}}, "AAGUID"},
		{Passkeys{Metadata: "m", Rules: []PasskeyRule{{Models: []string{uuid.Nil.String()}}}}, "AAGUID"},
		{Passkeys{Metadata: "m", Rules: []PasskeyRule{{Level: 4}}}, "level"},
	} {
		if err := c.rules.Check(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v", c.rules, err)
		}
	}
}

func TestWhatIsPublishedOfModelsCountsOnlySignedByItsPublisherAndInOrder(t *testing.T) {
	m, other := newMaker(t), newMaker(t)
	as := func(f func(*x509.Certificate)) string { return m.blob("7", nil, f) }
	good := as(func(*x509.Certificate) {})
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	m.write(good)
	for _, c := range []struct{ name, blob, want string }{
		{"as it should be", good, ""},
		{"a later one", m.blob("8", nil, func(*x509.Certificate) {}), ""},
		{"one of before", m.blob("6", nil, func(*x509.Certificate) {}), "number 6"},
		{"signed by another site under the same root", as(func(c *x509.Certificate) { c.DNSNames = []string{"shop.example"} }), "shop.example"},
		{"signed by nobody's name", as(func(c *x509.Certificate) { c.DNSNames = nil }), "mds.fidoalliance.org"},
		{"signed by a certificate that has ended", as(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }), "expired"},
		{"signed under another root", other.blob("7", nil, func(*x509.Certificate) {}), "signed by unknown authority"},
		{"signed by nothing", none + "." + parts[1] + ".", "not signed"},
		{"another text under the signature", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"no":9}`)) + "." + parts[2], "signature"},
		{"no text at all", "", "not signed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := &models{config: &Passkeys{Metadata: m.file("blob.jwt"), Root: m.file("root.pem")}}
			m.write(good)
			if err := known.read(time.Now()); err != nil {
				t.Fatal(err)
			}
			known.changed = time.Time{} // the file is read once more
			m.write(c.blob)
			if err := known.read(time.Now()); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestALevelIsThatOfTheLastCertification(t *testing.T) {
	on := func(status metadata.AuthenticatorStatus, year int) metadata.StatusReport {
		at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		return metadata.StatusReport{Status: status, EffectiveDate: &at}
	}
	for _, c := range []struct {
		name    string
		reports []metadata.StatusReport
		want    int
	}{
		{"nothing is published", nil, 0},
		{"the second level", []metadata.StatusReport{on(metadata.FidoCertifiedL1, 2020), on(metadata.FidoCertifiedL2, 2021)}, 2},
		{"an update takes nothing of it", []metadata.StatusReport{on(metadata.FidoCertifiedL2, 2021), on(metadata.UpdateAvailable, 2022)}, 2},
		{"nor does FIPS 140", []metadata.StatusReport{on(metadata.FidoCertifiedL2plus, 2021), on(metadata.FIPS140CertifiedL2, 2022)}, 2},
		{"FIPS 140 alone is none", []metadata.StatusReport{on(metadata.FIPS140CertifiedL3, 2022)}, 0},
		{"one that has not begun", []metadata.StatusReport{on(metadata.FidoCertifiedL1, 2021), on(metadata.FidoCertifiedL3, 2030)}, 1},
		{"it is retired", []metadata.StatusReport{on(metadata.FidoCertifiedL2, 2021), on(metadata.Retired, 2022)}, 0},
		{"it was taken away", []metadata.StatusReport{on(metadata.FidoCertifiedL2, 2021), on(metadata.NotFidoCertified, 2022)}, 0},
	} {
		if got := levelOf(&metadata.Entry{StatusReports: c.reports}, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}
