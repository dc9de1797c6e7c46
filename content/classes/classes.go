// Package classes holds what devices of a hospital are known by: one file a class, with a source for each rule, and for
// each a case that must match and one that must not.
package classes

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed *.yaml french/rules.tsv
var files embed.FS

// ErrClass means a file that is no class.
var ErrClass = errors.New("classes: bad class")

// Class is a kind of device.
type Class struct {
	Name   string `yaml:"class"` // in English, as exports have it
	French string `yaml:"french"`
	Tier   int    `yaml:"tier"` // what is proposed: 0 life-critical, 1 clinical-essential, 2 clinical-support, 3 office; -1: it depends on its use
	Rules  []Rule `yaml:"rules"`
}

// Rule is a set of facts that speaks for a class, or with negative points against it.
type Rule struct {
	Name   string   `yaml:"name"`   // in a few words, for people
	French string   `yaml:"-"`      // the same in French, from french/rules.tsv
	Points int      `yaml:"points"` // 10 settles it, 6 makes it likely, 3 makes it possible
	All    []Test   `yaml:"all"`
	None   []Test   `yaml:"none"`
	Source []string `yaml:"source"`
	Match  []Case   `yaml:"match"`
	Spare  []Case   `yaml:"spare"`
}

// Test is met when one of the facts of its field is one of its values. Case does not count.
type Test struct {
	Field string   `yaml:"field"`
	Is    []string `yaml:"is"`    // the whole value; with * at its end what it begins with, at its beginning what it ends with, at both what it has in it
	Least int      `yaml:"least"` // how many different facts must meet it; 0 means 1
}

// Values are what rules ask of a field, each once.
func Values(all []Class, field string) []string {
	var values []string
	for i := range all {
		for j := range all[i].Rules {
			r := &all[i].Rules[j]
			for _, t := range slices.Concat(r.All, r.None) {
				if t.Field == field {
					values = append(values, t.Is...)
				}
			}
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// Case are facts of an example, each "field: value".
type Case []map[string]string

// All reads the classes, in the order of their names.
func All() ([]Class, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var all []Class
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		c, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		all = append(all, c)
	}
	return all, translate(all)
}

// translate gives the rules their names in French.
func translate(all []Class) error {
	text, err := files.ReadFile("french/rules.tsv")
	if err != nil {
		return err
	}
	french, err := Words(text)
	if err != nil {
		return fmt.Errorf("french/rules.tsv: %w", err)
	}
	for i := range all {
		for j := range all[i].Rules {
			all[i].Rules[j].French = french[all[i].Rules[j].Name]
		}
	}
	return nil
}

// Words reads the names of rules in French by the English ones: a line each, the English name and the French one with a tab
// between.
func Words(text []byte) (map[string]string, error) {
	french := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, other, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok || name == "" || other == "" {
			return nil, fmt.Errorf("%w: %q is no name with its French one", ErrClass, line)
		}
		french[name] = other
	}
	return french, nil
}

// Parse reads one class.
func Parse(text []byte) (Class, error) {
	var c Class
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return c, err
	}
	return c, c.check()
}

func (c *Class) check() error {
	if c.Name == "" || c.French == "" || c.Tier < -1 || c.Tier > 3 || len(c.Rules) == 0 {
		return fmt.Errorf("%w: %q lacks a name, a French name, a tier or rules", ErrClass, c.Name)
	}
	for i := range c.Rules {
		if err := c.Rules[i].Check(); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

// Check reports what a rule lacks.
func (r *Rule) Check() error {
	switch {
	case r.Name == "" || r.Points == 0 || len(r.All) == 0:
		return fmt.Errorf("%w: rule %q lacks a name, points or tests", ErrClass, r.Name)
	case len(r.Source) == 0 || len(r.Match) == 0 || len(r.Spare) == 0:
		return fmt.Errorf("%w: %s lacks a source, a match or a spare", ErrClass, r.Name)
	}
	for _, t := range slices.Concat(r.All, r.None) {
		if t.Field == "" || len(t.Is) == 0 {
			return fmt.Errorf("%w: %s has a test without a field or values", ErrClass, r.Name)
		}
	}
	return nil
}

// Facts hand out the facts of a device: fn is called with each until it returns false.
type Facts interface {
	Each(fn func(field, value string) bool)
}

// Holds reports whether a rule speaks for the device with these facts.
func (r *Rule) Holds(f Facts) bool {
	for i := range r.All {
		if !r.All[i].met(f) {
			return false
		}
	}
	for i := range r.None {
		if r.None[i].met(f) {
			return false
		}
	}
	return true
}

func (t *Test) met(f Facts) bool {
	var room [4]string
	seen := room[:0] // another source may tell the same
	f.Each(func(field, v string) bool {
		if field == t.Field && slices.ContainsFunc(t.Is, func(pattern string) bool { return like(v, pattern) }) && !slices.Contains(seen, v) {
			seen = append(seen, v)
		}
		return len(seen) < max(t.Least, 1)
	})
	return len(seen) >= max(t.Least, 1)
}

// like reports whether a value is what a pattern says.
func like(v, pattern string) bool {
	switch {
	case pattern == "*":
		return true
	case len(pattern) > 1 && pattern[0] == '*' && pattern[len(pattern)-1] == '*':
		return contains(v, pattern[1:len(pattern)-1])
	case len(pattern) > 1 && pattern[0] == '*':
		p := pattern[1:]
		return len(v) >= len(p) && strings.EqualFold(v[len(v)-len(p):], p)
	case strings.HasSuffix(pattern, "*"):
		p := pattern[:len(pattern)-1]
		return len(v) >= len(p) && strings.EqualFold(v[:len(p)], p)
	}
	return strings.EqualFold(v, pattern)
}

func contains(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(sub)], sub) {
			return true
		}
	}
	return false
}
