package saml

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const idp = "https://idp.hospital.example/metadata"

func at() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func here() Place {
	return Place{Entity: "https://bulwark.hospital.example/sign-in/saml/idp/metadata", Consumer: "https://bulwark.hospital.example/sign-in/saml/idp/answer"}
}

// house is an identity provider.
type house struct {
	*Provider
	t    testing.TB
	sign *dsig.SigningContext
	id   string // of the request
}

func certificate(t testing.TB) ([]byte, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}, NotBefore: at().AddDate(-1, 0, 0), NotAfter: at().AddDate(5, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func signer(t testing.TB, der []byte, key *rsa.PrivateKey) *dsig.SigningContext {
	t.Helper()
	s, err := dsig.NewSigningContext(key, [][]byte{der})
	if err != nil {
		t.Fatal(err)
	}
	s.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := s.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		t.Fatal(err)
	}
	return s
}

func metadataOf(ders ...[]byte) string {
	text := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + idp + `"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`
	for _, d := range ders {
		text += `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(d) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`
	}
	return text + `<SingleSignOnService Binding="` + byRedirect + `" Location="https://idp.hospital.example/sso?tenant=1"/></IDPSSODescriptor></EntityDescriptor>`
}

func newHouse(t testing.TB) *house {
	t.Helper()
	der, key := certificate(t)
	file := filepath.Join(t.TempDir(), "idp.xml")
	if err := os.WriteFile(file, []byte(metadataOf(der)), 0o600); err != nil {
		t.Fatal(err)
	}
	c := Config{Name: "idp", Metadata: file, TwoFactors: []string{"https://refeds.org/profile/mfa"}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{Provider: p, t: t, sign: signer(t, der, key)}
	if _, h.id, err = p.Begin(here(), at()); err != nil {
		t.Fatal(err)
	}
	return h
}

// assertion is what an honest provider says, unsigned, with what a test changes in its text.
func (h *house) assertion(id, name string, change ...string) *etree.Element {
	h.t.Helper()
	when := func(d time.Duration) string { return at().Add(d).Format(time.RFC3339) }
	text := `<saml:Assertion xmlns:saml="` + assertion + `" ID="` + id + `" IssueInstant="` + when(0) + `" Version="2.0"><saml:Issuer>` + idp + `</saml:Issuer>` +
		`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">` + name + `</saml:NameID><saml:SubjectConfirmation Method="` + bearer + `">` +
		`<saml:SubjectConfirmationData InResponseTo="` + h.id + `" NotOnOrAfter="` + when(5*time.Minute) + `" Recipient="` + here().Consumer + `"/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="` + when(-time.Minute) + `" NotOnOrAfter="` + when(5*time.Minute) + `"><saml:AudienceRestriction><saml:Audience>` + here().Entity + `</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="` + when(0) + `" SessionIndex="s1"><saml:AuthnContext><saml:AuthnContextClassRef>https://refeds.org/profile/mfa</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
		`<saml:AttributeStatement><saml:Attribute Name="urn:oid:0.9.2342.19200300.100.1.1" FriendlyName="uid"><saml:AttributeValue>` + name + `</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="displayName"><saml:AttributeValue>Dr ` + name + `</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>`
	for n := 0; n+1 < len(change); n += 2 {
		if !strings.Contains(text, change[n]) {
			h.t.Fatalf("the assertion has no %s", change[n])
		}
		text = strings.ReplaceAll(text, change[n], change[n+1])
	}
	return parsed(h.t, text)
}

func parsed(t testing.TB, text string) *etree.Element {
	t.Helper()
	d := etree.NewDocument()
	if err := d.ReadFromString(text); err != nil {
		t.Fatal(err)
	}
	return d.Root()
}

func (h *house) signed(e *etree.Element) *etree.Element {
	h.t.Helper()
	s, err := h.sign.SignEnveloped(e)
	if err != nil {
		h.t.Fatal(err)
	}
	return parsed(h.t, text(h.t, s)) // the library's does not know its own parents
}

// response is the answer around elements.
func (h *house) response(inside ...*etree.Element) *etree.Element {
	r := parsed(h.t, `<samlp:Response xmlns:samlp="`+protocol+`" ID="_r" Version="2.0" InResponseTo="`+h.id+`" Destination="`+here().Consumer+`"><samlp:Status><samlp:StatusCode Value="`+success+`"/></samlp:Status></samlp:Response>`)
	for _, e := range inside {
		r.AddChild(e)
	}
	return r
}

func text(t testing.TB, e *etree.Element) string {
	t.Helper()
	d := etree.NewDocument()
	d.SetRoot(e)
	b, err := d.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func packed(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestWhoAProviderSignedInIsKnown(t *testing.T) {
	h := newHouse(t)
	for name, r := range map[string]*etree.Element{
		"the assertion is signed": h.response(h.signed(h.assertion("_a", "ana"))),
		"the answer, too":         h.signed(h.response(h.signed(h.assertion("_a", "ana")))),
	} {
		a, err := h.Finish(packed(text(t, r)), here(), h.id, at())
		if err != nil || a.Subject != "ana" || a.Issuer != idp || a.Login != "ana" || a.Name != "Dr ana" || !a.Two || a.Resistant || a.Session != "s1" {
			t.Errorf("%s: got %+v, %v", name, a, err)
		}
	}
}

func TestARequestLeadsToTheProvider(t *testing.T) {
	h := newHouse(t)
	to, id, err := h.Begin(here(), at())
	u, parseErr := url.Parse(to)
	if err != nil || parseErr != nil || u.Host != "idp.hospital.example" || u.Query().Get("tenant") != "1" || u.Query().Get("SAMLRequest") == "" || len(id) < 33 {
		t.Errorf("got %s, %s, %v", to, id, err)
	}
	if m := string(Metadata(here())); plain([]byte(m)) != nil || !strings.Contains(m, here().Consumer) {
		t.Errorf("our metadata are %s", m)
	}
}

// lies are answers that somebody made who is not the provider, of ones that it gave to eve.
func (h *house) lies() map[string]string {
	t := h.t
	good := func() *etree.Element { return h.signed(h.assertion("_a", "eve")) }
	evil := func(id string) *etree.Element { return h.assertion(id, "admin") }
	take := func(e *etree.Element) *etree.Element { // the signature of an element, out of it
		s := e.SelectElement("Signature")
		e.RemoveChild(s)
		return s
	}
	all := map[string]string{}
	put := func(name string, e *etree.Element) { all[name] = text(t, e) }

	put("no signature", h.response(evil("_e")))
	put("another's signature", func() *etree.Element {
		der, key := certificate(t)
		o := *h
		o.sign = signer(t, der, key)
		return h.response(o.signed(evil("_e")))
	}())
	put("changed after it was signed", func() *etree.Element {
		a := good()
		a.FindElement("./Subject/NameID").SetText("admin")
		return h.response(a)
	}())
	put("only the answer is signed", h.signed(h.response(evil("_e"))))

	xsw(h, put, good, evil, take)

	put("two assertions", h.response(good(), h.signed(h.assertion("_b", "admin"))))
	put("an ID that stands twice", h.response(good(), h.assertion("_a", "admin")))
	put("a signature of the answer that is not good", func() *etree.Element {
		r := h.signed(h.response(good()))
		r.CreateAttr("Version", "2.1")
		return r
	}())
	for name, change := range map[string][]string{
		"another provider":              {"<saml:Issuer>" + idp, "<saml:Issuer>https://evil.example"},
		"another audience":              {"<saml:Audience>" + here().Entity, "<saml:Audience>https://other.example"},
		"no audience":                   {"<saml:AudienceRestriction><saml:Audience>" + here().Entity + "</saml:Audience></saml:AudienceRestriction>", ""},
		"another recipient":             {`Recipient="` + here().Consumer, `Recipient="https://other.example/acs`},
		"another request":               {`InResponseTo="` + h.id, `InResponseTo="_other`},
		"no request":                    {`InResponseTo="` + h.id + `" `, ""},
		"too late":                      {`NotOnOrAfter="` + at().Add(5*time.Minute).Format(time.RFC3339), `NotOnOrAfter="` + at().Add(-5*time.Minute).Format(time.RFC3339)},
		"not yet":                       {`NotBefore="` + at().Add(-time.Minute).Format(time.RFC3339), `NotBefore="` + at().Add(5*time.Minute).Format(time.RFC3339)},
		"a time that is none":           {`NotBefore="` + at().Add(-time.Minute).Format(time.RFC3339), `NotBefore="tomorrow`},
		"not of its bearer":             {bearer, "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"},
		"no statement":                  {"AuthnStatement", "AuthzStatement"},
		"an older version":              {`Version="2.0"`, `Version="1.1"`},
		"another name each time":        {"nameid-format:persistent", "nameid-format:transient"},
		"no name":                       {">eve</saml:NameID>", "></saml:NameID>"},
		"a session that ended":          {`SessionIndex="s1"`, `SessionIndex="s1" SessionNotOnOrAfter="` + at().Add(-time.Hour).Format(time.RFC3339) + `"`},
		"a name with children":          {">eve</saml:NameID>", "><b>admin</b></saml:NameID>"},
		"a second subject":              {"</saml:Subject>", "</saml:Subject><saml:Subject><saml:NameID>admin</saml:NameID></saml:Subject>"},
		"a condition nobody knows":      {"<saml:AudienceRestriction>", `<saml:Condition/><saml:AudienceRestriction>`},
		"a condition of others":         {"<saml:AudienceRestriction>", `<x:OneTimeUse xmlns:x="https://other.example/"/><saml:AudienceRestriction>`},
		"a confirmation with NotBefore": {"<saml:SubjectConfirmationData ", `<saml:SubjectConfirmationData NotBefore="` + at().Format(time.RFC3339) + `" `},
	} {
		put(name, h.response(h.signed(h.assertion("_a", "eve", change...))))
	}
	honest := text(t, h.response(good()))
	replace := func(name, old, by string) {
		if !strings.Contains(honest, old) {
			t.Fatalf("the answer has no %s", old)
		}
		all[name] = strings.Replace(honest, old, by, 1)
	}
	replace("the answer to another request", `Version="2.0" InResponseTo="`+h.id, `Version="2.0" InResponseTo="_x`)
	replace("an answer for another place", `Destination="`+here().Consumer, `Destination="https://other.example/acs`)
	replace("a comment in the name", ">eve<", ">admin<!-- -->eve<")
	replace("a document type", "<samlp:Response", `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><samlp:Response`)
	replace("an instruction", "<samlp:Status>", "<?php x?><samlp:Status>")
	replace("encrypted, by nobody", "</samlp:Response>", `<saml:EncryptedAssertion xmlns:saml="`+assertion+`"/></samlp:Response>`)
	replace("SHA-1", dsig.RSASHA256SignatureMethod, dsig.RSASHA1SignatureMethod)
	replace("a digest by SHA-1", "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1")
	replace("another canonical form", `CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"`, `CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"`)
	replace("HMAC with the certificate as key", dsig.RSASHA256SignatureMethod, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
	replace("a transform by a program", string(dsig.EnvelopedSignatureAltorithmId), "http://www.w3.org/TR/1999/REC-xslt-19991116")
	replace("a reference to all", `URI="#_a"`, `URI=""`)
	replace("a reference to something else", `URI="#_a"`, `URI="#_r"`)
	all["cut"] = honest[:len(honest)-40]
	all["nothing"] = ""
	all["very deep"] = strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	all["very wide"] = "<a>" + strings.Repeat("<b/>", mostElements) + "</a>"
	return all
}

// xsw are the eight ways to wrap a signature (Somorovsky et al., On Breaking SAML, 2012).
func xsw(h *house, put func(string, *etree.Element), good func() *etree.Element, evil func(string) *etree.Element, take func(*etree.Element) *etree.Element) {
	whole := func() (*etree.Element, *etree.Element) { // an answer that was signed, and its signature
		r := h.signed(h.response(good()))
		return r, r.SelectElement("Signature")
	}
	r, s := whole()
	lie := h.response(evil("_e"))
	lie.CreateAttr("ID", "_evil")
	r.RemoveChild(s)
	s.AddChild(r)
	lie.AddChild(s)
	put("XSW1", lie)
	r, s = whole()
	lie = h.response(evil("_e"))
	lie.CreateAttr("ID", "_evil")
	r.RemoveChild(s)
	lie.InsertChildAt(0, r)
	lie.AddChild(s)
	put("XSW2", lie)
	put("XSW3", h.response(evil("_e"), good()))
	lie = evil("_e")
	lie.AddChild(good())
	put("XSW4", h.response(lie))
	a := good()
	lie = evil("_e")
	lie.AddChild(take(a))
	put("XSW5", h.response(lie, a))
	a = good()
	lie = evil("_e")
	s = take(a)
	s.AddChild(a)
	lie.AddChild(s)
	put("XSW6", h.response(lie))
	r = h.response(good())
	x := r.CreateElement("samlp:Extensions")
	x.AddChild(evil("_e"))
	put("XSW7", r)
	a = good()
	lie = evil("_e")
	s = take(a)
	o := s.CreateElement("Object")
	o.AddChild(a)
	lie.AddChild(s)
	put("XSW8", h.response(lie))
	a = good()
	lie = evil("_a") // the same ID
	lie.AddChild(a.SelectElement("Signature").Copy())
	put("XSW with the same ID", h.response(lie, a))
}

func TestWhatAProviderDidNotSayIsRefused(t *testing.T) {
	h, passed := newHouse(t), 0
	all := h.lies()
	for name, xml := range all {
		if a, err := h.Finish(packed(xml), here(), h.id, at()); err == nil || !errors.Is(err, ErrRefused) {
			t.Errorf("%s: got %+v, %v", name, a, err)
			continue
		}
		passed++
	}
	for name, c := range map[string]struct{ response, request string }{
		"no base64":         {"%%%", h.id},
		"longer than any":   {strings.Repeat("A", MostResponse+1), h.id},
		"nobody asked":      {packed(text(t, h.response(h.signed(h.assertion("_a", "ana"))))), ""},
		"another asked now": {packed(text(t, h.response(h.signed(h.assertion("_a", "ana"))))), "_another"},
	} {
		if a, err := h.Finish(c.response, here(), c.request, at()); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: got %+v, %v", name, a, err)
			continue
		}
		passed++
	}
	denied := strings.Replace(text(t, h.response()), success, "urn:oasis:names:tc:SAML:2.0:status:Responder", 1)
	if _, err := h.Finish(packed(denied), here(), h.id, at()); !errors.Is(err, ErrDenied) {
		t.Errorf("who was not let in: %v", err)
	}
	fmt.Printf("RESULT saml_cases %d/%d share\n", passed, len(all)+4)
}

