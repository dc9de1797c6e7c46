package saml

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// ErrRefused means that an answer is not to be believed.
var ErrRefused = errors.New("saml: the answer is not to be believed")

// ErrDenied means that the provider let somebody not in.
var ErrDenied = errors.New("saml: the provider let nobody in")

// What bounds an answer.
const (
	MostResponse = 256 << 10 // bytes, in base64
	mostDepth    = 30
	mostElements = 2000
	mostText     = 4096 // bytes of a value that is used
	// skew is by how much clocks may differ.
	skew = time.Minute
)

// The namespaces of SAML 2.0 and of signatures.
const (
	protocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	signature = "http://www.w3.org/2000/09/xmldsig#"
	transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	bearer    = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	success   = "urn:oasis:names:tc:SAML:2.0:status:Success"
)

// Arrival is who came.
type Arrival struct {
	Issuer, Subject string // the one name that never changes
	Session         string
	Login, Name     string
	Class           string
	Two, Resistant  bool
}

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRefused}, args...)...)
}

// plain refuses what no answer needs and attacks do: document types, entities, instructions, comments, depth, and names of elements that are declared twice.
func plain(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	depth, elements, ids := 0, 0, map[string]bool{}
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refused("it is no XML")
		}
		switch t := t.(type) {
		case xml.Directive:
			return refused("it has a document type")
		case xml.Comment:
			return refused("it has a comment")
		case xml.ProcInst:
			if t.Target != "xml" || elements > 0 {
				return refused("it has an instruction")
			}
		case xml.StartElement:
			if depth, elements = depth+1, elements+1; depth > mostDepth || elements > mostElements {
				return refused("it is too large")
			}
			seen := map[xml.Name]bool{}
			for _, a := range t.Attr {
				if seen[a.Name] {
					return refused("an attribute stands twice")
				}
				seen[a.Name] = true
				if !strings.EqualFold(a.Name.Local, "id") {
					continue
				}
				if ids[a.Value] {
					return refused("two elements have one ID")
				}
				ids[a.Value] = true
			}
		case xml.EndElement:
			depth--
		}
	}
	if depth != 0 || elements == 0 {
		return refused("it is cut")
	}
	return nil
}

// shape checks that an answer has one assertion in its place, signed itself, and no signature elsewhere.
func shape(root *etree.Element) (*etree.Element, error) {
	if root == nil || root.Tag != "Response" || root.NamespaceURI() != protocol {
		return nil, refused("it is no Response")
	}
	var found *etree.Element
	var walk func(e *etree.Element) error
	walk = func(e *etree.Element) error {
		for _, c := range e.ChildElements() {
			switch c.Tag {
			case "EncryptedAssertion", "EncryptedID":
				return refused("it is encrypted, and we have no key that opens it")
			case "Assertion":
				if found != nil || e != root || c.NamespaceURI() != assertion {
					return refused("it has more than one assertion, or one in another place")
				}
				found = c
			case "Signature":
				if c.NamespaceURI() != signature || e != root && (e.Tag != "Assertion" || e.Parent() != root) {
					return refused("it has a signature in another place")
				}
				if err := signed(c, e); err != nil {
					return err
				}
			}
			if err := walk(c); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(root); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, refused("it has no assertion")
	}
	if len(found.SelectElements("Signature")) != 1 || len(root.SelectElements("Signature")) > 1 {
		return nil, refused("the assertion is not signed, or more than once")
	}
	return found, nil
}

// signed checks that a signature is of the element around it, by the whole of it (SAML 2.0 Core, 5.4).
func signed(s, of *etree.Element) error {
	infos := s.SelectElements("SignedInfo")
	if len(infos) != 1 {
		return refused("a signature without its one SignedInfo")
	}
	refs := infos[0].SelectElements("Reference")
	id := of.SelectAttrValue("ID", "")
	if len(refs) != 1 || id == "" || refs[0].SelectAttrValue("URI", "") != "#"+id {
		return refused("a signature of something else")
	}
	algorithm := func(e *etree.Element, name string) string {
		if all := e.SelectElements(name); len(all) == 1 {
			return all[0].SelectAttrValue("Algorithm", "")
		}
		return ""
	}
	if a := algorithm(infos[0], "CanonicalizationMethod"); a != string(dsig.CanonicalXML10ExclusiveAlgorithmId) {
		return refused("a canonical form that is not exclusive")
	}
	if !slices.Contains([]string{dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod, dsig.ECDSASHA256SignatureMethod, dsig.ECDSASHA384SignatureMethod, dsig.ECDSASHA512SignatureMethod},
		algorithm(infos[0], "SignatureMethod")) {
		return refused("it is signed by a weak algorithm")
	}
	if !slices.Contains([]string{"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512"}, algorithm(refs[0], "DigestMethod")) {
		return refused("its digest is weak")
	}
	var transforms []string
	for _, t := range refs[0].SelectElements("Transforms") {
		for _, x := range t.ChildElements() {
			transforms = append(transforms, x.SelectAttrValue("Algorithm", ""))
		}
	}
	if !slices.Equal(transforms, []string{string(dsig.EnvelopedSignatureAltorithmId), string(dsig.CanonicalXML10ExclusiveAlgorithmId)}) {
		return refused("it is transformed otherwise")
	}
	return nil
}

// verified is an element as it was signed: what is not of it is not there any more.
func (p *Provider) verified(e *etree.Element, now time.Time) (*etree.Element, error) {
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, refused("its namespaces")
	}
	alone, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		return nil, refused("its namespaces")
	}
	for _, c := range p.certificates { // one by one: a signature need not say by which it is (XML Signature, 4.5)
		v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
		v.Clock = dsig.NewFakeClockAt(now)
		var out *etree.Element
		if out, err = v.Validate(alone); err == nil {
			return out, nil
		}
	}
	return nil, refused("its signature: %s", err)
}

