// Package verify reads the tests of Suricata's suricata-verify and judges EVE records by them, as its run.py does.
package verify

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Target is the version of Suricata whose behaviour is asked for: tests for others do not apply.
const Target = "9.0.0"

// Test is one test.
type Test struct {
	Name    string            // its folder below tests/
	Capture string            // name of its capture in the archive; empty: it has none
	Rules   bool              // it has rules of its own
	Files   map[string][]byte // those rules, and what belongs to them, by name; empty: it has none
	// Thresholds is the threshold.config that its arguments name.
	Thresholds []byte
	Command    bool // it runs a command of its own
	Args       []string
	Env        map[string]string
	Config     *yaml.Node // its suricata.yaml; nil: Suricata's own
	Checks     []Check
}

// Check is one filter of a test: how many records match.
type Check struct {
	Count int
	Match []Condition
	File  string // the file that holds the records; empty: the usual one
}

// Condition asks one thing of a record.
type Condition struct {
	Key  string
	Want *yaml.Node
}

type file struct {
	Requires requires          `yaml:"requires"`
	Pcap     yaml.Node         `yaml:"pcap"`
	Args     yaml.Node         `yaml:"args"`
	Command  string            `yaml:"command"`
	Env      map[string]string `yaml:"env"`
	Checks   []checkFile       `yaml:"checks"`
	Skip     yaml.Node         `yaml:"skip"`
}

type checkFile struct {
	Filter *filterFile          `yaml:"filter"`
	Stats  map[string]yaml.Node `yaml:"stats"`
}

type filterFile struct {
	Count    int       `yaml:"count"`
	Match    yaml.Node `yaml:"match"`
	Filename string    `yaml:"filename"`
	Requires requires  `yaml:"requires"`
}

type requires struct {
	Min      string    `yaml:"min-version"`
	Below    string    `yaml:"lt-version"`
	Above    string    `yaml:"gt-version"`
	Version  string    `yaml:"version"`
	Features []string  `yaml:"features"`
	OS       string    `yaml:"os"`
	Script   yaml.Node `yaml:"script"`
	Lambda   string    `yaml:"lambda"`
}

// missing are the features of a build of Suricata that Bulwark has no counterpart for.
var missing = []string{"HAVE_LUA", "LIBNET1", "QA_SIMULATION", "ASAN", "MAGIC"}

// ErrNotOurs means that a test does not apply: it is for another version or another build of Suricata.
var ErrNotOurs = errors.New("verify: the test does not apply")

func (r *requires) check() error {
	switch {
	case r.Min != "" && compare(Target, r.Min) < 0:
		return fmt.Errorf("%w: it is for Suricata %s and later", ErrNotOurs, r.Min)
	case r.Below != "" && compare(Target, r.Below) >= 0:
		return fmt.Errorf("%w: it is for Suricata before %s", ErrNotOurs, r.Below)
	case r.Above != "" && compare(Target, r.Above) <= 0:
		return fmt.Errorf("%w: it is for Suricata after %s", ErrNotOurs, r.Above)
	case r.Version != "" && !strings.HasPrefix(Target+".", r.Version+"."):
		return fmt.Errorf("%w: it is for Suricata %s", ErrNotOurs, r.Version)
	case r.Lambda != "" || !r.Script.IsZero():
		return fmt.Errorf("%w: it asks a program whether it applies", ErrNotOurs)
	}
	for _, f := range r.Features {
		if slices.Contains(missing, f) {
			return fmt.Errorf("%w: it needs a build with %s", ErrNotOurs, f)
		}
	}
	return nil
}

// compare compares versions of up to three numbers; those not given are 0.
func compare(a, b string) int { return slices.Compare(numbers(a), numbers(b)) }

func numbers(v string) []int {
	n := make([]int, 3)
	for i, part := range strings.SplitN(v, ".", 3) {
		digits := strings.TrimLeftFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if at := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); at >= 0 {
			digits = digits[:at]
		}
		n[i], _ = strconv.Atoi(digits) // no digits are 0
	}
	return n
}

const root = "suricata-verify/tests/"

