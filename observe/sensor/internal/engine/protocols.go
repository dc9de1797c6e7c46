package engine

import (
	"bulwark/wire"
	"bulwark/wire/astm"
	"bulwark/wire/bacnet"
	"bulwark/wire/carescape"
	"bulwark/wire/dcerpc"
	"bulwark/wire/dhcp"
	"bulwark/wire/dhcp6"
	"bulwark/wire/dicom"
	"bulwark/wire/dnp3"
	"bulwark/wire/dns"
	"bulwark/wire/dpws"
	"bulwark/wire/enip"
	"bulwark/wire/ftp"
	"bulwark/wire/hl7"
	"bulwark/wire/http"
	"bulwark/wire/http2"
	"bulwark/wire/ieee11073"
	"bulwark/wire/ike"
	"bulwark/wire/imap"
	"bulwark/wire/intellivue"
	"bulwark/wire/kerberos"
	"bulwark/wire/ldap"
	"bulwark/wire/medibus"
	"bulwark/wire/modbus"
	"bulwark/wire/mqtt"
	"bulwark/wire/mysql"
	"bulwark/wire/nfs"
	"bulwark/wire/ntp"
	"bulwark/wire/pgsql"
	"bulwark/wire/poct1a"
	"bulwark/wire/pop3"
	"bulwark/wire/quic"
	"bulwark/wire/radius"
	"bulwark/wire/rdp"
	"bulwark/wire/rfb"
	"bulwark/wire/s7"
	"bulwark/wire/sip"
	"bulwark/wire/smb"
	"bulwark/wire/smtp"
	"bulwark/wire/snmp"
	"bulwark/wire/socks"
	"bulwark/wire/ssdp"
	"bulwark/wire/ssh"
	"bulwark/wire/stun"
	"bulwark/wire/syslog"
	"bulwark/wire/tds"
	"bulwark/wire/telnet"
	"bulwark/wire/tftp"
	"bulwark/wire/tls"
	"bulwark/wire/wireguard"
)

// streamProtocols are the stream protocols in the order in which they are asked.
func streamProtocols() []protocol {
	return []protocol{
		{TLS, tls.Probe, many[tlsApp]()},
		{SIP, sip.Probe, many[sipApp]()},
		{HTTP2, http2.Probe, many[http2App]()},
		{HTTP, http.Probe, many[httpApp]()},
		{SMB, smb.Probe, many[smbApp]()},
		{DCERPC, dcerpc.Probe, many[dcerpcApp]()},
		{NFS, nfs.Probe, many[nfsApp]()},
		{ONCRPC, nfs.ProbeOther, many[nfsApp]()},
		{DICOM, dicom.Probe, many[dicomApp]()},
		{HL7, hl7.Probe, many[hl7App]()},
		{IEEE11073, ieee11073.Probe, many[ieee11073App]()},
		{POCT1A, poct1a.Probe, many[poct1aApp]()},
		{ASTM, astm.Probe, many[astmApp]()},
		{MEDIBUS, medibus.Probe, many[medibusApp]()},
		{RDP, rdp.Probe, many[rdpApp]()},
		{Kerberos, kerberos.Probe, many[krb5App]()},
		{RFB, rfb.Probe, many[rfbApp]()},
		{Telnet, telnet.Probe, many[telnetApp]()},
		{PgSQL, pgsql.Probe, many[pgsqlApp]()},
		{MySQL, mysql.Probe, many[mysqlApp]()},
		{TDS, tds.Probe, func() application { return new(tdsApp) }},
		{SMTP, smtp.Probe, many[smtpApp]()},
		{FTP, ftp.Probe, many[ftpApp]()},
		{POP3, pop3.Probe, many[pop3App]()},
		{IMAP, imap.Probe, many[imapApp]()},
		{FTPData, expectedOnly, many[ftpDataApp]()},
		{SSH, ssh.Probe, many[sshApp]()},
		{Syslog, syslog.Probe, many[syslogApp]()},
		{LDAP, ldap.Probe, many[ldapApp]()},
		{RADIUS, radius.Probe, many[radiusApp]()},
		{DNP3, dnp3.Probe, many[dnp3App]()},
		{S7, s7.Probe, many[s7App]()},
		{ENIP, enip.Probe, many[enipApp]()},
		{Modbus, modbus.Probe, many[modbusApp]()},
		{MQTT, mqtt.Probe, many[mqttApp]()},
		{DNS, dns.Probe, many[dnsApp]()},
		{SOCKS, socks.Probe, many[socksApp]()},
		{LLMNR, never, many[dnsApp]()}, // DNS at its port
		{IKE, expectedOnly, many[ikeApp]()},
		{TFTP, expectedOnly, many[tftpApp]()},
		{QUIC, never, many[quicApp]()},
		{BACnet, never, many[bacnetApp]()},
		{DTLS, never, many[dtlsApp]()},
		{WebSocket, never, many[webSocketApp]()}, // behind HTTP/1
	}
}

