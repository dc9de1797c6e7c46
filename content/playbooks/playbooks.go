// Package playbooks holds what is done against attacks, one file each: when, unless, the steps, and for how long. They are content: a
// hospital adds its own, or writes over one that is shipped by the same id. Whether a step may be done, to whom and with whose yes
// is not theirs to say: the clinical interlock weighs each act.
package playbooks

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"bulwark/content/attack"
	"bulwark/event"
	"bulwark/platform/conf"
)

//go:embed *.yaml
var shipped embed.FS

// Version is the form of the files that this program reads.
const Version = 1

// Text is in both languages.
type Text struct {
	// EN is English.
	EN string `conf:"en" json:"en"`
	// FR is French.
	FR string `conf:"fr" json:"fr"`
}

// Playbook is what is done when an incident is of a kind.
type Playbook struct {
	// Form is that of the file: 1.
	Form int `conf:"form" json:"form"`
	// ID is a short word, which a file of the hospital's own writes over.
	ID string `conf:"id" json:"id"`
	// Title is what it is against.
	Title Text `conf:"title" json:"title"`
	// About is what it does, and what it leaves to people.
	About Text `conf:"about" json:"about"`
	// Source is who wrote it.
	Source string `conf:"source" json:"source"`
	// License is under what terms.
	License string `conf:"license" json:"license"`
	// When says of which incidents it is; all that is said must hold.
	When When `conf:"when" json:"when"`
	// Unless says of which it is not, although When holds; any that is said is enough.
	Unless When `conf:"unless" json:"unless,omitzero"`
	// Steps are begun in this order.
	Steps []Step `conf:"steps" json:"steps"`
}

// When is a condition on an incident.
type When struct {
	// Severity is the least one: low, medium, high or critical.
	Severity string `conf:"severity" json:"severity,omitempty"`
	// Risk is the least one.
	Risk float64 `conf:"risk" json:"risk,omitempty"`
	// Techniques are of ATT&CK: one of them, or one below one of them, is in it.
	Techniques []string `conf:"techniques" json:"techniques,omitempty"`
	// Stages are tactics of ATT&CK: one of them is in it.
	Stages []string `conf:"stages" json:"stages,omitempty"`
	// Words: the title of the incident, or of a finding in it, has one of them, whatever the case.
	Words []string `conf:"words" json:"words,omitempty"`
}

// Step is one thing to do.
type Step struct {
	// ID is a short word, once in a playbook.
	ID string `conf:"id" json:"id"`
	// Do is contain, tell or task.
	Do string `conf:"do" json:"do"`
	// Title is what it does, for people.
	Title Text `conf:"title" json:"title"`
	// Act is what is done to contain: ban, block, isolate, or another of an enforcement point.
	Act string `conf:"act" json:"act,omitempty"`
	// Of is to whom: sources (devices from which it comes), targets (devices against which it goes), devices (both), outside
	// (addresses that are no device of the hospital), users, domains, incident (the incident itself: its evidence).
	Of string `conf:"of" json:"of,omitempty"`
	// Tiers are those of the devices to which it is done: 0 life-critical to 3 office. Empty means all; the interlock judges each.
	Tiers []int `conf:"tiers" json:"tiers,omitempty"`
	// Minutes is how long it lasts, unless it is lifted before.
	Minutes int `conf:"minutes" json:"minutes,omitempty"`
	// Most is to how many it is done. 0 means 5.
	Most int `conf:"most" json:"most,omitempty"`
	// Approve is who must say yes, besides whom the matrix asks: soc, clinical or soc+clinical. Empty: nobody besides.
	Approve string `conf:"approve" json:"approve,omitempty"`
	// Undo is what ends it before its time: "closed", when the incident is closed as false or benign (the usual), or "never".
	Undo string `conf:"undo" json:"undo,omitempty"`
}

// usualMost is to how many a step is done where it does not say.
const usualMost = 5

// Targets is to how many a step is done.
func (s *Step) Targets() int {
	if s.Most == 0 {
		return usualMost
	}
	return s.Most
}

// Lifted reports whether what the step did ends when the incident turns out to be none.
func (s *Step) Lifted() bool { return s.Undo != "never" }

// Bounds of a playbook.
const (
	mostSteps   = 50
	mostList    = 200
	longText    = 2000
	mostMinutes = 24 * 60
	mostTargets = 100
	mostFiles   = 500
)

var word = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Check refuses a playbook that cannot be run.
func (p *Playbook) Check() error {
	if p.Form != Version {
		return conf.At("form", fmt.Errorf("%d is not %d, the form that this program reads", p.Form, Version))
	}
	if !word.MatchString(p.ID) {
		return conf.At("id", fmt.Errorf("%q is not a word of small letters, digits and hyphens", p.ID))
	}
	if err := p.Title.check("title", true); err != nil {
		return err
	}
	if err := p.About.check("about", false); err != nil {
		return err
	}
	if p.When.empty() {
		return conf.At("when", errors.New("it says of no incident when"))
	}
	if len(p.Steps) == 0 || len(p.Steps) > mostSteps {
		return conf.At("steps", fmt.Errorf("%d steps are not between 1 and %d", len(p.Steps), mostSteps))
	}
	for n := range p.Steps {
		if slices.ContainsFunc(p.Steps[:n], func(s Step) bool { return s.ID == p.Steps[n].ID }) {
			return conf.At(fmt.Sprintf("steps[%d].id", n), fmt.Errorf("%q is the id of two steps", p.Steps[n].ID))
		}
	}
	return nil
}

