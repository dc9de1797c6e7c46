package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bulwark/wire/pcap"
)

// cores measures how much faster two cores read the capture than one, by wall time.
func cores(s settings) error {
	var one, two []time.Duration
	for round := range s.rounds {
		for _, c := range []struct {
			cores string
			to    *[]time.Duration
		}{{"0", &one}, {"0,1", &two}} {
			begin := time.Now()
			if err := exec.Command("taskset", "-c", c.cores, s.bulwark, "read", "--measure", s.capture).Run(); err != nil {
				return fmt.Errorf("reading on cores %s: %w", c.cores, err)
			}
			*c.to = append(*c.to, time.Since(begin))
			fmt.Printf("round %d: cores %-4s %.2f s of wall time\n", round+1, c.cores, time.Since(begin).Seconds())
		}
	}
	slices.Sort(one)
	slices.Sort(two)
	fmt.Printf("RESULT sensor_two_core_ratio %.2f ratio\n", one[len(one)/2].Seconds()/two[len(two)/2].Seconds())
	return nil
}

// manyFlows is how many conversations are open at a time in the capture that [flows] makes.
const manyFlows = 1_000_000

// flows measures the memory that a million open TCP connections take, each with a request that waits for its answer.
func flows(s settings) error {
	name := filepath.Join(filepath.Dir(s.capture), "flows.pcap")
	defer os.Remove(name)
	if err := writeFlows(name); err != nil {
		return err
	}
	p := program{name: "bulwark", args: []string{s.bulwark, "read", "--measure", name}}
	if err := p.run(s.cpu); err != nil {
		return err
	}
	m := measured.FindSubmatch(p.output)
	if m == nil {
		return errors.New("bulwark did not say what it read")
	}
	fmt.Printf("%s packets of %d connections open at a time: %.2f s of CPU\n", m[1], manyFlows, p.cpu[0].Seconds())
	fmt.Printf("RESULT sensor_rss_1m_flows_mb %d MiB\n", p.rss>>10)
	return nil
}

// writeFlows writes all handshakes, then all requests, so that every connection is open when the last begins.
func writeFlows(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	w, err := pcap.NewWriter(out, pcap.LinkEthernet)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	const syn, ack, psh = 2, 16, 8
	at := int64(1_700_000_000e9)
	for step := range 4 {
		for n := range uint32(manyFlows) {
			at += 5000 // nanoseconds: a million take five seconds, less than any time-out
			var frame []byte
			switch step {
			case 0:
				frame = segment(n, true, 100, 0, syn, "")
			case 1:
				frame = segment(n, false, 300, 101, syn|ack, "")
			case 2:
				frame = segment(n, true, 101, 301, ack, "")
			case 3:
				frame = segment(n, true, 101, 301, psh|ack, "GET /fhir/Observation?code=8867-4 HTTP/1.1\r\nHost: ehr.example\r\nAccept: application/fhir+json\r\n\r\n")
			}
			if err := w.Write(&pcap.Packet{Time: at, Link: pcap.LinkEthernet, Data: frame, Orig: len(frame)}); err != nil {
				return errors.Join(err, f.Close())
			}
		}
	}
	return errors.Join(out.Flush(), f.Close())
}

// segment is a frame of connection n: from one of 65,536 clients to one of 16 servers.
func segment(n uint32, out bool, seq, ack uint32, flags byte, data string) []byte {
	b := make([]byte, 54, 54+len(data))
	b[12] = 8 // IPv4
	b[14], b[22], b[23] = 0x45, 64, 6
	binary.BigEndian.PutUint16(b[16:], uint16(40+len(data)))
	client, server := []byte{10, 1, byte(n >> 8), byte(n)}, []byte{10, 2, 0, byte(n >> 16)}
	ports := [2]uint16{uint16(20000 + n>>16), 80}
	if !out {
		client, server, ports = server, client, [2]uint16{ports[1], ports[0]}
	}
	copy(b[26:], client)
	copy(b[30:], server)
	binary.BigEndian.PutUint16(b[34:], ports[0])
	binary.BigEndian.PutUint16(b[36:], ports[1])
	binary.BigEndian.PutUint32(b[38:], seq)
	binary.BigEndian.PutUint32(b[42:], ack)
	b[46], b[47] = 5<<4, flags
	b[48] = 0xff
	return append(b, data...)
}

// soak reads the capture over and over, as one stream whose clock runs on, and watches the memory.
func soak(s settings) error {
	data, err := os.ReadFile(s.capture)
	if err != nil {
		return err
	}
	cmd := exec.Command(s.bulwark, "read", "--measure", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var memory []int64 // KiB, after each round
	begin := time.Now()
	rounds := 0
	for shift := int64(0); time.Since(begin) < s.soak; rounds++ {
		span, err := replay(in, data, shift, rounds == 0)
		if err != nil {
			return errors.Join(err, cmd.Wait())
		}
		shift += span
		m := resident(cmd.Process.Pid)
		memory = append(memory, m)
		fmt.Printf("round %d after %.0f s: %d MiB\n", rounds+1, time.Since(begin).Seconds(), m>>10)
	}
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		return err
	}
	half := memory[len(memory)/2:] // the rounds before fill tables and buffers
	fmt.Printf("RESULT sensor_soak_minutes %.1f min\n", time.Since(begin).Minutes())
	fmt.Printf("RESULT sensor_soak_rss_mb %d MiB\n", slices.Max(memory)>>10)
	fmt.Printf("RESULT sensor_soak_growth_mb %d MiB\n", (slices.Max(half)-half[0])>>10)
	return nil
}

// replay writes the packets of a capture with shifted times, and returns the span to shift the next round by.
func replay(to interface{ Write([]byte) (int, error) }, data []byte, shift int64, head bool) (int64, error) {
	r, err := pcap.FromBytes(data)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(to, 1<<20)
	w, err := pcap.NewWriter(out, pcap.LinkEthernet)
	if err != nil {
		return 0, err
	}
	if !head {
		out.Reset(to) // the header was written in the first round
	}
	var p pcap.Packet
	first, last := int64(0), int64(0)
	for r.Next(&p) == nil {
		if first == 0 {
			first = p.Time
		}
		last = p.Time
		p.Time += shift
		if err := w.Write(&p); err != nil {
			return 0, err
		}
	}
	return last - first + int64(time.Second), out.Flush()
}

// resident is the memory of a process and its children, in KiB.
func resident(pid int) int64 {
	total := int64(0)
	for _, p := range append(children(pid), pid) {
		var size, rss int64
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p))
		if err == nil {
			_, _ = fmt.Sscan(string(text), &size, &rss) // a process that has ended has none
		}
		total += rss * int64(syscall.Getpagesize()) >> 10
	}
	return total
}

// children are the processes that any thread of a process has started, and theirs.
func children(pid int) []int {
	var all []int
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, name := range lists {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(append(all, child), children(child)...)
			}
		}
	}
	return all
}
