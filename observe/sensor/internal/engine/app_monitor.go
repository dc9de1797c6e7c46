package engine

import (
	"bytes"
	"net/netip"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/carescape"
	"bulwark/wire/intellivue"
	"bulwark/wire/medibus"
)

// intellivueDatagram takes a datagram of a Philips monitor or of who collects from it.
func (w *Worker) intellivueDatagram(f *flow, dir wire.Dir, p []byte) {
	m := &w.out.intellivue
	if intellivue.Parse(p, m) != nil || m.Kind == intellivue.Data || m.Kind == intellivue.Asked {
		return // of a poll and of a request nothing new is learnt: the monitor answers
	}
	t := texts{buf: w.out.text[:0]}
	d := &m.Device
	w.out.monitor = event.Monitor{Activity: m.Kind.String(), Reason: "IntelliVue data export", Model: event.View(d.Model), Serial: event.View(d.Serial),
		Software: event.View(d.Software), Hardware: event.View(d.Hardware), Location: event.View(m.Label), MAC: t.mac(m.MAC)}
	if m.IP != [4]byte{} {
		w.out.monitor.Address = t.addr(netip.AddrFrom4(m.IP))
	}
	w.out.text = t.buf
	w.tellDevice(f, dir, w.devices.decoders["intellivue"], "intellivue")
}

// carescapeDatagram takes an announcement on a GE network. Its form alone is likely; the sender's own address in it makes it
// certain, and another address, away from the usual port, makes it something else.
func (w *Worker) carescapeDatagram(f *flow, dir wire.Dir, p []byte) {
	var m carescape.Message
	if carescape.Parse(p, &m) != nil {
		return
	}
	print := w.devices.decoders["carescape"]
	own := w.addressOf(f, dir) == netip.AddrFrom4(m.Address)
	w.header(f)
	if !own && w.head.Ports.Dst != print.Ports[0] {
		return
	}
	t := texts{buf: w.out.text[:0]}
	w.out.monitor = event.Monitor{Activity: "Announce", Reason: "form of an announcement", Address: t.addr(netip.AddrFrom4(m.Address))}
	e := &w.out.monitor
	if own {
		e.Confidence, e.Reason = "certain", "announcement with the sender's own address"
	}
	at := len(t.buf)
	t.buf = append(append(append(t.buf, m.Unit...), ' '), m.Bed...)
	e.Location = t.from(at)
	if len(m.Name) > 0 {
		e.Cleartext = true
		at := len(t.buf)
		t.buf = append(t.buf, m.Name...)
		name := t.buf[at:]
		if i := bytes.IndexByte(name, ','); i >= 0 {
			name[i] = '^' // as HL7 and DICOM write names
		}
		w.learnName(name)
		from := len(t.buf)
		t.buf = w.opt.Patients.Name(t.buf, name)
		e.Patient = t.from(from)
	}
	w.out.text = t.buf
	w.tellDevice(f, dir, print, "carescape")
}

// medibusApp is MEDIBUS behind a terminal server.
type medibusApp struct {
	conv medibus.Conversation
	at
}

func (a *medibusApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *medibusApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *medibusApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *medibusApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Device takes what a device says of itself. Collectors answer too, as software without a number of their own.
func (a *medibusApp) Device(dir wire.Dir, d *medibus.Device) {
	w := a.w
	w.out.monitor = event.Monitor{Activity: "Identify", Reason: "MEDIBUS identification", Model: event.View(d.Name), Software: event.View(d.Revision)}
	w.tellDevice(a.f, dir, w.devices.decoders["medibus"], "medibus")
}
