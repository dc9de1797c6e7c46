package event

// New is an empty payload of the kind; nil for an unknown one.
func New(k Kind) Payload {
	switch k {
	case KindFlow:
		return new(Flow)
	case KindDNS:
		return new(DNS)
	case KindTLS:
		return new(TLS)
	case KindHTTP:
		return new(HTTP)
	case KindSMB:
		return new(SMB)
	case KindKerberos:
		return new(Kerberos)
	case KindLDAP:
		return new(LDAP)
	case KindDHCP:
		return new(DHCP)
	case KindSSH:
		return new(SSH)
	case KindDICOM:
		return new(DICOM)
	case KindHL7:
		return new(HL7)
	case KindFHIR:
		return new(FHIR)
	case KindFile:
		return new(File)
	case KindAuth:
		return new(Auth)
	case KindAsset:
		return new(Asset)
	case KindAnomaly:
		return new(Anomaly)
	case KindStats:
		return new(Stats)
	case KindHealth:
		return new(Health)
	case KindFinding:
		return new(Finding)
	}
	return nil
}

// Flow is one conversation between two ends, or, while it lasts, what it did since the flow event before.
// Src is the end that began it. "Out" counts from Src to Dst.
type Flow struct {
	Activity      string // Traffic while it lasts, Close at its end (OCSF 4001 activity_name)
	App           string // application protocol by content; empty when not recognised
	Start         uint64 // unix nanoseconds of the first packet
	Duration      uint64 // nanoseconds from the first packet to the last
	PacketsOut    uint64 // packets Src sent since the last flow event of this flow
	PacketsIn     uint64 // packets Dst sent since the last flow event of this flow
	BytesOut      uint64 // bytes of those packets on the wire, with all headers
	BytesIn       uint64 // bytes of those packets on the wire, with all headers
	State         string // new, established or closed
	Reason        string // why it ended, as EVE says: timeout, forced (to make room), shutdown (nothing more is watched)
	FlagsOut      uint64 // TCP flags seen from Src, or-ed
	FlagsIn       uint64 // TCP flags seen from Dst, or-ed
	OneSided      bool   // only one direction is seen although the conversation needs both
	LostOut       uint64 // payload bytes from Src that were never seen
	LostIn        uint64 // payload bytes from Dst that were never seen
	SrcMAC        string // link address of Src as seen here (the router's, when routed)
	DstMAC        string // link address of Dst as seen here
	CommunityID   string // community id version 1, seed 0
	TotalOut      uint64 // packets Src sent in the whole flow, on the last event of a flow that had others
	TotalIn       uint64 // packets Dst sent in the whole flow, likewise
	TotalBytesOut uint64 // bytes Src sent in the whole flow, likewise
	TotalBytesIn  uint64 // bytes Dst sent in the whole flow, likewise
	Midstream     bool   // the beginning of the TCP connection was not seen
	TCPState      string // how far the TCP connection was at the end, as EVE names it; when captures are read
	AppBefore     string // the protocol that led to this one: a proxy's, or one with STARTTLS
	ICMPReply     uint64 // type << 8 | code of the first ICMP message of Dst
}

func (*Flow) Kind() Kind { return KindFlow }
func (p *Flow) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "app_name", &p.App)
	c.num(3, "start_time", &p.Start)
	c.num(4, "duration", &p.Duration)
	c.num(5, "traffic.packets_out", &p.PacketsOut)
	c.num(6, "traffic.packets_in", &p.PacketsIn)
	c.num(7, "traffic.bytes_out", &p.BytesOut)
	c.num(8, "traffic.bytes_in", &p.BytesIn)
	c.str(9, "connection_info.state", &p.State)
	c.str(10, "connection_info.end_reason", &p.Reason)
	c.num(11, "connection_info.tcp_flags_out", &p.FlagsOut)
	c.num(12, "connection_info.tcp_flags_in", &p.FlagsIn)
	c.truth(13, "connection_info.is_one_sided", &p.OneSided)
	c.num(14, "traffic.bytes_missed_out", &p.LostOut)
	c.num(15, "traffic.bytes_missed_in", &p.LostIn)
	c.str(16, "src_endpoint.mac", &p.SrcMAC)
	c.str(17, "dst_endpoint.mac", &p.DstMAC)
	c.str(18, "connection_info.community_uid", &p.CommunityID)
	c.num(19, "traffic.total_packets_out", &p.TotalOut)
	c.num(20, "traffic.total_packets_in", &p.TotalIn)
	c.num(21, "traffic.total_bytes_out", &p.TotalBytesOut)
	c.num(22, "traffic.total_bytes_in", &p.TotalBytesIn)
	c.truth(23, "connection_info.is_midstream", &p.Midstream)
	c.str(24, "connection_info.tcp_state", &p.TCPState)
	c.zero(25, "connection_info.icmp_reply", &p.ICMPReply)
	c.str(26, "app_name_before", &p.AppBefore)
}

