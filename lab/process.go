package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Command is a program on the host, with the host's resolv.conf and accounts.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", h.ns, name}, args...)...)
	c.Dir = h.dir
	c.Env = append(os.Environ(), "LC_ALL=C", "HOME="+h.dir)
	return c
}

// Run runs a program on the host to its end and returns what it printed. An error carries it too.
func (h *Host) Run(ctx context.Context, name string, args ...string) (string, error) {
	return output(h.Command(ctx, name, args...))
}

// Fails runs a program that must not succeed, such as a log-in with a wrong password.
func (h *Host) Fails(ctx context.Context, name string, args ...string) error {
	out, err := h.Run(ctx, name, args...)
	if err == nil {
		return fmt.Errorf("%s on %s succeeded, and must not: %s", name, h.Name, out)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return nil
	}
	return err
}

func output(c *exec.Cmd) (string, error) {
	out, err := c.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", strings.Join(c.Args[4:], " "), err, bytes.TrimSpace(out))
	}
	return string(out), nil
}

// Start starts a server on the host and waits until it listens on the TCP ports. It ends with the lab. What it
// prints goes to a file named after it in the host's folder.
func (h *Host) Start(ctx context.Context, ports []int, name string, args ...string) error {
	c := h.Command(context.WithoutCancel(ctx), name, args...)
	log, err := os.Create(filepath.Join(h.dir, filepath.Base(name)+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }() // ends when Close ends the processes of the namespace
	for _, port := range ports {
		if err := h.await(ctx, port, ended); err != nil {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("starting %s on %s: %w: %s", name, h.Name, err, bytes.TrimSpace(said))
		}
	}
	return nil
}

// await waits until something listens on the port. It asks over the loopback, which the mirror does not see.
func (h *Host) await(ctx context.Context, port int, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := h.Dial(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return c.Close()
		}
		select {
		case <-tick.C:
		case err := <-ended:
			return fmt.Errorf("it ended: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("port %d: %w", port, err)
		}
	}
}

// write writes a file into the host's folder and returns its path.
func (h *Host) write(name, text string) (string, error) {
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, []byte(text), 0o644)
}

// etc writes a file that the host's programs see below /etc. The file must exist there on the machine.
func (h *Host) etc(name, text string) error {
	path := filepath.Join(etcNetns, h.ns, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
