package tls

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// compareCertificate holds what was read against what crypto/x509 reads.
func compareCertificate(t testing.TB, got *Certificate, want *x509.Certificate) {
	t.Helper()
	if got == nil {
		t.Error("no certificate")
		return
	}
	one, two := sha1.Sum(want.Raw), sha256.Sum256(want.Raw)
	if strings.ReplaceAll(got.SHA1, ":", "") != hex.EncodeToString(one[:]) || got.SHA256 != hex.EncodeToString(two[:]) {
		t.Errorf("fingerprints: got %s, %s", got.SHA1, got.SHA256)
	}
	if !got.NotBefore.Equal(want.NotBefore) || !got.NotAfter.Equal(want.NotAfter) {
		t.Errorf("validity: got %v to %v, want %v to %v", got.NotBefore, got.NotAfter, want.NotBefore, want.NotAfter)
	}
	if got.Version != want.Version || got.CA != want.IsCA || got.Err != nil {
		t.Errorf("got version %d, CA %v, %v; want %d, %v", got.Version, got.CA, got.Err, want.Version, want.IsCA)
	}
	serial := strings.ToUpper(hex.EncodeToString(want.SerialNumber.Bytes()))
	if s := strings.ReplaceAll(got.Serial, ":", ""); strings.TrimLeft(s, "0") != strings.TrimLeft(serial, "0") && want.SerialNumber.Sign() > 0 {
		t.Errorf("serial: got %s, want %s", got.Serial, serial)
	}
	if got.CommonName != want.Subject.CommonName {
		t.Errorf("common name: got %q, want %q", got.CommonName, want.Subject.CommonName)
	}
	var names []string
	names = append(append(names, want.DNSNames...), want.EmailAddresses...)
	for _, ip := range want.IPAddresses {
		names = append(names, ip.String())
	}
	for _, u := range want.URIs {
		names = append(names, u.String())
	}
	if len(names) != len(got.Names) {
		t.Errorf("names: got %q, want %q", got.Names, names)
	}
}

func TestCertificate(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	want := certificate(t, key).Leaf
	got := ParseCertificate(want.Raw)
	compareCertificate(t, got, want)
	line := fmt.Sprint(got.Subject, "|", got.Issuer, "|", got.Serial, "|", got.Key, "|", got.KeyBits, "|", got.Signature, "|", got.SelfSigned, "|", strings.Join(got.Names, " "))
	const text = "C=FR, O=Hôpital, Test, CN=pacs.hospital.example|C=FR, O=Hôpital, Test, CN=pacs.hospital.example|00:8A:07:E0|RSA 2048|2048|SHA256-RSA|true|" +
		"pacs.hospital.example *.hospital.example admin@hospital.example 192.0.2.7 2001:db8::7"
	if line != text {
		t.Errorf("got  %s\nwant %s", line, text)
	}
}

func TestCutCertificateKeepsWhatWasReadable(t *testing.T) {
	der := certificate(t, ecdsaKey(t)).Leaf.Raw
	for n := range der {
		c := ParseCertificate(der[:n])
		if c.Err == nil {
			t.Fatalf("cut at %d of %d: no error", n, len(der))
		}
	}
}

func TestCertificatesRemembers(t *testing.T) {
	der := certificate(t, ecdsaKey(t)).Leaf.Raw
	var m Certificates
	first := m.Get(der)
	if again := m.Get(append([]byte(nil), der...)); again != first {
		t.Error("the same certificate was read twice")
	}
	other := append([]byte(nil), der...)
	other[40] ^= 1
	if m.Get(other) == first {
		t.Error("another certificate with the same end is taken for the first")
	}
	for range 10 {
		other[40]++
		m.Get(other)
	}
	if m.Get(der) == first {
		t.Error("a set holds more than it should")
	}
}

func FuzzCertificate(f *testing.F) {
	f.Add(certificate(f, ecdsaKey(f)).Leaf.Raw)
	f.Fuzz(func(t *testing.T, der []byte) {
		got := ParseCertificate(der)
		want, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		// The oracle forgives bytes behind what it reads; what it reads must be the same.
		if !got.NotBefore.Equal(want.NotBefore) || !got.NotAfter.Equal(want.NotAfter) || got.Version != want.Version {
			t.Errorf("got %v, %v, version %d; want %v, %v, %d", got.NotBefore, got.NotAfter, got.Version, want.NotBefore, want.NotAfter, want.Version)
		}
	})
}
