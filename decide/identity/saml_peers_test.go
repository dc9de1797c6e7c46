package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/decide/identity/saml"
	"bulwark/platform/web"
)

// lasso is an identity provider that nobody here wrote: Debian's lasso, which Entr'ouvert makes for French administrations.
type lasso struct {
	t   *testing.T
	dir string
}

const lassoPython = "/usr/bin/python3"

func newLasso(t *testing.T, s *site) *lasso {
	t.Helper()
	if err := exec.Command(lassoPython, "-c", "import lasso").Run(); err != nil {
		t.Skip("needs lasso (Debian: python3-lasso)")
	}
	l := &lasso{t, t.TempDir()}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}, NotBefore: s.clock.Now().AddDate(-1, 0, 0), NotAfter: s.clock.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert := `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(der) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`
	l.write("idp.key", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	l.write("idp.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	l.write("idp.xml", `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.hospital.example/metadata"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`+cert+
		`<NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.hospital.example/sso"/></IDPSSODescriptor></EntityDescriptor>`)
	return l
}

func (l *lasso) write(name, text string) {
	l.t.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// answer is what somebody's browser posts who signed in there.
func (l *lasso) answer(to, login string, now time.Time) (at, answer string) {
	l.t.Helper()
	u, err := url.Parse(to)
	if err != nil || u.Host != "idp.hospital.example" {
		l.t.Fatalf("sent to %q", to)
	}
	out, err := exec.Command(lassoPython, "testdata/saml_idp.py", l.dir, u.RawQuery, login, now.UTC().Format(time.RFC3339)).CombinedOutput()
	lines := strings.SplitN(strings.TrimSpace(string(out)), "\n", 2)
	if err != nil || len(lines) != 2 {
		l.t.Fatalf("lasso: %v: %s", err, out)
	}
	return lines[0], lines[1]
}

// comes has a browser come back from the provider: from a page of its, and by a page of ours.
func (b *browser) comes(at, text string) answer {
	b.t.Helper()
	u, err := url.Parse(at)
	if err != nil || !strings.HasPrefix(at, b.site.server.URL) {
		b.t.Fatalf("it answers to %q", at)
	}
	first := b.site.browser() // a post of another site brings no cookies
	r := first.request(http.MethodPost, u.Path, strings.NewReader(url.Values{"SAMLResponse": {text}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://idp.hospital.example")
	if a := first.do(r); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "data-send") || len(a.Cookies()) > 0 {
		b.t.Fatalf("the answer of the provider: %d %s", a.StatusCode, a.text)
	}
	return b.form(strings.Replace(u.Path, "/answer", "/answered", 1), "sealed", text)
}

// TestPeopleOfASAMLProvider signs people in with an identity provider of lasso.
func TestPeopleOfASAMLProvider(t *testing.T) {
	s := sqliteSite(t)
	l := newLasso(t, s)
	s.config.SAML = []saml.Config{{Name: "idp", Label: "Hospital", Metadata: filepath.Join(l.dir, "idp.xml"), Link: []string{"login"}}}
	if err := s.config.Check(); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.samls, err = newSAML(Needs{Config: s.config}); err != nil {
		t.Fatal(err)
	}
	admin := s.administrator()
	s.invited(admin, "ana", web.Reader)
	a := s.browser().page("/sign-in/with/idp/metadata")
	if a.StatusCode != http.StatusOK || !strings.Contains(a.text, s.server.URL) {
		t.Fatalf("our metadata: %d %s", a.StatusCode, a.text)
	}
	l.write("sp.xml", a.text)
	if a := s.browser().page("/sign-in"); !strings.Contains(a.text, "/sign-in/with/idp") {
		t.Error("the sign-in page does not offer it")
	}

	b := s.browser()
	at, answer := l.answer(b.page("/sign-in/with/idp?next=/traffic").to(), "ana", s.clock.Now())
	if a := b.comes(at, answer); a.to() != "/sign-in/second?next=%2Ftraffic" { // one factor was shown there
		t.Fatalf("back: %d to %q %s", a.StatusCode, a.to(), a.text)
	}
	want(t, "the second step", b.form("/sign-in/second", "code", s.code("ana")), http.StatusSeeOther)
	var me struct{ Login string }
	if want(t, "the API", b.call("GET", "/api/me", nil, &me), http.StatusOK); me.Login != "ana" {
		t.Errorf("signed in as %q", me.Login)
	}
	if a := b.comes(at, answer); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the same answer once more: %d", a.StatusCode)
	}
	other := s.browser()
	other.page("/sign-in/with/idp")
	if a := other.comes(at, answer); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("in a browser that asked something else: %d to %q", a.StatusCode, a.to())
	}
	if a := s.browser().comes(at, answer); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("in a browser that asked nothing: %d to %q", a.StatusCode, a.to())
	}

	stranger := s.browser()
	at, answer = l.answer(stranger.page("/sign-in/with/idp").to(), "nobody", s.clock.Now())
	if a := stranger.comes(at, answer); a.StatusCode != http.StatusForbidden {
		t.Errorf("somebody who is not here: %d to %q", a.StatusCode, a.to())
	}
	boss := s.browser()
	at, answer = l.answer(boss.page("/sign-in/with/idp").to(), "alix", s.clock.Now())
	if a := boss.comes(at, answer); a.StatusCode != http.StatusForbidden { // administrators join their accounts themselves
		t.Errorf("an administrator by login: %d to %q", a.StatusCode, a.to())
	}
	at, answer = l.answer(admin.page("/factors/with/idp").to(), "alix", s.clock.Now())
	if a := admin.comes(at, answer); a.to() != "/settings" {
		t.Errorf("joining one's own: %d to %q", a.StatusCode, a.to())
	}
	late := s.browser()
	at, answer = l.answer(late.page("/sign-in/with/idp").to(), "ana", s.clock.Now().Add(-10*time.Minute))
	if a := late.comes(at, answer); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an answer of ten minutes ago: %d to %q", a.StatusCode, a.to())
	}
}
