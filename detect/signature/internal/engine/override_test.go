package engine

import (
	"fmt"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/rule"
)

// overridden is a play past rules with what a threshold.config says.
func overridden(t *testing.T, rules, config string) *play {
	t.Helper()
	all, errs, err := rule.Parse(strings.NewReader(rules), "test.rules", rule.Options{})
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	over, errs, err := rule.NewParser(rule.Options{}).Overrides(strings.NewReader(config), "threshold.config")
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	set, _ := Compile(all, Options{Overrides: over, SampleEvery: 1})
	s := NewShared()
	s.Use(set)
	p := &play{t: t}
	p.w = s.Inspector(p)
	p.connect("10.0.0.7", "192.0.2.1", 50000, 80, 17)
	return p
}

func TestThresholdConfig(t *testing.T) {
	const plain = `alert udp any any -> any any (content:"x"; sid:1;)`
	const limited = `alert udp any any -> any any (content:"x"; threshold:type limit, track by_src, count 1, seconds 600; sid:1;)`
	four := func(p *play) {
		for range 4 {
			p.send(up, "x")
		}
	}
	for _, c := range []struct {
		does, rule, config string
		want               int
	}{
		{"says nothing", plain, "", 4},
		{"suppresses a rule", plain, "suppress gen_id 1, sig_id 1", 0},
		{"suppresses another rule", plain, "suppress gen_id 1, sig_id 2", 4},
		{"suppresses a rule of a sender", plain, "suppress gen_id 1, sig_id 1, track by_src, ip 10.0.0.0/24", 0},
		{"suppresses a rule of another sender", plain, "suppress gen_id 1, sig_id 1, track by_src, ip 192.0.2.1", 4},
		{"suppresses a rule of a receiver", plain, "suppress gen_id 1, sig_id 1, track by_dst, ip 192.0.2.1", 0},
		{"suppresses a rule of either end", plain, "suppress gen_id 1, sig_id 1, track by_either, ip [10.9.9.9,192.0.2.1]", 0},
		{"limits a rule", plain, "threshold gen_id 1, sig_id 1, type limit, track by_src, count 2, seconds 60", 2},
		{"limits all rules", plain, "event_filter gen_id 1, sig_id 0, type limit, track by_src, count 2, seconds 60", 2},
		{"limits all rules but those with a limit of their own", limited, "event_filter gen_id 1, sig_id 0, type limit, track by_src, count 2, seconds 60", 1},
		{"limits a rule otherwise than it does itself", limited, "event_filter gen_id 1, sig_id 1, type limit, track by_src, count 3, seconds 60", 3},
		{"silences a rule that holds too often", plain, "rate_filter gen_id 1, sig_id 1, track by_src, count 3, seconds 60, new_action pass, timeout 600", 3},
		{"would drop what holds too often, which is told as before", plain, "rate_filter gen_id 1, sig_id 1, track by_src, count 2, seconds 60, new_action drop, timeout 600", 4},
	} {
		p := overridden(t, c.rule, c.config)
		four(p)
		if len(p.alerts) != c.want {
			t.Errorf("threshold.config that %s: got %d alerts, want %d", c.does, len(p.alerts), c.want)
		}
	}
}

// Senders take turns: what is tracked by sender is counted for each, what is tracked by rule for all.
func TestThresholdConfigOfSeveralSenders(t *testing.T) {
	for _, c := range []struct {
		does, config string
		want         int
	}{
		{"limits a rule by sender", "event_filter gen_id 1, sig_id 1, type limit, track by_src, count 2, seconds 600", 6},
		{"limits a rule whoever sends", "event_filter gen_id 1, sig_id 1, type limit, track by_rule, count 2, seconds 600", 2},
		{"tells of every third, whoever sends", "event_filter gen_id 1, sig_id 1, type threshold, track by_rule, count 3, seconds 600", 4},
		{"silences a rule that holds too often, whoever sends", "rate_filter gen_id 1, sig_id 1, track by_rule, count 5, seconds 600, new_action pass, timeout 600", 5},
	} {
		p := overridden(t, `alert udp any any -> any any (content:"x"; sid:1;)`, c.config)
		for n := range 12 {
			p.connect(fmt.Sprintf("10.0.0.%d", n%3+1), "192.0.2.1", uint16(50000+n), 80, 17)
			p.send(up, "x")
		}
		if len(p.alerts) != c.want {
			t.Errorf("threshold.config that %s: got %d alerts, want %d", c.does, len(p.alerts), c.want)
		}
	}
}

// What a rule lets pass is told once it is too much.
func TestARateFilterMakesAPassAnAlert(t *testing.T) {
	p := overridden(t, `pass udp any any -> any any (content:"x"; sid:1;)
alert udp any any -> any any (content:"x"; sid:2;)`, "rate_filter gen_id 1, sig_id 1, track by_src, count 3, seconds 60, new_action alert, timeout 600")
	for n := range 5 {
		p.connect("10.0.0.7", "192.0.2.1", uint16(50000+n), 80, 17)
		p.send(up, "x")
	}
	if got, want := fmt.Sprint(p.alerts), "[1 up 2 up 1 up 2 up]"; got != want {
		t.Errorf("got %s, want %s: three are let pass, two are told", got, want)
	}
}

func TestRulesSayWhatTheyCost(t *testing.T) {
	p := overridden(t, `alert udp any any -> any any (content:"x"; content:"y"; sid:1;)
alert udp any any -> any any (content:"never there"; sid:2;)`, "")
	p.send(up, "x")
	p.send(up, "xy")
	w := p.w.(*Watcher)
	w.Count()
	all := w.shared.Costs()
	if len(all) != 1 {
		t.Fatalf("got the costs of %d rules, want those of the one that was asked: %v", len(all), all)
	}
	if c := all[0]; c.SID != 1 || c.Checked == 0 || c.Matched != 1 || c.Sampled != c.Checked {
		t.Errorf("got %+v, want rule 1, matched once, each evaluation timed", c)
	}
	if again := w.shared.Costs(); len(again) != 0 {
		t.Errorf("got %v again, want nothing new", again)
	}
}
