// Package endpoint is where logs come by HTTP: the bulk API of Elasticsearch, OTLP (HTTP and gRPC) and AuditEvent of FHIR, behind one
// address, one certificate and one way to prove who sends.
package endpoint

import (
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"bulwark/observe/logs/internal/audit"
	"bulwark/observe/logs/internal/bulk"
	"bulwark/observe/logs/internal/document"
	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/pseudonym"
)

// Bounds of the endpoint.
const (
	maxConnections = 1024
	maxRequests    = 64 // that are read at a time; more are asked to come again
	maxResource    = 8 << 20
	retryAfter     = "10" // seconds
	graceful       = 10 * time.Second
)

// Why requests are refused.
const (
	reasonStranger = "no valid token"
	reasonBusy     = "too many requests at a time"
	reasonCoding   = "unknown content coding"
	reasonBroken   = "request ended early"
	reasonLarge    = "request too large"
	reasonResource = "no AuditEvent"
)

// Options are what an endpoint is made of.
type Options struct {
	// Label is the intake's name, as health and sources have it: http, otlp.
	Label string
	// Listen is the address and port.
	Listen string
	// Certificate gives the certificate of each handshake. Nil: without TLS.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Admit says under which name a token is known; false for one that is not.
	Admit func(token string) (name string, ok bool)
	// Patients makes pseudonyms under the site's key.
	Patients func() *pseudonym.Pseudonyms
	Log      *slog.Logger
}

// Intake is an endpoint. Make it with [New]: it listens from then on, so that an address that is taken is known at once.
type Intake struct {
	intake.Tally
	opt      Options
	listener net.Listener
	readers  sync.Pool
	places   chan struct{}
}

// New listens.
func New(o Options) (*Intake, error) {
	if o.Admit == nil || o.Patients == nil {
		return nil, errors.New("endpoint: nobody says who may send")
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for logs on %s: %w", o.Listen, err)
	}
	i := &Intake{opt: o, places: make(chan struct{}, maxRequests)}
	i.listener = intake.NewFair(l, maxConnections, &i.Tally)
	i.readers.New = func() any { return document.New(audit.New(o.Patients())) }
	return i, nil
}

// Name is the intake's.
func (i *Intake) Name() string { return i.opt.Label }

// Addr is where it listens.
func (i *Intake) Addr() net.Addr { return i.listener.Addr() }

