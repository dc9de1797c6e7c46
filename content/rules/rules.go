// Package rules holds the traffic rules that come with the program, in Suricata's language: files that end in .rules, and
// classification.config, which gives the classes of rules their words and priorities. Their numbers are 9000000 to 9009999.
package rules

import (
	"embed"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed *.rules classification.config
var files embed.FS

// Files are the rules.
func Files() fs.FS { return files }

//go:embed titles.fr.tsv
var french string

// French are the titles of the rules in French, by their numbers.
func French() map[uint32]string {
	all := map[uint32]string{}
	for l := range strings.Lines(french) {
		number, title, _ := strings.Cut(strings.TrimRight(l, "\n"), "\t")
		if sid, err := strconv.ParseUint(number, 10, 32); err == nil {
			all[uint32(sid)] = title
		}
	}
	return all
}

//go:embed known
var known embed.FS

// Known are rules about whoever is not on a list of names, which is learnt: known-NAME.rules asks for known-NAME.lst beside it.
func Known() fs.FS {
	sub, err := fs.Sub(known, "known")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
