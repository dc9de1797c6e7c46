package event

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
