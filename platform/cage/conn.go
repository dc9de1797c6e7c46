package cage

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is one end of the control channel: a Unix socket that keeps messages apart (SOCK_SEQPACKET) and can carry
// open files from the parent to the child. One goroutine may send while another receives.
type Conn struct {
	file *os.File
	// takesFiles tells that received descriptors are kept: the child's end. A parent drops them.
	takesFiles bool
}

// socketpair makes the two ends. Both are closed on exec; exec.Cmd gives the child's end anew.
func socketpair() (parent *Conn, child *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making the control channel: %w", err)
	}
	return &Conn{file: os.NewFile(uintptr(fds[0]), "control")}, os.NewFile(uintptr(fds[1]), "control"), nil
}

// Send sends one message of 1 to 65,536 bytes, with at most 16 open files. The files stay open on this side.
func (c *Conn) Send(message []byte, files ...*os.File) error {
	if len(message) == 0 || len(message) > maxMessage || len(files) > maxFiles {
		return fmt.Errorf("cage: a message of %d bytes and %d files", len(message), len(files))
	}
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			fds[i] = int(f.Fd()) // the child shares the blocking mode, and sets what it needs
		}
		rights = unix.UnixRights(fds...)
	}
	return c.retry(func(fd int) error { return unix.Sendmsg(fd, message, rights, nil, unix.MSG_NOSIGNAL) }, false)
}

// Receive waits for one message and returns it in buf, with the files that came with it. A message longer than buf
// is an error. io.EOF means that the other side is gone.
func (c *Conn) Receive(buf []byte) (message []byte, files []*os.File, err error) {
	var rights []byte
	if c.takesFiles {
		rights = make([]byte, unix.CmsgSpace(4*maxFiles))
	}
	var n, nr, flags int
	err = c.retry(func(fd int) (err error) {
		n, nr, flags, _, err = unix.Recvmsg(fd, buf, rights, unix.MSG_CMSG_CLOEXEC)
		return err
	}, true)
	if err != nil {
		return nil, nil, err
	}
	if nr > 0 {
		files, err = received(rights[:nr])
	}
	switch {
	case err != nil:
	case n == 0 && len(files) == 0:
		err = io.EOF
	case flags&unix.MSG_TRUNC != 0:
		err = fmt.Errorf("cage: a message longer than %d bytes", len(buf))
	case flags&unix.MSG_CTRUNC != 0 && c.takesFiles:
		err = errors.New("cage: files that were handed over are lost: too many are open here (Limits.Files)")
	}
	if err != nil {
		closeAll(files)
		return nil, nil, err
	}
	return buf[:n], files, nil
}

// received turns control data into files.
func received(rights []byte) ([]*os.File, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil, fmt.Errorf("reading received files: %w", err)
	}
	var files []*os.File
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue // another kind of control message
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), fmt.Sprintf("received %d", fd)))
		}
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// retry runs a system call on the socket until it no longer asks to wait.
func (c *Conn) retry(call func(fd int) error, reading bool) error {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	step := func(fd uintptr) bool {
		result = call(int(fd))
		return !errors.Is(result, unix.EAGAIN) && !errors.Is(result, unix.EINTR)
	}
	if reading {
		err = raw.Read(step)
	} else {
		err = raw.Write(step)
	}
	if err != nil {
		return err
	}
	if errors.Is(result, unix.ECONNRESET) || errors.Is(result, unix.EPIPE) {
		return io.EOF
	}
	return result
}

// SetReadDeadline bounds the wait of Receive; the zero time lifts the bound.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.file.SetReadDeadline(t) }

// Close closes this end. The other receives io.EOF.
func (c *Conn) Close() error { return c.file.Close() }
