package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// ringPart measures what it costs to keep the packets: the same analysis with and without the packet ring, in turn.
func ringPart(s settings) error {
	dir := filepath.Join(filepath.Dir(s.capture), "bench-ring") // on a disk, where the capture is
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	off := &program{name: "off", args: []string{s.bulwark, "read", "--measure", s.capture}}
	on := &program{name: "on", args: []string{s.bulwark, "read", "--measure", "--keep", dir, s.capture}}
	var shares []float64
	var kept int64
	for range s.rounds {
		one := s
		one.rounds = 1
		if err := race([]*program{off, on}, one); err != nil {
			return err
		}
		if off.absent {
			return errors.New("there is no program to measure")
		}
		shares = append(shares, cost(on)/cost(off)-1)
		var err error
		if kept, err = folderSize(dir); err != nil {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	slices.Sort(shares)
	fmt.Printf("RESULT ring_cost_share %.3f share\n", shares[len(shares)/2])
	fmt.Printf("RESULT ring_off_cpu_s %.3f s\n", off.median().Seconds())
	fmt.Printf("RESULT ring_on_cpu_s %.3f s\n", on.median().Seconds())
	st, err := os.Stat(s.capture)
	if err != nil {
		return err
	}
	fmt.Printf("RESULT ring_disk_share %.3f share\n", float64(kept)/float64(st.Size()))
	return nil
}

// cost is the CPU time of the last run, in seconds.
func cost(p *program) float64 { return p.cpu[len(p.cpu)-1].Round(time.Millisecond).Seconds() }

// folderSize is how long the files of a folder are together.
func folderSize(dir string) (n int64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		st, err := e.Info()
		if err != nil {
			return 0, err
		}
		n += st.Size()
	}
	return n, nil
}
