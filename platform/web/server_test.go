package web

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/keys"
)

// site is a server of a few routes, and what it logged.
type site struct {
	server  *Server
	needs   Needs
	log     bytes.Buffer
	missing []string
}

func newSite(t *testing.T, spoil func(*Needs), routes ...Route) *site {
	t.Helper()
	mux, err := NewMux(routes, closed{})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{}
	s.needs = Needs{
		Config:   Config{Names: []string{"bulwark.hopital.example", "10.1.2.3"}},
		Handler:  mux,
		Log:      slog.New(slog.NewJSONHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Metrics:  NewMetrics(),
		NotReady: func() []string { return s.missing },
	}
	if spoil != nil {
		spoil(&s.needs)
	}
	if s.server, err = New(s.needs); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask asks the site as somebody far away, unless change says otherwise.
func (s *site) ask(method, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://bulwark.hopital.example"+target, nil)
	r.RemoteAddr = "10.9.9.9:4711"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.server.Handler().ServeHTTP(w, r)
	return w
}

func public(method, pattern string, h http.HandlerFunc) Route {
	return Route{Method: method, Pattern: pattern, Duties: []Duty{Public}, Handler: h}
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	s := newSite(t, nil, public("GET", "/page", ok))
	for _, path := range []string{"/page", "/none", "/healthz"} {
		h := s.ask("GET", path, nil).Result().Header
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "same-origin", "Permissions-Policy": "camera=()", "Cache-Control": "no-store",
			"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := h.Get(name); !strings.Contains(got, want) {
				t.Errorf("%s: %s = %q, want %q in it", path, name, got, want)
			}
		}
		if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy allows inline parts: %q", path, csp)
		}
		if id := h.Get("X-Request-Id"); len(id) != 16 {
			t.Errorf("%s: request id = %q, want 16 digits", path, id)
		}
	}
	for _, host := range []string{"localhost:8443", "10.1.2.3"} {
		w := s.ask("GET", "/page", func(r *http.Request) { r.Host = host })
		if got := w.Result().Header.Get("Strict-Transport-Security"); got != "" {
			t.Errorf("HSTS for %s = %q, want none", host, got)
		}
	}
}

// A browser that was given too many cookies is told so, and nothing else suffers.
func TestCookiesLargerThanAHeaderAreRefused(t *testing.T) {
	s := newSite(t, nil, public("GET", "/page", ok))
	server := httptest.NewUnstartedServer(s.server.Handler())
	server.Config.MaxHeaderBytes = headerLimit
	server.Start()
	defer server.Close()
	for _, c := range []struct {
		cookie string
		want   int
	}{{strings.Repeat("x", 2*headerLimit), http.StatusRequestHeaderFieldsTooLarge}, {"small", http.StatusOK}} {
		r, err := http.NewRequest(http.MethodGet, server.URL+"/page", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "localhost"
		r.Header.Set("Cookie", "a="+c.cookie)
		got, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		if got.StatusCode != c.want {
			t.Errorf("a cookie of %d bytes: %d, want %d", len(c.cookie), got.StatusCode, c.want)
		}
	}
}

func TestHosts(t *testing.T) {
	s := newSite(t, nil, public("GET", "/page", ok))
	for host, want := range map[string]int{
		"bulwark.hopital.example": 200, "BULWARK.hopital.example:8443": 200, "10.1.2.3": 200, "localhost": 200,
		"127.0.0.1:8443": 200, "[::1]:8443": 200, "127.9.9.9": 200,
		"evil.example": 421, "localhost.evil.example": 421, "": 421, "10.1.2.4": 421,
	} {
		w := s.ask("GET", "/page", func(r *http.Request) { r.Host = host })
		if w.Code != want {
			t.Errorf("host %q = %d, want %d", host, w.Code, want)
		}
	}
	if w := s.ask("GET", "/healthz", func(r *http.Request) { r.Host = "10.200.0.1" }); w.Code != 200 {
		t.Errorf("a probe by address = %d, want 200", w.Code)
	}
}

func TestForgedRequests(t *testing.T) {
	s := newSite(t, nil, public("GET", "/page", ok), public("POST", "/page", ok))
	tests := []struct {
		name, method, header, value string
		want                        int
	}{
		{"a form of ours passes", "POST", "Sec-Fetch-Site", "same-origin", 200},
		{"a form of another site is refused", "POST", "Sec-Fetch-Site", "cross-site", 403},
		{"a form of a sibling site is refused", "POST", "Sec-Fetch-Site", "same-site", 403},
		{"an older browser's form of ours passes", "POST", "Origin", "https://bulwark.hopital.example", 200},
		{"an older browser's form of another site is refused", "POST", "Origin", "https://evil.example", 403},
		{"a link from another site passes", "GET", "Sec-Fetch-Site", "cross-site", 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := s.ask(tt.method, "/page", func(r *http.Request) { r.Header.Set(tt.header, tt.value) })
			if w.Code != tt.want {
				t.Errorf("status = %d, want %d", w.Code, tt.want)
			}
		})
	}
}

