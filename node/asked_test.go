package node

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"bulwark/event"
)

// Where somebody signed on, and who asked for a name, is found however they were written.
func TestWhoSignedOnAndWhoAsked(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	now := time.Now()
	var auths, logs, questions event.Batch
	auths.Reset("probe", n.config.Site, 1)
	questions.Reset("probe", n.config.Site, 2)
	logs.Reset("logs", n.config.Site, 3)
	header := func(from string) *event.Header {
		return &event.Header{Time: now.UnixNano(), Flow: uint64(now.UnixNano()), Src: netip.MustParseAddr(from), Dst: netip.MustParseAddr("10.20.1.53"), Ports: event.Ports{Src: 50000, Dst: 53}, Proto: 17}
	}
	for from, user := range map[string]string{"10.20.3.1": "jdurand", "10.20.3.2": "JDurand", "10.20.3.3": `HOSPITAL\jdurand`, "10.20.3.4": "jdurand@AD.HOSPITAL.EXAMPLE", "10.20.3.5": "jdurand2", "10.20.3.6": "a.jdurand"} {
		auths.Add(header(from), &event.Auth{User: user, Outcome: "success"})
	}
	auths.Add(header("10.20.3.7"), &event.Auth{User: "jdurand", Outcome: "failure"})
	told := func(from, intake, identity, outcome string, fields ...string) {
		logs.Add(header(from), &event.Log{Intake: intake, Identity: identity, Outcome: outcome, Product: map[bool]string{true: "windows"}[outcome == ""],
			Code: map[bool]string{true: "4624"}[outcome == ""], Fields: fields})
	}
	told("10.20.4.1", "wef", "dc1", "", "EventID", "4624", "TargetUserName", "jdurand")
	told("10.20.4.2", "bulk", "vpn", "success", "event.category", "authentication", "user.name", "JDurand")
	told("10.20.4.3", "syslog", "", "success", "event.category", "authentication", "user.name", "jdurand") // says anybody
	told("10.20.4.4", "bulk", "vpn", "failure", "event.category", "authentication", "user.name", "jdurand")
	told("10.20.4.5", "bulk", "vpn", "success", "event.category", "authentication", "user.name", "jdurand2")
	told("10.20.4.6", "file", "", "success", "event.category", "authentication", "user.name", "jdurand")
	for from, host := range map[string]string{"10.20.3.1": "evil.example", "10.20.3.2": "c2.evil.example", "10.20.3.3": "EVIL.example", "10.20.3.4": "notevil.example", "10.20.3.5": "evil.example.org"} {
		questions.Add(header(from), &event.DNS{Activity: "Query", Hostname: host, Type: "A"})
	}
	for kind, b := range map[event.Kind]*event.Batch{event.KindAuth: &auths, event.KindDNS: &questions, event.KindLog: &logs} {
		if err := n.publisher.Publish(t.Context(), kind.Subject(), b.Bytes(), nil); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "the events are kept", func() bool { return n.found("kind:auth") == 7 && n.found("kind:log") == 6 && n.found("kind:dns") == 5 })
	flows := interlockFlows{n.Node}
	here := []string{"10.20.3.1", "10.20.3.2", "10.20.3.3", "10.20.3.4", "10.20.4.1", "10.20.4.2", "10.20.4.6"}
	for user, want := range map[string][]string{"jdurand": here, `HOSPITAL\JDURAND`: here, "jdurand@ad.hospital.example": here, "jdurand.": nil, `j"durand`: nil, "*": nil} {
		at, err := flows.SignedOn(t.Context(), user, now.Add(-time.Hour), now.Add(time.Hour))
		if err != nil {
			t.Fatalf("%s: %v", user, err)
		}
		var got []string
		for _, a := range at {
			got = append(got, a.String())
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s signed on at %v, want %v", user, got, want)
		}
	}
	for domain, want := range map[string][]string{"evil.example": {"10.20.3.1", "10.20.3.2", "10.20.3.3"}, "c2.evil.example": {"10.20.3.2"}, "quiet.example": nil} {
		asked, more, err := flows.Asked(t.Context(), domain, now.Add(-time.Hour), now.Add(time.Hour))
		if err != nil || more {
			t.Fatalf("%s: %v, %v", domain, more, err)
		}
		var got []string
		for _, f := range asked {
			got = append(got, f.Client.String())
			if f.Server.String() != "10.20.1.53" || f.App != "dns" || f.Conversations != 1 || f.Proto != 17 || f.Port != 53 || f.Last.IsZero() {
				t.Errorf("%s: %+v", domain, f)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s was asked for by %v, want %v", domain, got, want)
		}
	}
}