func TestTwoCertificatesAreGoodWhileAProviderChangesOver(t *testing.T) {
	h := newHouse(t)
	old, oldKey := certificate(t)
	next, nextKey := certificate(t)
	file := filepath.Join(t.TempDir(), "idp.xml")
	if err := os.WriteFile(file, []byte(metadataOf(old, next)), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := New(Config{Name: "idp", Metadata: file})
	if err != nil {
		t.Fatal(err)
	}
	h.sign = signer(t, old, oldKey)
	xml := packed(text(t, h.response(h.signed(h.assertion("_a", "ana")))))
	if _, err := p.Finish(xml, here(), h.id, at()); err != nil {
		t.Error(err)
	}
	for n, key := range map[string]*rsa.PrivateKey{"the old": oldKey, "the next": nextKey} { // which it is, need not be said
		h.sign = signer(t, map[string][]byte{"the old": old, "the next": next}[n], key)
		e := h.signed(h.assertion("_a", "ana"))
		s := e.SelectElement("Signature")
		s.RemoveChild(s.SelectElement("KeyInfo"))
		if _, err := p.Finish(packed(text(t, h.response(e))), here(), h.id, at()); err != nil {
			t.Errorf("%s, without its certificate: %v", n, err)
		}
	}
	if _, err := p.Finish(xml, here(), h.id, at().AddDate(10, 0, 0)); !errors.Is(err, ErrRefused) {
		t.Errorf("after the certificate ended: %v", err)
	}
}

func TestMetadataThatNobodyCouldSignInWithAreRefused(t *testing.T) {
	der, _ := certificate(t)
	good := metadataOf(der)
	for name, xml := range map[string]string{
		"nothing":              "",
		"a service provider":   strings.ReplaceAll(good, "IDPSSODescriptor", "SPSSODescriptor"),
		"no certificate":       metadataOf(),
		"no https":             strings.Replace(good, "https://idp.hospital.example/sso", "http://idp.hospital.example/sso", 1),
		"another binding":      strings.Replace(good, byRedirect, byPost, 1),
		"a document type":      "<!DOCTYPE x>" + good,
		"a certificate is cut": strings.Replace(good, "</X509Certificate>", "AAAA</X509Certificate>", 1),
	} {
		if _, err := read([]byte(xml)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := read([]byte(good)); err != nil {
		t.Error(err)
	}
}

func FuzzFinish(f *testing.F) {
	h := newHouse(f)
	f.Add([]byte(text(f, h.response(h.signed(h.assertion("_a", "ana"))))))
	for _, xml := range h.lies() {
		f.Add([]byte(xml))
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		if a, err := h.Finish(packed(string(xml)), here(), h.id, at()); err == nil && a.Subject != "ana" {
			t.Errorf("%s is taken for %+v", xml, a)
		}
	})
}

func TestKeysOfOtherKindsSign(t *testing.T) {
	h := newHouse(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: at().AddDate(-1, 0, 0), NotAfter: at().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := dsig.NewSigningContext(key, [][]byte{der})
	if err != nil {
		t.Fatal(err)
	}
	s.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := s.SetSignatureMethod(dsig.ECDSASHA256SignatureMethod); err != nil {
		t.Fatal(err)
	}
	h.sign = s
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	h.certificates = []*x509.Certificate{cert}
	if a, err := h.Finish(packed(text(t, h.response(h.signed(h.assertion("_a", "ana"))))), here(), h.id, at()); err != nil || a.Subject != "ana" {
		t.Errorf("got %+v, %v", a, err)
	}
}