// Run serves until ctx ends.
func (i *Intake) Run(ctx context.Context, to intake.Sink) error {
	s := &http.Server{Handler: i.Handler(to), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 32 << 10, Protocols: new(http.Protocols)}
	if i.opt.Log != nil {
		s.ErrorLog = slog.NewLogLogger(i.opt.Log.Handler(), slog.LevelDebug)
	}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(true)
	serve := func() error { return s.ServeTLS(i.listener, "", "") }
	if i.opt.Certificate != nil {
		s.TLSConfig = &tls.Config{GetCertificate: i.opt.Certificate, MinVersion: tls.VersionTLS12}
	} else {
		s.Protocols.SetUnencryptedHTTP2(true)
		serve = func() error { return s.Serve(i.listener) }
	}
	stopped := make(chan error, 1)
	go func() { stopped <- serve() }()
	select {
	case err := <-stopped:
		return fmt.Errorf("taking in logs on %s: %w", i.opt.Listen, err)
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
	defer cancel()
	err := s.Shutdown(limit)
	if err != nil {
		err = s.Close()
	}
	<-stopped
	return err
}

// call is one request of a sender that has proved who it is.
type call struct {
	*Intake
	to   intake.Sink
	base intake.Record
}

// Handler answers everything that comes, and hands to the sink what is in it.
func (i *Intake) Handler(to intake.Sink) http.Handler {
	with := func(intakeName string, fn func(*call, http.ResponseWriter, *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c := &call{Intake: i, to: to, base: intake.Record{Intake: intakeName, Received: time.Now(), Sender: sender(r)}}
			if c.admit(w, r) && c.enter(w, r) {
				defer c.leave()
				fn(c, w, r)
			}
		}
	}
	m := http.NewServeMux()
	for _, method := range [...]string{"POST ", "PUT "} {
		m.HandleFunc(method+"/_bulk", with("bulk", (*call).bulk))
		m.HandleFunc(method+"/{index}/_bulk", with("bulk", (*call).bulk))
		m.HandleFunc(method+"/{index}/_doc", with("bulk", (*call).document))
		m.HandleFunc(method+"/{index}/_doc/{id}", with("bulk", (*call).document))
		m.HandleFunc(method+"/{index}/_create/{id}", with("bulk", (*call).document))
	}
	m.HandleFunc("POST /v1/logs", with("otlp", (*call).logs))
	m.HandleFunc("POST "+export, with("otlp", (*call).export))
	m.HandleFunc("POST /fhir", with("fhir", (*call).resource))
	m.HandleFunc("POST /fhir/AuditEvent", with("fhir", (*call).resource))
	m.HandleFunc("/", with("bulk", func(_ *call, w http.ResponseWriter, r *http.Request) { bulk.Discover(w, r) }))
	return m
}

// sender is the address of who asks.
func sender(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// admit looks who asks: a token as Bearer, as the key of an ApiKey, or as the password of Basic.
func (c *call) admit(w http.ResponseWriter, r *http.Request) bool {
	if name, ok := c.opt.Admit(token(r.Header.Get("Authorization"))); ok {
		c.base.Identity = name
		return true
	}
	c.Add(reasonStranger, 1)
	if isGRPC(r) {
		say(w, grpcUnauthenticated, "a token is needed")
		return false
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="logs", charset="UTF-8"`)
	bulk.Refuse(w, http.StatusUnauthorized, "security_exception", "a token is needed: bulwark logs token NAME makes one")
	return false
}

// token is the secret in an Authorization field; "" where there is none.
func token(field string) string {
	scheme, rest, _ := strings.Cut(field, " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(scheme) {
	case "bearer":
		return rest
	case "apikey", "basic":
		pair, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return rest // an ApiKey that is no pair
		}
		if _, secret, ok := strings.Cut(string(pair), ":"); ok {
			return secret
		}
		return rest
	}
	return ""
}

// enter waits for no place among those whose requests are read.
func (c *call) enter(w http.ResponseWriter, r *http.Request) bool {
	select {
	case c.places <- struct{}{}:
		return true
	default:
		c.Add(reasonBusy, 1)
		if isGRPC(r) {
			say(w, grpcUnavailable, reasonBusy)
		} else {
			c.full(w)
		}
		return false
	}
}

func (c *call) leave() { <-c.places }

// full asks to come again later.
func (c *call) full(w http.ResponseWriter) {
	w.Header().Set("Retry-After", retryAfter)
	bulk.Refuse(w, http.StatusTooManyRequests, "es_rejected_execution_exception", "no room: come again later")
}

// body is the request's body, unpacked; close gives back what unpacks it.
func (c *call) body(w http.ResponseWriter, r *http.Request) (body io.Reader, closed func(), ok bool) {
	var err error
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
		return r.Body, func() {}, true
	case "gzip":
		body, err = gzip.NewReader(r.Body)
	case "deflate":
		body, err = zlib.NewReader(r.Body)
	case "zstd":
		z, failed := zstd.NewReader(r.Body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		if failed == nil {
			return z, z.Close, true
		}
		err = failed
	default:
		c.Add(reasonCoding, 1)
		bulk.Refuse(w, http.StatusUnsupportedMediaType, "illegal_argument_exception", reasonCoding)
		return nil, nil, false
	}
	if err != nil {
		c.broken(w)
		return nil, nil, false
	}
	return body, func() {}, true
}

func (c *call) broken(w http.ResponseWriter) {
	c.Add(reasonBroken, 1)
	bulk.Refuse(w, http.StatusBadRequest, "parse_exception", reasonBroken)
}
