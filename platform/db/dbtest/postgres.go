package dbtest

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// Server is a PostgreSQL server that can be lost.
type Server struct {
	URL         string
	Stop, Start func()
}

// startPostgreSQL makes a server in a folder of its own, listening on a Unix socket there, and returns its address.
func startPostgreSQL(t testing.TB) string { return StartServer(t).URL }

// StartServer makes a server that lives as long as the test. It skips the test where PostgreSQL is not installed.
func StartServer(t testing.TB) *Server {
	t.Helper()
	bin := postgresFolder()
	if bin == "" {
		t.Skip("PostgreSQL is not installed (no initdb in /usr/lib/postgresql/*/bin nor in PATH): its half of this test is skipped")
	}
	dir, err := os.MkdirTemp("", "bulwark-pg-") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as := serverUser(t, dir)
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) {
		t.Helper()
		c := exec.Command(filepath.Join(bin, name), args...)
		c.Dir, c.SysProcAttr = dir, as
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("initdb", "--no-sync", "--auth=trust", "--username=bulwark", "--encoding=UTF8", "--locale=C", "--pgdata="+data)
	start := func() {
		run("pg_ctl", "start", "--wait", "--silent", "--pgdata="+data, "--log="+filepath.Join(dir, "log"),
			"--options=-c listen_addresses= -c unix_socket_directories="+dir+" -c shared_buffers=16MB -c max_connections=40")
	}
	stop := func() { run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate", "--pgdata="+data) }
	start()
	t.Cleanup(stop)
	return &Server{"postgres:///postgres?sslmode=disable&user=bulwark&host=" + dir, stop, start}
}

// postgresFolder is where initdb lives, the newest version first, or "".
func postgresFolder() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) > 0 {
		return filepath.Dir(slices.Max(found))
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return ""
	}
	return filepath.Dir(path)
}

// serverUser is who runs the server: initdb refuses root, who becomes postgres or nobody and gives them dir.
func serverUser(t testing.TB, dir string) *syscall.SysProcAttr {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr != nil || gidErr != nil || os.Chown(dir, int(uid), int(gid)) != nil {
			continue
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	t.Skip("PostgreSQL refuses to run as root and there is no user postgres or nobody: its half of this test is skipped")
	return nil
}
