package event

// Flow is one conversation between two ends, or, while it lasts, what it did since the flow event before.
// Src is the end that began it. "Out" counts from Src to Dst.
type Flow struct {
	Activity      string   // Traffic while it lasts, Close at its end (OCSF 4001 activity_name)
	App           string   // application protocol by content; empty when not recognised
	Start         uint64   // unix nanoseconds of the first packet
	Duration      uint64   // nanoseconds from the first packet to the last
	PacketsOut    uint64   // packets Src sent since the last flow event of this flow
	PacketsIn     uint64   // packets Dst sent since the last flow event of this flow
	BytesOut      uint64   // bytes of those packets on the wire, with all headers
	BytesIn       uint64   // bytes of those packets on the wire, with all headers
	State         string   // new, established or closed
	Reason        string   // why it ended, as EVE says: timeout, forced (to make room), shutdown (nothing more is watched)
	FlagsOut      uint64   // TCP flags seen from Src, or-ed
	FlagsIn       uint64   // TCP flags seen from Dst, or-ed
	OneSided      bool     // only one direction is seen although the conversation needs both
	LostOut       uint64   // payload bytes from Src that were never seen
	LostIn        uint64   // payload bytes from Dst that were never seen
	SrcMAC        string   // link address of Src as seen here (the router's, when routed)
	DstMAC        string   // link address of Dst as seen here
	CommunityID   string   // community id version 1, seed 0
	TotalOut      uint64   // packets Src sent in the whole flow, on the last event of a flow that had others
	TotalIn       uint64   // packets Dst sent in the whole flow, likewise
	TotalBytesOut uint64   // bytes Src sent in the whole flow, likewise
	TotalBytesIn  uint64   // bytes Dst sent in the whole flow, likewise
	Midstream     bool     // the beginning of the TCP connection was not seen
	TCPState      string   // how far the TCP connection was at the end, as EVE names it; when captures are read
	ICMPReply     uint64   // type << 8 | code of the first ICMP message of Dst
	AppBefore     string   // the protocol that led to this one: a proxy's, or one with STARTTLS
	TTLOut        []string // least and greatest time to live of what Src sent; when EVE is written
	TTLIn         []string // likewise of Dst
	SrcMACs       []string // all link addresses of Src, where there were several; when EVE is written
	DstMACs       []string // likewise of Dst
	AppOut        string   // what Src speaks, where that is another protocol than the flow's; when EVE is written
	AppIn         string   // what Dst speaks, likewise: a mail server behind a client of TLS
	Transactions  uint64   // transactions that the application protocol told of, at the end; when EVE is written
	Alerted       bool     // a traffic rule matched in it
	Passed        bool     // a traffic rule let it pass: no others were asked from then on
	Exporter      string   // address of the switch, router, firewall or other sensor that told it (NetFlow, IPFIX, sFlow, EVE, Zeek); empty: our sensor saw it
	Sampling      uint64   // one packet of that many was looked at, and the counts are estimates; 1: all of them; of exporters
}

func (*Flow) Kind() Kind { return KindFlow }
func (p *Flow) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "app_name", &p.App)
	c.num(3, "start_time", &p.Start)
	c.num(4, "duration", &p.Duration)
	c.num(5, "traffic.packets_out", &p.PacketsOut)
	c.num(6, "traffic.packets_in", &p.PacketsIn)
	c.num(7, "traffic.bytes_out", &p.BytesOut)
	c.num(8, "traffic.bytes_in", &p.BytesIn)
	c.str(9, "connection_info.state", &p.State)
	c.str(10, "connection_info.end_reason", &p.Reason)
	c.num(11, "connection_info.tcp_flags_out", &p.FlagsOut)
	c.num(12, "connection_info.tcp_flags_in", &p.FlagsIn)
	c.truth(13, "connection_info.is_one_sided", &p.OneSided)
	c.num(14, "traffic.bytes_missed_out", &p.LostOut)
	c.num(15, "traffic.bytes_missed_in", &p.LostIn)
	c.str(16, "src_endpoint.mac", &p.SrcMAC)
	c.str(17, "dst_endpoint.mac", &p.DstMAC)
	c.str(18, "connection_info.community_uid", &p.CommunityID)
	c.num(19, "traffic.total_packets_out", &p.TotalOut)
	c.num(20, "traffic.total_packets_in", &p.TotalIn)
	c.num(21, "traffic.total_bytes_out", &p.TotalBytesOut)
	c.num(22, "traffic.total_bytes_in", &p.TotalBytesIn)
	c.truth(23, "connection_info.is_midstream", &p.Midstream)
	c.str(24, "connection_info.tcp_state", &p.TCPState)
	c.zero(25, "connection_info.icmp_reply", &p.ICMPReply)
	c.str(26, "app_name_before", &p.AppBefore)
	c.strs(27, "traffic.ttl_out", &p.TTLOut)
	c.strs(28, "traffic.ttl_in", &p.TTLIn)
	c.strs(29, "src_endpoint.macs", &p.SrcMACs)
	c.strs(30, "dst_endpoint.macs", &p.DstMACs)
	c.str(31, "app_name_out", &p.AppOut)
	c.str(32, "app_name_in", &p.AppIn)
	c.num(33, "traffic.transactions", &p.Transactions)
	c.truth(34, "alert.raised", &p.Alerted)
	c.truth(35, "alert.passed", &p.Passed)
	c.str(36, "flow.exporter_ip", &p.Exporter)
	c.num(37, "flow.sampling", &p.Sampling)
}
