package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Prefix begins the name of every namespace, file and folder that a lab makes.
const Prefix = "bwlab-"

const (
	switchNS  = Prefix + "switch"
	sensorNS  = Prefix + "sensor"
	mirrorDev = "mirror0"
	netnsDir  = "/run/netns"
	etcNetns  = "/etc/netns"
	lockFile  = "/run/" + Prefix + "lock"
)

// ErrNotRoot means that the lab cannot make namespaces.
var ErrNotRoot = errors.New("lab: making network namespaces needs root")

// Network is a switch with a mirror port and the hosts on it.
type Network struct {
	// Dir is a temporary folder of the lab, removed by Close.
	Dir   string
	lock  *os.File
	hosts map[string]*Host
}

// Host is one machine of the lab: a namespace with one interface on the switch.
type Host struct {
	Name string
	// Addr is where the host is to be found. Invalid on a host that has no lease yet.
	Addr netip.Addr
	MAC  string
	ns   string
	dir  string
}

// NewNetwork removes what an earlier run left, and makes an empty switch with its mirror port. One lab runs at a
// time: it waits for another to end.
func NewNetwork(ctx context.Context) (*Network, error) {
	if os.Geteuid() != 0 {
		return nil, ErrNotRoot
	}
	lock, err := takeLock(ctx)
	if err != nil {
		return nil, err
	}
	n := &Network{lock: lock, hosts: map[string]*Host{}}
	if err := n.open(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Network) open() error {
	if err := removeStale(); err != nil {
		return fmt.Errorf("removing an earlier lab: %w", err)
	}
	dir, err := os.MkdirTemp("", Prefix)
	if err != nil {
		return err
	}
	n.Dir = dir
	if err := os.Chmod(dir, 0o755); err != nil { // daemons drop root and read their files below
		return err
	}
	for _, ns := range []string{switchNS, sensorNS} {
		if err := addNamespace(ns); err != nil {
			return err
		}
	}
	return batch(
		"-n "+switchNS+" link add br0 type bridge forward_delay 0 mcast_snooping 0",
		"-n "+switchNS+" link set br0 up",
		"-n "+switchNS+" link add span type veth peer name "+mirrorDev+" netns "+sensorNS,
		"-n "+switchNS+" link set span up",
		"-n "+sensorNS+" link set "+mirrorDev+" up promisc on",
	)
}

// takeLock waits until no other lab holds the lock. A killed lab holds it no more.
func takeLock(ctx context.Context) (*os.File, error) {
	f, err := os.OpenFile(lockFile, os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return f, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("waiting for another lab: %w", ctx.Err()), f.Close())
		}
	}
}

// Close ends every process in the lab and removes it.
func (n *Network) Close() error {
	return errors.Join(removeStale(), n.lock.Close())
}

// removeStale removes every namespace and file with the lab's prefix, and ends the processes inside.
func removeStale() error {
	var errs []error
	spaces, err := filepath.Glob(filepath.Join(netnsDir, Prefix+"*"))
	errs = append(errs, err)
	for _, path := range spaces {
		ns := filepath.Base(path)
		errs = append(errs, killInside(ns), ip("netns", "del", ns))
	}
	for _, pattern := range []string{filepath.Join(etcNetns, Prefix+"*"), filepath.Join(os.TempDir(), Prefix+"*")} {
		paths, err := filepath.Glob(pattern)
		errs = append(errs, err)
		for _, path := range paths {
			errs = append(errs, os.RemoveAll(path))
		}
	}
	return errors.Join(errs...)
}

