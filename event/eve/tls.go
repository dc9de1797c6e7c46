package eve

import "bulwark/event"

func (w *Writer) tls(p *event.TLS) {
	j := &w.j
	j.open("tls")
	j.some("from_proto", p.Before)
	j.some("subject", p.Subject)
	j.some("issuerdn", p.Issuer)
	j.some("serial", p.Serial)
	j.some("fingerprint", p.Fingerprint)
	if p.Resumed {
		j.truth("session_resumed", true)
	}
	j.some("sni", p.SNI)
	j.some("version", p.Version)
	if p.NotAfter != 0 {
		j.day("notbefore", p.NotBefore)
		j.day("notafter", p.NotAfter)
	}
	if p.JA3 != "" {
		j.open("ja3")
		j.str("hash", p.JA3)
		j.some("string", p.JA3Text)
		j.close()
	}
	if p.JA3S != "" {
		j.open("ja3s")
		j.str("hash", p.JA3S)
		j.some("string", p.JA3SText)
		j.close()
	}
	j.some("ja4", p.JA4)
	j.list("client_alpns", p.ClientALPN)
	if p.ALPN != "" {
		j.list("server_alpns", []string{p.ALPN})
	}
	j.list("subjectaltname", p.SANs)
	if p.ClientSubject+p.ClientFingerprint != "" {
		w.clientCertificate(p)
	}
	if w.Hellos {
		w.hellos(p)
	}
	j.close()
}

// clientCertificate writes who the client says that it is.
func (w *Writer) clientCertificate(p *event.TLS) {
	j := &w.j
	j.open("client")
	j.some("subject", p.ClientSubject)
	j.some("issuerdn", p.ClientIssuer)
	j.some("fingerprint", p.ClientFingerprint)
	j.some("serial", p.ClientSerial)
	if p.ClientNotAfter != 0 {
		j.day("notbefore", p.ClientNotBefore)
		j.day("notafter", p.ClientNotAfter)
	}
	j.list("subjectaltname", p.ClientSANs)
	j.close()
}

// hellos writes what both hellos list, as the fields client_handshake and server_handshake.
func (w *Writer) hellos(p *event.TLS) {
	j := &w.j
	if p.HelloVersion != "" {
		j.open("client_handshake")
		j.str("version", p.HelloVersion)
		j.numbers("ciphers", p.Ciphers)
		j.numbers("exts", p.Extensions)
		j.numbers("sig_algs", p.SignatureAlgorithms)
		j.close()
	}
	if p.ServerHelloVersion != "" {
		j.open("server_handshake")
		j.str("version", p.ServerHelloVersion)
		j.num("cipher", p.CipherID-1)
		j.numbers("exts", p.ServerExtensions)
		j.close()
	}
}
