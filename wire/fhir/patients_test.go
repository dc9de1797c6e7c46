package fhir

import (
	"bytes"
	"strings"
	"testing"
)

func TestThePatientsInABody(t *testing.T) {
	for _, c := range []struct{ what, media, body, want string }{
		{"a patient with its identifiers", "application/fhir+json", `{"resourceType":"Patient","id":"240456","identifier":[{"system":"urn:oid:1","value":"18506"},{"value":"77"}],"name":[{"family":"X"}]}`, "240456 18506 77"},
		{"a patient whose type stands last", "", `{"id":"240456","resourceType":"Patient"}`, "240456"},
		{"another resource names its patient only", "", `{"resourceType":"Observation","id":"o1","identifier":[{"value":"x"}],"subject":{"reference":"Patient/4711"}}`, "4711"},
		{"a bundle of both", "", `{"resourceType":"Bundle","id":"b","entry":[{"resource":{"resourceType":"Patient","id":"p1"}},{"resource":{"resourceType":"Observation","id":"o","subject":{"reference":"http://ehr/fhir/Patient/p2/_history/1"}}}]}`, "p1 p2"},
		{"a patient that is cut", "", `{"resourceType":"Patient","id":"240456","identifier":[{"value":"185`, "240456"},
		{"XML", "application/fhir+xml", `<Patient xmlns="http://hl7.org/fhir"><id value="9"/><identifier><value value="18"/></identifier></Patient>`, "9 18"},
		{"no resource", "application/json", `{"id":"240456","kind":"Patient","more":"............."}`, ""},
	} {
		got := string(bytes.Join(AppendPatientIDs(nil, []byte(c.media), []byte(c.body)), []byte(" ")))
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func FuzzPatientIDs(f *testing.F) {
	f.Add(`{"resourceType":"Patient","id":"240456","identifier":[{"value":"185"}]}`)
	f.Add(`{"resourceType":"Bundle","entry":[{"resource":{"id":"a","x":[{"reference":"Patient/1"}],"resourceType":"Patient"}}]}`)
	f.Add(`<Patient xmlns="http://hl7.org/fhir"><id value="9"/>`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, id := range AppendPatientIDs(nil, nil, []byte(body)) {
			if len(id) == 0 || !strings.Contains(body, string(id)) {
				t.Fatalf("%q is no identifier of %q", id, body)
			}
		}
	})
}
