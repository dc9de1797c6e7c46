// Package accounting is a server of RADIUS accounting (RFC 2866): switches, access points and gateways tell it who is there, at which
// address, since when. A request is answered once what it tells is safe, so that the NAS sends it again until then.
package accounting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/pseudonym"
	"bulwark/wire/radius"
)

// Bounds of the intake.
const (
	readBuffer = 4 << 20 // bytes that the kernel is asked to keep
	maxWaiting = 1024    // requests that wait for the sink
	batchLen   = 256
	maxSeen    = 1 << 14 // messages that are known when they come again
	seenFor    = 5 * time.Minute
)

// Why messages are refused.
const (
	reasonStranger  = "from nobody who is known"
	reasonSecret    = "another secret"
	reasonMalformed = "malformed"
	reasonCode      = "not accounting"
	reasonBusy      = "too many at a time"
	reasonFull      = "no room"
	reasonAgain     = "sent again"
)

// Client is who may send.
type Client struct {
	From   netip.Prefix
	Secret []byte
}

// Options are what an intake is made of.
type Options struct {
	// Listen is the address and port of UDP.
	Listen string
	// Clients are those who may send; of several that fit the narrowest counts.
	Clients []Client
	// Patients makes pseudonyms under the site's key.
	Patients func() *pseudonym.Pseudonyms
	Log      *slog.Logger
}

// Intake takes in accounting. Make it with [New]: it listens from then on.
type Intake struct {
	intake.Tally
	opt    Options
	conn   *net.UDPConn
	reader reader
	seen   map[[16]byte]time.Time // what was told, and when
	order  [][16]byte             // the oldest first
}

// New listens.
func New(o Options) (*Intake, error) {
	if o.Patients == nil || len(o.Clients) == 0 {
		return nil, errors.New("accounting: nobody may send")
	}
	for _, c := range o.Clients {
		if len(c.Secret) == 0 {
			return nil, fmt.Errorf("accounting: the secret of %v is empty", c.From)
		}
	}
	at, err := net.ResolveUDPAddr("udp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for RADIUS accounting on %s: %w", o.Listen, err)
	}
	c, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, fmt.Errorf("listening for RADIUS accounting on %s: %w", o.Listen, err)
	}
	_ = c.SetReadBuffer(readBuffer) // what is lost is sent again
	return &Intake{opt: o, conn: c, reader: reader{patients: o.Patients()}, seen: map[[16]byte]time.Time{}}, nil
}

// Name is the intake's.
func (*Intake) Name() string { return "radius" }

// Addr is where it listens.
func (i *Intake) Addr() net.Addr { return i.conn.LocalAddr() }

// request is one that was checked.
type request struct {
	p      []byte
	from   netip.AddrPort
	secret []byte
	at     time.Time
	sum    [16]byte
}

// Run answers until ctx ends.
func (i *Intake) Run(ctx context.Context, to intake.Sink) error {
	defer i.conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = i.conn.SetReadDeadline(time.Now()) })
	defer stop()
	waiting := make(chan request, maxWaiting)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		i.carry(ctx, to, waiting)
	}()
	err := i.receive(ctx, waiting)
	close(waiting)
	<-ended
	return err
}

// receive reads messages and has those that are good wait.
func (i *Intake) receive(ctx context.Context, waiting chan<- request) error {
	p := make([]byte, maxLen+1)
	for {
		n, from, err := i.conn.ReadFromUDPAddrPort(p)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("taking in RADIUS accounting: %w", err)
		}
		r, ok := i.check(p[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
		if !ok {
			continue
		}
		select {
		case waiting <- r:
		default:
			i.Add(reasonBusy, 1) // it comes again
		}
	}
}

// check looks whether a message comes from who may send, and was made with the secret of both.
func (i *Intake) check(p []byte, from netip.AddrPort) (request, bool) {
	secret := i.secret(from.Addr())
	if secret == nil {
		i.Add(reasonStranger, 1)
		return request{}, false
	}
	p, err := checked(p, secret)
	switch {
	case errors.Is(err, errSecret):
		i.Add(reasonSecret, 1)
	case errors.Is(err, errCode):
		i.Add(reasonCode, 1)
	case err != nil:
		i.Add(reasonMalformed, 1)
	default:
		return request{p: append([]byte(nil), p...), from: from, secret: secret, at: time.Now(), sum: sum(p, from.Addr())}, true
	}
	return request{}, false
}

// secret is that of an address; nil for one that may not send.
func (i *Intake) secret(from netip.Addr) (secret []byte) {
	bits := -1
	for _, c := range i.opt.Clients {
		if c.From.Contains(from) && c.From.Bits() > bits {
			bits, secret = c.From.Bits(), c.Secret
		}
	}
	return secret
}

// carry hands over requests as they wait, several at once where several do, and answers those that are safe.
func (i *Intake) carry(ctx context.Context, to intake.Sink, waiting <-chan request) {
	for first := range waiting {
		all := []request{first}
		for len(all) < batchLen && len(waiting) > 0 {
			all = append(all, <-waiting)
		}
		i.hand(ctx, to, all)
	}
}

// hand hands requests over. Those that come again, and questions whether somebody is here, are answered alone.
func (i *Intake) hand(ctx context.Context, to intake.Sink, all []request) {
	var records []intake.Record
	fresh := map[[16]byte]time.Time{}
	for _, r := range all {
		if radius.Code(r.p[0]) == radius.StatusServer {
			continue
		}
		if at, known := i.seen[r.sum]; known && r.at.Sub(at) < seenFor || !fresh[r.sum].IsZero() {
			i.Add(reasonAgain, 1)
			continue
		}
		fresh[r.sum] = r.at
		records = i.reader.read(r.p, intake.Record{Intake: "radius", Sender: r.from.Addr(), Received: r.at}, records)
	}
	if len(records) > 0 {
		if err := to.Take(ctx, records); err != nil {
			i.Add(reasonFull, len(fresh))
			return // nothing is answered: all come again
		}
	}
	for s, at := range fresh {
		i.remember(s, at)
	}
	for _, r := range all {
		if _, err := i.conn.WriteToUDPAddrPort(answer(r.p, r.secret), r.from); err != nil && i.opt.Log != nil {
			i.opt.Log.DebugContext(ctx, "accounting not answered", "reason", err)
		}
	}
}

// remember notes what was told. Where there is no room the oldest is forgotten.
func (i *Intake) remember(s [16]byte, at time.Time) {
	if _, known := i.seen[s]; !known {
		if len(i.order) >= maxSeen {
			delete(i.seen, i.order[0])
			i.order = i.order[1:]
		}
		i.order = append(i.order, s)
	}
	i.seen[s] = at
}