// DNS is one question with its answer, or one of them where the other was not seen.
type DNS struct {
	Activity        string   // Query or Response (OCSF 4003 activity_name)
	Hostname        string   // the name asked for, in presentation form
	Type            string   // type of the question: A, AAAA, TXT...
	Class           string   // class of the question when it is not IN
	ID              uint64   // transaction id
	Rcode           string   // NOERROR, NXDOMAIN...; empty for a query
	Answers         []string // rdata of the answers, in presentation form
	AnswerTypes     []string // types of the answers, in the same order
	TTLs            []string // seconds to live of the answers, in the same order
	Flags           []string // aa tc rd ra ad cd z, those that are set
	Opcode          uint64   // 0 query
	Authorities     []string // rdata of the authority section
	Latency         uint64   // nanoseconds from the query to its response, where both were seen
	AnswerNames     []string // owner names of the answers, in the same order
	RawFlags        uint64   // the 16 flag bits of the header
	TxID            uint64   // place of the message in its conversation, from 1; when captures are read
	AuthorityNames  []string // owner names of the authority section; when captures are read
	AuthorityTypes  []string // its types; when captures are read
	AuthorityTTLs   []string // its seconds to live; when captures are read
	Additionals     []string // rdata of the additional section; when captures are read
	AdditionalNames []string // its owner names; when captures are read
	AdditionalTypes []string // its types; when captures are read
	AdditionalTTLs  []string // its seconds to live; when captures are read
}

func (*DNS) Kind() Kind { return KindDNS }
func (p *DNS) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "query.hostname", &p.Hostname)
	c.str(3, "query.type", &p.Type)
	c.str(4, "query.class", &p.Class)
	c.num(5, "query.packet_uid", &p.ID)
	c.str(6, "rcode", &p.Rcode)
	c.strs(7, "answers.rdata", &p.Answers)
	c.strs(8, "answers.type", &p.AnswerTypes)
	c.strs(9, "answers.ttl", &p.TTLs)
	c.strs(10, "query.flags", &p.Flags)
	c.num(11, "query.opcode_id", &p.Opcode)
	c.strs(12, "authorities.rdata", &p.Authorities)
	c.num(13, "response_time", &p.Latency)
	c.strs(14, "answers.name", &p.AnswerNames)
	c.num(15, "query.raw_flags", &p.RawFlags)
	c.num(16, "query.uid", &p.TxID)
	c.strs(17, "authorities.name", &p.AuthorityNames)
	c.strs(18, "authorities.type", &p.AuthorityTypes)
	c.strs(19, "authorities.ttl", &p.AuthorityTTLs)
	c.strs(20, "additionals.rdata", &p.Additionals)
	c.strs(21, "additionals.name", &p.AdditionalNames)
	c.strs(22, "additionals.type", &p.AdditionalTypes)
	c.strs(23, "additionals.ttl", &p.AdditionalTTLs)
}

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
}

