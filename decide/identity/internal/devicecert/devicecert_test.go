package devicecert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"
)

func request(t testing.TB, curve elliptic.Curve) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func parsed(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatAnAuthoritySigned(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	a, cert, key, err := New("Devices", now)
	if err != nil {
		t.Fatal(err)
	}
	other, _, _, err := New("Devices", now)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Request(request(t, elliptic.P256()))
	if err != nil {
		t.Fatal(err)
	}
	text, number, ends, err := a.Sign(r, "id", "WARD-3", now)
	if err != nil {
		t.Fatal(err)
	}
	c := parsed(t, text)
	if c.Subject.CommonName != "WARD-3" || c.IsCA || !ends.Equal(now.Add(Life)) {
		t.Errorf("%v %v", c.Subject, ends)
	}
	again, err := Open(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		what string
		of   *Authority
		c    *x509.Certificate
		at   time.Time
		good bool
	}{
		{"its own", a, c, now, true}, {"its own, once more", a, c, now, true}, {"after a start", again, c, now, true}, {"another's", other, c, now, false},
		{"too late", a, c, ends.Add(time.Second), false}, {"too early", a, c, now.Add(-2 * time.Hour), false}, {"the authority itself", a, parsed(t, a.PEM()), now, false},
	} {
		if got, ok := x.of.Serial(x.c, x.at); ok != x.good || ok && got != number {
			t.Errorf("%s: %q, %v", x.what, got, ok)
		}
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	good := request(t, elliptic.P256())
	block, _ := pem.Decode(good)
	broken := append([]byte{}, block.Bytes...)
	broken[len(broken)-1] ^= 1
	for name, text := range map[string][]byte{
		"nothing": nil, "text": []byte("x"), "another curve": request(t, elliptic.P384()), "too long": append(good, make([]byte, mostRequest)...),
		"another's signature": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: broken}),
		"a certificate":       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes}),
	} {
		if _, err := Request(text); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(request(f, elliptic.P256()))
	f.Fuzz(func(t *testing.T, text []byte) {
		if r, err := Request(text); err == nil && r.CheckSignature() != nil {
			t.Error("a request of another's key is taken")
		}
	})
}
