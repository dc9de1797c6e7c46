package field

import "bulwark/wire"

// tls are the fields of TLS.
func tls() []Field {
	const c, s, e = wire.ToClient, wire.ToServer, wire.Either
	return []Field{
		{Name: "tls.sni", Sticky: []string{"tls_sni"}, App: "tls", Dir: s},
		{Name: "tls.cert_subject", Sticky: []string{"tls_cert_subject"}, App: "tls", Dir: e},
		{Name: "tls.cert_issuer", Sticky: []string{"tls_cert_issuer"}, App: "tls", Dir: e},
		{Name: "tls.cert_serial", Sticky: []string{"tls_cert_serial"}, App: "tls", Dir: e},
		{Name: "tls.cert_fingerprint", Sticky: []string{"tls_cert_fingerprint"}, App: "tls", Dir: e, Folds: true},
		{Name: "tls.certs", Sticky: []string{"tls_certs"}, App: "tls", Dir: e, Kind: Many},
		{Name: "ja3.hash", Sticky: []string{"ja3_hash"}, Dir: s, Folds: true},
		{Name: "ja3.string", Sticky: []string{"ja3_string"}, Dir: s},
		{Name: "ja3s.hash", Sticky: []string{"ja3s_hash"}, Dir: c, Folds: true},
		{Name: "ja3s.string", Sticky: []string{"ja3s_string"}, Dir: c},
		{Name: "ja4.hash", Sticky: []string{"ja4_hash"}, Dir: s, Folds: true},
		{Name: "tls.version", App: "tls", Dir: e, Kind: Integer, Enum: TLSVersions(), Bits: 16},
		{Name: "ssl_state", App: "tls", Dir: e},
	}
}

// TLSVersions are the names of versions in rules, with their numbers on the wire.
func TLSVersions() map[string]uint64 {
	return map[string]uint64{
		"sslv2": 0x0002, "sslv3": 0x0300, "tls1.0": 0x0301, "tls1.1": 0x0302, "tls1.2": 0x0303, "tls1.3": 0x0304,
		"1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303, "1.3": 0x0304,
	}
}

// ssh are the fields of SSH.
func ssh() []Field {
	const c, s, e = wire.ToClient, wire.ToServer, wire.Either
	return []Field{
		{Name: "ssh.proto", Sticky: []string{"ssh_proto"}, App: "ssh", Dir: e},
		{Name: "ssh.software", Sticky: []string{"ssh_software"}, App: "ssh", Dir: e},
		{Name: "ssh.hassh", App: "ssh", Dir: s, Folds: true},
		{Name: "ssh.hassh.server", App: "ssh", Dir: c, Folds: true},
		{Name: "ssh.hassh.string", App: "ssh", Dir: s},
		{Name: "ssh.hassh.server.string", App: "ssh", Dir: c},
	}
}