// HTTP is one request with its response, as far as they were seen. URLs never carry a patient identifier in clear.
type HTTP struct {
	Method          string   // method of the request
	Host            string   // the host asked for, without port
	URL             string   // path and query as sent, patient identifiers replaced
	Version         string   // HTTP/1.1
	UserAgent       string   // who asks, by his own word
	Referrer        string   // the page that led here
	Status          uint64   // status code; 0 when no response was seen
	ContentType     string   // of the response
	Length          uint64   // bytes of the response's body
	RequestLength   uint64   // bytes of the request's body
	Location        string   // where a redirection points
	Server          string   // the Server header
	XFF             string   // X-Forwarded-For
	AuthScheme      string   // Basic, Bearer...: never the secret
	RequestType     string   // content type of the request
	Latency         uint64   // nanoseconds from the request to its response
	Port            uint64   // port in the Host header, when there is one
	TxID            uint64   // place of the request in its connection, from 1
	Reason          string   // status as sent, where it is no number
	Range           string   // the Content-Range header; when captures are read
	RequestHeaders  []string // fields of the head as "Name: value", patients and secrets replaced; when captures are read
	ResponseHeaders []string // fields of the response's head, likewise
}

func (*HTTP) Kind() Kind { return KindHTTP }
func (p *HTTP) fields(c *coder) {
	c.str(1, "http_request.http_method", &p.Method)
	c.str(2, "http_request.url.hostname", &p.Host)
	c.str(3, "http_request.url.path", &p.URL)
	c.str(4, "http_request.version", &p.Version)
	c.str(5, "http_request.user_agent", &p.UserAgent)
	c.str(6, "http_request.referrer", &p.Referrer)
	c.num(7, "http_response.code", &p.Status)
	c.str(8, "http_response.content_type", &p.ContentType)
	c.num(9, "http_response.body_length", &p.Length)
	c.num(10, "http_request.body_length", &p.RequestLength)
	c.str(11, "http_response.location", &p.Location)
	c.str(12, "http_response.server", &p.Server)
	c.str(13, "http_request.x_forwarded_for", &p.XFF)
	c.str(14, "http_request.auth_scheme", &p.AuthScheme)
	c.str(15, "http_request.content_type", &p.RequestType)
	c.num(16, "response_time", &p.Latency)
	c.num(17, "http_request.url.port", &p.Port)
	c.num(18, "http_request.uid", &p.TxID)
	c.str(19, "http_response.status", &p.Reason)
	c.strs(20, "http_request.http_headers", &p.RequestHeaders)
	c.strs(21, "http_response.http_headers", &p.ResponseHeaders)
	c.str(22, "http_response.content_range", &p.Range)
}

// SMB is one step of a conversation with a file server, or one file that was open.
type SMB struct {
	Command      string   // SMB2_COMMAND_NEGOTIATE_PROTOCOL... as EVE names them
	Dialect      string   // 3.11...
	Status       string   // STATUS_SUCCESS...
	StatusCode   uint64   // NTSTATUS
	SessionID    uint64   // session
	TreeID       uint64   // tree connect
	Tree         string   // \\server\share
	ShareType    string   // FILE, PIPE or PRINT
	File         string   // name within the tree, patient identifiers replaced
	NewName      string   // what the file was renamed to
	Disposition  string   // FILE_OPEN, FILE_CREATE...
	Access       string   // normal, read or write as EVE says
	Size         uint64   // bytes of the file
	BytesRead    uint64   // bytes read while the file was open
	BytesWritten uint64   // bytes written while the file was open
	Deleted      bool     // the file was deleted
	Directory    bool     // it is a directory
	User         string   // who signs in
	Domain       string   // domain of that user
	Host         string   // workstation the client names itself
	Realm        string   // Kerberos realm
	Services     []string // Kerberos service names
	NamedPipe    string   // pipe that was opened: svcctl, samr...
	ServerGUID   string   // identifier of the server
	ClientGUID   string   // identifier of the client
	Dialects     []string // what the client offered
	Encrypted    bool     // what follows is encrypted
	Operation    string   // OCSF 4006 activity_name: File Open, File Create, File Rename, File Delete...
	Guest        bool     // the server let the user in as guest
	TxID         uint64   // place of the request in its connection, from 1; when EVE is written
	FileID       string   // identifier of the open file; when EVE is written
	Created      uint64   // unix nanoseconds at which the file was created; when EVE is written
	Accessed     uint64   // unix nanoseconds of its last access; when EVE is written
	Modified     uint64   // unix nanoseconds of its last change of content; when EVE is written
	Changed      uint64   // unix nanoseconds of its last change; when EVE is written
	System       string   // version of the client's operating system, by its NTLM message; when EVE is written
	Function     string   // what an IOCTL asks for; when EVE is written
}