// datagramProtocols are the datagram protocols in the order in which they are asked.
func datagramProtocols() []datagram {
	return []datagram{
		{DNS, dns.LooksLikeDNS, (*Worker).dnsDatagram},
		{QUIC, quic.Looks, (*Worker).quicDatagram},
		{DTLS, tls.LooksDTLS, (*Worker).dtlsDatagram},
		{STUN, stun.Looks, (*Worker).stunDatagram},
		{Kerberos, looksLikeKerberos, (*Worker).krb5Datagram},
		{LDAP, looksLikeLDAP, (*Worker).ldapDatagram},
		{DCERPC, looksLikeDCERPC, (*Worker).dcerpcDatagram},
		{NFS, nfs.Looks, (*Worker).nfsDatagram},
		{ONCRPC, nfs.LooksOther, (*Worker).oncrpcDatagram},
		{DHCP, dhcp.Looks, (*Worker).dhcpDatagram},
		{NBNS, looksLikeNetBIOS, (*Worker).nbnsDatagram},
		{IKE, ike.Looks, (*Worker).ikeDatagram},
		{TFTP, tftp.Looks, (*Worker).tftpDatagram},
		{NTP, ntp.Looks, (*Worker).ntpDatagram},
		{SNMP, snmp.Looks, (*Worker).snmpDatagram},
		{DNP3, dnp3.Looks, (*Worker).dnp3Datagram},
		{DHCPv6, dhcp6.Looks, (*Worker).dhcp6Datagram},
		{WSD, dpws.Looks, (*Worker).dpwsDatagram},
		{SSDP, ssdp.Looks, (*Worker).ssdpDatagram},
		{ENIP, enip.Looks, (*Worker).enipDatagram},
		{IntelliVue, intellivue.Looks, (*Worker).intellivueDatagram},
		{CARESCAPE, carescape.Looks, (*Worker).carescapeDatagram},
		{BACnet, bacnet.Looks, (*Worker).bacnetDatagram},
		{RADIUS, radius.Looks, (*Worker).radiusDatagram},
		{SIP, sip.Looks, (*Worker).sipDatagram},
		{Syslog, syslog.Looks, (*Worker).syslogDatagram},
		{WireGuard, wireguard.Looks, nil}, // nothing of it can be read
	}
}

// ported are datagram protocols that are taken on less evidence where a port is theirs (IANA registry "Service Name and
// Transport Protocol Port Number"): the same message means another thing there, or says little by itself.
func portedProtocols() []ported {
	return []ported{
		{53, datagram{DNS, dns.LooksAtPort, (*Worker).dnsDatagram}},
		{5353, datagram{MDNS, dns.LooksAtPort, (*Worker).mdnsDatagram}},
		{5355, datagram{LLMNR, dns.LooksAtPort, (*Worker).llmnrDatagram}},
		{547, datagram{DHCPv6, dhcp6.LooksAtPort, (*Worker).dhcp6Datagram}},
		{500, datagram{IKE, ike.LooksAtPort, (*Worker).ikeDatagram}},
		{portFloated, datagram{IKE, ike.LooksFloated, (*Worker).ikeDatagram}},
		{123, datagram{NTP, ntp.LooksAtPort, (*Worker).ntpDatagram}},
		{161, datagram{SNMP, snmp.LooksAtPort, (*Worker).snmpDatagram}},
		{162, datagram{SNMP, snmp.LooksAtPort, (*Worker).snmpDatagram}},
		{1812, datagram{RADIUS, radius.LooksAtPort, (*Worker).radiusDatagram}},
		{1813, datagram{RADIUS, radius.LooksAtPort, (*Worker).radiusDatagram}},
		{1645, datagram{RADIUS, radius.LooksAtPort, (*Worker).radiusDatagram}}, // before IANA gave it a port
		{1646, datagram{RADIUS, radius.LooksAtPort, (*Worker).radiusDatagram}},
		{3799, datagram{RADIUS, radius.LooksAtPort, (*Worker).radiusDatagram}}, // RFC 5176
	}
}

// portMQTT is the port of MQTT (IANA registry "Service Name and Transport Protocol Port Number").
const portMQTT = 1883

// never is the probe of a protocol that another's finds.
func never([]byte) (wire.Match, wire.Dir) { return wire.No, wire.Either }
