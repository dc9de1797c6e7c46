package engine

import (
	"bulwark/event"
	"bulwark/wire/netbios"
)

// datagramPayloads are the payloads of the small datagram protocols, with the messages that they are filled from.
type datagramPayloads struct {
	arp          event.ARP
	mdns         event.MDNS
	nbns         event.NBNS
	nbnsMessage  netbios.Message
	nbnsDatagram netbios.Datagram
}
