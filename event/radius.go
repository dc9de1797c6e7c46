package event

// RADIUS is one message between a switch, an access point or a gateway (the NAS) and the server that says who may come in
// (RFC 2865), is told who is there (RFC 2866), or tells to let somebody go (RFC 5176). A message that is sent again is told
// once. Passwords, answers to challenges, keys and what the server lets the NAS carry for it are never told.
type RADIUS struct {
	Activity     string   // access_request, access_accept, access_reject, access_challenge, accounting_request, accounting_response, disconnect_request, coa_request, ..._ack, ..._nak, status_server
	ID           uint64   // identifier; an answer has that of its request
	User         string   // who
	MAC          string   // hardware address of the device that comes in (Calling-Station-Id)
	Calling      string   // from where, when it is no hardware address: a telephone number, an address
	CalledMAC    string   // hardware address of the radio or port that it comes in at (Called-Station-Id)
	Called       string   // what it reached, when it is no hardware address
	SSID         string   // name of the wireless network
	NASID        string   // name of the NAS, by its own word
	NAS          string   // address of the NAS, by its own word
	NASPort      uint64   // number of its port
	NASPortID    string   // name of its port
	PortType     string   // ethernet, wireless 802.11, virtual (VPN, administration)...
	Service      string   // what is asked for or granted: login, framed, administrative, call check...
	Protocol     string   // how the user proves itself: PAP, CHAP, MS-CHAP, MS-CHAPv2, MAC, digest, or a type of EAP
	EAP          string   // packet of EAP: request, response, success or failure, and its type
	EAPIdentity  string   // outer identity that EAP tells in clear
	EAPWants     []string // types of EAP that a device would rather have than the one it was offered
	JA4          string   // fingerprint of the device's TLS within EAP
	ServerName   string   // name that it asks for there (SNI)
	Signed       bool     // a Message-Authenticator is there. A request for access without one can be answered by a forger (CVE-2024-3596)
	IP           string   // address of the user (Framed-IP-Address, or that of IPv6)
	Prefix       string   // prefix of IPv6 of the user
	VLAN         string   // number or name of the VLAN that is granted (RFC 3580)
	Filter       string   // filter that is granted
	Timeout      uint64   // seconds that are granted
	Vendors      []string // attributes of makers, name=value: roles, groups, VLANs, access lists, locations
	Text         string   // what the user is told, or why a request was refused
	Status       string   // of accounting: start, stop, interim, on, off, failed
	Session      string   // session id of accounting
	MultiSession string   // id that all sessions of one user share
	BytesIn      uint64   // bytes from the user
	BytesOut     uint64   // bytes to the user
	PacketsIn    uint64   // packets from the user
	PacketsOut   uint64   // packets to the user
	Duration     uint64   // seconds that the session lasts
	Cause        string   // why it ended
	Latency      uint64   // nanoseconds from the request to its answer, where both were seen
	Again        uint64   // how often the request was sent again before this answer
	Connect      string   // speed and radio, as the NAS tells
}

func (*RADIUS) Kind() Kind { return KindRADIUS }
func (p *RADIUS) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.num(2, "transaction_uid", &p.ID)
	c.str(3, "user.name", &p.User)
	c.str(4, "device.mac", &p.MAC)
	c.str(5, "radius.calling_station", &p.Calling)
	c.str(6, "radius.called_mac", &p.CalledMAC)
	c.str(7, "radius.called_station", &p.Called)
	c.str(8, "radius.ssid", &p.SSID)
	c.str(9, "radius.nas_id", &p.NASID)
	c.str(10, "radius.nas_ip", &p.NAS)
	c.num(11, "radius.nas_port", &p.NASPort)
	c.str(12, "radius.nas_port_id", &p.NASPortID)
	c.str(13, "radius.nas_port_type", &p.PortType)
	c.str(14, "radius.service_type", &p.Service)
	c.str(15, "auth_protocol", &p.Protocol)
	c.str(16, "radius.eap", &p.EAP)
	c.str(17, "radius.eap_identity", &p.EAPIdentity)
	c.strs(18, "radius.eap_wants", &p.EAPWants)
	c.str(19, "tls.ja4.value", &p.JA4)
	c.str(20, "tls.sni", &p.ServerName)
	c.truth(21, "radius.is_signed", &p.Signed)
	c.str(22, "device.ip", &p.IP)
	c.str(23, "radius.ipv6_prefix", &p.Prefix)
	c.str(24, "radius.vlan", &p.VLAN)
	c.str(25, "radius.filter", &p.Filter)
	c.num(26, "radius.session_timeout", &p.Timeout)
	c.strs(27, "radius.vendor_attributes", &p.Vendors)
	c.str(28, "status_detail", &p.Text)
	c.str(29, "radius.status", &p.Status)
	c.str(30, "session.uid", &p.Session)
	c.str(31, "radius.multi_session", &p.MultiSession)
	c.num(32, "radius.bytes_in", &p.BytesIn)
	c.num(33, "radius.bytes_out", &p.BytesOut)
	c.num(34, "radius.packets_in", &p.PacketsIn)
	c.num(35, "radius.packets_out", &p.PacketsOut)
	c.num(36, "radius.session_time", &p.Duration)
	c.str(37, "radius.terminate_cause", &p.Cause)
	c.num(38, "response_time", &p.Latency)
	c.num(39, "radius.retransmissions", &p.Again)
	c.str(40, "radius.connect_info", &p.Connect)
}
