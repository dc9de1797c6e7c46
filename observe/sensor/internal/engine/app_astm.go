package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/astm"
)

// astmApp is ASTM E1394 between a laboratory analyser and its host.
type astmApp struct {
	conv astm.Conversation
	at
}

func (a *astmApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *astmApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *astmApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *astmApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Message takes a message of the side dir.
func (a *astmApp) Message(dir wire.Dir, m *astm.Message) {
	w, e := a.w, &a.w.out.astm
	*e = event.ASTM{Tests: e.Tests[:0], Instruments: e.Instruments[:0], Patients: e.Patients[:0],
		Activity: m.Activity(), Sender: event.View(m.Sender), Receiver: event.View(m.Receiver), FromServer: dir == wire.ToClient,
		ControlID: event.View(m.ControlID), Processing: event.View(m.Processing), Version: event.View(m.Version),
		PatientCount: uint64(m.PatientCount), Orders: uint64(m.Orders), Results: uint64(m.Results), Queries: uint64(m.Queries),
		Comments: uint64(m.Comments), Records: uint64(m.Records), Bytes: uint64(m.Bytes), Termination: event.View(m.Termination),
		Frames: uint64(m.Frames), Repeated: uint64(m.Repeated), BadChecksums: uint64(m.BadChecksums), Cleartext: m.Password,
		Incomplete: m.Cut}
	for _, v := range m.Tests {
		e.Tests = append(e.Tests, event.View(v))
	}
	for _, v := range m.Instruments {
		e.Instruments = append(e.Instruments, event.View(v))
	}
	t := texts{buf: w.out.text[:0]}
	for _, id := range m.Patients {
		w.learn(nil, id)
		e.Patients = append(e.Patients, t.pseudonym(w, nil, id))
	}
	for _, name := range m.Names {
		w.learnName(name)
	}
	w.out.text = t.buf
	w.emit(a.f, e)
	if m.FromAnalyser() && len(m.Sender) > 0 && !w.astmDevice(a.f, dir, m) {
		w.out.asset = event.Asset{Model: event.View(m.Part(m.Sender, 0)), Identifier: e.Sender, Class: "laboratory analyser", Source: "astm"}
		w.tellAssetOf(a.f, dir, &w.out.asset)
	}
}
