package cage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec says what to run in a cage.
type Spec struct {
	// Name is what the child is called: it stands in the process list and in errors.
	Name string
	// Args are the arguments behind the program's name: the hidden subcommand. The child's main must call [Enter] first.
	Args []string
	// Files are handed over, in this order, as Cell.Files. They may be closed once Start has returned.
	Files []*os.File
	// Memory is the child's GOMEMLIMIT in bytes; the kernel ends it at twice that and 256 MiB. 0 means no limit.
	Memory int64
	// Procs is the child's GOMAXPROCS. 0 means the parent's.
	Procs int
	// FileSize is how long, in bytes, the child may make a file that it is handed open for writing. It writes by position
	// alone (pwrite), which no socket and no pipe takes. 0 means that it may write to no file.
	FileSize int64
	// Stderr receives what the child writes there, such as a crash. nil means that only the end is kept, for [Exit].
	Stderr io.Writer
	// Grace is how long a child that was asked to stop may take. 0 means 5 seconds.
	Grace time.Duration
}

// enterTime is how long a child may take to close its door behind it.
const enterTime = 20 * time.Second

// Process is a caged child.
type Process struct {
	// Report is how strong the cage is.
	Report Report
	// Data is what the child writes to Cell.Data. It ends with the child.
	Data *os.File

	name    string
	control *Conn
	process *os.Process
	grace   time.Duration
	done    chan struct{}
	exit    *Exit // set before done is closed; nil for an exit code of 0
	stop    sync.Once
}

// Exit says how a child ended, when not with exit code 0.
type Exit struct {
	// Name is the child's.
	Name string
	// State is what the kernel said: "exit status 2", "signal: killed".
	State string
	// Stderr is the end of what the child wrote there, at most 16 KiB.
	Stderr string
}

func (e *Exit) Error() string {
	if e.Stderr == "" {
		return fmt.Sprintf("cage: %s ended: %s", e.Name, e.State)
	}
	return fmt.Sprintf("cage: %s ended: %s: %s", e.Name, e.State, e.Stderr)
}

// Start starts a child and waits until it has closed its door and reported. The child is stopped when ctx ends.
// The error is an [*Exit] when the child died first.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	defer readable()()
	var tried []string
	for _, r := range ladder() {
		p, err := attempt(spec, r, tried)
		if err != nil && isRefusal(err) {
			tried = append(tried, reason(err))
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
		}
		if err := p.awaitReport(ctx); err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { p.Stop() })
		return p, nil
	}
	return nil, fmt.Errorf("starting %s: %s", spec.Name, tried[len(tried)-1])
}

// readable lets this process be looked at by its own user until the returned function is called. A program whose file
// grants capabilities may not, and then neither may its child, whose user map this process must write. Who lacks the
// capabilities cannot trace it all the same.
func readable() (restore func()) {
	before, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil || before == 1 {
		return func() {}
	}
	unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	return func() { unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) } // 2, where it was that, cannot be set
}

