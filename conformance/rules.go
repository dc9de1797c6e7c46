package conformance

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bulwark/conformance/verify"
	"bulwark/detect/signature"
	"bulwark/event"
	"bulwark/internal/gunzip"
)

// runVerifyRules plays the tests of suricata-verify that bring rules.
func runVerifyRules(ctx context.Context, b *Bench) ([]Case, error) {
	archive, err := b.archive("suricata-verify.tar.zst")
	if err != nil {
		return nil, err
	}
	classes, err := os.ReadFile(filepath.Join(b.Data, "sensor", "rules", "classification.config"))
	if err != nil {
		return nil, err
	}
	pick := func(t *verify.Test) (string, bool) { return ruleFamily(t), t.Rules && !inline(t) }
	return b.verifyTests(archive, pick, func(t *verify.Test) (string, error) { return b.verifyRules(ctx, archive, t, classes) })
}

// inline reports whether a test asks for what only a program in the way of the traffic does, or how the engine starts.
func inline(t *verify.Test) bool {
	if slices.Contains(t.Args, "--simulate-ips") || strings.Contains(t.Name, "firewall") {
		return true
	}
	for _, c := range t.Checks {
		for _, m := range c.Match {
			if strings.HasPrefix(m.Key, "engine.") || m.Key == "event_type" && slices.Contains([]string{"engine", "drop"}, m.Want.Value) {
				return true
			}
		}
	}
	return false
}

// ruleFamily is the first word of a test's name.
func ruleFamily(t *verify.Test) string {
	name, _, _ := strings.Cut(t.Name, "/")
	name, _, _ = strings.Cut(name, "-")
	return strings.TrimRight(name, "0123456789")
}

func (b *Bench) verifyRules(ctx context.Context, archive map[string][]byte, t *verify.Test, classes []byte) (string, error) {
	path, err := b.capture(archive[t.Capture])
	if err != nil {
		return "", err
	}
	rules := &signature.Rules{Files: []signature.File{{Name: "classification.config", Text: classes}}, AlertMax: t.AlertMax(), Order: t.Order()}
	rules.Vars.Addresses, rules.Vars.Ports = t.Vars()
	files := t.RuleFiles()
	for _, name := range files {
		rules.Files = append(rules.Files, signature.File{Name: name, Text: t.Files[name]})
	}
	for name, text := range t.Files {
		if !slices.Contains(files, name) {
			rules.Files = append(rules.Files, signature.File{Name: name, Text: text, Data: true})
		}
	}
	for name, as := range t.Reputations() {
		rules.Files = append(rules.Files, signature.File{Name: as, Text: t.Files[name]})
	}
	if t.Thresholds != nil {
		rules.Files = append(rules.Files, signature.File{Name: "threshold.config", Text: t.Thresholds})
	}
	eye, rejected, err := rules.Eye()
	if err != nil {
		return "", err
	}
	o := t.Options()
	records, err := lookEVE(ctx, scene{path, t.Filter(), &o, eye})
	if err != nil {
		return "", err
	}
	for i := range t.Checks {
		if why := t.Checks[i].Judge(records); why != "" {
			if len(rejected) > 0 {
				why += "; not used: " + rejected[0].Reason
			}
			return fmt.Sprintf("check %d of %d: %s", i+1, len(t.Checks), why), nil
		}
	}
	return "", nil
}

// runOracle compares which rules of 2019 match with what Suricata 4.1 says: (capture, rule) pairs.
func runOracle(ctx context.Context, b *Bench) ([]Case, error) {
	dir := filepath.Join(b.Data, "sensor")
	want, err := readOracle(filepath.Join(dir, "oracle_suricata41_et2019.tsv"))
	if err != nil {
		return nil, err
	}
	rules, err := oracleRules(dir)
	if err != nil {
		return nil, err
	}
	eye, _, err := rules.Eye()
	if err != nil {
		return nil, err
	}
	ndpi, err := b.archive("ndpi.tar.zst")
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, name := range slices.Sorted(maps.Keys(want)) {
		path := filepath.Join(dir, name)
		if rest, ok := strings.CutPrefix(name, "ndpi/"); ok {
			text, ok := ndpi["ndpi/pcap/"+rest]
			if !ok {
				text, ok = ndpi[name]
			}
			if !ok {
				return nil, fmt.Errorf("the archive has no %s", name)
			}
			if path, err = b.capture(text); err != nil {
				return nil, err
			}
		}
		got := map[uint64]bool{}
		err := look(ctx, scene{path: path, eye: eye}, func(e *event.Event) error {
			if a, ok := e.Payload.(*event.Alert); ok {
				got[a.SID] = true
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		cases = append(cases, compareOracle(name, want[name], got)...)
	}
	return cases, nil
}

// compareOracle makes a case of each rule that either side names, and one of a capture of which neither does.
func compareOracle(name string, want map[uint64]bool, got map[uint64]bool) []Case {
	var cases []Case
	all := maps.Clone(want)
	maps.Copy(all, got)
	for _, sid := range slices.Sorted(maps.Keys(all)) {
		c := Case{Family: "named", Name: fmt.Sprintf("%s %d", name, sid)}
		switch {
		case !got[sid]:
			c.Why = "Suricata matches, Bulwark does not"
		case !want[sid]:
			c.Family, c.Why = "extra", "Bulwark matches, Suricata does not"
		}
		cases = append(cases, c)
	}
	if len(all) == 0 {
		cases = append(cases, Case{Family: "silent", Name: name})
	}
	return cases
}

func readOracle(path string) (map[string]map[uint64]bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all := map[string]map[uint64]bool{}
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		f := strings.Split(s.Text(), "\t")
		sids := map[uint64]bool{}
		if len(f) > 1 {
			for pair := range strings.SplitSeq(f[1], ",") {
				sid, _, _ := strings.Cut(pair, ":")
				if n, err := strconv.ParseUint(sid, 10, 32); err == nil {
					sids[n] = true
				}
			}
		}
		all[f[0]] = sids
	}
	return all, s.Err()
}

// oracleRules are the rules of 2019 with the variables that Suricata was run with.
func oracleRules(dir string) (*signature.Rules, error) {
	text, err := gunzip.File(filepath.Join(dir, "rules", "et_open_2019-04_suricata4.rules.gz"))
	if err != nil {
		return nil, err
	}
	return &signature.Rules{Vars: signature.VarsOf(map[string]string{"HOME_NET": "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]", "EXTERNAL_NET": "any"}),
		Files: []signature.File{{Name: "et_open_2019-04_suricata4.rules", Text: text}}}, nil
}
