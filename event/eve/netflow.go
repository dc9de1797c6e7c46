package eve

import (
	"slices"
	"time"

	"bulwark/event"
)

// netflows writes a flow as Suricata's netflow records, one for each direction that was seen, beside its flow record
// where that is asked for too.
func (w *Writer) netflows(dst []byte, e *event.Event, p *event.Flow) []byte {
	if p.Activity != "Close" {
		return dst
	}
	line := func() {
		if n := len(dst); n > 0 && dst[n-1] == '}' {
			dst = append(dst, '\n')
		}
	}
	if slices.Contains(w.Types, "flow") {
		dst = w.one(dst, e, "flow")
	}
	out, in, bytesOut, bytesIn := totals(p)
	line()
	dst = w.netflow(dst, e, p, direction{out, bytesOut, p.FlagsOut, p.TTLOut})
	if in > 0 {
		back := *e
		back.Src, back.Dst, back.Ports = e.Dst, e.Src, event.Ports{Src: e.Ports.Dst, Dst: e.Ports.Src}
		line()
		dst = w.netflow(dst, &back, p, direction{in, bytesIn, p.FlagsIn, p.TTLIn})
	}
	return dst
}

// totals are the packets and bytes of the whole flow, from Src and from Dst.
func totals(p *event.Flow) (out, in, bytesOut, bytesIn uint64) {
	if p.TotalOut+p.TotalIn > 0 {
		return p.TotalOut, p.TotalIn, p.TotalBytesOut, p.TotalBytesIn
	}
	return p.PacketsOut, p.PacketsIn, p.BytesOut, p.BytesIn
}

// direction is what one end sent.
type direction struct {
	packets, bytes, flags uint64
	ttl                   []string
}

func (w *Writer) netflow(dst []byte, e *event.Event, p *event.Flow, d direction) []byte {
	w.head(dst, e, "netflow")
	w.notes(e)
	j := &w.j
	j.some("app_proto", p.App)
	end := int64(p.Start + p.Duration)
	j.open("netflow")
	j.num("pkts", d.packets)
	j.num("bytes", d.bytes)
	j.time("start", int64(p.Start))
	j.time("end", end)
	j.num("age", uint64(time.Unix(0, end).Unix()-time.Unix(0, int64(p.Start)).Unix()))
	if len(d.ttl) == 2 {
		j.raw("min_ttl", d.ttl[0])
		j.raw("max_ttl", d.ttl[1])
	}
	j.count("tx_cnt", p.Transactions)
	j.close()
	if e.Proto == tcp {
		j.open("tcp")
		j.str("tcp_flags", hex2(d.flags))
		w.flags(d.flags)
		j.close()
	}
	j.close()
	return j.buf
}
