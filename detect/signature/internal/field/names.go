package field

// dns are the fields of the name service and of its kin without a server.
func dns() []Field {
	f := family{app: "dns"}
	f.many(toServer, "dns.query", "dns_query")
	f.many(either, "dns.query.name")
	f.many(either, "dns.answer.name")
	f.records("dns")
	f.number(either, 8, count(0, "query", "iquery", "status", "", "notify", "update", "dso"), "dns.opcode")
	f.number(either, 16, rcodes(), "dns.rcode")
	f.numbers(either, 16, RRTypes(), "dns.rrtype")

	f.app = "mdns"
	f.records("mdns")
	f.app = "llmnr"
	f.records("llmnr")
	return f.fields
}

// records adds the names in the sections of a message.
func (f *family) records(app string) {
	for _, section := range []string{"queries", "answers", "authorities", "additionals", "response"} {
		f.many(either, app+"."+section+".rrname")
	}
}

func rcodes() map[string]uint64 {
	return count(0, "noerror", "formerr", "servfail", "nxdomain", "notimp", "refused", "yxdomain", "yxrrset", "nxrrset", "notauth",
		"notzone", "dsotypeni", "", "", "", "", "badvers", "badkey", "badtime", "badmode", "badname", "badalg", "badtrunc", "badcookie")
}

// RRTypes are the names of types of records.
func RRTypes() map[string]uint64 {
	return map[string]uint64{
		"a": 1, "ns": 2, "md": 3, "mf": 4, "cname": 5, "soa": 6, "mb": 7, "mg": 8, "mr": 9, "null": 10, "wks": 11, "ptr": 12, "hinfo": 13,
		"minfo": 14, "mx": 15, "txt": 16, "rp": 17, "afsdb": 18, "x25": 19, "isdn": 20, "rt": 21, "nsap": 22, "nsapptr": 23, "sig": 24,
		"key": 25, "px": 26, "gpos": 27, "aaaa": 28, "loc": 29, "nxt": 30, "srv": 33, "atma": 34, "naptr": 35, "kx": 36, "cert": 37,
		"a6": 38, "dname": 39, "opt": 41, "apl": 42, "ds": 43, "sshfp": 44, "ipseckey": 45, "rrsig": 46, "nsec": 47, "dnskey": 48,
		"dhcid": 49, "nsec3": 50, "nsec3param": 51, "tlsa": 52, "smimea": 53, "hip": 55, "cds": 59, "cdnskey": 60, "openpgpkey": 61,
		"csync": 62, "zonemd": 63, "svcb": 64, "https": 65, "spf": 99, "eui48": 108, "eui64": 109, "tkey": 249, "tsig": 250,
		"ixfr": 251, "axfr": 252, "mailb": 253, "maila": 254, "any": 255, "uri": 256, "caa": 257,
	}
}

func dhcp() []Field {
	f := family{app: "dhcp"}
	f.number(either, 64, nil, "dhcp.leasetime")
	f.number(either, 64, nil, "dhcp.rebinding_time")
	f.number(either, 64, nil, "dhcp.renewal_time")
	return f.fields
}

func ntp() []Field {
	f := family{app: "ntp"}
	f.number(either, 8, nil, "ntp.version")
	f.number(either, 8, nil, "ntp.stratum")
	f.number(either, 8, count(0, "reserved", "symmetric_active", "symmetric_passive", "client", "server", "broadcast", "control", "private"),
		"ntp.mode")
	f.bytes(either, "ntp.reference_id")
	return f.fields
}

func snmp() []Field {
	f := family{app: "snmp"}
	f.number(either, 32, nil, "snmp.version")
	f.bytes(either, "snmp.community")
	f.bytes(either, "snmp.usm")
	f.number(either, 32, count(0, "get_request", "get_next_request", "response", "set_request", "trap_v1", "get_bulk_request",
		"inform_request", "trap_v2", "report"), "snmp.pdu_type")
	f.number(either, 32, count(0, "coldstart", "warmstart", "linkdown", "linkup", "authenticationfailure", "egpneighborloss",
		"enterprisespecific"), "snmp.trap_type", "snmp.trap_generic")
	f.bytes(either, "snmp.trap_oid")
	f.bytes(either, "snmp.trap_address")
	return f.fields
}
