package capture

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Rights means that this process may not capture, and says what to do.
type Rights struct {
	// Command grants the right, to be run in a shell.
	Command string
	// Note is what else stands in the way; empty when nothing does.
	Note string
}

func (r *Rights) Error() string {
	text := "no right to capture packets (CAP_NET_RAW is missing); grant it with: " + r.Command
	if r.Note != "" {
		text += "; " + r.Note
	}
	return text
}

// CanCapture tells whether this process may open packet sockets: nil, or a [*Rights].
func CanCapture() error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	switch {
	case err == nil:
		return unix.Close(fd)
	case errors.Is(err, unix.EPERM):
		return rights()
	}
	return err
}

func rights() error {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		path = os.Args[0]
	}
	r := &Rights{Command: "sudo setcap cap_net_raw+ep " + quote(path)}
	if status, err := os.Open("/proc/self/status"); err == nil {
		defer status.Close()
		if noNewPrivileges(status) {
			r.Note = "it takes effect only where programs may gain rights: this one was started with no_new_privs " +
				"(systemd: set AmbientCapabilities=CAP_NET_RAW instead; container: add the capability NET_RAW)"
		}
	}
	return r
}

func noNewPrivileges(status io.Reader) bool {
	for s := bufio.NewScanner(status); s.Scan(); {
		if value, ok := strings.CutPrefix(s.Text(), "NoNewPrivs:"); ok {
			return strings.TrimSpace(value) == "1"
		}
	}
	return false
}

// quote writes a path so that a shell takes it as one word.
func quote(path string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+@%", r)
	}
	if path != "" && strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
