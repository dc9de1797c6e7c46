package event

// Kerberos is one request for a ticket with its reply (RFC 4120).
type Kerberos struct {
	Message          string   // KRB_AS_REQ, KRB_AS_REP...
	Failed           string   // the request that a KRB_ERROR answers
	Error            string   // name of the error
	ErrorCode        uint64   // code of the error
	Client           string   // client principal
	Realm            string   // realm of the client
	Service          string   // service principal
	Encryption       string   // of the reply's encrypted part
	Weak             bool     // RC4 or DES
	TicketEncryption string   // of the ticket
	TicketWeak       bool     // RC4 or DES
	Offered          []string // encryption types the client offered
	Options          []string // KDC options that are set: forwardable, renewable...
	PreAuth          []string // pre-authentication types
	S4U              bool     // a service asks in the name of a user (S4U2self or S4U2proxy)
	Till             uint64   // unix nanoseconds until which the ticket is asked for
}

func (*Kerberos) Kind() Kind { return KindKerberos }
func (p *Kerberos) fields(c *coder) {
	c.str(1, "krb5.msg_type", &p.Message)
	c.str(2, "krb5.failed_request", &p.Failed)
	c.str(3, "status_detail", &p.Error)
	c.zero(4, "status_code", &p.ErrorCode)
	c.str(5, "actor.user.name", &p.Client)
	c.str(6, "actor.user.domain", &p.Realm)
	c.str(7, "service.name", &p.Service)
	c.str(8, "krb5.encryption", &p.Encryption)
	c.truth(9, "krb5.weak_encryption", &p.Weak)
	c.str(10, "authentication_token.encryption_details.algorithm", &p.TicketEncryption)
	c.truth(11, "krb5.ticket_weak_encryption", &p.TicketWeak)
	c.strs(12, "krb5.offered_encryptions", &p.Offered)
	c.strs(13, "authentication_token.kerberos_flags", &p.Options)
	c.strs(14, "krb5.pre_authentication", &p.PreAuth)
	c.truth(15, "krb5.is_s4u", &p.S4U)
	c.num(16, "authentication_token.expiration_time", &p.Till)
}