func (t *Text) check(at string, needed bool) error {
	for key, text := range map[string]string{"en": t.EN, "fr": t.FR} {
		if needed && strings.TrimSpace(text) == "" {
			return conf.At(at+"."+key, errors.New("it is empty"))
		}
		if len(text) > longText {
			return conf.At(at+"."+key, fmt.Errorf("it is longer than %d bytes", longText))
		}
	}
	return nil
}

func (w *When) empty() bool {
	return w.Severity == "" && w.Risk == 0 && len(w.Techniques)+len(w.Stages)+len(w.Words) == 0
}

// Check refuses conditions on what there is not.
func (w *When) Check() error {
	if w.Severity != "" {
		if err := conf.OneOf(w.Severity, event.Severities()...); err != nil {
			return conf.At("severity", err)
		}
	}
	if w.Risk < 0 {
		return conf.At("risk", errors.New("it is below 0"))
	}
	if len(w.Techniques)+len(w.Stages)+len(w.Words) > mostList {
		return fmt.Errorf("more than %d conditions", mostList)
	}
	for n, t := range w.Techniques {
		if !attack.Valid(t) {
			return conf.At(fmt.Sprintf("techniques[%d]", n), fmt.Errorf("%q is no technique of ATT&CK, like T1486", t))
		}
	}
	for n, t := range w.Stages {
		if !attack.ValidTactic(t) {
			return conf.At(fmt.Sprintf("stages[%d]", n), fmt.Errorf("%q is no tactic of ATT&CK, like TA0040", t))
		}
	}
	return nil
}

// Check refuses a step that cannot be done.
func (s *Step) Check() error {
	if !word.MatchString(s.ID) {
		return conf.At("id", fmt.Errorf("%q is not a word of small letters, digits and hyphens", s.ID))
	}
	if err := s.Title.check("title", true); err != nil {
		return err
	}
	switch s.Do {
	case "contain":
		return s.checkContain()
	case "tell", "task":
		if s.Act != "" || s.Of != "" || len(s.Tiers) > 0 || s.Minutes != 0 || s.Most != 0 || s.Undo+s.Approve != "" {
			return conf.At("do", fmt.Errorf("%s takes a title alone", s.Do))
		}
		return nil
	}
	return conf.At("do", fmt.Errorf("%q is none of contain, tell, task", s.Do))
}

func (s *Step) checkContain() error {
	if !word.MatchString(s.Act) {
		return conf.At("act", fmt.Errorf("%q is no act, like ban, block or isolate", s.Act))
	}
	if err := conf.OneOf(s.Of, "sources", "targets", "devices", "outside", "users", "domains", "incident"); err != nil {
		return conf.At("of", err)
	}
	for n, t := range s.Tiers {
		if t < 0 || t > 3 {
			return conf.At(fmt.Sprintf("tiers[%d]", n), fmt.Errorf("%d is not between 0 and 3", t))
		}
	}
	if s.Minutes < 1 || s.Minutes > mostMinutes {
		return conf.At("minutes", fmt.Errorf("%d is not between 1 and %d", s.Minutes, mostMinutes))
	}
	if s.Most < 0 || s.Most > mostTargets {
		return conf.At("most", fmt.Errorf("%d is not between 1 and %d", s.Most, mostTargets))
	}
	if s.Approve != "" {
		if err := conf.OneOf(s.Approve, "soc", "clinical", "soc+clinical"); err != nil {
			return conf.At("approve", err)
		}
	}
	if s.Undo != "" {
		if err := conf.OneOf(s.Undo, "closed", "never"); err != nil {
			return conf.At("undo", err)
		}
	}
	return nil
}

// Read reads a playbook; name is what people know the file by. Its errors name line and key.
func Read(text []byte, name string) (*Playbook, error) {
	p := &Playbook{}
	if err := conf.Load(bytes.NewReader(text), name, p); err != nil {
		return nil, err
	}
	return p, nil
}

// Write writes a playbook as a file.
func Write(p *Playbook) []byte {
	text, err := json.Marshal(p)
	if err == nil {
		text, err = yaml.JSONToYAML(text)
	}
	if err != nil {
		panic(fmt.Sprintf("playbooks: writing a playbook: %v", err)) // a type that cannot be encoded is our own fault
	}
	return text
}

// File is a playbook, or why there is none in a file.
type File struct {
	Name    string
	Shipped bool
	Text    string
	*Playbook
	Err error
}

// Load reads the shipped playbooks, and those of own, which write over those of the same id. Nil: there are none. A file that cannot
// be read is listed with its reason, and the shipped one of its id does not take its place.
func Load(own fs.FS) []File {
	all := folder(shipped, true)
	if own == nil {
		return all
	}
	for _, f := range folder(own, false) {
		at := slices.IndexFunc(all, func(o File) bool { return o.Known() == f.Known() })
		if at >= 0 {
			all[at] = f
		} else {
			all = append(all, f)
		}
	}
	return all
}

// Known is the id of the playbook; of a file that cannot be read, its name without the ending.
func (f *File) Known() string {
	if f.Playbook == nil {
		return strings.TrimSuffix(f.Name, path.Ext(f.Name))
	}
	return f.ID
}

func folder(dir fs.FS, ours bool) (all []File) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil || len(names) > mostFiles {
		return []File{{Name: ".", Err: fmt.Errorf("more than %d playbooks, or a folder that cannot be read: %w", mostFiles, err)}}
	}
	for _, name := range names {
		f := File{Name: name, Shipped: ours}
		text, err := fs.ReadFile(dir, name)
		if err == nil {
			f.Text = string(text)
			f.Playbook, err = Read(text, name)
		}
		f.Err = err
		all = append(all, f)
	}
	return all
}
