package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"bulwark/detect/signature/internal/multi"
)

// own is our side of the race: what vectorscan/main.c does, with package multi.
func own(patterns, buffers, rounds string) error {
	texts, err := os.ReadFile(patterns)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(buffers)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(rounds)
	if err != nil {
		return err
	}
	begin := cpu()
	set := multi.Compile(unpackPatterns(texts))
	built := cpu() - begin
	var (
		hits  multi.Hits
		count int
	)
	begin = cpu()
	for range n {
		count = 0
		for rest := data; len(rest) >= 4; {
			size := binary.LittleEndian.Uint32(rest)
			set.Scan(rest[4:4+size], &hits)
			count += len(hits.IDs())
			rest = rest[4+size:]
		}
	}
	fmt.Printf("hits %d cpu %.6f build %.3f size %d\n", count, (cpu() - begin).Seconds(), built.Seconds(), set.Size())
	return nil
}

// cpu is what this process has used, user and system.
func cpu() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// The two files that both sides read: see vectorscan/main.c.

func packPatterns(patterns []multi.Pattern) (out []byte) {
	for _, p := range patterns {
		fold := byte(0)
		if p.Fold {
			fold = 1
		}
		out = append(out, byte(len(p.Bytes)), fold)
		out = append(out, p.Bytes...)
	}
	return out
}

func unpackPatterns(data []byte) (out []multi.Pattern) {
	for len(data) >= 2 {
		n := int(data[0])
		out = append(out, multi.Pattern{Bytes: data[2 : 2+n], Fold: data[1] == 1})
		data = data[2+n:]
	}
	return out
}

func packBuffers(buffers [][]byte) (out []byte) {
	for _, b := range buffers {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(b)))
		out = append(out, b...)
	}
	return out
}
