package logs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/observe/logs/internal/wef"
	"bulwark/observe/logs/internal/wef/weftest"
	"bulwark/platform/db/dbtest"
)

// forwarded is a collector into a room, and a machine that reaches it.
func forwarded(t testing.TB, to Sink) *weftest.Machine {
	t.Helper()
	ca := weftest.NewAuthority(t, "CHU CA")
	server := ca.Issue(t, "localhost", x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
	i, err := wef.New(t.Context(), wef.Options{Listen: "127.0.0.1:0", DB: dbtest.SQLite(t), ClientCA: ca.File(t, filepath.Join(t.TempDir(), "ca.pem")),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &server, nil }})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(i.Handler(to))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequestClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	return weftest.NewMachine("ward3.chu.example", strings.Replace(s.URL, "127.0.0.1", "localhost", 1), ca.Client(ca.Issue(t, "ward3.chu.example", x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour))))
}

func TestWhatAMachineForwardsTwiceIsToldOnce(t *testing.T) {
	var s shelf
	l := opened(t, Config{}, &s)
	m := forwarded(t, l.sink)
	a, err := m.Enumerate(t.Context())
	if err != nil || len(a.Offers) == 0 {
		t.Fatalf("got %+v, %v", a, err)
	}
	body := m.Delivery(&a.Offers[0], weftest.Bookmark("Security", 2), weftest.Logon("ward3.chu.example", 1), weftest.Logon("ward3.chu.example", 2))
	for range 2 { // the first answer was lost
		if a, err := m.Post(t.Context(), a.Offers[0].Address, body, "SLDC"); err != nil || a.Status != 200 {
			t.Fatalf("got %+v, %v", a, err)
		}
	}
	if len(s.logs) != 2 {
		t.Fatalf("got %d events, want 2", len(s.logs))
	}
	if got := s.logs[0]; got.Intake != "wef" || got.Code != "4624" || got.Host != "ward3.chu.example" || got.Identity != "ward3.chu.example" ||
		got.Product != "windows" || got.Field("TargetUserName") != "m.durand" {
		t.Errorf("got %+v", got)
	}
}

// BenchmarkForwarded is intake_wef_eps: events a second that a machine forwards into a room, packed, over TLS, until they are acknowledged.
func BenchmarkForwarded(b *testing.B) {
	m := forwarded(b, discard{})
	a, err := m.Enumerate(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	const batch = 200
	var events []string
	for n := range batch {
		events = append(events, weftest.Logon("ward3.chu.example", n+1))
	}
	body := m.Delivery(&a.Offers[0], weftest.Bookmark("Security", batch), events...)
	b.ReportAllocs()
	for b.Loop() {
		if a, err := m.Post(b.Context(), a.Offers[0].Address, body, "SLDC"); err != nil || a.Status != 200 {
			b.Fatalf("got %+v, %v", a, err)
		}
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "events/s")
}

// discard is a sink that has room for everything.
type discard struct{}

func (discard) Take(context.Context, []Record) error { return nil }
