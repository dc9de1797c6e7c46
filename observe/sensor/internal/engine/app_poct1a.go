package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/poct1a"
)

// poct1aApp is POCT1-A between a point-of-care device and its data manager.
type poct1aApp struct {
	conv   poct1a.Conversation
	device []byte // identifier, from the greeting
	at
}

func (a *poct1aApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *poct1aApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *poct1aApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *poct1aApp) reset()                        { a.conv.Reset(); a.device = a.device[:0]; a.at = at{} }

// operators are whose identifiers operators have, for their pseudonyms.
var operators = []byte("operator")

// Exchange takes a message with its answer.
func (a *poct1aApp) Exchange(x *poct1a.Exchange) {
	w, e, m := a.w, &a.w.out.poct1a, x.Message
	d := &m.Device
	if len(d.ID) > 0 {
		a.device = append(a.device[:0], d.ID...)
	}
	*e = event.POCT1A{Tests: e.Tests[:0], Patients: e.Patients[:0], Operators: e.Operators[:0],
		Type: event.View(m.Type), ControlID: event.View(m.ControlID), Version: event.View(m.Version), FromServer: x.Dir == wire.ToClient,
		Device: event.View(a.device), Vendor: event.View(d.Vendor), Manufacturer: event.View(d.Manufacturer), Model: event.View(d.Model),
		Serial: event.View(d.Serial), Hardware: event.View(d.Hardware), Software: event.View(d.Software), Name: event.View(d.Name),
		Condition: event.View(m.Condition), NewObservations: uint64(m.NewObservations), NewEvents: uint64(m.NewEvents),
		Observations: uint64(m.Observations), Controls: uint64(m.Controls), Entries: uint64(m.Entries), Bytes: uint64(m.Bytes), Incomplete: m.Cut}
	for _, v := range [...][]byte{m.Request, m.Command, m.Topic, m.Reason} {
		e.Detail = either(e.Detail, event.View(v))
	}
	for _, v := range m.Tests {
		e.Tests = append(e.Tests, event.View(v))
	}
	if x.Ack != nil {
		e.Ack = event.View(x.Ack.AckCode)
		if x.Dir == wire.ToServer {
			e.Latency = a.took()
		}
	}
	a.people(m)
	w.emit(a.f, e)
	a.asset(x.Dir, e)
}

// people replaces patients and operators by their pseudonyms.
func (a *poct1aApp) people(m *poct1a.Message) {
	w, e := a.w, &a.w.out.poct1a
	t := texts{buf: w.out.text[:0]}
	for _, id := range m.Patients {
		w.learn(nil, id)
		e.Patients = append(e.Patients, t.pseudonym(w, nil, id))
	}
	for _, id := range m.Operators {
		e.Operators = append(e.Operators, t.pseudonym(w, operators, id))
	}
	for _, name := range m.Names {
		w.learnName(name)
	}
	w.out.text = t.buf
}

// pseudonym is what stands for the identifier of a person.
func (t *texts) pseudonym(w *Worker, authority, id []byte) string {
	at := len(t.buf)
	t.buf = w.opt.Patients.Patient(t.buf, authority, id)
	return t.from(at)
}

// asset reports the device that greets.
func (a *poct1aApp) asset(dir wire.Dir, e *event.POCT1A) {
	if e.Type != "HEL.R01" {
		return
	}
	a.w.out.asset = event.Asset{Vendor: either(e.Manufacturer, e.Vendor), Model: e.Model, Serial: e.Serial, Software: e.Software,
		Hostname: e.Name, Identifier: e.Device, Class: "point-of-care device", Source: "poct1a"}
	a.w.tellAssetOf(a.f, dir, &a.w.out.asset)
}
