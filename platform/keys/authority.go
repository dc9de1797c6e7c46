package keys

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"math/big"
)

// Serial is a random serial number of 127 bits (RFC 5280 §4.1.2.2: positive, at most 20 bytes).
func Serial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	b[0] = b[0]&0x7f | 1
	return new(big.Int).SetBytes(b)
}

// SignCertificate makes a certificate of key, signed by parent, whose key is by.
func SignCertificate(tpl, parent *x509.Certificate, key crypto.PublicKey, by crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, tpl, parent, key, by)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
