package eve

import (
	"encoding/json"
	"net/netip"
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
	if w.References {
		w.references(p.References)
	}
	if p.Context != "" && event.ValidJSON(p.Context) {
		j.raw("context", p.Context)
	}
	if w.XFF == "extra-data" {
		j.some("xff", w.forwarded(p))
	}
	j.close()
	if w.Verdict {
		j.open("verdict")
		j.str("action", pick(p.Passed, "pass", "alert"))
		j.close()
	}
	j.some("app_proto", p.App)
	direction := "to_server"
	if p.FromServer {
		direction = "to_client"
	}
	j.str("direction", direction)
	j.fields(p.Record)
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

// systems are the addresses of what rules refer to (reference.config of Suricata).
var systems = map[string]string{
	"url": "https://", "cve": "https://cve.mitre.org/cgi-bin/cvename.cgi?name=", "bugtraq": "https://www.securityfocus.com/bid/",
	"bid": "https://www.securityfocus.com/bid/", "et": "https://doc.emergingthreats.net/", "msft": "https://technet.microsoft.com/security/bulletin/",
	"nessus": "https://www.nessus.org/plugins/index.php?view=single&id=", "exploitdb": "https://www.exploit-db.com/exploits/",
	"md5": "https://www.threatexpert.com/report.aspx?md5=", "securitytracker": "https://securitytracker.com/id?",
}

// references writes "system,id" texts as addresses.
func (w *Writer) references(list []string) {
	if len(list) == 0 {
		return
	}
	j := &w.j
	j.array("references")
	for _, r := range list {
		system, id, _ := strings.Cut(r, ",")
		j.comma()
		if before, ok := systems[strings.ToLower(system)]; ok && !strings.Contains(id, "://") {
			id = before + id
		}
		j.quoted(id)
	}
	j.end()
}

// forwarded is the address that a proxy named in the request that an alert is about; "": none.
func (w *Writer) forwarded(p *event.Alert) string {
	var r struct {
		HTTP struct {
			XFF string `json:"xff"`
		} `json:"http"`
	}
	if p.Record == "" || json.Unmarshal([]byte(p.Record), &r) != nil {
		return ""
	}
	list := strings.Split(r.HTTP.XFF, ",")
	which := list[0]
	if w.XFFReverse {
		which = list[len(list)-1]
	}
	a, err := netip.ParseAddr(strings.TrimSpace(which))
	if err != nil {
		return ""
	}
	return a.String()
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
