package field

func tls() []Field {
	f := family{app: "tls"}
	f.bytes(toServer, "tls.sni", "tls_sni")
	f.bytes(either, "tls.cert_subject", "tls_cert_subject")
	f.bytes(either, "tls.cert_issuer", "tls_cert_issuer")
	f.bytes(either, "tls.cert_serial", "tls_cert_serial")
	f.bytes(either, "tls.cert_fingerprint", "tls_cert_fingerprint")
	f.lower()
	f.many(either, "tls.certs", "tls_certs")
	f.number(either, 32, nil, "tls.cert_chain_len")
	f.many(either, "tls.subjectaltname")
	f.many(either, "tls.alpn")
	f.bytes(either, "tls.random")
	f.bytes(either, "tls.random_time")
	f.bytes(either, "tls.random_bytes")
	f.number(either, 16, TLSVersions(), "tls.version")
	f.bytes(either, "ssl_version")
	f.bytes(either, "ssl_state")
	f.bytes(either, "tls.cert_notbefore", "tls_cert_notbefore")
	f.bytes(either, "tls.cert_notafter", "tls_cert_notafter")
	return f.fields
}

// TLSVersions are the names of versions in rules, with their numbers on the wire.
func TLSVersions() map[string]uint64 {
	return map[string]uint64{
		"sslv2": 0x0002, "sslv3": 0x0300, "tls1.0": 0x0301, "tls1.1": 0x0302, "tls1.2": 0x0303, "tls1.3": 0x0304,
		"1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303, "1.3": 0x0304, "dtls1.0": 0xfeff, "dtls1.2": 0xfefd,
	}
}

// ja are the fingerprints of clients and servers of TLS and QUIC.
func ja() []Field {
	var f family
	f.bytes(toServer, "ja3.hash", "ja3_hash")
	f.lower()
	f.bytes(toServer, "ja3.string", "ja3_string")
	f.bytes(toClient, "ja3s.hash", "ja3s_hash")
	f.lower()
	f.bytes(toClient, "ja3s.string", "ja3s_string")
	f.bytes(toServer, "ja4.hash", "ja4_hash")
	f.lower()
	return f.fields
}

func ssh() []Field {
	f := family{app: "ssh"}
	f.bytes(either, "ssh.proto", "ssh_proto")
	f.bytes(either, "ssh.software", "ssh_software")
	f.bytes(toServer, "ssh.hassh")
	f.lower()
	f.bytes(toClient, "ssh.hassh.server")
	f.lower()
	f.bytes(toServer, "ssh.hassh.string")
	f.bytes(toClient, "ssh.hassh.server.string")
	return f.fields
}

func ike() []Field {
	f := family{app: "ike"}
	f.bytes(toServer, "ike.init_spi")
	f.bytes(toClient, "ike.resp_spi")
	f.many(toServer, "ike.vendor")
	f.bytes(either, "ike.key_exchange_payload")
	f.bytes(either, "ike.nonce_payload")
	f.number(either, 8, nil, "ike.exchtype")
	f.number(either, 32, nil, "ike.key_exchange_payload_length")
	f.number(either, 32, nil, "ike.nonce_payload_length")
	f.bytes(either, "ike.chosen_sa_attribute")
	return f.fields
}
