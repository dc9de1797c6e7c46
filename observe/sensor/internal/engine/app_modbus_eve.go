package engine

import (
	"bulwark/event"
	"bulwark/wire/modbus"
)

// modbusRecord writes a transaction as EVE has it.
func (t *texts) modbusRecord(id uint64, x *modbus.Transaction) string {
	at := len(t.buf)
	j := jsonText{buf: t.buf, fresh: true}
	j.begin("")
	j.num("id", int64(id))
	if x.Request != nil {
		j.begin("request")
		j.modbus(x.Request)
		j.finish()
	}
	if x.Reply != nil {
		j.begin("response")
		j.modbus(x.Reply)
		j.finish()
	}
	j.finish()
	t.buf = j.buf
	return t.from(at)
}

func (j *jsonText) modbus(m *modbus.Message) {
	j.num("transaction_id", int64(m.Transaction))
	j.num("protocol_id", int64(m.Protocol))
	j.num("unit_id", int64(m.Unit))
	j.num("function_raw", int64(m.Raw))
	j.str("function_code", m.Function.String())
	j.key("access_type")
	j.buf = append(m.Function.Access().AppendNames(append(j.buf, '"')), '"')
	j.str("category", m.Category())
	j.key("error_flags")
	j.buf = append(m.Errors.AppendNames(append(j.buf, '"')), '"')
	switch {
	case m.Refused:
		j.begin("exception")
		j.num("raw", int64(m.Exception))
		j.str("code", modbus.ExceptionName(m.Exception))
		j.finish()
	case m.Function == modbus.Diagnostic:
		j.modbusSub("diagnostic", modbus.DiagnosticName(m.Sub), m)
	case m.Function == modbus.Encapsulated:
		j.modbusSub("mei", modbus.InterfaceName(m.Sub), m)
	case m.Function.Access() != 0:
		j.modbusParts(m)
	default:
		j.shownText("data", m.Data)
	}
}

func (j *jsonText) modbusSub(name, code string, m *modbus.Message) {
	j.begin(name)
	j.num("raw", int64(m.Sub))
	j.str("code", code)
	j.shownText("data", m.Data)
	j.finish()
}

func (j *jsonText) modbusParts(m *modbus.Message) {
	if m.Read.Set {
		j.begin("read")
		if m.Reply {
			j.shownText("data", m.Read.Data)
		} else {
			j.num("address", int64(m.Read.Address))
			j.num("quantity", int64(m.Read.Quantity))
		}
		j.finish()
	}
	if !m.Write.Set {
		return
	}
	access := m.Function.Access()
	j.begin("write")
	j.num("address", int64(m.Write.Address))
	switch {
	case access&(modbus.Single|modbus.Multiple) == 0:
		j.num("and_mask", int64(m.Write.And))
		j.num("or_mask", int64(m.Write.Or))
	case access&modbus.Multiple != 0 && !m.Reply:
		j.num("quantity", int64(m.Write.Quantity))
		j.shownText("data", m.Write.Data)
	default:
		j.num("data", int64(m.Write.Quantity))
	}
	j.finish()
}

// shownText writes bytes that may be no text: those above 7 bits as \xc5, as Suricata does.
func (j *jsonText) shownText(name string, v []byte) {
	j.key(name)
	j.shown(v)
}

func (j *jsonText) shown(v []byte) {
	var room [512]byte
	j.buf = event.AppendJSONString(j.buf, event.View(appendShown(room[:0], v)))
}
