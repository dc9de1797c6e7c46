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

	Extended      string   // name of an extended operation: StartTLS, Modify Password...
	Controls      []string // names of the request's controls, their numbers where they have none: Paged Results, DirSync...
	Changes       []string // of a modify and an add: "add member: CN=...", values only where rights hang on them
	NewName       string   // where an entry is moved to
	Signed        bool     // the request came signed by SASL
	Bytes         uint64   // length of the answers
	User          string   // whom a SASL bind by NTLM names
	Domain        string   // the domain of that user; of a bind by Kerberos the realm of the ticket
	Host          string   // workstation of the client, by its own word
	Service       string   // service that a SASL bind is to
	Ping          string   // of a search for a domain controller: the domain that answers
	Forest        string   // its forest
	NetBIOSDomain string   // its old name
	Controller    string   // the controller that answers
	Site          string   // where that is
	ClientSite    string   // where the client is
	Account       string   // the account that was asked about
	DCFlags       []string // what the controller serves: pdc, kdc, writable...
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
	c.str(17, "ldap.extended_operation", &p.Extended)
	c.strs(18, "ldap.controls", &p.Controls)
	c.strs(19, "ldap.changes", &p.Changes)
	c.str(20, "ldap.new_dn", &p.NewName)
	c.truth(21, "ldap.is_signed", &p.Signed)
	c.num(22, "ldap.response_bytes", &p.Bytes)
	c.str(23, "actor.user.name", &p.User)
	c.str(24, "actor.user.domain", &p.Domain)
	c.str(25, "src_endpoint.hostname", &p.Host)
	c.str(26, "service.name", &p.Service)
	c.str(27, "ldap.netlogon.domain", &p.Ping)
	c.str(28, "ldap.netlogon.forest", &p.Forest)
	c.str(29, "ldap.netlogon.netbios_domain", &p.NetBIOSDomain)
	c.str(30, "ldap.netlogon.host", &p.Controller)
	c.str(31, "ldap.netlogon.site", &p.Site)
	c.str(32, "ldap.netlogon.client_site", &p.ClientSite)
	c.str(33, "ldap.netlogon.account", &p.Account)
	c.strs(34, "ldap.netlogon.flags", &p.DCFlags)
}
