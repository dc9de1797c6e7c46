package engine

import (
	"encoding/binary"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/inspect"
	"bulwark/wire/quic"
	"bulwark/wire/ssh"
	"bulwark/wire/tls"
)

// look shows what a side has said in the handshake so far; certificates are those that it has just sent.
func (a *tlsTale) look(dir wire.Dir, step tls.Step, s *tls.Session) {
	w := a.w
	if !w.look.on() || step == tls.AlertSeen {
		return
	}
	e := a.fill(s)
	t := texts{buf: w.out.text}
	more := &w.look.more
	more.Tx = 1
	seen := uint8(0)
	if s.Client != nil {
		seen |= inspect.TLSClientHello
	}
	if s.Server != nil {
		seen |= inspect.TLSServerHello
	}
	if step == tls.ServerDone {
		seen |= inspect.TLSServerKey
	}
	more.Value(inspect.TLSState, t.bytes(seen))
	if dir == wire.ToServer {
		a.lookClient(&t, e, s)
	} else {
		a.lookServer(&t, e, s)
	}
	if step == tls.CertificateSeen {
		n := uint64(0)
		for der := range s.Chain() {
			more.Value("tls.certs", der)
			n++
		}
		more.Number("tls.cert_chain_len", n)
	}
	w.out.text = t.buf
	w.showTurn(a.f, dir, e)
}

// lookClient adds what the client has said.
func (a *tlsTale) lookClient(t *texts, e *event.TLS, s *tls.Session) {
	more := &a.w.look.more
	if c := s.Client; c != nil {
		more.Value("tls.sni", c.ServerName)
		for p := range c.Protocols.All() {
			more.Value("tls.alpn", p)
		}
		more.Value("ja3.hash", textBytes(e.JA3))
		more.Value("ja3.string", textBytes(e.JA3Text))
		more.Value("ja4.hash", textBytes(e.JA4))
		random(more, c.Random)
		lookVersion(more, t, c.Best())
	}
	if c := s.ClientCertificate; c != nil {
		a.lookCertificate(t, c)
	}
}

// lookServer adds what the server has said.
func (a *tlsTale) lookServer(t *texts, e *event.TLS, s *tls.Session) {
	more := &a.w.look.more
	if h := s.Server; h != nil {
		more.Value("tls.alpn", h.Protocol)
		more.Value("ja3s.hash", textBytes(e.JA3S))
		more.Value("ja3s.string", textBytes(e.JA3SText))
		random(more, h.Random)
		lookVersion(more, t, h.Version)
	}
	if c := s.ServerCertificate; c != nil {
		a.lookCertificate(t, c)
	}
}

func random(more *inspect.More, r []byte) {
	if len(r) == 32 {
		more.Value("tls.random", r)
		more.Value("tls.random_time", r[:4])
		more.Value("tls.random_bytes", r[4:])
	}
}

func lookVersion(more *inspect.More, t *texts, v tls.Version) {
	more.Number("tls.version", uint64(v))
	more.Value("ssl_version", t.bytes(uint8(v>>8), uint8(v)))
}

// lookCertificate adds a certificate.
func (a *tlsTale) lookCertificate(t *texts, c *tls.Certificate) {
	more := &a.w.look.more
	more.Value("tls.cert_subject", textBytes(c.Subject))
	more.Value("tls.cert_issuer", textBytes(c.Issuer))
	more.Value("tls.cert_serial", textBytes(c.Serial))
	more.Value("tls.cert_fingerprint", textBytes(c.SHA1))
	for _, n := range c.Names {
		more.Value("tls.subjectaltname", textBytes(n))
	}
	if !c.NotAfter.IsZero() {
		at := len(t.buf)
		for _, sec := range [...]int64{c.NotBefore.Unix(), c.NotAfter.Unix(), a.w.clock / 1e9} {
			t.buf = binary.BigEndian.AppendUint64(t.buf, uint64(sec))
		}
		valid := t.buf[at:len(t.buf):len(t.buf)]
		more.Value(inspect.TLSNotBefore, valid)
		more.Value(inspect.TLSNotAfter, valid)
	}
}

// bytes are a few bytes in scratch memory.
func (t *texts) bytes(b ...byte) []byte {
	at := len(t.buf)
	t.buf = append(t.buf, b...)
	return t.buf[at:len(t.buf):len(t.buf)]
}

// textBytes are the bytes of a text, nil where it is empty.
func textBytes(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// look shows what a side has said of itself.
func (a *sshApp) look(dir wire.Dir, s *ssh.Session) {
	w := a.w
	if !w.look.on() {
		return
	}
	side, hash, text := &s.Client, "ssh.hassh", "ssh.hassh.string"
	if dir == wire.ToClient {
		side, hash, text = &s.Server, "ssh.hassh.server", "ssh.hassh.server.string"
	}
	e := a.fill(s)
	more := &w.look.more
	more.Tx = 1
	more.Value("ssh.proto", side.Protocol)
	more.Value("ssh.software", side.Software)
	if side.HASSH[0] != 0 {
		t := texts{buf: w.out.text}
		at := len(t.buf)
		if dir == wire.ToServer {
			t.buf = side.Offer.AppendHASSH(t.buf)
		} else {
			t.buf = side.Offer.AppendHASSHServer(t.buf)
		}
		more.Value(hash, side.HASSH[:])
		more.Value(text, t.buf[at:len(t.buf):len(t.buf)])
		w.out.text = t.buf
	}
	w.showTurn(a.f, dir, e)
}

// look adds what a record of QUIC says, for who looks into the traffic.
func (a *quicApp) look(e *event.QUIC, v quic.Version, t *texts) {
	if !a.w.look.on() {
		return
	}
	more := &a.w.look.more
	n := uint32(v)
	more.Value("quic.version", t.bytes(byte(n>>24), byte(n>>16), byte(n>>8), byte(n)))
	more.Value("ja3.hash", textBytes(e.JA3))
	more.Value("ja3.string", textBytes(e.JA3Text))
	more.Value("ja4.hash", textBytes(e.JA4))
	more.Value("ja3s.hash", textBytes(e.JA3S))
	more.Value("ja3s.string", textBytes(e.JA3SText))
}
