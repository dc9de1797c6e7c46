package cage

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// breakOut tries what an attacker in this process would try first. Each call is one that does no harm if it passes.
func breakOut(parent int) []Attempt {
	return []Attempt{
		attemptFD("open /etc/passwd", func() (int, error) { return unix.Open("/etc/passwd", unix.O_RDONLY|unix.O_CLOEXEC, 0) }),
		attemptFD("create a file in /tmp", func() (int, error) {
			return unix.Open("/tmp", unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
		}),
		attemptFD("open a TCP socket", func() (int, error) { return unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0) }),
		attemptFD("open a packet socket", func() (int, error) { return unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0) }),
		// An empty path is found missing by a kernel that would have started a program.
		tried("start a program", refusedOnly(execEmpty())),
		// So is a signal handler shared without memory found invalid by a kernel that would have forked.
		tried("fork", refusedOnly(call(unix.SYS_CLONE, unix.CLONE_SIGHAND, 0, 0))),
		tried("signal the parent", unix.Kill(parent, 0)),
		// Seizing does not stop what it traces.
		tried("trace the parent", call(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(parent), 0)),
		tried("make memory executable", executable()),
		// A program with several threads is never given one, but is told that the call is invalid.
		tried("make a user namespace", refusedOnly(call(unix.SYS_UNSHARE, unix.CLONE_NEWUSER, 0, 0))),
		tried("become root", call(unix.SYS_SETUID, 0, 0, 0)),
	}
}

func attemptFD(what string, open func() (int, error)) Attempt {
	fd, err := open()
	if err == nil {
		unix.Close(fd)
	}
	return tried(what, err)
}

func tried(what string, err error) Attempt {
	if err == nil {
		return Attempt{What: what, Text: "allowed"}
	}
	return Attempt{What: what, Refused: true, Text: err.Error()}
}

// refusedOnly lets only the answers through that mean no, not those that mean not so.
func refusedOnly(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return err
	}
	return nil
}

func call(trap, a1, a2, a3 uintptr) error {
	if _, _, errno := unix.RawSyscall(trap, a1, a2, a3); errno != 0 {
		return errno
	}
	return nil
}

func execEmpty() error {
	var empty [1]byte
	_, _, errno := unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(&empty)), 0, 0)
	return errno
}

func executable() error {
	p, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err == nil {
		return unix.Munmap(p)
	}
	return err
}
