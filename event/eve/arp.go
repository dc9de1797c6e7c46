package eve

import "bulwark/event"

func (w *Writer) arp(e *event.Event, p *event.ARP) {
	j := &w.j
	j.open("arp")
	j.str("hw_type", "ethernet")
	j.str("proto_type", "ipv4")
	j.str("opcode", p.Operation)
	j.str("src_mac", p.SrcMAC)
	if e.Src.IsValid() {
		j.addr("src_ip", e.Src, false)
	}
	j.str("dest_mac", p.DstMAC)
	if e.Dst.IsValid() {
		j.addr("dest_ip", e.Dst, false)
	}
	j.close()
}
