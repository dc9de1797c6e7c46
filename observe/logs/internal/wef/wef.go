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

	"golang.org/x/net/netutil"

	"bulwark/observe/logs/internal/intake"
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
	// Listen is the address and port: ":5986".
	Listen string
	// Certificate gives the server's certificate of each handshake.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// ClientCA is a file in PEM: the authorities that machines have their certificates of.
	ClientCA string
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
	listener    net.Listener
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
	if o.Certificate == nil || o.ClientCA == "" {
		return nil, errors.New("without certificates nobody may send")
	}
	i := &Intake{opt: o, places: make(chan struct{}, maxRequests)}
	i.pages.New = func() any { return new(page) }
	var err error
	if i.authorities, err = readAuthorities(o.ClientCA); err != nil {
		return nil, fmt.Errorf("reading the authorities of machines: %w", err)
	}
	i.roots = i.authorities.pool()
	if i.offers, err = readOffers(o.Subscriptions); err != nil {
		return nil, fmt.Errorf("reading what machines are to forward: %w", err)
	}
	if i.book, err = newBook(ctx, o.DB, time.Now()); err != nil {
		return nil, fmt.Errorf("reading how far machines have delivered: %w", err)
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for events of Windows on %s: %w", o.Listen, err)
	}
	i.listener = netutil.LimitListener(l, maxConnections)
	return i, nil
}

// Name is the intake's.
func (i *Intake) Name() string { return "wef" }

// Addr is where it listens.
func (i *Intake) Addr() net.Addr { return i.listener.Addr() }

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
	s := &http.Server{Handler: i.Handler(to), TLSConfig: i.tls(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: 2 * time.Minute, IdleTimeout: idle, MaxHeaderBytes: 128 << 10, ConnState: i.count,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}} // HTTP/1.1 alone: [MS-WSMV] binds to a connection
	s.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	if i.opt.Log != nil {
		s.ErrorLog = slog.NewLogLogger(i.opt.Log.Handler(), slog.LevelDebug)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.ServeTLS(i.listener, "", "") }()
	select {
	case err := <-stopped:
		return fmt.Errorf("taking in events of Windows on %s: %w", i.opt.Listen, err)
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
	defer cancel()
	err := s.Shutdown(limit)
	if err != nil {
		err = s.Close()
	}
	<-stopped
	return err
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
			_, reason := i.authorities.verify(s.PeerCertificates, time.Now())
			if reason == "" {
				return nil
			}
			i.Add(reason, 1)
			return errors.New("wef: " + reason)
		}}
}