func (*SMB) Kind() Kind { return KindSMB }
func (p *SMB) fields(c *coder) {
	c.str(1, "command", &p.Command)
	c.str(2, "dialect", &p.Dialect)
	c.str(3, "status_detail", &p.Status)
	c.zero(4, "status_code", &p.StatusCode)
	c.num(5, "smb.session_uid", &p.SessionID)
	c.num(6, "smb.tree_uid", &p.TreeID)
	c.str(7, "share", &p.Tree)
	c.str(8, "share_type", &p.ShareType)
	c.str(9, "file.name", &p.File)
	c.str(10, "file.new_name", &p.NewName)
	c.str(11, "open_type", &p.Disposition)
	c.str(12, "smb.access", &p.Access)
	c.num(13, "file.size", &p.Size)
	c.num(14, "smb.bytes_read", &p.BytesRead)
	c.num(15, "smb.bytes_written", &p.BytesWritten)
	c.truth(16, "file.is_deleted", &p.Deleted)
	c.truth(17, "file.is_directory", &p.Directory)
	c.str(18, "actor.user.name", &p.User)
	c.str(19, "actor.user.domain", &p.Domain)
	c.str(20, "src_endpoint.hostname", &p.Host)
	c.str(21, "smb.kerberos.realm", &p.Realm)
	c.strs(22, "smb.kerberos.snames", &p.Services)
	c.str(23, "smb.named_pipe", &p.NamedPipe)
	c.str(24, "smb.server_guid", &p.ServerGUID)
	c.str(25, "smb.client_guid", &p.ClientGUID)
	c.strs(26, "client_dialects", &p.Dialects)
	c.truth(27, "smb.is_encrypted", &p.Encrypted)
	c.str(28, "activity_name", &p.Operation)
	c.truth(29, "actor.user.is_guest", &p.Guest)
	c.num(30, "smb.transaction_uid", &p.TxID)
	c.str(31, "file.uid", &p.FileID)
	c.num(32, "file.created_time", &p.Created)
	c.num(33, "file.accessed_time", &p.Accessed)
	c.num(34, "file.modified_time", &p.Modified)
	c.num(35, "file.changed_time", &p.Changed)
	c.str(36, "src_endpoint.os.version", &p.System)
	c.str(37, "smb.function", &p.Function)
}

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

// DHCP is one message of a lease (RFC 2131).
type DHCP struct {
	Message    string   // discover, offer, request, ack, nak, inform, release, decline
	XID        uint64   // transaction id
	MAC        string   // of the client
	ClientID   string   // client identifier (option 61)
	Hostname   string   // the name the client gives itself
	FQDN       string   // full name (option 81)
	Assigned   string   // address given
	Requested  string   // address asked for
	Server     string   // server identifier
	Relay      string   // relay agent
	Lease      uint64   // seconds
	Vendor     string   // vendor class (option 60)
	Params     string   // parameter request list in order, comma-separated: a fingerprint of the client's system
	Routers    []string // routers handed out
	Resolvers  []string // name servers handed out
	Domain     string   // domain handed out
	NextServer string   // next server (siaddr)
	ClientIP   string   // address that the client has (ciaddr)
	Subnet     string   // subnet mask handed out
}

