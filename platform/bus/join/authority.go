// Package join lets the nodes of a hospital or a group of hospitals join each other: sensors a site, sites a centre.
//
// The node above has an [Authority]: a certificate authority of its own, and the list of nodes it has let in. An
// administrator makes a one-time token there; the node below enrols with it ([Enrol]), which makes a key that never
// leaves it, and receives a certificate of 90 days that it renews by itself ([Identity.Keep]). Both then link their
// buses over mutual TLS ([Authority.Listen], [Identity.Upstream], [Authority.Link]). A node that is revoked is cut off at once.
package join

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"bulwark/platform/keys"
)

const (
	authorityLife   = 20 * 365 * 24 * time.Hour
	certificateLife = 90 * 24 * time.Hour
	serverLife      = 365 * 24 * time.Hour
	tokenLife       = time.Hour
	maxTokenLife    = 7 * 24 * time.Hour
	clockSkew       = 5 * time.Minute // certificates are valid from so long before they are made

	// serverName stands in the certificate of the node above whatever its address is: the authority is what counts.
	serverName = "bulwark"
)

var (
	// ErrNode means that there is no such node, or that its name is taken or cannot be one.
	ErrNode = errors.New("join: no such node")
	// ErrRevoked means that the node above has revoked this one.
	ErrRevoked = errors.New("join: revoked")
)

// Role is what a node does.
type Role string

const (
	Sensor Role = "sensor" // captures and decodes, keeps no events for long
	Site   Role = "site"   // detects and responds for one hospital
	Centre Role = "centre" // sees all sites of a group
)

// below reports whether nodes of the role join those of the other.
func (r Role) below(upper Role) bool {
	return r == Sensor && (upper == Site || upper == Centre) || r == Site && upper == Centre
}

// Node is a node that has joined, or has been revoked.
type Node struct {
	Name    string    `json:"name"` // also the JetStream domain of its bus
	Role    Role      `json:"role"`
	Serial  string    `json:"serial"` // of its newest certificate, hexadecimal
	Before  string    `json:"before"` // serial of the certificate before, which stays good until the newest is used; "" for none
	Joined  time.Time `json:"joined"`
	Expires time.Time `json:"expires"` // of its newest certificate
	Revoked time.Time `json:"revoked,omitzero"`
}

// Options say who the authority is.
type Options struct {
	Dir     string           // folder of its key, certificate and lists
	Role    Role             // of this node: Site or Centre
	Address string           // host:port at which nodes reach Serve; it goes into tokens
	Leaf    string           // host:port at which nodes reach the bus ([bus.Listen])
	Now     func() time.Time // nil means time.Now
	Log     *slog.Logger     // nil means silence
}

// Authority lets nodes in and keeps the list of them. Its methods may be called by several goroutines at a time.
type Authority struct {
	opts Options
	log  *slog.Logger
	key  *ecdsa.PrivateKey
	cert *x509.Certificate

	mu      sync.Mutex
	state   state
	changed chan struct{} // capacity 1: the list of nodes has changed
}

// state is what is kept in a file.
type state struct {
	Nodes  []Node   `json:"nodes"`
	Tokens []ticket `json:"tokens"`
}

// ticket is what is kept of a token.
type ticket struct {
	Hash    string    `json:"hash"`
	Name    string    `json:"name"`
	Role    Role      `json:"role"`
	Expires time.Time `json:"expires"`
}

// OpenAuthority opens the authority in its folder, or makes it.
func OpenAuthority(o Options) (*Authority, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Role != Site && o.Role != Centre {
		return nil, fmt.Errorf("join: no node joins a %q", o.Role)
	}
	a := &Authority{opts: o, log: o.Log, changed: make(chan struct{}, 1)}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	var err error
	if a.key, a.cert, err = loadPair(a.path("authority.pem")); errors.Is(err, os.ErrNotExist) {
		err = a.create()
	}
	if err != nil {
		return nil, fmt.Errorf("join: authority: %w", err)
	}
	if err := readJSON(a.path("nodes.json"), &a.state); err != nil {
		return nil, fmt.Errorf("join: list of nodes: %w", err)
	}
	return a, nil
}

func (a *Authority) path(name string) string { return filepath.Join(a.opts.Dir, name) }

// create makes the key and the certificate of the authority.
func (a *Authority) create() (err error) {
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	now := a.opts.Now()
	tpl := &x509.Certificate{SerialNumber: keys.Serial(), Subject: pkix.Name{CommonName: "Bulwark authority of " + a.opts.Address},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(authorityLife), IsCA: true, BasicConstraintsValid: true,
		MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign}
	if a.cert, err = keys.SignCertificate(tpl, tpl, &a.key.PublicKey, a.key); err != nil {
		return err
	}
	return savePair(a.path("authority.pem"), a.key, a.cert)
}

func serialText(n *big.Int) string { return n.Text(16) }

// Fingerprint is the SHA-256 of the authority's certificate, which tokens carry.
func (a *Authority) Fingerprint() []byte {
	sum := sha256.Sum256(a.cert.Raw)
	return sum[:]
}

