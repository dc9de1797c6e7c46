package eve

import (
	"strings"

	"bulwark/event"
)

// wantsDHCP reports whether the options leave a message in: short records tell only of leases that are given.
func (w *Writer) wantsDHCP(p *event.DHCP) bool { return !w.ShortDHCP || p.Message == "ack" }

func (w *Writer) dhcp(p *event.DHCP) {
	j := &w.j
	j.open("dhcp")
	reply := repliesDHCP(p)
	j.str("type", pick(reply, "reply", "request"))
	j.num("id", p.XID)
	j.some("client_mac", p.MAC)
	if p.Version == 6 {
		w.likeDHCP4(p)
		j.close()
		return
	}
	j.str("assigned_ip", orUnspecified(p.Assigned))
	if !w.ShortDHCP {
		j.str("client_ip", orUnspecified(p.ClientIP))
	}
	if reply && !w.ShortDHCP {
		j.str("relay_ip", orUnspecified(p.Relay))
		j.str("next_server_ip", orUnspecified(p.NextServer))
	}
	j.some("dhcp_type", p.Message)
	j.some("client_id", p.ClientID)
	j.some("hostname", p.Hostname)
	if p.Renewal != 0 {
		j.num("renewal_time", p.Renewal)
	}
	if !w.ShortDHCP {
		w.extendedDHCP(p)
	}
	j.close()
}

func repliesDHCP(p *event.DHCP) bool {
	switch p.Message {
	case "offer", "ack", "nak", "advertise", "reply", "reconfigure":
		return true
	}
	return false
}

func orUnspecified(addr string) string {
	if addr == "" {
		return "0.0.0.0"
	}
	return addr
}

// extendedDHCP writes what Suricata adds where `extended` is chosen.
func (w *Writer) extendedDHCP(p *event.DHCP) {
	j := &w.j
	j.some("requested_ip", p.Requested)
	j.some("subnet_mask", p.Subnet)
	j.some("vendor_class_identifier", p.Vendor)
	if p.Lease != 0 {
		j.num("lease_time", p.Lease)
	}
	if p.Rebinding != 0 {
		j.num("rebinding_time", p.Rebinding)
	}
	if p.Params != "" {
		j.array("params")
		for code := range strings.SplitSeq(p.Params, ",") {
			if name := paramName(code); name != "" {
				j.comma()
				j.quoted(name)
			}
		}
		j.end()
	}
	j.list("routers", p.Routers)
	j.list("dns_servers", p.Resolvers)
}

// paramName is Suricata's name of an option that is asked for; empty where it has none.
func paramName(code string) string {
	switch code {
	case "1":
		return "subnet_mask"
	case "3":
		return "router"
	case "6":
		return "dns_server"
	case "15":
		return "domain"
	case "35":
		return "arp_timeout"
	case "42":
		return "ntp_server"
	case "66":
		return "tftp_server_name"
	case "150":
		return "tftp_server_ip"
	}
	return ""
}

// dhcp6 writes what DHCPv6 has beyond version 4.
func (w *Writer) dhcp6(p *event.DHCP) {
	j := &w.j
	j.open(ours)
	j.num("version", 6)
	j.some("server_id", p.ServerDUID)
	j.list("assigned_ips", p.Leases)
	j.some("relay_type", p.RelayType)
	j.close()
}

// likeDHCP4 writes a message of DHCPv6, which Suricata does not have, with the fields of version 4.
func (w *Writer) likeDHCP4(p *event.DHCP) {
	j := &w.j
	if len(p.Leases) > 0 {
		j.str("assigned_ip", p.Leases[0])
	}
	j.some("dhcp_type", p.Message)
	j.some("client_id", p.ClientID)
	j.some("hostname", p.FQDN)
	j.some("relay_ip", p.Relay)
	j.some("vendor_class_identifier", p.Vendor)
	if p.Lease != 0 {
		j.num("lease_time", p.Lease)
	}
	j.list("dns_servers", p.Resolvers)
}
