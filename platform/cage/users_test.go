package cage

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// parentPart is a parent that starts a child, tells its process id and its report, and waits to be killed.
func parentPart() error {
	p, err := Start(context.Background(), part(os.Args[3]))
	if err != nil {
		return err
	}
	for _, l := range p.Report.Layers {
		fmt.Println(l)
	}
	for _, b := range p.Report.Breaches() {
		fmt.Println("BREACH", b.What)
	}
	fmt.Println("child", p.PID())
	_, err = io.ReadAll(p.Data)
	return err
}

// parent runs parentPart as a user, and returns it with its lines up to "child", and the child's process id.
func parent(t *testing.T, program string, uid uint32, child string) (cmd *exec.Cmd, lines []string, pid int) {
	t.Helper()
	cmd = exec.Command(program, "part", "parent", child)
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for s := bufio.NewScanner(out); s.Scan(); {
		lines = append(lines, s.Text())
		if text, ok := strings.CutPrefix(s.Text(), "child "); ok {
			if pid, err = strconv.Atoi(text); err != nil {
				t.Fatal(err)
			}
			return cmd, lines, pid
		}
	}
	t.Fatalf("the parent ended early: %s", lines)
	return nil, nil, 0
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: it changes the user")
	}
}

func TestAnUnprivilegedUserHasACageToo(t *testing.T) {
	needPureGo(t)
	needRoot(t)
	_, lines, _ := parent(t, "/proc/self/exe", 12345, "echo")
	wholeCage(t, lines)
}

// TestAProgramWithFileCapabilities is the way of those who do not want to start as root: setcap cap_net_raw+ep. The
// kernel treats such a program specially in ways that weaken cages.
func TestAProgramWithFileCapabilities(t *testing.T) {
	needPureGo(t)
	needRoot(t)
	program := filepath.Join("/tmp", fmt.Sprintf("cage-test-%d", os.Getpid())) // where any user may execute it
	text, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(program, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(program) })
	const raw = 1 << unix.CAP_NET_RAW
	granted := []byte{1, 0, 0, 2, raw & 0xff, raw >> 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} // struct vfs_cap_data, revision 2
	if err := unix.Setxattr(program, "security.capability", granted, 0); err != nil {
		t.Skipf("the file system of /tmp keeps no capabilities: %v", err)
	}
	cmd, lines, pid := parent(t, program, 12345, "stubborn")
	wholeCage(t, lines)
	diesWith(t, cmd, pid)
}

// wholeCage wants all layers of an unprivileged user's cage.
func wholeCage(t *testing.T, lines []string) {
	t.Helper()
	text := strings.Join(lines, "\n")
	t.Logf("\n%s", text)
	if strings.Contains(text, "BREACH") {
		t.Error("a breach")
	}
	for _, want := range []string{"user: user 12345", "namespaces: own net, mnt, pid, ipc, uts, user", "files: an empty tree",
		"seccomp: 54 ", "landlock: no file", "capabilities: none, and none to be had"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the report", want)
		}
	}
}

func TestTheChildDiesWithItsParent(t *testing.T) {
	for _, c := range []struct {
		promise string
		uid     uint32
	}{
		{"of root", 0},
		{"of a user", 12345},
	} {
		t.Run(c.promise, func(t *testing.T) {
			if c.uid != 0 {
				needRoot(t)
			}
			cmd, _, pid := parent(t, "/proc/self/exe", c.uid, "stubborn")
			diesWith(t, cmd, pid)
		})
	}
}

// diesWith kills a parent and waits for the end of its child.
func diesWith(t *testing.T, parent *exec.Cmd, pid int) {
	t.Helper()
	child, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(child)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// A pidfd can be read when its process has ended.
	n, err := 0, error(unix.EINTR)
	for err == unix.EINTR {
		n, err = unix.Poll([]unix.PollFd{{Fd: int32(child), Events: unix.POLLIN}}, 20_000)
	}
	if n != 1 || err != nil {
		t.Errorf("the child %d still lives (%d, %v)", pid, n, err)
	}
}

// poorPart is a parent that may make no namespace and change to no user, as in a tight container.
func poorPart() error {
	for _, kind := range []string{"user", "net", "mnt", "pid", "ipc", "uts", "cgroup"} {
		if err := os.WriteFile("/proc/sys/user/max_"+kind+"_namespaces", []byte("0"), 0o644); err != nil {
			return err
		}
	}
	p, err := Start(context.Background(), part("echo"))
	if err != nil {
		return err
	}
	fmt.Println(p.Report)
	return p.Stop()
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	needRoot(t)
	cmd := exec.Command("/proc/self/exe", "part", "poor")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	t.Logf("\n%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"user: still root, though without capabilities (", "namespaces: shares net, mnt, pid, ipc, uts with the parent: ",
		"files: the file tree is still in sight: no mount namespace of its own", "attempts: 11 of 11 refused"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q", want)
		}
	}
}