func TestAPanicIsAnsweredOnceAndWithItsID(t *testing.T) {
	s := newSite(t, nil,
		public("GET", "/early", func(http.ResponseWriter, *http.Request) { panic("boom") }),
		public("GET", "/late", func(w http.ResponseWriter, _ *http.Request) { ok(w, nil); panic("boom") }))
	w := s.ask("GET", "/early", nil)
	id := w.Result().Header.Get("X-Request-Id")
	if w.Code != 500 || !strings.Contains(w.Body.String(), id) || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("answer = %d %s, want 500 with the id %s and nothing of the panic", w.Code, w.Body, id)
	}
	if !strings.Contains(s.log.String(), id) || !strings.Contains(s.log.String(), "boom") {
		t.Errorf("log = %s, want the panic and the id", s.log.String())
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("a panic after the answer began = %v, want the connection cut", p)
		}
	}()
	s.ask("GET", "/late", nil)
}

func TestTheLogKnowsTheRouteAndNothingOfThePerson(t *testing.T) {
	s := newSite(t, nil, public("POST", "/setup/{token}", ok))
	s.ask("POST", "/setup/s3cret?q=dupont", nil)
	got := s.log.String()
	for _, leak := range []string{"s3cret", "dupont", "10.9.9.9"} {
		if strings.Contains(got, leak) {
			t.Errorf("the log tells %q: %s", leak, got)
		}
	}
	if want := `"route":"POST /setup/{token}"`; !strings.Contains(got, want) {
		t.Errorf("log = %s, want %s", got, want)
	}
}

func TestStatus(t *testing.T) {
	s := newSite(t, func(n *Needs) { n.Config.MetricsToken = conf.NewSecret("t0ken") })
	here := func(r *http.Request) { r.Host, r.RemoteAddr = "localhost:8443", "127.0.0.1:5000" }
	with := func(header, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(header, value) }
	}
	tests := []struct {
		name, path string
		missing    []string
		change     func(*http.Request)
		want       int
		body       string
	}{
		{"alive", "/healthz", []string{"x"}, nil, 200, "ok"},
		{"ready", "/readyz", nil, nil, 200, "ready"},
		{"not ready, without reasons for strangers", "/readyz", []string{"sensor.no-packets"}, nil, 503, "not ready\n"},
		{"not ready, with reasons here", "/readyz", []string{"sensor.no-packets"}, here, 503, "sensor.no-packets"},
		{"metrics here", "/metrics", nil, here, 200, "go_goroutines"},
		{"metrics for a stranger", "/metrics", nil, nil, 401, "token-needed"},
		{"metrics for a wrong token", "/metrics", nil, with("Authorization", "Bearer other"), 401, "token-needed"},
		{"metrics for the token", "/metrics", nil, with("Authorization", "Bearer t0ken"), 200, "bulwark_http_requests_total"},
		{"metrics through a proxy on this machine", "/metrics", nil, func(r *http.Request) { here(r); r.Header.Set("X-Forwarded-For", "1.2.3.4") }, 401, ""},
		{"metrics by another site's name that points here", "/metrics", nil, func(r *http.Request) { here(r); r.Host = "evil.example" }, 401, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.missing = tt.missing
			w := s.ask("GET", tt.path, tt.change)
			if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("answer = %d %.200s, want %d with %q", w.Code, w.Body, tt.want, tt.body)
			}
			if strings.HasPrefix(tt.name, "not ready, without") && strings.Contains(w.Body.String(), "sensor") {
				t.Errorf("a stranger reads %q", w.Body)
			}
		})
	}
	none := newSite(t, nil)
	if w := none.ask("GET", "/metrics", with("Authorization", "Bearer ")); w.Code != 401 {
		t.Errorf("metrics with an empty token where none is configured = %d, want 401", w.Code)
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	read := func(w http.ResponseWriter, r *http.Request) {
		var v any
		if err := ReadJSON(r, &v); err != nil {
			Refuse(w, r, http.StatusBadRequest, "body")
		}
	}
	large := public("POST", "/large", read)
	large.Body = 1 << 20
	s := newSite(t, nil, public("POST", "/small", read), large)
	for path, want := range map[string]int{"/small": 400, "/large": 200} {
		w := s.ask("POST", path, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Body = io.NopCloser(strings.NewReader(`"` + strings.Repeat("x", defaultBody) + `"`))
		})
		if w.Code != want {
			t.Errorf("%s = %d, want %d", path, w.Code, want)
		}
	}
}

