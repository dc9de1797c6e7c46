package rule

import "strings"

// transports are the protocols of packets that a header may name.
var transports = map[string]Proto{
	"tcp": {Transport: 6}, "tcp-pkt": {Transport: 6, PktOnly: true}, "tcp-stream": {Transport: 6, Streams: true},
	"udp": {Transport: 17}, "icmp": {Transport: 1}, "icmpv4": {Transport: 1, V4: true}, "icmp4": {Transport: 1, V4: true}, "icmpv6": {Transport: 58, V6: true},
	"icmp6": {Transport: 58, V6: true}, "sctp": {Transport: 132}, "ip": {}, "ipv4": {V4: true}, "ip4": {V4: true}, "ipv6": {V6: true}, "ip6": {V6: true},
	"pkthdr": {Decoded: true}, "ether": {}, "arp": {}, "esp": {Transport: 50}, "gre": {Transport: 47}, "ah": {Transport: 51},
}

// apps are the protocols of applications that a header may name, by EVE's name, with the transports that carry them (6,
// 17; 0: both) and the port that stands for them by custom.
var apps = map[string]uint8{
	"http": 6, "http1": 6, "http2": 6, "ftp": 6, "ftp-data": 6, "smtp": 6, "tls": 6, "ssh": 6, "imap": 6, "pop3": 6, "telnet": 6, "smb": 6,
	"dcerpc": 0, "dns": 0, "mdns": 17, "llmnr": 17, "doh2": 6, "modbus": 6, "enip": 0, "dnp3": 6, "nfs": 0, "ntp": 17, "tftp": 17, "ike": 17,
	"krb5": 0, "quic": 17, "dhcp": 17, "sip": 0, "rfb": 6, "mqtt": 6, "pgsql": 6, "websocket": 6, "ldap": 0, "rdp": 6, "snmp": 17,
	"bittorrent-dht": 17, "irc": 6, "jabber": 6, "msn": 6, "mysql": 6, "radius": 17, "tds": 6, "socks": 6, "syslog": 0, "nbns": 17,
	"dicom": 6, "hl7": 6, "astm": 6, "poct1a": 6, "ieee11073": 0, "intellivue": 0, "carescape": 0, "medibus": 0, "wsd": 0,
	"s7": 6, "bacnet": 17, "dhcpv6": 17, "oncrpc": 0, "dtls": 17, "stun": 0, "wireguard": 17,
}

// appNames are other names of applications' protocols.
var appNames = map[string]string{
	"ssl": "tls", "dcerpc_udp": "dcerpc", "dcerpc_tcp": "dcerpc", "bittorrent": "bittorrent-dht", "krb5_tcp": "krb5", "krb5_udp": "krb5",
	"dns_udp": "dns", "dns_tcp": "dns", "nfs_tcp": "nfs", "nfs_udp": "nfs", "ikev1": "ike", "ikev2": "ike", "kerberos": "krb5", "pop": "pop3", "netbios": "nbns", "dpws": "wsd",
}

// protocol reads the protocol of a header.
func protocol(name string) (Proto, bool) {
	name = strings.ToLower(name)
	if p, ok := transports[name]; ok {
		p.Name = name
		return p, true
	}
	app, ok := appNames[name]
	if !ok {
		app = name
	}
	transport, ok := apps[app]
	return Proto{Name: name, Transport: transport, App: app}, ok
}

// carries reports whether a transport carries an application's protocol.
func carries(app string, transport uint8) bool {
	t, ok := apps[app]
	return !ok || t == 0 || t == transport
}

// common is the protocol of a rule that keywords of both a and b stand in.
func common(a, b string) (string, bool) {
	for _, p := range [][2]string{{a, b}, {b, a}} {
		switch wide, narrow := p[0], p[1]; {
		case wide == narrow:
			return a, true
		case wide == "http" && (narrow == "http1" || narrow == "http2" || narrow == "doh2" || narrow == "websocket"):
			return narrow, true
		case wide == "dcerpc" && narrow == "smb": // calls over pipes
			return narrow, true
		case wide == "dns" && narrow == "doh2", wide == "http2" && narrow == "doh2":
			return narrow, true
		}
	}
	return "", false
}
