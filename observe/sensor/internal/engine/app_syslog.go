package engine

import (
	"bulwark/event"
	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/atna"
	"bulwark/wire/syslog"
)

// syslogApp is syslog over TCP.
type syslogApp struct {
	conv syslog.Conversation
	at
}

func (a *syslogApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *syslogApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *syslogApp) close(*Worker, *flow)          {}
func (a *syslogApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Message takes one message.
func (a *syslogApp) Message(m *syslog.Message) { a.w.syslog(a.f, m) }

func (w *Worker) syslogDatagram(f *flow, _ wire.Dir, p []byte) {
	m := &w.out.syslogMessage
	if err := syslog.Parse(p, m); err != nil {
		w.count.malformed++
		return
	}
	w.syslog(f, m)
}

// maxSyslogText is how much of a text is told, in bytes.
const maxSyslogText = 1 << 10

// syslog tells a message; one that is an audit message as what it reports.
func (w *Worker) syslog(f *flow, m *syslog.Message) {
	if atna.Looks(m.Text) && atna.Parse(m.Text, &w.out.audit) == nil {
		w.audit(f, &w.out.audit)
		return
	}
	t := texts{buf: w.out.text[:0]}
	e := &w.out.syslog
	*e = event.Syslog{Facility: m.FacilityName(), Severity: m.SeverityName(), Host: t.masked(w, m.Host), App: event.View(m.App),
		Process: event.View(m.Process), ID: event.View(m.ID), Size: uint64(len(m.Text)), Form: m.Form.String()}
	text := m.Text[:min(len(m.Text), maxSyslogText)]
	w.out.shown = pseudonym.WithoutSecrets(w.out.shown[:0], text)
	e.Message = t.masked(w, w.out.shown)
	w.out.text = t.buf
	w.emit(f, e)
}
