package event

// Auth is one attempt to prove an identity, whatever the protocol (OCSF 3002).
type Auth struct {
	User      string // who
	Domain    string // of which domain or realm
	Protocol  string // Kerberos, NTLM, LDAP simple...
	Outcome   string // success or failure
	Reason    string // why it failed
	Service   string // what it is for
	Host      string // workstation it comes from, by its own word
	Cleartext bool   // the secret crossed the wire in clear
	MAC       string // hardware address of the device that it comes from, where the protocol tells it
	Via       string // switch, access point or gateway that asked for it, by its own word
}

func (*Auth) Kind() Kind { return KindAuth }
func (p *Auth) fields(c *coder) {
	c.str(1, "user.name", &p.User)
	c.str(2, "user.domain", &p.Domain)
	c.str(3, "auth_protocol", &p.Protocol)
	c.str(4, "status", &p.Outcome)
	c.str(5, "status_detail", &p.Reason)
	c.str(6, "service.name", &p.Service)
	c.str(7, "src_endpoint.hostname", &p.Host)
	c.truth(8, "is_cleartext", &p.Cleartext)
	c.str(9, "device.mac", &p.MAC)
	c.str(10, "proxy_endpoint.hostname", &p.Via)
}
