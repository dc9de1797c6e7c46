package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"bulwark/observe/sensor"
	"bulwark/platform/conf"
)

// finding is one thing that the doctor looked at.
type finding struct {
	what string
	fine bool
	text string // what is so
	mend string // what to do; empty when nothing is wrong
}

func doctorCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Say what works here, what does not, and how to mend it", Args: nothing,
		Long: `Look at this machine as Bulwark needs it: configuration, data directory, disk, capture, the cage in which
packets are read, and the console's port. Exit code 1 when something keeps Bulwark from its work.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return diagnose(cmd.Context(), t.Out, c, dataDir(cmd))
		},
	}
}

// diagnose prints what it finds as it finds it.
func diagnose(ctx context.Context, out io.Writer, c Config, dir string) error {
	bad := 0
	tell := func(f finding) {
		mark := "ok  "
		if !f.fine {
			mark = "MEND"
			bad++
		}
		fmt.Fprintf(out, "%s  %-14s %s\n", mark, f.what, f.text)
		if f.mend != "" {
			fmt.Fprintf(out, "      %-14s -> %s\n", "", f.mend)
		}
	}
	tell(finding{"program", true, Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH, ""})
	tell(lookAtData(dir))
	tell(lookAtDisk(dir))
	tell(lookAtSync(dir))
	for _, f := range lookAtCapture(c) {
		tell(f)
	}
	for _, f := range lookAtCage(ctx, c) {
		tell(f)
	}
	tell(lookAtConsole(ctx, c, dir))
	if bad == 1 {
		return &exit{ExitFailure, errors.New("one thing to mend")}
	}
	if bad > 1 {
		return &exit{ExitFailure, fmt.Errorf("%d things to mend", bad)}
	}
	_, err := fmt.Fprintln(out, "Everything that Bulwark needs is here.")
	return err
}

func lookAtData(dir string) finding {
	f := finding{what: "data"}
	st, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		above := existing(dir)
		if err = unix.Access(above, unix.W_OK|unix.X_OK); err == nil {
			return finding{"data", true, dir + " will be made at the first start", ""}
		}
		err = fmt.Errorf("%s cannot be made in %s: %w", dir, above, err)
	} else if err == nil && !st.IsDir() {
		err = fmt.Errorf("%s is no directory", dir)
	} else if err == nil {
		err = unix.Access(dir, unix.R_OK|unix.W_OK|unix.X_OK)
	}
	switch {
	case err != nil:
		f.text, f.mend = unwrapPath(err).Error(), "choose a directory that this user may write: --data DIRECTORY"
	case st.Mode().Perm()&0o077 != 0:
		f.text, f.mend = dir+" can be entered by other users", "chmod 700 "+dir
	default:
		f.fine, f.text = true, dir
	}
	return f
}

// leastDisk is how many bytes must be free to begin with.
const leastDisk = 5 << 30

func lookAtDisk(dir string) finding {
	var st syscall.Statfs_t
	if err := syscall.Statfs(existing(dir), &st); err != nil {
		return finding{"disk", false, err.Error(), "choose another data directory"}
	}
	free := st.Bavail * uint64(st.Bsize)
	text := fmt.Sprintf("%.1f GiB are free", float64(free)/(1<<30))
	if free < leastDisk {
		return finding{"disk", false, text, fmt.Sprintf("free at least %v, or choose another data directory", conf.Size(leastDisk))}
	}
	return finding{"disk", true, text + "; an event takes about 60 bytes", ""}
}

// existing is dir, or the nearest folder above it that exists.
func existing(dir string) string {
	for dir != "/" && dir != "." {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// slowSync is how long a write through to the disk may take before it limits what can be kept.
const slowSync = 50 * time.Millisecond

func lookAtSync(dir string) finding {
	f, err := os.CreateTemp(existing(dir), "doctor-*")
	if err != nil {
		return finding{"disk writes", true, "not tried: the data directory cannot be written", ""}
	}
	defer os.Remove(f.Name())
	defer f.Close()
	const rounds = 8
	begin := time.Now()
	for range rounds {
		if _, err = f.Write(make([]byte, 16<<10)); err == nil {
			err = f.Sync()
		}
		if err != nil {
			return finding{"disk writes", false, err.Error(), "check the disk"}
		}
	}
	took := time.Since(begin) / rounds
	text := fmt.Sprintf("a batch is safe on the disk after %v", took.Round(10*time.Microsecond))
	if took > slowSync {
		return finding{"disk writes", false, text, "put the data directory on a faster disk: events wait for it"}
	}
	return finding{"disk writes", true, text, ""}
}

func lookAtCapture(c Config) []finding {
	if err := sensor.CanCapture(); err != nil {
		return []finding{{"capture", false, "this user may not watch the network", grant(err)}}
	}
	names := c.Sensor.Interfaces
	if len(names) == 0 {
		n, err := sensor.DefaultInterface()
		if err != nil {
			return []finding{{"capture", false, err.Error(), "name the interface of the mirror port under sensor.interfaces"}}
		}
		names = []string{n}
	}
	var out []finding
	for _, n := range names {
		f := finding{what: "capture", fine: true, text: n + " can be watched"}
		if i, err := net.InterfaceByName(n); err != nil {
			f = finding{"capture", false, "there is no interface " + n, "ip link lists the interfaces; name one under sensor.interfaces"}
		} else if i.Flags&net.FlagUp == 0 {
			f = finding{"capture", false, n + " is down", "ip link set " + n + " up"}
		} else if warn := sensor.Offloads(n); warn != "" {
			f.text += "; " + warn
		}
		out = append(out, f)
	}
	return out
}

// grant is what gives this program the right to capture.
func grant(err error) string {
	if c := sensor.GrantCapture(); c != "" {
		return c
	}
	return err.Error()
}

func lookAtCage(ctx context.Context, c Config) []finding {
	child, err := starter(c.Sensor)(ctx)
	if err != nil {
		return []finding{{"cage", false, err.Error(), "packets cannot be read without it"}}
	}
	held, missing := child.Walls()
	child.Kill()
	_ = child.Wait() // it was told to end
	var out []finding
	for _, h := range held {
		out = append(out, finding{"cage", true, h, ""})
	}
	for _, m := range missing {
		name, _, _ := strings.Cut(m, ":")
		out = append(out, finding{"cage", true, "missing: " + m, "the other layers hold; " + mendWall(name)})
	}
	return out
}

// mendWall says what a layer of the cage needs.
func mendWall(name string) string {
	switch name {
	case "landlock":
		return "landlock needs Linux 5.13 with lsm=landlock among its start parameters"
	case "seccomp":
		return "seccomp needs a kernel built with CONFIG_SECCOMP_FILTER"
	case "namespaces", "user":
		return "start Bulwark as root (it gives its rights up), or allow user namespaces to this user"
	}
	return "see docs/threat-model.md"
}

func lookAtConsole(ctx context.Context, c Config, dir string) finding {
	if conn, err := (&net.Dialer{}).DialContext(ctx, "unix", controlPath(dir)); err == nil {
		conn.Close()
		return finding{"console", true, "bulwark runs on " + dir, ""}
	}
	at := c.Console.Addresses()
	for _, a := range at {
		l, err := net.Listen("tcp", a)
		switch {
		case err == nil:
			l.Close()
		case len(at) > 1 && errors.Is(err, syscall.EADDRNOTAVAIL): // without IPv6, IPv4 is enough
		default:
			return finding{"console", false, fmt.Sprintf("%s cannot be listened on: %v", a, reason(err)), "stop what listens there, or name another address: console.listen"}
		}
	}
	return finding{"console", true, "will listen on " + strings.Join(at, ", "), ""}
}

// reason is what the system said, without what was asked of it.
func reason(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return err
}
