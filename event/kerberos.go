package event

// Kerberos is one request for a ticket with its reply (RFC 4120), or a ticket that is shown to a service.
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

	Proof               string   // how the client of an AS-REQ proved itself: none, password, FAST, certificate
	ProofEncryption     string   // of its time stamp
	Self                bool     // S4U2self: a service asks for a ticket to itself in a user's name
	Proxy               bool     // S4U2proxy: to another service
	ForUser             string   // in whose name
	ForRealm            string   // of which realm
	Evidence            string   // service of the additional ticket
	EvidenceEncryption  string   // cipher of that ticket, by name
	Presented           string   // service of the ticket that the client shows
	PresentedRealm      string   // realm of that service
	PresentedEncryption string   // of that ticket
	PresentedWeak       bool     // RC4 or DES
	PresentedKvno       uint64   // version of the key it is encrypted with
	PresentedHash       string   // SHA-256 of its encrypted part: one that was never issued is forged
	TicketKvno          uint64   // version of the key the issued ticket is encrypted with
	TicketHash          string   // SHA-256 of the issued ticket's encrypted part
	CertSubject         string   // of the certificate that the client, or in a reply the KDC, signs with
	CertIssuer          string   // who vouches for it
	CertSHA256          string   // of the certificate
	CertSelfSigned      bool     // it vouches for itself
	Armored             bool     // the proof lies encrypted inside FAST
	WithoutPAC          bool     // the client wants the ticket without its user's groups
	PACOptions          []string // resource-based-constrained-delegation...
	Authorization       bool     // the request brings authorization data of its own
	Host                string   // workstation it comes from, by its own word
	NTStatus            string   // what Windows says beside the error
	Text                string   // what the KDC says beside the error
	Salt                string   // what the password is mixed with
	RenewTill           uint64   // unix nanoseconds until which it is to be renewable
	Password            string   // a password is changed: one's own (change) or anybody's (set)
	Carrier             string   // protocol in which a ticket is shown: smb, ldap, http, dcerpc, nfs
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
	c.str(17, "krb5.proof", &p.Proof)
	c.str(18, "krb5.proof_encryption", &p.ProofEncryption)
	c.truth(19, "krb5.is_s4u2self", &p.Self)
	c.truth(20, "krb5.is_s4u2proxy", &p.Proxy)
	c.str(21, "krb5.for_user.name", &p.ForUser)
	c.str(22, "krb5.for_user.domain", &p.ForRealm)
	c.str(23, "krb5.evidence.service", &p.Evidence)
	c.str(24, "krb5.evidence.encryption", &p.EvidenceEncryption)
	c.str(25, "krb5.presented.service", &p.Presented)
	c.str(26, "krb5.presented.realm", &p.PresentedRealm)
	c.str(27, "krb5.presented.encryption", &p.PresentedEncryption)
	c.truth(28, "krb5.presented.is_weak_encryption", &p.PresentedWeak)
	c.num(29, "krb5.presented.key_version", &p.PresentedKvno)
	c.str(30, "krb5.presented.ticket_hash", &p.PresentedHash)
	c.num(31, "krb5.ticket_key_version", &p.TicketKvno)
	c.str(32, "krb5.ticket_hash", &p.TicketHash)
	c.str(33, "krb5.certificate.subject", &p.CertSubject)
	c.str(34, "krb5.certificate.issuer", &p.CertIssuer)
	c.str(35, "krb5.certificate.fingerprints.sha256", &p.CertSHA256)
	c.truth(36, "krb5.certificate.is_self_signed", &p.CertSelfSigned)
	c.truth(37, "krb5.is_armored", &p.Armored)
	c.truth(38, "krb5.is_without_pac", &p.WithoutPAC)
	c.strs(39, "krb5.pac_options", &p.PACOptions)
	c.truth(40, "krb5.has_authorization_data", &p.Authorization)
	c.str(41, "src_endpoint.hostname", &p.Host)
	c.str(42, "krb5.nt_status", &p.NTStatus)
	c.str(43, "message", &p.Text)
	c.str(44, "krb5.salt", &p.Salt)
	c.num(45, "krb5.renew_till_time", &p.RenewTill)
	c.str(46, "krb5.password_change", &p.Password)
	c.str(47, "krb5.carrier", &p.Carrier)
}
