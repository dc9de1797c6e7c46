// Package syslog takes in what machines send by syslog (RFC 5424, RFC 3164): in datagrams (RFC 5426), over TCP (RFC 6587) and over TLS
// (RFC 5425). A line that is not of syslog, as an object of JSON, is taken as well.
package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/clock"
)

// name is the intake's.
const name = "syslog"

// Options say where to listen: an address and a port each; "": not at all.
type Options struct {
	UDP, TCP, TLS string
	Config        *tls.Config // how senders by TLS are met
	Clock         clock.Clock
	Log           *slog.Logger
}

// Intake is the way by which syslog comes. Make it with [New].
type Intake struct {
	intake.Tally
	opts Options
	udp  *net.UDPConn
	tcp  []listener
}

// listener takes connections, with TLS or without.
type listener struct {
	net.Listener
	tls bool
}

// Bounds of connections.
const (
	mostConnections = 1024 // of TCP, and as many of TLS
	handshake       = 10 * time.Second
)

// New listens. Nothing is read before Run.
func New(o Options) (*Intake, error) {
	i := &Intake{opts: o}
	err := i.listen()
	if err != nil {
		i.close()
		return nil, err
	}
	return i, nil
}

func (i *Intake) listen() (err error) {
	for _, at := range [...]struct {
		addr string
		tls  bool
	}{{i.opts.TCP, false}, {i.opts.TLS, true}} {
		if at.addr == "" {
			continue
		}
		l, err := net.Listen("tcp", at.addr)
		if err != nil {
			return err
		}
		i.tcp = append(i.tcp, listener{intake.NewFair(l, mostConnections, &i.Tally), at.tls})
	}
	if i.opts.UDP == "" {
		return nil
	}
	addr, err := net.ResolveUDPAddr("udp", i.opts.UDP)
	if err != nil {
		return err
	}
	if i.udp, err = net.ListenUDP("udp", addr); err != nil {
		return err
	}
	return readyUDP(i.udp)
}

// Name is the intake's name.
func (*Intake) Name() string { return name }

// Addresses are where it listens: udp, tcp or tls, and the address.
func (i *Intake) Addresses() (all [][2]string) {
	if i.udp != nil {
		all = append(all, [2]string{"udp", i.udp.LocalAddr().String()})
	}
	for _, l := range i.tcp {
		way := "tcp"
		if l.tls {
			way = "tls"
		}
		all = append(all, [2]string{way, l.Addr().String()})
	}
	return all
}

func (i *Intake) close() {
	if i.udp != nil {
		i.udp.Close()
	}
	for _, l := range i.tcp {
		l.Close()
	}
}

// Run takes what comes until ctx ends.
func (i *Intake) Run(ctx context.Context, to intake.Sink) error {
	var wait sync.WaitGroup
	defer wait.Wait()
	defer context.AfterFunc(ctx, i.close)()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if i.udp != nil {
		wait.Go(func() { cancel(i.datagrams(ctx, to)) })
	}
	for _, l := range i.tcp {
		wait.Go(func() { cancel(i.accept(ctx, l, to, &wait)) })
	}
	<-ctx.Done()
	i.close()
	return context.Cause(ctx)
}

// accept takes connections.
func (i *Intake) accept(ctx context.Context, l listener, to intake.Sink, wait *sync.WaitGroup) error {
	for {
		c, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // too many open files, mostly: what is open goes on
			i.Add("cannot accept", 1)
			clock.Pause(ctx, 100*time.Millisecond)
			continue
		}
		wait.Go(func() { i.serve(ctx, c, l.tls, to) })
	}
}
