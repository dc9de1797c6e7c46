package engine

import (
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/quic"
	"bulwark/wire/tls"
)

// quicApp is the handshake of a QUIC connection, as far as it is readable.
type quicApp struct {
	conv quic.Conversation
	at
	dir    wire.Dir // of the datagram in hand
	marred bool     // a packet that could not be read was told
}

// The bytes of QUIC come in datagrams: see quicDatagram.
func (a *quicApp) decode(*Worker, *flow, wire.Dir, []byte) (int, int, error) { return 0, 0, nil }
func (a *quicApp) gap(wire.Dir, int) error                                   { return nil }

func (a *quicApp) furnish(w *Worker) { a.conv.Opener, a.conv.Space = &w.opener, &w.space }

func (a *quicApp) close(w *Worker, f *flow) { a.w, a.f = w, f; a.conv.Close(a) }
func (a *quicApp) reset()                   { a.conv.Reset(); *a = quicApp{conv: a.conv} }

func (w *Worker) quicDatagram(f *flow, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, QUIC).(*quicApp)
	if !ok {
		return
	}
	a.stand(w, f, dir)
	a.dir, a.conv.Every = dir, w.opt.EVE
	if err := a.conv.Datagram(dir, p, a); err != nil {
		w.count.malformed++
	}
	if a.conv.Done() {
		w.giveUp(f) // what follows cannot be read
	}
}

// Turned is told that the flow was taken the wrong way around.
func (a *quicApp) Turned() { a.w.turn(a.f, a.w.conv(a.f)) }

// Packet takes a packet of the handshake: EVE has a record of each, an error is told once.
func (a *quicApp) Packet(_ wire.Dir, p *quic.Packet) {
	if a.w.opt.EVE && p.Err == nil {
		a.record(p)
	}
	if p.Err != nil && !a.marred {
		a.marred = true
		a.w.appAnomaly(a.f, quicAnomaly(p.Err))
	}
}

// quicAnomaly is Suricata's name of what is wrong with a packet.
func quicAnomaly(err error) string {
	switch {
	case errors.Is(err, quic.ErrDecrypt):
		return "failed_decrypt"
	case errors.Is(err, quic.ErrLong):
		return "crypto_frag_too_long"
	}
	return "error_on_data"
}

// Session takes the handshake when no more can be read of it.
func (a *quicApp) Session(s *quic.Session) {
	if a.w.opt.EVE {
		return // its packets were told
	}
	e, t := a.begin(s.Version)
	e.Retried = s.Retried
	for _, v := range s.Negotiated {
		e.Negotiated = append(e.Negotiated, t.quicVersion(v))
	}
	if s.Closed {
		e.Error = quic.ErrorName(s.Code)
	}
	a.client(e, &t, s, s.Client)
	a.server(e, &t, s, s.Server)
	a.greeting(e, &t, s.Greeting)
	a.look(e, s.Version, &t)
	a.tell(e, &t)
}

// record reports one packet of the handshake, as Suricata does.
func (a *quicApp) record(p *quic.Packet) {
	e, t := a.begin(p.Version)
	a.client(e, &t, p.Session, p.Client)
	a.server(e, &t, p.Session, p.Server)
	a.greeting(e, &t, p.Greeting)
	a.look(e, p.Version, &t)
	a.tell(e, &t)
}

func (a *quicApp) begin(v quic.Version) (*event.QUIC, texts) {
	e := &a.w.out.quic
	*e = event.QUIC{ClientALPN: e.ClientALPN[:0], Negotiated: e.Negotiated[:0],
		Extensions: e.Extensions[:0], ServerExtensions: e.ServerExtensions[:0]}
	t := texts{buf: a.w.out.text[:0]}
	e.Version = t.quicVersion(v)
	return e, t
}

func (t *texts) quicVersion(v quic.Version) string {
	at := len(t.buf)
	t.buf = v.Append(t.buf)
	return t.from(at)
}

func (a *quicApp) tell(e *event.QUIC, t *texts) {
	a.w.out.text = t.buf
	a.w.emit(a.f, e)
	if e.UserAgent != "" {
		a.w.out.asset = event.Asset{Software: e.UserAgent, Source: "quic"}
		a.w.tellAsset(a.f, &a.w.out.asset)
	}
}

func (a *quicApp) client(e *event.QUIC, t *texts, s *quic.Session, c *tls.ClientHello) {
	if c == nil {
		return
	}
	e.SNI, e.ECH = event.View(c.ServerName), c.ECH
	e.JA3, e.JA4 = event.View(s.JA3[:]), event.View(s.JA4[:])
	for p := range c.Protocols.All() {
		e.ClientALPN = append(e.ClientALPN, event.View(p))
	}
	if a.w.opt.Full {
		at := len(t.buf)
		t.buf = c.AppendJA3(t.buf)
		e.JA3Text = t.from(at)
		e.Extensions = t.listed(e.Extensions, c.Extensions)
	}
}

func (a *quicApp) server(e *event.QUIC, t *texts, s *quic.Session, h *tls.ServerHello) {
	if h == nil {
		return
	}
	e.TLSVersion, e.Cipher, e.JA3S = h.Version.String(), h.CipherSuite.String(), event.View(s.JA3S[:])
	if a.w.opt.Full {
		at := len(t.buf)
		t.buf = h.AppendJA3S(t.buf)
		e.JA3SText = t.from(at)
		e.ServerExtensions = t.listed(e.ServerExtensions, h.Extensions)
	}
}

func (a *quicApp) greeting(e *event.QUIC, t *texts, g *quic.Greeting) {
	if g == nil {
		return
	}
	e.SNI, e.UserAgent = event.View(g.ServerName), event.View(g.UserAgent)
	sum := g.CYU()
	at := len(t.buf)
	t.buf = append(t.buf, sum[:]...)
	e.CYU = t.from(at)
	if a.w.opt.Full {
		at = len(t.buf)
		t.buf = g.AppendCYU(t.buf)
		e.CYUText = t.from(at)
	}
}

// listed appends numbers as texts to a list.
func (t *texts) listed(list []string, numbers []uint16) []string {
	for _, n := range numbers {
		list = append(list, t.number(uint64(n)))
	}
	return list
}
