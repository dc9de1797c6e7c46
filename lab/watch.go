package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// recording is tcpdump on the mirror port.
type recording struct {
	cmd   *exec.Cmd
	said  strings.Builder
	file  string
	ended chan error
}

// record starts writing what the mirror port sees to a file.
func (n *Network) record(ctx context.Context, file string) (*recording, error) {
	r := &recording{file: file, ended: make(chan error, 1)}
	r.cmd = exec.CommandContext(ctx, "ip", "netns", "exec", sensorNS, "tcpdump", "-i", mirrorDev, "-s", "0", "-n", "-U", "--immediate-mode",
		"-B", "65536", "-Z", "root", "-w", file)
	r.cmd.Stderr = &r.said
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { r.ended <- r.cmd.Wait() }()
	// tcpdump writes the file's header when it has opened the interface.
	for deadline := time.Now().Add(10 * time.Second); ; {
		if s, err := os.Stat(file); err == nil && s.Size() > 0 {
			return r, nil
		}
		select {
		case err := <-r.ended:
			return nil, fmt.Errorf("tcpdump: %w: %s", err, &r.said)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(errors.New("lab: tcpdump does not begin"), r.cmd.Process.Kill())
		}
	}
}

// quiet is how long the file must not have grown before the recording ends, so that what is still in the kernel's
// buffer, or on its way (FIN, late ACK), is written.
const quiet = 400 * time.Millisecond

// stop ends the recording when the mirror is quiet. It is an error when packets were dropped.
func (r *recording) stop() error {
	if err := r.settle(); err != nil {
		return err
	}
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	if err := <-r.ended; err != nil {
		return fmt.Errorf("tcpdump: %w: %s", err, &r.said)
	}
	if said := r.said.String(); !strings.Contains(said, "\n0 packets dropped by kernel") {
		return fmt.Errorf("tcpdump lost packets: %s", said)
	}
	return nil
}

// settle waits until the file has not grown for a while, or for a minute.
func (r *recording) settle() error {
	size, since := int64(-1), time.Now()
	for begin := since; time.Since(since) < quiet && time.Since(begin) < time.Minute; time.Sleep(50 * time.Millisecond) {
		s, err := os.Stat(r.file)
		if err != nil {
			return err
		}
		if s.Size() != size {
			size, since = s.Size(), time.Now()
		}
	}
	return nil
}

// Capture runs scenarios in order and writes what the mirror port saw to a pcap. mark is told when each began and ended.
func (h *Hospital) Capture(ctx context.Context, file string, all []Scenario, mark func(name string, begin, end time.Time)) error {
	r, err := h.record(ctx, file)
	if err != nil {
		return err
	}
	for _, s := range all {
		begin := time.Now()
		if err := s.Run(ctx, h); err != nil {
			return errors.Join(fmt.Errorf("scenario %s: %w", s.Name, err), r.stop())
		}
		mark(s.Name, begin, time.Now())
	}
	return r.stop()
}
