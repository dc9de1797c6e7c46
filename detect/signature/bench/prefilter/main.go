// Command prefilter measures the prefilter of the traffic rules beside vectorscan: the same patterns, the same buffers,
// one core, in turns. Its last lines are RESULT and SKIP lines.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bulwark/detect/signature/internal/multi"
	"bulwark/detect/signature/internal/multi/multitest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "prefilter:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	data, capture, vectorscan, cpu string
	rounds                         int
	megabytes                      float64
}

func run() error {
	if len(os.Args) == 5 && os.Args[1] == "own" {
		return own(os.Args[2], os.Args[3], os.Args[4])
	}
	var s settings
	flag.StringVar(&s.data, "data", os.Getenv("BULWARK_DATA"), "the `folder` that holds sensor/")
	flag.StringVar(&s.capture, "capture", "", "the mixed capture `file` that make bench-capture makes, if there is one")
	flag.StringVar(&s.vectorscan, "vectorscan", "bin/vectorscan", "the baseline `program`")
	flag.StringVar(&s.cpu, "cpu", "1", "the `core` that each program is pinned to")
	flag.IntVar(&s.rounds, "rounds", 5, "how often each program runs; the median counts")
	flag.Float64Var(&s.megabytes, "mb", 500, "how many `megabytes` a program scans in a run")
	flag.Parse()
	if s.data == "" {
		fmt.Println("SKIP prefilter_vs_vectorscan BULWARK_DATA is not set")
		return nil
	}
	return measure(s)
}

// buffers are what is scanned.
type buffers struct {
	name string
	all  [][]byte
}

func measure(s settings) error {
	patterns, err := multitest.Patterns(filepath.Join(s.data, multitest.Rules), 4)
	if err != nil {
		return err
	}
	public, err := multitest.Payloads(filepath.Join(s.data, "sensor"), 64<<20)
	if err != nil {
		return err
	}
	inputs := []buffers{{"public", public}}
	if s.capture != "" {
		mixed, err := multitest.Payloads(s.capture, 64<<20)
		if err != nil {
			return err
		}
		inputs = append(inputs, buffers{"mixed", mixed})
	}
	dir, err := os.MkdirTemp("", "prefilter")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// A part is the same in each run: the order is shuffled once, by a fixed seed.
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(patterns), func(i, j int) { patterns[i], patterns[j] = patterns[j], patterns[i] })
	var lines []string
	for _, in := range inputs {
		for _, n := range parts(len(patterns)) {
			line, err := race(s, dir, in, patterns[:min(n, len(patterns))])
			if err != nil {
				return err
			}
			lines = append(lines, line...)
		}
	}
	for _, l := range lines {
		fmt.Println(l)
		// The figure that the project is held to: all patterns on the public captures.
		if v, ok := strings.CutPrefix(l, "RESULT prefilter_public_all_vs_vectorscan "); ok {
			fmt.Println("RESULT prefilter_vs_vectorscan " + v)
		}
	}
	return nil
}

// parts are how many of the patterns are raced with: all, and some, for sets of one buffer are small.
func parts(all int) []int { return []int{all, 5000, 500, 50} }

// race runs both sides in turns on one input, and gives the lines that tell how it went.
func race(s settings, dir string, in buffers, patterns []multi.Pattern) ([]string, error) {
	texts, data := filepath.Join(dir, "patterns"), filepath.Join(dir, "buffers")
	packed := packBuffers(in.all)
	if err := errors.Join(os.WriteFile(texts, packPatterns(patterns), 0o600), os.WriteFile(data, packed, 0o600)); err != nil {
		return nil, err
	}
	bytes := len(packed) - 4*len(in.all)
	rounds := strconv.Itoa(max(int(s.megabytes*1e6)/bytes, 1))
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	us, them := side{args: []string{self, "own", texts, data, rounds}}, side{args: []string{s.vectorscan, texts, data, rounds}}
	_, err = exec.LookPath(s.vectorscan)
	alone := err != nil
	for range s.rounds {
		if err := us.run(s.cpu); err != nil {
			return nil, err
		}
		if alone {
			continue
		}
		if err := them.run(s.cpu); err != nil {
			return nil, err
		}
	}
	n, _ := strconv.Atoi(rounds)
	mb := float64(bytes*n) / 1e6
	name := fmt.Sprintf("%s_%d", in.name, len(patterns))
	if len(patterns) > 5000 {
		name = in.name + "_all"
	}
	fmt.Printf("%s: %d patterns, %d buffers, %d bytes: ours %.0f MB/s, %d hits, built in %.2f s, %.2f MB", name, len(patterns),
		len(in.all), bytes, mb/us.median(), us.hits, us.build, float64(us.size)/1e6)
	lines := []string{fmt.Sprintf("RESULT prefilter_%s_mb_s %.0f MB/s", name, mb/us.median()),
		fmt.Sprintf("RESULT prefilter_%s_size_mb %.2f MB", name, float64(us.size)/1e6)}
	if alone {
		fmt.Println()
		return append(lines, fmt.Sprintf("SKIP prefilter_%s_vs_vectorscan %s is not built (Debian: libvectorscan-dev)", name, s.vectorscan)), nil
	}
	fmt.Printf("; vectorscan %.0f MB/s, %d hits, built in %.2f s, %.2f MB\n", mb/them.median(), them.hits, them.build, float64(them.size)/1e6)
	if us.hits != them.hits {
		return nil, fmt.Errorf("%s: we find %d patterns, vectorscan %d", name, us.hits, them.hits)
	}
	return append(lines, fmt.Sprintf("RESULT prefilter_%s_vs_vectorscan %.2f ratio", name, them.median()/us.median())), nil
}

// side is one contender, with what its runs took.
type side struct {
	args  []string
	cpu   []float64 // seconds
	hits  int
	build float64 // seconds
	size  int     // bytes of the compiled patterns
}

func (c *side) run(core string) error {
	cmd := exec.Command("taskset", append([]string{"-c", core}, c.args...)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", c.args[0], err)
	}
	var cpu float64
	if _, err := fmt.Sscanf(string(out), "hits %d cpu %f build %f size %d", &c.hits, &cpu, &c.build, &c.size); err != nil {
		return fmt.Errorf("%s says %q: %w", c.args[0], out, err)
	}
	c.cpu = append(c.cpu, cpu)
	return nil
}

func (c *side) median() float64 {
	all := slices.Sorted(slices.Values(c.cpu))
	return all[len(all)/2]
}
