package endpoint

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bulwark/observe/logs/internal/intake/intaketest"
	"bulwark/platform/pseudonym"
)

func open(t *testing.T, to *intaketest.Sink) (*Intake, *httptest.Server) {
	t.Helper()
	i, err := New(Options{Label: "http", Listen: "127.0.0.1:0", Patients: func() *pseudonym.Pseudonyms { return pseudonym.New([32]byte{1}) },
		Admit: func(token string) (string, bool) { return "web1", token == "s3cret" }})
	if err != nil {
		t.Fatal(err)
	}
	if err := i.listener.Close(); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(i.Handler(to))
	t.Cleanup(s.Close)
	return i, s
}

// ask sends a request with a token, and returns its status and answer.
func ask(t *testing.T, s *httptest.Server, method, path, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer s3cret")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(text), a.Header
}

const two = `{"index":{"_index":"winlogbeat-8.17"}}` + "\n" + `{"winlog":{"event_id":4624,"channel":"Security"}}` + "\n" +
	`{"create":{}}` + "\n" + `{"message":"sshd[1]: x"}` + "\n"

func TestShippersFindWhatTheyAskForBeforeTheySend(t *testing.T) {
	_, s := open(t, &intaketest.Sink{})
	for _, c := range []struct{ who, method, path, want string }{
		{"all", "GET", "/", `"number":"9.`},
		{"Logstash", "HEAD", "/", ""},
		{"Beats", "GET", "/_license?human=false", `"status":"active"`},
		{"Beats", "GET", "/_xpack", `"ilm"`},
		{"Beats", "GET", "/_ilm/policy/winlogbeat", `"winlogbeat"`},
		{"Beats", "PUT", "/_ilm/policy/winlogbeat", `"acknowledged":true`},
		{"Beats", "GET", "/_index_template/winlogbeat-8.17.0", `"name":"winlogbeat-8.17.0"`},
		{"Beats", "HEAD", "/_alias/filebeat-7", ""},
		{"Beats", "PUT", "/_data_stream/filebeat-8", `"acknowledged":true`},
		{"Filebeat's modules", "PUT", "/_ingest/pipeline/filebeat-8-nginx", `"acknowledged":true`},
		{"Vector", "GET", "/_cluster/health", `"status":"green"`},
		{"rsyslog", "GET", "/_cat/health", "green"},
		{"Elastic Agent", "POST", "/_security/user/_has_privileges", `"has_all_requested":true`},
	} {
		status, answer, header := ask(t, s, c.method, c.path, "")
		if status != http.StatusOK || !strings.Contains(answer, c.want) || header.Get("X-Elastic-Product") != "Elasticsearch" {
			t.Errorf("%s: %s %s: got %d %s, want %q", c.who, c.method, c.path, status, answer, c.want)
		}
	}
}

func TestBulk(t *testing.T) {
	for _, c := range []struct {
		does, body, statuses string
		taken                int
	}{
		{"both documents are taken", two, "201 201", 2},
		{"what is no object is refused by itself", `{"index":{}}` + "\nno\n" + two, "400 201 201", 2},
		{"deletes and updates are refused by themselves", `{"delete":{"_id":"1"}}` + "\n" + `{"update":{"_id":"1"}}` + "\n{}\n" + two, "400 400 201 201", 2},
		{"a document that is too long is refused by itself", `{"index":{}}` + "\n" + `{"a":"` + strings.Repeat("x", 2<<20) + `"}` + "\n" + two, "400 201 201", 2},
		{"empty lines and the missing last line end do no harm", "\n\r\n" + strings.TrimSuffix(two, "\n"), "201 201", 2},
	} {
		t.Run(c.does, func(t *testing.T) {
			sink := &intaketest.Sink{}
			_, s := open(t, sink)
			status, answer, _ := ask(t, s, "POST", "/logs/_bulk?filter_path=errors", c.body)
			if got := statuses(t, answer); status != 200 || got != c.statuses || len(sink.Records()) != c.taken {
				t.Errorf("got %d, %q, %d records; want %q, %d\n%s", status, got, len(sink.Records()), c.statuses, c.taken, answer)
			}
			for _, r := range sink.Records() {
				if r.Identity != "web1" || r.Intake != "bulk" || !r.Sender.IsLoopback() {
					t.Errorf("got %+v", r)
				}
			}
		})
	}
}

