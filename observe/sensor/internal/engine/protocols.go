package engine

import (
	"bulwark/wire/dns"
)

// streamProtocols are the stream protocols in the order in which they are asked.
func streamProtocols() []protocol {
	return []protocol{
		{DNS, dns.Probe, func() application { return new(dnsApp) }},
	}
}

// datagramProtocols are the datagram protocols in the order in which they are asked.
func datagramProtocols() []datagram {
	return []datagram{
		{DNS, dns.LooksLikeDNS, (*Worker).dnsDatagram},
	}
}
