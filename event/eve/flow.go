package eve

import (
	"time"

	"bulwark/event"
)

func (w *Writer) flow(e *event.Event, p *event.Flow) {
	j := &w.j
	if p.App != "" {
		j.str("app_proto", p.App)
	}
	j.some("app_proto_ts", p.AppOut)
	j.some("app_proto_tc", p.AppIn)
	j.some("app_proto_orig", p.AppBefore)
	out, in, bytesOut, bytesIn := totals(p)
	end := int64(p.Start + p.Duration)
	j.open("flow")
	j.num("pkts_toserver", out)
	j.num("pkts_toclient", in)
	j.num("bytes_toserver", bytesOut)
	j.num("bytes_toclient", bytesIn)
	j.time("start", int64(p.Start))
	j.time("end", end)
	j.num("age", uint64(time.Unix(0, end).Unix()-time.Unix(0, int64(p.Start)).Unix()))
	j.str("state", p.State)
	j.some("reason", p.Reason)
	j.truth("alerted", p.Alerted)
	j.count("tx_cnt", p.Transactions)
	if p.Passed {
		j.str("action", "pass")
	}
	w.exception(e, p)
	j.close()
	if p.SrcMAC != "" && w.Ethernet {
		j.open("ether")
		j.list("dest_macs", all(p.DstMACs, p.DstMAC))
		j.list("src_macs", all(p.SrcMACs, p.SrcMAC))
		j.close()
	}
	if e.Proto == 6 {
		w.tcp(p)
	}
}

// exception writes what was done with a connection that was met in its middle: Suricata's exception policies, of which a
// watcher has this one alone.
func (w *Writer) exception(e *event.Event, p *event.Flow) {
	if w.Midstream == "" || e.Proto != tcp || !p.Midstream {
		return
	}
	j := &w.j
	j.array("exception_policy")
	j.comma()
	j.open("")
	j.str("target", "stream_midstream")
	j.str("policy", w.Midstream)
	j.close()
	j.end()
}

func all(list []string, one string) []string {
	if len(list) == 0 {
		return []string{one}
	}
	return list
}

func (w *Writer) tcp(p *event.Flow) {
	j := &w.j
	all := p.FlagsOut | p.FlagsIn
	j.open("tcp")
	j.str("tcp_flags", hex2(all))
	j.str("tcp_flags_ts", hex2(p.FlagsOut))
	j.str("tcp_flags_tc", hex2(p.FlagsIn))
	w.flags(all)
	j.some("state", p.TCPState)
	j.num("ts_max_regions", 1) // what waits of a direction stands in one list
	j.num("tc_max_regions", 1)
	if p.LostOut > 0 {
		j.truth("ts_gap", true)
	}
	if p.LostIn > 0 {
		j.truth("tc_gap", true)
	}
	j.close()
}

// flags writes the TCP flags that are set.
func (w *Writer) flags(set uint64) {
	for i, name := range [...]string{"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"} {
		if set>>i&1 != 0 {
			w.j.truth(name, true)
		}
	}
}

func hex2(n uint64) string { return string([]byte{hexDigits[n>>4&15], hexDigits[n&15]}) }

const hexDigits = "0123456789abcdef"
