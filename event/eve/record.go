package eve

import "bulwark/event"

// recorded is the object of a kind that the sensor writes down as EVE has it, under its name.
func recorded(p event.Payload) (name, record string, ok bool) {
	switch p := p.(type) {
	case *event.MQTT:
		return "mqtt", p.Record, true
	case *event.IKE:
		return "ike", p.Record, true
	case *event.DNP3:
		return "dnp3", p.Record, true
	case *event.ENIP:
		return "enip", p.Record, true
	case *event.Modbus:
		return "modbus", p.Record, true
	case *event.SIP:
		return "sip", p.Record, true
	case *event.PgSQL:
		return "pgsql", p.Record, true
	}
	return "", "", false
}

// record writes an object that the sensor wrote down as JSON; an empty one where it did not.
func (w *Writer) record(name, record string) {
	if !event.ValidJSON(record) {
		record = "{}"
	}
	w.j.raw(name, record)
}
