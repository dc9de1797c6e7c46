package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/rule"
	"bulwark/wire/packet"
)

func TestOfAPacketSoManyAlertsAreTold(t *testing.T) {
	var rules strings.Builder
	for i := range maxAlerts + 3 {
		fmt.Fprintf(&rules, "alert tcp any any -> any any (content:\"word\"; sid:%d;)\n", i+1)
	}
	p := start(t, rules.String())
	p.send(up, "word")
	if n := p.w.Count(); len(p.alerts) != maxAlerts || n.Alerts != maxAlerts || n.Over != 3 || n.Loaded != maxAlerts+3 {
		t.Errorf("got %d alerts and the counts %+v, want %d and 3 over", len(p.alerts), n, maxAlerts)
	}
	p.send(up, "word")
	if len(p.alerts) != 2*maxAlerts {
		t.Errorf("after the next packet: got %d alerts, want %d", len(p.alerts), 2*maxAlerts)
	}
}

func TestOrderOfActions(t *testing.T) {
	const rules = `alert tcp any any -> any any (content:"word"; sid:1;)
pass tcp any any -> any any (content:"word"; sid:2;)
drop tcp any any -> any any (content:"word"; sid:3;)`
	all, _, err := rule.Parse(strings.NewReader(rules), "test.rules", rule.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		does  string
		order []rule.Action
		want  []string
	}{
		{"what lets pass comes first", nil, nil},
		{"unless alerts come before it", []rule.Action{rule.Alert, rule.Pass}, []string{"1 up"}},
		{"drops are alerts of their own rank", []rule.Action{rule.Drop, rule.Pass}, []string{"3 up"}},
	} {
		t.Run(c.does, func(t *testing.T) {
			set, _ := Compile(all, Options{Order: c.order})
			s := NewShared()
			s.Use(set)
			p := &play{t: t}
			p.w = s.Inspector(p)
			p.connect("10.0.0.7", "192.0.2.1", 50000, 80, packet.TCP)
			p.send(up, "word")
			p.w.End(&p.f, true)
			if !slices.Equal(p.alerts, c.want) || !p.f.Pass {
				t.Errorf("got %v, passed: %v; want %v, passed", p.alerts, p.f.Pass, c.want)
			}
		})
	}
}

func TestAProtocolThatBecomesKnownIsAskedAboutWhatCrossed(t *testing.T) {
	p := start(t, `alert http any any -> any any (content:"Host"; sid:1;)
alert http any any -> any any (content:"X-Never-Seen-Before"; sid:2;)
alert ftp any any -> any any (content:"Host"; sid:3;)
alert http any any -> any any (pcre:"/Ho.t/"; sid:4;)`)
	p.send(up, "GET / HTTP/1.1\r\nHost: a\r\nX-Never-Seen-Before: 1\r\n\r\n")
	if len(p.alerts) != 0 {
		t.Errorf("before it is known: got %v, want none", p.alerts)
	}
	p.f.App = "http"
	p.send(down, "")
	p.send(down, "")
	slices.Sort(p.alerts)
	if want := []string{"1 up", "2 up", "4 up"}; !slices.Equal(p.alerts, want) {
		t.Errorf("got %v, want %v", p.alerts, want)
	}
}
