package lumberjack

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"bulwark/observe/logs/internal/audit"
	"bulwark/observe/logs/internal/document"
	"bulwark/observe/logs/internal/intake"
	"bulwark/observe/logs/internal/revoked"
	"bulwark/platform/clock"
	"bulwark/platform/pseudonym"
)

// Bounds of the intake.
const (
	maxConnections = 1024
	batchLen       = 512
	batchSize      = 1 << 20
	idle           = 15 * time.Minute // without a window
	within         = time.Minute      // without a byte of a window that has begun
	alive          = 5 * time.Second  // between two answers that say that it is worked on
	handshake      = 10 * time.Second
)

// Why events and connections are refused.
const (
	reasonDoc   = "not an object of JSON"
	reasonLong  = "longer than 1 MiB"
	reasonFrame = "not a frame of version 2"
	reasonTLS   = "no handshake"
	reasonCut   = "connection ended within a window"

	reasonAccept = "cannot accept"
)

// Options are what an intake is made of.
type Options struct {
	// Listen is the address and port.
	Listen string
	// TLS is how senders are met; with ClientCAs they prove who they are. Nil: without TLS.
	TLS *tls.Config
	// Patients makes pseudonyms under the site's key.
	Patients func() *pseudonym.Pseudonyms
	Log      *slog.Logger
}

// Intake takes in connections. Make it with [New]: it listens from then on.
type Intake struct {
	intake.Tally
	opt      Options
	listener net.Listener
}

// New listens.
func New(o Options) (*Intake, error) {
	if o.Patients == nil {
		return nil, errors.New("lumberjack: no pseudonyms")
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for Beats on %s: %w", o.Listen, err)
	}
	i := &Intake{opt: o}
	i.listener = intake.NewFair(l, maxConnections, &i.Tally)
	return i, nil
}

// Name is the intake's.
func (*Intake) Name() string { return "lumberjack" }

// Addr is where it listens.
func (i *Intake) Addr() net.Addr { return i.listener.Addr() }

// Run takes events until ctx ends.
func (i *Intake) Run(ctx context.Context, to intake.Sink) error {
	var all sync.WaitGroup
	defer all.Wait()
	stop := context.AfterFunc(ctx, func() { _ = i.listener.Close() })
	defer stop()
	for {
		c, err := i.listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("taking in Beats on %s: %w", i.opt.Listen, err)
		}
		if err != nil { // too many open files, mostly: what is open goes on
			i.Add(reasonAccept, 1)
			clock.Pause(ctx, 100*time.Millisecond)
			continue
		}
		all.Go(func() { i.serve(ctx, c, to) })
	}
}

// serve takes one connection to its end.
func (i *Intake) serve(ctx context.Context, c net.Conn, to intake.Sink) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	base := intake.Record{Intake: "lumberjack"}
	if at, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		base.Sender = at.Addr().Unmap()
	}
	if i.opt.TLS != nil {
		t := tls.Server(c, i.opt.TLS)
		limit, cancel := context.WithTimeout(ctx, handshake)
		err := t.HandshakeContext(limit)
		cancel()
		if errors.Is(err, revoked.ErrRevoked) {
			i.Add(revoked.ErrRevoked.Error(), 1)
			return
		}
		if err != nil {
			i.Add(reasonTLS, 1)
			return
		}
		if peers := t.ConnectionState().PeerCertificates; len(peers) > 0 {
			base.Identity = peers[0].Subject.CommonName
		}
		c = t
	}
	s := &sender{Intake: i, conn: c, to: to, base: base, reader: document.New(audit.New(i.opt.Patients())),
		frames: frames{in: bufio.NewReaderSize(c, 64<<10)}}
	i.count(ctx, s.run(ctx))
}

// count counts why a connection ended, where that was not its sender's wish.
func (i *Intake) count(ctx context.Context, err error) {
	switch {
	case err == nil, ctx.Err() != nil:
	case errors.Is(err, ErrFrame):
		i.Add(reasonFrame, 1)
	default:
		i.Add(reasonCut, 1)
	}
	if err != nil && i.opt.Log != nil {
		i.opt.Log.DebugContext(ctx, "beats connection ended", "reason", err)
	}
}

// sender is one connection.
type sender struct {
	*Intake
	conn    net.Conn
	frames  frames
	to      intake.Sink
	base    intake.Record
	reader  *document.Reader
	text    []byte // events that are not handed over yet
	records []intake.Record
	last    uint32 // number of the last event that was read
}

// run reads windows until the sender is gone.
func (s *sender) run(ctx context.Context) error {
	for {
		_ = s.conn.SetReadDeadline(time.Now().Add(idle))
		n, err := s.frames.window()
		var quiet net.Error
		switch {
		case errors.Is(err, io.EOF), errors.As(err, &quiet) && quiet.Timeout():
			return nil
		case err != nil:
			return err
		}
		s.base.Received = time.Now()
		if err := s.take(ctx, n); err != nil {
			return err
		}
	}
}

// take takes the n events of a window. Each batch is answered once it is safe.
func (s *sender) take(ctx context.Context, n int) error {
	for k := range n {
		_ = s.conn.SetReadDeadline(time.Now().Add(within))
		from := len(s.text)
		text, seq, long, err := s.frames.event(s.text)
		if err != nil {
			return err
		}
		s.text, s.last = text, seq
		if long {
			s.Add(reasonLong, 1)
		} else if s.records, err = s.reader.Read(text[from:], s.base, s.records); err != nil {
			s.Add(reasonDoc, 1)
		}
		if k == n-1 || len(s.records) >= batchLen || len(s.text) >= batchSize {
			if err := s.hand(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// hand hands over what was read, tells the sender meanwhile that it is worked on, and at last that it is safe.
func (s *sender) hand(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.to.Take(ctx, s.records) }()
	tick := time.NewTicker(alive)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("handing over: %w", err)
			}
			s.reader.Reset()
			clear(s.records)
			s.records, s.text = s.records[:0], s.text[:0]
			return s.answer(s.last)
		case <-tick.C:
			_ = s.answer(0) // where that cannot be written, the last answer cannot either
		}
	}
}

func (s *sender) answer(seq uint32) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(within))
	_, err := s.conn.Write(appendAnswer(nil, seq))
	return err
}
