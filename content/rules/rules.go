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
