package eve

import (
	"strconv"

	"bulwark/event"
)

func (w *Writer) quic(p *event.QUIC) {
	j := &w.j
	j.open("quic")
	j.str("version", p.Version)
	j.some("sni", p.SNI)
	j.some("ua", p.UserAgent)
	if p.CYU != "" {
		j.array("cyu")
		j.comma()
		j.open("")
		j.str("hash", p.CYU)
		j.some("string", p.CYUText)
		j.close()
		j.end()
	}
	w.ja3("ja3", p.JA3, p.JA3Text)
	j.some("ja4", p.JA4)
	w.ja3("ja3s", p.JA3S, p.JA3SText)
	if len(p.Extensions)+len(p.ServerExtensions) > 0 {
		w.quicExtensions(p)
	}
	j.close()
}

func (w *Writer) ja3(name, hash, text string) {
	if hash == "" {
		return
	}
	w.j.open(name)
	w.j.str("hash", hash)
	w.j.some("string", text)
	w.j.close()
}

// The extensions of TLS whose values are written.
const (
	extServerName = "0"
	extALPN       = "16"
)

// quicExtensions writes the extensions of the hello: number, name, and what is in those that name something.
func (w *Writer) quicExtensions(p *event.QUIC) {
	j := &w.j
	j.array("extensions")
	for _, list := range [...][]string{p.Extensions, p.ServerExtensions} {
		for _, n := range list {
			j.comma()
			j.open("")
			number, _ := strconv.Atoi(n)
			j.some("name", extensionName(number))
			j.raw("type", n)
			switch {
			case n == extServerName && p.SNI != "":
				j.list("values", []string{p.SNI})
			case n == extALPN:
				j.list("values", p.ClientALPN)
			}
			j.close()
		}
	}
	j.end()
}

// extensionName is the name of an extension in IANA's registry "TLS ExtensionType Values", as Suricata spells it; empty
// for one without a name.
func extensionName(n int) string {
	switch n {
	case 13172:
		return "next_protocol_negotiation"
	case 65281:
		return "renegotiation_info"
	}
	if n >= len(extensionNames) {
		return ""
	}
	return extensionNames[n]
}

var extensionNames = [...]string{
	"server_name", "max_fragment_length", "client_certificate_url", "trusted_ca_keys", "truncated_hmac", "status_request",
	"user_mapping", "client_authz", "server_authz", "cert_type", "supported_groups", "ec_point_formats", "srp",
	"signature_algorithms", "use_srtp", "heartbeat", "alpn", "status_request_v2", "signed_certificate_timestamp",
	"client_certificate_type", "server_certificate_type", "padding", "encrypt_then_mac", "extended_master_secret",
	"token_binding", "cached_info", "tls_lts", "compress_certificate", "record_size_limit", "pwd_protect", "pwd_clear",
	"password_salt", "ticket_pinning", "tls_cert_with_extern_psk", "delegated_credentials", "session_ticket", "tlmsp",
	"tlmsp_proxying", "tlmsp_delegate", "supported_ekt_ciphers", 41: "pre_shared_key", 42: "early_data",
	43: "supported_versions", 44: "cookie", 45: "psk_key_exchange_modes", 47: "certificate_authorities", 48: "oid_filters",
	49: "post_handshake_auth", 50: "signature_algorithms_cert", 51: "key_share", 52: "transparency_info",
	53: "connection_id_deprecated", 54: "connection_id", 55: "external_id_hash", 56: "external_session_id",
	57: "quic_transport_parameters", 58: "ticket_request", 59: "dnssec_chain",
}
