package audit

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/pseudonym"
)

const syslogAudit = `<85>1 2026-05-01T10:11:12Z pacs1 viewer 77 IHE+RFC-3881 - ` + "\xef\xbb\xbf" + `<?xml version="1.0" encoding="UTF-8"?>` +
	`<AuditMessage><EventIdentification EventActionCode="R" EventDateTime="2026-05-01T10:11:12.5+02:00" EventOutcomeIndicator="0">` +
	`<EventID csd-code="110103" codeSystemName="DCM" originalText="DICOM Instances Accessed"/></EventIdentification>` +
	`<ActiveParticipant UserID="srv" UserIsRequestor="false"/><ActiveParticipant UserID="dr.martin" UserIsRequestor="true" NetworkAccessPointID="10.0.0.9"/>` +
	`<AuditSourceIdentification AuditSourceID="PACS1" AuditEnterpriseSiteID="North"/>` +
	`<ParticipantObjectIdentification ParticipantObjectID="4711^^^HOSP" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1">` +
	`<ParticipantObjectIDTypeCode csd-code="2"/><ParticipantObjectName>KERGOUZIEN^Anna</ParticipantObjectName></ParticipantObjectIdentification></AuditMessage>`

const balp = `{"resourceType":"AuditEvent","type":{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"110110","display":"Patient Record"},
"subtype":[{"code":"read","display":"read"}],"action":"R","recorded":"2026-05-01T10:00:00Z","outcome":"0",
"agent":[{"who":{"identifier":{"value":"nurse3"}},"requestor":true,"network":{"address":"10.1.2.3","type":"2"},
"purposeOfUse":[{"coding":[{"code":"BTG"}]}]},{"who":{"display":"ehr"},"requestor":false}],
"source":{"site":"North","observer":{"display":"EHR"}},
"entity":[{"what":{"reference":"Patient/4711","identifier":{"system":"urn:hosp","value":"4711"}},"role":{"code":"1"},"name":"Kergouzien Anna"},
{"what":{"identifier":{"value":"urn:oid:1.2.840.5"}},"type":{"code":"2"},"query":"Zm9v"}]}`

const five = `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"AuditEvent","category":[{"coding":[{"code":"110114"}]}],
"code":{"coding":[{"code":"110122","display":"Login"}]},"action":"E","recorded":"2026-05-01T10:00:00Z",
"outcome":{"code":{"code":"error"},"detail":[{"text":"wrong password"}]},"agent":[{"who":{"display":"dr.no"},"requestor":true,"networkString":"ws7"}],
"source":{"site":{"display":"North"},"observer":{"display":"EHR"}},"patient":{"reference":"Patient/9"}}}]}`

func reader() *Reader { return New(pseudonym.New([32]byte{1})) }

func base() intake.Record {
	return intake.Record{Intake: "test", Received: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)}
}

func told(t *testing.T, all []intake.Record) string {
	t.Helper()
	var b strings.Builder
	for _, r := range all {
		text, err := json.Marshal(r.Event.Payload)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(r.Event.When().Format(time.RFC3339) + " " + r.Event.Payload.Kind().String() + " " + string(text) + "\n")
	}
	return b.String()
}

func TestALineOfATNA(t *testing.T) {
	out := reader().Line([]byte(syslogAudit), base(), nil)
	if len(out) != 1 {
		t.Fatalf("got %d records, want 1", len(out))
	}
	a := out[0].Event.Payload.(*event.ATNA)
	if a.Event != "DICOM Instances Accessed" || a.Users[0] != "dr.martin" || a.Source != "PACS1" || len(a.Patients) != 1 ||
		out[0].Event.When().Hour() != 8 {
		t.Errorf("got %s", told(t, out))
	}
	if s := told(t, out); strings.Contains(s, "4711") || strings.Contains(s, "KERGOUZIEN") {
		t.Errorf("a patient is told in clear: %s", s)
	}
	if out := reader().Line([]byte("AuditMessage <b> failed"), base(), nil); out != nil {
		t.Errorf("a text that speaks of one: got %s", told(t, out))
	}
}

func TestAuditEventOfFHIR(t *testing.T) {
	r := reader()
	out := r.Resource([]byte(balp), base(), nil)
	if len(out) != 1 {
		t.Fatalf("got %d records, want 1", len(out))
	}
	a := out[0].Event.Payload.(*event.ATNA)
	if a.Event != "Patient Record" || a.Users[0] != "nurse3" || a.Nodes[0] != "10.1.2.3" || !a.BreakGlass || !a.Query || len(a.Patients) != 1 ||
		a.Studies[0] != "1.2.840.5" || a.Action != "read" || a.Outcome != "success" || a.Site != "North" || a.Source != "EHR" {
		t.Errorf("got %s", told(t, out))
	}
	if s := told(t, out); strings.Contains(s, "4711") || strings.Contains(s, "Kergouzien") {
		t.Errorf("a patient is told in clear: %s", s)
	}
	out = r.Resource([]byte(five), base(), nil)
	if len(out) != 2 {
		t.Fatalf("R5: got %s", told(t, out))
	}
	s := out[1].Event.Payload.(*event.Auth)
	if s.User != "dr.no" || s.Outcome != "failure" || s.Reason != "wrong password" || s.Host != "ws7" {
		t.Errorf("R5: got %s", told(t, out))
	}
	if out := r.Resource([]byte(`{"resourceType":"Patient"}`), base(), nil); out != nil {
		t.Errorf("another resource: got %s", told(t, out))
	}
}

func FuzzResource(f *testing.F) {
	f.Add([]byte(balp))
	f.Add([]byte(five))
	f.Fuzz(func(t *testing.T, p []byte) {
		for _, r := range reader().Resource(p, base(), nil) {
			if a, ok := r.Event.Payload.(*event.ATNA); ok && (len(a.Users) > maxTold || len(a.Patients) > maxTold) {
				t.Errorf("got %d users, %d patients", len(a.Users), len(a.Patients))
			}
		}
	})
}

func FuzzLine(f *testing.F) {
	f.Add([]byte(syslogAudit))
	f.Fuzz(func(t *testing.T, p []byte) { reader().Line(p, base(), nil) })
}