// Names lists the tests of an archive, by folder.
func Names(archive map[string][]byte) []string {
	var names []string
	for name := range maps.Keys(archive) {
		if dir, ok := strings.CutSuffix(name, "/test.yaml"); ok && strings.HasPrefix(dir, root) {
			names = append(names, strings.TrimPrefix(dir, root))
		}
	}
	slices.Sort(names)
	return names
}

// Load reads the test in a folder. It returns [ErrNotOurs] for one that does not apply.
func Load(archive map[string][]byte, name string) (*Test, error) {
	dir := root + name + "/"
	var f file
	if err := yaml.Unmarshal(archive[dir+"test.yaml"], &f); err != nil {
		return nil, fmt.Errorf("reading the test %s: %w", name, err)
	}
	if err := f.Requires.check(); err != nil {
		return nil, err
	}
	t := &Test{Name: name, Command: f.Command != "", Env: f.Env, Files: map[string][]byte{}}
	t.Args = strings.Fields(strings.Join(texts(&f.Args), " "))
	t.Capture = capture(archive, dir, &f.Pcap)
	for file := range archive {
		if !strings.HasPrefix(file, dir) || path.Ext(file) == ".pcap" || path.Ext(file) == ".pcapng" {
			continue
		}
		t.Files[strings.TrimPrefix(file, dir)] = archive[file]
		t.Rules = t.Rules || strings.HasSuffix(file, ".rules")
	}
	if slices.ContainsFunc(t.Args, func(a string) bool { return strings.HasPrefix(a, "threshold-file=") }) {
		t.Thresholds = archive[dir+"threshold.config"]
	}
	if text, ok := archive[dir+"suricata.yaml"]; ok {
		t.Config = new(yaml.Node)
		if err := yaml.Unmarshal(text, t.Config); err != nil {
			return nil, fmt.Errorf("reading the configuration of %s: %w", name, err)
		}
	}
	return t, t.checks(f.Checks)
}

func texts(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var all []string
	for _, c := range n.Content {
		all = append(all, c.Value)
	}
	return all
}

func capture(archive map[string][]byte, dir string, pcap *yaml.Node) string {
	if pcap.Kind == yaml.ScalarNode && pcap.Tag == "!!str" {
		return path.Join(dir, pcap.Value)
	}
	var all []string
	for file := range archive {
		if ext := path.Ext(file); path.Dir(file)+"/" == dir && (ext == ".pcap" || ext == ".pcapng") {
			all = append(all, file)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return slices.Min(all)
}

func (t *Test) checks(all []checkFile) error {
	for _, c := range all {
		switch {
		case c.Filter != nil:
			if c.Filter.Requires.check() != nil {
				continue
			}
			check := Check{Count: c.Filter.Count, File: c.Filter.Filename}
			for i := 0; i+1 < len(c.Filter.Match.Content); i += 2 {
				check.Match = append(check.Match, Condition{c.Filter.Match.Content[i].Value, c.Filter.Match.Content[i+1]})
			}
			t.Checks = append(t.Checks, check)
		case c.Stats != nil:
			check := Check{Count: 1, Match: []Condition{{"event_type", text("stats")}}}
			for _, key := range slices.Sorted(maps.Keys(c.Stats)) {
				want := c.Stats[key]
				check.Match = append(check.Match, Condition{"stats." + key, &want})
			}
			t.Checks = append(t.Checks, check)
		}
	}
	return nil
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// RuleFiles are the names of the rule files that Suricata would load: those that the arguments or the configuration name,
// else test.rules, else all.
func (t *Test) RuleFiles() []string {
	for i, a := range t.Args {
		if (a == "-S" || a == "-s") && i+1 < len(t.Args) {
			if _, ok := t.Files[path.Base(t.Args[i+1])]; ok {
				return []string{path.Base(t.Args[i+1])}
			}
		}
	}
	if _, ok := t.Files["test.rules"]; ok {
		return []string{"test.rules"}
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(t.Files)) {
		if strings.HasSuffix(name, ".rules") {
			names = append(names, name)
		}
	}
	return names
}
