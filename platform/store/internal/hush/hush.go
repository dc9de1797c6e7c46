// Package hush keeps the storage library's metrics from writing to standard error while the program starts: on a kernel
// without pressure figures they say so before main, also above the output of bulwark version. It is imported for that.
//
// Packages are initialised in the order of their paths where they do not need each other (Go specification, "Program
// initialization"; go1.21), and this one's comes before github.com's. What libraries log later belongs to the program:
// node hands it to its own log.
package hush

import (
	"io"
	"log"
)

var _ = hush()

func hush() struct{} {
	log.SetOutput(io.Discard)
	return struct{}{}
}
