package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bulwark/content/demo"
	"bulwark/decide/identity/identitytest"
	"bulwark/platform/store"
)

// inside marks the process that runs the tests in a network namespace of its own.
const inside = "NODE_TEST_INSIDE"

// TestMain runs the tests, as root in a network namespace of their own where only they send packets; or the caged
// process that a node of theirs starts.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == childName:
		os.Exit(Main(context.Background(), os.Args[1:], Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	case os.Geteuid() != 0:
		os.Exit(m.Run())
	case os.Getenv(inside) != "":
		if err := raiseLoopback(); err != nil {
			fmt.Fprintln(os.Stderr, "raising lo:", err)
			os.Exit(1)
		}
		os.Exit(m.Run())
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.ExitCode())
	case err != nil: // no namespaces here: the tests that need one skip
		os.Exit(m.Run())
	}
}

// raiseLoopback sets lo up, which begins down in a new namespace.
func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// needCage skips what a program with cgo cannot do.
func needCage(t *testing.T) {
	t.Helper()
	if builtWithCgo() {
		t.Skip("needs a program without cgo: CGO_ENABLED=0 go test, or make test")
	}
}

// patience is how long a test waits for what must come; a busy machine is slow.
const patience = 60 * time.Second

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("after %v: still not so: %s", patience, what)
		}
	}
}

// free is an address of this machine on which nothing listens, with the host given.
func free(t *testing.T, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// settings are those of a node of a test: a console on a free port, and a sensor that is light.
func settings() Config {
	c := defaults()
	c.Console.Listen = "127.0.0.1:0"
	c.Sensor.Flows, c.Sensor.Reassembly, c.Sensor.Buffer, c.Sensor.Cores = 50_000, 16<<20, 1<<20, 1
	c.Store.Free = 64 << 20
	return c
}

// running is a node that runs.
type running struct {
	*Node
	t       *testing.T
	greeted string
	app     *identitytest.App // of the administrator
	stop    func()            // waits for the end
}

// run starts a node, as up does.
func start(t *testing.T, m made) *running {
	t.Helper()
	if m.log == nil {
		m.log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	ctx, cancel := context.WithCancel(context.Background())
	n, err := newNode(ctx, m)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	var out strings.Builder
	if err := n.greet(ctx, &out); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- n.run(ctx) }()
	r := &running{Node: n, t: t, greeted: out.String()}
	r.stop = func() {
		r.stop = func() {}
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the node ended with %v", err)
			}
		case <-time.After(patience):
			t.Fatal("the node does not end")
		}
		n.close()
	}
	t.Cleanup(func() { r.stop() })
	return r
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// demoFile is the bundled capture as a file.
func demoFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), demo.Name)
	if err := os.WriteFile(name, demo.Capture(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// whenever is every time that an event can have.
func whenever(text string) store.Query {
	return store.Query{Text: text, From: time.Unix(0, 0), To: time.Now().Add(24 * 366 * time.Hour)}
}

// found is how many events of the store match.
func (r *running) found(text string) int {
	r.t.Helper()
	n, err := r.store.Count(r.t.Context(), whenever(text))
	if err != nil {
		r.t.Fatal(err)
	}
	return int(n)
}

// browser is somebody's browser at a node's console. It trusts the node's own authority and nobody else.
type browser struct {
	t      *testing.T
	client *http.Client
	url    string
}

func (r *running) browser() *browser {
	r.t.Helper()
	pem, err := os.ReadFile(r.certificates.Authority())
	if err != nil {
		r.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &browser{r.t, &http.Client{Jar: jar, Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, r.server.URL()}
}

// ask sends a request and returns the status and the answer. body may be nil.
func (b *browser) ask(method, path, kind string, body io.Reader) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Content-Type", kind)
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (b *browser) get(path string) (int, string) {
	b.t.Helper()
	return b.ask(http.MethodGet, path, "", nil)
}

// form sends a form: name, value, name, value...
func (b *browser) form(path string, pairs ...string) (int, string) {
	b.t.Helper()
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return b.ask(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(v.Encode()))
}

// call asks the API with a JSON body and reads its answer into out, which may be nil.
func (b *browser) call(method, path string, in, out any) int {
	b.t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		b.t.Fatal(err)
	}
	status, answer := b.ask(method, path, "application/json", strings.NewReader(string(text)))
	if out != nil {
		if err := json.Unmarshal([]byte(answer), out); err != nil {
			b.t.Fatalf("%s %s = %d %.200q: %v", method, path, status, answer, err)
		}
	}
	return status
}

const password = "tournevis-girafe-lundi-bocal"

var setupLink = regexp.MustCompile(`https://localhost:\d+(/setup/\S+)`)

// administrator follows the link that was printed and sets the node up.
func (r *running) administrator() *browser {
	r.t.Helper()
	link := setupLink.FindStringSubmatch(r.greeted)
	if link == nil {
		r.t.Fatalf("no set-up link in %q", r.greeted)
	}
	b := r.browser()
	if status, text := b.get(link[1]); status != http.StatusOK {
		r.t.Fatalf("the set-up page = %d %.200s", status, text)
	}
	if status, text := b.form(link[1], "name", "Alix Martin", "login", "alix", "password", password, "again", password); status != http.StatusSeeOther {
		r.t.Fatalf("set-up = %d %.300s", status, text)
	}
	r.app = b.enrol()
	return b
}

// enrol adds an app that shows codes to the account of somebody who has just chosen a password.
func (b *browser) enrol() *identitytest.App {
	b.t.Helper()
	app, err := identitytest.Enrol(identitytest.Through(b.client), b.url, time.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	return app
}

// typed runs a command line of this machine beside the node, and returns its exit code and what it printed.
func typed(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e strings.Builder
	code = Main(t.Context(), args, Terminal{In: os.Stdin, Out: &o, Err: &e})
	return code, o.String(), e.String()
}
