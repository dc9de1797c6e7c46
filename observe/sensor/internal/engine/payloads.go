package engine

import (
	"bulwark/event"
	"bulwark/wire/dhcp6"
	"bulwark/wire/ike"
	"bulwark/wire/netbios"
	"bulwark/wire/ntp"
	"bulwark/wire/radius"
	"bulwark/wire/snmp"
	"bulwark/wire/tftp"
	"bulwark/wire/tls"
)

// datagramPayloads are the payloads of the small datagram protocols, with the messages that they are filled from.
type datagramPayloads struct {
	arp           event.ARP
	dhcp6Message  dhcp6.Message
	mdns          event.MDNS
	nbns          event.NBNS
	ntp           event.NTP
	ntpMessage    ntp.Message
	snmp          event.SNMP
	ike           event.IKE
	ikeMessage    ike.Message
	tftp          event.TFTP
	tftpMessage   tftp.Message
	snmpMessage   snmp.Message
	radius        event.RADIUS
	radiusMessage radius.Message
	radiusHello   tls.ClientHello
	radiusJA4     tls.JA4
	nbnsMessage   netbios.Message
	nbnsDatagram  netbios.Datagram
}
