package logrule

import (
	"slices"
	"testing"
	"testing/fstest"

	"bulwark/event"
)

func TestRulesSeeWhatTheSensorSees(t *testing.T) {
	const rules = `title: web shell
logsource: {category: webserver}
detection: {a: {cs-uri-query|contains: shell.php, cs-method: POST}, condition: a}
---
title: name
logsource: {category: dns}
detection: {a: {query|endswith: .bad.example}, condition: a}
---
title: of logs
logsource: {}
detection: {a: {event.action: x}, condition: a}
---
title: own
logsource: {product: bulwark, service: hl7}
detection: {a: {hl7.type: ADT}, condition: a}
---
title: log of a web server
logsource: {category: webserver}
detection: {a: {sc-status: 418}, condition: a}
`
	s, err := Load(fstest.MapFS{"r.yml": {Data: []byte(rules)}})
	if err != nil || len(s.Rejected) > 0 {
		t.Fatal(err, s.Rejected)
	}
	if got, want := s.kindsAsked(), []event.Kind{event.KindLog, event.KindHL7, event.KindDNS, event.KindHTTP}; !slices.Equal(got, want) {
		t.Errorf("kinds asked = %v, want %v", got, want)
	}
	for _, c := range []struct {
		payload event.Payload
		want    string
	}{
		{&event.HTTP{Method: "POST", URL: "/x/shell.php?a=b"}, "web shell"},
		{&event.HTTP{Method: "GET", URL: "/x/shell.php?a=b"}, ""},
		{&event.DNS{Hostname: "a.bad.example"}, "name"},
		{&event.HL7{Type: "ADT"}, "own"},
		{&event.Log{Product: "nginx", Category: "webserver", Fields: []string{"http.response.status_code", "418"}}, "log of a web server"},
		{&event.Log{Product: "vendor", Action: "x"}, "of logs"},
	} {
		got := ""
		var l Live
		for _, m := range s.Match(l.Read(&event.Event{Payload: c.payload})) {
			got += m.Rule.Title
		}
		if got != c.want {
			t.Errorf("%+v: %q matches, want %q", c.payload, got, c.want)
		}
	}
}
