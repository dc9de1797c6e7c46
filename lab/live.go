package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"bulwark/decide/identity/identitytest"
)

// Watcher is `bulwark up` on the mirror port.
type Watcher struct {
	ns            string // the namespace in which it runs
	bulwark, data string // the program and its data folder
	roles         string // empty: all, alone
	cmd           *exec.Cmd
	ended         chan error
	web           http.Client
	// base is the console's address.
	base  string
	begin time.Time
	said  *transcript
}

// patience bounds every wait for the program.
const patience = time.Minute

// Watch starts `bulwark up` on the mirror port, with a data folder of the lab, and sets up an administrator. more is added to its
// settings, and files to that folder. It joins a centre, if there is one.
func (n *Network) Watch(ctx context.Context, bulwark, more string, files map[string]string, centre *Centre) (*Watcher, error) {
	w, err := n.watcher(sensorNS, bulwark, fmt.Sprintf("site: lab\nsensor:\n  interfaces: [%s]\n  report: 5s\n%s", mirrorDev, more), files)
	if err != nil {
		return nil, err
	}
	if centre != nil {
		w.roles = "sensor,site"
		if err := centre.enrol(ctx, w); err != nil {
			return nil, err
		}
	}
	if err = w.first(ctx); err == nil {
		err = w.watches(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, w.Stop(), fmt.Errorf("it said: %s", w.said))
	}
	return w, nil
}

// watcher makes the data folder of a program in a namespace.
func (n *Network) watcher(ns, bulwark, conf string, files map[string]string) (*Watcher, error) {
	bulwark, err := filepath.Abs(bulwark)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(n.Dir, "bulwark-"+ns)
	all := maps.Clone(files)
	if all == nil {
		all = map[string]string{}
	}
	all["bulwark.yaml"] = conf
	for name, text := range all {
		path := filepath.Join(data, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return nil, err
		}
	}
	return &Watcher{ns: ns, bulwark: bulwark, data: data, said: &transcript{link: make(chan string, 1)}, begin: time.Now()}, ip("-n", ns, "link", "set", "lo", "up")
}

// first starts the program for the first time, and sets it up.
func (w *Watcher) first(ctx context.Context) error {
	if err := w.start(ctx); err != nil {
		return err
	}
	select {
	case link := <-w.said.link:
		return w.setUp(ctx, link)
	case e := <-w.ended:
		w.ended <- e
		return fmt.Errorf("bulwark up ended: %w", e)
	case <-time.After(patience):
		return errors.New("lab: bulwark up shows no set-up link")
	}
}

// command is a command of the program, on its data folder.
func (w *Watcher) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", w.ns, w.bulwark, "--data", w.data}, args...)...)
}

