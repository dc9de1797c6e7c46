package event

// ARP is one message of the Address Resolution Protocol (RFC 826). Src is the address of its sender, Dst the one asked for.
// Of messages that say the same again one an hour is told, unless all of a capture is.
type ARP struct {
	Operation  string // request, reply, request_reverse, reply_reverse or unknown
	SrcMAC     string // link address that the sender says it has
	DstMAC     string // link address of the target; zeros where it is asked for
	Gratuitous bool   // the sender tells its own address, asked by nobody
	Probe      bool   // the sender asks whether anybody has the address that it wants
	FrameMAC   string // link address that the frame came from, where it is not the sender's
	OtherMAC   string // link address that claimed Src before, within the last hour: the address moved, or two hosts claim it
}

func (*ARP) Kind() Kind { return KindARP }
func (p *ARP) fields(c *coder) {
	c.str(1, "arp.operation", &p.Operation)
	c.str(2, "src_endpoint.mac", &p.SrcMAC)
	c.str(3, "dst_endpoint.mac", &p.DstMAC)
	c.truth(4, "arp.is_gratuitous", &p.Gratuitous)
	c.truth(5, "arp.is_probe", &p.Probe)
	c.str(6, "arp.frame_mac", &p.FrameMAC)
	c.str(7, "arp.other_mac", &p.OtherMAC)
}
