// Package devicecert is a certificate authority for the hospital's devices. It signs keys that never leave their device; who may have one, its user says.
package devicecert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"

	"bulwark/platform/keys"
)

const (
	// AuthorityLife is how long an authority holds, Life how long what it signs.
	AuthorityLife = 10 * 365 * 24 * time.Hour
	Life          = 180 * 24 * time.Hour
	backdate      = time.Hour // lets clocks that are a little slow accept a new certificate
	// mostRequest is how long a request may be, in bytes.
	mostRequest = 16 << 10
)

// ErrRequest means that a request is none, or has a key that is not signed for.
var ErrRequest = errors.New("devicecert: not a certificate request with a P-256 or RSA key of 2048 to 4096 bits")

// Authority signs certificates of devices. It is safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pool *x509.CertPool

	mu   sync.Mutex
	good map[[32]byte]string // serials of certificates whose signature was found right
}

// manyGood bounds the certificates whose signature is remembered.
const manyGood = 10000

// New makes an authority of that name. key is to be kept secret.
func New(name string, now time.Time) (a *Authority, cert, key []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	tpl := &x509.Certificate{SerialNumber: keys.Serial(), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-backdate), NotAfter: now.Add(AuthorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign}
	own, err := keys.SignCertificate(tpl, tpl, &k.PublicKey, k)
	if err != nil {
		return nil, nil, nil, err
	}
	if key, err = x509.MarshalPKCS8PrivateKey(k); err != nil {
		return nil, nil, nil, err
	}
	a, err = Open(own.Raw, key)
	return a, own.Raw, key, err
}

// Open is an authority that was made before.
func Open(cert, key []byte) (*Authority, error) {
	c, err := x509.ParseCertificate(cert)
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, errors.New("devicecert: the key signs nothing")
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return &Authority{cert: c, key: s, pool: pool, good: map[[32]byte]string{}}, nil
}

// Pool is the authority as those who check certificates need it.
func (a *Authority) Pool() *x509.CertPool { return a.pool }

// PEM is its certificate.
func (a *Authority) PEM() []byte { return encode(a.cert.Raw) }

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// Request reads a certificate request in PEM. Its owner holds its key.
func Request(text []byte) (*x509.CertificateRequest, error) {
	if len(text) > mostRequest {
		return nil, ErrRequest
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, ErrRequest
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	switch k := r.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return nil, ErrRequest
		}
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < 2048 || n > 4096 {
			return nil, ErrRequest
		}
	default:
		return nil, ErrRequest
	}
	if r.CheckSignature() != nil {
		return nil, ErrRequest
	}
	return r, nil
}

// Sign makes a certificate for a client. Of the request only the key counts: id and name are the authority's.
func (a *Authority) Sign(r *x509.CertificateRequest, id, name string, now time.Time) (cert []byte, serialText string, ends time.Time, err error) {
	n := keys.Serial()
	ends = now.Add(Life)
	tpl := &x509.Certificate{SerialNumber: n, Subject: pkix.Name{CommonName: name, SerialNumber: id}, NotBefore: now.Add(-backdate), NotAfter: ends,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	c, err := keys.SignCertificate(tpl, a.cert, r.PublicKey, a.key)
	if err != nil {
		return nil, "", ends, err
	}
	return encode(c.Raw), n.Text(16), ends, nil
}

// Serial is the serial number of a certificate that this authority signed for a client and that holds now; ok is false of any other.
func (a *Authority) Serial(c *x509.Certificate, now time.Time) (number string, ok bool) {
	if c.IsCA || now.Before(c.NotBefore) || now.After(c.NotAfter) {
		return "", false
	}
	sum := sha256.Sum256(c.Raw)
	a.mu.Lock()
	number, ok = a.good[sum]
	a.mu.Unlock()
	if ok {
		return number, true
	}
	_, err := c.Verify(x509.VerifyOptions{Roots: a.pool, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return "", false
	}
	number = c.SerialNumber.Text(16)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.good) >= manyGood {
		clear(a.good)
	}
	a.good[sum] = number
	return number, true
}
