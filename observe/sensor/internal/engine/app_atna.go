package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire/atna"
)

// maxAudited is how many users, nodes, patients and studies of an audit message are told.
const maxAudited = 16

// audit tells an audit message.
func (w *Worker) audit(f *flow, m *atna.Message) {
	t := texts{buf: w.out.text[:0]}
	e := &w.out.atna
	*e = event.ATNA{Types: e.Types[:0], Users: e.Users[:0], AETitles: e.AETitles[:0], Nodes: e.Nodes[:0], Patients: e.Patients[:0],
		Studies: e.Studies[:0], Event: either(m.Name(), event.View(m.Event.Text)), EventCode: event.View(m.Event.Code),
		Action: m.ActionName(), Outcome: m.OutcomeName(), Source: event.View(m.Source), Site: event.View(m.Site),
		Objects: uint64(len(m.Objects)), BreakGlass: m.Emergency(), Time: event.View(m.Time)}
	for i := range m.Objects {
		w.audited(&t, e, &m.Objects[i])
	}
	e.Reason = t.masked(w, m.Description) // the patients of the message are known by now
	for i := range m.Types {
		e.Types = append(e.Types, either(event.View(m.Types[i].Text), event.View(m.Types[i].Code)))
	}
	for i := range m.Participants {
		t.participant(w, e, &m.Participants[i])
	}
	w.out.text = t.buf
	w.emit(f, e)
	w.auditedSignOn(f, e, m)
}

// participant adds who took part. Who asked for it comes first.
func (t *texts) participant(w *Worker, e *event.ATNA, p *atna.Participant) {
	for title := range p.Titles {
		e.AETitles = addTo(e.AETitles, event.View(title))
	}
	user := t.masked(w, p.UserID)
	e.Users = addTo(e.Users, user)
	if n := len(e.Users); p.Requestor && n > 1 && e.Users[n-1] == user {
		e.Users[0], e.Users[n-1] = e.Users[n-1], e.Users[0]
	}
	e.Nodes = addTo(e.Nodes, event.View(p.Node))
}

// addTo adds a text that is not there yet.
func addTo(list []string, s string) []string {
	if s == "" || len(list) >= maxAudited {
		return list
	}
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

// audited adds what it was about: a patient as a pseudonym, a study by its UID.
func (w *Worker) audited(t *texts, e *event.ATNA, o *atna.Object) {
	e.Query = e.Query || o.HasQuery
	switch {
	case o.Patient():
		id, rest, _ := bytes.Cut(o.ID, []byte("^^^")) // a CX of HL7: the number, then who gave it out
		authority, _, _ := bytes.Cut(bytes.TrimLeft(rest, "&"), []byte{'&'})
		w.learn(authority, id)
		w.learnName(o.Name)
		at := len(t.buf)
		t.buf = w.opt.Patients.Patient(t.buf, authority, id)
		e.Patients = addTo(e.Patients, t.from(at))
	case o.Study():
		e.Studies = addTo(e.Studies, event.View(o.ID))
	}
}

// auditedSignOn reports a sign-on that a system reports.
func (w *Worker) auditedSignOn(f *flow, m *event.ATNA, a *atna.Message) {
	if !a.Is(atna.UserAuthentication) || !a.Is(atna.Login) || len(m.Users) == 0 || m.Outcome == "" {
		return
	}
	e := &w.out.auth
	*e = event.Auth{User: m.Users[0], Protocol: "ATNA", Service: m.Source, Outcome: outcomeOf(m.Outcome == "success"), Reason: m.Reason}
	if len(m.Nodes) > 0 {
		e.Host = m.Nodes[0]
	}
	w.emit(f, e)
}
