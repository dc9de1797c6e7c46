package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"bulwark/internal/liveframe"
	"bulwark/wire/pcap"
)

const (
	// liveNS is the namespace in which packets are sent and watched.
	liveNS = "bwlab-live"
	// liveShare is the share of its offline rate at which the sensor may lose nothing.
	liveShare = 0.8
	// ahead is by how much more the sender is asked for: between its system calls it stands still for a moment.
	ahead = 1.05
	// sendFor is how many seconds each case sends.
	sendFor = 8
	// mixedPackets is how many packets of the capture the mixed load has: as many as the kernel holds.
	mixedPackets = 900_000
)

// live sends packets over a pair of interfaces at a share of the rate at which the sensor reads the same packets from
// a file, and then as fast as it goes, and tells what was lost. The sender has one core, with all that the kernel does
// for a packet until it is in the sensor's ring; the sensor has the other.
func live(s settings) error {
	if os.Geteuid() != 0 {
		fmt.Println("SKIP sensor_live_drop_share making network namespaces needs root")
		return nil
	}
	if runtime.NumCPU() < 2 {
		fmt.Println("SKIP sensor_live_drop_share sender and sensor need a core each")
		return nil
	}
	if err := leave(s.cpu); err != nil {
		return err
	}
	if err := makePair(); err != nil {
		return err
	}
	defer func() { _ = exec.Command("ip", "netns", "del", liveNS).Run() }() // nothing to do if it stays
	var worst tally
	for _, l := range []load{{"small", true, func() (string, error) { return small(s) }},
		{"mixed", false, func() (string, error) { return head(s.capture, mixedPackets) }}} {
		t, err := l.measure(s)
		if errors.Is(err, liveframe.ErrNoLiveFrames) {
			fmt.Println("SKIP sensor_live_drop_share", err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s packets: %w", l.name, err)
		}
		worst.dropped, worst.unknown = max(worst.dropped, t.dropped), max(worst.unknown, t.unknown)
	}
	fmt.Printf("RESULT sensor_live_drop_share %.5f share\n", worst.dropped)
	fmt.Printf("RESULT sensor_live_unaccounted %.5f share\n", worst.unknown)
	return nil
}

// leave leaves the sensor's core to the sensor: all threads of this program go to another, those to come too.
func leave(core string) error {
	var set unix.CPUSet
	set.Set(0)
	if core == "0" {
		set.Zero()
		set.Set(1)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil && !errors.Is(err, unix.ESRCH) { // it has ended
			return fmt.Errorf("leaving core %s to the sensor: %w", core, err)
		}
	}
	return nil
}

// small writes the capture of small packets.
func small(s settings) (string, error) {
	name := filepath.Join(filepath.Dir(s.capture), "small.pcap")
	return name, writeSmall(name)
}

// load is what is sent.
type load struct {
	name    string
	same    bool                   // each time around; else all conversations are new
	capture func() (string, error) // makes it
}

// tally are shares of what was sent.
type tally struct {
	dropped float64 // by the kernel, at the share of the offline rate
	unknown float64 // neither read nor told to be dropped, in either run
}

// measure reads a load from a file, then sends it.
func (l *load) measure(s settings) (t tally, err error) {
	name, err := l.capture()
	if err != nil {
		return t, err
	}
	defer os.Remove(name)
	offline, err := offlineRate(l.name, name, s)
	if err != nil {
		return t, err
	}
	tape, err := record(name, l.same)
	if err != nil {
		return t, err
	}
	fmt.Printf("RESULT sensor_live_%s_offline_mpps %.3f Mpps\n", l.name, offline/1e6)
	at, err := watchWhile(s, tape, offline*liveShare*ahead)
	if err != nil {
		return t, err
	}
	at.tell(l.name, offline)
	fmt.Printf("RESULT sensor_live_%s_mpps %.3f Mpps\n", l.name, at.rate()/1e6)
	fmt.Printf("RESULT sensor_live_%s_of_offline %.3f share\n", l.name, at.rate()/offline)
	above, err := watchWhile(s, tape, 0)
	if err != nil {
		return t, err
	}
	above.tell(l.name+", above", offline)
	fmt.Printf("RESULT sensor_live_%s_above_read_mpps %.3f Mpps\n", l.name, float64(above.read)/above.took/1e6)
	return tally{at.share(at.dropped), max(at.unknown(), above.unknown())}, nil
}

// offlineRate is how many packets of a capture file the sensor reads in a second of one core.
func offlineRate(load, name string, s settings) (float64, error) {
	p := &program{name: load, args: []string{s.bulwark, "read", "--measure", name}}
	if err := race([]*program{p}, s); err != nil {
		return 0, err
	}
	m := measured.FindSubmatch(p.output)
	if m == nil {
		return 0, errors.New("bulwark did not say what it read")
	}
	n, err := strconv.ParseFloat(string(m[1]), 64)
	return n / p.median().Seconds(), err
}

// record puts a capture on a tape, which is the same each time around or not.
func record(name string, same bool) (*liveframe.Tape, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := pcap.NewReader(f)
	if err != nil {
		return nil, err
	}
	tape, odd := &liveframe.Tape{Same: same}, 0
	for p := (pcap.Packet{}); ; {
		err := r.Next(&p)
		if err == nil {
			err = tape.Add(p.Data)
		}
		switch {
		case errors.Is(err, liveframe.ErrFrame):
			odd++
		case errors.Is(err, io.EOF), errors.Is(err, liveframe.ErrFull):
			fmt.Printf("%d packets are sent over and over; %d were too long for a live frame\n", tape.Len(), odd)
			return tape, nil
		case err != nil:
			return nil, err
		}
	}
}

func makePair() error {
	_ = exec.Command("ip", "netns", "del", liveNS).Run() // what a killed run left
	for _, args := range [][]string{
		{"netns", "add", liveNS},
		// The router advertisements of the capture would make the kernel send packets of its own.
		{"netns", "exec", liveNS, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"},
		{"-n", liveNS, "link", "add", "v0", "mtu", "3200", "type", "veth", "peer", "name", "v1", "mtu", "3200"},
		{"-n", liveNS, "link", "set", "v0", "up"},
		{"-n", liveNS, "link", "set", "v1", "up"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", args, err, out)
		}
	}
	return nil
}

// outcome is what became of the packets of one run.
type outcome struct {
	asked               float64 // packets a second; 0: as fast as it goes
	took                float64 // seconds
	sent, read, dropped uint64
	lost                uint64        // events
	sender, sensor      time.Duration // of CPU
}

func (o *outcome) rate() float64 { return float64(o.sent) / o.took }

func (o *outcome) share(n uint64) float64 { return float64(n) / float64(o.sent) }

func (o *outcome) unknown() float64 {
	return max(float64(o.sent)-float64(o.read+o.dropped), float64(o.read+o.dropped)-float64(o.sent)) / float64(o.sent)
}

func (o *outcome) tell(name string, offline float64) {
	fmt.Printf("%s: %d packets sent in %.1f s, %.3f Mpps or %.2f of the offline rate (asked for %.3f); %d read, %d dropped, %d not accounted for; %d events lost; "+
		"%.0f ns of CPU to send one, %.0f to read one\n",
		name, o.sent, o.took, o.rate()/1e6, o.rate()/offline, o.asked/1e6, o.read, o.dropped, int64(o.sent)-int64(o.read+o.dropped), o.lost,
		float64(o.sender)/float64(o.sent), float64(o.sensor)/float64(o.read))
}

var watched = regexp.MustCompile(`v0: (\d+) packets were read, (\d+) dropped by the kernel, (\d+) events lost`)

// watchWhile sends for some seconds while bulwark watches on its core.
func watchWhile(s settings, tape *liveframe.Tape, rate float64) (o outcome, err error) {
	o.asked = rate
	cmd := exec.Command("ip", "netns", "exec", liveNS, "taskset", "-c", s.cpu, s.bulwark, "read", "--measure", "--interface", "v0")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return o, err
	}
	time.Sleep(2 * time.Second) // it opens its socket
	err = o.send(tape)
	time.Sleep(3 * time.Second) // what waits in the ring is read
	err = errors.Join(err, cmd.Process.Signal(unix.SIGINT), cmd.Wait())
	m := watched.FindSubmatch(said.Bytes())
	if err == nil && m == nil {
		err = errors.New("it did not say what it read")
	}
	if err != nil {
		return o, fmt.Errorf("watching: %w; it said %s", err, said.Bytes())
	}
	o.sensor = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	for i, n := range []*uint64{&o.read, &o.dropped, &o.lost} {
		if *n, err = strconv.ParseUint(string(m[i+1]), 10, 64); err != nil {
			return o, err
		}
	}
	return o, nil
}

// send sends the tape over and over.
func (o *outcome) send(tape *liveframe.Tape) error {
	done := make(chan error, 1)
	go func() { // the thread is left in the namespace, and ends with the goroutine
		runtime.LockOSThread()
		err := enter(liveNS)
		if err == nil {
			err = o.flood(tape)
		}
		done <- err
	}()
	return <-done
}

func enter(ns string) error {
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
}

func (o *outcome) flood(tape *liveframe.Tape) (err error) {
	sender, err := liveframe.Open("v0", tape)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	second := uint32(cmp.Or(o.asked, 2e6)) // what is sent by one system call
	before, err := threadTime()
	if err != nil {
		return err
	}
	for o.took < sendFor {
		sent, took, err := sender.Send(second, o.asked)
		if err != nil {
			return err
		}
		o.sent += sent
		o.took += took.Seconds()
	}
	after, err := threadTime()
	o.sender = after - before
	return err
}

// threadTime is what this thread has used of its core.
func threadTime() (time.Duration, error) {
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &use); err != nil {
		return 0, err
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano()), nil
}
