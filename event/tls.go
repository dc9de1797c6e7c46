package event

// TLS is one handshake, as far as it is readable.
type TLS struct {
	Version       string   // chosen version: TLS 1.3...
	SNI           string   // server name the client asked for
	ClientALPN    []string // protocols the client offered
	ALPN          string   // protocol the server chose
	Cipher        string   // chosen cipher suite by its IANA name
	JA3           string   // MD5 of the client's JA3 string
	JA3S          string   // MD5 of the server's JA3S string
	JA4           string   // JA4 of the client
	Subject       string   // subject of the server's certificate
	Issuer        string   // its issuer
	Serial        string   // its serial number, hexadecimal with colons
	Fingerprint   string   // its SHA-1, hexadecimal with colons, as Suricata writes it
	SHA256        string   // its SHA-256, hexadecimal
	NotBefore     uint64   // unix nanoseconds from which it is valid
	NotAfter      uint64   // unix nanoseconds until which it is valid
	SANs          []string // its subject alternative names
	Resumed       bool     // the session was resumed: no certificate is shown
	Established   bool     // both sides finished the handshake
	Alert         string   // the alert that ended it
	JA3Text       string   // the JA3 string itself
	JA3SText      string   // the JA3S string itself
	SelfSigned    bool     // subject and issuer of the certificate are the same
	Key           string   // type and size of the certificate's key: RSA 2048
	ClientVersion string   // highest version the client offered
	Before        string   // the protocol that led to TLS, by STARTTLS or a proxy's tunnel

	ClientSubject     string   // subject of the client's certificate, where it shows one
	ClientIssuer      string   // its issuer
	ClientSerial      string   // its serial number, as that of the server's
	ClientFingerprint string   // its SHA-1, likewise
	ClientNotBefore   uint64   // unix nanoseconds from which it is valid
	ClientNotAfter    uint64   // unix nanoseconds until which it is valid
	ClientSANs        []string // its subject alternative names

	Ciphers             []string // numbers of the cipher suites the client offered; when captures are read
	Extensions          []string // numbers of its extensions; when captures are read
	SignatureAlgorithms []string // numbers of its signature algorithms; when captures are read
	ServerExtensions    []string // numbers of the server's extensions; when captures are read
	CipherID            uint64   // number of the chosen cipher suite; when captures are read
	HelloVersion        string   // version field of the client's hello, which TLS 1.3 leaves at 1.2; when captures are read
	ServerHelloVersion  string   // version of the server's hello; when captures are read
}

func (*TLS) Kind() Kind { return KindTLS }
func (p *TLS) fields(c *coder) {
	c.str(1, "tls.version", &p.Version)
	c.str(2, "tls.sni", &p.SNI)
	c.strs(3, "tls.client_alpn", &p.ClientALPN)
	c.str(4, "tls.alpn", &p.ALPN)
	c.str(5, "tls.cipher", &p.Cipher)
	c.str(6, "tls.ja3_hash.value", &p.JA3)
	c.str(7, "tls.ja3s_hash.value", &p.JA3S)
	c.str(8, "tls.ja4.value", &p.JA4)
	c.str(9, "tls.certificate.subject", &p.Subject)
	c.str(10, "tls.certificate.issuer", &p.Issuer)
	c.str(11, "tls.certificate.serial_number", &p.Serial)
	c.str(12, "tls.certificate.fingerprints.sha1", &p.Fingerprint)
	c.str(13, "tls.certificate.fingerprints.sha256", &p.SHA256)
	c.num(14, "tls.certificate.created_time", &p.NotBefore)
	c.num(15, "tls.certificate.expiration_time", &p.NotAfter)
	c.strs(16, "tls.certificate.sans", &p.SANs)
	c.truth(17, "tls.is_resumed", &p.Resumed)
	c.truth(18, "tls.is_established", &p.Established)
	c.str(19, "tls.alert", &p.Alert)
	c.str(20, "tls.ja3_string", &p.JA3Text)
	c.str(21, "tls.ja3s_string", &p.JA3SText)
	c.truth(22, "tls.certificate.is_self_signed", &p.SelfSigned)
	c.str(23, "tls.certificate.key", &p.Key)
	c.str(24, "tls.client_version", &p.ClientVersion)
	c.strs(25, "tls.client_ciphers", &p.Ciphers)
	c.strs(26, "tls.client_extensions", &p.Extensions)
	c.strs(27, "tls.client_signature_algorithms", &p.SignatureAlgorithms)
	c.strs(28, "tls.server_extensions", &p.ServerExtensions)
	c.zero(29, "tls.cipher_id", &p.CipherID)
	c.str(30, "tls.client_hello_version", &p.HelloVersion)
	c.str(31, "tls.server_hello_version", &p.ServerHelloVersion)
	c.str(32, "tls.started_by", &p.Before)
	c.str(33, "tls.client_certificate.subject", &p.ClientSubject)
	c.str(34, "tls.client_certificate.issuer", &p.ClientIssuer)
	c.str(35, "tls.client_certificate.serial_number", &p.ClientSerial)
	c.str(36, "tls.client_certificate.fingerprints.sha1", &p.ClientFingerprint)
	c.num(37, "tls.client_certificate.created_time", &p.ClientNotBefore)
	c.num(38, "tls.client_certificate.expiration_time", &p.ClientNotAfter)
	c.strs(39, "tls.client_certificate.sans", &p.ClientSANs)
}