// isRefusal tells that the kernel did not grant what was asked, where less may do.
func isRefusal(err error) bool {
	for _, e := range []error{unix.EPERM, unix.EACCES, unix.EINVAL, unix.ENOSPC, unix.ENOSYS, unix.EUSERS, unix.ENOENT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// reason says in words why a rung did not hold.
func reason(err error) string {
	switch {
	case errors.Is(err, unix.EPERM):
		return "not permitted here"
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EUSERS):
		return "no more allowed: see /proc/sys/user/max_*_namespaces"
	case errors.Is(err, unix.EACCES):
		return "the program file may not be executed by that user"
	}
	return err.Error()
}

// attempt starts a child on one rung of the ladder.
func attempt(spec Spec, r rung, tried []string) (*Process, error) {
	control, childControl, err := socketpair()
	if err != nil {
		return nil, err
	}
	data, childData, err := os.Pipe()
	if err != nil {
		control.Close()
		childControl.Close()
		return nil, fmt.Errorf("making the data pipe: %w", err)
	}
	defer closeAll([]*os.File{childControl, childData})
	widen(data)
	p := &Process{name: spec.Name, control: control, Data: data, grace: spec.Grace, done: make(chan struct{})}
	if p.grace <= 0 {
		p.grace = 5 * time.Second
	}
	cmd := command(spec, r, childControl, childData)
	tail := &tailWriter{next: spec.Stderr}
	cmd.Stderr = tail
	err = control.Send(marshal(greeting(spec, r, tried)))
	if err == nil {
		err = p.run(cmd, tail)
	}
	if err != nil {
		control.Close()
		data.Close()
		return nil, err
	}
	return p, nil
}

// widen lets a pipe hold 1 MiB, so that the child rarely waits. The kernel's 64 KiB serve where it refuses.
func widen(pipe *os.File) {
	if raw, err := pipe.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
}

func command(spec Spec, r rung, control, data *os.File) *exec.Cmd {
	procs := spec.Procs
	if procs <= 0 {
		procs = runtime.GOMAXPROCS(0)
	}
	cmd := exec.Command("/proc/self/exe", spec.Args...)
	cmd.Args[0] = spec.Name
	// No environment but what the Go runtime reads.
	cmd.Env = []string{fmt.Sprintf("GOMAXPROCS=%d", procs)}
	if spec.Memory > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMEMLIMIT=%d", spec.Memory))
	}
	cmd.Dir = "/"
	cmd.ExtraFiles = append([]*os.File{control, data}, spec.Files...)
	cmd.SysProcAttr = r.attributes()
	return cmd
}

func greeting(spec Spec, r rung, tried []string) hello {
	h := hello{Parent: os.Getpid(), User: r.user(tried), Files: len(spec.Files), Namespaces: namespaces(), Wanted: r.flags != 0, FileSize: spec.FileSize}
	if r.flags == 0 && len(tried) > 0 {
		h.Reason = tried[0]
	}
	return h
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of ours
	}
	return b
}

// run starts the command and waits for it on one OS thread, which lives as long as the child: PDEATHSIG is sent when
// the thread that forked ends, not the process (prctl(2)).
func (p *Process) run(cmd *exec.Cmd, tail *tailWriter) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.process = cmd.Process
		started <- nil
		if err := cmd.Wait(); err != nil {
			p.exit = &Exit{Name: p.name, State: err.Error(), Stderr: tail.String()}
		}
		close(p.done)
	}()
	return <-started
}

// awaitReport receives the child's first message.
func (p *Process) awaitReport(ctx context.Context) error {
	quit := context.AfterFunc(ctx, func() { p.process.Kill() })
	defer quit()
	err := p.control.SetReadDeadline(time.Now().Add(enterTime))
	if err == nil {
		var message []byte
		if message, _, err = p.control.Receive(make([]byte, maxMessage)); err == nil {
			err = decode(message, &p.Report, "report")
		}
	}
	if err == nil {
		return p.control.SetReadDeadline(time.Time{})
	}
	if !errors.Is(err, io.EOF) {
		p.process.Kill()
	}
	<-p.done
	p.control.Close()
	p.Data.Close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.exit != nil {
		return p.exit
	}
	return fmt.Errorf("cage: %s ended without a report: %w", p.name, err)
}

// Send sends an order to the child, with open files such as a new capture socket.
func (p *Process) Send(message []byte, files ...*os.File) error {
	return p.control.Send(message, files...)
}

// Receive waits for a message of the child. It is hostile. io.EOF means that the child is gone.
func (p *Process) Receive(buf []byte) ([]byte, error) {
	message, _, err := p.control.Receive(buf)
	return message, err
}

