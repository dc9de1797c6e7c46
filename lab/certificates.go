package lab

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// servedNames are the TLS servers of the lab and the names in their certificates.
var servedNames = map[string][]string{
	"ehr":        {"ehr." + Domain, "portal." + Domain, "intranet." + Domain},
	"archive":    {"archive." + Domain},
	internetName: internetNames,
}

func makeCertificates(_ context.Context, h *Hospital) error { return h.certify(servedNames) }

// certify makes an authority and one certificate for each TLS server.
func (h *Hospital) certify(servers map[string][]string) error {
	now := time.Now()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Hospital Example Lab CA", Organization: []string{"Hospital Example"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	h.ca = filepath.Join(h.Dir, "ca.pem")
	if err := writePEM(h.ca, "CERTIFICATE", der); err != nil {
		return err
	}
	serial := int64(1)
	for host, names := range servers {
		serial++
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: names[0], Organization: []string{"Hospital Example"}},
			DNSNames: names, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 3, 0),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
		if err != nil {
			return err
		}
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		if err := writePEM(h.certOf(host), "CERTIFICATE", der); err != nil {
			return err
		}
		if err := writePEM(h.keyOf(host), "PRIVATE KEY", secret); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hospital) certOf(host string) string { return filepath.Join(h.Dir, host, "tls.crt") }
func (h *Hospital) keyOf(host string) string  { return filepath.Join(h.Dir, host, "tls.key") }

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644)
}
