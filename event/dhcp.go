package event

// DHCP is one message of a lease of IPv4 (RFC 2131) or IPv6 (RFC 8415).
type DHCP struct {
	Message    string   // discover, offer, request, ack, nak, inform, release, decline; of IPv6 solicit, advertise, request, renew, reply...
	XID        uint64   // transaction id
	MAC        string   // of the client
	ClientID   string   // client identifier (option 61); of IPv6 the DUID
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
	Renewal    uint64   // seconds until the client asks its server to go on
	Rebinding  uint64   // seconds until it asks any server
	Version    uint64   // 6 for IPv6; 0 for IPv4
	Leases     []string // of IPv6: addresses, and prefixes with their length, that are asked for, offered or given
	Enterprise uint64   // IANA number of the maker of the client's system, of IPv6
	Relays     uint64   // relays that passed the message on, of IPv6
	Peer       string   // who spoke to the first relay, of IPv6
	Status     uint64   // status code of IPv6; 0: success
	Port       string   // port of the client at its relay or switch, as that tells
	BootFile   string   // what to boot
	RelayType  string   // message of the relay that passed the message on, of IPv6: relay-forw or relay-repl
	ServerDUID string   // identifier of the server, of IPv6
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
	c.num(20, "dhcp.renewal_dur", &p.Renewal)
	c.num(21, "dhcp.rebinding_dur", &p.Rebinding)
	c.num(22, "dhcp.ip_version", &p.Version)
	c.strs(23, "dhcp.leases", &p.Leases)
	c.num(24, "dhcp.enterprise_id", &p.Enterprise)
	c.num(25, "dhcp.relay_count", &p.Relays)
	c.str(26, "dhcp.peer_ip", &p.Peer)
	c.num(27, "dhcp.status_id", &p.Status)
	c.str(28, "relay.port", &p.Port)
	c.str(29, "dhcp.boot_file", &p.BootFile)
	c.str(30, "relay.activity_name", &p.RelayType)
	c.str(31, "dhcp.server_duid", &p.ServerDUID)
}
