// Package systems holds what operating systems are known by: one file a family, with a source for each rule, and for each a
// case that must match and one that must not, as package classes has them for classes of devices.
package systems

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/goccy/go-yaml"

	"bulwark/content/classes"
)

//go:embed *.yaml french/rules.tsv
var files embed.FS

// ErrSystem means a file that is no system.
var ErrSystem = errors.New("systems: bad system")

// System is a family of operating systems.
type System struct {
	Name  string `yaml:"system"`
	Rules []Rule `yaml:"rules"`
}

// Rule is a set of facts that speaks for a system, and perhaps tells its version.
type Rule struct {
	Version      string `yaml:"version"` // as it stands behind the name of the family: 10 22H2; empty: the facts do not tell it
	classes.Rule `yaml:",inline"`
}

// All reads the systems, in the order of their files.
func All() ([]System, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var all []System
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		s, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		all = append(all, s)
	}
	return all, translate(all)
}

// translate gives the rules their names in French.
func translate(all []System) error {
	text, err := files.ReadFile("french/rules.tsv")
	if err != nil {
		return err
	}
	french, err := classes.Words(text)
	if err != nil {
		return fmt.Errorf("french/rules.tsv: %w", err)
	}
	for i := range all {
		for k := range all[i].Rules {
			all[i].Rules[k].French = french[all[i].Rules[k].Name]
		}
	}
	return nil
}

// Parse reads one system.
func Parse(text []byte) (System, error) {
	var s System
	if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
		return s, err
	}
	if s.Name == "" || len(s.Rules) == 0 {
		return s, fmt.Errorf("%w: %q lacks a name or rules", ErrSystem, s.Name)
	}
	for i := range s.Rules {
		if err := s.Rules[i].Check(); err != nil {
			return s, fmt.Errorf("%w: %s: %w", ErrSystem, s.Name, err)
		}
	}
	return s, nil
}

// Verdict is what system a device seems to have.
type Verdict struct {
	Name   string   // with its version, as far as that is known; empty when unknown
	Points int      // of the rules that speak for the family
	Why    []string // their names
}

// Judge says what systems devices have. It is not safe for concurrent use.
type Judge struct {
	judge    *classes.Judge
	versions map[told]version
}

// told is a rule of a system, by their names.
type told struct{ system, rule string }

type version struct {
	name   string
	points int
}

// NewJudge makes a judge by these systems.
func NewJudge(all []System) *Judge {
	j := &Judge{versions: map[told]version{}}
	j.judge = classes.NewJudge(asClasses(all))
	for i := range all {
		for k := range all[i].Rules {
			if r := &all[i].Rules[k]; r.Version != "" {
				j.versions[told{all[i].Name, r.Name}] = version{r.Version, r.Points}
			}
		}
	}
	return j
}

// asClasses are the families as classes of which one is chosen.
func asClasses(all []System) []classes.Class {
	list := make([]classes.Class, len(all))
	for i := range all {
		list[i].Name = all[i].Name
		for k := range all[i].Rules {
			list[i].Rules = append(list[i].Rules, all[i].Rules[k].Rule)
		}
	}
	return list
}

// Values are what rules ask of a field, each once.
func Values(all []System, field string) []string { return classes.Values(asClasses(all), field) }

// Judge says what the facts of a device tell of its system. The version is that of the strongest rule that tells one; where
// two as strong tell different ones it is left out, and where two families are close both are.
func (j *Judge) Judge(f classes.Facts) Verdict {
	v := j.judge.Judge(f)
	if v.Class == "" {
		return Verdict{}
	}
	var best version
	for _, why := range v.Why {
		switch x := j.versions[told{v.Class, why}]; {
		case x.points > best.points:
			best = x
		case x.points == best.points && x.name != best.name:
			best.name = ""
		}
	}
	name := v.Class
	if best.name != "" {
		name += " " + best.name
	}
	return Verdict{Name: name, Points: v.Points, Why: v.Why}
}
