package access

import (
	"slices"
	"strings"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/event"
	"bulwark/platform/clock"
)

// Stay is a patient in a unit, or expected there, as messages of the hospital's systems told.
type Stay struct {
	Unit  string    `json:"unit"`
	Why   string    `json:"why"` // admission, visit, expected, appointment, order
	From  time.Time `json:"from"`
	Until time.Time `json:"until"` // zero: until another message says so
}

// patient is what is known of one, by pseudonym.
type patient struct {
	Stays     []Stay `json:"stays"`
	Sensitive bool   `json:"sensitive,omitempty"`
	next      time.Time
}

// How long messages say something.
const (
	visitLasts       = 24 * time.Hour      // an outpatient (A04) has no discharge as a rule
	expectedLasts    = 7 * 24 * time.Hour  // pre-admission, appointment: the message does not tell its day
	orderLasts       = 72 * time.Hour      // somebody ordered something for the patient
	afterDischarge   = 48 * time.Hour      // letters are written
	stayForgotten    = 90 * 24 * time.Hour // after its end; a break-glass is explained by then
	mostStays        = 50                  // of one patient
	mostPatients     = 300_000
	forgottenAtOnce  = 3000
	longestStayKnown = 400 * 24 * time.Hour
)

// read takes a batch of messages or risks, which is the one of that number on the bus.
func (a *Access) read(seq uint64, batch []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.upTo.Seq = max(a.upTo.Seq, seq)
	defer clock.Wake(a.dirty)
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	for r.Next(&e) {
		switch p := e.Payload.(type) {
		case *event.HL7:
			a.message(time.Unix(0, e.Time).UTC(), p)
		case *event.Risk:
			a.risk(p)
		}
	}
	return r.Err()
}

// bands are what the risk of an entity is as a number.
var bands = [...]string{"none", "low", "medium", "high", "critical"}

// mostRisks is how many entities at risk are known.
const mostRisks = 200_000

// risk takes what incidents found of somebody or something. The lock is held.
func (a *Access) risk(r *event.Risk) {
	n := max(slices.Index(bands[:], r.Band), 0)
	entity := strings.Clone(r.Entity)
	if n == 0 {
		delete(a.risks, entity)
	} else if len(a.risks) < mostRisks {
		a.risks[entity] = n
	}
	now := a.needs.Clock.Now()
	if login, ok := strings.CutPrefix(entity, "user:"); ok {
		a.putPerson(a.byLogin[login], now)
	}
	if id, ok := strings.CutPrefix(entity, "device:"); ok {
		if _, known := a.machines[id]; known || slices.Contains(a.strangers, id) {
			a.putMachine(id)
		}
	}
	a.risksChanged.Add(1)
}

// message takes a message of HL7 that says where a patient is or is expected. The lock is held.
func (a *Access) message(at time.Time, m *event.HL7) {
	if m.Patient == "" || !pseudonym(m.Patient) || m.Ack == "AE" || m.Ack == "AR" || m.Processing == "T" || m.Processing == "D" {
		return
	}
	unit, _, _ := strings.Cut(strings.ToLower(m.Location), " ")
	if unit != "" && !word(unit) {
		return
	}
	id := strings.Clone(m.Patient)
	p := a.patients[id]
	if p == nil {
		if unit == "" || !a.room() {
			return
		}
		p = &patient{}
	}
	if !p.take(m.Type, m.Trigger, strings.Clone(unit), at) {
		return
	}
	p.Stays = p.Stays[max(0, len(p.Stays)-mostStays):]
	a.patients[id] = p
	a.unkept[itemKey{"stay", id}] = p
	now := a.needs.Clock.Now()
	a.putPatient(id, now)
	if p.next.After(now) {
		a.expect(now)
	}
}

// take changes what is known of a patient by a message (HL7 v2.9 chapters 3, 4 and 10); false: it says nothing about it.
func (p *patient) take(kind, trigger, unit string, at time.Time) bool {
	switch kind {
	case "ADT":
		return p.move(trigger, unit, at)
	case "SIU":
		switch trigger {
		case "S12", "S13", "S14":
			return p.begin(Stay{unit, "appointment", at, at.Add(expectedLasts)})
		case "S15", "S17":
			return p.end("appointment", at)
		}
	case "ORM", "OML", "OMI", "OMG", "RDE", "OMP":
		return p.begin(Stay{unit, "order", at, at.Add(orderLasts)})
	}
	return false
}

