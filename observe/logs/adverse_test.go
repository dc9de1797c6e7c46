package logs

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bulwark/observe/logs/internal/wef/weftest"
	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// made is a room that does not run, whose clock stands.
func made(t *testing.T, c Config, at *clock.Manual, s *shelf) *Logs {
	t.Helper()
	d := dbtest.SQLite(t)
	book, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: at, Origin: "test", Key: ed25519.NewKeyFromSeed(make([]byte, 32))})
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(t.Context(), Needs{Config: c, Name: "node", Site: "site", Publisher: s, DB: d, Ledger: book, Health: health.NewTracker(at), Clock: at, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// warned are the warnings that stand.
func (l *Logs) warned() (ids []string) {
	for _, w := range l.needs.Health.Warnings() {
		ids = append(ids, w.ID)
	}
	return ids
}

// halfOpen opens connections from an address that begin a handshake and say no more, and tells how many were taken.
func halfOpen(t *testing.T, from, port string, many int) (open int) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	for range many {
		c, err := d.DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := c.Write([]byte{22, 3, 1}); err == nil {
			open++
		}
	}
	return open
}

func TestHalfOpenHandshakesKeepNoPlaceFromSenders(t *testing.T) {
	at := newSite(t)
	doors := [][2]string{{"syslog", "tls"}, {"http", "https"}, {"lumberjack", "tls"}}
	for _, door := range doors {
		if n := halfOpen(t, "127.0.0.2", at.port(door[0], door[1]), 400); n == 0 {
			t.Fatalf("%s: no connection was opened", door[0])
		}
	}
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(at.path("ca.pem"))
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	own, err := tls.LoadX509KeyPair(at.path("client.pem"), at.path("client.key"))
	if err != nil {
		t.Fatal(err)
	}
	c := &tls.Config{RootCAs: roots, ServerName: "localhost", Certificates: []tls.Certificate{own}}
	for _, door := range doors {
		conn, err := (&tls.Dialer{Config: c}).DialContext(t.Context(), "tcp", "127.0.0.1:"+at.port(door[0], door[1]))
		if err != nil {
			t.Errorf("%s: a sender is kept out: %v", door[0], err)
			continue
		}
		if door[0] == "syslog" {
			_, err = conn.Write([]byte("<13>line of the ward\n"))
		}
		if err = errors.Join(err, conn.Close()); err != nil {
			t.Error(err)
		}
	}
	at.wait(func() (string, bool) { return "no line", len(at.s.logs) == 1 })
}

func TestASilentSourceIsMissedUntilItReturns(t *testing.T) {
	at := clock.NewManual(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC))
	l := made(t, Config{}, at, &shelf{})
	send := func() {
		w := <-l.sink.workers
		w.understand([]Record{{Intake: "syslog", Sender: netip.MustParseAddr("192.0.2.7"), Received: at.Now(), Text: []byte("<13>1 - fw1 app - - - up")}}, &owned{}, nil)
		l.sink.workers <- w
	}
	look := func(what string, want ...string) {
		t.Helper()
		l.sink.sources.miss(l.needs.Health)
		if got := l.warned(); !slices.Equal(got, want) {
			t.Errorf("%s: warned of %q, want %q", what, got, want)
		}
	}
	send()
	for _, s := range l.sink.sources.byID {
		s.words.Expected = 10 * time.Minute
	}
	at.Add(9 * time.Minute)
	look("it may be silent for so long")
	at.Add(2 * time.Minute)
	look("it is silent for too long", "logs.silent")
	look("it still is", "logs.silent")
	send()
	look("it is back")
	at.Add(11 * time.Minute)
	look("it is silent again", "logs.silent")
	for _, s := range l.sink.sources.byID {
		s.words.Muted = true
	}
	look("a person muted it")
}

