package cage

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// needPureGo skips what a program with cgo cannot have: `go test -race` makes one.
func needPureGo(t *testing.T) {
	t.Helper()
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_GETPID, 0, 0, 0); errno == syscall.ENOTSUP {
		t.Skip("needs a program without cgo: the layers that concern single threads do not hold with it")
	}
}
