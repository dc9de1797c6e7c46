// Command benchcapture mixes the large capture that the sensor is measured on: public captures repeated with
// addresses moved and spread over five minutes, and the recorded traffic of the lab. The same inputs and seed give
// the same file, whose SHA-256 it prints.
package main

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"bulwark/wire/pcap"
)

type options struct {
	data, lab, out string
	seed           uint64
	gigabytes      float64
	copies         int
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "folder of public captures, loose or in .tar.zst archives")
	flag.StringVar(&o.lab, "lab", "", "capture recorded by `lab record-bench` (pcap or pcapng, also compressed); without it the public part fills the file")
	flag.Uint64Var(&o.seed, "seed", 1, "places the copies in time")
	flag.Float64Var(&o.gigabytes, "gb", 1, "size wanted, in 10^9 bytes; the public part repeats to fill what the recorded part leaves, at least half")
	flag.IntVar(&o.copies, "copies", 0, "repeat the public captures so often; 0: as -gb asks")
	flag.StringVar(&o.out, "o", "", "pcap to write, outside the repository")
	flag.Parse()
	if o.data == "" || o.out == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchcapture:", err)
		os.Exit(1)
	}
}

func run(o options, report io.Writer) error {
	sources, err := readSources(o.data)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		return fmt.Errorf("%s holds no capture", o.data)
	}
	packets, bytes := 0, 0
	for _, s := range sources {
		packets += len(s.frames)
		bytes += s.bytes
	}
	if o.copies == 0 {
		if o.copies, err = copiesFor(o, packets, bytes); err != nil {
			return err
		}
	}
	fmt.Fprintf(report, "public     %d captures, %d packets, %d bytes, %d times\n", len(sources), packets, bytes, o.copies)
	cursors, err := place(sources, o)
	if err != nil {
		return err
	}
	return write(o.out, cursors, report)
}

// copiesFor is how often the public part must repeat to fill its share of the file.
func copiesFor(o options, packets, bytes int) (int, error) {
	share := o.gigabytes * 1e9
	if o.lab != "" {
		share /= 2
	}
	perCopy := float64(bytes + 16*packets) // 16 bytes head every packet of a pcap
	return max(1, int(share/perCopy+0.5)), nil
}

// place makes a cursor for every copy of every source, and one for the recorded part.
func place(sources []*source, o options) ([]cursor, error) {
	var all []cursor
	for file, s := range sources {
		for n := range o.copies {
			all = append(all, newCopy(s, file, n, o.seed))
		}
	}
	if o.lab == "" {
		return all, nil
	}
	lab, err := openRecorded(o.lab)
	if err != nil {
		return nil, fmt.Errorf("opening the recorded part: %w", err)
	}
	return append(all, lab), nil
}

// write merges the cursors into a new file that takes its name when it is whole.
func write(out string, cursors []cursor, report io.Writer) (err error) {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(out), filepath.Base(out)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	sum := sha256.New()
	b := bufio.NewWriterSize(io.MultiWriter(f, sum), 1<<20)
	w, err := pcap.NewWriter(b, pcap.LinkEthernet)
	if err != nil {
		return err
	}
	var p properties
	err = merge(cursors, func(t int64, frame []byte) error {
		p.add(frame)
		return w.Write(&pcap.Packet{Time: windowStart + t, Data: frame, Orig: len(frame), Link: pcap.LinkEthernet})
	})
	if err != nil {
		return err
	}
	if err := errors.Join(b.Flush(), f.Chmod(0o644), f.Close(), os.Rename(f.Name(), out)); err != nil {
		return err
	}
	fmt.Fprintf(report, "file       %s\n", out)
	p.print(report)
	_, err = fmt.Fprintf(report, "sha256     %x\n", sum.Sum(nil))
	return err
}
