package keys

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/health"
)

// TLS is how the console proves who it is.
type TLS struct {
	// Cert is the file of the hospital's own certificate, in PEM, with its intermediates behind it. Empty: Bulwark
	// makes its own, from an authority of its own. It is read again every minute.
	Cert string `conf:"cert"`
	// Key is the file of the private key of the certificate, in PEM.
	Key string `conf:"key"`
}

// Certificates gives the console its certificate, and replaces it in time. Make it with [OpenCertificates].
type Certificates struct {
	config TLS
	local  local
	clock  clock.Clock
	now    atomic.Pointer[tls.Certificate]
}

// Check refuses a certificate without its key, and the reverse.
func (t *TLS) Check() error {
	if (t.Cert == "") != (t.Key == "") {
		return fmt.Errorf("a certificate and its key go together: %q, %q", t.Cert, t.Key)
	}
	return nil
}

// OpenCertificates reads the hospital's certificate, or makes Bulwark's own in dir/tls, for localhost and the names
// under which the console is reached.
func OpenCertificates(dir string, config TLS, names []string, c clock.Clock) (*Certificates, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	all := []string{"localhost", "127.0.0.1", "::1"}
	for _, n := range names {
		if n = strings.ToLower(n); !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	s := &Certificates{config: config, local: local{filepath.Join(dir, "tls"), all}, clock: c}
	if err := s.Refresh(); err != nil {
		return nil, err
	}
	return s, nil
}

// Get is the certificate of now, in the shape of [tls.Config.GetCertificate].
func (s *Certificates) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.now.Load(), nil }

// SelfMade tells whether the certificate comes from Bulwark's own authority.
func (s *Certificates) SelfMade() bool { return s.config.Cert == "" }

// Authority is the file to trust in browsers when the certificate is self-made.
func (s *Certificates) Authority() string { return s.local.path("authority", ".crt") }

// Refresh takes a certificate file that changed, or renews a self-made one that nears its end. When it cannot, the
// certificate before stays.
func (s *Certificates) Refresh() error {
	c, err := s.load()
	if err != nil {
		return fmt.Errorf("loading the certificate: %w", err)
	}
	if before := s.now.Load(); before == nil || !bytes.Equal(before.Certificate[0], c.Certificate[0]) {
		s.now.Store(c)
	}
	return nil
}

func (s *Certificates) load() (*tls.Certificate, error) {
	if s.SelfMade() {
		return s.local.load(s.clock.Now())
	}
	var pem [2][]byte
	for i, path := range []string{s.config.Cert, s.config.Key} {
		f, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if pem[i], err = readBounded(path, f.Size()); err != nil {
			return nil, err
		}
	}
	c, err := tls.X509KeyPair(pem[0], pem[1])
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", s.config.Cert, s.config.Key, err)
	}
	return &c, nil
}

// Run refreshes the certificate every minute and keeps its warnings true, until ctx ends.
func (s *Certificates) Run(ctx context.Context, warn *health.Tracker) error {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		s.check(warn)
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (s *Certificates) check(warn *health.Tracker) {
	if err := s.Refresh(); err != nil {
		warn.Set(&unreadable, health.Args{"error": err.Error()})
	} else {
		warn.Clear(&unreadable, "")
	}
	end := s.now.Load().Leaf.NotAfter
	if left := end.Sub(s.clock.Now()); left < 30*day {
		warn.Set(&ending, health.Args{"date": end.Format(time.DateOnly)})
	} else {
		warn.Clear(&ending, "")
	}
	if s.SelfMade() {
		warn.Set(&selfMade, health.Args{"file": s.Authority()})
	}
}
