package fhir

import (
	"fmt"
	"strings"
	"testing"
)

// exchange reads "METHOD target" and lines "Field: value"; after "<" come the response's fields, after an empty line a body.
func exchange(s string) *Exchange {
	x := &Exchange{}
	request, response, _ := strings.Cut(s, "<\n")
	head, body, _ := strings.Cut(request, "\n\n")
	x.RequestBody = []byte(strings.TrimSuffix(body, "\n"))
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	x.Method, x.Target = []byte(method), []byte(target)
	for _, line := range lines[1:] {
		if v, ok := strings.CutPrefix(line, "Accept: "); ok {
			x.Accept = []byte(v)
		}
		if v, ok := strings.CutPrefix(line, "Content-Type: "); ok {
			x.RequestType = []byte(v)
		}
	}
	head, body, _ = strings.Cut(response, "\n\n")
	x.ResponseBody = []byte(body)
	for _, line := range strings.Split(head, "\n") {
		if v, ok := strings.CutPrefix(line, "Content-Type: "); ok {
			x.ResponseType = []byte(v)
		}
		fmt.Sscanf(line, "%d", &x.Status)
	}
	return x
}

func outline(in *Interaction) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v", in.Kind)
	put := func(name, v string) {
		if v != "" {
			fmt.Fprintf(&b, " %s=%s", name, v)
		}
	}
	put("type", in.Type)
	put("id", string(in.ID))
	put("version", string(in.VersionID))
	put("in", in.Compartment)
	put("operation", string(in.Operation))
	put("base", string(in.Base))
	for _, p := range in.Params {
		put("param", string(p))
	}
	if in.Conditional {
		b.WriteString(" conditional")
	}
	put("came", in.Resource)
	put("bundle", string(in.BundleType))
	if in.Total >= 0 {
		fmt.Fprintf(&b, " total=%d", in.Total)
	}
	if in.Entries > 0 {
		fmt.Fprintf(&b, " entries=%d", in.Entries)
	}
	put("severity", string(in.Severity))
	put("code", string(in.Code))
	put("release", in.Release.String())
	return b.String()
}

const accept = "\nAccept: application/fhir+json\n"

