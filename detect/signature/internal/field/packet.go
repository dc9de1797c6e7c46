package field

// packets are the headers of packets, and what names their ends.
func packets() []Field {
	var f family
	for _, name := range []string{
		"ether.hdr", "arp.hdr", "ipv4.hdr", "ipv6.hdr", "tcp.hdr", "udp.hdr", "icmpv4.hdr", "icmpv6.hdr", "igmp.hdr", "sctp.hdr", "sctp.data",
		"sctp.chunk_data", "ip.src", "ip.dst",
	} {
		f.bytes(either, name)
		f.fields[len(f.fields)-1].Packet = true
	}
	return f.fields
}
