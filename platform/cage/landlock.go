package cage

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// landlockAttr is struct landlock_ruleset_attr of <linux/landlock.h>.
type landlockAttr struct{ fs, net, scoped uint64 }

// landlockFor is everything that a kernel of this ABI version can deny: rights over files, TCP ports, and reaching
// out of the domain by abstract sockets and signals.
func landlockFor(abi int, signals bool) (a landlockAttr, size uintptr) {
	bits := []uint{0, 13, 14, 15, 15, 16} // by ABI: 13 rights, refer (2), truncate (3), ioctl of devices (5)
	a.fs = 1<<bits[min(abi, len(bits)-1)] - 1
	size = 8
	if abi >= 4 {
		a.net, size = unix.LANDLOCK_ACCESS_NET_BIND_TCP|unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, 16
	}
	if abi >= 6 {
		a.scoped, size = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, 24
		if signals {
			a.scoped |= unix.LANDLOCK_SCOPE_SIGNAL
		}
	}
	return a, size
}

// landlock enters a domain without a single rule: everything it knows of is denied.
func landlock(r *Report) {
	const (
		createVersion = 1 << 0 // LANDLOCK_CREATE_RULESET_VERSION
		createErrata  = 1 << 1 // LANDLOCK_CREATE_RULESET_ERRATA
		// Erratum 2: before it was mended, threads of one process could not signal each other in scoped domains, which
		// the Go runtime does all the time.
		threadSignals = 1 << 1
	)
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, createVersion)
	switch errno {
	case 0:
	case unix.ENOSYS:
		r.layer("landlock", false, "not in this kernel")
		return
	case unix.EOPNOTSUPP:
		r.layer("landlock", false, "in this kernel, but switched off when it was started (lsm=)")
		return
	default:
		r.layer("landlock", false, "%v", errno)
		return
	}
	errata, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, createErrata)
	attr, size := landlockFor(int(version), errno == 0 && errata&threadSignals != 0)
	if err := restrict(&attr, size); err != nil {
		r.layer("landlock", false, "%v", err)
		return
	}
	text := "no file"
	if attr.net != 0 {
		text += ", no TCP port"
	}
	if attr.scoped != 0 {
		text += ", no abstract socket"
	}
	if attr.scoped&unix.LANDLOCK_SCOPE_SIGNAL != 0 {
		text += ", no signal to others"
	}
	r.layer("landlock", true, "%s (version %d of it)", text, version)
}

func restrict(attr *landlockAttr, size uintptr) error {
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(attr)), size, 0)
	if errno != 0 {
		return fmt.Errorf("making the rules: %w", errno)
	}
	defer unix.Close(int(fd))
	return allThreads(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0)
}
