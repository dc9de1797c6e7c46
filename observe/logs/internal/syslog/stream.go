package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"

	"bulwark/observe/logs/internal/intake"
	"bulwark/observe/logs/internal/revoked"
)

// serve reads one connection to its end.
func (i *Intake) serve(ctx context.Context, c net.Conn, encrypted bool, to intake.Sink) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	r := intake.Record{Intake: name, Sender: senderOf(c)}
	if encrypted {
		t := tls.Server(c, i.opts.Config)
		limit, cancel := context.WithTimeout(ctx, handshake)
		err := t.HandshakeContext(limit)
		cancel()
		if err != nil {
			if ctx.Err() == nil {
				i.Add(refusal(err), 1)
				i.opts.Log.DebugContext(ctx, "a sender was refused", "intake", name, "sender", r.Sender, "error", err)
			}
			return
		}
		if peer := t.ConnectionState().PeerCertificates; len(peer) > 0 {
			r.Identity = identity(peer[0])
		}
		c = t
	}
	s := stream{intake: i, to: to, record: r}
	s.run(ctx, c)
}

// refusal says in a few words why a handshake failed.
func refusal(err error) string {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "expired certificate"
	case errors.Is(err, revoked.ErrRevoked):
		return revoked.ErrRevoked.Error()
	case errors.As(err, &invalid), errors.As(err, &unknown):
		return "certificate not trusted"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "handshake not ended"
	case errors.Is(err, io.EOF):
		return "handshake broken off"
	}
	return "handshake failed"
}

// identity is the name in a certificate: the first that it is good for, or that of its subject.
func identity(c *x509.Certificate) string {
	if len(c.DNSNames) > 0 {
		return c.DNSNames[0]
	}
	return c.Subject.CommonName
}

func senderOf(c net.Conn) netip.Addr {
	if c == nil {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddrPort(c.RemoteAddr().String())
	return a.Addr().Unmap().WithZone("")
}

// Sizes of what is read at once.
const (
	firstBlock = 16 << 10
	blockSize  = 256 << 10
	blocks     = 2 // one is filled while the other is taken
)

// block is what was read of a stream, and the messages in it.
type block struct {
	buf     []byte
	records []intake.Record
}

// stream reads one connection: what comes is put into one block while the sink takes another. While that waits nothing is read, so that
// the sender waits too.
type stream struct {
	intake *Intake
	to     intake.Sink
	record intake.Record // what all records share
	framer framer
}

func (s *stream) run(ctx context.Context, c net.Conn) {
	ctx, stop := context.WithCancel(ctx)
	free, full := make(chan *block, blocks), make(chan *block, blocks)
	for range blocks {
		free <- new(block)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer stop()
		defer c.Close()
		for b := range full {
			if s.to.Take(ctx, b.records) != nil {
				s.intake.Add("not kept", len(b.records))
				return // nothing more is promised
			}
			free <- b
		}
	}()
	s.read(ctx, c, free, full)
	close(full)
	<-ended
}

// read fills blocks until the connection ends.
func (s *stream) read(ctx context.Context, c net.Conn, free <-chan *block, full chan<- *block) {
	var rest []byte // of the block before: begins with a message that is not whole
	need := 1
	for {
		select {
		case b := <-free:
			var err error
			if rest, need, err = s.fill(c, b, rest, need); len(b.records) > 0 {
				full <- b
			}
			if err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// fill reads until there is a whole message, or the stream ends. rest is what of a block follows the last whole one, need how many bytes
// the next takes.
func (s *stream) fill(c net.Conn, b *block, rest []byte, need int) (_ []byte, _ int, err error) {
	b.records, b.buf = b.records[:0], append(b.buf[:0], rest...)
	done := 0
	for len(b.records) == 0 && err == nil {
		b.buf = append(b.buf[:0], b.buf[done:]...)
		b.grow(need)
		var n int
		n, err = c.Read(b.buf[len(b.buf):cap(b.buf)])
		b.buf = b.buf[:len(b.buf)+n]
		done, need = s.cut(b, err != nil)
	}
	return b.buf[done:], need, err
}

// grow makes room for a message of so many bytes; a block that was full becomes larger.
func (b *block) grow(need int) {
	size := max(need, firstBlock)
	if len(b.buf)*2 > cap(b.buf) {
		size = max(size, min(2*cap(b.buf), blockSize), len(b.buf)+firstBlock)
	}
	b.buf = slices.Grow(b.buf, max(0, size-len(b.buf)))
}

// cut finds the messages in a block: up to where it is done, and how many bytes the next takes.
func (s *stream) cut(b *block, last bool) (done, need int) {
	now := s.intake.opts.Clock.Now()
	for done < len(b.buf) {
		m := s.framer.next(b.buf[done:], last)
		if m.n == 0 {
			return done, m.need
		}
		done += m.n
		if len(m.text) == 0 {
			continue
		}
		r := s.record
		r.Received, r.Text = now, m.text
		if m.size > len(m.text) {
			r.Size = m.size
		}
		b.records = append(b.records, r)
	}
	return done, 1
}
