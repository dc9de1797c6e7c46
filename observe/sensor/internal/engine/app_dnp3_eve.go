package engine

import (
	"encoding/base64"

	"bulwark/wire/dnp3"
)

// dnp3Record writes a message as EVE has it.
func (t *texts) dnp3Record(m *dnp3.Message) string {
	at := len(t.buf)
	j := jsonText{buf: t.buf, fresh: true}
	j.begin("")
	switch {
	case m.Function == dnp3.Unsolicited:
		j.str("type", "unsolicited_response")
	case m.Function.Reply():
		j.str("type", "response")
	default:
		j.str("type", "request")
	}
	j.begin("control")
	j.truth("dir", m.Link.FromMaster())
	j.truth("pri", m.Link.Primary())
	j.truth("fcb", m.Link.CountBit())
	j.truth("fcv", m.Link.CountValid())
	j.num("function_code", int64(m.Link.Function()))
	j.finish()
	j.num("src", int64(m.Link.Src))
	j.num("dst", int64(m.Link.Dst))
	j.dnp3Application(m, at)
	if m.Function.Reply() {
		j.dnp3Indications(m)
	}
	j.finish()
	t.buf = j.buf
	return t.from(at)
}

func (j *jsonText) dnp3Application(m *dnp3.Message, at int) {
	j.begin("application")
	j.begin("control")
	j.truth("fir", m.First())
	j.truth("fin", m.Final())
	j.truth("con", m.Confirms())
	j.truth("uns", m.Unsolicited())
	j.num("sequence", int64(m.Sequence()))
	j.finish()
	j.num("function_code", int64(m.Function))
	j.list("objects")
	for o := range m.All {
		if len(j.buf)-at > maxRecord {
			break
		}
		j.comma()
		j.dnp3Object(&o, at)
	}
	j.endList()
	j.truth("complete", m.Complete())
	j.finish()
}

func (j *jsonText) dnp3Indications(m *dnp3.Message) {
	var room [16]string
	j.begin("iin")
	j.list("indicators")
	for _, name := range m.AppendIndications(room[:0]) {
		j.comma()
		j.buf = append(append(append(j.buf, '"'), name...), '"')
	}
	j.endList()
	j.finish()
}

func (j *jsonText) dnp3Object(o *dnp3.Object, at int) {
	j.begin("")
	j.num("group", int64(o.Group))
	j.num("variation", int64(o.Variation))
	j.num("qualifier", int64(o.Qualifier))
	j.num("prefix_code", int64(o.Prefix()))
	j.num("range_code", int64(o.Range()))
	j.num("start", int64(o.Start))
	j.num("stop", int64(o.Stop))
	j.num("count", int64(o.Count))
	first := true
	for p := range o.Points {
		if len(j.buf)-at > maxRecord {
			break
		}
		if first {
			j.list("points")
			first = false
		}
		j.comma()
		j.dnp3Point(&p)
	}
	if !first {
		j.endList()
	}
	j.finish()
}

func (j *jsonText) dnp3Point(p *dnp3.Point) {
	j.begin("")
	j.num("prefix", int64(p.Prefix))
	j.num("index", int64(p.Index))
	if p.Sized {
		j.num("size", int64(p.Size))
	}
	for f := range p.Fields {
		switch {
		case f.Secret() && f.Kind == dnp3.Text && len(f.Data) > 0:
			j.str(f.Name, maskedSecret)
		case f.Secret():
			j.num(f.Name, 0)
		case f.Kind == dnp3.Text:
			j.shownText(f.Name, f.Data)
		case f.Kind == dnp3.Bytes:
			j.key("data->" + f.Name) // so Suricata
			j.buf = base64.StdEncoding.AppendEncode(append(j.buf, '"'), f.Data)
			j.buf = append(j.buf, '"')
		case f.Kind == dnp3.Float:
			j.float(f.Name, f.Float)
		default:
			j.num(f.Name, f.Int)
		}
	}
	j.finish()
}
