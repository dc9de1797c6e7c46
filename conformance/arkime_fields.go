package conformance

import (
	"strings"

	"golang.org/x/net/idna"
)

// arkimeField is a field of Arkime's session document and where EVE says the same.
type arkimeField struct {
	family string
	path   []string
	eve    []string // event type, then the path in its record
	same   func(want, got string) bool
	one    bool   // one of what Arkime lists is enough: it lists also what stands beside
	own    string // attribute of our own events that says it too
}

func exactly(want, got string) bool { return want == got }
func folded(want, got string) bool  { return strings.EqualFold(want, got) }

// arkimeFields are the fields that are compared.
func arkimeFields() []arkimeField {
	return []arkimeField{
		{"dns", []string{"dns", "queryHost"}, []string{"dns", "dns", "queries", "rrname"}, domain, false, ""},
		{"dns", []string{"dns", "qt"}, []string{"dns", "dns", "queries", "rrtype"}, exactly, false, ""},
		{"dns", []string{"dns", "status"}, []string{"dns", "dns", "rcode"}, rcode, false, ""},
		{"dns", []string{"dns", "answers", "ip"}, []string{"dns", "dns", "answers", "rdata"}, address, true, ""},
		{"dns", []string{"dns", "answers", "cname"}, []string{"dns", "dns", "answers", "rdata"}, folded, false, ""},
		{"tls", []string{"tls", "version"}, []string{"tls", "tls", "version"}, tlsVersion, false, ""},
		{"tls", []string{"tls", "ja3"}, []string{"tls", "tls", "ja3", "hash"}, exactly, false, ""},
		{"tls", []string{"tls", "ja3s"}, []string{"tls", "tls", "ja3s", "hash"}, exactly, false, ""},
		{"tls", []string{"tls", "ja4"}, []string{"tls", "tls", "ja4"}, exactly, false, ""},
		{"tls", []string{"cert", "hash"}, []string{"tls", "tls", "fingerprint"}, exactly, true, ""},
		{"tls", []string{"cert", "serial"}, []string{"tls", "tls", "serial"}, serial, true, ""},
		{"tls", []string{"cert", "subjectCN"}, []string{"tls", "tls", "subject"}, commonName, true, ""},
		{"http", []string{"http", "method"}, []string{"http", "http", "http_method"}, exactly, false, ""},
		{"http", []string{"http", "host"}, []string{"http", "http", "hostname"}, hostPort, false, ""},
		{"http", []string{"http", "path"}, []string{"http", "http", "url"}, path, false, ""},
		{"http", []string{"http", "statuscode"}, []string{"http", "http", "status"}, exactly, false, ""},
		{"http", []string{"http", "useragent"}, []string{"http", "http", "http_user_agent"}, exactly, false, ""},
		{"http", []string{"http", "request-referer"}, []string{"http", "http", "http_refer"}, exactly, false, ""},
		{"http", []string{"http", "response-location"}, []string{"http", "http", "redirect"}, exactly, false, ""},
		{"smb", []string{"smb", "dialect"}, []string{"smb", "smb", "dialect"}, dialect, false, ""},
		{"smb", []string{"smb", "share"}, []string{"smb", "smb", "share"}, folded, false, ""},
		{"smb", []string{"smb", "filename"}, []string{"smb", "smb", "filename"}, contains, false, ""},
		{"smb", []string{"smb", "user"}, []string{"smb", "smb", "ntlmssp", "user"}, folded, false, "actor.user.name"},
		{"smb", []string{"smb", "domain"}, []string{"smb", "smb", "ntlmssp", "domain"}, folded, true, "actor.user.domain"},
		{"smb", []string{"smb", "host"}, []string{"smb", "smb", "ntlmssp", "host"}, folded, false, "src_endpoint.hostname"},
		{"krb5", []string{"krb5", "cname"}, []string{"krb5", "krb5", "cname"}, folded, false, ""},
		{"krb5", []string{"krb5", "realm"}, []string{"krb5", "krb5", "realm"}, folded, false, ""},
		{"krb5", []string{"krb5", "sname"}, []string{"krb5", "krb5", "sname"}, folded, false, ""},
		{"krb5", []string{"krb5", "error"}, []string{"krb5", "krb5", "error_code"}, folded, false, ""},
		{"ssh", []string{"ssh", "hassh"}, []string{"ssh", "ssh", "client", "hassh", "hash"}, exactly, false, ""},
		{"ssh", []string{"ssh", "hasshServer"}, []string{"ssh", "ssh", "server", "hassh", "hash"}, exactly, false, ""},
		{"ldap", []string{"ldap", "bindname"}, []string{"ldap", "ldap", "request", "bind_request", "name"}, exactly, false, ""},
		{"dhcp", []string{"dhcp", "mac"}, []string{"dhcp", "dhcp", "client_mac"}, exactly, false, ""},
		{"dhcp", []string{"dhcp", "type"}, []string{"dhcp", "dhcp", "dhcp_type"}, relayed, false, ""},
		{"dhcp", []string{"dhcp", "host"}, []string{"dhcp", "dhcp", "hostname"}, exactly, false, ""},
		{"nbns", []string{"nbns", "queryHost"}, []string{"nbns", "nbns", "name"}, exactly, false, ""},
		{"snmp", []string{"snmp", "community"}, []string{"snmp", "snmp", "community"}, exactly, false, ""},
		{"snmp", []string{"snmp", "version"}, []string{"snmp", "snmp", "version"}, exactly, false, ""},
		{"ntp", []string{"ntp", "version"}, []string{"ntp", "ntp", "version"}, exactly, false, ""},
		{"tftp", []string{"tftp", "filename"}, []string{"tftp", "tftp", "file"}, exactly, false, ""},
		{"ike", []string{"isakmp", "initiatorSpi"}, []string{"ike", "ike", "init_spi"}, exactly, false, ""},
		{"ike", []string{"isakmp", "responderSpi"}, []string{"ike", "ike", "resp_spi"}, exactly, false, ""},
		{"dhcp", []string{"dhcp", "requestIp"}, []string{"dhcp", "dhcp", "requested_ip"}, address, false, ""},
		{"sip", []string{"sip", "method"}, []string{"sip", "sip", "method"}, exactly, false, ""},
		{"sip", []string{"sip", "statuscode"}, []string{"sip", "sip", "code"}, exactly, false, ""},
		{"mail", []string{"email", "smtpHello"}, []string{"smtp", "smtp", "helo"}, folded, false, ""},
		{"mail", []string{"email", "src"}, []string{"smtp", "smtp", "mail_from"}, mailbox, true, ""},
		{"mail", []string{"email", "dst"}, []string{"smtp", "smtp", "rcpt_to"}, mailbox, true, ""},
		{"mail", []string{"email", "subject"}, []string{"smtp", "email", "subject"}, exactly, false, ""},
		{"mail", []string{"email", "filename"}, []string{"smtp", "email", "attachment"}, exactly, false, ""},
		{"mail", []string{"email", "sha256"}, []string{"fileinfo", "fileinfo", "sha256"}, exactly, false, ""},
		{"modbus", []string{"modbus", "transactionid"}, []string{"modbus", "modbus", "request", "transaction_id"}, exactly, false, ""},
		{"modbus", []string{"modbus", "unitid"}, []string{"modbus", "modbus", "request", "unit_id"}, exactly, false, ""},
		{"modbus", []string{"modbus", "funccode"}, []string{"modbus", "modbus", "request", "function_raw"}, exactly, false, ""},
		{"modbus", []string{"modbus", "exccode"}, []string{"modbus", "modbus", "response", "exception", "raw"}, exactly, false, ""},
		{"dnp3", []string{"dnp3", "src"}, []string{"dnp3", "dnp3", "src"}, exactly, false, ""},
		{"dnp3", []string{"dnp3", "dst"}, []string{"dnp3", "dnp3", "dst"}, exactly, false, ""},
		{"dnp3", []string{"dnp3", "func"}, []string{"dnp3", "dnp3", "application", "function_code"}, exactly, false, ""},
		{"enip", []string{"enip", "command"}, []string{"enip", "enip", "request", "command"}, unjoined, false, ""},
		{"enip", []string{"enip", "product"}, []string{"enip", "enip", "response", "identity", "product_name"}, exactly, false, ""},
		{"enip", []string{"enip", "vendor"}, []string{"enip", "enip", "response", "identity", "vendor_id"}, exactly, false, ""},
		{"bacnet", []string{"bacnet", "service"}, []string{"bacnet", "bacnet", "activity_name"}, exactly, false, ""},
		{"s7", []string{"s7comm", "funcName"}, []string{"s7", "s7", "activity_name"}, s7Function, false, ""},
		{"pgsql", []string{"postgresql", "user"}, []string{"pgsql", "pgsql", "request", "startup_parameters", "user"}, exactly, false, ""},
		{"pgsql", []string{"postgresql", "db"}, []string{"pgsql", "pgsql", "request", "startup_parameters", "optional_parameters", "database"}, exactly, false, ""},
		{"pgsql", []string{"postgresql", "app"}, []string{"pgsql", "pgsql", "request", "startup_parameters", "optional_parameters", "application_name"}, exactly, false, ""},
		{"mqtt", []string{"mqtt", "clientId"}, []string{"mqtt", "mqtt", "connect", "client_id"}, exactly, false, ""},
		{"mqtt", []string{"mqtt", "topic"}, []string{"mqtt", "mqtt", "publish", "topic"}, exactly, false, ""},
		{"mqtt", []string{"mqtt", "willTopic"}, []string{"mqtt", "mqtt", "connect", "will", "topic"}, exactly, false, ""},
		{"mqtt", []string{"mqtt", "connackCode"}, []string{"mqtt", "mqtt", "connack", "return_code"}, exactly, false, ""},
		{"ftp", []string{"ftp", "command"}, []string{"ftp", "ftp", "command"}, exactly, false, ""},
		{"ftp", []string{"ftp", "responseCode"}, []string{"ftp", "ftp", "completion_code"}, exactly, false, ""},
		{"dcerpc", []string{"dcerpc", "uuid"}, []string{"dcerpc", "dcerpc", "interfaces", "uuid"}, folded, false, ""},
		{"dcerpc", []string{"dcerpc", "opnum"}, []string{"dcerpc", "dcerpc", "req", "opnum"}, exactly, false, ""},
		{"ssh", []string{"ssh", "version"}, []string{"ssh", "ssh", "client", "software_version"}, software, true, ""},
		{"radius", []string{"radius", "user"}, []string{"radius", "radius", "user_name"}, exactly, false, ""},
		{"radius", []string{"radius", "msgType"}, []string{"radius", "radius", "activity_name"}, unjoined, true, ""},
		{"mysql", []string{"mysql", "user"}, []string{"mysql", "mysql", "user_name"}, exactly, false, ""},
		{"websocket", []string{"websocket", "opcode"}, []string{"websocket", "websocket", "opcode"}, folded, false, ""},
	}
}