func statuses(t *testing.T, answer string) string {
	t.Helper()
	var a struct {
		Errors bool
		Items  []map[string]struct{ Status int }
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	var all []string
	bad := false
	for _, i := range a.Items {
		for _, x := range i {
			all = append(all, fmt.Sprint(x.Status))
			bad = bad || x.Status != 201
		}
	}
	if bad != a.Errors {
		t.Errorf("got errors %v, want %v", a.Errors, bad)
	}
	return strings.Join(all, " ")
}

func TestPackedBodies(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(two))
	_ = z.Close()
	sink := &intaketest.Sink{}
	i, s := open(t, sink)
	if status, answer, _ := ask(t, s, "POST", "/_bulk", b.String(), "Content-Encoding", "gzip"); status != 200 || len(sink.Records()) != 2 {
		t.Errorf("got %d, %d records, want 2: %s", status, len(sink.Records()), answer)
	}
	if status, _, _ := ask(t, s, "POST", "/_bulk", b.String()[:20], "Content-Encoding", "gzip"); status != http.StatusBadRequest {
		t.Errorf("cut: got %d", status)
	}
	if status, _, _ := ask(t, s, "POST", "/_bulk", two, "Content-Encoding", "x"); status != http.StatusUnsupportedMediaType {
		t.Errorf("unknown coding: got %d", status)
	}
	if got := i.Refused(); got[reasonBroken] != 1 || got[reasonCoding] != 1 {
		t.Errorf("got %v", got)
	}
}

func TestAFullSinkIsToldToTheSender(t *testing.T) {
	_, s := open(t, &intaketest.Sink{Room: 1})
	status, _, header := ask(t, s, "POST", "/_bulk", two)
	if status != http.StatusTooManyRequests || header.Get("Retry-After") == "" {
		t.Errorf("nothing had room: got %d, %v", status, header)
	}
	sink := &intaketest.Sink{Room: 600}
	i, s := open(t, sink)
	status, answer, _ := ask(t, s, "POST", "/_bulk", strings.Repeat(two, 400)) // 800 documents, handed over by 512
	all := statuses(t, answer)
	if status != 200 || strings.Count(all, "201") != 512 || strings.Count(all, "429") != 288 || i.Refused()["no room"] != 288 {
		t.Errorf("some had room: got %d, %d taken, %d refused, %v", status, strings.Count(all, "201"), strings.Count(all, "429"), i.Refused())
	}
}

func TestWhoMaySend(t *testing.T) {
	i, s := open(t, &intaketest.Sink{})
	for _, c := range []struct {
		does, field string
		want        int
	}{
		{"a token", "Bearer s3cret", 200},
		{"a token as the key of an ApiKey", "ApiKey d2ViMTpzM2NyZXQ=", 200},
		{"a token as a password", "Basic d2ViMTpzM2NyZXQ=", 200},
		{"a plain ApiKey", "ApiKey s3cret", 200},
		{"another token", "Bearer x", 401},
		{"nothing", "", 401},
	} {
		if status, answer, _ := ask(t, s, "GET", "/", "", "Authorization", c.field); status != c.want {
			t.Errorf("%s: got %d, want %d: %s", c.does, status, c.want, answer)
		}
	}
	if n := i.Refused()[reasonStranger]; n != 2 {
		t.Errorf("got %d refused, want 2", n)
	}
}

func TestAuditEventsOfFHIR(t *testing.T) {
	sink := &intaketest.Sink{}
	_, s := open(t, sink)
	status, _, _ := ask(t, s, "POST", "/fhir/AuditEvent", `{"resourceType":"AuditEvent","type":{"code":"110112"},"agent":[{"who":{"display":"x"}}]}`)
	if status != http.StatusCreated || len(sink.Records()) != 1 || sink.Records()[0].Event.Payload == nil {
		t.Errorf("got %d, %+v", status, sink.Records())
	}
	status, answer, header := ask(t, s, "POST", "/fhir/AuditEvent", `{"resourceType":"Patient"}`)
	if status != http.StatusUnprocessableEntity || header.Get("Content-Type") != "application/fhir+json" {
		t.Errorf("got %d %s", status, answer)
	}
}

func TestOneDocument(t *testing.T) {
	sink := &intaketest.Sink{}
	_, s := open(t, sink)
	status, answer, _ := ask(t, s, "POST", "/logs/_doc", `{"message":"x"}`)
	if status != http.StatusCreated || len(sink.Records()) != 1 || !json.Valid([]byte(answer)) || sink.Records()[0].Stream != "logs" {
		t.Errorf("got %d %s %+v", status, answer, sink.Records())
	}
	if status, answer, _ = ask(t, s, "PUT", "/logs/_create/1", `x`); status != http.StatusBadRequest || !json.Valid([]byte(answer)) {
		t.Errorf("got %d %s", status, answer)
	}
}
