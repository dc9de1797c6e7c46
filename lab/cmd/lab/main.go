// Command lab runs the small hospital of package lab, watches it, and says what a sensor saw of it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"bulwark/lab"
)

const usage = `lab is a small hospital in network namespaces. It needs root and the packages of lab/install.sh.

  lab live [-bulwark FILE]               run every scenario with bulwark up on the mirror port, check what it kept
  lab contain [-bulwark FILE]            play attacks with bulwark up on the mirror port and its filter in the switch, check what it stopped
  lab run [-bulwark FILE] [-keep FILE] [-capture FILE]
                                         run every scenario, have bulwark read what the mirror port saw, check it
  lab capture -o FILE                    run every scenario and write what the mirror port saw
  lab record -o FILE                     play half an hour of a ward and write it as pcap.zst: the demo capture
  lab record-bench -o FILE [-bytes N]    record what 200 clients do: half of the bench capture
  lab check                              check JSON events on standard input
  lab clean                              remove what a killed run left behind
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	verbs := map[string]func(context.Context, []string) (bool, error){
		"live": live, "contain": contain, "run": run, "capture": capture, "record": record, "record-bench": recordBench, "load": load, "check": check, "clean": clean,
	}
	verb := verbs[os.Args[1]]
	if verb == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ok, err := verb(ctx, os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// options reads flags and refuses other arguments.
func options(name string, args []string, define func(*flag.FlagSet)) error {
	f := flag.NewFlagSet("lab "+name, flag.ContinueOnError)
	define(f)
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%s takes no %q", name, f.Arg(0))
	}
	return nil
}

func live(ctx context.Context, args []string) (bool, error) {
	var bulwark, keep string
	err := options("live", args, func(f *flag.FlagSet) {
		f.StringVar(&bulwark, "bulwark", os.Getenv("BULWARK"), "the program that watches; default $BULWARK")
		f.StringVar(&keep, "keep", "", "keep the events in this file")
	})
	if err != nil {
		return false, err
	}
	if bulwark == "" {
		return false, fmt.Errorf("live needs -bulwark or $BULWARK")
	}
	seen, err := lab.Live(ctx, bulwark, os.Stderr)
	if err != nil {
		return false, err
	}
	if keep != "" {
		if err := os.WriteFile(keep, seen.Events, 0o644); err != nil {
			return false, err
		}
	}
	results, err := lab.Check(bytes.NewReader(seen.Events), append(lab.Expectations(), lab.LiveExpectations()...))
	if err != nil {
		return false, err
	}
	ok := lab.Print(os.Stdout, "lab_expectations", results)
	if results, err = lab.CheckDevices(seen.Devices); err != nil {
		return false, err
	}
	ok = lab.Print(os.Stdout, "lab_devices", results) && ok
	ok = lab.Print(os.Stdout, "lab_findings", lab.CheckFindings(seen.Findings)) && ok
	fmt.Fprint(os.Stdout, seen.Stories())
	return lab.Print(os.Stdout, "lab_incidents", seen.CheckIncidents()) && ok, nil
}

func contain(ctx context.Context, args []string) (bool, error) {
	var bulwark string
	err := options("contain", args, func(f *flag.FlagSet) {
		f.StringVar(&bulwark, "bulwark", os.Getenv("BULWARK"), "the program that watches; default $BULWARK")
	})
	if err != nil {
		return false, err
	}
	if bulwark == "" {
		return false, fmt.Errorf("contain needs -bulwark or $BULWARK")
	}
	return lab.Contain(ctx, bulwark, os.Stdout, os.Stderr)
}

func run(ctx context.Context, args []string) (bool, error) {
	var bulwark, file, keep string
	err := options("run", args, func(f *flag.FlagSet) {
		f.StringVar(&bulwark, "bulwark", os.Getenv("BULWARK"), "the program that reads the capture; default $BULWARK")
		f.StringVar(&file, "capture", "", "check this capture instead of running the hospital; needs no root")
		f.StringVar(&keep, "keep", "", "keep the capture in this file")
	})
	if err != nil {
		return false, err
	}
	if bulwark == "" {
		return false, fmt.Errorf("run needs -bulwark or $BULWARK")
	}
	if file == "" {
		file = keep
		if file == "" {
			dir, err := os.MkdirTemp("", "lab-")
			if err != nil {
				return false, err
			}
			defer os.RemoveAll(dir)
			file = filepath.Join(dir, "lab.pcap")
		}
		if err := captureTo(ctx, file); err != nil {
			return false, err
		}
	}
	results, err := lab.ReadAndCheck(ctx, bulwark, file)
	if err != nil {
		return false, err
	}
	ok := lab.Print(os.Stdout, "lab_offline_expectations", results)
	for _, x := range []struct {
		figure string
		read   func() ([]lab.Device, error)
	}{
		{"lab_offline_devices", func() ([]lab.Device, error) { return lab.ReadDevices(ctx, bulwark, file) }},
		{"lab_moved_devices", func() ([]lab.Device, error) { return lab.ReadDevicesTwice(ctx, bulwark, file) }},
	} {
		all, err := x.read()
		if err != nil {
			return false, err
		}
		if results, err = lab.CheckDevices(all); err != nil {
			return false, err
		}
		ok = lab.Print(os.Stdout, x.figure, results) && ok
	}
	return ok, nil
}

func capture(ctx context.Context, args []string) (bool, error) {
	out, err := outOption("capture", args)
	if err != nil {
		return false, err
	}
	return true, captureTo(ctx, out)
}

func record(ctx context.Context, args []string) (bool, error) {
	out, err := outOption("record", args)
	if err != nil {
		return false, err
	}
	return true, inHospital(ctx, func(h *lab.Hospital) error { return h.RecordStory(ctx, out, os.Stderr) })
}

func recordBench(ctx context.Context, args []string) (bool, error) {
	b := lab.Bench{}
	var out string
	err := options("record-bench", args, func(f *flag.FlagSet) {
		f.StringVar(&out, "o", "", "pcap to write")
		f.Int64Var(&b.Bytes, "bytes", 545_000_000, "end when the file has so many bytes")
		f.DurationVar(&b.Limit, "limit", 10*time.Minute, "end in any case")
		f.Uint64Var(&b.Seed, "seed", 1, "chooses files and what the clients do")
	})
	if err != nil {
		return false, err
	}
	if out == "" {
		return false, fmt.Errorf("record-bench needs -o")
	}
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	b.Load = []string{self, "load"}
	return true, lab.RecordBench(ctx, out, b, os.Stdout)
}

// load is the clients of record-bench, which runs it in their namespace.
func load(ctx context.Context, args []string) (bool, error) {
	var ca string
	var seed uint64
	err := options("load", args, func(f *flag.FlagSet) {
		f.StringVar(&ca, "ca", "", "certificate of the authority")
		f.Uint64Var(&seed, "seed", 1, "chooses what the clients do")
	})
	if err != nil {
		return false, err
	}
	return true, lab.Load(ctx, ca, seed)
}

// outOption reads the one option of a verb that writes a file.
func outOption(verb string, args []string) (out string, err error) {
	err = options(verb, args, func(f *flag.FlagSet) { f.StringVar(&out, "o", "", "file to write") })
	if err == nil && out == "" {
		err = fmt.Errorf("%s needs -o", verb)
	}
	return out, err
}

// captureTo runs every scenario once and writes what the mirror saw.
func captureTo(ctx context.Context, out string) error {
	return inHospital(ctx, func(h *lab.Hospital) error {
		return h.Capture(ctx, out, lab.Scenarios(), func(name string, begin, end time.Time) {
			fmt.Fprintf(os.Stderr, "%-24s %s\n", name, end.Sub(begin).Round(time.Millisecond))
		})
	})
}

// inHospital opens the hospital for f.
func inHospital(ctx context.Context, f func(*lab.Hospital) error) error {
	h, err := lab.Open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(h), h.Close())
}

func check(_ context.Context, args []string) (bool, error) {
	if err := options("check", args, func(*flag.FlagSet) {}); err != nil {
		return false, err
	}
	results, err := lab.Check(os.Stdin, lab.Expectations())
	if err != nil {
		return false, err
	}
	slices.SortStableFunc(results, func(a, b lab.Result) int {
		switch {
		case a.Passed == b.Passed:
			return 0
		case a.Passed:
			return -1
		}
		return 1
	})
	return lab.Print(os.Stdout, "lab_expectations", results), nil
}

func clean(ctx context.Context, args []string) (bool, error) {
	if err := options("clean", args, func(*flag.FlagSet) {}); err != nil {
		return false, err
	}
	n, err := lab.NewNetwork(ctx)
	if err != nil {
		return false, err
	}
	return true, n.Close()
}
