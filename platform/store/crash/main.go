// Crash kills a real process at random moments while it publishes and stores events, again and again, and then counts
// what is in the store: everything that was acknowledged must be there, once.
//
//	go run ./platform/store/crash -kills 100
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	dir := flag.String("dir", "/var/tmp/bulwark/crash", "folder in which a folder of its own is made and removed")
	kills := flag.Int("kills", 100, "how often the child is killed")
	rate := flag.Int("rate", 5000, "events a second that the child publishes")
	generation := flag.Int("child", -1, "be the child of that number")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *kills, *rate, *generation); err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, kills, rate, generation int) error {
	if generation >= 0 {
		return child(ctx, dir, generation, rate, os.Stdout)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if dir, err = os.MkdirTemp(dir, "run-"); err != nil { // of its own: two runs at a time must not meet
		return err
	}
	defer os.RemoveAll(dir)
	p := parent{dir: dir, rate: rate, seed: uint64(time.Now().UnixNano()), log: os.Stderr,
		command: []string{self, "-dir", dir, "-rate", fmt.Sprint(rate)}}
	r, err := p.torture(ctx, kills)
	if err != nil {
		return err
	}
	r.print(os.Stdout)
	if r.lost > 0 || r.duplicated > 0 {
		return fmt.Errorf("%d lost, %d duplicated", r.lost, r.duplicated)
	}
	return nil
}
