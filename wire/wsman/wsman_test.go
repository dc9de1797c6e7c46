package wsman

import (
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// envelope is a request as Windows writes it.
func envelope(headers, body string) string {
	return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
		`xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" ` +
		`xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header><a:To>https://siem.chu.example:5986/wsman/x</a:To>` +
		`<m:MachineID xmlns:m="http://schemas.microsoft.com/wbem/wsman/1/machineid" s:mustUnderstand="false">ward3.chu.example</m:MachineID>` +
		`<a:ReplyTo><a:Address s:mustUnderstand="true">` + Anonymous + `</a:Address></a:ReplyTo>` +
		`<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize><a:MessageID>uuid:EEC04F74</a:MessageID>` +
		`<w:Locale xml:lang="fr-FR" s:mustUnderstand="false" /><p:OperationID s:mustUnderstand="false">uuid:EA2E</p:OperationID>` +
		headers + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

const bookmark = `<BookmarkList><Bookmark Channel="Security" RecordId="72207" IsCurrent="true"/></BookmarkList>`

func TestHeadersAreRead(t *testing.T) {
	var r Request
	text := envelope(`<a:Action s:mustUnderstand="true"> `+ActionEvents+"\r\n </a:Action><e:Identifier>219C</e:Identifier><w:Bookmark> "+bookmark+
		` </w:Bookmark><w:AckRequested/>`, `<w:Events></w:Events>`)
	if err := Parse([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(r.Action, r.To, r.ReplyTo, r.MessageID, r.OperationID, r.MachineID, r.Identifier, r.Largest, r.Ack, r.Body, r.Strange == "")
	want := fmt.Sprint(ActionEvents, "https://siem.chu.example:5986/wsman/x", Anonymous, "uuid:EEC04F74", "uuid:EA2E", "ward3.chu.example", "219C",
		512000, true, "Events", true)
	if got != want || string(r.Bookmark) != bookmark {
		t.Errorf("got %s, bookmark %s\nwant %s, bookmark %s", got, r.Bookmark, want, bookmark)
	}
}

func TestEventsAreTakenHoweverTheyStandInTheBody(t *testing.T) {
	event := func(s string) string { return `<w:Event Action="x">` + s + `</w:Event>` }
	tests := []struct {
		name, body string
		want       []string
	}{
		{"in a section", event("\n\t<![CDATA[<Event a='1'><b>&amp;</b></Event>]]>\n"), []string{"<Event a='1'><b>&amp;</b></Event>"}},
		{"in two sections", event("<![CDATA[<Event>]]]]><![CDATA[></Event>]]>"), []string{"<Event>]]></Event>"}},
		{"as elements", event("<Event><b/></Event>"), []string{"<Event><b/></Event>"}},
		{"with entities", event("&lt;Event/&gt;"), []string{"<Event/>"}},
		{"several", event("<![CDATA[<Event>1</Event>]]>") + event("<![CDATA[<Event>2</Event>]]>"), []string{"<Event>1</Event>", "<Event>2</Event>"}},
		{"none", "", nil},
	}
	for _, tt := range tests {
		var r Request
		err := Parse([]byte(envelope("", "<w:Events>"+tt.body+"</w:Events>")), &r)
		var got []string
		for _, e := range r.Events {
			got = append(got, string(e))
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestWhatIsNoEnvelopeIsRefused(t *testing.T) {
	whole := envelope("", "<w:Events></w:Events>")
	tests := []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrFormat},
		{"another document", "<html></html>", ErrFormat},
		{"SOAP 1.1", strings.Replace(whole, "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/", 1), ErrVersion},
		{"one that ends in its header", whole[:len(whole)/2], ErrFormat},
		{"one that ends in its body", whole[:len(whole)-30], ErrFormat},
		{"one without a body", strings.Replace(whole, "<s:Body><w:Events></w:Events></s:Body>", "", 1), ErrFormat},
	}
	for _, tt := range tests {
		var r Request
		if err := Parse([]byte(tt.text), &r); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestAHeaderThatMustBeUnderstoodIsNamed(t *testing.T) {
	var r Request
	if err := Parse([]byte(envelope(`<x:Lease s:mustUnderstand="1">a</x:Lease><x:Hint>b</x:Hint>`, "")), &r); err != nil || r.Strange != "Lease" {
		t.Errorf("got %q, %v, want Lease", r.Strange, err)
	}
}

func TestTextComesBackInEitherCharset(t *testing.T) {
	const text = `<a>é€𝄞</a>`
	for _, c := range []Charset{UTF8, UTF16} {
		got, charset := Text([]byte("x"), c.Append(nil, []byte(text)))
		if string(got) != "x"+text || charset != c {
			t.Errorf("%v: got %q as %v", c, got, charset)
		}
	}
	for name, p := range map[string][]byte{"big endian": {0xfe, 0xff, 0, '<', 0, 'a'}, "without mark": {'<', 0, 'a', 0}, "big endian without": {0, '<', 0, 'a'}} {
		if got, _ := Text(nil, p); string(got) != "<a" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// subscribe is what a machine reads in an answer.
type subscribe struct {
	Relates string `xml:"Header>RelatesTo"`
	To      string `xml:"Header>To"`
	Action  string `xml:"Header>Action"`
	Items   []struct {
		Version string
		Options []struct {
			Name  string `xml:",attr"`
			Value string `xml:",chardata"`
		} `xml:"Envelope>Header>OptionSet>Option"`
		Notify string `xml:"Envelope>Body>Subscribe>Delivery>NotifyTo>Address"`
		ID     string `xml:"Envelope>Body>Subscribe>Delivery>NotifyTo>ReferenceProperties>Identifier"`
		Print  string `xml:"Envelope>Body>Subscribe>Delivery>NotifyTo>Policy>ExactlyOne>All>Authentication>ClientCertificate>Thumbprint"`
		Retry  string `xml:"Envelope>Body>Subscribe>Delivery>ConnectionRetry"`
		Within string `xml:"Envelope>Body>Subscribe>Delivery>MaxTime"`
		Filter struct {
			Inner string `xml:",innerxml"`
		} `xml:"Envelope>Body>Subscribe>Filter"`
		Bookmark struct {
			Inner string `xml:",innerxml"`
		} `xml:"Envelope>Body>Subscribe>Bookmark"`
	} `xml:"Body>EnumerateResponse>Items>Subscription"`
}

func TestSubscriptionsAreHandedOut(t *testing.T) {
	r := &Request{ReplyTo: Anonymous, MessageID: "uuid:E<1>"}
	const query = `<QueryList><Query Id="0"><Select Path="Security">*</Select></Query></QueryList>`
	text := Enumerated(r, []Subscription{{ID: "I1", Version: "V1", Name: "security & more", Query: query, Address: "https://a:5986/wsman/subscriptions/I1",
		Bookmark: bookmark, Issuers: []string{"AB12"}, Language: "en-US", Heartbeat: time.Hour, Within: 30 * time.Second, Retries: 10,
		RetryAt: time.Minute, Largest: 512000}}, func() string { return "ID" })
	var got subscribe
	if err := xml.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if got.Relates != r.MessageID || got.To != Anonymous || got.Action != actionEnumerated || len(got.Items) != 1 {
		t.Fatalf("got %+v", got)
	}
	s := got.Items[0]
	line := fmt.Sprint(s.Version, s.ID, s.Notify, s.Print, s.Retry, s.Within, s.Options)
	want := "uuid:V1I1https://a:5986/wsman/subscriptions/I1AB12PT60.000SPT30.000S" +
		"[{SubscriptionName security & more} {Compression SLDC} {CDATA } {ContentFormat Raw} {IgnoreChannelError }]"
	if line != want || s.Filter.Inner != query || s.Bookmark.Inner != bookmark {
		t.Errorf("got %s, %s, %s\nwant %s", line, s.Filter.Inner, s.Bookmark.Inner, want)
	}
}

func TestAnswersRelateToTheirRequest(t *testing.T) {
	r := &Request{ReplyTo: Anonymous, MessageID: "uuid:E1", OperationID: "uuid:O1"}
	for name, text := range map[string][]byte{"an acknowledgment": Ack(r, "ID"), "a fault": FaultResource.Text(r, "ID"), "identity": Identified("a", "1")} {
		var got Request
		if err := Parse(text, &got); err != nil {
			t.Errorf("%s: %v in %s", name, err, text)
		}
		if name != "identity" && (!strings.Contains(string(text), "<a:RelatesTo>uuid:E1</a:RelatesTo>") || got.OperationID != "uuid:O1" || got.MessageID != "uuid:ID") {
			t.Errorf("%s: got %s", name, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(envelope("<w:Bookmark>"+bookmark+"</w:Bookmark>", "<w:Events><w:Event><![CDATA[<Event/>]]></w:Event></w:Events>")))
	f.Add(UTF16.Append(nil, []byte(envelope("", "<w:Events><w:Event>&lt;Event/&gt;</w:Event></w:Events>"))))
	f.Fuzz(func(t *testing.T, p []byte) {
		text, _ := Text(nil, p)
		var r Request
		_ = Parse(text, &r)
		size := 0
		for _, e := range r.Events {
			size += len(e)
		}
		if size > len(text) {
			t.Errorf("%d bytes of events came of %d", size, len(text))
		}
		answer := Ack(&r, "ID")
		if err := xml.Unmarshal(answer, new(struct{})); err != nil {
			t.Errorf("%v in the answer %q", err, answer)
		}
	})
}
