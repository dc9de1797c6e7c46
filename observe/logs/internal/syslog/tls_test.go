package syslog

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"bulwark/observe/logs/internal/revoked"
	"bulwark/observe/logs/internal/wef/weftest"
	"bulwark/platform/clock"
)

func TestASenderByTLSProvesWhoItIs(t *testing.T) {
	a := weftest.NewAuthority(t, "authority")
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate)
	server := a.Issue(t, "localhost", x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
	taken := a.Issue(t, "fw-2.example.org", x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour))
	lists, err := revoked.Open(a.Revoke(t, filepath.Join(t.TempDir(), "ca.crl"), time.Now().Add(time.Hour), taken))
	if err != nil {
		t.Fatal(err)
	}
	i, b := running(t, Options{TLS: "127.0.0.1:0", Config: &tls.Config{Certificates: []tls.Certificate{server}, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, VerifyConnection: func(s tls.ConnectionState) error { return lists.Check(s.VerifiedChains) }}})
	at := i.Addresses()[0][1]
	say := func(own tls.Certificate) error {
		client := a.Client(own)
		client.ServerName = "localhost"
		c, err := tls.Dial("tcp", at, client)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write([]byte("9 <13>a\nb\nc")); err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 1)) // of TLS 1.3, a refusal comes after the sender's handshake
		return err
	}
	fw := func(end time.Duration) tls.Certificate {
		return a.Issue(t, "fw-1.example.org", x509.ExtKeyUsageClientAuth, time.Now().Add(end))
	}
	for n, c := range []struct {
		reason      string
		certificate tls.Certificate
	}{{"expired certificate", fw(-time.Minute)}, {"revoked certificate", taken}} {
		if err := say(c.certificate); err == nil {
			t.Errorf("%s is taken", c.reason)
		}
		for len(i.Refused()) <= n && t.Context().Err() == nil { // it is counted once the sender has heard of it
			runtime.Gosched()
		}
		if got := i.Refused()[c.reason]; got != 1 {
			t.Errorf("refused: got %v, want one %s", i.Refused(), c.reason)
		}
	}
	go func() { _ = say(fw(time.Hour)) }() // nothing answers: it ends with the intake
	if got := b.await(t, 1); got[0] != "<13>a\nb\nc" || b.names[0] != "fw-1.example.org" {
		t.Errorf("got %q of %q", got, b.names)
	}
}

func TestAHandshakeThatDoesNotEndIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		i := &Intake{opts: Options{Config: &tls.Config{}, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)}}
		go func() { _, _ = theirs.Write([]byte{22, 3, 1}) }() // the beginning of a record, and nothing more
		i.serve(t.Context(), ours, true, nil)                 // returns
		if got := i.Refused(); len(got) != 1 || got["handshake not ended"] != 1 {
			t.Errorf("refused: got %v, want one handshake that did not end", got)
		}
		_ = theirs.Close()
	})
}
