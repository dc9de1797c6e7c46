package atna

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// accessed is an audit message of the form of DICOM PS3.15 §A.5.3.6: a study is opened.
const accessed = `<?xml version="1.0" encoding="UTF-8"?>
<!-- written by a viewer -->
<AuditMessage xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<EventIdentification EventActionCode="R" EventDateTime="2024-05-01T10:11:12.345+02:00" EventOutcomeIndicator="0">
<EventID csd-code="110103" codeSystemName="DCM" originalText="DICOM Instances Accessed"/>
<PurposeOfUse csd-code="BTG" codeSystemName="HL7" originalText="break the glass"/>
</EventIdentification>
<ActiveParticipant UserID="dr.m&#252;ller" UserIsRequestor="true" NetworkAccessPointID="10.0.0.9" NetworkAccessPointTypeCode="2"><RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source Role ID"/></ActiveParticipant>
<ActiveParticipant UserID="1234" AlternativeUserID="AETITLES=WS1;WS2" UserIsRequestor="false" NetworkAccessPointID='ws1.hospital.example' NetworkAccessPointTypeCode="1"/>
<AuditSourceIdentification AuditEnterpriseSiteID="North" AuditSourceID="PACS1"><AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>
<ParticipantObjectIdentification ParticipantObjectID="1.2.840.1" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3">
<ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID"/></ParticipantObjectIdentification>
<ParticipantObjectIdentification ParticipantObjectID="4711^^^HOSP&amp;1.2.3&amp;ISO" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1">
<ParticipantObjectIDTypeCode csd-code="2" originalText="Patient Number"/>
<ParticipantObjectName>M&#xFC;ller^Anna</ParticipantObjectName></ParticipantObjectIdentification>
</AuditMessage>`

// login is one of the form of RFC 3881.
const login = `<AuditMessage><EventIdentification EventActionCode="E" EventDateTime="2024-05-01T10:11:12Z" EventOutcomeIndicator="8">` +
	`<EventID code="110114" codeSystemName="DCM" displayName="User Authentication" /><EventTypeCode code="110122" codeSystemName="DCM" displayName="Login" />` +
	`<EventOutcomeDescription>wrong &lt;password&gt;</EventOutcomeDescription></EventIdentification>` +
	`<ActiveParticipant UserID="nurse3" UserIsRequestor="1"/><AuditSourceIdentification AuditSourceID="EHR"/></AuditMessage>`

func describe(m *Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %s %q emergency %v login %v source %s %s", m.Event.Code, m.Name(), m.ActionName(), m.OutcomeName(), m.Description,
		m.Emergency(), m.Is(Login), m.Source, m.Site)
	for i := range m.Participants {
		p := &m.Participants[i]
		fmt.Fprintf(&b, "|%s requestor %v at %s(%c) role %s", p.UserID, p.Requestor, p.Node, max(p.NodeType, '-'), p.Role.Code)
		for title := range p.Titles {
			fmt.Fprintf(&b, " %s", title)
		}
	}
	for i := range m.Objects {
		o := &m.Objects[i]
		fmt.Fprintf(&b, "|%s %q patient %v study %v query %v", o.ID, o.Name, o.Patient(), o.Study(), o.HasQuery)
	}
	return b.String()
}

func TestMessages(t *testing.T) {
	for _, c := range []struct{ does, p, want string }{
		{"a study is opened in an emergency", accessed, `110103 DICOM Instances Accessed read success "" emergency true login false source PACS1 North` +
			`|dr.müller requestor true at 10.0.0.9(2) role 110153|1234 requestor false at ws1.hospital.example(1) role  WS1 WS2` +
			`|1.2.840.1 "" patient false study true query false|4711^^^HOSP&1.2.3&ISO "Müller^Anna" patient true study false query false`},
		{"a sign-on that failed", login, `110114 User Authentication execute serious failure "wrong <password>" emergency false login true source EHR |nurse3 requestor true at (-) role `},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse([]byte(c.p), &m); err != nil || !Looks([]byte(c.p)) {
				t.Fatalf("got %v, looks %v", err, Looks([]byte(c.p)))
			}
			if got := describe(&m); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			for i := range c.p {
				_ = Parse([]byte(c.p[:i]), &m)
			}
		})
	}
}

func TestOddMessages(t *testing.T) {
	for _, c := range []struct {
		does, p string
		err     error
		looks   bool
	}{
		{"another document", "<html><body/></html>", ErrMalformed, false},
		{"a text", "AuditMessage failed", ErrMalformed, false},
		{"an element that never ends", `<AuditMessage><EventID csd-code="`, nil, true},
		{"a prefix and a byte order mark", "\xef\xbb\xbf<a:AuditMessage xmlns:a='x'><a:EventID code='110112'/></a:AuditMessage>", nil, true},
	} {
		var m Message
		if err := Parse([]byte(c.p), &m); !errors.Is(err, c.err) || Looks([]byte(c.p)) != c.looks {
			t.Errorf("%s: got %v, looks %v; want %v, %v", c.does, err, Looks([]byte(c.p)), c.err, c.looks)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	p := "<AuditMessage>" + strings.Repeat(`<ActiveParticipant UserID="a&amp;b"/><ParticipantObjectIdentification ParticipantObjectID="c&amp;d"/><EventTypeCode code="1"/>`, 5000)
	var m Message
	if err := Parse([]byte(p), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Participants) > maxParticipants || len(m.Objects) > maxObjects || len(m.Types) > maxCodes || cap(m.text) > 2*maxDecoded {
		t.Errorf("got %d, %d, %d, %d bytes", len(m.Participants), len(m.Objects), len(m.Types), cap(m.text))
	}
}

func TestNoAllocation(t *testing.T) {
	a, b := []byte(accessed), []byte(login)
	var m Message
	if n := testing.AllocsPerRun(1000, func() {
		if Parse(a, &m) != nil || Parse(b, &m) != nil {
			t.Error("not read")
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkParse(b *testing.B) {
	p := []byte(accessed)
	var m Message
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		_ = Parse(p, &m)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(accessed))
	f.Add([]byte(login))
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		Looks(p)
		if Parse(p, &m) == nil {
			describe(&m)
		}
	})
}
