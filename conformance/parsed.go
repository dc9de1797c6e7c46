package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"bulwark/detect/signature"
	"bulwark/internal/gunzip"
)

// trueFaults are the rules of the rule files that Suricata rejects, too, and why.
var trueFaults = map[uint32]string{
	2002945: "an expression without a quote before it",
	2016867: "two thresholds",
}

// upstreamRejects are the rule files of suricata-verify that hold rules which Suricata is meant to reject, or to leave
// out, and how many.
var upstreamRejects = map[string]int{
	"datasets/datasets-parent-path/test.rules":                                       3, // files outside of the folder of the rules
	"firewall/ruletype-firewall-141-ban-bypass-keyword-firewall-rule/firewall.rules": 1, // bypass in a rule of the firewall
	"requires-unknown/test.rules":                                                    1, // left out: asks for what nobody has
}

// runParsed reads every rule of the two rule sets in Suricata's language and of suricata-verify. Cases are the rules of a
// thousand ids, and the files of suricata-verify; the figure is of rules.
func runParsed(_ context.Context, b *Bench) ([]Case, error) {
	var cases []Case
	passed, all := 0, 0
	for _, set := range []string{"et_open_2019-04_suricata4", "et_open_2025-08_suricata5"} {
		found, good, err := b.ruleSet(set)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			cases = append(cases, c.Case)
			all += c.rules
		}
		passed += good
	}
	fmt.Fprintf(b.figures(), "RESULT et_parsed %d/%d share\n", passed, all)
	verify, err := b.ruleFiles()
	return append(cases, verify...), err
}

func (b *Bench) figures() io.Writer {
	if b.Figures == nil {
		return io.Discard
	}
	return b.Figures
}

// block is a case with how many rules it is of.
type block struct {
	Case
	rules int
}

// ruleSet reads one rule set. A rule passes when it is read, or when it has a fault that Suricata sees as well.
func (b *Bench) ruleSet(name string) (blocks []*block, passed int, err error) {
	text, err := gunzip.File(b.file("rules", name+".rules.gz"))
	if err != nil {
		return nil, 0, err
	}
	places := map[string]*block{}
	rules := signature.Rules{Files: []signature.File{{Name: name, Text: text}}}
	err = rules.Read(false, func(r signature.Reading) {
		key := fmt.Sprintf("%s %d000-%d999", name, r.SID/1000, r.SID/1000)
		c := places[key]
		if c == nil {
			c = &block{Case: Case{Family: name, Name: key}}
			places[key] = c
			blocks = append(blocks, c)
		}
		c.rules++
		_, faulty := trueFaults[r.SID]
		switch {
		case r.Reason == "" != faulty:
			passed++
		case faulty:
			c.Why += fmt.Sprintf("sid %d was read in spite of %s; ", r.SID, trueFaults[r.SID])
		default:
			c.Why += fmt.Sprintf("%s: sid %d: %s; ", r.Place, r.SID, r.Reason)
		}
	})
	return blocks, passed, err
}

// ruleFiles reads the rule files of suricata-verify.
func (b *Bench) ruleFiles() ([]Case, error) {
	archive, err := b.archive("suricata-verify.tar.zst")
	if err != nil {
		return nil, err
	}
	const root = "suricata-verify/tests/"
	var cases []Case
	for path, text := range archive {
		name, ok := strings.CutPrefix(path, root)
		if !ok || !strings.HasSuffix(name, ".rules") {
			continue
		}
		folder := path[:strings.LastIndexByte(path, '/')+1]
		absolute := bytes.Contains(archive[folder+"suricata.yaml"], []byte("allow-absolute-filenames: true")) ||
			bytes.Contains(archive[folder+"test.yaml"], []byte("allow-absolute-filenames")) || strings.Contains(name, "absolute-allowed")
		cases = append(cases, verifyFile(name, text, absolute))
	}
	return cases, nil
}

// verifyFile reads one rule file of suricata-verify.
func verifyFile(name string, text []byte, absolute bool) Case {
	c := Case{Family: "suricata-verify", Name: name}
	rejected := 0
	rules := signature.Rules{Files: []signature.File{{Name: name, Text: text}}, Vars: signature.Vars{Addresses: verifyVariables()}}
	err := rules.Read(absolute, func(r signature.Reading) {
		if r.Reason == "" || !r.Enabled {
			return
		}
		rejected++
		c.Why += fmt.Sprintf("%s: %s; ", r.Place, r.Reason)
	})
	switch {
	case err != nil:
		c.Why = err.Error()
	case rejected == upstreamRejects[name]:
		c.Why = ""
	case c.Why == "":
		c.Why = fmt.Sprintf("%d rules should have been rejected", upstreamRejects[name])
	}
	return c
}

// verifyVariables are variables that tests define in files of their own; what they stand for does not matter here.
func verifyVariables() map[string]string {
	return map[string]string{"SUPPRESS": "any"}
}
