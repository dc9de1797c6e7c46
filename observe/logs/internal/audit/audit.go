// Package audit makes events of the messages by which the systems of a hospital say who opened, sent or changed what: those of IHE ATNA
// (DICOM PS3.15 §A.5, RFC 3881), which syslog carries, and AuditEvent of FHIR (IHE BALP). Patients in them are pseudonyms.
package audit

import (
	"bytes"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/pseudonym"
	"bulwark/wire/atna"
)

// Bounds of what is told of one message.
const (
	maxTold = 16
	maxText = 1024 // bytes
)

// Reader makes events of audit messages. It is of one goroutine.
type Reader struct {
	patients *pseudonym.Pseudonyms
	message  atna.Message
}

// New is a reader that tells patients as pseudonyms of p, which it keeps for itself.
func New(p *pseudonym.Pseudonyms) *Reader { return &Reader{patients: p} }

// Line appends the events of a line that carries an audit message: that, and the sign-on that it reports. It appends nothing for
// another line.
func (r *Reader) Line(line []byte, base intake.Record, out []intake.Record) []intake.Record {
	if !bytes.Contains(line, []byte("AuditMessage")) {
		return out
	}
	at := bytes.Index(line, []byte("<?xml"))
	if at < 0 {
		at = element(line)
	}
	if at < 0 || !atna.Looks(line[at:]) || atna.Parse(line[at:], &r.message) != nil || len(r.message.Event.Code) == 0 {
		return out
	}
	a := r.told(&r.message)
	return records(a, r.message.Is(atna.UserAuthentication) && r.message.Is(atna.Login), base, out)
}

// element is where the element AuditMessage begins, with or without a prefix of its name; -1 where it does not.
func element(line []byte) int {
	at := bytes.Index(line, []byte("AuditMessage"))
	open := bytes.LastIndexByte(line[:at], '<')
	if open < 0 || at-open > 32 {
		return -1
	}
	return open
}

// told is what an audit message says.
func (r *Reader) told(m *atna.Message) *event.ATNA {
	a := &event.ATNA{Event: m.Name(), EventCode: string(m.Event.Code), Action: m.ActionName(), Outcome: m.OutcomeName(),
		Source: short(m.Source), Site: short(m.Site), Objects: uint64(len(m.Objects)), BreakGlass: m.Emergency(), Time: short(m.Time)}
	if a.Event == "" {
		a.Event = short(m.Event.Text)
	}
	for i := range m.Objects {
		o := &m.Objects[i]
		a.Query = a.Query || o.HasQuery
		switch {
		case o.Patient():
			id, rest, _ := bytes.Cut(o.ID, []byte("^^^")) // a CX of HL7: the number, then who gave it out
			authority, _, _ := bytes.Cut(bytes.TrimLeft(rest, "&"), []byte{'&'})
			r.patient(a, authority, id, o.Name)
		case o.Study():
			a.Studies = add(a.Studies, short(o.ID))
		}
	}
	a.Reason = r.masked(m.Description) // the patients of the message are known by now
	for i := range m.Types {
		if text := short(m.Types[i].Text); text != "" {
			a.Types = add(a.Types, text)
		} else {
			a.Types = add(a.Types, short(m.Types[i].Code))
		}
	}
	for i := range m.Participants {
		p := &m.Participants[i]
		for title := range p.Titles {
			a.AETitles = add(a.AETitles, short(title))
		}
		r.user(a, p.UserID, p.Requestor)
		a.Nodes = add(a.Nodes, short(p.Node))
	}
	return a
}

// patient adds a patient, whose identifier and name are known from then on where texts have them.
func (r *Reader) patient(a *event.ATNA, authority, id, name []byte) {
	if len(id) > 0 {
		r.patients.Learn(authority, id)
		a.Patients = add(a.Patients, string(r.patients.Patient(nil, authority, id)))
	}
	if len(name) > 0 {
		r.patients.LearnName(name)
	}
}

// user adds who took part; who asked for it comes first.
func (r *Reader) user(a *event.ATNA, id []byte, requestor bool) {
	before := len(a.Users)
	a.Users = add(a.Users, r.masked(id))
	if n := len(a.Users); requestor && n > before && n > 1 {
		a.Users[0], a.Users[n-1] = a.Users[n-1], a.Users[0]
	}
}

func (r *Reader) masked(text []byte) string {
	return string(r.patients.Text(nil, text[:min(len(text), maxText)]))
}

func short(text []byte) string {
	return strings.ToValidUTF8(string(text[:min(len(text), maxText)]), "\uFFFD")
}

// add adds a text that is not there yet.
func add(list []string, s string) []string {
	if s == "" || len(list) >= maxTold {
		return list
	}
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

// records appends the event of a message, and that of the sign-on that it reports.
func records(a *event.ATNA, signOn bool, base intake.Record, out []intake.Record) []intake.Record {
	h := event.Header{Time: base.Received.UnixNano(), Src: base.Sender}
	if t, err := time.Parse(time.RFC3339Nano, a.Time); err == nil {
		h.Time = event.Nanos(t)
	}
	base.Size = max(base.Size, len(base.Text))
	base.Text, base.Log = nil, nil
	base.Event = &event.Event{Header: h, Payload: a}
	out = append(out, base)
	if signOn && len(a.Users) > 0 && a.Outcome != "" {
		s := &event.Auth{User: a.Users[0], Protocol: "ATNA", Service: a.Source, Outcome: "failure", Reason: a.Reason}
		if a.Outcome == "success" {
			s.Outcome = "success"
		}
		if len(a.Nodes) > 0 {
			s.Host = a.Nodes[0]
		}
		base.Event, base.Beside = &event.Event{Header: h, Payload: s}, true
		out = append(out, base)
	}
	return out
}
