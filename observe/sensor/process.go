package sensor

import (
	"io"
	"os"

	"bulwark/observe/sensor/internal/child"
)

// Orders are what the child is told: a message, with an open file where the message needs one. io.EOF ends them.
type Orders interface {
	Receive() (message []byte, file *os.File, err error)
}

// RunChild is the whole life of the process that reads packets, once it is in its cage: it obeys orders and writes
// what it sees to out.
func RunChild(in Orders, out io.Writer) error { return child.Run(in, out) }
