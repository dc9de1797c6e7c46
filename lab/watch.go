package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// recording is a tcpdump that runs.
type recording struct {
	cmd  *exec.Cmd
	file string
	// ended gives what tcpdump said when it has ended.
	ended chan string
}

// record starts writing what the mirror port sees to a file, each packet as it comes.
func (n *Network) record(ctx context.Context, file string) (*recording, error) {
	return n.recordIn(ctx, sensorNS, mirrorDev, file, "-B", "65536", "--immediate-mode")
}

// recordIn starts tcpdump in a namespace. more are options for its buffer.
func (n *Network) recordIn(ctx context.Context, ns, dev, file string, more ...string) (*recording, error) {
	r := &recording{file: file, ended: make(chan string, 1)}
	args := append([]string{"netns", "exec", ns, "tcpdump", "-i", dev, "-s", "0", "-n", "-U", "-Z", "root", "-w", file}, more...)
	r.cmd = exec.CommandContext(ctx, "ip", args...)
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	listening := make(chan struct{})
	go r.listen(stderr, listening)
	select {
	case <-listening:
		return r, nil
	case said := <-r.ended:
		return nil, errors.Join(fmt.Errorf("tcpdump: %s", said), r.cmd.Wait())
	}
}

// listen reads what tcpdump says; it says that it listens when the filter is set and the file open.
func (r *recording) listen(stderr io.Reader, listening chan<- struct{}) {
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "listening on") {
			close(listening)
		}
	}
	r.ended <- said.String()
}

// quiet is how long the file must not have grown before the recording ends, so that what is still in the kernel's
// buffer (for a second at most), or on its way (FIN, late ACK), is written.
const quiet = 1200 * time.Millisecond

// stop ends the recording when the mirror is quiet. It is an error when packets were dropped.
func (r *recording) stop() error {
	if err := r.settle(); err != nil {
		return err
	}
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	said := <-r.ended
	if err := r.cmd.Wait(); err != nil {
		return fmt.Errorf("tcpdump: %w: %s", err, said)
	}
	if !strings.Contains(said, "\n0 packets dropped by kernel") {
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
	return errors.Join(h.play(ctx, all, mark), r.stop())
}

// play runs scenarios in order.
func (h *Hospital) play(ctx context.Context, all []Scenario, mark func(name string, begin, end time.Time)) error {
	for _, s := range all {
		begin := time.Now()
		if err := s.Run(ctx, h); err != nil {
			return fmt.Errorf("scenario %s: %w", s.Name, err)
		}
		mark(s.Name, begin, time.Now())
	}
	return nil
}

func say(progress io.Writer, scenario string, took time.Duration) {
	fmt.Fprintf(progress, "%-24s %s\n", scenario, took.Round(time.Millisecond))
}
