package event

// SSH is what both ends say before they encrypt (RFC 4253).
type SSH struct {
	ClientVersion  string // protocol version
	ClientSoftware string // software of the client
	ClientHASSH    string // HASSH of the client
	ServerVersion  string // protocol version of the server
	ServerSoftware string // software of the server
	ServerHASSH    string // HASSH of the server
	Kex            string // chosen key exchange
	Cipher         string // chosen cipher, client to server
	HostKey        string // chosen host key algorithm

	ClientHASSHText string // what the client's HASSH is the digest of; when captures are read
	ServerHASSHText string // likewise of the server
}

func (*SSH) Kind() Kind { return KindSSH }
func (p *SSH) fields(c *coder) {
	c.str(1, "ssh.client.protocol_ver", &p.ClientVersion)
	c.str(2, "ssh.client.software", &p.ClientSoftware)
	c.str(3, "client_hassh.fingerprint.value", &p.ClientHASSH)
	c.str(4, "protocol_ver", &p.ServerVersion)
	c.str(5, "ssh.server.software", &p.ServerSoftware)
	c.str(6, "server_hassh.fingerprint.value", &p.ServerHASSH)
	c.str(7, "ssh.kex_algorithm", &p.Kex)
	c.str(8, "ssh.cipher", &p.Cipher)
	c.str(9, "ssh.host_key_algorithm", &p.HostKey)
	c.str(10, "client_hassh.algorithm_names", &p.ClientHASSHText)
	c.str(11, "server_hassh.algorithm_names", &p.ServerHASSHText)
}
