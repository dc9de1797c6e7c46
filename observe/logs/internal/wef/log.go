package wef

import (
	"strings"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/internal/intake"
	"bulwark/wire/winevent"
)

// Bounds of what is kept for the next delivery.
const (
	keptEvents = 1024
	keptBytes  = 4 << 20
)

const maxMessage = 1024 // bytes

// faultOther marks an event that another machine than its sender wrote: it forwards for others, or pretends.
const faultOther = "written by another machine"

// page is the memory in which one delivery is read.
type page struct {
	packed, plain, text []byte
	events              []winevent.Event
	logs                []event.Log
	records             []intake.Record
}

// trim lets go of what an exceptional delivery needed.
func (p *page) trim() {
	if cap(p.events) > keptEvents {
		p.events, p.logs, p.records = nil, nil, nil
	}
	if cap(p.plain) > keptBytes || cap(p.text) > keptBytes {
		p.plain, p.text = nil, nil
	}
	clear(p.records)
}

// read makes records of events. What is none is counted, and kept as text.
func (p *page) read(events [][]byte, base intake.Record) (bad int) {
	for len(p.events) < len(events) {
		p.events = append(p.events, winevent.Event{})
		p.logs = append(p.logs, event.Log{})
	}
	p.records = p.records[:0]
	for n, xml := range events {
		r := base
		if err := p.events[n].Parse(xml); err != nil {
			bad++
			r.Text = xml
		} else {
			l := &p.logs[n]
			*l = event.Log{Fields: p.events[n].Fields, Faults: l.Faults[:0], Size: uint64(len(xml))}
			r.Log, r.Time = l, fill(l, &p.events[n])
			if !same(l.Host, base.Identity) {
				l.Faults = append(l.Faults, faultOther)
			}
		}
		p.records = append(p.records, r)
	}
	return bad
}

// fill takes out of the fields of an event what all logs have, and when it happened.
func fill(l *event.Log, e *winevent.Event) time.Time {
	l.Format, l.Product = "windows-event", "windows"
	var level, keywords, at string
	users := [3]string{}
	for i := 0; i+1 < len(e.Fields); i += 2 {
		value := e.Fields[i+1]
		switch e.Fields[i] {
		case "EventID":
			l.Code = value
		case "Computer":
			l.Host = value
		case "Provider_Name":
			l.App = value
		case "Execution_ProcessID":
			l.Process = value
		case "Level":
			level = first(level, value)
		case "Keywords":
			keywords = first(keywords, value)
		case "TimeCreated_SystemTime":
			at = value
		case "SubjectUserName":
			users[0] = value
		case "User":
			users[1] = value
		case "TargetUserName":
			users[2] = value
		}
	}
	for _, u := range users {
		if u != "" && u != "-" {
			l.User = u
			break
		}
	}
	l.Message = cut(e.Message, maxMessage)
	l.Severity, l.Outcome = severity(level), outcome(keywords)
	if e.Cut {
		l.Faults = append(l.Faults, "cut")
	}
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return time.Time{}
	}
	return t
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// cut is at most some bytes of a text.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// severity is what the level of an event says; "" for 0, which audits have.
func severity(level string) string {
	switch level {
	case "1":
		return "critical"
	case "2":
		return "high"
	case "3":
		return "medium"
	case "4", "5":
		return "informational"
	}
	return ""
}

// outcome is what the keywords of an audit say (winmeta.xml: AuditFailure 0x10000000000000, AuditSuccess 0x20000000000000).
func outcome(keywords string) string {
	const at = len("0x80")
	if len(keywords) != len("0x8010000000000000") || !strings.HasPrefix(keywords, "0x") {
		return ""
	}
	switch keywords[at] {
	case '1':
		return "failure"
	case '2':
		return "success"
	}
	return ""
}

// same reports whether two names are of one machine: one of them may be without its domain.
func same(host, identity string) bool {
	a, domainA, _ := strings.Cut(host, ".")
	b, domainB, _ := strings.Cut(identity, ".")
	return strings.EqualFold(a, b) && (domainA == "" || domainB == "" || strings.EqualFold(domainA, domainB))
}
