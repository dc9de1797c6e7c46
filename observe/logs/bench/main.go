// Command bench measures how many events a whole program takes in from the wire to where a search finds them: syslog over TLS, the bulk
// API over HTTPS, and events that machines with Windows forward. Senders go as fast as they can, so that back-pressure holds them; all
// that they sent must be found. Rates are of two cores: events by half a second of the program's processor time. Its last lines are
// RESULT and SKIP lines.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"bulwark/platform/clock"
)

// cores is how many cores the rates are of.
const cores = 2

// Addresses at which the program listens.
const (
	console = "127.0.0.1:18643"
	syslogs = "127.0.0.1:18644"
	bulks   = "127.0.0.1:18645"
	windows = "127.0.0.1:18646"
	beats   = "127.0.0.1:18647"
)

const config = `console: {listen: "` + console + `"}
bus: {size: 32GiB}
logs:
  syslog: {tls: "` + syslogs + `"}
  http: "` + bulks + `"
  lumberjack: {listen: "` + beats + `"}
  wef: {listen: "` + windows + `", client_ca: %s}
`

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench-intake:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	bulwark, dir string
	events       int
	lines        []string
	program      *exec.Cmd
	authority    authority
}

func run() error {
	var b bench
	flag.StringVar(&b.bulwark, "bulwark", "bin/bulwark", "the `program` that is measured")
	flag.IntVar(&b.events, "events", 1_000_000, "how many events are sent by syslog; of the others a half")
	flag.StringVar(&b.dir, "dir", "", "`folder` for what is kept; default one that is removed at the end")
	kills := flag.Int("kills", 0, "kill the program so many `times` while senders work, and count what was lost, in place of the measurements")
	flag.Parse()
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "bench-intake-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		b.dir = dir
	}
	b.lines = samples()
	if err := b.authority.make(filepath.Join(b.dir, "ca.pem")); err != nil {
		return err
	}
	if err := b.start(); err != nil {
		return err
	}
	if *kills > 0 {
		return b.kills(*kills)
	}
	defer b.stop()
	for _, m := range []struct {
		name string
		n    int
		send func(ctx context.Context, n int) (wire int64, err error)
	}{{"syslog", b.events, b.syslog}, {"bulk", b.events / 2, b.bulk}, {"wef", b.events / 2, b.wef}} {
		if err := b.measure(m.name, m.n, m.send); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// start runs the program until it answers.
func (b *bench) start() error {
	data := filepath.Join(b.dir, "data")
	file := filepath.Join(b.dir, "bulwark.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, filepath.Join(b.dir, "ca.pem")), 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(b.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	b.program = exec.Command(b.bulwark, "up", "--roles", "site", "--config", file, "--data", data)
	b.program.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(cores))
	b.program.Stdout, b.program.Stderr = log, log
	if err := b.program.Start(); err != nil {
		return err
	}
	for range 300 {
		if _, err := b.metric("bulwark_store_rows_total"); err == nil {
			return nil
		}
		clock.Pause(context.Background(), 100*time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	return fmt.Errorf("the program does not answer: %s", text)
}

func (b *bench) stop() {
	_ = b.program.Process.Signal(os.Interrupt)
	_ = b.program.Wait() // it was asked to end
}

// trusting reaches the program, whose certificate is of its own authority.
func trusting() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

// metric is a figure that the program shows, all its labels together.
func (b *bench) metric(name string) (sum float64, err error) {
	resp, err := trusting().Get("https://" + console + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	found := false
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		rest, ok := strings.CutPrefix(s.Text(), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, err
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("there is no metric %s", name)
	}
	return sum, nil
}

// state is what the program has done so far.
type state struct{ rows, lines, cpu float64 }

func (b *bench) state() (s state, err error) {
	var bad [3]error
	s.rows, bad[0] = b.metric("bulwark_store_rows_total")
	s.lines, bad[1] = b.metric("bulwark_logs_lines_total")
	s.cpu, bad[2] = b.metric("process_cpu_seconds_total")
	if bad[1] != nil { // none was taken yet
		bad[1] = nil
	}
	return s, errors.Join(bad[:]...)
}

// measure sends n events and waits until all are stored.
func (b *bench) measure(name string, n int, send func(context.Context, int) (int64, error)) error {
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Minute)
	defer stop()
	before, err := b.state()
	if err != nil {
		return err
	}
	start := time.Now()
	wire, err := send(ctx, n)
	if err != nil {
		return err
	}
	sent := time.Since(start)
	var after state
	for {
		if after, err = b.state(); err != nil {
			return err
		}
		if after.rows-before.rows >= float64(n) {
			break
		}
		if !clock.Pause(ctx, 50*time.Millisecond) {
			return fmt.Errorf("%.0f of %d events were stored", after.rows-before.rows, n)
		}
	}
	wall, cpu := time.Since(start), after.cpu-before.cpu
	peak, _ := b.metric("process_resident_memory_bytes")
	fmt.Printf("%s: %d events, %.0f MB: senders were held for %v of %v until all was stored; %.1f s of processor time, %.0f MB of memory\n",
		name, n, float64(wire)/1e6, sent.Round(10*time.Millisecond), wall.Round(10*time.Millisecond), cpu, peak/1e6)
	fmt.Printf("RESULT intake_%s_eps %.0f events/s\n", name, cores*float64(n)/cpu)
	fmt.Printf("RESULT intake_%s_stored %.0f/%d share\n", name, min(after.lines-before.lines, float64(n)), n)
	return nil
}

// token is one that the program made for a sender.
func (b *bench) token(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, b.bulwark, "logs", "token", "bench", "--data", filepath.Join(b.dir, "data")).Output()
	return string(bytes.TrimSpace(out)), err
}

// ask sends a body by HTTP, which must be taken whole.
func ask(ctx context.Context, c *http.Client, url, kind, token string, body []byte) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || bytes.Contains(answer, []byte(`"errors":true`))) {
		err = fmt.Errorf("%s: %.300s", resp.Status, answer)
	}
	return resp.StatusCode, err
}

// post sends a body until there is room for it.
func post(ctx context.Context, c *http.Client, url, token string, body []byte) error {
	for {
		status, err := ask(ctx, c, url, "application/x-ndjson", token, body)
		if status != http.StatusTooManyRequests {
			return err
		}
		clock.Pause(ctx, 100*time.Millisecond)
	}
}