// start starts the program on its data folder.
func (w *Watcher) start(ctx context.Context) error {
	ended := make(chan error, 1)
	args := []string{"up"}
	if w.roles != "" {
		args = append(args, "--roles", w.roles)
	}
	c := w.command(ctx, args...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = patience
	c.Stdout, c.Stderr = w.said, w.said
	if err := c.Start(); err != nil {
		return err
	}
	go func() { ended <- c.Wait() }()
	w.cmd, w.ended = c, ended
	return nil
}

// setUp opens the one-time link and creates the administrator, as a browser would.
func (w *Watcher) setUp(ctx context.Context, link string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	inside := func(ctx context.Context, network, addr string) (c net.Conn, err error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		err = inNamespace(w.ns, func() (err error) {
			c, err = (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
			return err
		})
		return c, err
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the pages are not ours to look at
	w.web = http.Client{Jar: jar, CheckRedirect: stay, Timeout: patience, Transport: &http.Transport{
		DialContext:     inside,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // its certificate is of its own making, and it is ours
	}}
	u, err := url.Parse(link)
	if err != nil {
		return err
	}
	w.base = u.Scheme + "://" + u.Host
	if _, err := w.get(ctx, link); err != nil {
		return err
	}
	form := url.Values{"name": {"Lab Officer"}, "login": {"officer"}, "password": {"every frame is seen once"}, "again": {"every frame is seen once"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, link, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", w.base)
	if _, err := w.do(r); err != nil {
		return fmt.Errorf("setting up: %w", err)
	}
	if _, err := identitytest.Enrol(identitytest.Through(&w.web), w.base, time.Now()); err != nil {
		return fmt.Errorf("setting up: %w", err)
	}
	return nil
}

// watches waits until the mirror port is watched: what crossed it before is not seen.
func (w *Watcher) watches(ctx context.Context) error {
	const up = `bulwark_sensor_interface_up{interface="` + mirrorDev + `"} 1`
	return await(ctx, "bulwark watches "+mirrorDev, func() (bool, error) {
		text, err := w.get(ctx, w.base+"/metrics")
		if errors.Is(err, syscall.ECONNREFUSED) { // it is just being started
			return false, nil
		}
		return bytes.Contains(text, []byte(up)), err
	})
}

// await asks until what is waited for is so; it is an error when our patience ends before.
func await(ctx context.Context, what string, is func() (bool, error)) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); time.Since(begin) < patience; {
		if ok, err := is(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("lab: waited %v in vain until %s", patience, what)
}

func (w *Watcher) get(ctx context.Context, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return w.do(r)
}

func (w *Watcher) do(r *http.Request) ([]byte, error) {
	a, err := w.web.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w; bulwark said: %s", err, w.said)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err == nil && a.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: %s: %.200s", r.Method, r.URL.Path, a.Status, body)
	}
	return body, err
}

// Events exports what was seen since the begin, as JSON lines, when it has not grown for a few seconds. The sensor's
// counters follow the events.
func (w *Watcher) Events(ctx context.Context) ([]byte, error) {
	const still = 8 * time.Second // longer than the sensor's report and the store's flush
	var last []byte
	since := time.Now()
	for begin := since; time.Since(begin) < patience && time.Since(since) < still; {
		now, err := w.export(ctx, "")
		if err != nil {
			return nil, err
		}
		if bytes.Count(now, []byte("\n")) != bytes.Count(last, []byte("\n")) {
			since = time.Now()
		}
		last = now
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	counters, err := w.export(ctx, "kind:stats")
	return append(last, counters...), err
}

func (w *Watcher) export(ctx context.Context, search string) ([]byte, error) {
	q := url.Values{"format": {"json"}, "q": {search}, "from": {w.begin.UTC().Format(time.RFC3339Nano)},
		"to": {time.Now().Add(time.Minute).UTC().Format(time.RFC3339Nano)}}
	return w.get(ctx, w.base+"/api/export?"+q.Encode())
}

// Devices are those of the inventory.
func (w *Watcher) Devices(ctx context.Context) ([]Device, error) {
	text, err := w.get(ctx, w.base+"/api/devices?limit=1000")
	if err != nil {
		return nil, err
	}
	var list struct {
		Devices []Device `json:"devices"`
	}
	return list.Devices, json.Unmarshal(text, &list)
}

// Stop ends the program gracefully.
func (w *Watcher) Stop() error {
	if w.cmd == nil {
		return nil
	}
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return <-w.ended
}

// transcript keeps what the program says and finds the set-up link in it.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
	link chan string
	done bool
}

var setupLink = regexp.MustCompile(`https://\S+/setup/\S+`)

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text.Write(p)
	if !t.done {
		for lines := bufio.NewScanner(bytes.NewReader(t.text.Bytes())); lines.Scan(); {
			if link := setupLink.FindString(lines.Text()); link != "" {
				t.link <- link
				t.done = true
				break
			}
		}
	}
	return len(p), nil
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// Seen is what a program kept of what it watched.
type Seen struct {
	Events    []byte // JSON lines
	Devices   []Device
	Findings  []Finding
	incidents []incident
}

// Live has bulwark watch while every scenario runs, and returns what it kept.
func Live(ctx context.Context, bulwark string, progress io.Writer) (seen Seen, err error) {
	h, err := Open(ctx)
	if err != nil {
		return seen, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	w, err := h.Watch(ctx, bulwark, logSettings(h), nil, nil)
	if err != nil {
		return seen, err
	}
	all := Scenarios()
	for _, x := range Intrusions() {
		all = append(all, x.Scenario)
	}
	all = append(all, LogIntrusions()...)
	err = h.play(ctx, all, func(name string, begin, end time.Time) { say(progress, name, end.Sub(begin)) })
	if err == nil {
		seen.Events, err = w.Events(ctx)
	}
	if err == nil {
		seen.Devices, err = w.Devices(ctx)
	}
	if err == nil {
		seen.Findings, err = w.Findings(ctx)
	}
	if err == nil {
		seen.incidents, err = w.incidents(ctx)
	}
	return seen, errors.Join(err, w.Stop())
}

// grave is what it said, but for what is usual.
func (t *transcript) grave() string {
	var all []string
	for line := range strings.Lines(t.String()) {
		if !strings.Contains(line, `"level":"INFO"`) {
			all = append(all, line)
		}
	}
	return strings.Join(all, "")
}
