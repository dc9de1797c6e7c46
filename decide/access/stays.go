package access

import (
	"math"
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
	Why   string    `json:"why"` // admission, visit, expected, appointment, order, act
	From  time.Time `json:"from"`
	Until time.Time `json:"until"` // zero: until another message says so
	// Staff are the pseudonyms of those whom the messages named: doctors, who ordered, who takes part. Appointment is that of its number.
	Staff       []string `json:"staff,omitempty"`
	Appointment string   `json:"appointment,omitempty"`
}

// patient is what is known of one, by pseudonym.
type patient struct {
	Stays     []Stay `json:"stays"`
	Sensitive bool   `json:"sensitive,omitempty"`
	// Name and Family are the pseudonyms of the patient's name and family name.
	Name   string `json:"name,omitempty"`
	Family string `json:"family,omitempty"`
	// Number is the pseudonym of the number without the authority that gave it, as some ask for it.
	Number string `json:"number,omitempty"`
	next   time.Time
}

// How long messages say something.
const (
	visitLasts       = 24 * time.Hour      // an outpatient (A04) has no discharge as a rule
	expectedLasts    = 7 * 24 * time.Hour  // pre-admission, appointment: where the message does not tell its day
	preparedBefore   = 72 * time.Hour      // an appointment or an admission on a known day
	orderLasts       = 72 * time.Hour      // somebody ordered something for the patient
	afterDischarge   = 48 * time.Hour      // of an appointment too: letters are written
	stayForgotten    = 90 * 24 * time.Hour // after its end; a break-glass is explained by then
	mostStays        = 50                  // of one patient
	mostNamed        = 16                  // people in one stay
	lateMessage      = 31 * 24 * time.Hour // a message may tell of what happened so long before it
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

// news is what a message says of the care of a patient. The times are those of the hospital.
type news struct {
	kind, trigger, control string
	at, starts, ends       time.Time // of the message, and of what it tells; zero: not told
	unit, orderer          string
	places                 []string // of an appointment
	staff                  []string
	appointment            string
}

// unitOf is the unit of a place, which is its first word; empty: there is none.
func unitOf(place string) string {
	unit, _, _ := strings.Cut(strings.ToLower(place), " ")
	if !word(unit) {
		return ""
	}
	return strings.Clone(unit)
}

// newsOf copies what counts out of a message.
func newsOf(at time.Time, m *event.HL7) news {
	t := news{kind: m.Type, trigger: m.Trigger, control: m.OrderControl, at: at, unit: unitOf(m.Location), orderer: unitOf(m.RequestedBy)}
	for _, p := range m.Places {
		if unit := unitOf(p); unit != "" && !slices.Contains(t.places, unit) {
			t.places = append(t.places, unit)
		}
	}
	for _, s := range m.Staff[:min(len(m.Staff), mostNamed)] {
		if pseudonym(s) {
			t.staff = append(t.staff, strings.Clone(s))
		}
	}
	if pseudonym(m.Appointment) {
		t.appointment = strings.Clone(m.Appointment)
	}
	moment := func(ns uint64) time.Time {
		if ns == 0 || ns > math.MaxInt64 {
			return time.Time{}
		}
		return time.Unix(0, int64(ns)).UTC()
	}
	t.starts, t.ends = moment(m.Starts), moment(m.Ends)
	return t
}

// happened is when what a message tells of was: not after it, and not long before.
func (t *news) happened(when time.Time) time.Time {
	if when.IsZero() || when.After(t.at) || when.Before(t.at.Add(-lateMessage)) {
		return t.at
	}
	return when
}

// message takes a message of HL7 that says where a patient is or is expected, or who looks after them. The lock is held.
func (a *Access) message(at time.Time, m *event.HL7) {
	if m.Patient == "" || !pseudonym(m.Patient) || m.Ack == "AE" || m.Ack == "AR" || m.Processing == "T" || m.Processing == "D" {
		return
	}
	t := newsOf(at, m)
	id := strings.Clone(m.Patient)
	p := a.patients[id]
	if p == nil {
		if t.unit == "" && t.orderer == "" && len(t.places) == 0 && len(t.staff) == 0 || !a.room() {
			return
		}
		p = &patient{}
	}
	if !p.take(&t) {
		return
	}
	now := a.needs.Clock.Now()
	p.Stays = p.Stays[max(0, len(p.Stays)-mostStays):]
	if pseudonym(m.PatientName) && pseudonym(m.Family) {
		p.Name, p.Family = strings.Clone(m.PatientName), strings.Clone(m.Family)
	}
	if pseudonym(m.Number) {
		p.Number = strings.Clone(m.Number)
	}
	if m.VIP && slices.Contains(a.needs.Config.Sensitive, "vip") || m.Protected && slices.Contains(a.needs.Config.Sensitive, "protected") {
		p.Sensitive = true
	}
	a.patients[id] = p
	a.number(id, p, now)
	a.unkept[itemKey{"stay", id}] = p
	a.putPatient(id, now)
	a.nameAll(id, p)
	a.putNamed(p, now)
	if p.next.After(now) && (a.expected.IsZero() || p.next.Before(a.expected)) {
		a.expect(now)
	}
}

// take changes what is known of a patient by a message (HL7 v2.9 chapters 3, 4 and 10); false: it says nothing about it.
func (p *patient) take(t *news) bool {
	switch t.kind {
	case "ADT":
		return p.move(t)
	case "SIU":
		switch t.trigger {
		case "S12", "S13", "S14": // made, moved, changed
			return p.meet(t)
		case "S15", "S17": // cancelled, deleted
			return p.cancel(t)
		}
	case "ORM", "OML", "OMI", "OMG", "RDE", "OMP":
		switch t.control {
		case "CA", "DC", "OC", "CR", "DR", "UC", "UD": // cancelled or discontinued, or asked to be, or that could not be done (table 0119)
			return false
		}
		unit := t.orderer
		if unit == "" {
			unit = t.unit
		}
		return p.begin(t.stay(unit, "order", t.at, t.at.Add(orderLasts)))
	case "ORU", "MDM": // somebody found or wrote something
		if len(t.staff) > 0 {
			return p.begin(t.stay("", "act", t.at, t.at.Add(orderLasts)))
		}
	}
	return false
}

func (t *news) stay(unit, why string, from, until time.Time) Stay {
	return Stay{Unit: unit, Why: why, From: from, Until: until, Staff: t.staff}
}

func (p *patient) move(t *news) bool {
	switch t.trigger {
	case "A01", "A02", "A06", "A13": // admitted, transferred, became an inpatient, discharge cancelled
		return p.admit(t)
	case "A04", "A07":
		from := t.happened(t.starts)
		return p.begin(t.stay(t.unit, "visit", from, t.at.Add(visitLasts)))
	case "A05", "A14", "A15": // pre-admitted, admission or transfer pending
		if t.starts.IsZero() || t.starts.Before(t.at.Add(-visitLasts)) {
			return p.begin(t.stay(t.unit, "expected", t.at, t.at.Add(expectedLasts)))
		}
		return p.begin(t.stay(t.unit, "expected", later(t.at, t.starts.Add(-preparedBefore)), t.starts.Add(visitLasts+afterDischarge)))
	case "A08": // something of the patient changed, the place perhaps
		if n := p.current("admission", t.at); n >= 0 && t.unit != "" {
			return p.admit(t)
		}
	case "A03": // discharged
		if n := p.current("admission", t.at); n >= 0 {
			p.Stays[n].Until = t.happened(t.ends).Add(afterDischarge)
			return true
		}
	case "A11": // admission cancelled
		return p.end("admission", t.at)
	case "A38": // pre-admission cancelled
		return p.end("expected", t.at)
	}
	return false
}

// admit has the patient be in a unit from a time on. Several systems tell of it, each in its own message.
func (p *patient) admit(t *news) bool {
	from := t.happened(t.starts)
	if n := p.current("admission", t.at); n >= 0 && p.Stays[n].Unit != t.unit {
		if t.unit == "" {
			return false
		}
		p.end("admission", later(from, p.Stays[n].From))
	}
	return p.begin(t.stay(t.unit, "admission", from, time.Time{}))
}

// meet takes an appointment, in the place of the one of its number. One that was moved is where it was no more.
func (p *patient) meet(t *news) bool {
	units := t.places
	if len(units) == 0 && (t.unit != "" || len(t.staff) > 0) {
		units = []string{t.unit}
	}
	if len(units) == 0 {
		return false
	}
	if t.appointment != "" {
		p.cancel(t)
	}
	from, until := t.at, t.at.Add(expectedLasts)
	if !t.starts.IsZero() && t.starts.After(t.at.Add(-visitLasts)) {
		if t.ends.Before(t.starts) {
			t.ends = t.starts.Add(visitLasts)
		}
		from, until = later(t.at, t.starts.Add(-preparedBefore)), t.ends.Add(afterDischarge)
	}
	for _, unit := range units {
		s := t.stay(unit, "appointment", from, until)
		s.Appointment = t.appointment
		p.Stays = append(p.Stays, s)
	}
	return true
}

// cancel ends the appointment of a number, or all that go on where none is told. What has not begun is as if it had never been.
func (p *patient) cancel(t *news) (ended bool) {
	p.Stays = slices.DeleteFunc(p.Stays, func(s Stay) bool {
		hit := s.Why == "appointment" && s.Appointment == t.appointment && !s.From.Before(t.at)
		ended = ended || hit
		return hit
	})
	for n := range p.Stays {
		if s := &p.Stays[n]; s.Why == "appointment" && s.Appointment == t.appointment && s.Until.After(t.at) {
			s.Until, ended = t.at, true
		}
	}
	return ended
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// begin adds a stay, or goes on with the same one.
func (p *patient) begin(s Stay) bool {
	if s.Unit == "" && len(s.Staff) == 0 {
		return false
	}
	for n := len(p.Stays) - 1; n >= 0; n-- {
		o := &p.Stays[n]
		if o.Why != s.Why || o.Unit != s.Unit || !during(o.From, o.Until, s.From) {
			continue
		}
		o.Until = s.Until
		for _, who := range s.Staff {
			if !slices.Contains(o.Staff, who) && len(o.Staff) < mostNamed {
				o.Staff = append(o.Staff, who)
			}
		}
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
	if other := a.stayingAs(id); other != p { // by the number alone, the one who has it
		a.entities.Put(patientEntity(id, other.units(now), p.Sensitive || other.Sensitive), recordEntity(id))
		return
	}
	p.next = time.Time{}
	for n := range p.Stays {
		s := &p.Stays[n]
		for _, t := range [...]time.Time{s.From, s.Until} {
			if t.After(now) && (p.next.IsZero() || t.Before(p.next)) {
				p.next = t
			}
		}
	}
	a.entities.Put(patientEntity(id, p.units(now), a.sensitive(p)), recordEntity(id))
	if p.Number != "" && a.numbers[p.Number] == id {
		a.entities.Put(patientEntity(p.Number, p.units(now), a.sensitive(p)), recordEntity(p.Number))
	}
}

func recordEntity(id string) policy.Entity {
	return policy.Entity{UID: policy.ID("Record", id), Attrs: policy.Attrs{"patient": policy.ID("Patient", id)}}
}

// units are those in which a patient is or is expected.
func (p *patient) units(now time.Time) []string {
	units := []string{}
	for n := range p.Stays {
		s := &p.Stays[n]
		if s.Why != "order" && s.Unit != "" && during(s.From, s.Until, now) && now.Sub(s.From) < longestStayKnown && !slices.Contains(units, s.Unit) {
			units = append(units, s.Unit)
		}
	}
	return units
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
			a.unname(id, p)
			a.unnumber(id, p)
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
