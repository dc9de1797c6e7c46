// Package document understands the objects of JSON that shippers of logs and tools send: what Winlogbeat, Filebeat, Fluent Bit, Vector,
// Logstash, rsyslog and Wazuh make of a line or of an event of Windows, and the lines of Suricata (EVE) and Zeek.
package document

import (
	"bytes"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/internal/audit"
	"bulwark/observe/logs/internal/flat"
	"bulwark/observe/logs/internal/intake"
)

// MostWithin is how many bytes an object that stands as text within another may have.
const MostWithin = 1 << 20

// Reader makes records of documents. It is of one goroutine. What it hands out is good until [Reader.Reset].
type Reader struct {
	flat   flat.Reader
	within flat.Reader // of an object that stands as text in another
	audit  *audit.Reader
	logs   []*event.Log
	used   int
}

// New is a reader; of audit messages it hands out patients as pseudonyms of a.
func New(a *audit.Reader) *Reader { return &Reader{audit: a} }

// Reset takes back what was handed out.
func (r *Reader) Reset() { r.used = 0 }

// Read appends the records that a document is: in most cases one. base is what the intake knows of it. It returns an error of
// [flat.ErrJSON] for what is no object.
func (r *Reader) Read(doc []byte, base intake.Record, out []intake.Record) ([]intake.Record, error) {
	fields, err := r.flat.Read(doc)
	if err != nil {
		return out, err
	}
	return r.of(doc, fields, base, out), nil
}

// Fields appends the records of a document that came as fields, of size bytes.
func (r *Reader) Fields(fields []flat.Field, size int, base intake.Record, out []intake.Record) []intake.Record {
	n := len(out)
	out = r.of(nil, fields, base, out)
	for _, made := range out[n:] {
		if made.Log != nil {
			made.Log.Size = uint64(size)
		}
	}
	return out
}

// Line appends the records of a line that is an object of JSON of a known form, or an audit message, with or without a header of syslog
// before it; none where it is neither.
func (r *Reader) Line(line []byte, base intake.Record, out []intake.Record) []intake.Record {
	line = bytes.TrimRight(line, " \r\n\x00")
	if len(line) == 0 {
		return out
	}
	switch line[len(line)-1] {
	case '>':
		return r.audit.Line(line, base, out)
	case '}':
		return r.object(line[max(bytes.IndexByte(line, '{'), 0):], base, out)
	}
	return out
}

// object appends the records of an object of a known form.
func (r *Reader) object(doc []byte, base intake.Record, out []intake.Record) []intake.Record {
	fields, err := r.within.Read(doc)
	if err != nil {
		return out
	}
	if f := look(fields); f.form == formOwn || f.form == formLine {
		return out
	}
	return r.of(doc, fields, base, out)
}

// Resource is the events of an AuditEvent of FHIR, or of a Bundle of them; none for another resource.
func (r *Reader) Resource(doc []byte, base intake.Record) []intake.Record {
	return r.audit.Resource(doc, base, nil)
}

// of appends the records of a document whose fields are known.
func (r *Reader) of(doc []byte, fields []flat.Field, base intake.Record, out []intake.Record) []intake.Record {
	f := look(fields)
	if f.path != "" {
		base.Stream = f.path
	}
	switch f.form {
	case formAudit:
		if more := r.audit.Resource(doc, base, out); len(more) > len(out) {
			return more
		}
	case formLine:
		return r.line(&f, base, out)
	}
	l := r.log()
	switch f.form {
	case formWinlog:
		winlog(l, fields)
	case formWazuh:
		wazuh(l, fields)
	case formWindows:
		windows(l, fields)
	case formCollector:
		collector(l, fields)
	case formEVE:
		eve(l, fields)
	case formZeek:
		if zeek(l, fields); l.Service == "" {
			l.Service = kindOfFile(base.Stream)
		}
	default:
		own(l, fields)
	}
	base.Log, base.Text, base.Time = l, nil, instant(f.time)
	l.Size = uint64(len(doc))
	if r.flat.Cut {
		l.Faults = append(l.Faults, "cut")
	}
	out = append(out, base)
	switch {
	case f.form == formEVE && f.kind == "alert":
		out = append(out, alert(fields, base))
	case f.form == formEVE && f.kind == "flow", f.form == formZeek && l.Service == "conn":
		out = append(out, conversation(fields, base))
	}
	return out
}

// line appends the records of a line that stands in a document.
func (r *Reader) line(f *facts, base intake.Record, out []intake.Record) []intake.Record {
	if inner := strings.TrimSpace(f.line); len(inner) < MostWithin && (strings.HasPrefix(inner, "{") || strings.Contains(inner, "<")) {
		if more := r.Line([]byte(inner), base, out); len(more) > len(out) {
			return more
		}
	}
	base.Text, base.Time = f.syslog(), instant(f.time)
	return append(out, base)
}

// log is an empty event, with room for fields.
func (r *Reader) log() *event.Log {
	const most = 4096 // kept for the next
	if r.used < len(r.logs) {
		l := r.logs[r.used]
		r.used++
		*l = event.Log{Fields: l.Fields[:0], Faults: l.Faults[:0]}
		return l
	}
	l := &event.Log{Fields: make([]string, 0, 64)}
	if len(r.logs) < most {
		r.logs = append(r.logs, l)
		r.used++
	}
	return l
}

// instant reads a time as shippers and tools write it: RFC 3339, with or without the colon in its zone, without zone in UTC, or
// seconds or milliseconds since 1970. The zero time where it is none.
func instant(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	for _, form := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999",
		"2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	return epoch(s)
}

// epoch reads seconds, or milliseconds where they are too many for that, since 1970.
func epoch(s string) time.Time {
	whole, fraction, _ := strings.Cut(s, ".")
	var n, nanos int64
	if len(whole) == 0 || len(whole) > 13 {
		return time.Time{}
	}
	for _, c := range whole {
		if c < '0' || c > '9' {
			return time.Time{}
		}
		n = n*10 + int64(c-'0')
	}
	for i := range 9 {
		nanos *= 10
		if i < len(fraction) && '0' <= fraction[i] && fraction[i] <= '9' {
			nanos += int64(fraction[i] - '0')
		}
	}
	if len(whole) > 10 {
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, nanos).UTC()
}