// arkimeApps are the protocols that are compared, by Arkime's names.
var arkimeApps = []string{"dns", "tls", "http", "smb", "krb5", "ldap", "dhcp", "dhcpv6", "mdns", "llmnr", "nbns", "snmp", "ntp", "tftp", "isakmp", "ssh", "quic",
	"sip", "smtp", "imap", "pop3", "ftp", "telnet", "rdp", "modbus", "dnp3", "enip", "bacnet", "s7comm", "mqtt", "postgresql", "mysql", "tds", "radius",
	"dcerpc", "websocket", "http2", "socks", "dtls"}

// domain: Arkime writes <root> for the name of the root, and names of other scripts as they are read.
func domain(want, got string) bool {
	if want == "<root>" {
		return got == "" || got == "."
	}
	shown, err := idna.ToUnicode(got)
	return strings.EqualFold(want, got) || err == nil && strings.EqualFold(want, shown)
}

// hostPort: EVE gives the port in a field of its own.
func hostPort(want, got string) bool {
	host, _, ok := strings.Cut(want, ":")
	return strings.EqualFold(want, got) || ok && strings.EqualFold(host, got)
}

// rcode compares names of DNS response codes: NOTIMPL is IANA's NOTIMP, BADSIG_VERS is BADVERS or BADSIG (both 16, RFC 6891 and RFC 8945).
func rcode(want, got string) bool {
	return want == got || want == got+"L" || want == "BADSIG_VERS" && (got == "BADVERS" || got == "BADSIG")
}

