package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// status answers the machines that watch this one: /healthz (is the process alive?), /readyz (can it do its work?)
// and /metrics.
type status struct {
	notReady func() []string
	metrics  http.Handler
	token    string
}

func newStatus(n Needs) (*status, error) {
	token := ""
	if !n.Config.MetricsToken.IsZero() {
		var err error
		if token, err = n.Config.MetricsToken.Reveal(); err != nil {
			return nil, fmt.Errorf("reading the token of /metrics: %w", err)
		}
	}
	return &status{n.NotReady, promhttp.HandlerFor(n.Metrics, promhttp.HandlerOpts{}), token}, nil
}

// before answers the paths of status, under any host name: probes ask by address. Everything else goes on to next.
func (s *status) before(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /metrics", s.show)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz", "/readyz", "/metrics":
			mux.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ready names what is missing to this machine only.
func (s *status) ready(w http.ResponseWriter, r *http.Request) {
	missing := s.notReady()
	if len(missing) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "not ready")
		if local(r) {
			fmt.Fprintln(w, strings.Join(missing, "\n"))
		}
		return
	}
	fmt.Fprintln(w, "ready")
}

func (s *status) show(w http.ResponseWriter, r *http.Request) {
	if !local(r) && !s.bears(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
		Refuse(w, r, http.StatusUnauthorized, "token-needed")
		return
	}
	s.metrics.ServeHTTP(w, r)
}

// bears tells whether r carries the token (RFC 6750 §2.1). Without a token configured nobody does.
func (s *status) bears(r *http.Request) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.token))
	return s.token != "" && strings.EqualFold(scheme, "bearer") && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// local tells whether r was asked on this machine, for this machine, and not handed on by a proxy that runs here.
func local(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(h)) > 0 {
			return false
		}
	}
	from := hostOf(r.RemoteAddr)
	return loopbackName(from) && loopbackName(hostOf(r.Host))
}
