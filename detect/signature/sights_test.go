package signature

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"bulwark/event"
)

func alerted(b *Rulebook, h *event.Header, a *event.Alert) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alert(h, a)
}

// A rule is blind that looks where nothing has been seen: at a protocol, a port, or a part of the hospital's own network. What it waits
// for from outside, or on a port outside, may come any day.
func TestRulesThatLookWhereNothingIsAreBlind(t *testing.T) {
	rules := []struct{ about, rule, want string }{
		{"a port that conversations went to", "tcp any any -> any 104", ""},
		{"a port that none went to", "tcp any any -> any 11112", "port 11112"},
		{"several of which one was seen", "tcp any any -> any [11112,100:110]", ""},
		{"all ports but one", "tcp any any -> any !80", ""},
		{"what servers at a port that was seen answer", "tcp any 104 -> any any", ""},
		{"what servers at a port that was not seen answer", "udp any 6667 -> any any", "port 6667"},
		{"a port of somebody outside", "tcp 10.0.0.0/8 any -> 198.51.100.0/24 4444", ""},
		{"a port of whoever is outside", "tcp 10.0.0.0/8 any -> !10.0.0.0/8 4444", ""},
		{"ports of no transport", "icmp any any -> any any", ""},
		{"a network in which somebody is", "tcp any any -> 10.20.0.0/16 any", ""},
		{"a network in which nobody is", "tcp any any -> 10.30.0.0/16 any", "10.30.0.0-10.30.255.255"},
		{"one from which nobody asks", "tcp 10.30.0.7 any -> any any", "10.30.0.7"},
		{"two networks, in one of which somebody is", "tcp [10.30.0.0/16,10.20.5.0/24] any -> any any", ""},
		{"an address outside that was never seen", "ip any any -> 203.0.113.9 any", ""},
	}
	var text strings.Builder
	for n, r := range rules {
		fmt.Fprintf(&text, "alert %s (msg:\"x\"; sid:%d;)\n", r.rule, n+1)
	}
	now := time.Now()
	sights := Sights{Apps: map[string]time.Time{}, Ports: []uint16{53, 104, 443}, Hosts: []netip.Addr{netip.MustParseAddr("10.20.5.1"), netip.MustParseAddr("192.168.1.1")},
		From: now.Add(-48 * time.Hour)}
	b := opened(t, text.String(), func(n *Needs) { n.Seen = func(context.Context) (Sights, error) { return sights, nil } })
	state := func(n int) (string, string) {
		b.mu.RLock()
		defer b.mu.RUnlock()
		s, why := b.state(&b.now.items[b.now.byID[ID{1, uint32(n + 1)}]], now)
		return s, why.EN
	}
	b.see(t.Context())
	for n, r := range rules {
		switch s, why := state(n); {
		case r.want == "" && s != Loaded:
			t.Errorf("a rule about %s is %s: %s", r.about, s, why)
		case r.want != "" && (s != Blind || !strings.Contains(why, r.want)):
			t.Errorf("a rule about %s is %s: %s; want it blind for %s", r.about, s, why, r.want)
		}
	}
	sights.Ports, sights.Hosts = nil, nil
	b.see(t.Context())
	for n, r := range rules {
		if s, why := state(n); s != Loaded {
			t.Errorf("while it is not known what is there, a rule about %s is %s: %s", r.about, s, why)
		}
	}
}

func TestHowOftenARuleTellsInWords(t *testing.T) {
	b := opened(t, `alert tcp any any -> any any (msg:"x"; content:"x"; threshold:type limit, track by_src, count 1, seconds 60; sid:1;)
alert tcp any any -> any any (msg:"x"; content:"x"; threshold:type limit, track by_src, count 3, seconds 60; sid:2;)
`, nil)
	for sid, want := range map[uint32][2]string{1: {"It tells at most once within 60 seconds, counted by sender.", "Elle signale au plus une fois en 60 secondes, comptées par émetteur."},
		2: {"It tells at most 3 times within 60 seconds, counted by sender.", "Elle signale au plus 3 fois en 60 secondes, comptées par émetteur."}} {
		d, err := b.Show(t.Context(), ID{1, sid})
		if err != nil || !strings.Contains(fmt.Sprint(d.Explain), want[0]) || !strings.Contains(fmt.Sprint(d.Explain), want[1]) {
			t.Errorf("rule %d: %v, %v; want %q", sid, d.Explain, err, want)
		}
	}
}
