package engine

import (
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
