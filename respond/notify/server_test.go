package notify

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

// inside is set where the test runs as a program of its own, whose only authority is the server's certificate.
const inside = "BULWARK_TEST_MAIL"

// A real mail server (Exim of Debian) takes mail over STARTTLS from who signs on; what it puts off arrives at the next try.
func TestMailByARealServer(t *testing.T) {
	dir := os.Getenv(inside)
	if dir != "" {
		mailReally(t, dir)
		return
	}
	if _, err := exec.LookPath("exim4"); err != nil || os.Geteuid() != 0 {
		t.Skip("this asks a real mail server, as root: apt-get install exim4-daemon-light")
	}
	dir = t.TempDir()
	certify(t, dir)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMailByARealServer$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"="+dir, "SSL_CERT_FILE="+filepath.Join(dir, "cert.pem"))
	out, err := cmd.CombinedOutput()
	if bytes.Contains(out, []byte("--- SKIP")) {
		t.Skipf("%s", out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func mailReally(t *testing.T, dir string) {
	d := dbtest.SQLite(t)
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := listen.Addr().String()
	listen.Close()
	b := open(t, d, newGateway(t))
	b.mailBy(d, Channel{Name: "mail", Type: "mail", Server: at, From: "bulwark@ch.example", User: "bulwark", Password: conf.NewSecret("wrong")})
	b.must(b.PutContact(t.Context(), "host", &Contact{ID: "anne", Name: "Anne", Language: "fr", Ways: []Way{{Channel: "mail", To: "anne@ch.example"}}}))
	b.must(b.PutPolicy(t.Context(), "host", &Policy{Name: "incident", Least: "high", Rounds: 1, Steps: []Step{{0, []string{"contact:anne"}}}}))
	b.happens("high", false)
	b.must(b.tellDue(t.Context()))
	try := func(what, state, says string) {
		t.Helper()
		b.clock.Add(longestPause)
		_, err := b.sendDue(t.Context(), "mail")
		b.must(err)
		var row messageRow
		b.must(d.Read().NewSelect().Model(&row).Scan(t.Context()))
		e, err := read[errand](row.Doc)
		b.must(err)
		if row.State != state || !strings.Contains(e.Error, says) {
			t.Errorf("%s: it is %s (%s), want %s (%s)", what, row.State, e.Error, state, says)
		}
	}
	try("no server", waiting, "refused")
	stop, said := server(t, dir, at)
	defer stop()
	try("a wrong password", waiting, "535")
	b.mailBy(d, Channel{Name: "mail", Type: "mail", Server: at, From: "bulwark@ch.example", User: "bulwark", Password: conf.NewSecret("secret1")})
	busy := filepath.Join(dir, "busy")
	b.must(os.WriteFile(busy, nil, 0o644))
	try("put off", waiting, `451 "not now, come again"`)
	b.must(os.Remove(busy))
	try("again", sent, "")
	mail := delivered(t, dir)
	if !strings.Contains(mail, "To: <anne@ch.example>") || !strings.Contains(said(), "X=TLS") || !strings.Contains(mail, "Message-ID: <notice-1-1@bulwark>") {
		t.Errorf("the mail is\n%s\nthe server says\n%s", mail, said())
	}
}

// mailBy makes the room anew with a channel, as after a change of the settings.
func (b *bench) mailBy(d *db.DB, c Channel) {
	b.t.Helper()
	b.must(c.Check())
	n := b.Notify.needs
	n.Config, n.DB, n.Registry = Config{Channels: []Channel{c}}, d, nil
	var err error
	b.Notify, err = New(b.t.Context(), n)
	b.must(err)
}

// certify makes a certificate that is its own authority.
func certify(t *testing.T, dir string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.ch.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// eximConf is the least that a mail server needs: the folder, the port, and where it is itself.
const eximConf = `exim_user = nobody
exim_group = nogroup
keep_environment =
exim_path = %[3]s
spool_directory = %[1]s/spool
log_file_path = %[1]s/log/%%slog
primary_hostname = mail.ch.example
daemon_smtp_ports = %[2]s
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = %[1]s/cert.pem
tls_privatekey = %[1]s/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  deny !authenticated = *
  defer message = not now, come again
    condition = ${if exists{%[1]s/busy}}
  accept
begin routers
all:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  file = %[1]s/mail/inbox
  user = nobody
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{bulwark}}{eq{$auth3}{secret1}}}}
  server_set_id = $auth2
`

// server starts the mail server with all that is its own in a folder, and returns what ends it, and what it said.
func server(t *testing.T, dir, at string) (stop func(), said func() string) {
	t.Helper()
	_, port, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"..", "", "spool", "log", "mail"} { // it runs as nobody
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(name, 0o777), os.Chmod(name, 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	program, err := exec.LookPath("exim4")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "exim.conf")
	if err := os.WriteFile(name, fmt.Appendf(nil, eximConf, dir, port, program), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, "-C", name, "-bdf", "-oP", filepath.Join(dir, "pid"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &out, &out, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	answers(t, at, gone, &out)
	return func() { end(); <-gone }, func() string {
		main, _ := os.ReadFile(filepath.Join(dir, "log", "mainlog")) // what is not there says nothing
		return string(main)
	}
}

// answers waits until the server greets.
func answers(t *testing.T, at string, gone chan struct{}, out *bytes.Buffer) {
	t.Helper()
	for {
		c, err := net.Dial("tcp", at)
		if err == nil {
			_, err = c.Read(make([]byte, 4))
			c.Close()
		}
		if err == nil {
			return
		}
		select {
		case <-gone:
			t.Fatalf("the mail server ended:\n%s", out)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// delivered waits for the mail that was delivered.
func delivered(t *testing.T, dir string) string {
	t.Helper()
	for range 400 {
		names, err := filepath.Glob(filepath.Join(dir, "mail", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil && bytes.Contains(text, []byte("Trois postes")) {
				return string(text)
			}
		}
		<-time.After(50 * time.Millisecond)
	}
	return ""
}