// killInside ends the processes that live in a namespace.
func killInside(ns string) error {
	out, err := exec.Command("ip", "netns", "pids", ns).Output()
	if err != nil {
		return nil // the namespace is broken already; deleting it says so
	}
	for _, field := range strings.Fields(string(out)) {
		pid, err := strconv.Atoi(field)
		if err != nil || pid == os.Getpid() {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// addNamespace makes a namespace without IPv6 noise: hosts that want IPv6 are given an address.
func addNamespace(ns string) error {
	if err := ip("netns", "add", ns); err != nil {
		return err
	}
	return inNamespace(ns, func() error {
		for _, f := range []string{"all", "default"} {
			path := "/proc/sys/net/ipv6/conf/" + f + "/disable_ipv6" // the thread's own namespace
			if err := os.WriteFile(path, []byte("1"), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		return nil
	})
}

// AddHost plugs a host into the switch. addr may be invalid: the host asks for a lease later. resolver is written
// into its resolv.conf.
func (n *Network) AddHost(name string, mac string, addr netip.Prefix, gateway, resolver netip.Addr) (*Host, error) {
	h := &Host{Name: name, Addr: addr.Addr(), MAC: mac, ns: Prefix + name, dir: filepath.Join(n.Dir, name)}
	if err := os.Mkdir(h.dir, 0o755); err != nil {
		return nil, err
	}
	if err := addNamespace(h.ns); err != nil {
		return nil, err
	}
	if err := n.plug(h); err != nil {
		return nil, fmt.Errorf("host %s: %w", name, err)
	}
	if err := h.configure(addr, gateway, resolver); err != nil {
		return nil, fmt.Errorf("host %s: %w", name, err)
	}
	n.hosts[name] = h
	return h, nil
}

// plug joins the host's eth0 to a port of the switch and mirrors what enters the port. As every frame enters the
// switch once, it appears once on the mirror, whatever its direction.
func (n *Network) plug(h *Host) error {
	port := "p-" + h.Name
	err := batch(
		"-n "+switchNS+" link add "+port+" type veth peer name eth0 netns "+h.ns,
		"-n "+switchNS+" link set "+port+" master br0 up",
		"-n "+h.ns+" link set eth0 address "+h.MAC+" up",
		"-n "+h.ns+" link set lo up",
	)
	if err != nil {
		return err
	}
	for _, end := range [][2]string{{switchNS, port}, {h.ns, "eth0"}} {
		if err := offloadsOff(end[0], end[1]); err != nil {
			return err
		}
	}
	if err := command("tc", "-n", switchNS, "qdisc", "add", "dev", port, "clsact"); err != nil {
		return err
	}
	return command("tc", "-n", switchNS, "filter", "add", "dev", port, "ingress", "protocol", "all",
		"u32", "match", "u32", "0", "0", "action", "mirred", "egress", "mirror", "dev", "span")
}

// offloadsOff makes frames leave as they would on a wire: no 64 KB segments, checksums filled in.
func offloadsOff(ns, dev string) error {
	return command("ip", "netns", "exec", ns, "ethtool", "-K", dev,
		"tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
}

func (h *Host) configure(addr netip.Prefix, gateway, resolver netip.Addr) error {
	if resolver.IsValid() {
		if err := h.resolve(resolver); err != nil {
			return err
		}
	}
	if !addr.IsValid() {
		return nil
	}
	if err := ip("-n", h.ns, "addr", "add", addr.String(), "dev", "eth0", "brd", "+"); err != nil {
		return err
	}
	if !gateway.IsValid() || gateway == h.Addr {
		return nil
	}
	return ip("-n", h.ns, "route", "add", "default", "via", gateway.String())
}

// addIPv6 gives the host an address of IPv6, in a network that spans the switch.
func (h *Host) addIPv6(addr string) error {
	err := inNamespace(h.ns, func() error {
		return os.WriteFile("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", []byte("0"), 0)
	})
	if err != nil {
		return err
	}
	return ip("-n", h.ns, "addr", "add", addr+"/32", "dev", "eth0", "nodad")
}

// resolve points the host's programs to a name server: `ip netns exec` binds the file over /etc/resolv.conf.
func (h *Host) resolve(resolver netip.Addr) error {
	dir := filepath.Join(etcNetns, h.ns)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text := "search " + Domain + "\nnameserver " + resolver.String() + "\noptions timeout:2 attempts:2\n"
	return os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte(text), 0o644)
}

// inNamespace runs f on a thread inside the namespace. Sockets that f makes stay inside; goroutines it starts do not.
func inNamespace(ns string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		// The thread is never unlocked: it ends with its goroutine instead of carrying the namespace on.
		runtime.LockOSThread()
		fd, err := unix.Open(filepath.Join(netnsDir, ns), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			done <- fmt.Errorf("namespace %s: %w", ns, err)
			return
		}
		err = unix.Setns(fd, unix.CLONE_NEWNET)
		if err := errors.Join(err, unix.Close(fd)); err != nil {
			done <- fmt.Errorf("entering namespace %s: %w", ns, err)
			return
		}
		done <- f()
	}()
	return <-done
}

// Listen opens a TCP port on the host.
func (h *Host) Listen(port int) (net.Listener, error) {
	var l net.Listener
	err := inNamespace(h.ns, func() (err error) {
		l, err = net.Listen("tcp4", ":"+strconv.Itoa(port))
		return err
	})
	return l, err
}

// Dial connects from the host to an address, which must be a literal.
func (h *Host) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var c net.Conn
	err := inNamespace(h.ns, func() (err error) {
		c, err = (&net.Dialer{}).DialContext(ctx, network, addr)
		return err
	})
	return c, err
}

func ip(args ...string) error { return command("ip", args...) }

// batch runs several ip commands.
func batch(lines ...string) error {
	for _, line := range lines {
		if err := ip(strings.Fields(line)...); err != nil {
			return err
		}
	}
	return nil
}

// command runs a program to its end; an error carries what the program said.
func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
