package engine

import (
	"bytes"
	"time"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/hl7"
)

// hl7App is HL7 v2 over MLLP.
type hl7App struct {
	conv hl7.Conversation
	at
}

func (a *hl7App) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *hl7App) furnish(w *Worker)             { a.conv.Pool = &w.hl7 }
func (a *hl7App) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *hl7App) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *hl7App) reset()                        { a.conv.Reset(); a.at = at{} }

// Exchange takes a message with its acknowledgement.
func (a *hl7App) Exchange(x *hl7.Exchange) {
	w, e := a.w, &a.w.out.hl7
	*e = event.HL7{Devices: e.Devices[:0], Errors: e.Errors[:0], Places: e.Places[:0], Staff: e.Staff[:0]}
	m := x.Message
	if m == nil {
		m = x.Ack // an acknowledgement of what was not seen tells of itself
	}
	t := texts{buf: w.out.text[:0]}
	e.Type, e.Trigger, e.Structure = event.View(m.Type), event.View(m.Trigger), event.View(m.Structure)
	e.Version, e.ControlID = event.View(m.Version), event.View(m.ControlID)
	e.SendingApp, e.SendingFac = event.View(m.SendingApplication.Name()), event.View(m.SendingFacility.Name())
	e.ReceivingApp, e.ReceivingFac = event.View(m.ReceivingApplication.Name()), event.View(m.ReceivingFacility.Name())
	e.Processing, e.Charset = event.View(m.Processing), event.View(m.Charset)
	e.Segments, e.Observations, e.Bytes = uint64(m.Segments), uint64(m.OBX), uint64(m.Bytes)
	e.Location = t.location(m.Assigned)
	w.learnName(m.PatientName)
	if len(m.Patients) > 0 {
		p := &m.Patients[0]
		for i := range m.Patients {
			w.learn(m.Patients[i].Authority.Name(), m.Patients[i].ID)
		}
		at := len(t.buf)
		t.buf = w.opt.Patients.Patient(t.buf, p.Authority.Name(), p.ID)
		e.Patient = t.from(at)
		if len(p.Authority.Name()) > 0 {
			at = len(t.buf)
			t.buf = w.opt.Patients.Patient(t.buf, nil, p.ID)
			e.Number = t.from(at)
		}
	}
	a.care(&t, e, m)
	for i := range m.Devices {
		e.Devices = append(e.Devices, t.device(&m.Devices[i]))
	}
	if x.Ack != nil {
		e.Ack = event.View(x.Ack.AckCode)
		if len(x.Ack.ErrorCode) > 0 {
			e.Errors = append(e.Errors, event.View(x.Ack.ErrorCode))
		}
		e.Latency = a.took()
	}
	w.out.text = t.buf
	w.emit(a.f, e)
	a.assets(m)
	sender := x.Dir
	if x.Message == nil {
		sender = sender.Other()
	}
	a.w.hl7Device(a.f, sender, m)
}

// care takes what a message tells of who looks after the patient.
func (a *hl7App) care(t *texts, e *event.HL7, m *hl7.Message) {
	c, known := &m.Care, a.w.opt.Patients
	e.OrderControl, e.RequestedBy = event.View(c.OrderControl), event.View(c.Orderer)
	starts, ends := a.moment(m, c.Starts), a.moment(m, c.Ends)
	if ends == 0 && starts != 0 && c.Lasts > 0 {
		ends = starts + uint64(c.Lasts)
	}
	e.Starts, e.Ends, e.VIP, e.Protected = starts, ends, c.VIP, c.Protected
	at := len(t.buf)
	t.buf = known.Other(t.buf, c.Appointment)
	e.Appointment = t.from(at)
	for _, place := range c.Places() {
		e.Places = append(e.Places, event.View(place))
	}
	for _, number := range c.Staff() {
		at := len(t.buf)
		t.buf = known.Staff(t.buf, number)
		e.Staff = append(e.Staff, t.from(at))
	}
	if kind := string(m.Type); kind == "ADT" || kind == "SIU" {
		at := len(t.buf)
		t.buf = known.Name(t.buf, m.PatientName)
		e.PatientName = t.from(at)
		at = len(t.buf)
		t.buf = known.Family(t.buf, m.PatientName)
		e.Family = t.from(at)
	}
}

// moment is a time of a message in nanoseconds; 0: it is not told.
func (a *hl7App) moment(m *hl7.Message, written []byte) uint64 {
	if len(written) == 0 {
		return 0
	}
	if at := m.Moment(written, time.Unix(0, a.w.now)); at.Unix() > 0 && at.Year() < 2200 {
		return uint64(at.UnixNano())
	}
	return 0
}

// device is the identifier of a device with who gave it: "0003B1FFFEB5B648^EUI-64".
func (t *texts) device(d *hl7.Device) string {
	at := len(t.buf)
	t.buf = append(t.buf, d.ID...)
	if u := d.Authority.UniversalID; len(u) > 0 && !bytes.Equal(u, d.ID) {
		if len(t.buf) > at {
			t.buf = append(t.buf, '^')
		}
		t.buf = append(t.buf, u...)
	}
	if k := d.Authority.Type; len(k) > 0 {
		t.buf = append(append(t.buf, '^'), k...)
	}
	return t.from(at)
}

func (t *texts) location(l hl7.Location) string {
	at := len(t.buf)
	for _, part := range [][]byte{l.PointOfCare, l.Room, l.Bed} {
		if len(part) == 0 {
			continue
		}
		if len(t.buf) > at {
			t.buf = append(t.buf, ' ')
		}
		t.buf = append(t.buf, part...)
	}
	return t.from(at)
}

// assets reports the devices that a message names, and the application that sends from this address.
func (a *hl7App) assets(m *hl7.Message) {
	e := &a.w.out.asset
	for i := range a.w.out.hl7.Devices {
		*e = event.Asset{Identifier: a.w.out.hl7.Devices[i], Source: "hl7"}
		if m.Devices[i].Field == hl7.MSH4 {
			e.Hostname = event.View(m.SendingFacility.Namespace)
		}
		if e.Identifier != "" {
			a.w.tellAsset(a.f, e)
		}
	}
}
