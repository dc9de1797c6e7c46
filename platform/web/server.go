package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second // of a whole answer; a [Stream] sets its own
	idleTimeout   = 2 * time.Minute
	graceful      = 10 * time.Second // how long a stop waits for answers under way
	headerLimit   = 32 << 10         // bytes
)

// Needs is what a server is made of.
type Needs struct {
	Config Config
	// Certificate gives the certificate of each handshake ([keys.Certificates.Get]).
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Clients is by what the certificates of devices are signed; nil, or where it returns nil, none is asked for. What a device shows is not checked
	// here: a foreign certificate must not keep anybody from a page.
	Clients func() *x509.CertPool
	// Handler is the table of routes ([NewMux]).
	Handler http.Handler
	Log     *slog.Logger
	// Metrics is what /metrics shows ([NewMetrics]), and where the server counts its requests.
	Metrics *prometheus.Registry
	// Foreign are the routes that pages of other sites may send ("POST /oidc/authorize").
	Foreign []string
	// NotReady lists why the program cannot do its work yet ([health.Tracker.NotReady]); empty means ready.
	NotReady func() []string
}

// Server is the program's only HTTP server. Make it with [New], then [Server.Listen], then [Server.Run].
type Server struct {
	config    Config
	http      *http.Server
	listeners []net.Listener
	closing   chan struct{} // closed when the server stops: streams end
}

// New puts every layer around the routes.
func New(n Needs) (*Server, error) {
	s := &Server{config: n.Config, closing: make(chan struct{})}
	h, err := s.layers(n)
	if err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           h,
		TLSConfig:         tlsConfig(n.Certificate, n.Clients),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerLimit,
		// Handshakes that fail are the network's noise, and name the addresses of people.
		ErrorLog: slog.NewLogLogger(n.Log.Handler(), slog.LevelDebug),
	}
	s.http.RegisterOnShutdown(func() { close(s.closing) })
	return s, nil
}

// tlsConfig allows TLS 1.3, and 1.2 with forward secrecy and authenticated encryption only (RFC 9325 §4.2).
func tlsConfig(certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error), clients func() *x509.CertPool) *tls.Config {
	c := &tls.Config{
		GetCertificate: certificate,
		MinVersion:     tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		NextProtos: []string{"h2", "http/1.1"},
	}
	if clients != nil {
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			pool := clients()
			if pool == nil { // no browser asks its user which certificate to show
				return nil, nil
			}
			asking := c.Clone()
			asking.GetConfigForClient, asking.ClientAuth, asking.ClientCAs = nil, tls.RequestClientCert, pool
			return asking, nil
		}
	}
	return c
}

// Handler is everything that the server answers with, for tests.
func (s *Server) Handler() http.Handler { return s.http.Handler }

// Listen opens the sockets, so that an address that is taken is known before anything else starts. Where there is
// no IPv6, IPv4 is enough; but an address that another program has is not left to it, for a browser may ask there.
func (s *Server) Listen(ctx context.Context) error {
	var absent error
	for _, address := range s.config.Addresses() {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		switch {
		case err == nil:
			s.listeners = append(s.listeners, l)
		case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
			absent = notListening(address, err)
		default:
			return errors.Join(notListening(address, err), s.unlisten())
		}
	}
	if len(s.listeners) == 0 {
		return absent
	}
	return nil
}

// notListening leaves out what was asked of the system, which the address says.
func notListening(address string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return fmt.Errorf("listening on %s: %w", address, err)
}

func (s *Server) unlisten() error {
	var failed error
	for _, l := range s.listeners {
		failed = errors.Join(failed, l.Close())
	}
	s.listeners = nil
	return failed
}

// URL is the address of the console to hand out, without a slash at its end. It is known after [Server.Listen].
func (s *Server) URL() string {
	host := "localhost"
	if len(s.config.Names) > 0 {
		host = s.config.Names[0]
	}
	port := defaultPort
	if len(s.listeners) > 0 {
		if _, p, err := net.SplitHostPort(s.listeners[0].Addr().String()); err == nil {
			port = p
		}
	}
	if port == "443" && net.ParseIP(host) == nil {
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, port)
}

// Run serves until ctx ends; then it stops listening, ends the streams, waits up to ten seconds for the answers
// under way, and returns.
func (s *Server) Run(ctx context.Context) error {
	stopped := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		go func() { stopped <- s.http.ServeTLS(l, "", "") }()
	}
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-stopped:
		stopped <- nil
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
	defer cancel()
	if err := s.http.Shutdown(limit); err != nil {
		failed = errors.Join(failed, s.http.Close())
	}
	for range s.listeners {
		if err := <-stopped; err != nil && !errors.Is(err, http.ErrServerClosed) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
