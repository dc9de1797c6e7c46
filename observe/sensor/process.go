package sensor

import (
	"io"
	"os"

	"bulwark/observe/sensor/internal/child"
	"bulwark/wire/inspect"
)

// Orders are what the child is told: a message, with an open file where the message needs one. io.EOF ends them.
type Orders interface {
	Receive() (message []byte, file *os.File, err error)
}

// RunChild is the whole life of the process that reads packets, once it is in its cage: it obeys orders and writes
// what it sees to out. eye makes who looks into the traffic; it may be nil.
func RunChild(in Orders, out io.Writer, eye inspect.Eye) error { return child.Run(in, out, eye) }
