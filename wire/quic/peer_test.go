package quic

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	peer "golang.org/x/net/quic"

	"bulwark/wire"
)

// tapped is a socket that notes what is sent through it.
type tapped struct {
	net.PacketConn
	dir wire.Dir
	log *tap
}

type tap struct {
	mu   sync.Mutex
	sent []sent
}

func (c *tapped) WriteTo(p []byte, to net.Addr) (int, error) {
	c.log.mu.Lock()
	c.log.sent = append(c.log.sent, sent{c.dir, slices.Clone(p)})
	c.log.mu.Unlock()
	return c.PacketConn.WriteTo(p, to)
}

func endpoint(t *testing.T, log *tap, dir wire.Dir, c *peer.Config) *peer.Endpoint {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no UDP on this machine: " + err.Error())
	}
	e, err := peer.NewEndpoint(&tapped{socket, dir, log}, c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestPeer reads the handshakes of another implementation.
func TestPeer(t *testing.T) {
	for _, c := range []struct {
		does     string
		validate bool   // the server asks the client to come again
		offer    string // protocol that the client speaks; the server speaks h3
		want     []string
	}{
		{"a handshake", false, "h3", []string{"to_server initial 1 client hello", "to_client initial 1 server hello", "session 1 ehr.example h3 q13d"}},
		{"a handshake with a Retry", true, "h3", []string{"to_client retry 1", "to_client initial 1 server hello", "session 1 ehr.example h3 q13d", " retried"}},
		{"a protocol that the server does not speak", false, "smtp", []string{"crypto_error no_application_protocol"}},
	} {
		t.Run(c.does, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			log := &tap{}
			server := endpoint(t, log, wire.ToClient, &peer.Config{RequireAddressValidation: c.validate,
				TLSConfig: &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}, NextProtos: []string{"h3"}, MinVersion: tls.VersionTLS13}})
			client := endpoint(t, log, wire.ToServer, nil)
			conn, err := client.Dial(ctx, "udp", server.LocalAddr().String(), &peer.Config{
				TLSConfig: &tls.Config{ServerName: "ehr.example", NextProtos: []string{c.offer}, InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}})
			if err == nil {
				conn.Abort(nil)
			}
			cancel() // nothing more is waited for
			_ = client.Close(ctx)
			_ = server.Close(ctx)

			var conv Conversation
			h := &told{}
			for _, s := range log.sent {
				if !Looks(s.p) && len(h.lines) == 0 {
					t.Fatalf("not known: %x", s.p[:20])
				}
				_ = conv.Datagram(s.dir, s.p, h)
			}
			conv.Close(h)
			got := strings.Join(h.lines, "|")
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got no %q in\n%s", want, got)
				}
			}
		})
	}
}
