package engine

import (
	"bulwark/wire/astm"
	"bulwark/wire/dhcp"
	"bulwark/wire/dicom"
	"bulwark/wire/dns"
	"bulwark/wire/hl7"
	"bulwark/wire/http"
	"bulwark/wire/kerberos"
	"bulwark/wire/ldap"
	"bulwark/wire/smb"
	"bulwark/wire/ssh"
	"bulwark/wire/tls"
)

// streamProtocols are the stream protocols in the order in which they are asked.
func streamProtocols() []protocol {
	return []protocol{
		{TLS, tls.Probe, func() application { return new(tlsApp) }},
		{HTTP, http.Probe, func() application { return new(httpApp) }},
		{SMB, smb.Probe, func() application { return new(smbApp) }},
		{DICOM, dicom.Probe, func() application { return new(dicomApp) }},
		{HL7, hl7.Probe, func() application { return new(hl7App) }},
		{ASTM, astm.Probe, func() application { return new(astmApp) }},
		{Kerberos, kerberos.Probe, func() application { return new(krb5App) }},
		{SSH, ssh.Probe, func() application { return new(sshApp) }},
		{LDAP, ldap.Probe, func() application { return new(ldapApp) }},
		{DNS, dns.Probe, func() application { return new(dnsApp) }},
	}
}

// datagramProtocols are the datagram protocols in the order in which they are asked.
func datagramProtocols() []datagram {
	return []datagram{
		{DNS, dns.LooksLikeDNS, (*Worker).dnsDatagram},
		{Kerberos, looksLikeKerberos, (*Worker).krb5Datagram},
		{LDAP, looksLikeLDAP, (*Worker).ldapDatagram},
		{DHCP, dhcp.Looks, (*Worker).dhcpDatagram},
	}
}
