package event

// IKE is one message by which the ends of an IPsec tunnel agree on keys: version 1 (RFC 2409) or 2 (RFC 7296). Of a flow the
// first messages of each side are told, then only those that say that something went wrong.
type IKE struct {
	Exchange     string   // IKE_SA_INIT, IKE_AUTH...; of version 1 Identity Protection (Main Mode), Aggressive, Quick Mode...
	Major        uint64   // version: 1 or 2
	Minor        uint64   // its second number
	InitiatorSPI string   // SPI of who began, in hexadecimal
	ResponderSPI string   // SPI of the other, in hexadecimal; zeros in the first message
	MessageID    uint64   // message id
	ExchangeID   uint64   // number of the exchange
	Role         string   // who sent the message: initiator or responder
	Encrypted    bool     // what matters is encrypted
	Payloads     []string // kinds of payload, in their order
	Proposals    []string // offers of the initiator, or the choice of the responder: algorithms by name
	Encryption   string   // cipher that the responder chose
	KeyLength    uint64   // bits of its key, where the cipher leaves a choice
	Integrity    string   // integrity algorithm that it chose; of version 1 the hash
	PRF          string   // pseudo-random function that it chose
	Group        string   // Diffie-Hellman group that it chose
	AuthMethod   string   // of version 1: how both will prove who they are
	Vendors      []string // what vendor ids say: by name where they are known, else as text or in hexadecimal
	Notifies     []string // notifications: NO_PROPOSAL_CHOSEN, NAT_DETECTION_SOURCE_IP...
	Errors       uint64   // notifications that say that something went wrong
	Weaknesses   []string // what is weak in the proposals: encryption, prf, integrity, dh_group, no_dh_group, no_integrity, no_encryption, null_prf
	Identity     string   // who the sender says it is, where that crosses the wire in clear: in Aggressive Mode
	Record       string   // the message as EVE has it, in JSON; only when captures are read as EVE
}

func (*IKE) Kind() Kind { return KindIKE }
func (p *IKE) fields(c *coder) {
	c.str(1, "activity_name", &p.Exchange)
	c.num(2, "ike.version_major", &p.Major)
	c.num(3, "ike.version_minor", &p.Minor)
	c.str(4, "ike.initiator_spi", &p.InitiatorSPI)
	c.str(5, "ike.responder_spi", &p.ResponderSPI)
	c.num(6, "ike.message_id", &p.MessageID)
	c.num(7, "ike.exchange_id", &p.ExchangeID)
	c.str(8, "ike.role", &p.Role)
	c.truth(9, "ike.is_encrypted", &p.Encrypted)
	c.strs(10, "ike.payloads", &p.Payloads)
	c.strs(11, "ike.proposals", &p.Proposals)
	c.str(12, "ike.encryption", &p.Encryption)
	c.num(13, "ike.key_length", &p.KeyLength)
	c.str(14, "ike.integrity", &p.Integrity)
	c.str(15, "ike.prf", &p.PRF)
	c.str(16, "ike.dh_group", &p.Group)
	c.str(17, "ike.auth_method", &p.AuthMethod)
	c.strs(18, "ike.vendors", &p.Vendors)
	c.strs(19, "ike.notifications", &p.Notifies)
	c.num(20, "ike.error_count", &p.Errors)
	c.strs(21, "ike.weaknesses", &p.Weaknesses)
	c.str(22, "ike.identity", &p.Identity)
	c.str(23, "ike.record", &p.Record)
}
