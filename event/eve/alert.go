package eve

import (
	"encoding/json"
	"strings"

	"bulwark/event"
)

func (w *Writer) alert(e *event.Event, p *event.Alert) {
	j := &w.j
	if p.TxID != 0 {
		j.num("tx_id", p.TxID-1)
	}
	j.open("alert")
	j.str("action", p.Action)
	j.num("gid", p.GID)
	j.num("signature_id", p.SID)
	j.num("rev", p.Rev)
	j.str("signature", p.Title)
	j.str("category", p.Category)
	j.num("severity", p.Severity)
	if p.Target != "" {
		w.attacked(e, p)
	}
	w.metadata(p.Metadata)
	if len(p.References) > 0 {
		j.list("references", p.References)
	}
	j.close()
	j.some("app_proto", p.App)
	direction := "to_server"
	if p.FromServer {
		direction = "to_client"
	}
	j.str("direction", direction)
	if len(p.Record) > 2 && json.Valid([]byte(p.Record)) && p.Record[0] == '{' {
		j.comma()
		j.buf = append(j.buf, p.Record[1:len(p.Record)-1]...)
	}
	if e.Flow == 0 {
		return
	}
	j.open("flow")
	j.num("pkts_toserver", p.PacketsOut)
	j.num("pkts_toclient", p.PacketsIn)
	j.num("bytes_toserver", p.BytesOut)
	j.num("bytes_toclient", p.BytesIn)
	j.time("start", int64(p.Start))
	j.addr("src_ip", e.Src, w.ShortIPv6)
	j.addr("dest_ip", e.Dst, w.ShortIPv6)
	if e.Proto == 6 || e.Proto == 17 || e.Proto == 132 {
		j.num("src_port", uint64(e.Ports.Src))
		j.num("dest_port", uint64(e.Ports.Dst))
	}
	j.close()
}

// attacked writes which end attacks and which is attacked. p.Target is an end of what matched.
func (w *Writer) attacked(e *event.Event, p *event.Alert) {
	toDest := p.Target == "dest"
	if p.FromServer {
		toDest = !toDest
	}
	names := [2]string{"target", "source"}
	if toDest {
		names = [2]string{"source", "target"}
	}
	j := &w.j
	j.open(names[0])
	j.addr("ip", e.Src, w.ShortIPv6)
	j.num("port", uint64(e.Ports.Src))
	j.close()
	j.open(names[1])
	j.addr("ip", e.Dst, w.ShortIPv6)
	j.num("port", uint64(e.Ports.Dst))
	j.close()
}

// metadata writes "key value" texts: each key with a list of its values.
func (w *Writer) metadata(list []string) {
	if len(list) == 0 {
		return
	}
	j := &w.j
	j.open("metadata")
	for i, m := range list {
		key, _, _ := strings.Cut(m, " ")
		if seen(list[:i], key) {
			continue
		}
		j.array(key)
		for _, other := range list[i:] {
			if k, v, _ := strings.Cut(other, " "); k == key {
				j.comma()
				j.quoted(v)
			}
		}
		j.end()
	}
	j.close()
}

func seen(list []string, key string) bool {
	for _, m := range list {
		if k, _, _ := strings.Cut(m, " "); k == key {
			return true
		}
	}
	return false
}