func TestAListOfRevokedCertificatesThatIsOutOfDateIsToldOf(t *testing.T) {
	at := clock.NewManual(time.Now())
	a := weftest.NewAuthority(t, "CHU CA")
	path := filepath.Join(t.TempDir(), "ca.crl")
	ca := a.File(t, filepath.Join(t.TempDir(), "ca.pem"))
	until := at.Now().Add(time.Hour)
	l := made(t, Config{Lumberjack: Listener{Listen: "127.0.0.1:0", ClientCA: ca, CRL: a.Revoke(t, path, until)}}, at, &shelf{})
	look := func(what string, want ...string) {
		t.Helper()
		l.renewLists()
		if got := l.warned(); !slices.Equal(got, want) {
			t.Errorf("%s: warned of %q, want %q", what, got, want)
		}
	}
	look("a list that is good")
	at.Add(2 * time.Hour)
	look("one that should have been replaced", "logs.crl")
	a.Revoke(t, path, at.Now().Add(time.Hour))
	look("its successor")
}

func TestClocksAndZonesOfSenders(t *testing.T) {
	winter, summer := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	var s shelf
	l := made(t, Config{Syslog: Syslog{Zone: "Europe/Paris"}, Sources: []SourceRule{{Match: Match{Host: "tokyo*"}, Zone: "Asia/Tokyo"}}}, clock.NewManual(winter), &s)
	for n := range l.needs.Config.Sources {
		if err := l.needs.Config.Sources[n].Check(); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.needs.Config.Syslog.Check(); err != nil {
		t.Fatal(err)
	}
	running(t, l)
	for _, c := range []struct {
		does, line string
		received   time.Time
		want       string // the time of the event
		fault      string
	}{
		{"a zone of its own", "<13>1 2026-11-23T11:59:00+09:00 a su - - - x", winter, "2026-11-23T02:59:00Z", ""},
		{"a clock that is two hours fast", "<13>1 2026-11-23T05:00:00Z a su - - - x", winter, "2026-11-23T03:00:00Z", faultAhead},
		{"a clock that is half an hour fast is believed", "<13>1 2026-11-23T03:30:00Z a su - - - x", winter, "2026-11-23T03:30:00Z", ""},
		{"a clock without a battery", "<13>1 1970-01-01T00:00:10Z a su - - - x", winter, "2026-11-23T03:00:00Z", faultBehind},
		{"a year that there will not be", "<13>1 9999-12-31T23:59:59Z a su - - - x", winter, "2026-11-23T03:00:00Z", faultAhead},
		{"a year before there were computers", "<13>1 1600-01-01T00:00:00Z a su - - - x", winter, "2026-11-23T03:00:00Z", faultBehind},
		{"a spool of last week", "<13>1 2026-11-16T03:00:00Z a su - - - x", winter, "2026-11-16T03:00:00Z", ""},
		{"neither year nor zone: that of the setting", "<13>Nov 23 03:59:00 a su[1]: x", winter, "2026-11-23T02:59:00Z", ""},
		{"neither year nor zone, from elsewhere", "<13>Nov 23 11:59:00 tokyo1 su[1]: x", winter, "2026-11-23T02:59:00Z", ""},
		{"an hour that the clocks leave out", "<13>Mar 29 02:30:00 a su[1]: x", summer, "2026-03-29T01:30:00Z", ""},
		{"no time at all", "<13>1 - a su - - - x", winter, "2026-11-23T03:00:00Z", ""},
	} {
		if err := l.sink.Take(t.Context(), []Record{{Intake: "syslog", Sender: netip.MustParseAddr("192.0.2.7"), Received: c.received, Text: []byte(c.line)}}); err != nil {
			t.Fatal(err)
		}
		n := len(s.logs) - 1
		var want []string
		if c.fault != "" {
			want = []string{c.fault}
		}
		if got := s.times[n].UTC().Format(time.RFC3339); got != c.want || !slices.Equal(s.logs[n].Faults, want) || (s.logs[n].Field("event.created") != "") != (c.fault != "") {
			t.Errorf("%s: got %s %q (its own %s), want %s %q", c.does, got, s.logs[n].Faults, s.logs[n].Field("event.created"), c.want, want)
		}
	}
}