func (*DHCP) Kind() Kind { return KindDHCP }
func (p *DHCP) fields(c *coder) {
	c.str(1, "activity_name", &p.Message)
	c.num(2, "transaction_uid", &p.XID)
	c.str(3, "device.mac", &p.MAC)
	c.str(4, "dhcp.client_id", &p.ClientID)
	c.str(5, "device.hostname", &p.Hostname)
	c.str(6, "dhcp.fqdn", &p.FQDN)
	c.str(7, "device.ip", &p.Assigned)
	c.str(8, "dhcp.requested_ip", &p.Requested)
	c.str(9, "dhcp.server_ip", &p.Server)
	c.str(10, "relay.ip", &p.Relay)
	c.num(11, "lease_dur", &p.Lease)
	c.str(12, "dhcp.vendor_class", &p.Vendor)
	c.str(13, "dhcp.fingerprint", &p.Params)
	c.strs(14, "dhcp.routers", &p.Routers)
	c.strs(15, "dhcp.dns_servers", &p.Resolvers)
	c.str(16, "dhcp.domain", &p.Domain)
	c.str(17, "dhcp.next_server_ip", &p.NextServer)
	c.str(18, "dhcp.client_ip", &p.ClientIP)
	c.str(19, "dhcp.subnet_mask", &p.Subnet)
}

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
}

// DICOM is an association between two application entities (PS3.8), or one operation in it (PS3.7).
// Patients appear as pseudonyms only.
type DICOM struct {
	Activity         string   // Associate, Reject, Abort, Release, Echo, Find, Move, Get, Store, or an N-service; Secure Transport: TLS on the port of DICOM
	CallingAE        string   // AE title of the side that asks
	CalledAE         string   // AE title of the side that is asked
	CallingUID       string   // Implementation Class UID of the calling side
	CallingVersion   string   // its Implementation Version Name
	CalledUID        string   // Implementation Class UID of the called side
	CalledVersion    string   // its Implementation Version Name
	SOPClasses       []string // names of the SOP classes proposed, or the one of the operation
	TransferSyntaxes []string // accepted transfer syntaxes
	Rejected         uint64   // presentation contexts the called side refused
	Result           string   // of a rejection or an abort: result, source, reason; of Secure Transport the version of TLS
	Status           string   // status of the operation, as PS3.7 annex C names its class
	StatusCode       uint64   // status of the operation
	Messages         uint64   // operations joined in this event
	Studies          uint64   // distinct studies seen
	Series           uint64   // distinct series seen
	Instances        uint64   // objects stored, or matches and sub-operations counted
	Bytes            uint64   // bytes of the data sets
	Modality         string   // Modality (0008,0060)
	Manufacturer     string   // Manufacturer (0008,0070)
	Model            string   // Manufacturer Model Name (0008,1090)
	SerialNumber     string   // Device Serial Number (0018,1000)
	Software         string   // Software Versions (0018,1020)
	Station          string   // Station Name (0008,1010)
	Institution      string   // Institution Name (0008,0080)
	Patient          string   // pseudonym
	Level            string   // PATIENT, STUDY, SERIES or IMAGE
	Keys             []string // attributes a query asks for, with = where it names a value and * where it has a wildcard
	Destination      string   // AE that a C-MOVE sends to
	StudyUID         string   // Study Instance UID (0020,000D)
	SOPClassUIDs     []string // their UIDs
	MaxPDU           uint64   // longest PDU the calling side takes, in bytes
	SeriesUID        string   // Series Instance UID (0020,000E)
	InstanceUID      string   // SOP Instance UID (0008,0018)
	Source           string   // who asked for the operation: requestor or acceptor of the association
}