// Finish checks the answer to a request, at a time, and says who came.
func (p *Provider) Finish(response string, here Place, request string, now time.Time) (a *Arrival, err error) {
	defer func() { // the libraries read what strangers wrote
		if r := recover(); r != nil {
			a, err = nil, refused("%v", r)
		}
	}()
	if len(response) > MostResponse {
		return nil, refused("it is too large")
	}
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(response), ""))
	if err != nil {
		return nil, refused("it is not base64")
	}
	if err := plain(text); err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		return nil, refused("it is no XML")
	}
	root := doc.Root()
	if err := answers(root, here, request); err != nil {
		return nil, err
	}
	found, err := shape(root)
	if err != nil {
		return nil, err
	}
	if root.SelectElement("Signature") != nil {
		if _, err := p.verified(root, now); err != nil {
			return nil, err
		}
	}
	ours, err := p.verified(found, now)
	if err != nil {
		return nil, err
	}
	return p.read(ours, here, request, now)
}

// answers checks what an answer says of itself (SAML 2.0 Core, 3.2.2).
func answers(root *etree.Element, here Place, request string) error {
	switch {
	case root == nil || root.Tag != "Response" || root.NamespaceURI() != protocol:
		return refused("it is no Response")
	case root.SelectAttrValue("InResponseTo", "") != request || request == "":
		return refused("it answers another request")
	case root.SelectAttrValue("Destination", here.Consumer) != here.Consumer:
		return refused("it is for another place")
	}
	if s := root.FindElement("./Status/StatusCode"); s == nil {
		return refused("it has no status")
	} else if s.SelectAttrValue("Value", "") != success {
		return ErrDenied
	}
	return nil
}

// one is the text of the one child of that name; it has no children of its own.
func one(e *etree.Element, name string) (string, *etree.Element) {
	if e == nil {
		return "", nil
	}
	all := e.SelectElements(name)
	if len(all) != 1 || all[0].NamespaceURI() != assertion || len(all[0].ChildElements()) > 0 || len(all[0].Text()) > mostText {
		return "", nil
	}
	return strings.TrimSpace(all[0].Text()), all[0]
}

// until parses a time (SAML 2.0 Core, 1.3.3); ok is false where there is none that is good.
func until(e *etree.Element, name string) (t time.Time, ok bool) {
	t, err := time.Parse(time.RFC3339, e.SelectAttrValue(name, ""))
	return t, err == nil
}

