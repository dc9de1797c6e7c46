package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"bulwark/wire/pcap"
)

// liveNS is the namespace in which packets are sent and watched.
const liveNS = "bwlab-live"

// live sends packets over a pair of interfaces at a share of the offline rate, of small packets and of the capture's
// mix, and tells what was lost. The sender has one core, the sensor the other.
func live(s settings, offline float64) error {
	if os.Geteuid() != 0 {
		fmt.Println("SKIP sensor_live_drop_share making network namespaces needs root")
		return nil
	}
	if runtime.NumCPU() < 2 {
		fmt.Println("SKIP sensor_live_drop_share sender and sensor need a core each")
		return nil
	}
	if err := makePair(); err != nil {
		return err
	}
	defer func() { _ = exec.Command("ip", "netns", "del", liveNS).Run() }() // nothing to do if it stays
	mixed, err := frames(s.capture, 400_000)
	if err != nil {
		return err
	}
	small := [][]byte{segment(1, true, 1, 1, 16, "12345")}
	worst := 0.0
	for _, c := range []liveCase{{"small", small, "1", 0.8 * offline}, {"mixed", mixed, "1", 0.8 * offline}, {"above", small, "0", 0}} {
		sent, took, read, dropped, err := c.run(s)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d packets sent at %.3f Mpps, asked for %.3f; %d read, %d dropped\n", c.name, sent, float64(sent)/took/1e6,
			c.rate/1e6, read, dropped)
		if c.name == "above" {
			fmt.Printf("RESULT sensor_live_accounted %.4f share\n", float64(read+dropped)/float64(sent))
			continue
		}
		fmt.Printf("RESULT sensor_live_%s_mpps %.3f Mpps\n", c.name, float64(sent)/took/1e6)
		worst = max(worst, float64(dropped)/float64(sent))
	}
	fmt.Printf("RESULT sensor_live_drop_share %.5f share\n", worst)
	return nil
}

func makePair() error {
	_ = exec.Command("ip", "netns", "del", liveNS).Run() // what a killed run left
	for _, args := range [][]string{
		{"netns", "add", liveNS},
		{"-n", liveNS, "link", "add", "v0", "mtu", "9000", "type", "veth", "peer", "name", "v1", "mtu", "9000"},
		{"-n", liveNS, "link", "set", "v0", "up"},
		{"-n", liveNS, "link", "set", "v1", "up"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", args, err, out)
		}
	}
	return nil
}

// frames are the first n Ethernet frames of a capture.
func frames(name string, n int) ([][]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r, err := pcap.FromBytes(data)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	var p pcap.Packet
	for len(all) < n && r.Next(&p) == nil {
		if p.Link == pcap.LinkEthernet && len(p.Data) >= 14 && len(p.Data) <= 9000 {
			all = append(all, p.Data)
		}
	}
	return all, nil
}

var watched = regexp.MustCompile(`v0: (\d+) packets were read, (\d+) dropped`)

// run sends for some seconds while bulwark watches on its core. rate is in packets a second; 0 is as fast as it goes.
func (c *liveCase) run(s settings) (sent uint64, took float64, read, dropped uint64, err error) {
	cmd := exec.Command("ip", "netns", "exec", liveNS, "taskset", "-c", c.core, s.bulwark, "read", "--measure", "--interface", "v0")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return 0, 0, 0, 0, err
	}
	time.Sleep(2 * time.Second) // it opens its socket
	sent, took, err = c.send()
	time.Sleep(time.Second) // what waits in the ring is read
	err = errors.Join(err, cmd.Process.Signal(unix.SIGINT), cmd.Wait())
	m := watched.FindSubmatch(said.Bytes())
	if err != nil || m == nil {
		return 0, 0, 0, 0, fmt.Errorf("watching: %w; it said %s", err, said.Bytes())
	}
	read, _ = strconv.ParseUint(string(m[1]), 10, 64)
	dropped, _ = strconv.ParseUint(string(m[2]), 10, 64)
	return sent, took, read, dropped, nil
}

// liveCase is one way of sending.
type liveCase struct {
	name   string
	frames [][]byte
	core   string  // of the sensor; the sender has the first
	rate   float64 // packets a second; 0: as fast as it goes
}

// sendFor is how long each case sends.
const sendFor = 8 * time.Second

// send sends the frames over and over through v1 from the first core.
func (c *liveCase) send() (sent uint64, took float64, err error) {
	done := make(chan error, 1)
	go func() { // the thread is left in the namespace, and ends with the goroutine
		runtime.LockOSThread()
		var set unix.CPUSet
		set.Set(0)
		err := unix.SchedSetaffinity(0, &set)
		if err == nil {
			err = enter(liveNS)
		}
		if err == nil {
			sent, took, err = c.flood()
		}
		done <- err
	}()
	err = <-done
	return sent, took, err
}

func enter(ns string) error {
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
}

// burst is how many frames one system call sends.
const burst = 32

// message is struct mmsghdr of Linux.
type message struct {
	header unix.Msghdr
	sent   uint32
	_      uint32
}

func (c *liveCase) flood() (sent uint64, took float64, err error) {
	nic, err := net.InterfaceByName("v1")
	if err != nil {
		return 0, 0, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0, err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		return 0, 0, err
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: nic.Index}); err != nil {
		return 0, 0, err
	}
	messages, vectors := make([]message, burst), make([]unix.Iovec, burst)
	begin, next := time.Now(), 0
	for time.Since(begin) < sendFor {
		if c.rate > 0 && float64(sent) > time.Since(begin).Seconds()*c.rate {
			continue // ahead of the rate
		}
		for i := range messages {
			f := c.frames[next]
			next = (next + 1) % len(c.frames)
			vectors[i] = unix.Iovec{Base: unsafe.SliceData(f), Len: uint64(len(f))}
			messages[i].header = unix.Msghdr{Iov: &vectors[i], Iovlen: 1}
		}
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(messages))), burst, 0, 0, 0)
		switch errno {
		case 0:
			sent += uint64(n)
		case unix.ENOBUFS, unix.EAGAIN:
		default:
			return sent, 0, fmt.Errorf("sending: %w", errno)
		}
	}
	return sent, time.Since(begin).Seconds(), nil
}
