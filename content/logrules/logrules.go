// Package logrules holds the rules about events that come with the program, in the language of Sigma: what SigmaHQ counts no more, and
// what happens in hospitals alone. Each has its cases in cases/, under the same file name.
package logrules

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed *.yml
var rules embed.FS

// Files are the rules.
func Files() fs.FS { return rules }

//go:embed titles.fr.tsv
var french string

// French are the titles of the rules in French, by their identifiers.
func French() map[string]string {
	all := map[string]string{}
	for l := range strings.Lines(french) {
		id, title, _ := strings.Cut(strings.TrimRight(l, "\n"), "\t")
		all[id] = title
	}
	return all
}

//go:embed parked.tsv
var parked string

// Parked is a rule of SigmaHQ that waits for correlations.
type Parked struct {
	File  string   // its name, without .yml
	Rules []string // what looks for the same here: rules of ours and of SigmaHQ's by their identifiers, traffic rules by gid:sid
	Why   string   // nothing does; empty: something does
}

// ParkedRules are all of them.
func ParkedRules() (all []Parked) {
	for l := range strings.Lines(parked) {
		if strings.HasPrefix(l, "#") {
			continue
		}
		f := strings.Split(strings.TrimRight(l, "\n"), "\t")
		p := Parked{File: f[0]}
		if f[1] == "-" {
			p.Why = f[2]
		} else {
			p.Rules = strings.Fields(f[1])
		}
		all = append(all, p)
	}
	return all
}

//go:embed cases/*.yml
var cases embed.FS

// Cases are events with the rules that they must fire, and those that must stay silent.
func Cases() fs.FS {
	sub, err := fs.Sub(cases, "cases")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
