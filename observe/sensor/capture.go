package sensor

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"bulwark/observe/sensor/internal/capture"
)

// CanCapture is nil when this process may watch interfaces, and says what is missing otherwise.
func CanCapture() error { return capture.CanCapture() }

// GrantCapture is the command that gives this program the right to watch interfaces; empty where nothing is missing.
func GrantCapture() string {
	var r *capture.Rights
	if errors.As(capture.CanCapture(), &r) {
		return r.Command
	}
	return ""
}

// DefaultInterface is the interface that the default route leaves by.
func DefaultInterface() (string, error) { return capture.DefaultInterface() }

// Offloads warns of what a network card does to packets before they are seen; empty when it does nothing.
func Offloads(name string) string {
	on, err := capture.Offloads(name)
	if err != nil || len(on) == 0 {
		return ""
	}
	return "its card joins packets (" + strings.Join(on, ", ") + "), so their sizes are not those of the wire: ethtool -K " +
		name + " " + strings.Join(on, " off ") + " off"
}

// open opens the sockets of an interface, one a core.
func (s *Sensor) open(_ context.Context, name string) ([]*os.File, error) {
	c := &s.opt.Config
	return capture.Open(capture.Options{Interface: name, Filter: c.Filter, RingBytes: int(c.Buffer), Members: c.cores(),
		Promiscuous: c.Promiscuous})
}

// loops reports whether an interface shows each packet twice, on its way out and on its way in.
func loops(name string) bool {
	i, err := net.InterfaceByName(name)
	return err == nil && i.Flags&net.FlagLoopback != 0
}
