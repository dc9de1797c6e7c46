package evidence

import (
	"net/netip"
	"strconv"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
)

// flow takes who serves and uses what, and the link addresses. Those are a router's for everybody behind it, which the
// register finds out. Whatever it looks at is in the flow's [Gist] too.
func (r *Reader) flow(h *event.Header, p *event.Flow) {
	if p.SrcMAC != p.DstMAC { // else it was put in later: nobody sends frames to himself
		r.from("flow", h.Src).sure(register.Likely).say(register.MAC, p.SrcMAC)
	}
	r.from("flow", h.Src).sure(register.Likely)
	if ToMany(h.Dst) {
		r.say(register.Role, groupRole(h))
		return
	}
	r.say(register.Uses, p.App)
	asked, answers := portsOf(h, p)
	if answers != 0 {
		port := r.portName(h.Proto, answers)
		r.say(register.Port, port)
		r.from("flow", h.Dst).say(register.AsksPort, port)
		r.from("flow", h.Src)
	}
	if asked != 0 {
		r.say(register.AsksPort, r.portName(h.Proto, asked))
	}
	if p.BytesIn == 0 && p.TotalBytesIn == 0 {
		return // nobody answered: there may be nobody
	}
	r.from("flow", h.Dst)
	if p.SrcMAC != p.DstMAC {
		r.say(register.MAC, p.DstMAC)
	}
	r.say(register.Serves, p.App)
	if asked != 0 {
		r.say(register.Port, r.portName(h.Proto, asked))
	}
	if routing(h.Proto) {
		r.say(register.Role, "routing protocol")
		r.from("flow", h.Src).say(register.Role, "routing protocol")
	}
}

// refused reports whether the other side of a TCP connection did nothing but refuse it.
func refused(h *event.Header, p *event.Flow) bool {
	const syn, rst, push = 0x02, 0x04, 0x08
	if h.Proto != 6 {
		return false
	}
	return p.FlagsIn&(syn|push) == 0 || p.FlagsIn&rst != 0 && p.FlagsIn&syn == 0
}

// groupRole is what sending to a group tells of the sender; empty for nothing.
func groupRole(h *event.Header) string {
	if routing(h.Proto) {
		return "routing protocol"
	}
	if h.Proto == 17 {
		switch h.Ports.Dst {
		case 520, 521, 646, 711, 1985, 2029, 3222: // RIP, RIPng, LDP, TDP, HSRP, HSRP for IPv6, GLBP
			return "routing protocol"
		case 1900: // UPnP Device Architecture 2.0 §1
			return "searches by ssdp"
		case 5355: // RFC 4795
			return "searches by llmnr"
		}
	}
	return ""
}

// routing reports whether a protocol is one that only routers speak: EIGRP, OSPF, PIM, VRRP, IS-IS over IPv4.
func routing(proto uint8) bool {
	switch proto {
	case 88, 89, 103, 112, 124:
		return true
	}
	return false
}

// assigned reports whether the number of a port alone says something of what serves there. The list is short, so that facts
// stay few: it holds what classes of devices (content/classes) are known by and no decoder tells better.
func assigned(proto uint8, port uint16) bool {
	switch proto {
	case 6:
		switch port {
		case 21, 53, 80, 102, 389, 443, 515, 548, 554, 631, 636, 902, 1080, 1194, 1433, 1521, 1720, 1723, 1883, 2000, 2049, 2443, 2811,
			3000, 3128, 3260, 3268, 3269, 3306, 3389, 4712, 4730, 4840, 4880, 5000, 5038, 5060, 5061, 5094, 5222, 5269, 5432, 5672, 5984,
			789, 1089, 1090, 1911, 1962, 2404, 2455, 4911, 5006, 5007, 5900, 5938, 6379, 6556, 6667, 6789, 8006, 8009, 8080, 8554, 8883, 9000, 9042, 9092, 9100, 9160, 9200, 9600, 18245, 20547, 10050, 11211, 16509, 20000,
			27017, 34567, 37777, 44818, 48898, 50000, 50051, 61613, 61616:
			return true
		}
	case 17:
		switch port {
		case 69, 500, 1194, 1645, 1646, 1719, 1812, 1813, 2222, 3671, 2404, 4342, 4500, 5006, 5050, 5094, 6343, 9600, 34962, 34963, 34964, 34980, 44818, 47808, 51820:
			return true
		}
	}
	return false
}

// portName is a port as "tcp/9100". It is valid until the next of these.
func (r *Reader) portName(proto uint8, p uint16) string {
	name := "tcp/"
	if proto == 17 {
		name = "udp/"
	}
	r.port = strconv.AppendUint(append(r.port[:0], name...), uint64(p), 10)
	return event.View(r.port)
}

// rpc takes which interfaces of remote procedure calls a host answers that only a domain controller has: those of Netlogon
// ([MS-NRPC]), replication ([MS-DRSR]) and the backup of keys ([MS-BKRP]).
func (r *Reader) rpc(at netip.Addr, p *event.DCERPC) {
	if p.Fault != "" || p.Response == "" || p.Response == "FAULT" || p.Response == "BINDNACK" {
		return
	}
	for i, s := range p.Services {
		if i < len(p.Results) && p.Results[i] == "2" {
			continue
		}
		switch s {
		case "netlogon", "drsuapi", "BackupKey", "backupkey", "dsaop":
			r.from("dcerpc", at).sure(register.Certain).say(register.Role, "domain controller interface")
		case "samr":
			switch p.Operation {
			case "SamrOpenGroup", "SamrQueryInformationGroup", "SamrGetMembersInGroup", "SamrCreateGroupInDomain", "SamrAddMemberToGroup":
				r.from("dcerpc", at).sure(register.Likely).say(register.Role, "groups of a domain") // other hosts have aliases only
			}
		}
	}
}

// dhcp takes a lease: the surest sign of who is at an address.
func (r *Reader) dhcp(h *event.Header, p *event.DHCP) {
	switch p.Message {
	case "offer", "ack", "reply", "advertise":
		r.leased(p)
	case "request", "discover", "inform", "solicit", "renew":
		at := h.Src
		if a, err := netip.ParseAddr(p.Requested); err == nil && at.IsUnspecified() && p.Message == "request" {
			at = a
		}
		if at.IsUnspecified() {
			return
		}
		r.from("dhcp", at).sure(register.Likely)
		r.say(register.MAC, p.MAC)
		r.hostname(p.Hostname)
		r.say(register.DHCP, p.Params)
		r.say(register.DHCPID, p.Vendor)
	}
}

// leased takes what a DHCP server says: of itself, of the routers that it hands out, and of who has the address.
func (r *Reader) leased(p *event.DHCP) {
	if a, err := netip.ParseAddr(p.Server); err == nil {
		r.from("dhcp", a).sure(register.Certain).say(register.Role, "dhcp server")
	}
	for _, router := range p.Routers {
		if a, err := netip.ParseAddr(router); err == nil {
			r.from("dhcp", a).sure(register.Certain).say(register.Role, "default router")
		}
	}
	if p.Message != "ack" && p.Message != "reply" {
		return
	}
	if a, err := netip.ParseAddr(p.Assigned); err == nil && !a.IsUnspecified() {
		r.from("dhcp", a).sure(register.Certain)
		r.say(register.MAC, p.MAC)
		r.hostname(p.Hostname)
	}
}
