package main

import (
	"testing"

	"bulwark/decide/incident/story"
)

func TestFiguresAreTrue(t *testing.T) {
	var alerts []alert
	for h := range int64(7 * 24) {
		alerts = append(alerts, alert{at: 1000 + 3600*h, name: "Wazuh: ClamAV database update", host: "mail"})
	}
	end := alerts[len(alerts)-1].at
	for n, name := range []string{"Suricata: Alert - ET TROJAN one", "Suricata: Alert - ET TROJAN two", "Wazuh: IDS event."} {
		alerts = append(alerts, alert{at: end + 30*int64(n), name: name, host: "web", phase: "intrusion", event: "shell"})
	}
	alerts = append(alerts, alert{at: end + 90, name: "Wazuh: ClamAV database update", host: "mail", event: "quiet"})
	o := play(&site{"one", alerts}, story.Defaults())
	got := total([]outcome{o})
	if got.incidents != 1 || got.rank != 1 || got.caught != 1 || got.classes != 2 || got.delay(0.95) != 0 || got.purity != 1 {
		t.Errorf("got %+v, want one incident, the first, which holds one class of two at once and nothing else", got)
	}
}

func TestJudged(t *testing.T) {
	for name, want := range map[string]uint8{
		"Wazuh: ClamAV database update":                                   informational,
		"Wazuh: Multiple web server 400 error codes from same source ip.": medium,
		"Wazuh: a rule that is not known":                                 low,
		"Suricata: Alert - ET SCAN Possible Nmap User-Agent Observed":     medium,
		"Suricata: Alert - SURICATA TLS invalid record type":              informational,
		"AMiner: New event type.":                                         low,
	} {
		if got := judged(name); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
}
