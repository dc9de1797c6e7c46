package wsman

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// Actions of answers.
const (
	actionEnumerated = nsEnumeration + "/EnumerateResponse"
	actionAck        = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Ack"
	actionSubscribe  = nsEventing + "/Subscribe"
	actionFault      = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
	actionAddressing = nsAddressing + "/fault"
)

const (
	resourceEventLog = "http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog"
	dialectQuery     = "http://schemas.microsoft.com/win/2004/08/events/eventquery"
	profileMutual    = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
	profileKerberos  = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/http/spnego-kerberos"

	// Earliest is the bookmark of a machine that is to tell all that its logs still have (DSP0226 §10.2.6).
	Earliest = "http://schemas.dmtf.org/wbem/wsman/1/wsman/bookmark/earliest"
)

// Subscription is what a machine is asked to deliver.
type Subscription struct {
	ID       string   // GUID; stays
	Version  string   // GUID; another whenever anything below changes, so that machines take it anew
	Name     string   // under which the machine's own log speaks of it
	Query    string   // QueryList ([MS-WSMV] 2.2.4.24)
	Address  string   // where events are to go
	Bookmark string   // XML of the last delivery, or [Earliest]; "": from now on
	Issuers  []string // SHA-1 of the authorities of the machine's certificate, in hexadecimal; none: Kerberos
	Rendered bool     // events bring their texts for people, in Language
	Language string   // en-US...

	Heartbeat time.Duration // after which a machine without events says that it lives
	Within    time.Duration // that a machine may gather events before it sends them
	Retries   int           // of a machine that does not reach us, before it gives up until it enumerates again
	RetryAt   time.Duration // between those
	Largest   int           // bytes of an envelope
}

// writer makes XML.
type writer struct{ strings.Builder }

// put writes literal parts and values in turn; values are escaped.
func (w *writer) put(literal string, values ...string) {
	for _, v := range values {
		before, after, _ := strings.Cut(literal, "%")
		w.WriteString(before)
		_ = xml.EscapeText(w, []byte(v))
		literal = after
	}
	w.WriteString(literal)
}

// begin writes the envelope of an answer up to its body.
func (w *writer) begin(r *Request, action, id string) {
	w.put(`<s:Envelope xml:lang="en-US" xmlns:s="` + nsSoap + `" xmlns:a="` + nsAddressing + `" xmlns:e="` + nsEventing + `" xmlns:n="` +
		nsEnumeration + `" xmlns:w="` + nsWsman + `" xmlns:p="` + nsMicrosoft + `"><s:Header>`)
	w.put(`<a:Action>%</a:Action><a:MessageID>uuid:%</a:MessageID>`, action, id)
	if r.OperationID != "" {
		w.put(`<p:OperationID s:mustUnderstand="false">%</p:OperationID><p:SequenceId>1</p:SequenceId>`, r.OperationID)
	}
	w.put(`<a:To>%</a:To>`, r.ReplyTo)
	if r.MessageID != "" {
		w.put(`<a:RelatesTo>%</a:RelatesTo>`, r.MessageID)
	}
	w.put(`</s:Header><s:Body>`)
}

func (w *writer) end() []byte {
	w.put(`</s:Body></s:Envelope>`)
	return []byte(w.String())
}

// Ack says that events arrived. id is a GUID of its own.
func Ack(r *Request, id string) []byte {
	var w writer
	w.begin(r, actionAck, id)
	return w.end()
}

// Identified answers who we are (DSP0226 §11).
func Identified(product, version string) []byte {
	var w writer
	w.put(`<s:Envelope xmlns:s="`+nsSoap+`" xmlns:i="`+nsIdentity+`"><s:Header/><s:Body><i:IdentifyResponse>`+
		`<i:ProtocolVersion>`+nsWsman+`</i:ProtocolVersion><i:ProductVendor>%</i:ProductVendor><i:ProductVersion>%</i:ProductVersion>`+
		`</i:IdentifyResponse>`, product, version)
	return w.end()
}

// Enumerated answers an enumeration with all subscriptions at once ([MS-WSMV] 3.1.4.1.30). id makes GUIDs.
func Enumerated(r *Request, all []Subscription, id func() string) []byte {
	var w writer
	w.begin(r, actionEnumerated, id())
	w.put(`<n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext><w:Items>`)
	for i := range all {
		w.subscription(&all[i], id)
	}
	w.put(`</w:Items><w:EndOfSequence/></n:EnumerateResponse>`)
	return w.end()
}

