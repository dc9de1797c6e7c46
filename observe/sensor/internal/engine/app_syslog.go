package engine

import (
	"bytes"

	"bulwark/event"
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
	w.out.shown = appendWithoutSecrets(w.out.shown[:0], text)
	e.Message = t.masked(w, w.out.shown)
	w.out.text = t.buf
	w.emit(f, e)
}

// secretWords stand in front of what nobody else should read.
var secretWords = [...]string{"password", "passwd", "passphrase", "pwd", "secret", "token", "api_key", "apikey", "authorization"}

// appendWithoutSecrets appends a text with a mask in place of what stands behind a word such as password and an equals
// sign, a colon or "is".
func appendWithoutSecrets(dst, text []byte) []byte {
	for len(text) > 0 {
		at, end := secretWord(text)
		if at < 0 {
			return append(dst, text...)
		}
		value := secretValue(text[end:])
		dst = append(dst, text[:end+value.from]...)
		if value.to > value.from {
			dst = append(dst, maskedSecret...)
		}
		text = text[end+value.to:]
	}
	return dst
}

// extent is where something stands.
type extent struct{ from, to int }

// secretValue is where the value stands that a word is followed by; empty when there is none.
func secretValue(b []byte) extent {
	i := 0
	for i < len(b) && (b[i] == '"' || b[i] == '\'' || b[i] == ' ') {
		i++
	}
	if i >= len(b) || b[i] != '=' && b[i] != ':' {
		return extent{}
	}
	i++
	for i < len(b) && (b[i] == ' ' || b[i] == '"' || b[i] == '\'') {
		i++
	}
	from := i
	if k := min(len(b)-i, len("bearer ")); k == len("bearer ") && bytes.EqualFold(b[i:i+k], []byte("bearer ")) {
		i += k
	}
	for i < len(b) && b[i] > ' ' && b[i] != '"' && b[i] != '\'' && b[i] != ',' && b[i] != ';' && b[i] != '&' {
		i++
	}
	return extent{from, i}
}

// secretWord is where the first of the words stands and where it ends; at is -1 when there is none.
func secretWord(b []byte) (at, end int) {
	for i, c := range b {
		switch c | 0x20 {
		case 'p', 's', 't', 'a':
		default:
			continue
		}
		for _, word := range secretWords {
			if n := len(word); n <= len(b)-i && bytes.EqualFold(b[i:i+n], []byte(word)) {
				return i, i + n
			}
		}
	}
	return -1, 0
}
