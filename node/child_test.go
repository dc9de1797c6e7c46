package node

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"bulwark/observe/sensor"
)

// watcher is the id of the caged process that this process started; 0 where there is none. Its parent is this one, or
// the one that made its namespaces.
func watcher(t *testing.T) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		line, err := os.ReadFile(name)
		if err != nil || !bytes.HasPrefix(line, []byte("bulwark-sensor\x00")) {
			continue // it has ended, or is another
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err == nil && ours(pid) {
			return pid
		}
	}
	return 0
}

// ours reports whether pid is a child of this process.
func ours(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && strings.Contains(string(text), fmt.Sprintf("\nPPid:\t%d\n", os.Getpid()))
}

func (r *running) warned(id string) bool {
	for _, w := range r.health.Warnings() {
		if w.ID == id {
			return true
		}
	}
	return false
}

func TestAWatcherThatIsKilledIsStartedAnew(t *testing.T) {
	needCage(t)
	if err := sensor.CanCapture(); err != nil {
		t.Skipf("needs the right to capture: %v", err)
	}
	c := settings()
	c.Sensor.Interfaces = []string{"lo"}
	n := start(t, made{config: c, dir: t.TempDir()})
	probe := n.browser() // each request crosses lo
	packets := func() uint64 {
		probe.get("/healthz")
		probe.client.CloseIdleConnections()
		s := n.sensor.State()
		if len(s.Interfaces) == 0 {
			return 0
		}
		return s.Interfaces[0].Packets
	}
	await(t, "packets of lo are counted", func() bool { return packets() > 0 })
	await(t, "the traffic can be searched", func() bool { packets(); return n.found("kind:tls") > 0 })

	for round := 1; round <= 2; round++ {
		pid := watcher(t)
		if pid == 0 {
			t.Fatal("no caged process runs")
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		await(t, "somebody is told that nothing is watched", func() bool { return n.warned("sensor.not-watching") })
		await(t, "the warning ends", func() bool { return !n.warned("sensor.not-watching") })
		if got := n.sensor.State().Restarts; got != round {
			t.Errorf("got %d restarts, want %d", got, round)
		}
		before := n.found("kind:tls")
		await(t, "traffic is seen again", func() bool { packets(); return n.found("kind:tls") > before })
	}
	if status, _ := probe.get("/readyz"); status != 200 {
		t.Errorf("/readyz = %d, want 200: the node itself was never away", status)
	}
}

func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}

// mirror makes a pair of interfaces: what is sent to 198.51.100.2 leaves by tap0 and arrives at mirror0. Without the
// right to that, or a program that reads packets in its cage, the test is skipped.
func mirror(t *testing.T) {
	t.Helper()
	needCage(t)
	if os.Getenv(inside) == "" {
		t.Skip("needs root and a network namespace of its own: it makes interfaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the ip command (iproute2)")
	}
	ip(t, "link add tap0 type veth peer name mirror0")
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", "tap0").Run() }) // it may be gone already
	ip(t, "link set mirror0 up")
	ip(t, "link set tap0 up")
	ip(t, "addr add 198.51.100.1/24 dev tap0")
	ip(t, "neigh add 198.51.100.2 lladdr 02:00:00:00:00:02 dev tap0")
}

// question is a DNS query for the address of a name (RFC 1035 section 4).
func question(name string) []byte {
	q := []byte{0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for label := range strings.SplitSeq(name, ".") {
		q = append(append(q, byte(len(label))), label...)
	}
	return append(q, 0, 0, 1, 0, 1)
}

func TestAnInterfaceThatReturnsIsWatchedAgain(t *testing.T) {
	mirror(t)
	c := settings()
	c.Sensor.Interfaces = []string{"mirror0"}
	n := start(t, made{config: c, dir: t.TempDir()})
	asks := func(name string) {
		conn, err := net.Dial("udp", "198.51.100.2:53")
		if err == nil {
			_, err = conn.Write(question(name))
			err = errors.Join(err, conn.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := func(name string) {
		t.Helper()
		await(t, name+" is seen", func() bool {
			asks(name)
			return n.found("kind:dns "+name) > 0
		})
	}
	seen("before.hospital.example")
	ip(t, "link del tap0")
	await(t, "somebody is told that the interface is away", func() bool { return n.warned("sensor.interface-gone") })
	mirror(t)
	await(t, "the warning ends", func() bool { return !n.warned("sensor.interface-gone") })
	seen("after.hospital.example")
}
