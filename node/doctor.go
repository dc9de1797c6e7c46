package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

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
		Use: "doctor", Short: "Say what works here, what does not, and how to mend it", Args: cobra.NoArgs,
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
	tell(lookAtPort(c))
	if bad > 0 {
		return &exit{ExitFailure, fmt.Errorf("%d things to mend", bad)}
	}
	_, err := fmt.Fprintln(out, "Everything that Bulwark needs is here.")
	return err
}

func lookAtData(dir string) finding {
	f := finding{what: "data"}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(dir, "doctor-*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		f.text, f.mend = err.Error(), "choose a directory that this user may write: --data DIRECTORY"
		return f
	}
	st, err := os.Stat(dir)
	if err == nil && st.Mode().Perm()&0o077 != 0 {
		f.text, f.mend = dir+" can be entered by other users", "chmod 700 "+dir
		return f
	}
	f.fine, f.text = true, dir
	return f
}

// leastDisk is how many bytes must be free to begin with.
const leastDisk = 5 << 30

func lookAtDisk(dir string) finding {
	var st syscall.Statfs_t
	if err := syscall.Statfs(existing(dir), &st); err != nil {
		return finding{"disk", false, err.Error(), "choose another data directory"}
	}
	free := conf.Size(st.Bavail * uint64(st.Bsize))
	if free < leastDisk {
		return finding{"disk", false, fmt.Sprintf("%v are free", free), fmt.Sprintf("free at least %v, or choose another data directory", conf.Size(leastDisk))}
	}
	return finding{"disk", true, fmt.Sprintf("%v are free; an event takes about 60 bytes", free), ""}
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
		return []finding{{"capture", false, err.Error(), sensor.GrantCapture()}}
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
			f = finding{"capture", false, n + ": " + err.Error(), "ip link lists the interfaces; name one under sensor.interfaces"}
		} else if i.Flags&net.FlagUp == 0 {
			f = finding{"capture", false, n + " is down", "ip link set " + n + " up"}
		} else if warn := sensor.Offloads(n); warn != "" {
			f.text += "; " + warn
		}
		out = append(out, f)
	}
	return out
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

func lookAtPort(c Config) finding {
	for _, a := range c.Console.Addresses() {
		l, err := net.Listen("tcp", a)
		if err != nil {
			return finding{"console", false, err.Error(), "stop what listens there, or set console.listen"}
		}
		l.Close()
	}
	return finding{"console", true, "will listen on " + strings.Join(c.Console.Addresses(), ", "), ""}
}
