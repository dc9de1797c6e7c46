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

//go:embed examples
var examples embed.FS

// Examples are rules that need lists of the hospital's own, with such lists: to be copied and filled in.
func Examples() fs.FS {
	sub, err := fs.Sub(examples, "examples")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