func TestReadJSON(t *testing.T) {
	tests := []struct {
		name, kind, body string
		good             bool
	}{
		{"one object", "application/json", `{"name":"x"}`, true},
		{"with a character set", "application/json; charset=utf-8", `{"name":"x"} `, true},
		{"a form, which another site could send without asking", "text/plain", `{"name":"x"}`, false},
		{"an unknown field", "application/json", `{"name":"x","duties":["administrator"]}`, false},
		{"two values", "application/json", `{"name":"x"}{}`, false},
		{"nothing", "application/json", ``, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.kind)
			var v struct{ Name string }
			if err := ReadJSON(r, &v); (err == nil) != tt.good || err != nil && !errors.Is(err, ErrBody) {
				t.Errorf("ReadJSON = %v, want good = %v", err, tt.good)
			}
		})
	}
}

func TestLocalPath(t *testing.T) {
	for _, path := range []string{"/", "/traffic", "/traffic?from=2026-11-22T02:00:00Z&q=host%3Da%2F%2Fb", "/device/10.1.2.3", "/a.b/..c", "/x#y"} {
		if got := LocalPath(path, "/f"); got != path {
			t.Errorf("LocalPath(%q) = %q, want itself", path, got)
		}
	}
	for _, path := range []string{
		"", "x", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "/a//b", "/?x=//evil.example", "/%2f/evil.example",
		"/%5cevil.example", "/a/../b", "/a/%2e%2e/b", "/.", "/\t/evil.example", "/%09/evil.example", "/é", "/%zz", "/" + strings.Repeat("a", 2000),
	} {
		if got := LocalPath(path, "/f"); got != "/f" {
			t.Errorf("LocalPath(%q) = %q, want the fallback", path, got)
		}
	}
}

// TestLocalPathAgainstThePayloadsOfOthers holds the rule against oauth2-proxy's list.
func TestLocalPathAgainstThePayloadsOfOthers(t *testing.T) {
	root := os.Getenv("BULWARK_DATA")
	if root == "" {
		t.Skip("BULWARK_DATA is not set: the open-redirect payloads are not checked")
	}
	f, err := os.Open(filepath.Join(root, "access", "open-redirect", "openredirects.txt"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	tried, through := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); tried++ {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = "next=" + lines.Text()
		if next := r.URL.Query().Get("next"); LocalPath(next, "") != "" {
			through++
			t.Errorf("%q passed", next)
		}
	}
	t.Logf("%d of %d payloads passed", through, tried)
}

func FuzzLocalPath(f *testing.F) {
	f.Add("/traffic?x=1")
	f.Add("/%2f%2fevil.example")
	f.Fuzz(func(t *testing.T, path string) {
		got := LocalPath(path, "")
		if got == "" {
			return
		}
		u, err := httptest.NewRequest("GET", "https://bulwark.example/sign-in", nil).URL.Parse(got)
		if err != nil || u.Host != "bulwark.example" || u.Scheme != "https" {
			t.Errorf("%q leads to %v (%v)", path, u, err)
		}
	})
}

func TestConfigCheck(t *testing.T) {
	tests := []struct {
		name string
		c    Config
		bad  string
	}{
		{"nothing", Config{}, ""},
		{"names and an address", Config{Listen: ":8443", Names: []string{"bulwark.hopital.example", "10.1.2.3", "fd00::1"}}, ""},
		{"a URL for a name", Config{Names: []string{"a", "https://x"}}, "names[1]"},
		{"an address without a port", Config{Listen: "10.0.0.1"}, "listen"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := tt.c.Check(); err != nil {
				got = err.Error()
			}
			if (tt.bad == "") != (got == "") || !strings.Contains(got, tt.bad) {
				t.Errorf("Check = %q, want %q", got, tt.bad)
			}
		})
	}
}

