package event

// LDAP is one operation with its result (RFC 4511). Passwords are never kept.
type LDAP struct {
	Operation  string   // bind_request, search_request...
	MessageID  uint64   // message id
	Name       string   // whom a bind names, or the entry the operation is about
	Mechanism  string   // simple or the SASL mechanism
	Cleartext  bool     // a password crossed the wire in clear
	Base       string   // where a search begins
	Scope      string   // base_object, single_level or whole_subtree
	Filter     string   // as text (RFC 4515)
	Attributes []string // attributes asked for
	Result     string   // success, invalid_credentials...
	ResultCode uint64   // code of the result
	Message    string   // diagnostic message of the server
	Entries    uint64   // entries returned
	OID        string   // of an extended operation
	Sealed     bool     // the conversation is encrypted by SASL from here on
	Record     string   // the messages as EVE's object has them, JSON; when EVE is written
}

func (*LDAP) Kind() Kind { return KindLDAP }
func (p *LDAP) fields(c *coder) {
	c.str(1, "ldap.operation", &p.Operation)
	c.num(2, "ldap.message_uid", &p.MessageID)
	c.str(3, "ldap.dn", &p.Name)
	c.str(4, "auth_protocol", &p.Mechanism)
	c.truth(5, "is_cleartext", &p.Cleartext)
	c.str(6, "ldap.base_object", &p.Base)
	c.str(7, "ldap.scope", &p.Scope)
	c.str(8, "query_info.query_string", &p.Filter)
	c.strs(9, "query_info.attributes", &p.Attributes)
	c.str(10, "status_detail", &p.Result)
	c.zero(11, "status_code", &p.ResultCode)
	c.str(12, "message", &p.Message)
	c.num(13, "query_info.data_count", &p.Entries)
	c.str(14, "ldap.extended_oid", &p.OID)
	c.truth(15, "ldap.is_sealed", &p.Sealed)
	c.str(16, "ldap.record", &p.Record)
}
