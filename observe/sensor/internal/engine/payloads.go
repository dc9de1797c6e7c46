package engine

import (
	"bulwark/event"
	"bulwark/wire/dhcp6"
	"bulwark/wire/ike"
	"bulwark/wire/netbios"
	"bulwark/wire/ntp"
	"bulwark/wire/snmp"
	"bulwark/wire/tftp"
)

// datagramPayloads are the payloads of the small datagram protocols, with the messages that they are filled from.
type datagramPayloads struct {
	arp          event.ARP
	dhcp6Message dhcp6.Message
	mdns         event.MDNS
	nbns         event.NBNS
	ntp          event.NTP
	ntpMessage   ntp.Message
	snmp         event.SNMP
	ike          event.IKE
	ikeMessage   ike.Message
	tftp         event.TFTP
	tftpMessage  tftp.Message
	snmpMessage  snmp.Message
	nbnsMessage  netbios.Message
	nbnsDatagram netbios.Datagram
}
