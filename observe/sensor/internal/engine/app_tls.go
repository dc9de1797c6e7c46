package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/tls"
)

// tlsApp is a TLS connection, as far as it is in clear.
type tlsApp struct {
	conv    tls.Conversation
	secured secured
	tlsTale
}

// tlsTale tells of a handshake.
type tlsTale struct {
	told bool // the record of EVE
	at
}

func (a *tlsApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a)
	if l := &a.secured.lengths; l.Records[wire.ToServer] > 1 && !a.secured.associates() {
		a.conv.Lengths = nil // it is something else
	}
	if err == nil && a.conv.Done() && a.conv.Lengths == nil && !a.isDICOM() {
		return 1 << 62, 0, errOver
	}
	return done, need, err
}
func (a *tlsApp) furnish(w *Worker)             { a.conv.Certificates, a.conv.Space = &w.certificates, &w.space }
func (a *tlsApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *tlsApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a); a.secureDICOM() }
func (a *tlsApp) reset()                        { a.conv.Reset(); a.secured, a.tlsTale = secured{}, tlsTale{} }

func (a *tlsApp) known() event.Payload { return a.fill(a.conv.Session()) }

// Step is told what the handshake has learnt; one event at its end says it all.
func (a *tlsApp) Step(dir wire.Dir, step tls.Step, s *tls.Session) {
	a.look(dir, step, s)
	if step == tls.ClientHelloSeen && s.Client != nil {
		a.secured.follow(&a.conv, s.Client, a.f.before)
	}
	if step == tls.ServerDone && a.w.opt.EVE && !s.AsksClient { // when Suricata writes its record
		a.tell(a.fill(s))
	}
}

// Session takes the handshake when no more can be read of it.
func (a *tlsApp) Session(s *tls.Session) {
	e := a.fill(s)
	if !a.told {
		a.tell(e)
	}
	a.secured.note(s, e)
}

func (a *tlsTale) tell(e *event.TLS) {
	a.told = true
	a.w.emit(a.f, e)
}

// fill is what the handshake has told so far.
func (a *tlsTale) fill(s *tls.Session) *event.TLS {
	w, e := a.w, &a.w.out.tls
	*e = event.TLS{ClientALPN: e.ClientALPN[:0], SANs: e.SANs[:0], Ciphers: e.Ciphers[:0], Extensions: e.Extensions[:0],
		ClientSANs: e.ClientSANs[:0], SignatureAlgorithms: e.SignatureAlgorithms[:0], ServerExtensions: e.ServerExtensions[:0], Resumed: s.Resumed, Established: s.Established}
	e.Before = a.f.before.String()
	lists := w.opt.Full && (!w.opt.EVE || w.opt.Records.Hellos)
	t := texts{buf: w.out.text[:0]}
	if c := s.Client; c != nil {
		e.SNI, e.ClientVersion = event.View(c.ServerName), c.Best().String()
		for p := range c.Protocols.All() {
			e.ClientALPN = append(e.ClientALPN, event.View(p))
		}
		e.JA3, e.JA4 = fingerprint(s.JA3[:]), fingerprint(s.JA4[:])
		if w.opt.Full {
			at := len(t.buf)
			t.buf = c.AppendJA3(t.buf)
			e.JA3Text = t.from(at)
			if lists {
				t.clientHello(e, c)
			}
		}
	}
	e.Version = e.ClientVersion // as Suricata does where no answer was seen
	if h := s.Server; h != nil {
		e.Version, e.Cipher, e.ALPN = h.Version.String(), h.CipherSuite.String(), event.View(h.Protocol)
		e.JA3S = fingerprint(s.JA3S[:])
		if w.opt.Full {
			at := len(t.buf)
			t.buf = h.AppendJA3S(t.buf)
			e.JA3SText = t.from(at)
		}
		if lists {
			e.CipherID, e.ServerHelloVersion = uint64(h.CipherSuite)+1, h.Version.String()
			for _, n := range h.Extensions {
				e.ServerExtensions = append(e.ServerExtensions, t.number(uint64(n)))
			}
		}
	}
	if c := s.ServerCertificate; c != nil {
		certificate(e, c)
	}
	if c := s.ClientCertificate; c != nil {
		clientCertificate(e, c)
	}
	if s.Alert != nil {
		e.Alert = s.Alert.Description.String()
	}
	w.out.text = t.buf
	return e
}

// fingerprint is one that was made; empty of a hello that could not be read to its end.
func fingerprint(p []byte) string {
	if p[0] == 0 {
		return ""
	}
	return event.View(p)
}

func certificate(e *event.TLS, c *tls.Certificate) {
	e.Subject, e.Issuer, e.Serial, e.Key = c.Subject, c.Issuer, c.Serial, c.Key
	e.Fingerprint, e.SHA256, e.SelfSigned = c.SHA1, c.SHA256, c.SelfSigned
	if !c.NotAfter.IsZero() {
		e.NotBefore, e.NotAfter = uint64(c.NotBefore.UnixNano()), uint64(c.NotAfter.UnixNano())
	}
	e.SANs = append(e.SANs, c.Names...)
}

func clientCertificate(e *event.TLS, c *tls.Certificate) {
	e.ClientSubject, e.ClientIssuer, e.ClientSerial, e.ClientFingerprint = c.Subject, c.Issuer, c.Serial, c.SHA1
	if !c.NotAfter.IsZero() {
		e.ClientNotBefore, e.ClientNotAfter = uint64(c.NotBefore.UnixNano()), uint64(c.NotAfter.UnixNano())
	}
	e.ClientSANs = append(e.ClientSANs, c.Names...)
}

// clientHello fills in what a hello lists.
func (t *texts) clientHello(e *event.TLS, c *tls.ClientHello) {
	e.HelloVersion = c.Version.String()
	for i := range c.CipherSuites.Len() {
		e.Ciphers = append(e.Ciphers, t.number(uint64(c.CipherSuites.At(i))))
	}
	for _, n := range c.Extensions {
		e.Extensions = append(e.Extensions, t.number(uint64(n)))
	}
	for i := range c.SignatureAlgorithms.Len() {
		e.SignatureAlgorithms = append(e.SignatureAlgorithms, t.number(uint64(c.SignatureAlgorithms.At(i))))
	}
}
