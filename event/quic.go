package event

// QUIC is one connection of QUIC, as far as its first packets tell; when EVE is written one packet of its handshake.
type QUIC struct {
	Version    string   // as Suricata writes it: 1, 6b3343cf (version 2), ff00001d (draft 29), Q046
	SNI        string   // server name the client asked for
	ClientALPN []string // protocols the client offered: h3, doq
	UserAgent  string   // who asks, by his own word; in Google's older versions
	TLSVersion string   // version of TLS that the server chose
	Cipher     string   // chosen cipher suite by its IANA name
	JA3        string   // MD5 of the client's JA3 string
	JA3S       string   // MD5 of the server's JA3S string
	JA4        string   // JA4 of the client
	CYU        string   // MD5 of the list of tags in the hello of Google's older versions
	Retried    bool     // the server asked the client to come again from its address (Retry)
	Negotiated []string // versions that the server offered in place of the client's
	Error      string   // why a side refused the connection: crypto_error handshake_failure
	ECH        bool     // the client's real hello is encrypted within: the name told is a front

	JA3Text          string   // the JA3 string itself; when captures are read
	JA3SText         string   // the JA3S string itself; when captures are read
	CYUText          string   // the CYU string itself; when captures are read
	Extensions       []string // numbers of the client's extensions; when captures are read
	ServerExtensions []string // numbers of the server's extensions; when captures are read
}

func (*QUIC) Kind() Kind { return KindQUIC }
func (p *QUIC) fields(c *coder) {
	c.str(1, "quic.version", &p.Version)
	c.str(2, "quic.sni", &p.SNI)
	c.strs(3, "quic.client_alpn", &p.ClientALPN)
	c.str(4, "quic.user_agent", &p.UserAgent)
	c.str(5, "quic.tls_version", &p.TLSVersion)
	c.str(6, "quic.cipher", &p.Cipher)
	c.str(7, "quic.ja3_hash.value", &p.JA3)
	c.str(8, "quic.ja3s_hash.value", &p.JA3S)
	c.str(9, "quic.ja4.value", &p.JA4)
	c.str(10, "quic.cyu_hash.value", &p.CYU)
	c.truth(11, "quic.is_retried", &p.Retried)
	c.strs(12, "quic.negotiated_versions", &p.Negotiated)
	c.str(13, "quic.error", &p.Error)
	c.truth(14, "quic.is_ech", &p.ECH)
	c.str(15, "quic.ja3_string", &p.JA3Text)
	c.str(16, "quic.ja3s_string", &p.JA3SText)
	c.str(17, "quic.cyu_string", &p.CYUText)
	c.strs(18, "quic.client_extensions", &p.Extensions)
	c.strs(19, "quic.server_extensions", &p.ServerExtensions)
}
