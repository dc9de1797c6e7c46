// Package reporter looks at the machine that it runs on, for what a hospital may ask of a device before it trusts it. What cannot be known is unknown.
package reporter

import (
	"bufio"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"
	"time"

	"bulwark/decide/identity"
)

const (
	good, bad, unknown = "good", "bad", "unknown"
	// patience is how long a program that is asked may take.
	patience = time.Minute
	// listsLife is how old the lists of packages may be: an older one says nothing of what is missing.
	listsLife = 7 * 24 * time.Hour
	// deepest bounds how far a disk is followed through what it lies on.
	deepest = 8
)

// Machine is what is looked at.
type Machine struct {
	Root fs.FS // its files, from /
	// Ask runs a program, and returns what it said and how it ended; ok is false where it could not be run.
	Ask func(ctx context.Context, name string, args ...string) (out string, status int, ok bool)
	Now time.Time
}

// This is the machine that the program runs on.
func This() Machine { return Machine{os.DirFS("/"), ask, time.Now()} }

func ask(ctx context.Context, name string, args ...string) (string, int, bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		return "", 0, false
	}
	_ = err // the status says it
	return string(out), cmd.ProcessState.ExitCode(), true
}

// Look reports on the machine.
func (m Machine) Look(ctx context.Context) identity.Report {
	return identity.Report{System: m.system(), Checks: map[string]string{
		"disk-encryption": m.disk(), "firewall": m.firewall(ctx), "updates": m.updates(ctx), "screen-lock": m.lock(ctx),
	}}
}

// system is what the machine runs (os-release(5)).
func (m Machine) system() string {
	text, err := fs.ReadFile(m.Root, "etc/os-release")
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(text), "\n") {
		if v, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return ""
}

// disk tells whether what the root directory lies on is encrypted (dm-crypt).
func (m Machine) disk() string {
	f, err := m.Root.Open("proc/self/mountinfo")
	if err != nil {
		return unknown
	}
	defer f.Close()
	number := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if w := strings.Fields(lines.Text()); len(w) > 4 && w[4] == "/" {
			number = w[2]
		}
	}
	if number == "" || strings.HasPrefix(number, "0:") { // a container, or a file system of many disks
		return unknown
	}
	return m.encrypted("sys/dev/block/"+number, deepest)
}

func (m Machine) encrypted(at string, deep int) string {
	uuid, err := fs.ReadFile(m.Root, at+"/dm/uuid")
	if err == nil && strings.HasPrefix(string(uuid), "CRYPT-") {
		return good
	}
	below, err := fs.ReadDir(m.Root, at+"/slaves")
	if err != nil {
		if _, err := fs.Stat(m.Root, at); err != nil {
			return unknown
		}
		return bad
	}
	if len(below) == 0 {
		return bad
	}
	if deep == 0 {
		return unknown
	}
	for _, d := range below {
		number, err := fs.ReadFile(m.Root, at+"/slaves/"+d.Name()+"/dev")
		if err != nil {
			return unknown
		}
		if is := m.encrypted("sys/dev/block/"+strings.TrimSpace(string(number)), deep-1); is != good {
			return is
		}
	}
	return good
}

// firewall tells whether something that comes in is dropped or rejected.
func (m Machine) firewall(ctx context.Context) string {
	out, status, ok := m.Ask(ctx, "nft", "list", "ruleset")
	if !ok || status != 0 { // no such program, or not its user's to ask
		return unknown
	}
	at := strings.Index(out, "hook input")
	if at < 0 {
		return bad
	}
	rest := out[at:]
	if end := strings.Index(rest, "hook "); end >= 0 {
		if next := strings.Index(rest[5:], "hook "); next >= 0 {
			rest = rest[:next+5]
		}
	}
	if strings.Contains(rest, "drop") || strings.Contains(rest, "reject") || strings.Contains(out, "jump") && strings.Contains(out, "drop") {
		return good
	}
	return bad
}

// updates tells whether nothing that was published is missing.
func (m Machine) updates(ctx context.Context) string {
	if _, err := fs.Stat(m.Root, "var/lib/apt/lists"); err == nil {
		if m.Now.Sub(m.newest("var/lib/apt/lists")) > listsLife {
			return bad
		}
		out, status, ok := m.Ask(ctx, "apt-get", "-s", "-o", "Debug::NoLocking=true", "upgrade")
		switch {
		case !ok || status != 0:
			return unknown
		case strings.Contains("\n"+out, "\nInst "):
			return bad
		}
		return good
	}
	switch _, status, ok := m.Ask(ctx, "dnf", "-q", "check-update", "--security"); {
	case ok && status == 0:
		return good
	case ok && status == 100: // dnf(8): there are some
		return bad
	}
	return unknown
}

// newest is when something in a folder changed last.
func (m Machine) newest(dir string) (at time.Time) {
	all, err := fs.ReadDir(m.Root, dir)
	if err != nil {
		return at
	}
	for _, e := range all {
		if i, err := fs.Stat(m.Root, path.Join(dir, e.Name())); err == nil && i.ModTime().After(at) {
			at = i.ModTime()
		}
	}
	return at
}

// lock tells whether the desktop of whoever runs this locks by itself.
func (m Machine) lock(ctx context.Context) string {
	out, status, ok := m.Ask(ctx, "gsettings", "get", "org.gnome.desktop.screensaver", "lock-enabled")
	switch {
	case !ok || status != 0:
		return unknown
	case strings.TrimSpace(out) == "true":
		return good
	}
	return bad
}
