// Command benchinventory measures the inventory: what its events cost beside the sensor's, and how 20,000 devices with two
// million facts a day are kept, taken up and searched. Its last lines are RESULT and SKIP lines.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"bulwark/observe/inventory"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "benchinventory:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	bulwark, capture, cpu, dir string
	devices, facts             int
}

func run() error {
	var s settings
	var part string
	flag.StringVar(&s.bulwark, "bulwark", "bin/bulwark", "the `program` whose sensor it is compared with")
	flag.StringVar(&s.capture, "capture", "", "the capture `file`: make bench-capture makes it; without one the share is left out")
	flag.StringVar(&s.cpu, "cpu", "1", "the `core` that each part is pinned to")
	flag.StringVar(&s.dir, "dir", "", "`folder` for what is kept; default one that is removed at the end")
	flag.IntVar(&s.devices, "devices", 20_000, "how many devices there are")
	flag.IntVar(&s.facts, "facts", 2_000_000, "how many facts a day tells of them")
	flag.StringVar(&part, "part", "", "run only this `part` in this process: share, day or start")
	flag.Parse()
	switch part {
	case "share":
		return share(s)
	case "day":
		return day(s)
	case "start":
		return start(s)
	case "":
		return all(s)
	}
	return fmt.Errorf("no part is called %q", part)
}

// all runs each part in a process of its own, pinned to one core.
func all(s settings) error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "benchinventory-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		s.dir = dir
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, part := range []string{"share", "day", "start"} {
		if part == "share" && s.capture == "" {
			fmt.Println("SKIP inventory_cost_share no capture: make bench-capture makes one")
			continue
		}
		c := exec.Command("taskset", "-c", s.cpu, self, "-part", part, "-bulwark", s.bulwark, "-capture", s.capture, "-dir", s.dir,
			"-devices", fmt.Sprint(s.devices), "-facts", fmt.Sprint(s.facts))
		c.Env = append(os.Environ(), "GOMAXPROCS=1")
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return nil
}

// share measures what the inventory takes for the events of a capture, beside what the sensor takes to make them: once when
// every device is new, and then when all are known, as on any day but the first. Time goes on from one replay to the next as it
// does on a wire: in each the capture begins when it ended in the one before. A capture that is played again at the same time
// would leave out what an inventory does as time goes on: it is told again each quarter of an hour what is known, looks at all
// devices each ten minutes, and finds out what leans on them each hour.
func share(s settings) error {
	file, later := filepath.Join(s.dir, "batches"), filepath.Join(s.dir, "later")
	if _, err := cpuOf(exec.Command(s.bulwark, "read", "--batches", file, s.capture)); err != nil {
		return err
	}
	defer os.Remove(file)
	defer os.Remove(later)
	idle, n, err := replay(file, func([]byte) error { return nil })
	if err != nil {
		return err
	}
	lasts, err := span(file)
	if err != nil {
		return err
	}
	i, err := inventory.Offline(nil)
	if err != nil {
		return err
	}
	first, _, err := replay(file, i.Read)
	if err != nil {
		return err
	}
	var sensors, agains []time.Duration
	for round := range 2 * rounds {
		if err := postpone(file, later, lasts*time.Duration(round+1)); err != nil {
			return err
		}
		runtime.GC() // what was made to postpone it
		again, _, err := replay(later, i.Read)
		if err != nil {
			return err
		}
		if round < rounds { // the devices are welcomed
			continue
		}
		sensor, err := cpuOf(exec.Command(s.bulwark, "read", "--measure", s.capture))
		if err != nil {
			return err
		}
		sensors, agains = append(sensors, sensor), append(agains, again-idle)
	}
	sensor, again := mean(sensors), mean(agains)
	fmt.Printf("%d batches that the inventory reads, %v of %d devices: %.2f s of CPU at first sight, %.3f s (%.3f to %.3f) when all are known; the sensor took %.2f s (%.2f to %.2f)\n",
		n, lasts.Round(time.Second), len(i.All()), (first - idle).Seconds(), again.Seconds(), slices.Min(agains).Seconds(), slices.Max(agains).Seconds(), sensor.Seconds(), slices.Min(sensors).Seconds(), slices.Max(sensors).Seconds())
	fmt.Printf("RESULT inventory_cost_share %.4f share\n", again.Seconds()/sensor.Seconds())
	fmt.Printf("RESULT inventory_first_cost_share %.4f share\n", (first-idle).Seconds()/sensor.Seconds())
	return nil
}

// rounds is how often the share is measured, the sensor and the inventory in turn, after as many that are not: an hour each with a
// capture of five minutes. Means count, not medians: in each third round is told again what is told each quarter of an hour.
const rounds = 12

func mean(all []time.Duration) (m time.Duration) {
	for _, d := range all {
		m += d / time.Duration(len(all))
	}
	return m
}

// cpuOf is the CPU time of a command and of what it started.
func cpuOf(c *exec.Cmd) (time.Duration, error) {
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		return 0, err
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), nil
}

// replay gives fn each batch of a file, and tells the CPU time that it took.
func replay(file string, fn func([]byte) error) (cpu time.Duration, batches int, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	began := spent()
	var size [4]byte
	var b []byte
	for {
		if _, err := io.ReadFull(r, size[:]); errors.Is(err, io.EOF) {
			return spent() - began, batches, nil
		} else if err != nil {
			return 0, 0, err
		}
		n := int(binary.LittleEndian.Uint32(size[:]))
		if cap(b) < n {
			b = make([]byte, n)
		}
		if _, err := io.ReadFull(r, b[:n]); err != nil {
			return 0, 0, err
		}
		if err := fn(b[:n]); err != nil {
			return 0, 0, err
		}
		batches++
	}
}

// spent is the CPU time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
