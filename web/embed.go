// Package web carries the built front end of the console inside the binary. `npm ci && npm run build` in this folder
// builds it into dist, which is not committed; without it the binary builds all the same, and the console says how.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the files of the built front end, index.html among them; where it was not built, there is none.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path
	}
	return files
}