func (w *writer) subscription(s *Subscription, id func() string) {
	w.put(`<m:Subscription xmlns:m="`+nsSubscription+`"><m:Version>uuid:%</m:Version><s:Envelope xmlns:s="`+nsSoap+`" xmlns:a="`+nsAddressing+
		`" xmlns:e="`+nsEventing+`" xmlns:n="`+nsEnumeration+`" xmlns:w="`+nsWsman+`" xmlns:p="`+nsMicrosoft+`"><s:Header><a:To>`+Anonymous+
		`</a:To><w:ResourceURI s:mustUnderstand="true">`+resourceEventLog+`</w:ResourceURI><a:ReplyTo><a:Address s:mustUnderstand="true">`+
		Anonymous+`</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">`+actionSubscribe+`</a:Action>`, s.Version)
	w.put(`<w:MaxEnvelopeSize s:mustUnderstand="true">%</w:MaxEnvelopeSize><a:MessageID>uuid:%</a:MessageID>`, fmt.Sprint(s.Largest), id())
	w.locale(s)
	w.put(`<p:OperationID s:mustUnderstand="false">uuid:%</p:OperationID><p:SequenceId s:mustUnderstand="false">1</p:SequenceId>`, id())
	w.options(s)
	w.put(`</s:Header><s:Body><e:Subscribe><e:EndTo>`)
	w.target(s)
	w.put(`</e:EndTo><e:Delivery Mode="`+ActionEvents+`"><w:Heartbeats>%</w:Heartbeats><e:NotifyTo>`, seconds(s.Heartbeat))
	w.target(s)
	w.policy(s)
	w.put(`</e:NotifyTo><w:ConnectionRetry Total="%">%</w:ConnectionRetry><w:MaxTime>%</w:MaxTime>`, fmt.Sprint(s.Retries), seconds(s.RetryAt),
		seconds(s.Within))
	w.put(`<w:MaxEnvelopeSize Policy="Notify">%</w:MaxEnvelopeSize>`, fmt.Sprint(s.Largest))
	w.locale(s)
	w.put(`<w:ContentEncoding>UTF-16</w:ContentEncoding></e:Delivery><w:Filter Dialect="` + dialectQuery + `">` + s.Query + `</w:Filter>`)
	if s.Bookmark != "" {
		w.put(`<w:Bookmark>` + s.Bookmark + `</w:Bookmark>`)
	}
	w.put(`<w:SendBookmarks/></e:Subscribe></s:Body></s:Envelope></m:Subscription>`)
}

func (w *writer) locale(s *Subscription) {
	w.put(`<w:Locale xml:lang="%" s:mustUnderstand="false"/><p:DataLocale xml:lang="%" s:mustUnderstand="false"/>`, s.Language, s.Language)
}

// options are those of [MS-WSMV] 3.1.4.1.30.2.
func (w *writer) options(s *Subscription) {
	format := "Raw"
	if s.Rendered {
		format = "RenderedText"
	}
	w.put(`<w:OptionSet xmlns:xsi="`+nsInstance+`"><w:Option Name="SubscriptionName">%</w:Option><w:Option Name="Compression">SLDC</w:Option>`+
		`<w:Option Name="CDATA" xsi:nil="true"/><w:Option Name="ContentFormat">%</w:Option><w:Option Name="IgnoreChannelError" xsi:nil="true"/>`,
		s.Name, format)
	if s.Bookmark == Earliest {
		w.put(`<w:Option Name="ReadExistingEvents" xsi:nil="true"/>`)
	}
	w.put(`</w:OptionSet>`)
}

func (w *writer) target(s *Subscription) {
	w.put(`<a:Address>%</a:Address><a:ReferenceProperties><e:Identifier>%</e:Identifier></a:ReferenceProperties>`, s.Address, s.ID)
}

// policy says how a machine is to prove who it is ([MS-WSMV] 2.2.4.1).
func (w *writer) policy(s *Subscription) {
	w.put(`<c:Policy xmlns:c="` + nsPolicy + `" xmlns:auth="` + nsAuth + `"><c:ExactlyOne>`)
	for _, issuer := range s.Issuers {
		w.put(`<c:All><auth:Authentication Profile="`+profileMutual+`"><auth:ClientCertificate><auth:Thumbprint Role="issuer">%</auth:Thumbprint>`+
			`</auth:ClientCertificate></auth:Authentication></c:All>`, issuer)
	}
	if len(s.Issuers) == 0 {
		w.put(`<c:All><auth:Authentication Profile="` + profileKerberos + `"/></c:All>`)
	}
	w.put(`</c:ExactlyOne></c:Policy>`)
}

// seconds is a duration of XML Schema.
func seconds(d time.Duration) string { return fmt.Sprintf("PT%d.000S", int(d.Seconds())) }
