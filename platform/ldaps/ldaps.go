// Package ldaps opens connections to directories: LDAP over TLS (RFC 4511, 4513), to a server that proved its name, with bounds on how long it
// may take and how much it may say.
package ldaps

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Patience is how long a server has for one answer.
const Patience = 5 * time.Second

// ErrMuch means that a server said more than the bound of its connection.
var ErrMuch = errors.New("ldaps: the server said more than it was asked for")

// CheckServer refuses what is no address of a directory over TLS: a scheme without, a path, a login.
func CheckServer(server string) error {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "ldaps" || u.Hostname() == "" || u.Path != "" || u.User != nil {
		return fmt.Errorf("%q is not like ldaps://dc1.hospital.example", server)
	}
	return nil
}

// Dial connects to a server whose certificate one of the file authority signed; empty means those this machine trusts. The server may say
// most bytes in all. The connection ends with ctx; call end when it is no longer needed.
func Dial(ctx context.Context, server, authority string, most int) (c *ldap.Conn, end func(), err error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, nil, err
	}
	config := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if authority != "" {
		pem, err := os.ReadFile(authority)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the authority: %w", err)
		}
		if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, nil, fmt.Errorf("%s has no certificate", authority)
		}
	}
	port := u.Port()
	if port == "" {
		port = "636"
	}
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: Patience}, Config: config}
	patient, cancel := context.WithTimeout(ctx, Patience) // the handshake too
	defer cancel()
	conn, err := dialer.DialContext(patient, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, nil, err
	}
	c = ldap.NewConn(&bounded{Conn: conn, left: most}, true)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	c.SetTimeout(Patience)
	c.Start()
	return c, func() { stop(); c.Close() }, nil
}

// bounded is a connection that says no more than so much.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
