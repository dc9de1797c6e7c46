package node

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"bulwark/decide/identity/reporter"
	"bulwark/platform/web"
)

// trustedKeys are key and certificate of this device, and where its Bulwark is, in a folder.
type trustedKeys struct{ dir string }

func (k *trustedKeys) path(name string) string { return filepath.Join(k.dir, name) }

// bulwarkAt is where a device's Bulwark is, and how its certificate is known.
type bulwarkAt struct {
	Server    string `json:"server"`
	Authority string `json:"authority,omitempty"` // PEM
	Pin       string `json:"pin,omitempty"`       // SHA-256 of a certificate
}

// client asks the console, with the certificate of the device if it has one.
func (c bulwarkAt) client(own *tls.Certificate) (*http.Client, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if own != nil {
		conf.Certificates = []tls.Certificate{*own}
	}
	switch {
	case c.Authority != "":
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(c.Authority)) {
			return nil, errors.New("the authority holds no certificate")
		}
	case c.Pin != "":
		conf.InsecureSkipVerify = true // the pin is checked in its place
		conf.VerifyConnection = func(s tls.ConnectionState) error { return c.pinned(s.PeerCertificates) }
	}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: conf, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// pinned wants the pinned certificate to be the server's, or one that signed it.
func (c bulwarkAt) pinned(chain []*x509.Certificate) error {
	for n, cert := range chain {
		sum := sha256.Sum256(cert.Raw)
		if hex.EncodeToString(sum[:]) == strings.ToLower(strings.ReplaceAll(c.Pin, ":", "")) {
			if n == 0 {
				return nil
			}
			return chain[0].VerifyHostname(c.host()) // who signed it may have signed others
		}
		if n+1 < len(chain) && cert.CheckSignatureFrom(chain[n+1]) != nil {
			break
		}
	}
	return errors.New("the console shows another certificate than the pinned one")
}

// host is the name of the console in its address.
func (c bulwarkAt) host() string {
	u, err := url.Parse(c.Server)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// ask sends v, and reads the answer into it.
func (c bulwarkAt) ask(ctx context.Context, own *tls.Certificate, path string, v, into any) error {
	client, err := c.client(own)
	if err != nil {
		return err
	}
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.Server, "/")+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := client.Do(r)
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) && len(untrusted.UnverifiedCertificates) > 0 {
		last := untrusted.UnverifiedCertificates[len(untrusted.UnverifiedCertificates)-1]
		sum := sha256.Sum256(last.Raw)
		return fmt.Errorf("this machine does not trust the certificate of the console. Name its authority with --authority, or compare the SHA-256 of %q with what a browser that you trust shows of it, and add\n  --pin %x", last.Subject.CommonName, sum)
	}
	if err != nil {
		return err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	if err != nil {
		return err
	}
	if got.StatusCode/100 != 2 {
		var p web.Problem
		_ = json.Unmarshal(text, &p)
		return fmt.Errorf("the console refuses: %d %s", got.StatusCode, p.Code)
	}
	return json.Unmarshal(text, into)
}

// signed is what Bulwark answers to a request for a certificate.
type signed struct{ Name, Certificate, Authority string }

func newKey() (key *ecdsa.PrivateKey, request string, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}

// enrol has a key of this device signed, and keeps it.
func (k *trustedKeys) enrol(ctx context.Context, server, code, authority, pin string) (name, password string, err error) {
	c := bulwarkAt{Server: server, Pin: pin}
	if authority != "" {
		text, err := os.ReadFile(authority)
		if err != nil {
			return "", "", err
		}
		c.Authority = string(text)
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil { // before the code is used up
		return "", "", err
	}
	if err := k.write("console.json", c); err != nil {
		return "", "", err
	}
	key, request, err := newKey()
	if err != nil {
		return "", "", err
	}
	var s signed
	if err := c.ask(ctx, nil, "/api/trusted/enrol", map[string]string{"code": code, "request": request}, &s); err != nil {
		return "", "", err
	}
	if err := k.keep(key, s); err != nil {
		return "", "", err
	}
	password, err = k.bundle(key, s)
	return s.Name, password, err
}

func (k *trustedKeys) write(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(k.path(name), text, 0o600)
}

// keep writes key and certificate as a whole, so that a cut between leaves one that works.
func (k *trustedKeys) keep(key *ecdsa.PrivateKey, s signed) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if _, _, err := s.parsed(); err != nil {
		return err
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), []byte(s.Certificate)...)
	return replace(k.path("device.pem"), both)
}

// bundle writes what a browser takes, under a password that is shown once.
func (k *trustedKeys) bundle(key *ecdsa.PrivateKey, s signed) (password string, err error) {
	cert, ca, err := s.parsed()
	if err != nil {
		return "", err
	}
	password = rand.Text()
	text, err := pkcs12.Modern.Encode(key, cert, []*x509.Certificate{ca}, password)
	if err != nil {
		return "", err
	}
	return password, replace(k.path("device.p12"), text)
}

// parsed are the certificate and who signed it.
func (s signed) parsed() (cert, authority *x509.Certificate, err error) {
	block, _ := pem.Decode([]byte(s.Certificate))
	above, _ := pem.Decode([]byte(s.Authority))
	if block == nil || above == nil {
		return nil, nil, errors.New("the answer holds no certificate")
	}
	if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
		authority, err = x509.ParseCertificate(above.Bytes)
	}
	return cert, authority, err
}

// replace writes a file as a whole.
func replace(name string, text []byte) error {
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// load reads what enrol kept.
func (k *trustedKeys) load() (c bulwarkAt, own tls.Certificate, err error) {
	text, err := os.ReadFile(k.path("console.json"))
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err == nil {
		own, err = tls.LoadX509KeyPair(k.path("device.pem"), k.path("device.pem"))
	}
	if err != nil {
		return c, own, fmt.Errorf("this device is not enrolled (bulwark trust enrol): %w", err)
	}
	return c, own, nil
}

// report tells Bulwark how this device stands, and renews its certificate where it is time to.
func (k *trustedKeys) report(ctx context.Context) (lacks []string, renewed bool, err error) {
	c, own, err := k.load()
	if err != nil {
		return nil, false, err
	}
	var v struct {
		Lacks []string
		Renew bool
	}
	if err := c.ask(ctx, &own, "/api/trusted/report", reporter.This().Look(ctx), &v); err != nil {
		return nil, false, err
	}
	if v.Renew {
		_, _, err = k.renew(ctx)
	}
	return v.Lacks, v.Renew && err == nil, err
}

// renew has another key signed. What a browser took stays as it is: nobody would see the password of another.
func (k *trustedKeys) renew(ctx context.Context) (*ecdsa.PrivateKey, signed, error) {
	var s signed
	c, own, err := k.load()
	if err != nil {
		return nil, s, err
	}
	key, request, err := newKey()
	if err != nil {
		return nil, s, err
	}
	if err := c.ask(ctx, &own, "/api/trusted/renew", map[string]string{"request": request}, &s); err != nil {
		return nil, s, err
	}
	return key, s, k.keep(key, s)
}