func address(want, got string) bool { return canonical(want) == canonical(got) }

// tlsVersion compares TLSv1.2 with TLS 1.2.
func tlsVersion(want, got string) bool {
	bare := func(s string) string {
		s = strings.NewReplacer(" ", "", "v", "", "-", "").Replace(s)
		if s == "TLS1" {
			return "TLS1.0"
		}
		return s
	}
	return bare(want) == bare(got)
}

// serial compares 0a with 0A and 0A:01.
func serial(want, got string) bool {
	return strings.EqualFold(strings.TrimLeft(want, "0"), strings.TrimLeft(strings.ReplaceAll(got, ":", ""), "0"))
}

func commonName(want, got string) bool {
	return strings.Contains(strings.ToLower(got), "cn="+strings.ToLower(want))
}

func path(want, got string) bool {
	p, _, _ := strings.Cut(got, "?")
	if _, rest, ok := strings.Cut(p, "://"); ok {
		if at := strings.IndexByte(rest, '/'); at >= 0 {
			p = rest[at:]
		}
	}
	return p == want
}

func contains(want, got string) bool {
	return strings.Contains(strings.ToLower(got), strings.ToLower(want))
}

// mailbox compares an address with one in angle brackets (RFC 5321 §4.1.2).
func mailbox(want, got string) bool { return strings.EqualFold(want, strings.Trim(got, "<>")) }

// unjoined compares RegisterSession with register_session and SendRRData with sendrr_data.
func unjoined(want, got string) bool {
	return folded(strings.ReplaceAll(want, "-", ""), strings.ReplaceAll(got, "_", ""))
}

// dialect compares SMB 3.1.1 with 3.11.
func dialect(want, got string) bool {
	return want == got || strings.ReplaceAll(strings.TrimPrefix(want, "SMB "), ".", "") == strings.ReplaceAll(got, ".", "")
}

// s7Function compares Read Var with read_variable.
func s7Function(want, got string) bool {
	return strings.HasPrefix(strings.ReplaceAll(got, "_", " "), strings.ToLower(want))
}

// software compares the banner of SSH with what stands in it behind the version.
func software(want, got string) bool { return strings.HasSuffix(want, strings.ToLower(got)) }
