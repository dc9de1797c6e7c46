// Package wef takes in what Windows forwards of its event logs: it is the collector to which a policy of the domain points machines,
// which then ask what they are to send and send it (source-initiated subscriptions; WS-Management, DMTF DSP0226, [MS-WSMV]).
package wef

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"bulwark/observe/logs/internal/intake"
	"bulwark/observe/logs/internal/revoked"
	"bulwark/observe/logs/internal/wef/gss"
	"bulwark/platform/db"
)

// Bounds of the intake.
const (
	maxConnections  = 16_384
	manyConnections = maxConnections / 2 // from then on, a connection is closed after its answer
	maxRequests     = 64                 // that are read at a time
	maxBody         = 4 << 20            // bytes of a request, as it comes
	maxUnpacked     = 16 << 20           // bytes of a request, unpacked
	patience        = 10 * time.Second   // for room in the sink, and for the database
	idle            = time.Minute
	graceful        = 10 * time.Second
)

// Options are what an intake is made of.
type Options struct {
	// Listen is the address and port for HTTPS: ":5986"; "": not at all.
	Listen string
	// Kerberos is the address and port for HTTP, whose messages are sealed by Kerberos: ":5985"; "": not at all.
	Kerberos string
	// Keytab holds the keys of our account, in Base64.
	Keytab string
	// Certificate gives the server's certificate of each handshake.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// ClientCA is a file in PEM: the authorities that machines have their certificates of.
	ClientCA string
	// Revoked are certificates that those authorities took back; nil: nobody is asked.
	Revoked *revoked.Lists
	// Subscriptions is a folder of subscriptions beside those that come with the program; "": none.
	Subscriptions string
	// DB keeps how far machines have delivered.
	DB *db.DB
	// Version is the program's.
	Version string
	Log     *slog.Logger // may be nil
}

// Intake is a collector. Make it with [New]: it listens from then on, so that an address that is taken is known at once.
type Intake struct {
	intake.Tally
	opt         Options
	listener    net.Listener // of HTTPS, or nil
	plain       net.Listener // of HTTP with Kerberos, or nil
	keys        *gss.Keys
	authorities authorities
	roots       *x509.CertPool
	offers      offers
	book        *book
	places      chan struct{}
	pages       sync.Pool
	connections atomic.Int64
}

// New reads what machines are asked for, and listens.
func New(ctx context.Context, o Options) (*Intake, error) {
	i := &Intake{opt: o, places: make(chan struct{}, maxRequests)}
	i.pages.New = func() any { return new(page) }
	if err := i.trust(); err != nil {
		return nil, err
	}
	var err error
	if i.offers, err = readOffers(o.Subscriptions); err != nil {
		return nil, fmt.Errorf("reading what machines are to forward: %w", err)
	}
	if i.book, err = newBook(ctx, o.DB, time.Now()); err != nil {
		return nil, fmt.Errorf("reading how far machines have delivered: %w", err)
	}
	for _, at := range [...]struct {
		address string
		to      *net.Listener
	}{{o.Listen, &i.listener}, {o.Kerberos, &i.plain}} {
		if at.address == "" {
			continue
		}
		l, err := net.Listen("tcp", at.address)
		if err != nil {
			i.close()
			return nil, fmt.Errorf("listening for events of Windows on %s: %w", at.address, err)
		}
		*at.to = intake.NewFair(l, maxConnections, &i.Tally)
	}
	return i, nil
}

// trust reads by what machines prove who they are.
func (i *Intake) trust() (err error) {
	o := &i.opt
	if o.Listen == "" && o.Kerberos == "" || o.Listen != "" && (o.Certificate == nil || o.ClientCA == "") {
		return errors.New("without certificates nobody may send")
	}
	if o.ClientCA != "" {
		if i.authorities, err = readAuthorities(o.ClientCA); err != nil {
			return fmt.Errorf("reading the authorities of machines: %w", err)
		}
	}
	i.roots = i.authorities.pool()
	if o.Kerberos != "" {
		i.keys, err = gss.ReadKeys(o.Keytab)
	}
	return err
}

func (i *Intake) close() {
	for _, l := range [...]net.Listener{i.listener, i.plain} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// Name is the intake's.
func (i *Intake) Name() string { return "wef" }

// Addresses are where it listens: https or kerberos, and the address.
func (i *Intake) Addresses() (all [][2]string) {
	if i.listener != nil {
		all = append(all, [2]string{"https", i.listener.Addr().String()})
	}
	if i.plain != nil {
		all = append(all, [2]string{"kerberos", i.plain.Addr().String()})
	}
	return all
}

// Thumbprints are those of the authorities of machines, as a policy names them (IssuerCA=).
func (i *Intake) Thumbprints() (all []string) {
	for _, c := range i.authorities {
		all = append(all, Thumbprint(c))
	}
	return all
}

// Machines is how far each machine has delivered, and when it was last heard of.
func (i *Intake) Machines(ctx context.Context) (all []Machine, err error) {
	err = i.book.db.Read().NewSelect().Model(&all).Order("identity", "subscription").Scan(ctx)
	return all, err
}

// Run serves until ctx ends.
func (i *Intake) Run(ctx context.Context, to intake.Sink) error {
	var servers []*http.Server
	stopped := make(chan error, 2)
	if i.listener != nil {
		s := i.server(i.Handler(to))
		s.TLSConfig = i.tls()
		servers = append(servers, s)
		go func() { stopped <- s.ServeTLS(i.listener, "", "") }()
	}
	if i.plain != nil {
		s := i.server(i.KerberosHandler(to))
		s.ConnContext = remember
		servers = append(servers, s)
		go func() { stopped <- s.Serve(i.plain) }()
	}
	var err error
	running := len(servers)
	select {
	case err = <-stopped:
		running--
		err = fmt.Errorf("taking in events of Windows: %w", err)
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(limit) != nil {
			err = errors.Join(err, s.Close())
		}
	}
	for range running {
		<-stopped
	}
	return err
}

// server is one with our bounds.
func (i *Intake) server(h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: 2 * time.Minute, IdleTimeout: idle, MaxHeaderBytes: 128 << 10, ConnState: i.count,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}} // HTTP/1.1 alone: [MS-WSMV] binds to a connection
	s.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	if i.opt.Log != nil {
		s.ErrorLog = slog.NewLogLogger(i.opt.Log.Handler(), slog.LevelDebug)
	}
	return s
}

// count follows how many connections there are.
func (i *Intake) count(_ net.Conn, to http.ConnState) {
	switch to {
	case http.StateNew:
		i.connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		i.connections.Add(-1)
	}
}

// tls asks machines for their certificates, and counts those that it refuses by reason.
func (i *Intake) tls() *tls.Config {
	return &tls.Config{GetCertificate: i.opt.Certificate, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert, ClientCAs: i.roots,
		NextProtos: []string{"http/1.1"}, VerifyConnection: func(s tls.ConnectionState) error {
			_, reason := i.authorities.verify(s.PeerCertificates, time.Now(), i.opt.Revoked)
			if reason == "" {
				return nil
			}
			i.Add(reason, 1)
			return errors.New("wef: " + reason)
		}}
}
