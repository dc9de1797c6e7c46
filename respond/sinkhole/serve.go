package sinkhole

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"bulwark/platform/conf"
)

// keyName is that of the key by which transfers are signed.
const keyName = "bulwark."

// mostInMessage is how many records of a transfer one message carries, so that it stays below 64 KiB; mostAtOnce how many connections
// there are.
const (
	mostInMessage = 100
	mostAtOnce    = 64
	idle          = 10 * time.Second
)

func checkKey(key conf.Secret) error {
	if key.IsZero() {
		return nil
	}
	text, err := key.Reveal()
	if err != nil {
		return err
	}
	if raw, err := base64.StdEncoding.DecodeString(text); err != nil || len(raw) < 16 {
		return errors.New("it is not the base64 of at least 16 bytes")
	}
	return nil
}

// keys are the keys of transfers, as the server wants them; nil: there is none.
func (s *Sinkhole) keys() (map[string]string, error) {
	if s.config.Key.IsZero() {
		return nil, nil
	}
	text, err := s.config.Key.Reveal()
	return map[string]string{keyName: text}, err
}

// resolver reads the address of a resolver.
func resolver(text string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	return netip.ParseAddrPort(text)
}

// serve answers resolvers until ctx ends or something breaks.
func (s *Sinkhole) serve(ctx context.Context) error {
	keys, err := s.keys()
	if err != nil {
		return err
	}
	packets, err := net.ListenPacket("udp", s.config.Listen)
	if err != nil {
		return err
	}
	defer packets.Close()
	listener, err := net.Listen("tcp", s.config.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	h := dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) { s.answer(w, r, keys) })
	servers := []*dns.Server{{PacketConn: packets, Handler: h, TsigSecret: keys},
		{Listener: &few{Listener: listener, slots: make(chan struct{}, mostAtOnce)}, Handler: h, TsigSecret: keys, ReadTimeout: idle, WriteTimeout: idle, MaxTCPQueries: 8,
			IdleTimeout: func() time.Duration { return idle }}}
	ended := make(chan error, len(servers))
	for _, server := range servers {
		go func() { ended <- server.ActivateAndServe() }()
	}
	s.stand(nil)
	done := 0
	select {
	case <-ctx.Done():
	case err = <-ended:
		done++
	}
	packets.Close()
	listener.Close()
	for ; done < len(servers); done++ {
		<-ended
	}
	return err
}

// few is a listener that takes so many connections at a time; further ones are closed.
type few struct {
	net.Listener
	slots chan struct{}
}

func (f *few) Accept() (net.Conn, error) {
	for {
		c, err := f.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case f.slots <- struct{}{}:
			return &slotted{Conn: c, free: sync.OnceFunc(func() { <-f.slots })}, nil
		default:
			c.Close()
		}
	}
}

// slotted is a connection that gives its slot back when it is closed.
type slotted struct {
	net.Conn
	free func()
}

func (c *slotted) Close() error {
	c.free()
	return c.Conn.Close()
}

// answer answers one request: only resolvers of ours, only about the zone, and only when it is known what is wanted.
func (s *Sinkhole) answer(w dns.ResponseWriter, r *dns.Msg, keys map[string]string) {
	m := new(dns.Msg)
	m.SetReply(r)
	m.Authoritative = true
	z := s.now()
	switch {
	case len(r.Question) != 1 || r.Question[0].Name != s.config.Zone && dns.CanonicalName(r.Question[0].Name) != s.config.Zone || !s.known(w.RemoteAddr()),
		keys != nil && (r.IsTsig() == nil || w.TsigStatus() != nil):
		m.Rcode = dns.RcodeRefused
	case z == nil:
		m.Rcode = dns.RcodeServerFailure
	case r.Question[0].Qtype == dns.TypeAXFR || r.Question[0].Qtype == dns.TypeIXFR && overTCP(w):
		s.send(w, r, z, keys)
		return
	case r.Question[0].Qtype == dns.TypeSOA || r.Question[0].Qtype == dns.TypeIXFR: // RFC 1995 §4: what does not fit is asked for over TCP
		m.Answer = []dns.RR{z.soa}
	default:
		m.Ns = []dns.RR{z.soa}
	}
	if keys != nil && m.Rcode != dns.RcodeRefused {
		m.SetTsig(keyName, dns.HmacSHA256, 300, s.clock.Now().Unix())
	}
	_ = w.WriteMsg(m) // who does not take it asks again
}

// known reports whether it is one of our resolvers that asks.
func (s *Sinkhole) known(who net.Addr) bool {
	a, err := netip.ParseAddrPort(who.String())
	return err == nil && slices.ContainsFunc(s.config.Resolvers, func(text string) bool {
		r, err := resolver(text)
		return err == nil && r.Addr().Unmap() == a.Addr().Unmap()
	})
}

func overTCP(w dns.ResponseWriter) bool { return w.RemoteAddr().Network() == "tcp" }

// send transfers the whole zone (RFC 5936); that is an answer to IXFR, too (RFC 1995 §4).
func (s *Sinkhole) send(w dns.ResponseWriter, r *dns.Msg, z *zone, keys map[string]string) {
	if !overTCP(w) {
		m := new(dns.Msg)
		_ = w.WriteMsg(m.SetRcode(r, dns.RcodeRefused))
		return
	}
	all := slices.Concat([]dns.RR{z.soa}, z.rest, []dns.RR{z.soa})
	parts := make(chan *dns.Envelope, len(all)/mostInMessage+1)
	for part := range slices.Chunk(all, mostInMessage) {
		parts <- &dns.Envelope{RR: part}
	}
	close(parts)
	if err := (&dns.Transfer{TsigSecret: keys}).Out(w, r, parts); err != nil {
		s.log.Info("a transfer of the zone broke off", "resolver", w.RemoteAddr().String(), "error", err)
	}
}

// notify tells a resolver that the zone changed (RFC 1996). That it does not answer is seen when it is asked.
func (s *Sinkhole) notify(ctx context.Context, to netip.AddrPort) {
	keys, err := s.keys()
	if err != nil {
		return
	}
	m := new(dns.Msg)
	m.SetNotify(s.config.Zone)
	if keys != nil {
		m.SetTsig(keyName, dns.HmacSHA256, 300, s.clock.Now().Unix())
	}
	c := &dns.Client{Timeout: toAnswer, TsigSecret: keys, Dialer: &net.Dialer{Timeout: toAnswer}}
	if own, err := netip.ParseAddrPort(s.config.Listen); err == nil && !own.Addr().IsUnspecified() {
		c.Dialer.LocalAddr = &net.UDPAddr{IP: own.Addr().AsSlice()} // by which the resolver knows whose word it is
	}
	if _, _, err := c.ExchangeContext(ctx, m, to.String()); err != nil {
		s.log.Debug("a resolver did not answer that the zone changed", "resolver", to.String(), "error", err)
	}
}