// PID is the child's process id, as the parent sees it.
func (p *Process) PID() int { return p.process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end of the child. It returns an [*Exit] unless the exit code was 0.
func (p *Process) Wait() error {
	<-p.done
	if p.exit == nil {
		return nil
	}
	return p.exit
}

// Stop asks the child to end by closing the control channel, kills it when it has not after the grace, and returns
// what [Process.Wait] does. Data stays readable to its end and is the caller's to close.
func (p *Process) Stop() error {
	p.stop.Do(func() {
		p.control.Close()
		timer := time.NewTimer(p.grace)
		defer timer.Stop()
		select {
		case <-p.done:
		case <-timer.C:
			p.process.Kill()
		}
	})
	return p.Wait()
}

// tailWriter keeps the end of what is written, and hands all of it on.
type tailWriter struct {
	next io.Writer
	mu   sync.Mutex // guards tail: String may be called while the child writes
	tail []byte
}

const maxTail = 16 << 10

func (t *tailWriter) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.tail = append(t.tail, p...)
	if over := len(t.tail) - maxTail; over > 0 {
		t.tail = append(t.tail[:0], t.tail[over:]...)
	}
	t.mu.Unlock()
	if t.next != nil {
		return t.next.Write(p)
	}
	return len(p), nil
}

func (t *tailWriter) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.tail)
}

// rung is one way to start the child, from the strongest down.
type rung struct {
	flags      uintptr // namespaces
	mapped     bool    // in a user namespace whose only user is, outside, host
	host       int
	credential bool // as nobody, without a user namespace
}

const allNamespaces = unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWCGROUP

// ladder is what this user may try. Root in a container may be refused namespaces, any user's user namespace may be
// switched off, and nobody may not be allowed to execute the program's file.
func ladder() []rung {
	own := rung{flags: allNamespaces | unix.CLONE_NEWUSER, mapped: true, host: os.Geteuid()}
	if os.Geteuid() != 0 {
		return []rung{own, {}}
	}
	return []rung{
		{flags: allNamespaces | unix.CLONE_NEWUSER, mapped: true, host: nobody},
		{flags: allNamespaces, credential: true},
		{credential: true},
		own,
		{},
	}
}

// attributes are those of the child. Enter empties the mount tree and the bounding set, for which the child needs
// rights within its namespaces: as their root it has them, even when the program's file grants cap_net_raw and the
// kernel therefore clears the ambient set. Enter gives them up.
func (r rung) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Cloneflags: r.flags, Pdeathsig: syscall.SIGKILL, Setsid: true}
	switch {
	case r.mapped:
		group := os.Getegid()
		if r.host == nobody {
			group = nobody
			a.Credential = &syscall.Credential{Uid: 0, Gid: 0} // as numbered inside
			a.GidMappingsEnableSetgroups = true
		}
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: r.host, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: group, Size: 1}}
	case r.credential:
		a.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		a.AmbientCaps = []uintptr{unix.CAP_SETPCAP}
		if r.flags != 0 {
			a.AmbientCaps = append(a.AmbientCaps, unix.CAP_SYS_ADMIN)
		}
	}
	return a
}

// user is the layer of the user that the child runs as.
func (r rung) user(tried []string) Layer {
	l := Layer{Name: "user"}
	switch {
	case r.mapped && r.host == nobody:
		l.Held, l.Text = true, "nobody (65534), in a user namespace of its own"
	case r.mapped:
		l.Held, l.Text = r.host != 0, fmt.Sprintf("user %d, in a user namespace of its own", r.host)
	case r.credential:
		l.Held, l.Text = true, "nobody (65534)"
	case os.Geteuid() == 0:
		l.Text = "still root, though without capabilities"
	default:
		l.Text = fmt.Sprintf("user %d, the same as the parent's; start as root, or allow user namespaces, to separate them", os.Geteuid())
	}
	if !l.Held && len(tried) > 0 {
		l.Text += " (" + tried[len(tried)-1] + ")"
	}
	return l
}

// namespaces are the links of this process, by kind.
func namespaces() map[string]string {
	all := map[string]string{}
	for _, kind := range []string{"net", "mnt", "pid", "ipc", "uts", "user"} {
		if link, err := os.Readlink("/proc/self/ns/" + kind); err == nil {
			all[kind] = link
		}
	}
	return all
}
