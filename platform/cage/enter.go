package cage

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrNoParent means that the program was started by hand, not by [Start].
var ErrNoParent = errors.New("cage: not started by a parent; this subcommand is internal")

// Limits are the resources of the child. The zero value has defaults that work.
type Limits struct {
	// Files is how many descriptors may be open at once. 0 means 1,024 more than were handed over.
	Files int
}

// Cell is the inside of a cage: all that the child has.
type Cell struct {
	// Report is what was sent to the parent.
	Report Report
	// Control carries orders. When it closes, the child must end.
	Control *Conn
	// Data is for results.
	Data *os.File
	// Files are those of Spec.Files. Closing one is allowed; writing to one is not.
	Files []*os.File
}

// Enter closes the door: it gives up every right that this process has, tries to break out, and reports to the
// parent. It must be the first thing that the child does, before any other goroutine opens or writes anything.
// Afterwards time zones, name resolution and all else that opens files are out of reach.
//
// A layer that cannot be had is in the report, and is no error; the parent decides.
func Enter(limits Limits) (*Cell, error) {
	c, h, err := inherit()
	if err != nil {
		return nil, err
	}
	r := &c.Report
	r.Layers = append(r.Layers, h.User)
	eventFD := tidy(firstFileFD + h.Files)
	own := namespaces()
	reportNamespaces(r, h, own)
	emptyRoot(r, own["mnt"] != "" && h.Namespaces["mnt"] != "" && own["mnt"] != h.Namespaces["mnt"])
	dropCapabilities(r)
	dieWithParent()
	limit(r, limits, h)
	landlock(r)
	filter(r, []int{2, controlFD, dataFD, eventFD}, h.FileSize > 0)
	r.Attempts = breakOut(h.Parent)
	if err := c.Control.Send(marshal(r)); err != nil {
		return nil, fmt.Errorf("reporting to the parent: %w", err)
	}
	return c, nil
}

// inherit takes over the descriptors that Start placed, and reads the parent's greeting.
func inherit() (*Cell, hello, error) {
	var h hello
	kind, err := unix.GetsockoptInt(controlFD, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_SEQPACKET {
		return nil, h, ErrNoParent
	}
	for _, fd := range []int{controlFD, dataFD} {
		if err := unix.SetNonblock(fd, true); err != nil { // so that the runtime's poller takes it
			return nil, h, fmt.Errorf("taking over descriptor %d: %w", fd, err)
		}
		unix.CloseOnExec(fd)
	}
	c := &Cell{
		Control: &Conn{file: os.NewFile(controlFD, "control"), takesFiles: true},
		Data:    os.NewFile(dataFD, "data"),
	}
	message, _, err := c.Control.Receive(make([]byte, maxMessage))
	if err == nil {
		err = decode(message, &h, "parent's greeting")
	}
	if err != nil {
		return nil, h, err
	}
	for i := range h.Files {
		unix.CloseOnExec(firstFileFD + i)
		c.Files = append(c.Files, os.NewFile(uintptr(firstFileFD+i), fmt.Sprintf("file %d", i)))
	}
	return c, h, nil
}

// tidy closes descriptors that leaked into the child: those behind the ones handed over that are not closed on exec,
// which all of the runtime's own are. It returns the descriptor by which the runtime wakes its poller, or -1.
func tidy(first int) (eventFD int) {
	eventFD = -1
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return eventFD
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd < first {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
			continue
		}
		if link, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.Contains(link, "[eventfd]") {
			eventFD = fd
		}
	}
	return eventFD
}

// reportNamespaces says which of the parent's the child no longer shares.
func reportNamespaces(r *Report, h hello, own map[string]string) {
	var apart, shared []string
	for _, kind := range []string{"net", "mnt", "pid", "ipc", "uts", "user"} {
		if own[kind] != "" && own[kind] != h.Namespaces[kind] {
			apart = append(apart, kind)
		} else if kind != "user" {
			shared = append(shared, kind)
		}
	}
	switch {
	case len(shared) == 0:
		r.layer("namespaces", true, "own %s", strings.Join(apart, ", "))
	case h.Reason != "":
		r.layer("namespaces", false, "shares %s with the parent: %s", strings.Join(shared, ", "), h.Reason)
	default:
		r.layer("namespaces", false, "shares %s with the parent", strings.Join(shared, ", "))
	}
}

