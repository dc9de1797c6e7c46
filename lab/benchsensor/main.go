// Command benchsensor measures the whole sensor beside its peers, on one core, in one run: docs/measurements.md says
// how to read its figures. Its last lines are RESULT and SKIP lines.
package main

import (
	"bufio"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"

	"bulwark/wire/pcap"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "benchsensor:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	bulwark, capture, cpu string
	rounds, part          int
	soak                  time.Duration
	only                  string
	data                  string
}

func run() error {
	if len(os.Args) == 3 && os.Args[1] == "gopacket" {
		return gopacketLoop(os.Args[2])
	}
	var s settings
	flag.StringVar(&s.bulwark, "bulwark", "bin/bulwark", "the `program` that is measured")
	flag.StringVar(&s.capture, "capture", "", "the capture `file`: make bench-capture makes it")
	flag.StringVar(&s.cpu, "cpu", "1", "the `core` that each program is pinned to")
	flag.IntVar(&s.rounds, "rounds", 5, "how often each program runs; the median counts")
	flag.IntVar(&s.part, "part", 400_000, "how many `packets` tshark is given, which is slow")
	flag.DurationVar(&s.soak, "soak", 0, "only read the capture over and over for this `time`, and watch the memory")
	flag.StringVar(&s.only, "only", "", "run only this `part`: peers, cores, flows, live; or ring or signature, which are run only so")
	flag.StringVar(&s.data, "data", os.Getenv("BULWARK_DATA"), "the `folder` that holds sensor/rules")
	flag.Parse()
	if s.capture == "" {
		return errors.New("no capture: make bench-capture makes one")
	}
	if s.soak > 0 {
		return soak(s)
	}
	switch s.only {
	case "ring":
		return ringPart(s)
	case "signature":
		return signature(s)
	}
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"peers", func() error { return peers(s) }},
		{"cores", func() error { return cores(s) }},
		{"flows", func() error { return flows(s) }},
		{"live", func() error { return live(s) }},
	} {
		if s.only != "" && s.only != part.name {
			continue
		}
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// peers measures the sensor beside its peers.
func peers(s settings) error {
	part, err := head(s.capture, s.part)
	if err != nil {
		return err
	}
	defer os.Remove(part)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	whole := []*program{
		{name: "bulwark", args: []string{s.bulwark, "read", "--measure", s.capture}},
		{name: "gopacket", args: []string{self, "gopacket", s.capture}},
		{name: "ndpireader", args: []string{"ndpiReader", "-q", "-i", s.capture}},
	}
	sliced := []*program{
		{name: "bulwark", args: []string{s.bulwark, "read", "--measure", part}},
		{name: "tshark", args: []string{"tshark", "-n", "-q", "-z", "io,stat,0", "-r", part}},
	}
	if err := errors.Join(race(whole, s), race(sliced, s)); err != nil {
		return err
	}
	report(whole, sliced)
	return nil
}

// program is one contender, with what its runs took.
type program struct {
	name   string
	args   []string
	mute   bool // its output is many lines, and read by nobody
	absent bool
	cpu    []time.Duration // user and system, all its processes
	rss    int64           // KiB, the largest
	output []byte
}

// race runs the programs in turn, so that what else the machine does falls on all alike.
func race(all []*program, s settings) error {
	for round := range s.rounds {
		for _, p := range all {
			if _, err := exec.LookPath(p.args[0]); err != nil {
				p.absent = true
				continue
			}
			if err := p.run(s.cpu); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			fmt.Printf("round %d: %-10s %.2f s of CPU, %d MiB\n", round+1, p.name, p.cpu[len(p.cpu)-1].Seconds(), p.rss>>10)
		}
	}
	return nil
}

func (p *program) run(core string) error {
	cmd := exec.Command("taskset", append([]string{"-c", core}, p.args...)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	var err error
	if p.mute {
		err = cmd.Run()
	} else {
		p.output, err = cmd.Output()
	}
	if err != nil {
		return err
	}
	use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("this system does not say what a process used")
	}
	p.cpu = append(p.cpu, time.Duration(use.Utime.Nano()+use.Stime.Nano()))
	p.rss = max(p.rss, use.Maxrss)
	return nil
}

func (p *program) median() time.Duration {
	c := slices.Clone(p.cpu)
	slices.Sort(c)
	return c[len(c)/2]
}

var measured = regexp.MustCompile(`(\d+) packets, (\d+) bytes, (\d+) events, (\d+) allocations`)

// report prints the figures.
func report(whole, sliced []*program) {
	us := whole[0]
	m := measured.FindSubmatch(us.output)
	if m == nil {
		fmt.Println("SKIP sensor_mpps bulwark did not say what it read")
		return
	}
	n := func(i int) float64 { f, _ := strconv.ParseFloat(string(m[i]), 64); return f }
	cpu := us.median().Seconds()
	fmt.Printf("%.0f packets, %.0f bytes, %.0f events\n", n(1), n(2), n(3))
	fmt.Printf("RESULT sensor_mpps %.3f Mpps\n", n(1)/cpu/1e6)
	fmt.Printf("RESULT sensor_gbps %.3f Gbit/s\n", n(2)*8/cpu/1e9)
	fmt.Printf("RESULT sensor_allocs_per_packet %.4f allocations\n", n(4)/n(1))
	fmt.Printf("RESULT sensor_rss_mb %d MiB\n", us.rss>>10)
	for _, r := range [][2]*program{{whole[1], us}, {whole[2], us}, {sliced[1], sliced[0]}} {
		name := "sensor_vs_" + r[0].name
		if r[0].absent {
			fmt.Printf("SKIP %s %s is not installed\n", name, r[0].args[0])
			continue
		}
		fmt.Printf("RESULT %s %.2f ratio\n", name, r[0].median().Seconds()/r[1].median().Seconds())
	}
}

// head copies the first n packets of a capture to a file of its own.
func head(name string, n int) (string, error) {
	in, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer in.Close()
	r, err := pcap.NewReader(in)
	if err != nil {
		return "", err
	}
	out, err := os.Create(filepath.Join(cmp.Or(os.TempDir(), "/var/tmp"), "bulwark-bench-part.pcap"))
	if err != nil {
		return "", err
	}
	buffered := bufio.NewWriterSize(out, 1<<20)
	w, err := pcap.NewWriter(buffered, pcap.LinkEthernet)
	if err != nil {
		return "", errors.Join(err, out.Close())
	}
	var p pcap.Packet
	for range n {
		if err := r.Next(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return "", errors.Join(err, out.Close())
		}
		if err := w.Write(&p); err != nil {
			return "", errors.Join(err, out.Close())
		}
	}
	return out.Name(), errors.Join(buffered.Flush(), out.Close())
}
