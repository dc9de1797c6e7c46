package join

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bulwark/platform/bus"
	"bulwark/platform/clock"
)

// Identity is who this node is to the node above: its name, its key and its certificate. Its methods may be called by
// several goroutines at a time.
type Identity struct {
	dir string
	now func() time.Time
	above

	mu   sync.Mutex
	cert *tls.Certificate
	ca   *x509.Certificate
}

// above is what is kept of an enrolment beside key and certificates.
type above struct {
	Name    string `json:"name"`    // of this node
	Role    Role   `json:"role"`    // of this node
	Address string `json:"address"` // of the node above, for renewals
	Leaf    string `json:"leaf"`    // of its bus
}

// Enrol joins the node above with a token: it makes a key, has it certified and keeps both in dir, in place of an
// earlier identity. The connection is trusted because the authority behind it is the one whose fingerprint the
// token carries. It returns [ErrToken] where the token is not taken: it was used, is too old, or was not made there.
func Enrol(ctx context.Context, text, dir string) (*Identity, error) {
	t, err := parseToken(text)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	key, csr, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	ans, err := ask(ctx, t.Address, enrolPath, pinned(t.CA), request{Secret: t.Secret, CSR: csr})
	if err != nil {
		return nil, err
	}
	cert, ca, err := ans.certificates(key)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(ca.Raw); !bytes.Equal(sum[:], t.CA) {
		return nil, errors.New("join: the authority is not the one of the token")
	}
	a := above{ans.Name, ans.Role, t.Address, ans.Leaf}
	if err := errors.Join(savePair(filepath.Join(dir, "node.pem"), key, cert), replace(filepath.Join(dir, "above.crt"), encodeCert(ca)),
		writeJSON(filepath.Join(dir, "above.json"), a)); err != nil {
		return nil, fmt.Errorf("join: keeping the identity: %w", err)
	}
	return LoadIdentity(dir)
}

// LoadIdentity reads what Enrol kept. It returns [os.ErrNotExist] where this node has never joined.
func LoadIdentity(dir string) (*Identity, error) {
	id := &Identity{dir: dir, now: time.Now}
	key, cert, err := loadPair(filepath.Join(dir, "node.pem"))
	if err != nil {
		return nil, fmt.Errorf("join: identity: %w", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "above.crt"))
	if err == nil {
		id.ca, err = decodeCert(b)
	}
	if err = errors.Join(err, readJSON(filepath.Join(dir, "above.json"), &id.above)); err != nil {
		return nil, fmt.Errorf("join: identity: %w", err)
	}
	id.cert = &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
	return id, nil
}

// Upstream is what the bus of this node needs to join the node above. The bus's Domain must be Name.
func (id *Identity) Upstream() *bus.Upstream { return &bus.Upstream{Address: id.Leaf, TLS: id.tls()} }

// tls shows the newest certificate at each connection.
func (id *Identity) tls() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(id.ca)
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool, ServerName: serverName, Time: id.now,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			id.mu.Lock()
			defer id.mu.Unlock()
			return id.cert, nil
		}}
}

// Expires is when the certificate ends.
func (id *Identity) Expires() time.Time {
	id.mu.Lock()
	defer id.mu.Unlock()
	return id.cert.Leaf.NotAfter
}

// Keep renews the certificate when a third of its life is left, until ctx ends. It returns [ErrRevoked] when the node
// above has revoked this one.
func (id *Identity) Keep(ctx context.Context, log *slog.Logger) error {
	for {
		wait := max(id.Expires().Add(-certificateLife/3).Sub(id.now()), 0)
		if !clock.Pause(ctx, min(wait, 24*time.Hour)) {
			return nil
		}
		if wait > 24*time.Hour {
			continue
		}
		switch err := id.Renew(ctx); {
		case errors.Is(err, ErrRevoked):
			return err
		case err != nil:
			log.WarnContext(ctx, "the certificate towards the node above was not renewed", "expires", id.Expires(), "error", err)
			if !clock.Pause(ctx, time.Hour) {
				return nil
			}
		default:
			log.InfoContext(ctx, "the certificate towards the node above was renewed", "expires", id.Expires())
		}
	}
}

// Renew replaces key and certificate now.
func (id *Identity) Renew(ctx context.Context) error {
	key, csr, err := newKey()
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	ans, err := ask(ctx, id.Address, renewPath, id.tls(), request{CSR: csr})
	if err != nil {
		return err
	}
	cert, _, err := ans.certificates(key)
	if err != nil {
		return err
	}
	if err := savePair(filepath.Join(id.dir, "node.pem"), key, cert); err != nil {
		return fmt.Errorf("join: keeping the renewed certificate: %w", err)
	}
	id.mu.Lock()
	defer id.mu.Unlock()
	id.cert = &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
	return nil
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "node"}}, key)
	return key, csr, err
}

// pinned trusts the server whose chain ends in the authority of that fingerprint, and nobody else.
func pinned(fingerprint []byte) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, ServerName: serverName,
		InsecureSkipVerify: true, // replaced by what follows: there is no root to trust before the fingerprint is checked
		VerifyConnection: func(s tls.ConnectionState) error {
			chain := s.PeerCertificates
			ca := chain[len(chain)-1]
			if sum := sha256.Sum256(ca.Raw); !bytes.Equal(sum[:], fingerprint) {
				return errors.New("the authority is not the one of the token")
			}
			pool := x509.NewCertPool()
			pool.AddCert(ca)
			_, err := chain[0].Verify(x509.VerifyOptions{Roots: pool, DNSName: serverName})
			return err
		}}
}

// ask sends a request to the node above.
func ask(ctx context.Context, address, path string, cfg *tls.Config, req request) (answer, error) {
	var ans answer
	body, err := json.Marshal(req)
	if err != nil {
		return ans, fmt.Errorf("join: %w", err)
	}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: cfg, DisableKeepAlives: true,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+address+path, bytes.NewReader(body))
	if err != nil {
		return ans, fmt.Errorf("join: %w", err)
	}
	res, err := client.Do(r)
	if err != nil {
		return ans, fmt.Errorf("join: asking the node above: %w", err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(io.LimitReader(res.Body, maxBody)).Decode(&ans); err != nil {
		return ans, fmt.Errorf("join: answer of the node above: %w", err)
	}
	switch {
	case ans.Error == "token":
		return ans, ErrToken
	case ans.Error == "revoked":
		return ans, ErrRevoked
	case ans.Error != "" || res.StatusCode != http.StatusOK:
		return ans, fmt.Errorf("join: the node above answered %s", res.Status)
	}
	return ans, nil
}

// certificates are those of the answer, once they fit the key.
func (a answer) certificates(key *ecdsa.PrivateKey) (cert, ca *x509.Certificate, err error) {
	if cert, err = x509.ParseCertificate(a.Cert); err != nil {
		return nil, nil, fmt.Errorf("join: certificate from the node above: %w", err)
	}
	if ca, err = x509.ParseCertificate(a.CA); err != nil {
		return nil, nil, fmt.Errorf("join: certificate of the authority above: %w", err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) || cert.CheckSignatureFrom(ca) != nil {
		return nil, nil, errors.New("join: the certificate from the node above is not for this node")
	}
	return cert, ca, nil
}
