package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bulwark/platform/cage"
)

// inside marks the process that runs the tests in a network namespace of its own.
const inside = "CAPTURE_TEST_INSIDE"

// TestMain runs all tests in a new network namespace when it can, so that nothing but the tests sends packets.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "part":
		os.Exit(part(os.Args[2]))
	case os.Geteuid() != 0 || os.Getenv(inside) != "":
		os.Exit(m.Run())
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.ExitCode())
	case err != nil: // no namespaces here: the tests that need one skip
		os.Exit(m.Run())
	}
}

// part runs what a test starts in a process of its own.
func part(name string) int {
	run := map[string]func() error{"rights": func() error { fmt.Print(CanCapture()); return nil }, "caged": caged}[name]
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// caged reads packets as the sensor's child does, and tries to send one.
func caged() error {
	c, err := cage.Enter(cage.Limits{})
	if err != nil {
		return err
	}
	_, err = unix.Write(int(c.Files[0].Fd()), make([]byte, 64))
	fmt.Fprintf(c.Data, "send: %v\n", err)
	r, err := FromFD(c.Files[0])
	if err != nil {
		return err
	}
	got, err := collect(r, 3)
	fmt.Fprintf(c.Data, "packets: %d, %v\n", len(got), err)
	s, err := r.Stats()
	fmt.Fprintf(c.Data, "stats: %d received, %d dropped, %v\n", s.Received, s.Dropped, err)
	return nil
}

// needVeth makes a pair of interfaces, a0 and b0, and removes it after the test.
func needVeth(t testing.TB) {
	t.Helper()
	if os.Getenv(inside) == "" {
		t.Skip("needs root and a network namespace of its own: it makes interfaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the ip command (iproute2)")
	}
	for _, conf := range []string{"all", "default"} { // no neighbour discovery among the packets
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+conf+"/disable_ipv6", []byte("1"), 0o644); err != nil && !os.IsNotExist(err) {
			t.Logf("IPv6 stays on: %v", err)
		}
	}
	ip(t, "link add a0 type veth peer name b0")
	t.Cleanup(func() { exec.Command("ip", "link", "del", "a0").Run() })
	ip(t, "link set b0 up")
	ip(t, "link set a0 up")
	// The kernel switches the queues on a moment after the link; what is sent before is lost.
	for _, name := range []string{"a0", "b0"} {
		for deadline := time.Now().Add(5 * time.Second); ; {
			n, err := net.InterfaceByName(name)
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("%s does not come up: %v", name, err)
			}
			if n.Flags&net.FlagRunning != 0 {
				break
			}
		}
	}
}

func ip(t testing.TB, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}

// sender is a socket that sends frames out of an interface.
type sender struct{ fd int }

func newSender(t testing.TB, name string) sender {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: index(t, name)}); err != nil {
		t.Fatal(err)
	}
	return sender{fd}
}

func (s sender) send(t testing.TB, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		if _, err := unix.Write(s.fd, f); err != nil {
			t.Fatal(err)
		}
	}
}

// got is a packet with a copy of its data.
type got struct {
	Packet
	member int
}

var errPatience = errors.New("the packets did not come")

// collect reads n packets, or says after 5 seconds of silence that they did not come.
func collect(r *Ring, n int) ([]got, error) { return collectAll([]*Ring{r}, n) }

// collectAll reads n packets from several rings at a time.
func collectAll(rings []*Ring, n int) (all []got, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var mu sync.Mutex // guards all and ended
	var ended error
	var readers sync.WaitGroup
	for member, r := range rings {
		readers.Go(func() {
			ticks := 0
			err := r.Blocks(ctx, func(b *Block) {
				mu.Lock()
				defer mu.Unlock()
				for p := (Packet{}); b.Next(&p); {
					kept := p
					kept.Data = append([]byte{}, p.Data...)
					all = append(all, got{kept, member})
				}
				if len(all) >= n {
					cancel()
				}
			}, func() {
				if ticks++; ticks == 50 {
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) {
				mu.Lock()
				defer mu.Unlock()
				ended = err
				cancel()
			}
		})
	}
	readers.Wait()
	if ended == nil && len(all) < n {
		ended = errPatience
	}
	return all, ended
}

// rings opens an interface and maps the rings.
func rings(t testing.TB, o Options) []*Ring {
	t.Helper()
	sockets, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	var all []*Ring
	for _, s := range sockets {
		r, err := FromFD(s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		all = append(all, r)
	}
	return all
}

// ethernet builds a frame with tags, the first outermost.
func ethernet(etherType uint16, payload []byte, tags ...uint16) []byte {
	p := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}
	for i, t := range tags {
		tpid := uint16(0x8100)
		if i == 0 && len(tags) > 1 {
			tpid = 0x88a8
		}
		p = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(p, tpid), t)
	}
	return append(binary.BigEndian.AppendUint16(p, etherType), payload...)
}

// datagram builds a UDP packet; fragment is the flags and offset of an IPv4 fragment.
func datagram(src, dst netip.Addr, from, to uint16, fragment uint16) (etherType uint16, packet []byte) {
	var h []byte
	if src.Is4() {
		etherType, h = unix.ETH_P_IP, make([]byte, 20)
		h[0], h[8], h[9] = 0x45, 64, 17
		binary.BigEndian.PutUint16(h[2:], 20+8+10)
		binary.BigEndian.PutUint16(h[6:], fragment)
		copy(h[12:], src.AsSlice())
		copy(h[16:], dst.AsSlice())
	} else {
		etherType, h = unix.ETH_P_IPV6, make([]byte, 40)
		h[0], h[5], h[6], h[7] = 0x60, 8+10, 17, 64
		copy(h[8:], src.AsSlice())
		copy(h[24:], dst.AsSlice())
	}
	h = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(h, from), to)
	return etherType, append(h, 0, 18, 0, 0, 't', 'e', 'n', ' ', 'b', 'y', 't', 'e', 's', '!')
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