// emptyRoot makes an empty, read-only file system the root of this process. Never outside of a mount namespace of its
// own: a child that is still root would take the root from everybody.
func emptyRoot(r *Report, ownMounts bool) {
	if !ownMounts {
		r.layer("files", false, "the file tree is still in sight: no mount namespace of its own")
		return
	}
	if err := pivot(); err != nil {
		r.layer("files", false, "the file tree is still in sight: %v", err)
		return
	}
	r.layer("files", true, "an empty tree, read-only")
}

func pivot() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("detaching the mounts: %w", err)
	}
	var err error
	for _, dir := range []string{"/tmp", "/dev", "/proc", "/sys"} { // any that exists
		if err = unix.Mount("none", dir, "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "size=4k,mode=0555"); err == nil {
			return enterRoot(dir)
		}
	}
	return fmt.Errorf("mounting an empty tree: %w", err)
}

// enterRoot stacks the new root over the old and lets go of the old: pivot_root(2), "pivot_root(".", ".")".
func enterRoot(dir string) error {
	if err := unix.Chdir(dir); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("letting go of the old root: %w", err)
	}
	return unix.Chdir("/")
}

// allThreads makes one system call on every thread of the process.
//
//go:uintptrescapes
func allThreads(trap, a1, a2, a3 uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall(trap, a1, a2, a3)
	switch errno {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return errCgo
	}
	return errno
}

var errCgo = errors.New("not possible in a program built with cgo")

// dropCapabilities gives up all of them, on all threads, and the ways to get any back.
func dropCapabilities(r *Report) {
	if err := allThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		r.layer("capabilities", false, "no_new_privs: %v", err)
		return
	}
	bounded := true
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if err := allThreads(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0); err != nil && err != unix.EINVAL { // EINVAL: unknown to this kernel
			bounded = false
		}
	}
	// An old kernel has no ambient set to clear.
	allThreads(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0)
	header := &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData // version 3: two words of 32 capabilities
	if err := allThreads(unix.SYS_CAPSET, uintptr(unsafe.Pointer(header)), uintptr(unsafe.Pointer(&none)), 0); err != nil {
		r.layer("capabilities", false, "dropping: %v", err)
		return
	}
	text := "none, and none to be had"
	if !bounded {
		text = "none; no_new_privs keeps it so, though the bounding set is not empty"
	}
	r.layer("capabilities", true, "%s", text)
}

// dieWithParent asks anew for what Start has asked for: the kernel forgets it when a program is started from a file
// that grants capabilities. A parent that died in between is seen at the control channel.
func dieWithParent() {
	allThreads(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0)
}

// limit sets what the process may use. Memory follows GOMEMLIMIT: the collector keeps below it, the kernel ends the
// process at twice as much and 256 MiB, which a decoder that was made to allocate without end then meets.
func limit(r *Report, l Limits, h hello) {
	files := uint64(l.Files)
	if files == 0 {
		files = uint64(firstFileFD + h.Files + 1024)
	}
	soft := debug.SetMemoryLimit(-1)
	hard := uint64(unix.RLIM_INFINITY)
	if soft < math.MaxInt64/4 {
		hard = uint64(2*soft + 256<<20)
	}
	var errs []error
	for _, one := range []struct {
		resource int
		max      uint64
	}{
		{unix.RLIMIT_NOFILE, files},
		{unix.RLIMIT_DATA, hard},
		{unix.RLIMIT_FSIZE, uint64(h.FileSize)},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_MSGQUEUE, 0},
	} {
		errs = append(errs, unix.Prlimit(0, one.resource, &unix.Rlimit{Cur: one.max, Max: one.max}, nil))
	}
	errs = append(errs, unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
	if err := errors.Join(errs...); err != nil {
		r.layer("limits", false, "%v", err)
		return
	}
	written := "no files written"
	if h.FileSize > 0 {
		signal.Ignore(unix.SIGXFSZ) // which ends a program that writes on; this one gets EFBIG
		written = "files that were handed over written up to " + bytesText(h.FileSize)
	}
	r.layer("limits", true, "memory %s, %d descriptors, %s, no core dump, no ptrace", bytesText(soft), files, written)
}
