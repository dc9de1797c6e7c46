// Package crash kills test programs while they work. A test program that is to be killed starts itself anew: its TestMain looks
// for a variable that names a place, and works there for ever, with a line for each thing that it acknowledged.
package crash

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/db"
)

// After starts this test program with the variable set to place, kills it when it has printed n lines, and returns the last
// line that it printed. It fails where the program ended by itself or had something to say.
func After(variable, place string, n int) (last string, err error) {
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), variable+"="+place)
	var said strings.Builder
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := c.Start(); err != nil {
		return "", err
	}
	lines, seen := bufio.NewScanner(out), 0
	for seen < n && lines.Scan() {
		last, seen = lines.Text(), seen+1
	}
	err = c.Process.Kill()
	for lines.Scan() { // acknowledged before the kill
		last = lines.Text()
	}
	_ = c.Wait() // says that it was killed
	if seen < n || said.Len() > 0 {
		return last, fmt.Errorf("the process printed %d lines of %d: %s", seen, n, said.String())
	}
	return last, err
}

// Ground opens bus and database in a directory.
func Ground(ctx context.Context, dir string) (*bus.Bus, *db.DB, error) {
	b, err := bus.Open(ctx, bus.Options{Dir: filepath.Join(dir, "bus"), MaxAge: time.Hour, MaxBytes: 256 << 20, SyncEvery: time.Minute, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "state.db"))
	return b, d, err
}

// OnBus publishes on a bus.
type OnBus struct{ *bus.Bus }

// Publish is that of an outbox.
func (b OnBus) Publish(ctx context.Context, kind event.Kind, batch []byte) error {
	return b.Bus.Publish(ctx, kind.Subject(), batch)
}