func (*DICOM) Kind() Kind { return KindDICOM }
func (p *DICOM) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "dicom.calling_ae", &p.CallingAE)
	c.str(3, "dicom.called_ae", &p.CalledAE)
	c.str(4, "dicom.calling_implementation_uid", &p.CallingUID)
	c.str(5, "dicom.calling_implementation_version", &p.CallingVersion)
	c.str(6, "dicom.called_implementation_uid", &p.CalledUID)
	c.str(7, "dicom.called_implementation_version", &p.CalledVersion)
	c.strs(8, "dicom.sop_classes", &p.SOPClasses)
	c.strs(9, "dicom.transfer_syntaxes", &p.TransferSyntaxes)
	c.num(10, "dicom.rejected_contexts", &p.Rejected)
	c.str(11, "dicom.result", &p.Result)
	c.str(12, "status_detail", &p.Status)
	c.zero(13, "status_code", &p.StatusCode)
	c.num(14, "dicom.message_count", &p.Messages)
	c.num(15, "dicom.study_count", &p.Studies)
	c.num(16, "dicom.series_count", &p.Series)
	c.num(17, "dicom.instance_count", &p.Instances)
	c.num(18, "dicom.bytes", &p.Bytes)
	c.str(19, "dicom.modality", &p.Modality)
	c.str(20, "device.vendor_name", &p.Manufacturer)
	c.str(21, "device.model", &p.Model)
	c.str(22, "device.serial_number", &p.SerialNumber)
	c.str(23, "device.software_version", &p.Software)
	c.str(24, "dicom.station_name", &p.Station)
	c.str(25, "dicom.institution", &p.Institution)
	c.str(26, "patient.uid", &p.Patient)
	c.str(27, "dicom.query_level", &p.Level)
	c.strs(28, "dicom.query_keys", &p.Keys)
	c.str(29, "dicom.move_destination", &p.Destination)
	c.str(30, "dicom.study_uid", &p.StudyUID)
	c.strs(31, "dicom.sop_class_uids", &p.SOPClassUIDs)
	c.num(32, "dicom.max_pdu", &p.MaxPDU)
	c.str(33, "dicom.series_uid", &p.SeriesUID)
	c.str(34, "dicom.instance_uid", &p.InstanceUID)
	c.str(35, "dicom.asked_by", &p.Source)
}

// HL7 is one message with its acknowledgement (HL7 v2 over MLLP). Patients appear as pseudonyms only.
type HL7 struct {
	Type         string   // ADT
	Trigger      string   // A01
	Structure    string   // ADT_A01
	Version      string   // 2.5
	SendingApp   string   // MSH-3
	SendingFac   string   // MSH-4
	ReceivingApp string   // MSH-5
	ReceivingFac string   // MSH-6
	ControlID    string   // MSH-10
	Ack          string   // AA, AE, AR, CA, CE, CR; empty when no acknowledgement was seen
	Processing   string   // P production, T training, D debugging
	Segments     uint64   // segments of the message
	Observations uint64   // OBX segments
	Bytes        uint64   // bytes of the message
	Devices      []string // equipment identifiers (MSH-4 EUI-64, OBX-18, PRT)
	Patient      string   // pseudonym
	Location     string   // PV1-3: ward, room, bed
	Latency      uint64   // nanoseconds from the message to its acknowledgement
	Charset      string   // MSH-18
	Errors       []string // ERR segments: the codes
}

func (*HL7) Kind() Kind { return KindHL7 }
func (p *HL7) fields(c *coder) {
	c.str(1, "hl7.type", &p.Type)
	c.str(2, "hl7.trigger", &p.Trigger)
	c.str(3, "hl7.structure", &p.Structure)
	c.str(4, "hl7.version", &p.Version)
	c.str(5, "hl7.sending_app", &p.SendingApp)
	c.str(6, "hl7.sending_facility", &p.SendingFac)
	c.str(7, "hl7.receiving_app", &p.ReceivingApp)
	c.str(8, "hl7.receiving_facility", &p.ReceivingFac)
	c.str(9, "hl7.control_id", &p.ControlID)
	c.str(10, "hl7.ack", &p.Ack)
	c.str(11, "hl7.processing_id", &p.Processing)
	c.num(12, "hl7.segment_count", &p.Segments)
	c.num(13, "hl7.observation_count", &p.Observations)
	c.num(14, "hl7.bytes", &p.Bytes)
	c.strs(15, "hl7.devices", &p.Devices)
	c.str(16, "patient.uid", &p.Patient)
	c.str(17, "hl7.location", &p.Location)
	c.num(18, "response_time", &p.Latency)
	c.str(19, "hl7.charset", &p.Charset)
	c.strs(20, "hl7.errors", &p.Errors)
}