func (p *patient) move(trigger, unit string, at time.Time) bool {
	switch trigger {
	case "A01", "A02", "A06", "A13": // admitted, transferred, became an inpatient, discharge cancelled
		p.end("admission", at)
		return p.begin(Stay{Unit: unit, Why: "admission", From: at})
	case "A04", "A07":
		return p.begin(Stay{unit, "visit", at, at.Add(visitLasts)})
	case "A05", "A14", "A15": // pre-admitted, admission or transfer pending
		return p.begin(Stay{unit, "expected", at, at.Add(expectedLasts)})
	case "A08": // something of the patient changed, the place perhaps
		if n := p.current("admission", at); n >= 0 && unit != "" && p.Stays[n].Unit != unit {
			p.end("admission", at)
			return p.begin(Stay{Unit: unit, Why: "admission", From: at})
		}
	case "A03": // discharged
		if n := p.current("admission", at); n >= 0 {
			p.Stays[n].Until = at.Add(afterDischarge)
			return true
		}
	case "A11": // admission cancelled
		return p.end("admission", at)
	case "A38": // pre-admission cancelled
		return p.end("expected", at)
	}
	return false
}

// begin adds a stay, or goes on with the same one.
func (p *patient) begin(s Stay) bool {
	if s.Unit == "" {
		return false
	}
	if n := p.current(s.Why, s.From); n >= 0 && p.Stays[n].Unit == s.Unit {
		p.Stays[n].Until = s.Until
		return true
	}
	p.Stays = append(p.Stays, s)
	return true
}

// end ends the stays of a reason that go on.
func (p *patient) end(why string, at time.Time) (ended bool) {
	for n := range p.Stays {
		if s := &p.Stays[n]; s.Why == why && during(s.From, s.Until, at) {
			s.Until, ended = at, true
		}
	}
	return ended
}

// current is the newest stay of a reason that goes on; negative: there is none.
func (p *patient) current(why string, at time.Time) int {
	for n := len(p.Stays) - 1; n >= 0; n-- {
		if s := &p.Stays[n]; s.Why == why && during(s.From, s.Until, at) {
			return n
		}
	}
	return -1
}

// putPatient puts a patient with the record among the entities, as they are now. The lock is held.
func (a *Access) putPatient(id string, now time.Time) {
	p := a.patients[id]
	p.next = time.Time{}
	units := []string{}
	for n := range p.Stays {
		s := &p.Stays[n]
		for _, t := range [...]time.Time{s.From, s.Until} {
			if t.After(now) && (p.next.IsZero() || t.Before(p.next)) {
				p.next = t
			}
		}
		if s.Why != "order" && during(s.From, s.Until, now) && now.Sub(s.From) < longestStayKnown && !slices.Contains(units, s.Unit) {
			units = append(units, s.Unit)
		}
	}
	u := policy.ID("Patient", id)
	a.entities.Put(patientEntity(id, units, p.Sensitive), policy.Entity{UID: policy.ID("Record", id), Attrs: policy.Attrs{"patient": u}})
}

// room reports whether one more patient can be known; where there are many those are forgotten whose last stay ended long ago. The
// lock is held.
func (a *Access) room() bool {
	if len(a.patients) < mostPatients {
		return true
	}
	now, gone := a.needs.Clock.Now(), 0
	for id, p := range a.patients {
		if gone >= forgottenAtOnce {
			break
		}
		if p.over(now) && !p.Sensitive {
			delete(a.patients, id)
			a.unkept[itemKey{"stay", id}] = nil
			a.entities.Drop(policy.ID("Patient", id), policy.ID("Record", id))
			a.count.forgotten.Inc()
			gone++
		}
	}
	return gone > 0
}

// over reports whether all stays ended long ago.
func (p *patient) over(now time.Time) bool {
	return !slices.ContainsFunc(p.Stays, func(s Stay) bool {
		return s.Until.IsZero() && now.Sub(s.From) < longestStayKnown || !s.Until.IsZero() && now.Sub(s.Until) < stayForgotten
	})
}
