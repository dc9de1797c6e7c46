package document

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"bulwark/observe/logs/internal/flat"
)

type form uint8

const (
	formOwn       form = iota // its fields are what it says
	formLine                  // it carries a line as a machine wrote it
	formWinlog                // Winlogbeat, or Filebeat and Elastic Agent likewise
	formWazuh                 // an event of Windows in an alert of Wazuh
	formWindows               // an event of Windows in fields named as in its XML: NXLog, Fluent Bit
	formCollector             // an event of Windows as the collector of OpenTelemetry has it
	formEVE
	formZeek
	formAudit // AuditEvent of FHIR
)

// facts are what tells the form of a document, and what else of it does not stand in its fields.
type facts struct {
	form form
	kind string // event_type of EVE
	time string
	path string // file or channel that it was read from
	line string // the line that it carries

	// Of syslog, beside the line.
	host, app, process, priority string
	facility, severity           string
}

// marks are the fields that tell forms apart.
type marks struct {
	winlog, wazuh, eventID, channel, collected, kind, flow, stamp, zeek, uid, origin, audit bool

	understood        bool // its sender took the line apart
	original, message string
}

// look finds what form a document has.
func look(fields []flat.Field) (f facts) {
	var m marks
	for i := range fields {
		name, value := fields[i].Name, fields[i].Value
		if !f.envelope(name, value) {
			m.mark(name, value)
		}
		if name == "event_type" {
			f.kind = value
		}
	}
	f.line = m.message
	if m.original != "" {
		f.line = m.original
	}
	f.form = m.form(f.line != "")
	return f
}

func (m *marks) form(line bool) form {
	switch {
	case m.audit:
		return formAudit
	case m.winlog:
		return formWinlog
	case m.wazuh:
		return formWazuh
	case m.eventID && m.channel:
		return formWindows
	case m.collected && m.channel:
		return formCollector
	case m.kind && m.stamp && m.flow:
		return formEVE
	case m.zeek, m.stamp && m.uid && m.origin:
		return formZeek
	case m.original != "", line && !m.understood:
		return formLine
	}
	return formOwn
}

// mark notes a field that tells something of the form.
func (m *marks) mark(name, value string) {
	switch name {
	case "resourceType":
		m.audit = value == "AuditEvent"
	case "EventID":
		m.eventID = true
	case "Channel", "channel":
		m.channel = true
	case "event_id.id":
		m.collected = true
	case "event_type":
		m.kind = true
	case "flow_id", "src_ip", "stats.uptime":
		m.flow = true
	case "timestamp", "ts":
		m.stamp = true
	case "_path":
		m.zeek = true
	case "uid":
		m.uid = true
	case "id.orig_h":
		m.origin = true
	case "event.original":
		m.original = value
	case "message", "log", "MESSAGE", "msg", "full_log":
		m.message = value
	case "event.action", "event.category", "event.code", "event.outcome", "source.ip", "user.name":
		m.understood = true
	default:
		if strings.HasPrefix(name, "winlog.") {
			m.winlog = true
		}
		if strings.HasPrefix(name, "data.win.") {
			m.wazuh = true
		}
	}
}

// envelope notes what a shipper says of the line: when, where and by whom it was written.
func (f *facts) envelope(name, value string) bool {
	switch name {
	case "@timestamp":
		f.time = value
	case "time", "date", "timereported", "timegenerated", "ISODATE", "DATE":
		f.time = first(f.time, value)
	case "log.file.path", "filename", "file":
		f.path = value
	case "host.name", "host", "hostname", "fromhost", "HOST", "_HOSTNAME", "agent.name", "syslog.hostname":
		f.host = first(f.host, value)
	case "ident", "appname", "programname", "syslog-tag", "PROGRAM", "SYSLOG_IDENTIFIER", "program", "process.name", "log.syslog.appname":
		f.app = first(f.app, strings.TrimRight(value, ":"))
	case "service.name":
		if !strings.HasPrefix(value, "unknown_service") { // what kits of OpenTelemetry say of programs without a name
			f.app = first(f.app, value)
		}
	case "pid", "procid", "proc_id", "PID", "_PID", "process.pid", "log.syslog.procid":
		f.process = value
	case "pri", "priority", "log.syslog.priority":
		f.priority = value
	case "PRIORITY", "log.syslog.severity.code":
		f.severity = value
	case "SYSLOG_FACILITY", "log.syslog.facility.code":
		f.facility = value
	default:
		if name == "timestamp" || name == "ts" || name == "TimeCreated" {
			f.time = first(f.time, value)
		}
		return false
	}
	return true
}

// first is a, or b where there is none.
func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// syslog is the line with a header of syslog (RFC 5424) before it, where its sender took that off or says who wrote it.
func (f *facts) syslog() []byte {
	if f.app == "" && (f.host == "" || headed(f.line)) {
		return []byte(f.line)
	}
	at := "-"
	if t := instant(f.time); !t.IsZero() {
		at = t.Format(time.RFC3339Nano)
	}
	return fmt.Appendf(nil, "<%d>1 %s %s %s %s - - %s", f.pri(), at, word(f.host, 255), word(f.app, 48), word(f.process, 128), f.line)
}

// pri is the priority of syslog: 14, a note of a user's program, where it is not told.
func (f *facts) pri() int {
	if n, err := strconv.Atoi(f.priority); err == nil && 0 <= n && n < 192 {
		return n
	}
	severity, err := strconv.Atoi(f.severity)
	if err != nil || severity < 0 || severity > 7 {
		return 14
	}
	facility, err := strconv.Atoi(f.facility)
	if err != nil || facility < 0 || facility > 23 {
		facility = 1
	}
	return facility*8 + severity
}

// word is a value as it may stand in the header; "-" where there is none.
func word(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}

// headed reports whether a line begins with a header of its own: a priority of syslog, or the date that syslog writes.
func headed(line string) bool {
	if strings.HasPrefix(line, "<") {
		return true
	}
	if len(line) < 16 {
		return false
	}
	if _, err := time.Parse(time.Stamp, line[:15]); err == nil {
		return true
	}
	_, err := time.Parse("2006-01-02T15:04", line[:16])
	return err == nil
}
