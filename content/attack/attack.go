// Package attack holds the names of MITRE ATT&CK (enterprise, v19.1): tactics, techniques, and what took the place of retired ids.
//
// (c) 2026 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation.
package attack

import (
	_ "embed" // the lists
	"slices"
	"strings"
)

// Version is that of ATT&CK of which the names are.
const Version = "19.1"

var (
	//go:embed tactics.tsv
	tacticLines string
	//go:embed techniques.tsv
	techniqueLines string
	//go:embed retired.tsv
	retiredLines string
)

// Tactic is why something is done: TA0008, Lateral Movement.
type Tactic struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	French string `json:"french"`
}

// Technique is how something is done: T1059.001, PowerShell.
type Technique struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"` // empty: ATT&CK does not have it
	Tactics []Tactic `json:"tactics"`
	Was     string   `json:"was,omitempty"` // retired id by which it was asked for
}

// Attack are the names. Make it with [Load]; it is safe for concurrent use.
type Attack struct {
	tactics    []Tactic
	techniques map[string]*Technique
	order      []string
	retired    map[string]string
}

// Load reads the lists.
func Load() *Attack {
	a := &Attack{techniques: map[string]*Technique{}, retired: map[string]string{}}
	for f := range rows(tacticLines) {
		a.tactics = append(a.tactics, Tactic{f[0], f[1], f[2]})
	}
	for f := range rows(techniqueLines) {
		t := &Technique{ID: f[0], Name: f[1], Tactics: []Tactic{}}
		for _, id := range strings.Split(f[2], ",") {
			if n := slices.IndexFunc(a.tactics, func(t Tactic) bool { return t.ID == id }); n >= 0 {
				t.Tactics = append(t.Tactics, a.tactics[n])
			}
		}
		a.techniques[t.ID] = t
		a.order = append(a.order, t.ID)
	}
	for id, t := range a.techniques { // a part is named with its whole
		if whole, _, ok := strings.Cut(id, "."); ok && a.techniques[whole] != nil {
			t.Name = a.techniques[whole].Name + ": " + t.Name
		}
	}
	for f := range rows(retiredLines) {
		a.retired[f[0]] = f[1]
	}
	return a
}

// rows are the lines of a list, less its remarks, in fields; of each there are three, which may be empty.
func rows(text string) func(func([3]string) bool) {
	return func(yield func([3]string) bool) {
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\r\n")
			if line == "" || line[0] == '#' {
				continue
			}
			var f [3]string
			copy(f[:], strings.Split(line, "\t"))
			if !yield(f) {
				return
			}
		}
	}
}

// Tactics are all tactics, in the order of an attack.
func (a *Attack) Tactics() []Tactic { return slices.Clone(a.tactics) }

// Techniques are the ids of all techniques, in their order.
func (a *Attack) Techniques() []string { return slices.Clone(a.order) }

// Tactic is the tactic of that id.
func (a *Attack) Tactic(id string) (Tactic, bool) {
	for _, t := range a.tactics {
		if t.ID == id {
			return t, true
		}
	}
	return Tactic{}, false
}

// Technique is the technique of that id, or what took its place. Of one that ATT&CK does not have it is the id alone. Case
// does not count, and rules that write "T1059_001" mean T1059.001.
func (a *Attack) Technique(id string) Technique {
	id = strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(id)), "_", ".")
	if t := a.techniques[id]; t != nil {
		return *t
	}
	if to, ok := a.retired[id]; ok {
		t := *a.techniques[to]
		t.Was = id
		return t
	}
	return Technique{ID: id, Tactics: []Tactic{}}
}

// Valid reports whether a text has the form of a technique's id: T1059 or T1059.001 (T0886 of the matrix for plants too).
func Valid(id string) bool {
	whole, part, sub := strings.Cut(id, ".")
	return len(whole) == 5 && whole[0] == 'T' && digits(whole[1:]) && (!sub || len(part) == 3 && digits(part))
}

// ValidTactic reports whether a text has the form of a tactic's id: TA0008.
func ValidTactic(id string) bool { return len(id) == 6 && id[:2] == "TA" && digits(id[2:]) }

func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
