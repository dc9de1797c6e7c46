// Package logparsers holds how products write their logs: one file a format, with its own tests. docs/guide/parsers.md tells how to write
// one.
package logparsers

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml
var files embed.FS

// Files are the formats.
func Files() fs.FS { return files }