// FHIR is one interaction over HTTP (HL7 FHIR R4/R5, RESTful API). Patients appear as pseudonyms only.
type FHIR struct {
	Resource    string   // Patient, Observation...
	Interaction string   // read, search-type, create...
	Operation   string   // $everything...
	ResourceID  string   // a pseudonym where the resource is a patient
	Patient     string   // pseudonym of the patient the interaction names
	Params      []string // names of the search parameters
	Status      uint64   // HTTP status
	Results     uint64   // entries of the bundle, where it says
	Outcome     string   // code of an OperationOutcome
	Client      string   // user agent
	Host        string   // server asked for
	Base        string   // path before the resource
	Latency     uint64   // nanoseconds from the request to its response
}

func (*FHIR) Kind() Kind { return KindFHIR }
func (p *FHIR) fields(c *coder) {
	c.str(1, "fhir.resource", &p.Resource)
	c.str(2, "fhir.interaction", &p.Interaction)
	c.str(3, "fhir.operation", &p.Operation)
	c.str(4, "fhir.resource_id", &p.ResourceID)
	c.str(5, "patient.uid", &p.Patient)
	c.strs(6, "fhir.params", &p.Params)
	c.num(7, "http_response.code", &p.Status)
	c.num(8, "fhir.result_count", &p.Results)
	c.str(9, "fhir.outcome", &p.Outcome)
	c.str(10, "http_request.user_agent", &p.Client)
	c.str(11, "http_request.url.hostname", &p.Host)
	c.str(12, "fhir.base", &p.Base)
	c.num(13, "response_time", &p.Latency)
}

// File is one file that crossed the wire.
type File struct {
	Name     string // patient identifiers replaced
	App      string // protocol that carried it
	Size     uint64 // bytes seen
	Type     string // media type as declared
	Activity string // Read or Write, from the point of view of Src
	Complete bool   // all of it was seen
	SHA256   string // digest of what was seen, hexadecimal; when EVE is written
	Gaps     bool   // bytes of it were lost on the way
	TxID     uint64 // place of its request in the connection, from 1; when EVE is written
	Range    string // part of a larger file that it is, as the Content-Range header says; when EVE is written
}

func (*File) Kind() Kind { return KindFile }
func (p *File) fields(c *coder) {
	c.str(1, "file.name", &p.Name)
	c.str(2, "app_name", &p.App)
	c.num(3, "file.size", &p.Size)
	c.str(4, "file.mime_type", &p.Type)
	c.str(5, "activity_name", &p.Activity)
	c.truth(6, "file.is_complete", &p.Complete)
	c.str(7, "file.sha256", &p.SHA256)
	c.truth(8, "file.has_gaps", &p.Gaps)
	c.num(9, "file.transaction_uid", &p.TxID)
	c.str(10, "file.range", &p.Range)
}

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
}

// Asset is one fact about a device, with where it comes from. The device is Src.
type Asset struct {
	MAC        string // link address
	Hostname   string // its name
	Vendor     string // who made it
	Model      string // its model
	Serial     string // its serial number
	Software   string // software it runs
	Role       string // what it serves or uses: dicom scp...
	Source     string // protocol the fact was read from
	AETitle    string // DICOM AE title
	Identifier string // EUI-64 or other
}

func (*Asset) Kind() Kind { return KindAsset }
func (p *Asset) fields(c *coder) {
	c.str(1, "device.mac", &p.MAC)
	c.str(2, "device.hostname", &p.Hostname)
	c.str(3, "device.vendor_name", &p.Vendor)
	c.str(4, "device.model", &p.Model)
	c.str(5, "device.serial_number", &p.Serial)
	c.str(6, "device.software_version", &p.Software)
	c.str(7, "device.role", &p.Role)
	c.str(8, "app_name", &p.Source)
	c.str(9, "dicom.ae_title", &p.AETitle)
	c.str(10, "device.uid", &p.Identifier)
}

// Anomaly is something a packet or a stream should not be.
type Anomaly struct {
	Type  string // decode, stream or applayer, as EVE
	Event string // name of the anomaly
	App   string // protocol in which it was met
}

