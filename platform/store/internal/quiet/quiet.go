// Package quiet keeps one line off the terminal. A library below the event store says with the standard logger, while
// it is initialised and before main can do anything, that the kernel gives no pressure metrics, which nobody asked
// it for; on such kernels every command of the program would begin with that line.
//
// Packages are initialised by their path, those first whose imports are (Go specification, Package initialization), and
// so this one, which imports next to nothing, before any of github.com.
package quiet

import (
	"bytes"
	"io"
	"log"
)

// The standard logger goes on as before, without that line.
var _ = mute()

func mute() bool {
	log.SetOutput(filter{log.Writer()})
	return true
}

type filter struct{ to io.Writer }

func (f filter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("metrics: disable exposing PSI metrics")) {
		return len(p), nil
	}
	return f.to.Write(p)
}
