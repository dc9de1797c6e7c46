package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ieee11073"
)

// ieee11073App is an association after ISO/IEEE 11073-20601.
type ieee11073App struct {
	conv ieee11073.Conversation
	at
}

func (a *ieee11073App) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *ieee11073App) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *ieee11073App) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *ieee11073App) reset()                        { a.conv.Reset(); a.at = at{} }

// Step reports an association when it is answered, when the device has told what it is, and when it is over.
func (a *ieee11073App) Step(step ieee11073.Step, s *ieee11073.Session) {
	activity := ""
	switch step {
	case ieee11073.Answered:
		activity = "Associate"
	case ieee11073.Identified:
		activity = "Identify"
	case ieee11073.Ended:
		activity = "Release"
	default:
		return
	}
	w, e := a.w, &a.w.out.ieee11073
	t := texts{buf: w.out.text[:0]}
	d := &s.Device
	*e = event.IEEE11073{Types: e.Types[:0], Codes: e.Codes[:0], Patients: e.Patients[:0], Activity: activity, Protocol: "20601",
		System: t.eui64(s.Agent.SystemID), Manager: t.eui64(s.Manager.SystemID), Class: ieee11073.Specialization(s.Agent.ConfigID),
		Reports: uint64(s.Reports), Messages: uint64(s.Messages), End: s.End, Manufacturer: event.View(d.Maker), Model: event.View(d.Model),
		Serial: event.View(d.Serial), Hardware: event.View(d.Hardware), Software: either(event.View(d.Software), event.View(d.Firmware))}
	if s.Asked {
		e.Config = uint64(s.Agent.ConfigID) + 1
	}
	if s.Answered {
		e.Result = s.Manager.ResultText()
	}
	if s.End != "" {
		e.EndReason = uint64(s.Reason) + 1
	}
	w.out.text = t.buf
	w.emit(a.f, e)
	if e.System != "" {
		w.out.asset = event.Asset{Identifier: e.System, Class: either(e.Class, "medical device"), Vendor: e.Manufacturer, Model: e.Model,
			Serial: e.Serial, Software: e.Software, Source: "ieee11073"}
		w.tellAsset(a.f, &w.out.asset)
	}
}

// eui64 is an EUI-64 as sixteen hexadecimal digits; empty for what is none.
func (t *texts) eui64(id []byte) string {
	if len(id) != 8 {
		return ""
	}
	at := len(t.buf)
	for _, b := range id {
		t.buf = append(t.buf, hexUpper[b>>4], hexUpper[b&15])
	}
	return t.from(at)
}

const hexUpper = "0123456789ABCDEF"