func (*Anomaly) Kind() Kind { return KindAnomaly }
func (p *Anomaly) fields(c *coder) {
	c.str(1, "anomaly.type", &p.Type)
	c.str(2, "anomaly.event", &p.Event)
	c.str(3, "app_name", &p.App)
}

// Stats is what crossed one interface in one interval: one event per application protocol, and one with App
// empty for the totals and the sensor's own state.
type Stats struct {
	Interval      uint64 // nanoseconds that the counts cover
	App           string // protocol the counts are about; empty: the totals
	Packets       uint64 // packets
	Bytes         uint64 // bytes on the wire
	Messages      uint64 // events of the protocol: requests, messages, associations
	Flows         uint64 // new flows
	Active        uint64 // flows in the table at the end of the interval
	DroppedKernel uint64 // packets the kernel dropped before the sensor
	DroppedOwn    uint64 // packets or events the sensor dropped by itself
	Undecoded     uint64 // packets of no known layering
	Evicted       uint64 // flows ended early because the table was full
	Interface     string // interface that was watched
	VLAN          uint64 // VLAN the counts are about, on one-sidedness reports
	OneSided      uint64 // flows seen in one direction only although they need both
	Reassembly    uint64 // bytes held for reassembly at the end of the interval
	TwoSided      uint64 // TCP flows seen in both directions, beside OneSided
}

func (*Stats) Kind() Kind { return KindStats }
func (p *Stats) fields(c *coder) {
	c.num(1, "interval", &p.Interval)
	c.str(2, "app_name", &p.App)
	c.num(3, "traffic.packets", &p.Packets)
	c.num(4, "traffic.bytes", &p.Bytes)
	c.num(5, "count", &p.Messages)
	c.num(6, "sensor.new_flows", &p.Flows)
	c.num(7, "sensor.active_flows", &p.Active)
	c.num(8, "sensor.kernel_drops", &p.DroppedKernel)
	c.num(9, "sensor.own_drops", &p.DroppedOwn)
	c.num(10, "sensor.undecoded", &p.Undecoded)
	c.num(11, "sensor.evicted_flows", &p.Evicted)
	c.str(12, "sensor.interface", &p.Interface)
	c.num(13, "sensor.vlan_uid", &p.VLAN)
	c.num(14, "sensor.one_sided_flows", &p.OneSided)
	c.num(15, "sensor.reassembly_bytes", &p.Reassembly)
	c.num(16, "sensor.two_sided_flows", &p.TwoSided)
}

// Health is a warning about Bulwark itself that began or ended.
type Health struct {
	ID       string // of the warning
	Severity string // notice, degraded or unprotected
	Active   bool   // it began; false: it ended
	Text     string // what it says
}

func (*Health) Kind() Kind { return KindHealth }
func (p *Health) fields(c *coder) {
	c.str(1, "health.uid", &p.ID)
	c.str(2, "severity", &p.Severity)
	c.truth(3, "health.is_active", &p.Active)
	c.str(4, "message", &p.Text)
}

// Finding is a suspicion (OCSF 2004).
type Finding struct {
	Title      string   // what it is
	UID        string   // its identifier
	Severity   string   // informational, low, medium, high, critical
	Confidence uint64   // 0-100
	Rule       string   // rule that raised it
	Source     string   // what raised it
	Techniques []string // MITRE ATT&CK
	Reason     string   // why, as a sentence
	Evidence   []string // ids of events
}

func (*Finding) Kind() Kind { return KindFinding }
func (p *Finding) fields(c *coder) {
	c.str(1, "finding_info.title", &p.Title)
	c.str(2, "finding_info.uid", &p.UID)
	c.str(3, "severity", &p.Severity)
	c.num(4, "confidence_score", &p.Confidence)
	c.str(5, "finding_info.analytic.uid", &p.Rule)
	c.str(6, "finding_info.analytic.name", &p.Source)
	c.strs(7, "finding_info.attacks.technique.uid", &p.Techniques)
	c.str(8, "message", &p.Reason)
	c.strs(9, "evidences.uid", &p.Evidence)
}
