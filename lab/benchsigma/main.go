// Command benchsigma measures how fast log events are asked the rules of SigmaHQ: from the bytes of JSON lines to matches, on one core, on
// the lanes that rsigma's benchmarks publish and on recorded attacks (OTRF). Its last lines are RESULT lines.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing/fstest"
	"time"

	"github.com/klauspost/compress/zstd"

	"bulwark/detect/logrule"
	"bulwark/internal/sigmahq"
)

// results are the figures that are made.
var results = []string{"sigma_structured_eps", "sigma_file_eps", "sigma_otrf_eps", "sigma_heap_mb", "sigma_load_s", "sigma_growth_all_over_400"}

func main() {
	data := flag.String("data", os.Getenv("BULWARK_DATA"), "`folder` that holds soc/; default BULWARK_DATA")
	rounds := flag.Int("rounds", 5, "how often each is measured; the median counts")
	flag.Parse()
	if *data == "" {
		for _, name := range results {
			fmt.Printf("SKIP %s BULWARK_DATA names no folder\n", name)
		}
		return
	}
	runtime.GOMAXPROCS(1)
	if err := run(os.Stdout, filepath.Join(*data, "soc"), *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "benchsigma:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, data string, rounds int) error {
	rules, err := sigmahq.Rules(filepath.Join(data, "sigma-rules", sigmahq.Archive))
	if err != nil {
		return err
	}
	var all *logrule.Set
	load := median(rounds, func() error {
		all, err = logrule.Load(rules)
		return err
	})
	few, err := logrule.Load(some(rules, 400))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d rules are asked, %d are not\n", all.Len(), len(all.Rejected))
	rates := map[string]float64{}
	var growth float64
	for _, lane := range []struct{ name, pattern string }{{"structured", "sigma-lanes/structured_windows.ndjson.zst"},
		{"file", "sigma-lanes/sysmon_file_event.ndjson.zst"}, {"otrf", "otrf-windows/*"}} {
		lines, err := read(filepath.Join(data, filepath.FromSlash(lane.pattern)))
		if err != nil {
			return err
		}
		s := measure(all, lines, rounds)
		rates[lane.name] = float64(len(lines)) / s.seconds
		fmt.Fprintf(out, "%-10s %7d events of %5d B, %6d matches, %9.0f events/s\n", lane.name, len(lines), s.bytes/len(lines), s.matches, rates[lane.name])
		if lane.name == "structured" {
			growth = s.seconds / measure(few, lines, rounds).seconds
		}
	}
	lives := heap()
	runtime.KeepAlive(all)
	fmt.Fprintf(out, "RESULT sigma_structured_eps %.0f events/s\nRESULT sigma_file_eps %.0f events/s\nRESULT sigma_otrf_eps %.0f events/s\n",
		rates["structured"], rates["file"], rates["otrf"])
	fmt.Fprintf(out, "RESULT sigma_heap_mb %.1f MiB\nRESULT sigma_load_s %.2f s\nRESULT sigma_growth_all_over_400 %.2f ratio\n", lives, load, growth)
	return nil
}

// some are n of the rules, spread over all.
func some(rules fstest.MapFS, n int) fstest.MapFS {
	var names []string
	for name := range rules {
		if path.Ext(name) == ".yml" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out := fstest.MapFS{}
	for k := range n {
		name := names[k*len(names)/n]
		out[name] = rules[name]
	}
	return out
}

// mostOfAFile is how many events of a file are measured: the recorded attacks are of very different sizes.
const mostOfAFile = 1000

// read is the lines of files, whose names match a pattern.
func read(pattern string) (lines [][]byte, err error) {
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		return nil, errors.Join(err, fmt.Errorf("there is no %s", pattern))
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		d, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		text, err := io.ReadAll(d)
		d.Close()
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		if len(names) > 1 {
			all = all[:min(len(all), mostOfAFile)]
			for k := range all {
				all[k] = bytes.Clone(all[k]) // so that the rest of the file is let go
			}
		}
		lines = append(lines, all...)
	}
	return lines, nil
}

// speed is what a lane took.
type speed struct {
	seconds        float64
	bytes, matches int
}

func measure(set *logrule.Set, lines [][]byte, rounds int) (s speed) {
	var j logrule.JSON
	pass := func() error {
		s.bytes, s.matches = 0, 0
		for _, line := range lines {
			s.bytes += len(line)
			e, err := j.Read(line)
			if err != nil {
				return err
			}
			s.matches += len(set.Match(e))
		}
		return nil
	}
	_ = pass() // compiles the classes
	s.seconds = median(rounds, pass)
	return s
}

// median is that of the CPU seconds that something takes; NaN where it fails.
func median(rounds int, do func() error) float64 {
	var all []float64
	for range rounds {
		runtime.GC()
		from := cpu()
		if err := do(); err != nil {
			fmt.Fprintln(os.Stderr, "benchsigma:", err)
			return math.NaN()
		}
		all = append(all, (cpu() - from).Seconds())
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heap is how much lives after a collection, MiB, without the events of the lanes.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
