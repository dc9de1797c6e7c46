package saml

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"net/url"
	"strings"
	"time"
)

// Place is the console as a provider knows it, under the name by which somebody came.
type Place struct {
	Entity   string // its id, where its metadata are
	Consumer string // where answers go
}

// Begin is where somebody is sent to sign in, and the id of the request, which the answer must name.
func (p *Provider) Begin(here Place, now time.Time) (to, id string, err error) {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw)
	id = "_" + hex.EncodeToString(raw)
	var text bytes.Buffer
	text.WriteString(`<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" ProtocolBinding="` + byPost + `"`)
	for _, a := range [][2]string{{"ID", id}, {"IssueInstant", now.UTC().Format(time.RFC3339)}, {"Destination", p.signOn}, {"AssertionConsumerServiceURL", here.Consumer}} {
		text.WriteString(" " + a[0] + `="` + escaped(a[1]) + `"`)
	}
	text.WriteString(`><saml:Issuer>` + escaped(here.Entity) + `</saml:Issuer><samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/></samlp:AuthnRequest>`)
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return "", "", err
	}
	if _, err := w.Write(text.Bytes()); err != nil {
		return "", "", err
	}
	if err := w.Close(); err != nil {
		return "", "", err
	}
	u, err := url.Parse(p.signOn)
	if err != nil {
		return "", "", err
	}
	q := u.Query()
	q.Set("SAMLRequest", base64.StdEncoding.EncodeToString(packed.Bytes()))
	u.RawQuery = q.Encode()
	return u.String(), id, nil
}

// Metadata is what the console says of itself (SAML 2.0 Metadata, 2.4.4).
func Metadata(here Place) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + escaped(here.Entity) + `">
  <SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <AssertionConsumerService Binding="` + byPost + `" Location="` + escaped(here.Consumer) + `" index="0" isDefault="true"/>
  </SPSSODescriptor>
</EntityDescriptor>
`)
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes all
	return b.String()
}
