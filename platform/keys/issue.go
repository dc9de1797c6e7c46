package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	day = 24 * time.Hour
	// serverLife is how long a server certificate holds: browsers refuse more than 398 days.
	serverLife = 397 * day
	// renewBefore is how long before its end a server certificate is replaced.
	renewBefore = 90 * day
	// authorityLife is how long the local authority holds, and so how often people must trust a new one.
	authorityLife = 3650 * day
	// backdate lets clocks that are a little slow accept a new certificate.
	backdate = time.Hour
)

// pair is a certificate and its private key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// local is the certificate that the site makes for itself: an authority of its own, constrained to the names of this
// console, so that trusting it in a browser lets nobody impersonate any other site (RFC 5280 §4.2.1.10); and a server
// certificate signed by it.
type local struct {
	dir   string // holds authority.crt, authority.key, server.crt, server.key
	names []string
}

// load reads the server certificate, making or renewing whatever does not hold at now.
func (l local) load(now time.Time) (*tls.Certificate, error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return nil, err
	}
	authority, err := l.read("authority")
	if err != nil || !l.authorityHolds(authority.cert, now) {
		if authority, err = l.makeAuthority(now); err != nil {
			return nil, fmt.Errorf("making the local authority: %w", err)
		}
	}
	server, err := l.read("server")
	if err != nil || !l.serverHolds(server.cert, authority.cert, now) {
		if server, err = l.makeServer(authority, now); err != nil {
			return nil, fmt.Errorf("making the server certificate: %w", err)
		}
	}
	return &tls.Certificate{
		Certificate: [][]byte{server.cert.Raw, authority.cert.Raw},
		PrivateKey:  server.key, Leaf: server.cert,
	}, nil
}

func (l local) authorityHolds(c *x509.Certificate, now time.Time) bool {
	dns, ips := split(l.names)
	for _, n := range dns {
		if !slices.Contains(c.PermittedDNSDomains, n) {
			return false
		}
	}
	for _, ip := range ips {
		if !slices.ContainsFunc(c.PermittedIPRanges, func(r *net.IPNet) bool { return r.Contains(ip) }) {
			return false
		}
	}
	return c.IsCA && now.After(c.NotBefore) && now.Add(serverLife).Before(c.NotAfter)
}

func (l local) serverHolds(c, authority *x509.Certificate, now time.Time) bool {
	for _, n := range l.names {
		if c.VerifyHostname(n) != nil {
			return false
		}
	}
	return c.CheckSignatureFrom(authority) == nil && now.After(c.NotBefore) && now.Add(renewBefore).Before(c.NotAfter)
}

func (l local) makeAuthority(now time.Time) (pair, error) {
	dns, ips := split(l.names)
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	t := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Bulwark local authority on " + host, Organization: []string{"Bulwark"}},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: dns,
	}
	for _, ip := range ips {
		t.PermittedIPRanges = append(t.PermittedIPRanges, alone(ip))
	}
	return l.issue("authority", t, pair{})
}

func (l local) makeServer(authority pair, now time.Time) (pair, error) {
	dns, ips := split(l.names)
	return l.issue("server", &x509.Certificate{
		Subject:   pkix.Name{CommonName: l.names[0], Organization: []string{"Bulwark"}},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(serverLife - backdate),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: dns, IPAddresses: ips,
	}, authority)
}

// issue makes a key, signs t with by (with itself where by is empty), and keeps both in name.crt and name.key.
func (l local) issue(name string, t *x509.Certificate, by pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	if by.cert == nil {
		by = pair{t, key}
	}
	// RFC 5280 §4.1.2.2: positive, at most 20 octets.
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return pair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, by.cert, key.Public(), by.key)
	if err != nil {
		return pair{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, err
	}
	// The key first: after a crash between the two the pair does not match, and is made anew.
	return pair{cert, key}, errors.Join(
		replace(l.path(name, ".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		replace(l.path(name, ".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

func (l local) read(name string) (pair, error) {
	private, err := readSecret(l.path(name, ".key"))
	if err != nil {
		return pair{}, err
	}
	public, err := readSecret(l.path(name, ".crt"))
	if err != nil {
		return pair{}, err
	}
	c, err := tls.X509KeyPair(public, private)
	if err != nil {
		return pair{}, err
	}
	signer, ok := c.PrivateKey.(crypto.Signer)
	if !ok {
		return pair{}, errors.New("keys: the private key cannot sign")
	}
	return pair{c.Leaf, signer}, nil
}

func (l local) path(name, end string) string { return filepath.Join(l.dir, name+end) }

// split tells addresses from names.
func split(names []string) (dns []string, ips []net.IP) {
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			ips = append(ips, ip)
		} else {
			dns = append(dns, n)
		}
	}
	return dns, ips
}

// alone is the range that holds ip and nothing else.
func alone(ip net.IP) *net.IPNet {
	if v4 := ip.To4(); v4 != nil {
		return &net.IPNet{IP: v4, Mask: net.CIDRMask(32, 32)}
	}
	return &net.IPNet{IP: ip, Mask: net.CIDRMask(128, 128)}
}
