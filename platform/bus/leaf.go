package bus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Listen is where nodes below may join this one. They are NATS leaf nodes over mutual TLS.
type Listen struct {
	Address string      // host:port
	TLS     *tls.Config // must ask for and verify the certificates of clients
	// Node is the name of the node that shows the certificate, and false when it may not join (any more). The name is
	// also the JetStream domain of the node's bus.
	Node func(cert *x509.Certificate) (name string, ok bool)
}

// Upstream is the node above. It may read the stream of this bus and confirm what it has; nothing else crosses.
type Upstream struct {
	Address string      // host:port of its Listen
	TLS     *tls.Config // with this node's certificate, and the authority that vouches for the node above
}

const (
	localAPI   = "$JS.API"
	nodeHeader = "Bulwark-Node" // where a relayed batch comes from
	seqHeader  = "Bulwark-Seq"  // its sequence there
	upstream   = "upstream"     // subscriber name of the node above
)

// domainAPI is the subject prefix of the JetStream of a joined node.
func domainAPI(node string) string { return "$JS." + node + ".API" }

// inbox is where the answers of a joined node go; it may send nowhere else.
func inbox(node string) string { return "_INBOX_" + node }

// confirmation is where a node is told how much of its stream the node above has.
func confirmation(node string) string { return "bulwark." + node + ".relayed" }

// crossing are the subjects that may cross a link with the node, in either direction.
func crossing(node string) []string {
	return []string{domainAPI(node) + ".>", inbox(node) + ".>", "bulwark." + node + ".>"}
}

// setLeafs makes the options for the nodes below and above.
func setLeafs(so *server.Options, o Options, g *gate) error {
	so.LeafNode.ReconnectInterval = 500 * time.Millisecond
	so.PingInterval, so.MaxPingsOut = 5*time.Second, 2 // a link that died silently is given up after 15 seconds
	if l := o.Listen; l != nil {
		host, port, err := net.SplitHostPort(l.Address)
		if err != nil {
			return fmt.Errorf("bus: address for nodes to join: %w", err)
		}
		so.LeafNode.Host = host
		if so.LeafNode.Port, err = strconv.Atoi(port); err != nil {
			return fmt.Errorf("bus: address for nodes to join: %w", err)
		}
		so.LeafNode.TLSConfig, so.LeafNode.TLSTimeout, so.LeafNode.TLSHandshakeFirst = l.TLS, 5, true
		so.LeafNode.AuthTimeout, so.LeafNode.NoAdvertise, so.LeafNode.IsolateLeafnodeInterest = 5, true, true
		so.LeafNode.Compression = server.CompressionOpts{Mode: server.CompressionOff} // batches are compressed
		so.CustomClientAuthentication = g
	}
	if u := o.Upstream; u != nil {
		so.LeafNode.Remotes = []*server.RemoteLeafOpts{{URLs: []*url.URL{{Scheme: "tls", Host: u.Address}}, TLS: true, TLSConfig: u.TLS,
			TLSTimeout: 5, TLSHandshakeFirst: true, Compression: server.CompressionOpts{Mode: server.CompressionOff}}}
	}
	return nil
}

// gate decides who may connect to the embedded server: this process, and nodes whose certificate stands for one.
type gate struct {
	node   func(*x509.Certificate) (string, bool)
	server *server.Server
	log    *slog.Logger

	mu    sync.Mutex
	links map[uint64]string // node, by the id of its connection
	joins map[string]func() // what to call when the node joins
}

// watch has fn called when the node joins, until the function that it returns is called.
func (g *gate) watch(node string, fn func()) (end func()) {
	if g == nil {
		return func() {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.joins[node] = fn
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.joins, node)
	}
}

// Check is called by the server for each connection.
func (g *gate) Check(c server.ClientAuthentication) bool {
	if c.Kind() != server.LEAF {
		return c.Kind() == server.CLIENT // nothing listens for clients: it is this process
	}
	state := c.GetTLSConnectionState()
	if state == nil || len(state.PeerCertificates) == 0 {
		return false
	}
	cert := state.PeerCertificates[0]
	name, ok := g.node(cert)
	if !ok {
		g.log.Warn("a node was refused", "certificate", cert.Subject.CommonName, "address", c.RemoteAddress().String())
		return false
	}
	may := &server.SubjectPermission{Allow: crossing(name)}
	c.RegisterUser(&server.User{Username: name, Account: g.server.GlobalAccount(), ConnectionDeadline: cert.NotAfter,
		Permissions: &server.Permissions{Publish: may, Subscribe: may}})
	g.mu.Lock()
	for id, other := range g.links {
		if other == name && g.server.GetLeafNode(id) == nil {
			delete(g.links, id) // ended since
		}
	}
	g.links[c.GetID()] = name
	joined := g.joins[name]
	g.mu.Unlock()
	if joined != nil {
		joined()
	}
	g.log.Info("a node joined", "node", name, "address", c.RemoteAddress().String())
	return true
}

// Disconnect ends the connections of a node, as when its certificate was revoked. Whether it may come back is up to
// [Listen.Node].
func (b *Bus) Disconnect(node string) {
	if b.gate == nil {
		return
	}
	b.gate.mu.Lock()
	defer b.gate.mu.Unlock()
	for id, name := range b.gate.links {
		if name == node {
			_ = b.server.DisconnectClientByID(id) // an error says that it is gone already
			delete(b.gate.links, id)
		}
	}
}

// Upstreamed reports whether the link to the node above is up.
func (b *Bus) Upstreamed() bool {
	return b.server != nil && b.opts.Upstream != nil && b.server.NumLeafNodes() > 0
}

// heed keeps what the node above confirms, so that the stream lets go of it.
func (b *Bus) heed(ctx context.Context) error {
	_, err := b.nc.Subscribe(confirmation(b.opts.Domain), func(m *nats.Msg) {
		if len(m.Data) != 16 || int64(binary.LittleEndian.Uint64(m.Data[8:])) != b.born.UnixNano() {
			return
		}
		if err := b.Keep(ctx, upstream, binary.LittleEndian.Uint64(m.Data)); err != nil {
			b.log.WarnContext(ctx, "keeping what the node above has", "error", err)
		}
	})
	if err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	return nil
}
