package revoked_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bulwark/observe/logs/internal/revoked"
	"bulwark/observe/logs/internal/wef/weftest"
)

// ways are those from a certificate to its authority.
func ways(t *testing.T, a *weftest.Authority, c tls.Certificate) [][]*x509.Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return [][]*x509.Certificate{{leaf, a.Certificate}}
}

func TestWhoWasRevokedIsRefused(t *testing.T) {
	a, namesake := weftest.NewAuthority(t, "CHU CA"), weftest.NewAuthority(t, "CHU CA")
	hour := time.Now().Add(time.Hour)
	good, bad := a.Issue(t, "a.example", x509.ExtKeyUsageClientAuth, hour), a.Issue(t, "b.example", x509.ExtKeyUsageClientAuth, hour)
	_, _ = namesake.Issue(t, "x", x509.ExtKeyUsageClientAuth, hour), namesake.Issue(t, "y", x509.ExtKeyUsageClientAuth, hour)
	path := a.Revoke(t, filepath.Join(t.TempDir(), "ca.crl"), hour, bad)
	l, err := revoked.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(what string, a *weftest.Authority, c tls.Certificate, want error) {
		t.Helper()
		if err := l.Check(ways(t, a, c)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	ask("one that was revoked", a, bad, revoked.ErrRevoked)
	ask("one that was not", a, good, nil)
	other := ways(t, namesake, bad)
	if err := l.Check(other); err != nil {
		t.Errorf("the same number of another authority of that name: %v", err)
	}
	if err := l.Check(append(ways(t, a, bad), other[0])); err != nil {
		t.Errorf("where another way is good: %v", err)
	}
	var none *revoked.Lists
	if err := none.Check(ways(t, a, bad)); err != nil {
		t.Errorf("without lists: %v", err)
	}

	if err := os.WriteFile(path, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Renew(); err == nil {
		t.Error("what is no list was read")
	}
	ask("one that was revoked, by the list before one that cannot be read", a, bad, revoked.ErrRevoked)
	past := time.Now().Add(-time.Minute)
	a.Revoke(t, path, past, good)
	if err := l.Renew(); err != nil || !l.Until().Before(time.Now()) {
		t.Errorf("a list that is out of date: %v, until %v", err, l.Until())
	}
	ask("one of a list that is out of date", a, good, revoked.ErrRevoked)
	ask("one that is on the list no more", a, bad, nil)

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := pem.Decode(text)
	if err := os.WriteFile(path, b.Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Renew(); err != nil {
		t.Errorf("a list in DER: %v", err)
	}
	ask("one of a list in DER", a, good, revoked.ErrRevoked)
}
