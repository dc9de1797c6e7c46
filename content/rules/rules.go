// Package rules holds the traffic rules that come with the program, in Suricata's language: files that end in .rules, and
// classification.config, which gives the classes of rules their words and priorities. Their numbers are 9000000 to 9009999.
package rules

import (
	"embed"
	"io/fs"
)

//go:embed *.rules classification.config
var files embed.FS

// Files are the rules.
func Files() fs.FS { return files }

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
