package subscriptions

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"bulwark/content/logsources"
)

func TestEveryChannelThatRulesKnowIsAskedFor(t *testing.T) {
	// Channels for traces cannot be forwarded; the others here are providers, or older names of channels that are asked for.
	without := []string{"Microsoft-Windows-Hyper-V-Worker", "Microsoft-Windows-Kernel-EventTracing", "Microsoft-Windows-DNS Client Events/Operational",
		"Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode"}
	all, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, s := range all {
		for _, e := range s.Select {
			asked = append(asked, e.Channel)
		}
	}
	products, err := logsources.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range products {
		for service, channels := range p.Services {
			for _, c := range channels {
				trace := strings.HasSuffix(c, "/Debug") || strings.HasSuffix(c, "/Analytic") || strings.HasSuffix(c, "/Analytical") ||
					strings.HasSuffix(c, "/Diagnostic")
				if p.Name == "windows" && !trace && !slices.Contains(without, c) && !slices.Contains(asked, c) {
					t.Errorf("channel %q of the service %s is in no subscription", c, service)
				}
			}
		}
	}
}

func TestQueriesAreXMLThatWindowsTakes(t *testing.T) {
	all, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		var list struct {
			Queries []struct {
				ID     string   `xml:"Id,attr"`
				Select []string `xml:"Select"`
			} `xml:"Query"`
		}
		if err := xml.Unmarshal([]byte(s.Query()), &list); err != nil || len(list.Queries) == 0 {
			t.Errorf("%s: %v in %s", s.ID, err, s.Query())
		}
		for n, q := range list.Queries {
			if len(q.Select) == 0 || strings.Count(q.Select[0], "[") != strings.Count(q.Select[0], "]") {
				t.Errorf("%s: query %d selects %q", s.ID, n, q.Select)
			}
		}
	}
}

const own = `form: 1
id: security
guid: 4A0E2C5B-6D1F-4E0B-9C37-51B6E2D8AFFF
title: {en: a, fr: b}
select: [{channel: A & B, where: "*[System[(Level<3)]]"}]
`

func TestAHospitalWritesOverWhatIsShipped(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"its own query", own, `<QueryList><Query Id="0"><Select Path="A &amp; B">*[System[(Level&lt;3)]]</Select></Query></QueryList>`},
		{"none", own + "off: true\n", ""},
	}
	for _, tt := range tests {
		all, err := Load(fstest.MapFS{"mine.yaml": {Data: []byte(tt.text)}})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range all {
			if s.ID == "security" {
				got = s.Query()
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestFaultsNameTheirPlace(t *testing.T) {
	terms := strings.Repeat("EventID=1 or ", 22) + "EventID=1"
	tests := []struct{ name, old, new, want string }{
		{"another form", "form: 1", "form: 2", "mine.yaml:1: form"},
		{"an id with blanks", "id: security", "id: my own", "id"},
		{"no guid", "guid: 4A", "guid: 4", "mine.yaml:3: guid"},
		{"a guid twice", "AFFF", "A002", "same guid"},
		{"no channel", "A & B", "", "select[0].channel"},
		{"too many terms", "Level<3", terms, "select[0].where"},
		{"no path", `"*[System[(Level<3)]]"`, "System", "select[0].where"},
	}
	for _, tt := range tests {
		_, err := Load(fstest.MapFS{"mine.yaml": {Data: []byte(strings.Replace(own, tt.old, tt.new, 1))}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q in it", tt.name, err, tt.want)
		}
	}
}
