package dpws

import (
	"errors"
	"fmt"
	"testing"
)

// envelope is a message as WS-Discovery 1.1 §4 and its examples write it.
func envelope(action, body string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?><s12:Envelope xmlns:s12="http://www.w3.org/2003/05/soap-envelope" ` +
		`xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsd="http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01" ` +
		`xmlns:dpws="http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01" xmlns:mdpws="http://standards.ieee.org/downloads/11073/11073-20702-2016">` +
		`<s12:Header><wsa:Action>` + action + `</wsa:Action><wsa:MessageID>urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917a</wsa:MessageID>` +
		`<wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo></s12:Header><s12:Body>` + body + `</s12:Body></s12:Envelope>`)
}

const discovery = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/"

const reference = `<wsa:EndpointReference><wsa:Address>urn:uuid:98190dc2-0890-4ef8-ac9a-5940995e6119</wsa:Address></wsa:EndpointReference>`

const described = reference + `<wsd:Types>dpws:Device mdpws:MedicalDevice</wsd:Types><wsd:Scopes>sdc.mds.pkp:1.2.840.10004.20701.1.1 ` +
	`sdc.ctxt.loc:/sdc.ctxt.loc.detail/HOSP%2F%2F%2FICU%2F%2F7?fac=HOSP&amp;poc=ICU&amp;bed=7 sdc.ctxt.pat:/http://hospital.example/ids/471199 ` +
	`sdc.cdc.type:///130535</wsd:Scopes><wsd:XAddrs>https://10.0.0.7:6464/98190dc2</wsd:XAddrs><wsd:MetadataVersion>1</wsd:MetadataVersion>`

const metadata = `<mex:Metadata><mex:MetadataSection Dialect="http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01/ThisModel"><dpws:ThisModel>` +
	`<dpws:Manufacturer xml:lang="en">Acme &amp; Sons</dpws:Manufacturer><dpws:ModelName>Ventilator V</dpws:ModelName><dpws:ModelNumber>5</dpws:ModelNumber></dpws:ThisModel>` +
	`<dpws:ThisDevice><dpws:FriendlyName>bed 7</dpws:FriendlyName><dpws:FirmwareVersion>2.1</dpws:FirmwareVersion><dpws:SerialNumber>SN-9</dpws:SerialNumber></dpws:ThisDevice>` +
	`</mex:MetadataSection></mex:Metadata>`

func outline(m *Message) string {
	return fmt.Sprintf("%s %s matches=%d types=%q medical=%v at=%s location=%s codes=%q profiles=%q patients=%q device=%s,%s,%s,%s,%s,%s", m.Action, m.Endpoint, m.Matches,
		m.Types, m.Medical(), m.XAddrs, m.Location, m.Codes, m.Profiles, m.Patients, m.Manufacturer, m.Model, m.ModelNumber, m.Name, m.Firmware, m.Serial)
}

func TestParse(t *testing.T) {
	const told = `urn:uuid:98190dc2-0890-4ef8-ac9a-5940995e6119 matches=%d types=["Device" "MedicalDevice"] medical=true at=https://10.0.0.7:6464/98190dc2 ` +
		`location=fac=HOSP&poc=ICU&bed=7 codes=["130535"] profiles=["1.2.840.10004.20701.1.1"] patients=["http://hospital.example/ids/471199"] device=,,,,,`
	tests := []struct {
		name string
		doc  []byte
		want string
	}{
		{"a medical device says hello", envelope(discovery+"Hello", "<wsd:Hello>"+described+"</wsd:Hello>"), fmt.Sprintf("Hello "+told, 0)},
		{"of several matches the first is told", envelope(discovery+"ProbeMatches", "<wsd:ProbeMatches><wsd:ProbeMatch>"+described+"</wsd:ProbeMatch><wsd:ProbeMatch>"+
			"<wsa:EndpointReference><wsa:Address>urn:uuid:2</wsa:Address></wsa:EndpointReference></wsd:ProbeMatch></wsd:ProbeMatches>"), fmt.Sprintf("ProbeMatches "+told, 2)},
		{"a probe asks for a type", envelope(discovery+"Probe", `<wsd:Probe><wsd:Types>mdpws:MedicalDevice</wsd:Types></wsd:Probe>`),
			`Probe  matches=0 types=["MedicalDevice"] medical=true at= location= codes=[] profiles=[] patients=[] device=,,,,,`},
		{"metadata tell model and device", envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse", metadata),
			`GetResponse  matches=0 types=[] medical=false at= location= codes=[] profiles=[] patients=[] device=Acme & Sons,Ventilator V,5,bed 7,2.1,SN-9`},
	}
	var m Message
	for _, tt := range tests {
		if err := Parse(tt.doc, &m); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if got := outline(&m); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
		if !Looks(tt.doc) {
			t.Errorf("%s: is not recognised", tt.name)
		}
	}
}

func TestOtherDocumentsAreNone(t *testing.T) {
	var m Message
	for _, doc := range []string{"", "hello", `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>`,
		`{"a":"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01 and more text that follows"}`} {
		if Looks([]byte(doc)) {
			t.Errorf("%q is taken for a message", doc)
		}
	}
	if err := Parse([]byte("<a/>"), &m); !errors.Is(err, ErrOther) {
		t.Errorf("got %v, want %v", err, ErrOther)
	}
}

func TestParsingDoesNotAllocate(t *testing.T) {
	doc := envelope(discovery+"Hello", "<wsd:Hello>"+described+"</wsd:Hello>")
	var m Message
	if got := testing.AllocsPerRun(100, func() { Parse(doc, &m) }); got != 0 {
		t.Errorf("a message costs %v allocations, want 0", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(envelope(discovery+"Hello", "<wsd:Hello>"+described+"</wsd:Hello>"))
	f.Add(envelope("GetResponse", metadata))
	var m Message
	f.Fuzz(func(t *testing.T, doc []byte) {
		Looks(doc)
		if Parse(doc, &m) == nil && len(m.arena) > maxArena {
			t.Errorf("%d bytes kept", len(m.arena))
		}
	})
}
