// Bench measures the spine from a published batch to a searchable row, and the queries of a hunt over what was stored,
// alone and while more comes in.
//
//	go run ./platform/store/bench -n 10000000
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"time"

	"bulwark/platform/bus"
	"bulwark/platform/store"
)

type options struct {
	dir        string
	n          int
	rounds     int
	rate       int // events a second while the queries run a second time
	cpuprofile string
	keep       bool
	reuse      bool
	only       string
	memory     int64
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "/var/tmp/bulwark/bench", "folder that is used and removed")
	flag.IntVar(&o.n, "n", 10_000_000, "events to store")
	flag.IntVar(&o.rounds, "rounds", 5, "times that each query runs; the median counts")
	flag.IntVar(&o.rate, "rate", 20_000, "events a second during the second round of queries; 0 leaves it out")
	flag.Int64Var(&o.memory, "memory", 2<<30, "bytes for the caches of the store")
	flag.StringVar(&o.cpuprofile, "cpuprofile", "", "file for a CPU profile of the ingest, or with -reuse of the queries")
	flag.StringVar(&o.only, "only", "", "ask only the questions whose names hold this")
	flag.BoolVar(&o.keep, "keep", false, "leave the folder")
	flag.BoolVar(&o.reuse, "reuse", false, "query what an earlier run with -keep left, without ingest")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if !o.reuse {
		if err := os.RemoveAll(o.dir); err != nil {
			return err
		}
	}
	if !o.keep {
		defer os.RemoveAll(o.dir)
	}
	b, err := bus.Open(ctx, bus.Options{Dir: filepath.Join(o.dir, "bus"), Hold: []string{store.Holder}, MinFree: 1 << 30})
	if err != nil {
		return err
	}
	defer b.Close()
	s, err := store.Open(store.Options{Dir: filepath.Join(o.dir, "store"), MinFree: 1 << 30, Memory: o.memory})
	if err != nil {
		return err
	}
	defer s.Close()
	// Two days that end with yesterday: whole days, as queries name them.
	day := time.Now().UTC().Truncate(24 * time.Hour)
	w := work{b: b, s: s, o: o, from: day.Add(-48 * time.Hour), to: day}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, b) }()
	defer func() {
		stop()
		<-ended
	}()
	if err := w.ingest(ctx); err != nil {
		return err
	}
	if o.reuse {
		end, err := profile(o.cpuprofile)
		if err != nil {
			return err
		}
		defer end()
	}
	return w.query(ctx)
}

func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}
