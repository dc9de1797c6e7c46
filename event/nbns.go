package event

// NBNS is one message of NetBIOS over UDP (RFC 1001, RFC 1002): of the name service, or of the datagram service, by which
// servers announce themselves.
type NBNS struct {
	Activity  string   // Query, Response, Registration, Refresh, Release, Wait, Status (all names of a node), Datagram, Announcement
	ID        uint64   // transaction id
	Name      string   // the name that it is about; of a datagram the name it goes to; * for every host
	Suffix    string   // last byte of the name in hexadecimal: 00, 1c, 20...
	Use       string   // what such a name is for: workstation, domain, domain controllers, file server...
	Group     bool     // several hosts may have the name
	Scope     string   // NetBIOS scope; nearly always empty
	Broadcast bool     // sent to all
	Answered  bool     // it answers a registration, a refresh or a release
	Rcode     uint64   // response code: 0 no error, 3 no such name, 5 refused, 6 the name is another's, 7 in conflict
	Addresses []string // addresses of the name
	Node      string   // type of the node: B broadcasts, P asks a server, M and H do both
	TTL       uint64   // seconds
	Names     []string // names of a node, with what each is for: "PUMP-7 file server"
	MAC       string   // hardware address that the node tells
	From      string   // name of the sender of a datagram
	Mailslot  string   // mailslot that a datagram goes to
	Announces string   // kind of the announcement: host announcement, domain announcement, local master announcement, election
	Host      string   // host or domain that it announces
	Software  string   // version of the system: 6.1
	Serves    []string // what it serves: domain controller, print server, sql server...
	Comment   string   // what the server says of itself; of a domain its master browser
}

func (*NBNS) Kind() Kind { return KindNBNS }
func (p *NBNS) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.num(2, "transaction_uid", &p.ID)
	c.str(3, "nbns.name", &p.Name)
	c.str(4, "nbns.suffix", &p.Suffix)
	c.str(5, "nbns.use", &p.Use)
	c.truth(6, "nbns.is_group", &p.Group)
	c.str(7, "nbns.scope", &p.Scope)
	c.truth(8, "nbns.is_broadcast", &p.Broadcast)
	c.truth(9, "nbns.is_response", &p.Answered)
	c.num(10, "rcode_id", &p.Rcode)
	c.strs(11, "nbns.addresses", &p.Addresses)
	c.str(12, "nbns.node_type", &p.Node)
	c.num(13, "nbns.ttl", &p.TTL)
	c.strs(14, "nbns.names", &p.Names)
	c.str(15, "device.mac", &p.MAC)
	c.str(16, "nbns.from", &p.From)
	c.str(17, "nbns.mailslot", &p.Mailslot)
	c.str(18, "nbns.announces", &p.Announces)
	c.str(19, "device.hostname", &p.Host)
	c.str(20, "device.software_version", &p.Software)
	c.strs(21, "nbns.serves", &p.Serves)
	c.str(22, "nbns.comment", &p.Comment)
}
