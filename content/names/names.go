// Package names holds host names that tell no device from another, and how to say the names of makers in short.
package names

import (
	_ "embed" // the list
	"slices"
	"strings"
)

//go:embed names.txt
var text string

// Generic are names that tell no device from another.
type Generic struct {
	whole    map[string]bool
	prefixes []string
}

// Load reads the list.
func Load() *Generic {
	g := &Generic{whole: map[string]bool{}}
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(line, "#")
		name = strings.TrimSpace(name)
		switch prefix, ok := strings.CutSuffix(name, "*"); {
		case name == "":
		case ok:
			g.prefixes = append(g.prefixes, prefix)
		default:
			g.whole[name] = true
		}
	}
	return g
}

// Has reports whether a name, in lower case, tells no device from another.
func (g *Generic) Has(name string) bool {
	return g.whole[name] || slices.ContainsFunc(g.prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// Short is the name of a maker as people say it: without its legal form, and what stands behind a comma.
func Short(maker string) string {
	maker, _, _ = strings.Cut(maker, ",")
	maker, _, _ = strings.Cut(maker, "(")
	words := strings.Fields(maker)
	for len(words) > 1 && legal(words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	return strings.Join(words, " ")
}

// legal reports whether a word is the legal form of a company.
func legal(word string) bool {
	switch strings.ToLower(strings.Trim(word, ".")) {
	case "inc", "corp", "corporation", "corporate", "co", "company", "ltd", "limited", "gmbh", "ag", "ab", "sa", "s.a", "bv", "b.v", "llc", "kg", "oy",
		"spa", "s.p.a", "srl", "s.r.l", "plc", "sas", "a/s", "as", "pte", "pty", "kk", "k.k", "&", "intl", "international", "incorporated", "nv", "n.v":
		return true
	}
	return false
}
