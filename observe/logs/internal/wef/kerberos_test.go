package wef

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/observe/logs/internal/intake/intaketest"
	"bulwark/observe/logs/internal/wef/weftest"
	"bulwark/platform/db/dbtest"
)

// domain is a real KDC of MIT.
type domain struct {
	*testing.T
	dir string
}

// program finds one of Debian's.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/"} {
		if at, err := exec.LookPath(dir + name); err == nil {
			return at
		}
	}
	t.Skipf("%s is not here: observe/logs/peers.sh installs it", name)
	return ""
}

func (d *domain) write(name, text string) {
	d.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.Fatal(err)
	}
}

func (d *domain) command(name string, args ...string) *exec.Cmd {
	d.Helper()
	c := exec.Command(program(d.T, name), args...)
	at := func(name string) string { return filepath.Join(d.dir, name) }
	c.Env = append(os.Environ(), "KRB5_CONFIG="+at("krb5.conf"), "KRB5_KDC_PROFILE="+at("kdc.conf"), "KRB5_CLIENT_KTNAME="+at("machines.keytab"),
		"KRB5CCNAME=MEMORY:", "KRB5RCACHENAME=none:")
	c.WaitDelay = time.Second
	return c
}

func (d *domain) run(name string, args ...string) {
	d.Helper()
	if out, err := d.command(name, args...).CombinedOutput(); err != nil {
		d.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// newDomain starts a KDC with an account of the collector, of a machine, and of a person.
func newDomain(t *testing.T) *domain {
	t.Helper()
	if exec.Command("/usr/bin/python3", "-c", "import gssapi").Run() != nil {
		t.Skip("python3-gssapi is not here: observe/logs/peers.sh installs it")
	}
	d := &domain{t, t.TempDir()}
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := port.Addr().String()
	_ = port.Close()
	d.write("krb5.conf", fmt.Sprintf("[libdefaults]\ndefault_realm = CHU.EXAMPLE\ndns_lookup_kdc = false\ndns_canonicalize_hostname = false\nrdns = false\n"+
		"[realms]\nCHU.EXAMPLE = {\nkdc = %s\n}\n[domain_realm]\nlocalhost = CHU.EXAMPLE\n", at))
	d.write("kdc.conf", fmt.Sprintf("[kdcdefaults]\nkdc_listen = %s\nkdc_tcp_listen = %[1]s\n[realms]\nCHU.EXAMPLE = {\ndatabase_name = %s/principal\n"+
		"key_stash_file = %[2]s/stash\nacl_file = %[2]s/acl\n}\n", at, d.dir))
	d.run("kdb5_util", "create", "-s", "-P", "test", "-r", "CHU.EXAMPLE")
	for name, table := range map[string]string{"HTTP/localhost": "own.keytab", "WARD3$": "machines.keytab", "m.durand": "machines.keytab"} {
		d.run("kadmin.local", "-q", "addprinc -randkey "+name)
		d.run("kadmin.local", "-q", "ktadd -k "+filepath.Join(d.dir, table)+" "+name)
	}
	kdc := d.command("krb5kdc", "-n")
	if err := kdc.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = kdc.Process.Kill()
		_ = kdc.Wait()
	})
	for {
		if c, err := net.Dial("tcp", at); err == nil {
			_ = c.Close()
			return d
		}
		if t.Context().Err() != nil {
			t.Fatal("the KDC does not start")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// keytab is that of the collector.
func (d *domain) keytab() string {
	d.Helper()
	raw, err := os.ReadFile(filepath.Join(d.dir, "own.keytab"))
	if err != nil {
		d.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// library is the way of a machine through MIT's.
type library struct {
	to   io.WriteCloser
	from *bufio.Reader
}

func (d *domain) machine(scheme, server, principal string) *library {
	d.Helper()
	_, port, _ := strings.Cut(strings.TrimPrefix(server, "http://"), ":")
	c := d.command("/usr/bin/python3", "testdata/machine.py", scheme, "localhost", port, principal+"@CHU.EXAMPLE")
	var said bytes.Buffer
	c.Stderr = &said
	to, err := c.StdinPipe()
	if err != nil {
		d.Fatal(err)
	}
	from, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() {
		_ = to.Close()
		if err := c.Wait(); err != nil || d.Failed() {
			d.Errorf("the machine: %v\n%s", err, said.String())
		}
	})
	return &library{to, bufio.NewReader(from)}
}

func (l *library) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	type message struct {
		Path   string `json:"path"`
		Form   string `json:"form"`
		Coding string `json:"coding"`
		Body   []byte `json:"body"`
		Status int    `json:"status"`
	}
	asked, _ := json.Marshal(message{Path: r.URL.Path, Form: r.Header.Get("Content-Type"), Coding: r.Header.Get("Content-Encoding"), Body: body})
	_, _ = l.to.Write(append(asked, '\n')) // one that was refused has ended, and said so
	line, err := l.from.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var a message
	if err := json.Unmarshal(line, &a); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: a.Status, Header: http.Header{"Content-Type": {a.Form}}, Body: io.NopCloser(bytes.NewReader(a.Body)), Request: r}, nil
}

// TestMachinesForwardByKerberos asks a real KDC for tickets, and has MIT's library seal what a machine sends.
func TestMachinesForwardByKerberos(t *testing.T) {
	d := newDomain(t)
	for _, scheme := range []string{"Kerberos", "Negotiate"} {
		t.Run(scheme, func(t *testing.T) {
			d := &domain{t, d.dir}
			to := &intaketest.Sink{}
			s := &site{opt: Options{Kerberos: "127.0.0.1:0", Keytab: d.keytab(), DB: dbtest.SQLite(t)}}
			s.start(t, to)
			server := "http://" + s.Addresses()[0][1]
			m := weftest.NewMachine("ward3.chu.example", server, nil)
			m.Over(d.machine(scheme, server, "WARD3$"))
			f := &weftest.Forwarder{Machine: m, Channel: "Security", Batch: 7}
			if err := f.Refresh(t.Context(), security); err != nil {
				t.Fatal(err)
			}
			f.Events = logons("ward3.chu.example", 50)
			if err := f.Forward(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := to.Records()
			if len(all) != 50 || all[0].Identity != "ward3.chu.example" || len(all[0].Log.Faults) > 0 {
				t.Fatalf("got %d records: %+v", len(all), all)
			}
			stranger := weftest.NewMachine("ward3.chu.example", server, nil)
			stranger.Over(d.machine(scheme, server, "m.durand"))
			if a, err := stranger.Enumerate(t.Context()); err != nil || a.Status != http.StatusUnauthorized || s.Refused()[reasonPerson] != 1 {
				t.Errorf("a person: got %+v, %v; refused %v", a, err, s.Refused())
			}
		})
	}
}
