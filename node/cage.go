package node

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"bulwark/detect/signature"
	"bulwark/observe/sensor"
	"bulwark/platform/cage"
)

// childName is the hidden subcommand that the caged process runs.
const childName = "sensor-child"

// collect is how much garbage the child makes before it is collected, as a share of what lives, in percent. Usual is 100;
// a fifth less of it is worth the little time that it takes.
const collect = 80

// childCommand is the inside of the cage: no person runs it.
func childCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: childName, Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			debug.SetGCPercent(collect)
			growHuge(hugeHeap)
			cell, err := cage.Enter(cage.Limits{})
			if err != nil {
				return &exit{ExitFailure, err}
			}
			if err := sensor.RunChild(&orders{conn: cell.Control, buf: make([]byte, 64<<10)}, cell.Data, signature.NewEye()); err != nil {
				return &exit{ExitFailure, err}
			}
			return nil
		},
	}
}

// orders reads what the parent says.
type orders struct {
	conn *cage.Conn
	buf  []byte
}

// Receive waits for one message with the file that came with it, if one did.
func (o *orders) Receive() ([]byte, *os.File, error) {
	text, files, err := o.conn.Receive(o.buf)
	if err != nil || len(files) == 0 {
		return text, nil, err
	}
	for _, f := range files[1:] {
		f.Close()
	}
	return text, files[0], nil
}

// caged is the sensor's child in its cage.
type caged struct{ *cage.Process }

// starter starts the sensor's child with room for what c allows it to hold, and for traffic rules where there are any.
func starter(c sensor.Config, rules bool) func(context.Context) (sensor.Child, error) {
	memory := c.Memory()
	if rules {
		memory += signature.Memory
	}
	return func(ctx context.Context) (sensor.Child, error) {
		if builtWithCgo() {
			return nil, errCgo
		}
		p, err := cage.Start(ctx, cage.Spec{Name: "bulwark-sensor", Args: []string{childName}, Memory: memory, FileSize: c.FileSize()})
		if err != nil {
			return nil, err
		}
		return &caged{p}, nil
	}
}

// errCgo: the C library starts threads and registers them with the kernel in ways that the cage refuses.
var errCgo = errors.New("this binary was built with cgo, which the cage cannot hold: build it with make, or with CGO_ENABLED=0")

func builtWithCgo() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "CGO_ENABLED" {
			return s.Value == "1"
		}
	}
	return false
}

// Send hands over a message and, where it is not nil, an open file.
func (c *caged) Send(message []byte, f *os.File) error {
	if f == nil {
		return c.Process.Send(message)
	}
	return c.Process.Send(message, f)
}

// Out is the pipe from the child.
func (c *caged) Out() io.Reader { return c.Data }

// Kill ends the child; it is given no time where it does not end by itself.
func (c *caged) Kill() { _ = c.Stop() } // how it ended is what Wait says

// Walls are the layers of the cage in words: those that hold, those that are missing.
func (c *caged) Walls() (held, missing []string) {
	for _, l := range c.Report.Layers {
		if l.Held {
			held = append(held, l.String())
		} else {
			missing = append(missing, l.String())
		}
	}
	for _, b := range c.Report.Breaches() {
		missing = append(missing, "not refused: "+b.What)
	}
	return held, missing
}