// read takes who came out of an assertion that was verified.
func (p *Provider) read(e *etree.Element, here Place, request string, now time.Time) (*Arrival, error) {
	if e.Tag != "Assertion" || e.NamespaceURI() != assertion || e.SelectAttrValue("Version", "") != "2.0" {
		return nil, refused("what is signed is no assertion")
	}
	if issuer, _ := one(e, "Issuer"); issuer != p.entity {
		return nil, refused("another provider says so")
	}
	subject := e.SelectElements("Subject")
	conditions := e.SelectElements("Conditions")
	statements := e.SelectElements("AuthnStatement")
	if len(subject) != 1 || len(conditions) != 1 || len(statements) != 1 {
		return nil, refused("it lacks its subject, conditions or statement")
	}
	if err := inForce(conditions[0], here, now); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(subject[0].SelectElements("SubjectConfirmation"), func(c *etree.Element) bool { return confirms(c, here, request, now) }) {
		return nil, refused("it is for another request or place, or too late")
	}
	if ends, ok := until(statements[0], "SessionNotOnOrAfter"); ok && !now.Before(ends.Add(skew)) {
		return nil, refused("the session there has ended")
	}
	name, id := one(subject[0], "NameID")
	a := &Arrival{Issuer: p.entity, Subject: name, Session: statements[0].SelectAttrValue("SessionIndex", "")}
	if id == nil || name == "" || id.SelectAttrValue("Format", "") == transient {
		return nil, refused("the name is another one each time: have the provider send a persistent one")
	}
	if q := cmp.Or(id.SelectAttrValue("NameQualifier", ""), p.entity); q != p.entity {
		a.Subject = q + "!" + a.Subject
	}
	if contexts := statements[0].SelectElements("AuthnContext"); len(contexts) == 1 {
		a.Class, _ = one(contexts[0], "AuthnContextClassRef")
	}
	a.Two, a.Resistant = slices.Contains(p.Config.TwoFactors, a.Class), slices.Contains(p.Config.Resistant, a.Class)
	a.Login, a.Name = attribute(e, p.Config.LoginAttribute), attribute(e, p.Config.NameAttribute)
	return a, nil
}

// inForce checks the conditions of an assertion (SAML 2.0 Core, 2.5.1).
func inForce(c *etree.Element, here Place, now time.Time) error {
	if from, ok := until(c, "NotBefore"); c.SelectAttr("NotBefore") != nil && (!ok || now.Add(skew).Before(from)) {
		return refused("it is not good yet")
	}
	if ends, ok := until(c, "NotOnOrAfter"); c.SelectAttr("NotOnOrAfter") != nil && (!ok || !now.Before(ends.Add(skew))) {
		return refused("it is too late")
	}
	for _, x := range c.ChildElements() { // one that is not understood cannot be kept (2.5.1.1)
		if x.NamespaceURI() != assertion || !slices.Contains([]string{"AudienceRestriction", "OneTimeUse", "ProxyRestriction"}, x.Tag) {
			return refused("it has a condition that we do not know")
		}
	}
	audiences := c.SelectElements("AudienceRestriction")
	if len(audiences) == 0 {
		return refused("it is for everybody")
	}
	for _, r := range audiences {
		if !slices.ContainsFunc(r.SelectElements("Audience"), func(x *etree.Element) bool { return strings.TrimSpace(x.Text()) == here.Entity }) {
			return refused("it is for somebody else")
		}
	}
	return nil
}

// confirms tells whether whoever brings an assertion may (SAML 2.0 Profiles, 4.1.4.3).
func confirms(c *etree.Element, here Place, request string, now time.Time) bool {
	data := c.SelectElements("SubjectConfirmationData")
	if c.SelectAttrValue("Method", "") != bearer || len(data) != 1 {
		return false
	}
	d := data[0]
	ends, ok := until(d, "NotOnOrAfter")
	return ok && now.Before(ends.Add(skew)) && d.SelectAttr("NotBefore") == nil && d.SelectAttrValue("Recipient", "") == here.Consumer && d.SelectAttrValue("InResponseTo", "") == request
}

// attribute is the one value of an attribute, by its name or the friendly one; "" where there is none, or are several.
func attribute(e *etree.Element, name string) string {
	value, n := "", 0
	for _, s := range e.SelectElements("AttributeStatement") {
		for _, a := range s.SelectElements("Attribute") {
			if a.SelectAttrValue("Name", "") != name && a.SelectAttrValue("FriendlyName", "") != name {
				continue
			}
			n++
			value, _ = one(a, "AttributeValue")
		}
	}
	if n != 1 {
		return ""
	}
	return value
}
