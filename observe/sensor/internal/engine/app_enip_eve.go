package engine

import (
	"strconv"

	"bulwark/event"
	"bulwark/wire/enip"
)

// enipRecord writes a transaction as EVE has it.
func (t *texts) enipRecord(a *enipApp, x *enip.Transaction) string {
	at := len(t.buf)
	j := jsonText{buf: t.buf, fresh: true}
	j.begin("")
	if x.Request != nil {
		j.begin("request")
		j.enip(a, x.Request)
		j.finish()
	}
	if x.Reply != nil {
		j.begin("response")
		j.enip(a, x.Reply)
		j.enipAnswers(x.Reply)
		j.finish()
	}
	j.finish()
	t.buf = j.buf
	return t.from(at)
}

func (j *jsonText) enip(a *enipApp, m *enip.Message) {
	j.str("command", m.Command.String())
	j.named("status", enip.StatusName(m.Status), uint64(m.Status))
	if m.Options != 0 {
		j.num("options", int64(m.Options))
	}
	if m.Command == enip.RegisterSession {
		j.begin("register_session")
		j.num("protocol_version", int64(m.Version))
		j.num("options", int64(m.RegisterOptions))
		j.finish()
	}
	if m.HasCIP {
		j.begin("cip")
		j.cip(a, &m.CIP)
		j.finish()
	}
}

func (j *jsonText) cip(a *enipApp, c *enip.CIP) {
	j.named("service", enip.ServiceName(c.Service), uint64(c.Service))
	if c.Reply {
		j.named("status", enip.CIPStatusName(c.Status), uint64(c.Status))
		if len(c.Extended) > 0 {
			j.hex("status_extended", c.Extended)
		}
	} else if len(c.Path) > 0 {
		j.list("path")
		for _, s := range c.Path {
			j.comma()
			j.begin("")
			j.named("segment_type", enip.SegmentName(s.Type), uint64(s.Type))
			j.num("value", int64(s.Value))
			j.finish()
		}
		j.endList()
		if class, ok := c.Class(); ok {
			j.named("class_name", enip.ClassName(class), uint64(class))
		}
	}
	if len(c.Parts) == 0 {
		return
	}
	j.list("multiple")
	for _, p := range c.Parts {
		p.Parse(&a.part)
		j.comma()
		j.begin("")
		j.cip(a, &a.part) // a part has no parts
		j.finish()
	}
	j.endList()
}

// enipAnswers writes what a device says of itself and of its services.
func (j *jsonText) enipAnswers(m *enip.Message) {
	if s := &m.Service; s.Present {
		j.begin("list_services")
		j.num("protocol_version", int64(s.Version))
		j.num("capabilities", int64(s.Capabilities))
		j.text("service_name", s.Name)
		j.finish()
	}
	d := &m.Identity
	if !d.Present {
		return
	}
	j.begin("identity")
	j.num("protocol_version", int64(d.Version))
	j.key("revision")
	j.buf = strconv.AppendUint(append(j.buf, '"'), uint64(d.Major), 10)
	j.buf = append(strconv.AppendUint(append(j.buf, '.'), uint64(d.Minor), 10), '"')
	j.named("vendor_id", enip.VendorName(d.Vendor), uint64(d.Vendor))
	j.named("device_type", enip.DeviceTypeName(d.DeviceType), uint64(d.DeviceType))
	j.num("product_code", int64(d.Product))
	j.num("status", int64(d.Status))
	j.num("serial", int64(d.Serial))
	j.str("product_name", event.View(d.Name))
	j.num("state", int64(d.State))
	j.finish()
}