// nameForm is what a node may be called: the name becomes part of subjects, domains and file names.
var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// NewToken makes a token with which a node of that name and role may join, once, within life (0: an hour; at most a
// week). Only its hash is kept. A node that joined before under the name is replaced when the token is used, unless it
// is only an earlier token, which this one makes void.
func (a *Authority) NewToken(name string, role Role, life time.Duration) (string, error) {
	if !nameForm.MatchString(name) {
		return "", fmt.Errorf("%w: a name has 1 to 32 letters a-z, digits and hyphens, not %q", ErrNode, name)
	}
	if !role.below(a.opts.Role) {
		return "", fmt.Errorf("join: a %s cannot join a %s", role, a.opts.Role)
	}
	if life <= 0 {
		life = tokenLife
	}
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret)
	now := a.opts.Now()
	err := a.change(func(s *state) error {
		kept := s.Tokens[:0:0]
		for _, t := range s.Tokens {
			if t.Name != name && now.Before(t.Expires) {
				kept = append(kept, t)
			}
		}
		s.Tokens = append(kept, ticket{hashSecret(secret), name, role, now.Add(min(life, maxTokenLife))})
		return nil
	})
	if err != nil {
		return "", err
	}
	a.log.Info("token for a node was made", "node", name, "role", string(role))
	return token{a.opts.Address, a.Fingerprint(), secret}.String(), nil
}

// change changes the state, on the disk first.
func (a *Authority) change(fn func(*state) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	next := state{append([]Node(nil), a.state.Nodes...), append([]ticket(nil), a.state.Tokens...)}
	if err := fn(&next); err != nil {
		return err
	}
	if err := writeJSON(a.path("nodes.json"), next); err != nil {
		return fmt.Errorf("join: keeping the list of nodes: %w", err)
	}
	a.state = next
	select {
	case a.changed <- struct{}{}:
	default:
	}
	return nil
}

// Nodes are the nodes that have ever joined, by the time at which they did.
func (a *Authority) Nodes() []Node {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Node(nil), a.state.Nodes...)
}

// Revoke bars a node: its link ends, its certificate is refused and cannot be renewed. A new token lets it in
// again.
func (a *Authority) Revoke(name string) error {
	err := a.change(func(s *state) error {
		for i := range s.Nodes {
			if s.Nodes[i].Name == name && s.Nodes[i].Revoked.IsZero() {
				s.Nodes[i].Revoked = a.opts.Now()
				return nil
			}
		}
		return fmt.Errorf("%w: %q", ErrNode, name)
	})
	if err == nil {
		a.log.Warn("a node was revoked", "node", name)
	}
	return err
}

// Admit is the node that shows the certificate, which TLS has already traced to the authority; it is the Node of
// [bus.Listen].
func (a *Authority) Admit(cert *x509.Certificate) (name string, ok bool) {
	n, err := a.holder(cert)
	return n.Name, err == nil
}

// holder is the node whose certificate it is.
func (a *Authority) holder(cert *x509.Certificate) (Node, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	number := serialText(cert.SerialNumber)
	for _, n := range a.state.Nodes {
		if n.Name != cert.Subject.CommonName || n.Serial != number && n.Before != number {
			continue
		}
		if !n.Revoked.IsZero() {
			return Node{}, ErrRevoked
		}
		return n, nil
	}
	return Node{}, ErrNode
}

// redeem lets a node in: it uses up the token and signs the node's key.
func (a *Authority) redeem(secret []byte, csr *x509.CertificateRequest) (*x509.Certificate, Node, error) {
	hash, now := hashSecret(secret), a.opts.Now()
	var node Node
	var cert *x509.Certificate
	err := a.change(func(s *state) (err error) {
		for i, t := range s.Tokens {
			if t.Hash != hash { // of a hash, timing tells nothing that helps to find its origin
				continue
			}
			s.Tokens = append(s.Tokens[:i], s.Tokens[i+1:]...)
			if !now.Before(t.Expires) {
				return ErrToken
			}
			if cert, err = a.issue(t.Name, csr); err != nil {
				return err
			}
			node = Node{Name: t.Name, Role: t.Role, Serial: serialText(cert.SerialNumber), Joined: now, Expires: cert.NotAfter}
			s.put(node)
			return nil
		}
		return ErrToken
	})
	return cert, node, err
}

// put adds a node, in place of one of its name.
func (s *state) put(n Node) {
	for i := range s.Nodes {
		if s.Nodes[i].Name == n.Name {
			s.Nodes[i] = n
			return
		}
	}
	s.Nodes = append(s.Nodes, n)
}

// renew signs the key of a node that has shown its certificate.
func (a *Authority) renew(shown *x509.Certificate, csr *x509.CertificateRequest) (cert *x509.Certificate, err error) {
	n, err := a.holder(shown)
	if err != nil {
		return nil, err
	}
	if cert, err = a.issue(n.Name, csr); err != nil {
		return nil, err
	}
	return cert, a.change(func(s *state) error {
		n.Serial, n.Before, n.Expires = serialText(cert.SerialNumber), serialText(shown.SerialNumber), cert.NotAfter
		s.put(n)
		return nil
	})
}

// issue signs a certificate for a node. Of the request only the key counts.
func (a *Authority) issue(name string, csr *x509.CertificateRequest) (*x509.Certificate, error) {
	key, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() || csr.CheckSignature() != nil {
		return nil, errors.New("join: the request needs a P-256 key and its signature")
	}
	now := a.opts.Now()
	return keys.SignCertificate(&x509.Certificate{SerialNumber: keys.Serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(certificateLife), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, a.cert, key, a.key)
}
