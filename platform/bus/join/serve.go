package join

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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
	"sync"
	"time"

	"bulwark/platform/bus"
	"bulwark/platform/keys"
)

const (
	enrolPath = "/enrol" // with a token's secret
	renewPath = "/renew" // with the certificate to renew
	maxBody   = 16 << 10
)

// request is what a node asks for.
type request struct {
	Secret []byte `json:"secret,omitempty"` // of the token; not for a renewal
	CSR    []byte `json:"csr"`              // PKCS #10, DER
}

// answer is what it is given.
type answer struct {
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	Leaf  string `json:"leaf"`  // where the bus of the node above listens
	Cert  []byte `json:"cert"`  // of the node, DER
	CA    []byte `json:"ca"`    // of the authority, DER
	Error string `json:"error"` // why not
}

// serverCert makes certificates for the node above itself, and a new one in time.
type serverCert struct {
	a   *Authority
	mu  sync.Mutex
	now *tls.Certificate
}

func (s *serverCert) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.a.opts.Now()
	if s.now != nil && now.Add(serverLife/3).Before(s.now.Leaf.NotAfter) {
		return s.now, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf, err := keys.SignCertificate(&x509.Certificate{SerialNumber: keys.Serial(), Subject: pkix.Name{CommonName: serverName},
		DNSNames: []string{serverName}, NotBefore: now.Add(-clockSkew), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}},
		s.a.cert, &key.PublicKey, s.a.key)
	if err != nil {
		return nil, err
	}
	s.now = &tls.Certificate{Certificate: [][]byte{leaf.Raw, s.a.cert.Raw}, PrivateKey: key, Leaf: leaf}
	return s.now, nil
}

func (a *Authority) serverTLS(client tls.ClientAuthType) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: client, ClientCAs: pool, Time: a.opts.Now,
		GetCertificate: (&serverCert{a: a}).get}
}

// Listen is what the bus of this node needs to let others join, at that address.
func (a *Authority) Listen(address string) *bus.Listen {
	return &bus.Listen{Address: address, TLS: a.serverTLS(tls.RequireAndVerifyClientCert), Node: a.Admit}
}

// Link relays the events of all nodes to b until ctx ends, and ends the links of those that are revoked.
func (a *Authority) Link(ctx context.Context, b *bus.Bus) error {
	relays := map[string]context.CancelFunc{}
	var wait sync.WaitGroup
	defer wait.Wait()
	for {
		for _, n := range a.Nodes() {
			stop, runs := relays[n.Name]
			switch {
			case n.Revoked.IsZero() && !runs:
				one, cancel := context.WithCancel(ctx)
				relays[n.Name] = cancel
				defer cancel()
				wait.Go(func() {
					if err := b.Relay(one, n.Name); err != nil {
						a.log.ErrorContext(ctx, "relay of a node ended", "node", n.Name, "error", err)
					}
				})
			case !n.Revoked.IsZero() && runs:
				stop()
				delete(relays, n.Name)
				b.Disconnect(n.Name)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.changed:
		}
	}
}

// Serve answers nodes that enrol or renew, on l, until ctx ends.
func (a *Authority) Serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+enrolPath, a.enrol)
	mux.HandleFunc("POST "+renewPath, a.renewal)
	srv := &http.Server{Handler: http.MaxBytesHandler(mux, maxBody), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 10 * time.Second, MaxHeaderBytes: 4 << 10, BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug), TLSConfig: a.serverTLS(tls.VerifyClientCertIfGiven)}
	ended := make(chan error, 1)
	go func() { ended <- srv.ServeTLS(l, "", "") }()
	select {
	case err := <-ended:
		return fmt.Errorf("join: %w", err)
	case <-ctx.Done():
	}
	_ = srv.Close()
	<-ended
	return nil
}

func (a *Authority) enrol(w http.ResponseWriter, r *http.Request) {
	req, csr, err := readRequest(r.Body)
	if err == nil {
		var cert *x509.Certificate
		var node Node
		if cert, node, err = a.redeem(req.Secret, csr); err == nil {
			a.log.InfoContext(r.Context(), "a node enrolled", "node", node.Name, "role", string(node.Role), "address", r.RemoteAddr)
			a.reply(w, answer{Name: node.Name, Role: node.Role, Leaf: a.opts.Leaf, Cert: cert.Raw, CA: a.cert.Raw})
			return
		}
	}
	a.log.WarnContext(r.Context(), "a node was not let in", "address", r.RemoteAddr, "error", err)
	w.WriteHeader(http.StatusForbidden)
	a.reply(w, answer{Error: "token"})
}

func (a *Authority) renewal(w http.ResponseWriter, r *http.Request) {
	var cert *x509.Certificate
	_, csr, err := readRequest(r.Body)
	if err == nil && len(r.TLS.VerifiedChains) == 0 {
		err = ErrNode
	}
	if err == nil {
		cert, err = a.renew(r.TLS.PeerCertificates[0], csr)
	}
	if err != nil {
		a.log.WarnContext(r.Context(), "a node's certificate was not renewed", "address", r.RemoteAddr, "error", err)
		why := "renewal"
		if errors.Is(err, ErrRevoked) {
			why = "revoked"
		}
		w.WriteHeader(http.StatusForbidden)
		a.reply(w, answer{Error: why})
		return
	}
	a.reply(w, answer{Name: cert.Subject.CommonName, Leaf: a.opts.Leaf, Cert: cert.Raw, CA: a.cert.Raw})
}

func (a *Authority) reply(w http.ResponseWriter, v answer) { _ = json.NewEncoder(w).Encode(v) }

func readRequest(r io.Reader) (request, *x509.CertificateRequest, error) {
	var req request
	if err := json.NewDecoder(r).Decode(&req); err != nil {
		return req, nil, err
	}
	csr, err := x509.ParseCertificateRequest(req.CSR)
	return req, csr, err
}
