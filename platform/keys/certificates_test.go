package keys

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/health"
)

func opened(t *testing.T, dir string, config TLS, c clock.Clock, names ...string) *Certificates {
	t.Helper()
	s, err := OpenCertificates(dir, config, names, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func leaf(s *Certificates) *x509.Certificate { return s.now.Load().Leaf }

func authority(t *testing.T, s *Certificates) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(s.Authority())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("the authority's file holds no certificate")
	}
	return pool
}

func TestSelfMadeCertificate(t *testing.T) {
	s := opened(t, t.TempDir(), TLS{}, clock.System{}, "bulwark.hopital.example", "10.1.2.3")
	pool := authority(t, s)
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "bulwark.hopital.example", "10.1.2.3"} {
		if err := shake(t, s, &tls.Config{RootCAs: pool, ServerName: name}); err != nil {
			t.Errorf("a browser that trusts the authority, asking for %s: %v", name, err)
		}
	}
	if err := shake(t, s, &tls.Config{RootCAs: pool, ServerName: "bank.example"}); err == nil {
		t.Error("the certificate passed for bank.example, want a refusal")
	}
	if got, limit := leaf(s).NotAfter.Sub(leaf(s).NotBefore), 398*day; got > limit {
		t.Errorf("life = %v, want at most %v", got, limit)
	}
}

// shake makes one TLS handshake over an in-memory connection.
func shake(t *testing.T, s *Certificates, client *tls.Config) error {
	t.Helper()
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		defer there.Close()
		_ = tls.Server(there, &tls.Config{GetCertificate: s.Get}).Handshake()
	}()
	return tls.Client(here, client).Handshake()
}

func TestTheAuthorityIsGoodForThisConsoleOnly(t *testing.T) {
	s := opened(t, t.TempDir(), TLS{}, clock.System{})
	ca, err := s.local.read("authority")
	if err != nil {
		t.Fatal(err)
	}
	// Somebody who stole the authority's key makes a certificate for a bank.
	thief := local{t.TempDir(), []string{"bank.example"}}
	forged, err := thief.makeServer(ca, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, err = forged.cert.Verify(x509.VerifyOptions{Roots: authority(t, s), DNSName: "bank.example"})
	var bad x509.CertificateInvalidError
	if !errors.As(err, &bad) || bad.Reason != x509.CANotAuthorizedForThisName {
		t.Errorf("verifying the forged certificate = %v, want that the authority may not", err)
	}
}

func TestSelfMadeCertificateIsKeptAndRenewed(t *testing.T) {
	dir, c := t.TempDir(), clock.NewManual(time.Now())
	first := opened(t, dir, TLS{}, c)
	tests := []struct {
		name          string
		after         time.Duration
		names         []string
		server, other bool // is it the same server certificate, the same authority?
	}{
		{"a restart keeps both", time.Minute, nil, true, true},
		{"a year later the server's is renewed", 320 * day, nil, false, true},
		{"nine and a half years later both are", 3300 * day, nil, false, false},
		{"a new name needs both anew", -3300 * day, []string{"new.example"}, false, false},
		{"a clock set back before the certificate needs it anew", -400 * day, nil, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, ca := leaf(first), first.now.Load().Certificate[1]
			c.Add(tt.after)
			first = opened(t, dir, TLS{}, c, tt.names...)
			if got := leaf(first).Equal(before); got != tt.server {
				t.Errorf("same server certificate = %v, want %v", got, tt.server)
			}
			if got := string(first.now.Load().Certificate[1]) == string(ca); got != tt.other {
				t.Errorf("same authority = %v, want %v", got, tt.other)
			}
			if _, err := leaf(first).Verify(x509.VerifyOptions{Roots: authority(t, first), CurrentTime: c.Now()}); err != nil {
				t.Errorf("verifying: %v", err)
			}
		})
	}
}

func TestADamagedSelfMadeCertificateIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	before := leaf(opened(t, dir, TLS{}, clock.System{}))
	if err := os.WriteFile(filepath.Join(dir, "tls", "server.crt"), []byte("cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	if leaf(opened(t, dir, TLS{}, clock.System{})).Equal(before) {
		t.Error("the damaged certificate is still there, want a new one")
	}
}

func TestHospitalCertificateIsReadAgain(t *testing.T) {
	warn := health.NewTracker(clock.System{})
	one, two := opened(t, t.TempDir(), TLS{}, clock.System{}), opened(t, t.TempDir(), TLS{}, clock.System{})
	dir := t.TempDir()
	config := TLS{Cert: filepath.Join(dir, "hospital.pem"), Key: filepath.Join(dir, "hospital.key")}
	install := func(from *Certificates) {
		t.Helper()
		for to, name := range map[string]string{config.Cert: "server.crt", config.Key: "server.key"} {
			text, err := os.ReadFile(filepath.Join(from.local.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	install(one)
	s := opened(t, t.TempDir(), config, clock.System{})
	if s.SelfMade() || !leaf(s).Equal(leaf(one)) {
		t.Error("the hospital's certificate is not in use")
	}
	install(two)
	s.check(warn)
	if !leaf(s).Equal(leaf(two)) {
		t.Error("the new certificate is not in use")
	}
	if err := os.WriteFile(config.Cert, []byte("cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.check(warn)
	if !leaf(s).Equal(leaf(two)) {
		t.Error("an unreadable certificate was taken, want the one before")
	}
	if got := warn.Warnings(); len(got) != 1 || got[0].ID != "keys.certificate-unreadable" {
		t.Errorf("warnings = %+v, want the unreadable certificate", got)
	}
	install(two)
	s.check(warn)
	if got := warn.Warnings(); len(got) != 0 {
		t.Errorf("warnings = %+v, want none", got)
	}
}

func TestOpenCertificatesRefuses(t *testing.T) {
	if _, err := OpenCertificates(t.TempDir(), TLS{Cert: "a.pem"}, nil, clock.System{}); err == nil || !strings.Contains(err.Error(), "go together") {
		t.Errorf("a certificate without its key = %v, want a refusal", err)
	}
	if _, err := OpenCertificates(t.TempDir(), TLS{Cert: "/none.pem", Key: "/none.key"}, nil, clock.System{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("files that are not there = %v, want %v", err, fs.ErrNotExist)
	}
}

func TestWarnablesAreComplete(t *testing.T) {
	for _, w := range Warnables() {
		if err := w.Check(); err != nil {
			t.Error(err)
		}
	}
}
