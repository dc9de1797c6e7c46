package signal

import (
	"net/netip"
	"slices"
	"testing"
	"unicode/utf8"

	"bulwark/event"
)

func TestRuleOf(t *testing.T) {
	for _, c := range []struct {
		sentence   string
		alert      event.Alert
		severity   string
		confidence string
		techniques []string
	}{
		{"the priority alone", event.Alert{Severity: 2}, "medium", "", nil},
		{"metadata say it better than the priority", event.Alert{Severity: 3, Metadata: []string{"signature_severity Critical", "confidence High"}}, "critical", "high", nil},
		{"metadata that do not know leave the priority", event.Alert{Severity: 1, Metadata: []string{"signature_severity Unknown", "confidence ?"}}, "high", "", nil},
		{"techniques, each once, and none that is no id", event.Alert{Severity: 9, Metadata: []string{"mitre_technique_id T1059_001", "mitre_technique_id T1059.001",
			"mitre_technique_id nonsense", "mitre_technique_id t1566"}}, "informational", "", []string{"T1059.001", "T1566"}},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			r := RuleOf(&c.alert)
			if r.Severity.String() != c.severity || r.Confidence.String() != c.confidence || !slices.Equal(r.Techniques, c.techniques) {
				t.Errorf("%+v, want %s %q %v", r, c.severity, c.confidence, c.techniques)
			}
		})
	}
	if r := RuleOf(&event.Alert{GID: 1, SID: 9_000_012}); !r.Hospital || r.ID != "1:9000012" {
		t.Errorf("a rule that is shipped: %+v", r)
	}
	buf := []byte("mitre_technique_id T1210")
	r := RuleOf(&event.Alert{Metadata: []string{event.View(buf)}})
	clear(buf)
	if !slices.Equal(r.Techniques, []string{"T1210"}) {
		t.Errorf("%q, want T1210: its texts are its own", r.Techniques)
	}
	for _, name := range Severities() {
		if s, ok := SeverityOf(name); !ok || s.String() != name {
			t.Errorf("%s is %s", name, s)
		}
	}
}

func TestEndsOf(t *testing.T) {
	client, server := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	h := event.Header{Src: client, Dst: server, Proto: 6, Ports: event.Ports{Src: 50000, Dst: 445}}
	for _, c := range []struct {
		sentence       string
		alert          event.Alert
		source, target netip.Addr
	}{
		{"what the client sends is done to the server", event.Alert{}, client, server},
		{"what the server sends is done to the client", event.Alert{FromServer: true}, server, client},
		{"the rule's target stands above that", event.Alert{Target: "src"}, server, client},
		{"of an answer too", event.Alert{Target: "src", FromServer: true}, client, server},
		{"metadata say that clients are attacked", event.Alert{Metadata: []string{"attack_target Client_Endpoint"}}, server, client},
		{"metadata say that servers are", event.Alert{FromServer: true, Metadata: []string{"attack_target Web_Server"}}, client, server},
		{"metadata that say both leave it", event.Alert{Metadata: []string{"attack_target Client_and_Server"}}, client, server},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			e := EndsOf(&h, &c.alert, RuleOf(&c.alert))
			if e.Source != c.source || e.Target != c.target || e.Port != 445 {
				t.Errorf("%+v, want %v to %v", e, c.source, c.target)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	got := Named(`{"http":{"hostname":"bad.example"},"dns":{"queries":[{"rrname":"a.example"},{"rrname":"bad.example"}]},"fileinfo":{"filename":"x.exe","sha256":""}}`)
	want := []Entity{{"domain", "bad.example"}, {"domain", "a.example"}, {"file", "x.exe"}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if Named("{") != nil || Named("") != nil || Named(`[1]`) != nil {
		t.Error("what is no record names something")
	}
}

// Whatever an alert holds, what is kept of it is text, and bounded.
func FuzzSignal(f *testing.F) {
	f.Add("ET EXPLOIT x", "signature_severity Major", "cve,2017-0144", `{"http":{"hostname":"bad.example"}}`, uint64(1), true)
	f.Add("\xff", "mitre_technique_id T1059", ",", `{"dns":{"queries":[{"rrname":"a"}]}}`, uint64(9_000_001), false)
	f.Fuzz(func(t *testing.T, title, metadata, reference, record string, sid uint64, back bool) {
		a := event.Alert{Title: title, GID: 1, SID: sid, Metadata: []string{metadata, metadata}, References: []string{reference}, FromServer: back, Record: record}
		r := RuleOf(&a)
		if len(r.Title) > maxTitle || !utf8.ValidString(r.Title) || len(r.Techniques) > maxList {
			t.Errorf("%+v", r)
		}
		all := Named(record)
		if len(all) > maxEntities {
			t.Errorf("%d entities", len(all))
		}
		for _, e := range all {
			if len(e.Value) > maxValue || !utf8.ValidString(e.Value) {
				t.Errorf("%q", e.Value)
			}
		}
		EndsOf(&event.Header{}, &a, r)
	})
}
