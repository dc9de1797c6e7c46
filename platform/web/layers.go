package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// layers puts the layers around the routes; a request meets them from the last to the first.
func (s *Server) layers(n Needs) (http.Handler, error) {
	m, err := newMeter(n.Metrics)
	if err != nil {
		return nil, err
	}
	status, err := newStatus(n)
	if err != nil {
		return nil, err
	}
	forged := http.NewCrossOriginProtection()
	forged.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Refuse(w, r, http.StatusForbidden, "cross-origin")
	}))
	for _, pattern := range n.Foreign {
		forged.AddInsecureBypassPattern(pattern)
	}
	h := s.knownHost(forged.Handler(n.Handler))
	h = status.before(h)
	h = s.headers(h)
	return &entrance{next: h, log: n.Log, meter: m, closing: s.closing}, nil
}

// contextKey keeps what this package puts in a request's context apart from others'.
type contextKey int

const (
	requestIDKey contextKey = iota
	closingKey
)

// RequestID is the id of the request that ctx belongs to, as its answer carries it in X-Request-Id; "" outside one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// entrance is the outermost layer: it gives each request an id, measures it, notes it, and survives a panic in it.
type entrance struct {
	next    http.Handler
	log     *slog.Logger
	meter   *meter
	closing <-chan struct{}
}

func (e *entrance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	name := hex.EncodeToString(id[:])
	ctx := context.WithValue(r.Context(), requestIDKey, name)
	r = r.WithContext(context.WithValue(ctx, closingKey, e.closing))
	w.Header().Set("X-Request-Id", name)
	answer := &recorder{ResponseWriter: w}
	e.meter.inFlight.Inc()
	defer func() {
		if p := recover(); p != nil {
			e.panicked(answer, r, p)
		}
		e.meter.inFlight.Dec()
		e.done(r, answer, time.Since(start))
	}()
	e.next.ServeHTTP(answer, r)
}

// panicked answers 500 where nothing was answered yet, and cuts the connection otherwise.
func (e *entrance) panicked(answer *recorder, r *http.Request, p any) {
	if p != http.ErrAbortHandler {
		e.log.ErrorContext(r.Context(), "request panicked", "request_id", RequestID(r.Context()),
			"route", route(r), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
	if answer.status != 0 {
		answer.aborted = true
		return
	}
	Refuse(answer, r, http.StatusInternalServerError, "internal")
}

// done counts and notes the request. It names the route, never the path or the query, which carry one-time links and
// what people search for; and nobody's address. Reading is noted for us only.
func (e *entrance) done(r *http.Request, answer *recorder, took time.Duration) {
	e.meter.observe(r, answer.code(), took)
	level := slog.LevelInfo
	if answer.code() < 400 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		level = slog.LevelDebug
	}
	e.log.Log(r.Context(), level, "request answered", "request_id", RequestID(r.Context()), "method", method(r),
		"route", route(r), "status", answer.code(), "bytes", answer.bytes, "duration_ms", took.Milliseconds())
	if answer.aborted {
		panic(http.ErrAbortHandler) // the client must see that the answer is not whole
	}
}

// route is the pattern that served r, or "none".
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

// method is the method of r, one of a few: anybody can send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status  int
	bytes   int64
	aborted bool
}

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 { // 1xx are not yet the answer
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets [http.ResponseController] reach what is below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// knownHost refuses a request for a host that is not this console: another site's name that was made to point here
// (DNS rebinding) must not read what the browser would then take for its own.
func (s *Server) knownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.config.known(hostOf(r.Host)) {
			Refuse(w, r, http.StatusMisdirectedRequest, "unknown-host")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// headers tells the browser to run no script, load no part and open no frame but our own, and to keep nothing. A
// handler of unchanging files overrides Cache-Control.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if s.config.public(hostOf(r.Host)) { // not for localhost: the header binds every port of a name (RFC 6797 §8.4)
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}
