package capture

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Interface is a network interface of this machine.
type Interface struct {
	Name string
	// Up tells that it was switched on.
	Up bool
	// Carrier tells that there is a link: a cable, with something at its other end.
	Carrier bool
	// Loopback tells that it leads nowhere but back.
	Loopback bool
	// MTU is the longest packet it takes, in bytes.
	MTU int
	// Offloads are those that change what a capture sees (see [Offloads]); nil where unknown or none.
	Offloads []string
}

// Interfaces are those of this machine, in the order of the system.
func Interfaces() ([]Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("listing interfaces: %w", err)
	}
	list := make([]Interface, len(all))
	for i, n := range all {
		list[i] = Interface{Name: n.Name, Up: n.Flags&net.FlagUp != 0, Carrier: n.Flags&net.FlagRunning != 0,
			Loopback: n.Flags&net.FlagLoopback != 0, MTU: n.MTU}
		list[i].Offloads, _ = Offloads(n.Name) // a list without them serves as well
	}
	return list, nil
}

// ErrNoDefault means that this machine has no default route.
var ErrNoDefault = errors.New("capture: no default route")

// DefaultInterface is the one that the default route leaves by, IPv4 before IPv6.
func DefaultInterface() (string, error) {
	for _, table := range []struct {
		path string
		read func(io.Reader) (string, bool)
	}{
		{"/proc/net/route", defaultRoute4},
		{"/proc/net/ipv6_route", defaultRoute6},
	} {
		f, err := os.Open(table.path)
		if err != nil {
			continue // a kernel without this family
		}
		name, ok := table.read(f)
		f.Close()
		if ok {
			return name, nil
		}
	}
	return "", ErrNoDefault
}

// route is a default route.
type route struct {
	name   string
	metric uint64
}

func best(all []route) (string, bool) {
	if len(all) == 0 {
		return "", false
	}
	return slices.MinFunc(all, func(a, b route) int { return cmp.Compare(a.metric, b.metric) }).name, true
}

// defaultRoute4 reads /proc/net/route: a header, then interface, destination, gateway, flags, references, use, metric
// (decimal), mask...
func defaultRoute4(table io.Reader) (string, bool) {
	var all []route
	for s := bufio.NewScanner(table); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" || !isUp(f[3]) {
			continue
		}
		metric, err := strconv.ParseUint(f[6], 10, 32)
		if err == nil {
			all = append(all, route{f[0], metric})
		}
	}
	return best(all)
}

// defaultRoute6 reads /proc/net/ipv6_route: destination, its length, source, its length, next hop, metric, references,
// use, flags (all in hexadecimal), interface.
func defaultRoute6(table io.Reader) (string, bool) {
	var all []route
	for s := bufio.NewScanner(table); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 10 || f[1] != "00" || f[9] == "lo" || !isUp(f[8]) {
			continue
		}
		metric, err := strconv.ParseUint(f[5], 16, 32)
		if err == nil {
			all = append(all, route{f[9], metric})
		}
	}
	return best(all)
}

// isUp tells that a route's flags have RTF_UP and not RTF_REJECT.
func isUp(flags string) bool {
	v, err := strconv.ParseUint(flags, 16, 32)
	return err == nil && v&unix.RTF_UP != 0 && v&unix.RTF_REJECT == 0
}

// Offloads names what the interface does to packets before a capture sees them: gro and lro join arriving segments,
// tso and gso show leaving ones before they are cut. Sizes and counts of packets are then not those of the wire, and
// frames of 64 KiB appear; streams are whole all the same. Turn them off with: ethtool -K NAME gro off lro off.
func Offloads(name string) ([]string, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("asking %q for its offloads: %w", name, err)
	}
	defer unix.Close(fd)
	var on []string
	for _, o := range []struct {
		name    string
		command uint32
		bit     uint32
	}{
		{"gro", unix.ETHTOOL_GGRO, 1},
		{"lro", unix.ETHTOOL_GFLAGS, 1 << 15}, // ETH_FLAG_LRO
		{"tso", unix.ETHTOOL_GTSO, 1},
		{"gso", unix.ETHTOOL_GGSO, 1},
	} {
		value, err := ethtool(fd, name, o.command)
		if err != nil {
			return on, fmt.Errorf("asking %q for its offloads: %w", name, err)
		}
		if value&o.bit != 0 {
			on = append(on, o.name)
		}
	}
	return on, nil
}

// ethtool asks one question of SIOCETHTOOL that is answered by a number.
func ethtool(fd int, name string, command uint32) (uint32, error) {
	question := struct{ command, data uint32 }{command: command} // struct ethtool_value
	request := struct {                                          // struct ifreq
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&question)}
	if copy(request.name[:unix.IFNAMSIZ-1], name) < len(name) {
		return 0, unix.ENAMETOOLONG
	}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return 0, errno
	}
	return question.data, nil
}
