package engine

import (
	"bulwark/event"
	"bulwark/wire/sdp"
	"bulwark/wire/sip"
)

// sipRecord writes a message as EVE has it.
func (t *texts) sipRecord(a *sipApp, m *sip.Message) string {
	at := len(t.buf)
	j := sipWriter{jsonText: jsonText{buf: t.buf, fresh: true}, w: a.w}
	j.begin("")
	if m.Response {
		j.masked("version", m.Version)
		j.masked("code", m.CodeText)
		j.masked("reason", m.Reason)
		j.masked("response_line", m.Line)
	} else {
		j.masked("method", m.Method)
		j.masked("uri", m.URI)
		j.masked("version", m.Version)
		j.masked("request_line", m.Line)
	}
	if sdp.Parse(m.Body, &a.sdp) == nil {
		j.description(&a.sdp)
	}
	j.finish()
	t.buf = j.buf
	return t.from(at)
}

// sipWriter writes texts with the patients in them replaced.
type sipWriter struct {
	jsonText
	w *Worker
}

func (j *sipWriter) masked(name string, v []byte) {
	j.key(name)
	j.value(v)
}

func (j *sipWriter) value(v []byte) {
	s := &j.w.out.shown
	*s = j.w.opt.Patients.Text((*s)[:0], v)
	j.buf = event.AppendJSONString(j.buf, event.View(*s))
}

// description writes what is to be sent where. Keys are not written.
func (j *sipWriter) description(d *sdp.Description) {
	j.begin("sdp")
	j.num("version", 0) // RFC 8866 §5.1: there is no other
	lines := d.Session()
	for _, f := range [...]struct {
		kind byte
		name string
	}{{'o', "origin"}, {'s', "session_name"}, {'i', "session_info"}, {'u', "uri"}, {'e', "email"}, {'p', "phone_number"},
		{'c', "connection_data"}} {
		j.one(lines, f.kind, f.name)
	}
	j.all(lines, 'b', "bandwidths")
	j.times(lines)
	j.one(lines, 'z', "timezone")
	j.one(lines, 'k', "encryption_key")
	j.all(lines, 'a', "attributes")
	first := true
	for lines := range d.Media {
		if first {
			j.list("media_descriptions")
			first = false
		}
		j.comma()
		j.begin("")
		j.one(lines, 'm', "media")
		j.one(lines, 'i', "media_info")
		j.all(lines, 'b', "bandwidths")
		j.one(lines, 'c', "connection_data")
		j.one(lines, 'k', "encryption_key")
		j.all(lines, 'a', "attributes")
		j.finish()
	}
	if !first {
		j.endList()
	}
	j.finish()
}

// one writes the first line of a type.
func (j *sipWriter) one(lines []sdp.Line, kind byte, name string) {
	for _, l := range lines {
		if l.Type == kind {
			j.key(name)
			j.line(l)
			return
		}
	}
}

// all writes the lines of a type as a list.
func (j *sipWriter) all(lines []sdp.Line, kind byte, name string) {
	first := true
	for _, l := range lines {
		if l.Type != kind {
			continue
		}
		if first {
			j.list(name)
			first = false
		}
		j.comma()
		j.line(l)
	}
	if !first {
		j.endList()
	}
}

// line writes the value of a line, but for a key in it.
func (j *sipWriter) line(l sdp.Line) {
	n, secret := l.Secret()
	if !secret {
		j.value(l.Value)
		return
	}
	var room [128]byte
	j.value(append(append(room[:0], l.Value[:n]...), maskedSecret...))
}

// times writes the lines t=, each with the line r= that follows it.
func (j *sipWriter) times(lines []sdp.Line) {
	first := true
	for i, l := range lines {
		if l.Type != 't' {
			continue
		}
		if first {
			j.list("time_descriptions")
			first = false
		}
		j.comma()
		j.begin("")
		j.masked("time", l.Value)
		if i+1 < len(lines) && lines[i+1].Type == 'r' {
			j.masked("repeat_time", lines[i+1].Value)
		}
		j.finish()
	}
	if !first {
		j.endList()
	}
}
