package lab

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestMLLP(t *testing.T) {
	frame := func(s string) string { return "\x0b" + s + "\x1c\r" }
	tests := []struct {
		says, in, want string
		err            error
	}{
		{"a framed message", frame("MSH|a\rPID|b\r"), "MSH|a\rPID|b\r", nil},
		{"no start block", "MSH|a\r", "", ErrFraming},
		{"cut in its middle", "\x0bMSH|", "", io.ErrUnexpectedEOF},
		{"longer than allowed", "\x0b" + strings.Repeat("x", mllpMax+1), "", ErrFraming},
		{"nothing", "", "", io.EOF},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			got, err := mllpRead(bufio.NewReader(strings.NewReader(tt.in)))
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v, want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func FuzzMLLP(f *testing.F) {
	f.Add([]byte("\x0bMSH|^~\\&|A|B\rPV1|1|Z\r\x1c\r"))
	f.Add([]byte("\x0b\x1c\r\x0b"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bufio.NewReader(bytes.NewReader(in))
		for {
			m, err := mllpRead(r)
			if err != nil {
				return
			}
			if ack := acknowledge(m, "LAB", time.Unix(0, 0)); hl7Field(ack, "MSA", 1) == "" {
				t.Fatalf("got no code in %q", ack)
			}
		}
	})
}

func TestAcknowledge(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	p := Patients[0]
	tests := []struct{ says, message, want string }{
		{"an admission is accepted", admission(p, "A01", "7", "12", "I", now), "AA"},
		{"a patient class that is not known is an error", admission(p, "A01", "7", "12", "Z", now), "AE"},
		{"a message type that is not taken is rejected", billing(p, "7", now), "AR"},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			ack := acknowledge(tt.message, "EHR", now)
			if got := hl7Field(ack, "MSA", 1); got != tt.want || hl7Field(ack, "MSA", 2) != "7" {
				t.Errorf("got %q, want %s for message 7", ack, tt.want)
			}
		})
	}
}

func TestPumpNamesItselfWhereTheStandardSays(t *testing.T) {
	const mac, id = "00:03:b1:20:05:0b", "0003B1FFFE20050B"
	m := infusion(Patients[0], mac, "1", 40, time.Unix(0, 0))
	for _, place := range []struct {
		segment string
		field   int
	}{{"MSH", 4}, {"PRT", 10}, {"OBX", 18}} {
		if got := hl7Field(m, place.segment, place.field); !strings.Contains(got, id+"^EUI-64") {
			t.Errorf("%s-%d: got %q, want %s as EUI-64", place.segment, place.field, got, id)
		}
	}
}

func TestFHIR(t *testing.T) {
	p := Patients[1]
	server := httptest.NewServer(newFHIR())
	defer server.Close()
	tests := []struct {
		says, method, path, body string
		status                   int
		// total is what a bundle must count; -1 means that the answer is none.
		total float64
	}{
		{"a patient is read", "GET", "/fhir/Patient/" + p.MRN, "", 200, -1},
		{"one who is not there is not", "GET", "/fhir/Patient/0", "", 404, -1},
		{"a search by family finds one", "GET", "/fhir/Patient?family=" + p.Family, "", 200, 1},
		{"a search by identifier with its system finds one", "GET", "/fhir/Patient?identifier=urn:x%7C" + p.MRN, "", 200, 1},
		{"a search without anything finds all", "GET", "/fhir/Patient", "", 200, float64(len(Patients))},
		{"observations of one patient", "GET", "/fhir/Observation?patient=Patient/" + p.MRN, "", 200, 3},
		{"everything of a patient", "GET", "/fhir/Patient/" + p.MRN + "/$everything", "", 200, 3},
		{"an observation is made", "POST", "/fhir/Observation", `{"resourceType":"Observation"}`, 201, -1},
		{"another kind of resource is refused", "POST", "/fhir/Patient", `{"resourceType":"Nonsense"}`, 422, -1},
		{"what was made is read", "GET", "/fhir/Observation/new-1", "", 200, -1},
		{"and removed", "DELETE", "/fhir/Observation/new-1", "", 204, -1},
		{"and is gone", "GET", "/fhir/Observation/new-1", "", 404, -1},
		{"a transaction answers each entry", "POST", "/fhir", `{"resourceType":"Bundle","entry":[{},{}]}`, 200, -1},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			a, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			if a.StatusCode != tt.status {
				t.Errorf("got status %d, want %d", a.StatusCode, tt.status)
			}
			if tt.total < 0 {
				return
			}
			var b struct{ Total float64 }
			if err := json.NewDecoder(a.Body).Decode(&b); err != nil || b.Total != tt.total {
				t.Errorf("got total %v, %v, want %v", b.Total, err, tt.total)
			}
		})
	}
}
