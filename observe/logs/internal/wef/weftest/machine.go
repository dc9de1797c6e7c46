package weftest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf16"

	"github.com/google/uuid"

	"bulwark/wire/wiretest"
)

const (
	wsman     = "http://schemas.dmtf.org/wbem/wsman/1/wsman/"
	anonymous = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
	eventing  = "http://schemas.xmlsoap.org/ws/2004/08/eventing/"
)

// Machine is one that forwards.
type Machine struct {
	Name   string // of itself
	Server string // https://HOST:PORT
	client http.Client
}

// NewMachine is a machine that reaches a server.
func NewMachine(name, server string, way *tls.Config) *Machine {
	return &Machine{Name: name, Server: server, client: http.Client{Transport: &http.Transport{TLSClientConfig: way}}}
}

// Over has it reach its server another way.
func (m *Machine) Over(way http.RoundTripper) { m.client.Transport = way }

// Offer is a subscription that a machine was handed.
type Offer struct {
	Version  string
	Options  []Option `xml:"Envelope>Header>OptionSet>Option"`
	Address  string   `xml:"Envelope>Body>Subscribe>Delivery>NotifyTo>Address"`
	ID       string   `xml:"Envelope>Body>Subscribe>Delivery>NotifyTo>ReferenceProperties>Identifier"`
	Issuers  []string `xml:"Envelope>Body>Subscribe>Delivery>NotifyTo>Policy>ExactlyOne>All>Authentication>ClientCertificate>Thumbprint"`
	Query    inner    `xml:"Envelope>Body>Subscribe>Filter"`
	Bookmark inner    `xml:"Envelope>Body>Subscribe>Bookmark"`
}

// Option is one of a subscription.
type Option struct {
	Name  string `xml:",attr"`
	Value string `xml:",chardata"`
}

type inner struct {
	XML string `xml:",innerxml"`
}

// Option is the value of an option; "" where there is none.
func (o *Offer) Option(name string) string {
	for _, p := range o.Options {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Answer is what a server said.
type Answer struct {
	Status int         `xml:"-"`
	Header http.Header `xml:"-"`
	Action string      `xml:"Header>Action"`
	Fault  string      `xml:"Body>Fault>Code>Subcode>Value"`
	Offers []Offer     `xml:"Body>EnumerateResponse>Items>Subscription"`
}

// Enumerate asks what to forward.
func (m *Machine) Enumerate(ctx context.Context) (*Answer, error) {
	text := m.envelope("/wsman/SubscriptionManager/WEC", "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate",
		`<w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/SubscriptionManager/Subscription</w:ResourceURI>`,
		`<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements></n:Enumerate>`)
	return m.Post(ctx, m.Server+"/wsman/SubscriptionManager/WEC", Encode(text), "")
}

// Deliver sends events, packed, with the bookmark behind the last of them.
func (m *Machine) Deliver(ctx context.Context, o *Offer, bookmark string, events ...string) (*Answer, error) {
	return m.Post(ctx, o.Address, m.Delivery(o, bookmark, events...), "SLDC")
}

// Delivery is the body of a delivery.
func (m *Machine) Delivery(o *Offer, bookmark string, events ...string) []byte {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(`<w:Event Action="` + wsman + `Event"><![CDATA[` + e + `]]></w:Event>`)
	}
	return wiretest.SLDC(Encode(m.envelope(o.Address, wsman+"Events", `<e:Identifier>`+o.ID+`</e:Identifier><w:Bookmark>`+bookmark+
		`</w:Bookmark><w:AckRequested/>`, `<w:Events>`+b.String()+`</w:Events>`)))
}

// Heartbeat says that the machine lives.
func (m *Machine) Heartbeat(ctx context.Context, o *Offer) (*Answer, error) {
	text := m.envelope(o.Address, wsman+"Heartbeat", `<e:Identifier>`+o.ID+`</e:Identifier><w:AckRequested/>`, `<w:Events></w:Events>`)
	return m.Post(ctx, o.Address, wiretest.SLDC(Encode(text)), "SLDC")
}

// Stop ends a subscription, as a machine does that is shut down, and then what it was doing.
func (m *Machine) Stop(ctx context.Context, o *Offer) (*Answer, error) {
	text := m.envelope(o.Address, eventing+"SubscriptionEnd", `<e:Identifier>`+o.ID+`</e:Identifier><w:AckRequested/>`,
		`<e:SubscriptionEnd><e:Status>`+eventing+`SourceCancelling</e:Status></e:SubscriptionEnd>`)
	return m.Post(ctx, o.Address, wiretest.SLDC(Encode(text)), "SLDC")
}

// End ends an exchange. It says that it is packed, and is not.
func (m *Machine) End(ctx context.Context, o *Offer) (*Answer, error) {
	text := m.envelope(o.Address, "http://schemas.microsoft.com/wbem/wsman/1/wsman/End", "", "")
	return m.Post(ctx, o.Address, Encode(text), "SLDC")
}

func (m *Machine) envelope(to, action, headers, body string) string {
	return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
		`xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" ` +
		`xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header>` +
		`<a:To>` + to + `</a:To><m:MachineID xmlns:m="http://schemas.microsoft.com/wbem/wsman/1/machineid" s:mustUnderstand="false">` + m.Name +
		`</m:MachineID><a:ReplyTo><a:Address s:mustUnderstand="true">` + anonymous + `</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">` +
		action + `</a:Action><w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize><a:MessageID>uuid:` + newID() +
		`</a:MessageID><w:Locale xml:lang="fr-FR" s:mustUnderstand="false"/><p:DataLocale xml:lang="fr-FR" s:mustUnderstand="false"/>` +
		`<p:SessionId s:mustUnderstand="false">uuid:` + newID() + `</p:SessionId><p:OperationID s:mustUnderstand="false">uuid:` + newID() +
		`</p:OperationID><p:SequenceId s:mustUnderstand="false">1</p:SequenceId><w:OperationTimeout>PT60.000S</w:OperationTimeout>` + headers +
		`</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

func newID() string { return strings.ToUpper(uuid.NewString()) }

// Encode is a text in UTF-16, as Windows sends it.
func Encode(text string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func decode(p []byte) string {
	p = bytes.TrimPrefix(p, []byte{0xff, 0xfe})
	u := make([]uint16, len(p)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(p[2*i:])
	}
	return string(utf16.Decode(u))
}

// Post sends a body, and reads the answer.
func (m *Machine) Post(ctx context.Context, to string, body []byte, coding string) (*Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/soap+xml;charset=UTF-16")
	r.Header.Set("User-Agent", "Microsoft WinRM Client")
	if coding != "" {
		r.Header.Set("Content-Encoding", coding)
	}
	got, err := m.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, err
	}
	a := &Answer{Status: got.StatusCode, Header: got.Header}
	if len(text) == 0 {
		return a, nil
	}
	if strings.Contains(got.Header.Get("Content-Type"), "UTF-16") {
		text = []byte(decode(text))
	}
	if err := xml.Unmarshal(text, a); err != nil {
		return nil, fmt.Errorf("reading the answer %.200s: %w", text, err)
	}
	return a, nil
}
