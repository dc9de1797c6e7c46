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

// state is how a thing is that the doctor looked at.
type state string

const (
	fine   state = "ok"
	weak   state = "weak" // Bulwark works, with fewer safeguards
	broken state = "MEND"
)

// finding is one thing that the doctor looked at.
type finding struct {
	what string
	is   state
	text string // what is so
	mend string // what to do; empty when nothing is wrong
}

func doctorCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Say what works here, what does not, and how to mend it", Args: nothing,
		Long: `Look at this machine as Bulwark needs it: configuration, data directory, disk, capture, the cage in which
packets are read, and the console's port. Exit code 1 when something keeps Bulwark from its work.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, f, err := lookAtConfig(cmd)
			if err != nil {
				return err
			}
			return diagnose(cmd.Context(), t.Out, diagnosis{c, dataDir(cmd), f})
		},
	}
}

// lookAtConfig reads the configuration. One that stands where this user may not look is a finding; one that is wrong
// ends the examination.
func lookAtConfig(cmd *cobra.Command) (Config, finding, error) {
	name, asked := configFile(cmd)
	c, err := loadConfig(cmd)
	switch _, missing := os.Stat(name); {
	case errors.Is(err, fs.ErrPermission) && !asked:
		return defaults(), finding{"configuration", broken, err.Error(), "run the doctor as the user that runs Bulwark"}, nil
	case err != nil:
		return c, finding{}, err
	case missing != nil:
		return c, finding{"configuration", fine, "the defaults: there is no " + name, ""}, nil
	}
	return c, finding{"configuration", fine, name, ""}, nil
}

// diagnosis is what is examined.
type diagnosis struct {
	config Config
	dir    string
	first  finding // of the configuration itself
}

// diagnose prints what it finds as it finds it.
func diagnose(ctx context.Context, out io.Writer, d diagnosis) error {
	c, dir := d.config, d.dir
	bad := 0
	tell := func(f finding) {
		if f.is == broken {
			bad++
		}
		fmt.Fprintf(out, "%-4s  %-15s %s\n", f.is, f.what, f.text)
		if f.mend != "" {
			fmt.Fprintf(out, "      %-15s -> %s\n", "", f.mend)
		}
	}
	tell(finding{"program", fine, Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH, ""})
	tell(d.first)
	tell(lookAtData(dir))
	tell(lookAtDisk(dir))
	tell(lookAtSync(dir))
	tell(lookAtRing(c, dir))
	tell(lookAtFiles(c, dir))
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
	f := finding{what: "data", is: broken}
	st, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		above := existing(dir)
		if err = unix.Access(above, unix.W_OK|unix.X_OK); err == nil {
			return finding{"data", fine, dir + " will be made at the first start", ""}
		}
		err = fmt.Errorf("%s cannot be made in %s: %w", dir, above, err)
	} else if err == nil && !st.IsDir() {
		err = fmt.Errorf("%s is no directory", dir)
	} else if err == nil {
		if err = unix.Access(dir, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
			err = fmt.Errorf("%s: %w", dir, err)
		}
	}
	switch {
	case err != nil:
		f.text, f.mend = unwrapPath(err).Error(), "choose a directory that this user may write: --data DIRECTORY"
	case st.Mode().Perm()&0o077 != 0:
		f.text, f.mend = dir+" can be entered by other users", "chmod 700 "+dir
	default:
		f.is, f.text = fine, dir
	}
	return f
}

// leastDisk is how many bytes must be free to begin with.
const leastDisk = 5 << 30

func lookAtDisk(dir string) finding {
	var st syscall.Statfs_t
	if err := syscall.Statfs(existing(dir), &st); err != nil {
		return finding{"disk", broken, err.Error(), "choose another data directory"}
	}
	free := st.Bavail * uint64(st.Bsize)
	text := fmt.Sprintf("%.1f GiB are free", float64(free)/(1<<30))
	if free < leastDisk {
		return finding{"disk", broken, text, fmt.Sprintf("free at least %v, or choose another data directory", conf.Size(leastDisk))}
	}
	return finding{"disk", fine, text + "; an event takes about 60 bytes", ""}
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
		return finding{"disk writes", fine, "not tried: the data directory cannot be written", ""}
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
			return finding{"disk writes", broken, err.Error(), "check the disk"}
		}
	}
	took := time.Since(begin) / rounds
	text := fmt.Sprintf("a batch is safe on the disk after %v", took.Round(10*time.Microsecond))
	if took > slowSync {
		return finding{"disk writes", broken, text, "put the data directory on a faster disk: events wait for it"}
	}
	return finding{"disk writes", fine, text, ""}
}

func lookAtCapture(c Config) []finding {
	if err := sensor.CanCapture(); err != nil {
		return []finding{{"capture", broken, "this user may not watch the network", grant(err)}}
	}
	names := c.Sensor.Interfaces
	if len(names) == 0 {
		n, err := sensor.DefaultInterface()
		if err != nil {
			return []finding{{"capture", broken, err.Error(), "name the interface of the mirror port under sensor.interfaces"}}
		}
		names = []string{n}
	}
	var out []finding
	for _, n := range names {
		f := finding{what: "capture", is: fine, text: n + " can be watched"}
		if i, err := net.InterfaceByName(n); err != nil {
			f = finding{"capture", broken, "there is no interface " + n, "ip link lists the interfaces; name one under sensor.interfaces"}
		} else if i.Flags&net.FlagUp == 0 {
			f = finding{"capture", broken, n + " is down", "ip link set " + n + " up"}
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
	child, err := starter(c.Sensor, false)(ctx)
	if err != nil {
		return []finding{{"cage", broken, err.Error(), "packets cannot be read without it"}}
	}
	held, missing := child.Walls()
	child.Kill()
	_ = child.Wait() // it was told to end
	var out []finding
	for _, h := range held {
		out = append(out, finding{"cage", fine, h, ""})
	}
	for _, m := range missing {
		name, _, _ := strings.Cut(m, ":")
		out = append(out, finding{"cage", weak, m, "the other layers hold; " + mendWall(name)})
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
		return finding{"console", fine, "bulwark runs on " + dir, ""}
	}
	at := c.Console.Addresses()
	for _, a := range at {
		l, err := net.Listen("tcp", a)
		switch {
		case err == nil:
			l.Close()
		case len(at) > 1 && errors.Is(err, syscall.EADDRNOTAVAIL): // without IPv6, IPv4 is enough
		default:
			return finding{"console", broken, fmt.Sprintf("%s cannot be listened on: %v", a, reason(err)), "stop what listens there, or name another address: console.listen"}
		}
	}
	return finding{"console", fine, "will listen on " + strings.Join(at, ", "), ""}
}

// reason is what the system said, without what was asked of it.
func reason(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return err
}
