// Command benchfinding measures how long it takes from a packet to a finding: it sends packets that a rule tells of over a pair of
// interfaces in a network namespace of its own, to a whole program, and asks it over and over until the finding is there. Its last
// lines are RESULT and SKIP lines. It needs root.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"
)

const (
	namespace = "bwlab-finding"
	enough    = 20 * time.Second // a finding that is not there by then is lost
	between   = 300 * time.Millisecond
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "benchfinding:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	bulwark, dir string
	packets      int
	inside       bool
}

func run() error {
	var s settings
	flag.StringVar(&s.bulwark, "bulwark", "bin/bulwark", "the `program` that is measured")
	flag.IntVar(&s.packets, "packets", 200, "how many findings are waited for")
	flag.StringVar(&s.dir, "dir", "", "`folder` for what is kept; default one that is removed at the end")
	flag.BoolVar(&s.inside, "inside", false, "this process is in the namespace already")
	flag.Parse()
	if os.Geteuid() != 0 {
		fmt.Println("SKIP finding_p95_ms making network namespaces needs root")
		return nil
	}
	if s.inside {
		return s.measure()
	}
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "benchfinding-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		s.dir = dir
	}
	if err := makePair(); err != nil {
		return err
	}
	defer func() { _ = exec.Command("ip", "netns", "del", namespace).Run() }() // nothing to do if it stays
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bulwark, err := filepath.Abs(s.bulwark)
	if err != nil {
		return err
	}
	c := exec.Command("ip", "netns", "exec", namespace, self, "-inside", "-bulwark", bulwark, "-dir", s.dir, "-packets", fmt.Sprint(s.packets))
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c.Run()
}

func makePair() error {
	_ = exec.Command("ip", "netns", "del", namespace).Run() // what a killed run left
	for _, args := range [][]string{
		{"netns", "add", namespace},
		{"netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"},
		{"-n", namespace, "link", "set", "lo", "up"},
		{"-n", namespace, "link", "add", "v0", "type", "veth", "peer", "name", "v1"},
		{"-n", namespace, "link", "set", "v0", "up"},
		{"-n", namespace, "link", "set", "v1", "up"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

const rules = `alert udp any any -> any 9999 (msg:"What is measured"; content:"a needle to be found"; sid:1; rev:1;)
`

const config = `console:
  listen: "127.0.0.1:18443"
sensor:
  interfaces: [v1]
rules:
  shipped: false
  paths: [%s]
findings:
  wide: 100000
`

// measure runs the program and sends packets to it.
func (s *settings) measure() error {
	file := filepath.Join(s.dir, "bench.rules")
	conf := filepath.Join(s.dir, "bulwark.yaml")
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	if err := errors.Join(os.WriteFile(file, []byte(rules), 0o600), os.WriteFile(conf, fmt.Appendf(nil, config, file), 0o600)); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	data := filepath.Join(s.dir, "data")
	c := exec.CommandContext(ctx, s.bulwark, "up", "--config", conf, "--data", data)
	c.Stdout, c.Stderr = log, log
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = enough
	if err := c.Start(); err != nil {
		stop()
		return err
	}
	defer func() { stop(); _ = c.Wait() }() // it was asked to end
	took, err := s.send(newAsker(data))
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w\n%s", err, text)
	}
	slices.Sort(took)
	at := func(share float64) float64 { return took[int(share*float64(len(took)-1))].Seconds() * 1000 }
	fmt.Printf("%d findings, each of a packet of its own: median %.0f ms, longest %.0f ms\n", len(took), at(0.5), at(1))
	fmt.Printf("RESULT finding_p50_ms %.0f ms\n", at(0.5))
	fmt.Printf("RESULT finding_p95_ms %.0f ms\n", at(0.95))
	return nil
}

// send sends packets, one after the other, and waits for the finding of each. The first are not counted: they wait for the program.
func (s *settings) send(a *asker) ([]time.Duration, error) {
	wire, err := openWire("v0")
	if err != nil {
		return nil, err
	}
	defer wire.close()
	if err := warm(a, wire); err != nil {
		return nil, err
	}
	var took []time.Duration
	for n := range s.packets {
		from := net.IPv4(10, 98, byte(n>>8), byte(n))
		<-time.After(rand.N(between)) // not in step with any clock of the program
		begin := time.Now()
		if err := wire.send(from); err != nil {
			return nil, err
		}
		ok, err := a.wait(from.String(), enough)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("the packet of %s makes no finding within %v", from, enough)
		}
		took = append(took, time.Since(begin))
	}
	return took, nil
}

// warm sends packets until one makes a finding.
func warm(a *asker, w *wire) error {
	for n := range 60 {
		from := net.IPv4(10, 97, 0, byte(n))
		if err := w.send(from); err != nil {
			return err
		}
		if ok, err := a.wait(from.String(), time.Second); err == nil && ok {
			return nil
		}
	}
	return errors.New("no packet makes a finding")
}

// wire is the end of the pair at which packets are sent.
type wire struct {
	fd int
	to unix.SockaddrLinklayer
}

func openWire(name string) (*wire, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return nil, err
	}
	return &wire{fd, unix.SockaddrLinklayer{Ifindex: i.Index, Halen: 6}}, nil
}

func (w *wire) close() { _ = unix.Close(w.fd) }

// send sends a packet of which the rule tells.
func (w *wire) send(from net.IP) error {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: from, DstIP: net.IPv4(10, 98, 255, 1)}
	udp := &layers.UDP{SrcPort: 40000, DstPort: 9999}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		return err
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4},
		ip, udp, gopacket.Payload("here is a needle to be found")); err != nil {
		return err
	}
	return unix.Sendto(w.fd, b.Bytes(), 0, &w.to)
}

// asker asks the running program.
type asker struct{ client http.Client }

func newAsker(dir string) *asker {
	path := filepath.Join(dir, "control.sock")
	return &asker{http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}}
}

// wait asks until there is a finding about an address.
func (a *asker) wait(address string, limit time.Duration) (bool, error) {
	var last error
	for end := time.Now().Add(limit); time.Now().Before(end); <-time.After(2 * time.Millisecond) {
		n, err := a.ask(address)
		if last = err; n > 0 {
			return true, nil
		}
	}
	return false, last
}

func (a *asker) ask(address string) (int, error) {
	resp, err := a.client.Get("http://bulwark/api/findings?limit=1&entity=" + address)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return 0, err
	}
	var page struct {
		Total int `json:"total"`
	}
	return page.Total, json.Unmarshal(text, &page)
}