// TestTheWholeServer asks a real server over TLS, and stops it while a stream is open.
func TestTheWholeServer(t *testing.T) {
	certificates, err := keys.OpenCertificates(t.TempDir(), keys.TLS{}, nil, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(n *Needs) {
		n.Config = Config{Listen: "127.0.0.1:0"}
		n.Certificate = certificates.Get
	}, public("GET", "/page", ok), public("GET", "/live", func(w http.ResponseWriter, r *http.Request) {
		stream, err := OpenStream(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		if err := stream.Send("flow", "7", []byte("a\nb")); err != nil {
			t.Error(err)
		}
		<-stream.Done()
	}))
	if err := s.server.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() { stopped <- s.server.Run(ctx) }()

	text, err := os.ReadFile(certificates.Authority())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	get := func(config *tls.Config, path string) (*http.Response, error) {
		c := http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
		return c.Get(s.server.URL() + path)
	}
	r, err := get(&tls.Config{RootCAs: pool}, "/page")
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != 200 || r.ProtoMajor != 2 || r.TLS.Version != tls.VersionTLS13 {
		t.Errorf("answer = %d over HTTP/%d, TLS %x; want 200 over HTTP/2, TLS 1.3", r.StatusCode, r.ProtoMajor, r.TLS.Version)
	}
	if _, err := get(&tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}, "/page"); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	live, err := get(&tls.Config{RootCAs: pool}, "/live")
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(live.Body)
	var got strings.Builder
	for range 5 {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(line)
	}
	if want := "event: flow\nid: 7\ndata: a\ndata: b\n\n"; got.String() != want {
		t.Errorf("stream = %q, want %q", got.String(), want)
	}
	stop()
	if rest, err := io.ReadAll(lines); err != nil || len(rest) != 0 {
		t.Errorf("the stream ended with %q, %v; want a clean end", rest, err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	if _, err := get(&tls.Config{RootCAs: pool}, "/page"); err == nil {
		t.Error("the server still answers after its end")
	}
}

func TestListenSaysWhichAddressIsTaken(t *testing.T) {
	l := httptest.NewServer(nil)
	defer l.Close()
	s := newSite(t, func(n *Needs) { n.Config = Config{Listen: l.Listener.Addr().String()} })
	if err := s.server.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), l.Listener.Addr().String()) {
		t.Errorf("Listen = %v, want an error that names the address", err)
	}
}

func TestURL(t *testing.T) {
	for want, c := range map[string]Config{
		"https://localhost:8443":       {},
		"https://bulwark.example:8443": {Names: []string{"bulwark.example"}},
		"https://[fd00::1]:8443":       {Names: []string{"fd00::1"}},
	} {
		if got := (&Server{config: c}).URL(); got != want {
			t.Errorf("URL = %q, want %q", got, want)
		}
	}
}

func TestLimiter(t *testing.T) {
	c := clock.NewManual(time.Unix(0, 0))
	l := NewLimiter(c, 2, time.Second, 3)
	allow := func(key string) bool { ok, _ := l.Allow(key); return ok }
	for i, want := range []bool{true, true, false} {
		if got := allow("a"); got != want {
			t.Errorf("turn %d = %v, want %v", i, got, want)
		}
	}
	if _, wait := l.Allow("a"); wait != time.Second {
		t.Errorf("wait = %v, want 1s", wait)
	}
	if !allow("b") {
		t.Error("another key was refused")
	}
	c.Add(time.Second)
	if !allow("a") || allow("a") {
		t.Error("after a second, want one more turn and no second one")
	}
	c.Add(-time.Hour)
	if allow("a") {
		t.Error("a clock set back gave a turn")
	}
	for _, k := range []string{"c", "d", "e"} {
		allow(k)
	}
	if len(l.buckets) != 3 || l.recent.Len() != 3 {
		t.Errorf("keys = %d, %d; want 3", len(l.buckets), l.recent.Len())
	}
}
