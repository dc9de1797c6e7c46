package engine

import (
	"encoding/binary"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dnp3"
	"bulwark/wire/enip"
	"bulwark/wire/inspect"
	"bulwark/wire/modbus"
)

// show shows a message of DNP3 to who looks into the traffic.
func (a *dnp3App) show(dir wire.Dir, e *event.DNP3, m *dnp3.Message, t *texts) {
	w := a.w
	if !w.wanted(event.KindDNP3) {
		return
	}
	if e.Record == "" {
		e.Record = t.dnp3Record(m)
	}
	more := &w.look.more
	more.Number("dnp3.func", uint64(m.Function))
	if m.Function.Reply() {
		more.Number("dnp3.ind", uint64(m.Indications))
	}
	at := len(t.buf)
	t.buf = append(t.buf, m.Control, uint8(m.Function))
	if m.Function.Reply() {
		t.buf = binary.BigEndian.AppendUint16(t.buf, m.Indications)
	}
	t.buf = append(t.buf, m.Objects...)
	more.Value("dnp3.data", t.buf[at:len(t.buf):len(t.buf)])
	n := 0
	for o := range m.All {
		if n++; n > maxDNP3Shown {
			break
		}
		at := len(t.buf)
		t.buf = append(t.buf, o.Group, o.Variation)
		more.Value("dnp3.obj", t.buf[at:len(t.buf):len(t.buf)])
	}
	w.showTurn(a.f, dir, e)
}

// maxDNP3Shown is how many headers of objects of one message are shown.
const maxDNP3Shown = 2048

// read adds what a transaction of Modbus is about, for who looks into the traffic.
func (a *modbusApp) read(x *modbus.Transaction, t *texts) {
	m := x.Request
	if m == nil || !a.w.wanted(event.KindModbus) {
		return
	}
	at := len(t.buf)
	t.buf = append(t.buf, make([]byte, inspect.ModbusHead)...)
	b := t.buf[at:]
	b[inspect.ModbusUnit], b[inspect.ModbusFunction], b[inspect.ModbusAccess] = m.Unit, uint8(m.Function), uint8(m.Function.Access())
	b[inspect.ModbusCategory] = modbusCategory(m)
	binary.BigEndian.PutUint16(b[inspect.ModbusSub:], m.Sub)
	part := &m.Read
	if m.Write.Set {
		part = &m.Write
	}
	if part.Set {
		b[inspect.ModbusAddressed] = 1
		binary.BigEndian.PutUint16(b[inspect.ModbusAddress:], part.Address)
		binary.BigEndian.PutUint16(b[inspect.ModbusQuantity:], part.Quantity)
	}
	if m.Write.Set {
		t.buf = append(t.buf, m.Write.Data...)
	}
	a.w.look.more.Value(inspect.Modbus, t.buf[at:len(t.buf):len(t.buf)])
}

// modbusCategory is how a function code was given out, as a bit of those in inspect.
func modbusCategory(m *modbus.Message) uint8 {
	switch m.Category() {
	case "PUBLIC_ASSIGNED":
		return inspect.ModbusAssigned
	case "PUBLIC_UNASSIGNED":
		return inspect.ModbusUnassigned
	case "USER_DEFINED":
		return inspect.ModbusUser
	case "RESERVED":
		return inspect.ModbusReserved
	}
	return 0
}

// show shows both sides of a transaction of EtherNet/IP, each by itself, to who looks into the traffic.
func (a *enipApp) show(e *event.ENIP, x *enip.Transaction, t *texts) {
	w := a.w
	if !w.wanted(event.KindENIP) {
		return
	}
	if e.Record == "" {
		e.Record = t.enipRecord(a, x)
	}
	for dir, m := range [2]*enip.Message{x.Request, x.Reply} {
		if m == nil {
			continue
		}
		a.side(m, t)
		w.showTurn(a.f, wire.Dir(dir), e)
	}
}

// side adds what a message says.
func (a *enipApp) side(m *enip.Message, t *texts) {
	more := &a.w.look.more
	more.Number("enip_command", uint64(m.Command))
	more.Number("enip.status", uint64(m.Status))
	if m.Version != 0 {
		more.Number("enip.protocol_version", uint64(m.Version))
	}
	if d := &m.Identity; d.Present {
		more.Number("enip.protocol_version", uint64(d.Version))
		more.Number("enip.revision", uint64(d.Major)<<8|uint64(d.Minor))
		more.Number("enip.identity_status", uint64(d.Status))
		more.Number("enip.state", uint64(d.State))
		more.Number("enip.serial", uint64(d.Serial))
		more.Number("enip.product_code", uint64(d.Product))
		more.Number("enip.device_type", uint64(d.DeviceType))
		more.Number("enip.vendor_id", uint64(d.Vendor))
		more.Value("enip.product_name", d.Name)
	}
	if s := &m.Service; s.Present {
		more.Number("enip.protocol_version", uint64(s.Version))
		more.Number("enip.capabilities", uint64(s.Capabilities))
		more.Value("enip.service_name", s.Name)
	}
	if m.HasCIP {
		a.cip(&m.CIP, t, true)
	}
}

// cip adds what a request or a reply says, and the services in it.
func (a *enipApp) cip(c *enip.CIP, t *texts, outer bool) {
	more := &a.w.look.more
	at := len(t.buf)
	t.buf = append(t.buf, c.Service, 0)
	if c.Reply {
		t.buf[at+1] = 1
		more.Number("enip.cip_status", uint64(c.Status))
		if len(c.Extended) >= 2 {
			more.Number("enip.cip_extendedstatus", uint64(binary.LittleEndian.Uint16(c.Extended)))
		}
	}
	for _, s := range c.Path {
		t.buf = binary.BigEndian.AppendUint32(append(t.buf, s.Kind()), s.Value)
		switch s.Kind() {
		case enip.ClassSegment:
			more.Number("enip.cip_class", uint64(s.Value))
		case enip.InstanceSegment:
			more.Number("enip.cip_instance", uint64(s.Value))
		case enip.AttributeSegment:
			more.Number("enip.cip_attribute", uint64(s.Value))
		}
	}
	for l := c.List; len(l) >= 2; l = l[2:] {
		more.Number("enip.cip_attribute", uint64(binary.LittleEndian.Uint16(l)))
	}
	more.Value(inspect.CIPService, t.buf[at:len(t.buf):len(t.buf)])
	if !outer {
		return
	}
	if c.Sent.Present() {
		c.Sent.Parse(&a.part)
		a.cip(&a.part, t, false)
	}
	for _, p := range c.Parts {
		p.Parse(&a.part)
		a.cip(&a.part, t, false)
	}
}