func TestDescribe(t *testing.T) {
	const bundle = `{"resourceType":"Bundle","id":"x","meta":{"total":9},"type":"searchset","total":342,` +
		`"entry":[{"fullUrl":"a","resource":{"resourceType":"Patient","entry":[{"x":1}]}},{"fullUrl":"b\"{","resource":{"type":"no","name":[{"family":"[{"}]`
	tests := []struct{ name, exchange, want string }{
		{"a read", "GET /fhir/Patient/4711?i=5" + accept, "read type=Patient id=4711 base=/fhir param=i"},
		{"a read of a server without a base", "GET /Patient/4711" + accept, "read type=Patient id=4711"},
		{"a version read", "GET /r4/Observation/a-1.2/_history/3" + accept, "vread type=Observation id=a-1.2 version=3 base=/r4 release=R4"},
		{"a history of a resource", "GET /fhir/Patient/1/_history" + accept, "history-instance type=Patient id=1 base=/fhir"},
		{"a history of a type", "GET /fhir/Patient/_history?_since=2020" + accept, "history-type type=Patient base=/fhir param=_since"},
		{"a history of all", "GET /fhir/_history" + accept, "history-system base=/fhir"},
		{"a search", "GET /fhir/Patient?name:exact=x&birthdate=ge1950&_has%3AObservation=1&subject.name=2" + accept,
			"search-type type=Patient base=/fhir param=name param=birthdate param=_has param=subject"},
		{"a search by form", "POST /fhir/Patient/_search\nContent-Type: application/x-www-form-urlencoded\n\nfamily=Dupont&given=J\n<\n200\nContent-Type: application/fhir+json\n\n" + bundle,
			"search-type type=Patient base=/fhir param=family param=given came=Bundle bundle=searchset total=342 entries=2"},
		{"a search in a compartment", "GET /fhir/Patient/1/Observation?code=8480-6" + accept, "search-compartment type=Observation id=1 in=Patient base=/fhir param=code"},
		{"a search in a whole compartment", "GET /fhir/Patient/1/*" + accept, "search-compartment id=1 in=Patient base=/fhir"},
		{"a search of the system", "GET /fhir?_type=Patient,Observation" + accept + "<\n200\nContent-Type: application/fhir+json\n\n" + bundle,
			"search-system base=/fhir param=_type came=Bundle bundle=searchset total=342 entries=2"},
		{"a create", "POST /fhir/Observation\nContent-Type: application/fhir+json; fhirVersion=5.0\n", "create type=Observation base=/fhir release=R5"},
		{"an update", "PUT /fhir/Patient/1\nContent-Type: application/fhir+xml\n", "update type=Patient id=1 base=/fhir"},
		{"a conditional update", "PUT /fhir/Patient?identifier=a|b\nContent-Type: application/fhir+json\n", "update type=Patient base=/fhir param=identifier conditional"},
		{"a patch", "PATCH /fhir/Patient/1\nContent-Type: application/json-patch+json\n<\n200\nContent-Type: application/fhir+json\n", "patch type=Patient id=1 base=/fhir"},
		{"a delete", "DELETE /fhir/Patient/1" + accept, "delete type=Patient id=1 base=/fhir"},
		{"a delete of a history", "DELETE /fhir/Patient/1/_history" + accept, "delete-history type=Patient id=1 base=/fhir"},
		{"capabilities", "GET /fhir/metadata\n<\n200\nContent-Type: application/fhir+json\n\n" + `{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"}`,
			"capabilities base=/fhir came=CapabilityStatement release=R4"},
		{"a transaction", "POST /fhir\nContent-Type: application/fhir+json\n\n" + `{"resourceType":"Bundle","type":"transaction","entry":[]}` + "\n", "transaction base=/fhir"},
		{"a batch of plain JSON", "POST /api/\nContent-Type: application/json\n\n" + `{ "type" : "batch", "resourceType" : "Bundle" }` + "\n", "batch base=/api/"},
		{"a bundle whose body was not seen", "POST /fhir/\nContent-Type: application/fhir+json\n", "bundle base=/fhir/"},
		{"an operation on a resource", "GET /fhir/Patient/1/$everything" + accept, "operation type=Patient id=1 operation=everything base=/fhir"},
		{"an operation on a type", "POST /fhir/Patient/$match\nContent-Type: application/fhir+json\n", "operation type=Patient operation=match base=/fhir"},
		{"an operation on all", "GET /fhir/$export?_type=Patient" + accept, "operation operation=export base=/fhir param=_type"},
		{"a failure", "GET /fhir/Patient/1" + accept + "<\n404\nContent-Type: application/fhir+json\n\n" +
			`{"resourceType":"OperationOutcome","text":{"status":"x"},"issue":[{"severity":"error","code":"not-found"},{"severity":"x","code":"y"}]}`,
			"read type=Patient id=1 base=/fhir came=OperationOutcome severity=error code=not-found"},
		{"DSTU2 by its media type", "GET /x/MedicationOrder/1\nAccept: application/json+fhir\n", "read type=MedicationOrder id=1 base=/x release=DSTU2"},
		{"a release by a type that it alone has", "GET /fhir/Transport/1" + accept, "read type=Transport id=1 base=/fhir release=R5"},
		{"a release by its base", "GET /hapi/baseDstu3/Patient/1" + accept, "read type=Patient id=1 base=/hapi/baseDstu3 release=STU3"},
		{"XML", "GET /fhir/Patient?_count=1\n<\n200\nContent-Type: application/fhir+xml\n\n<?xml version=\"1.0\"?>\n<Bundle xmlns=\"http://hl7.org/fhir\"><type value=\"searchset\"/><total value=\"7\"/><entry><resource/></entry>",
			"search-type type=Patient base=/fhir param=_count came=Bundle bundle=searchset total=7 entries=1"},
		{"a facade with addresses of its own", "GET /api/v1/people/4711\n<\n200\nContent-Type: application/json\n\n" + `{"resourceType":"Patient","id":"4711"}`,
			" type=Patient base=/api/v1/people/4711 came=Patient"},
		{"plain JSON at an address of FHIR", "GET /Patient/4711\n<\n200\nContent-Type: application/json\n\n" + `{"id":"4711","resourceType":"Patient"}`, "read type=Patient id=4711 came=Patient"},
		{"a base that says FHIR", "GET /FhirServer/Patient/4711\nAccept: */*\n<\n401\nContent-Type: text/html\n", "read type=Patient id=4711 base=/FhirServer"},
		{"a format parameter", "GET /Patient?_format=json&name=x", "search-type type=Patient param=_format param=name"},
		{"upper-case media types", "GET /Patient/4711\nAccept: APPLICATION/FHIR+JSON\n", "read type=Patient id=4711"},
	}
	var in Interaction
	for _, tt := range tests {
		if !Describe(exchange(tt.exchange), &in) {
			t.Errorf("%s: it is not said to be FHIR", tt.name)
			continue
		}
		if got := outline(&in); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestWhatOnlyLooksLikeFHIR(t *testing.T) {
	tests := []struct{ name, exchange string }{
		{"a page of an application", "GET /Patient/list.html\n<\n200\nContent-Type: text/html\n"},
		{"a record of an application", "GET /Patient/4711\nAccept: text/html\n<\n200\nContent-Type: text/html\n\n<html>"},
		{"an application's own JSON", "GET /Patient/4711\n<\n200\nContent-Type: application/json\n\n" + `{"id":4711,"nom":"Dupont"}`},
		{"the specification", "GET /fhir/Patient/list.html\n<\n200\nContent-Type: text/html\n"},
		{"a page about FHIR", "GET /fhir/Patient/example\nAccept: text/html\n<\n200\nContent-Type: text/html\n"},
		{"a type in another case", "GET /fhir/patient/4711"},
		{"other metadata", "GET /metadata\n<\n200\nContent-Type: application/json\n\n{}"},
		{"instance metadata of a cloud", "GET /latest/metadata"},
		{"a program's resources", "GET /_next/static/chunks/Group/Library.js"},
		{"a word about resources", "GET /api/x\n<\n200\nContent-Type: application/json\n\n" + `{"doc":"set \"resourceType\" to Patient"}`},
		{"a resource type nobody knows", "GET /api/x\n<\n200\nContent-Type: application/json\n\n" + `{"resourceType":"Server","id":"1"}`},
		{"another media type with a plus", "GET /Patient/1\nAccept: application/vnd.api+json"},
		{"a proxy's request", "CONNECT fhir.example:443"},
		{"nothing", ""},
	}
	for _, tt := range tests {
		var in Interaction
		if Describe(exchange(tt.exchange), &in) {
			t.Errorf("%s: it is said to be FHIR: %s", tt.name, outline(&in))
		}
	}
}

func TestResourceTypes(t *testing.T) {
	count := [5]int{}
	for i, r := range resourceTypes {
		if i > 0 && resourceTypes[i-1].name >= r.name {
			t.Errorf("%s does not stand before %s", resourceTypes[i-1].name, r.name)
		}
		if findType([]byte(r.name)) != &resourceTypes[i] {
			t.Errorf("%s is not found", r.name)
		}
		for j := range count {
			count[j] += int(r.in >> j & 1)
		}
	}
	if count[3-1] < 140 || count[5-1] < 150 {
		t.Errorf("types by release: %v", count)
	}
	for _, no := range []string{"", "Patient ", "patient", "Zzz", "A"} {
		if typeName([]byte(no)) != "" {
			t.Errorf("%q is said to be a resource type", no)
		}
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add("GET", "/fhir/Patient/1/_history/2?name=x", "application/fhir+json", "application/json", `{"resourceType":"Bundle","total":1,"entry":[{}]}`)
	f.Add("POST", "/fhir/Patient/_search", "application/x-www-form-urlencoded", "application/fhir+xml", `<Bundle xmlns="http://hl7.org/fhir"><total value="3"/>`)
	f.Add("POST", "//$x/", "application/json+fhir; fhirVersion=4.0", "", "{")
	f.Fuzz(func(t *testing.T, method, target, requestType, responseType, body string) {
		x := &Exchange{Method: []byte(method), Target: []byte(target), RequestType: []byte(requestType), ResponseType: []byte(responseType),
			RequestBody: []byte(body), ResponseBody: []byte(body)}
		var in Interaction
		if Describe(x, &in) && len(in.Params) > maxParams {
			t.Errorf("%d parameters", len(in.Params))
		}
	})
}

// BenchmarkDescribe tells how much it costs to say no to a page, and yes to a read and to a search with its bundle.
func BenchmarkDescribe(b *testing.B) {
	bundle := `{"resourceType":"Bundle","type":"searchset","total":342,"entry":[` + strings.Repeat(`{"fullUrl":"x","resource":{"resourceType":"Patient"}},`, 20)
	for name, s := range map[string]string{
		"no":     "GET /app/54/page.aspx?i=131464&session=1fb95e8cca599392\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\n<\n200\nContent-Type: text/html; charset=utf-8\n\n<!DOCTYPE html><html>",
		"json":   "GET /api/v1/items/131464\nAccept: application/json\n<\n200\nContent-Type: application/json\n\n" + `{"items":[` + strings.Repeat(`{"id":1,"name":"x"},`, 100),
		"read":   "GET /fhir/Patient/88?i=494492\nAccept: application/fhir+json\n<\n200\nContent-Type: application/fhir+json\n",
		"search": "GET /fhir/Patient?name=x\nAccept: application/fhir+json\n<\n200\nContent-Type: application/fhir+json\n\n" + bundle,
	} {
		b.Run(name, func(b *testing.B) {
			x, in := exchange(s), &Interaction{}
			b.ReportAllocs()
			for b.Loop() {
				Describe(x, in)
			}
		})
	}
}
