// Package directorytest makes a domain of Samba for tests.
package directorytest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What the domain is, and the password of its administrator.
const (
	Address  = "127.77.0.1" // of the domain controller: on this machine alone
	Realm    = "AD.HOSPITAL.EXAMPLE"
	Base     = "DC=ad,DC=hospital,DC=example"
	Password = "Test-directory-2026"
)

// Domain is a domain controller: Samba's.
type Domain struct {
	// Authority is the file of the certificate that it shows.
	Authority string

	t    *testing.T
	conf string
	stop func()
}

// New makes an empty domain and starts its controller, until the test ends. It skips the test where there is no Samba.
func New(t *testing.T) *Domain {
	t.Helper()
	if testing.Short() {
		t.Skip("making a domain takes half a minute")
	}
	if os.Geteuid() != 0 {
		t.Skip("a domain controller needs root for its ports")
	}
	for _, name := range []string{"samba", "samba-tool"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("a domain controller needs %s (Debian: samba-ad-dc)", name)
		}
	}
	alone(t)
	dir := t.TempDir()
	d := &Domain{t: t, conf: filepath.Join(dir, "etc", "smb.conf"), Authority: filepath.Join(dir, "cert.pem")}
	if out, err := exec.Command("samba-tool", "domain", "provision", "--realm="+Realm, "--domain=HOSPITAL", "--server-role=dc", "--dns-backend=NONE", "--adminpass="+Password,
		"--targetdir="+dir, "--host-name=dc1", "--host-ip="+Address, "--option=vfs objects=").CombinedOutput(); err != nil {
		t.Skipf("making a domain: %v: %.500s", err, out)
	}
	SelfSigned(t, d.Authority, filepath.Join(dir, "key.pem"))
	text, err := os.ReadFile(d.conf)
	if err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("[global]\n\tinterfaces = %s/8\n\tbind interfaces only = yes\n\ttls enabled = yes\n\ttls keyfile = %s/key.pem\n\ttls certfile = %s\n\ttls cafile =\n\tlog file = %s/log\n", Address, dir, d.Authority, dir)
	var rest []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "server services") {
			line = "\tserver services = ldap, kdc\n"
		}
		if !strings.HasPrefix(line, "[global]") && !strings.Contains(line, "log file") {
			rest = append(rest, line)
		}
	}
	if err := os.WriteFile(d.conf, []byte(own+strings.Join(rest, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	d.start()
	return d
}

// alone waits until no other test has a controller: there is one address for it.
func alone(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "bulwark-directorytest.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

// start starts the controller, and waits until it answers.
func (d *Domain) start() {
	d.t.Helper()
	d.free()
	cmd := exec.Command("samba", "-i", "-M", "single", "-s", d.conf, "--debug-stdout")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		d.t.Skipf("starting samba: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	d.stop = sync.OnceFunc(func() { _ = cmd.Process.Kill(); <-ended })
	d.t.Cleanup(d.stop)
	for range 300 {
		c, err := net.DialTimeout("tcp", Address+":636", time.Second)
		if err == nil {
			c.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			d.t.Skipf("samba ended: %v: %s", err, said.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	d.t.Fatalf("samba does not answer: %s", said.String())
}

// free waits until nobody has the address: a controller whose test was killed lives on, and would answer in the place of this one.
func (d *Domain) free() {
	d.t.Helper()
	for range 100 {
		c, err := net.DialTimeout("tcp", Address+":636", time.Second)
		if err != nil {
			return
		}
		c.Close()
		time.Sleep(100 * time.Millisecond)
	}
	d.t.Fatalf("another domain controller answers at %s: end it (ps -C samba)", Address)
}

// Stop ends the controller; [Domain.Start] starts it again.
func (d *Domain) Stop() { d.stop() }

// Start starts a controller that was stopped.
func (d *Domain) Start() { d.t.Helper(); d.start() }

// Tool runs samba-tool.
func (d *Domain) Tool(args ...string) {
	d.t.Helper()
	if out, err := exec.Command("samba-tool", append(args, "-s", d.conf)...).CombinedOutput(); err != nil {
		d.t.Fatalf("samba-tool %v: %v: %s", args, err, out)
	}
}

// Shown is an attribute of an account.
func (d *Domain) Shown(user, attribute string) string {
	d.t.Helper()
	out, err := exec.Command("samba-tool", "user", "show", user, "--attributes="+attribute, "-s", d.conf).Output()
	if err != nil {
		d.t.Fatalf("asking for %s: %v", user, err)
	}
	_, value, _ := strings.Cut(string(out), attribute+": ")
	value, _, _ = strings.Cut(value, "\n")
	return value
}

// SelfSigned makes a certificate for the address of the domain controller, which is its own authority.
func SelfSigned(t *testing.T, cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dc1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(Address)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
