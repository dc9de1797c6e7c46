// Package accesstest makes up a hospital's time: who works where, who lies where, what its systems say of it and how late, who has to break the glass,
// and who does so without any business there. Everything follows from a seed. The shares stand in decision 0089; they were written down before
// anything was tried on them.
package accesstest

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"bulwark/event"
)

// Someone is one of the staff. Pseudonyms are made up too.
type Someone struct {
	ID, Login                            string
	Roles, Units, Staff, Names, Families []string

	home, family, given string
	doctor              bool
}

// Shift is somebody on duty, as the roster says.
type Shift struct {
	Person, Unit string
	From, Until  time.Time
}

// Break is a broken glass.
type Break struct {
	Person, Patient, Reason string
	// Kind is why: a key of [Needs] or [Curiosity].
	Kind     string
	Snooping bool
}

// Step is one thing that happens. One of its fields is set.
type Step struct {
	At        time.Time
	Message   *event.HL7
	Roster    []Shift // from At on
	Added     *Shift  // to the roster, when somebody mends it
	Sensitive string  // a patient whose record is marked
	Break     *Break
}

// Needs are why carers break the glass, and how often among a hundred times.
func Needs() map[string]float64 {
	return map[string]float64{"unregistered": 26, "moved": 22, "consulted": 16, "not-in-roster": 14, "performing": 10, "following-up": 6, "sensitive": 3, "mistaken": 3}
}

// Curiosity is why others do, and how often among a hundred times.
func Curiosity() map[string]float64 {
	return map[string]float64{"colleague": 30, "family": 20, "known-person": 20, "acquaintance": 15, "one-after-another": 15}
}

// What a hospital of some 300 beds has on a day.
const (
	glassesOfNeed   = 55.0
	glassesOfOther  = 0.33 // 0.6 % of all: at most what a reviewer can look at is a hundredth
	emergencies     = 70.0
	planned         = 25.0
	appointments    = 90.0
	ordersOfPatient = 2.0
)

// hospital is what is true, whether or not a system says so.
type hospital struct {
	*rand.Rand
	begin    time.Time
	wards    []string
	people   []*Someone
	of       map[string][]*Someone // by home
	patients []*patient
	known    []*patient // who was here
	in       map[*patient]bool
	steps    []Step
	present  map[string][]*Someone // on this shift, as it is
	strays   []stray               // who works where the roster has them not
	left     []*patient
	serial   []serial
}

type patient struct {
	id, family, given string
	unit              string // where they are; empty: not here
	staff             *Someone
	sensitive         bool
	leftAt            time.Time
	leftFrom          string
	comes             time.Time // an appointment
	comesTo           string
	doctor            *Someone
}

type stray struct {
	who         *Someone
	unit        string
	from, until time.Time
}

// serial is somebody who looks at one after another.
type serial struct {
	who  *Someone
	left int
}

// New makes up so many days. The steps are in the order of time.
func New(seed uint64, begin time.Time, days int) ([]Someone, []Step) {
	h := &hospital{Rand: rand.New(rand.NewPCG(seed, 2026)), begin: begin, of: map[string][]*Someone{}, in: map[*patient]bool{}}
	h.hire()
	h.meetTown()
	for day := range days {
		h.day(begin.Add(time.Duration(day) * 24 * time.Hour))
	}
	slices.SortStableFunc(h.steps, func(a, b Step) int { return a.At.Compare(b.At) })
	all := make([]Someone, len(h.people))
	for n, p := range h.people {
		all[n] = *p
	}
	return all, h.steps
}

func (h *hospital) chance(p float64) bool { return h.Float64() < p }

// often is how often something happens that happens so many times on the average.
func (h *hospital) often(mean float64) (n int) {
	for limit, p := math.Exp(-mean), h.Float64(); p > limit; p *= h.Float64() {
		n++
	}
	return n
}

// within is a time of a span.
func (h *hospital) within(from, until time.Duration) time.Duration {
	return from + time.Duration(h.Int64N(int64(until-from)))
}

// late is how late a message is: some minutes, and now and then hours.
func (h *hospital) late(median time.Duration, seldom float64) time.Duration {
	if h.chance(seldom) {
		return h.within(4*time.Hour, 20*time.Hour)
	}
	return time.Duration(float64(median) * math.Exp(0.8*h.NormFloat64()))
}

func pick[T any](h *hospital, all []T) (one T) {
	if len(all) == 0 {
		return one
	}
	return all[h.IntN(len(all))]
}

// oneOf draws a key by its share. Keys are walked in their order, so that a seed stays what it is.
func oneOf(h *hospital, shares map[string]float64) string {
	keys, sum := make([]string, 0, len(shares)), 0.0
	for k, v := range shares {
		keys, sum = append(keys, k), sum+v
	}
	slices.Sort(keys)
	x := h.Float64() * sum
	for _, k := range keys {
		if x -= shares[k]; x < 0 {
			return k
		}
	}
	return keys[len(keys)-1]
}

// surname draws a family name: few are frequent, the most frequent one has four people in a thousand (as in France).
func (h *hospital) surname() string {
	return fmt.Sprintf("fam%d", int(250*(math.Pow(80, h.Float64())-1))) // 250 to 20,000 names
}

func (h *hospital) hire() {
	for n := range 14 {
		h.wards = append(h.wards, fmt.Sprintf("ward%d", n+1))
	}
	add := func(unit string, n int, doctors float64) {
		for range n {
			s := &Someone{ID: fmt.Sprint(len(h.people) + 1), home: unit, family: h.surname(), given: fmt.Sprintf("given%d", h.IntN(300)), doctor: h.chance(doctors)}
			s.Login, s.Roles = "login"+s.ID, []string{"clinician", "nurse"}
			if s.doctor {
				s.Roles[1] = "doctor"
			}
			if unit != "" {
				s.Units = []string{unit}
			}
			s.Staff, s.Names, s.Families = []string{"s~" + s.ID}, []string{"n~" + s.family + "^" + s.given}, []string{"n~" + s.family}
			h.people, h.of[unit] = append(h.people, s), append(h.of[unit], s)
		}
	}
	for _, w := range h.wards {
		add(w, 30, 0.27)
	}
	add("er", 60, 0.3)
	add("icu", 50, 0.25)
	add("radio", 25, 0.4)
	add("theatre", 50, 0.3)
	add("", 60, 0.4) // a pool that works where somebody is missing
}

// meetTown makes those who may come up: the town, and whoever works in the hospital.
func (h *hospital) meetTown() {
	for n := range 60_000 {
		h.patients = append(h.patients, &patient{id: fmt.Sprintf("p~%d", n), family: h.surname(), given: fmt.Sprintf("given%d", h.IntN(300))})
	}
	for n, s := range h.people {
		h.patients[n].staff, h.patients[n].family, h.patients[n].given = s, s.family, s.given
	}
}

// say has a system of the hospital send a message.
func (h *hospital) say(at time.Time, p *patient, kind, trigger, unit string, more ...func(*event.HL7)) {
	m := &event.HL7{Type: kind, Trigger: trigger, Patient: p.id, Location: unit, Ack: "AA", Processing: "P", PatientName: "n~" + p.family + "^" + p.given, Family: "n~" + p.family}
	for _, f := range more {
		f(m)
	}
	h.steps = append(h.steps, Step{At: at, Message: m})
}

func starts(at time.Time) func(*event.HL7) {
	return func(m *event.HL7) { m.Starts = uint64(at.UnixNano()) }
}

// named has a message name somebody, if its system does that.
func (h *hospital) named(s *Someone, often float64) func(*event.HL7) {
	named := s != nil && h.chance(often)
	return func(m *event.HL7) {
		if named {
			m.Staff = append(m.Staff, s.Staff[0])
		}
	}
}

func (h *hospital) breaks(at time.Time, s *Someone, p *patient, kind string, snooping bool, reasons ...string) {
	if s == nil || p == nil {
		return
	}
	h.steps = append(h.steps, Step{At: at, Break: &Break{Person: s.ID, Patient: p.id, Reason: pick(h, reasons), Kind: kind, Snooping: snooping}})
}

// doctorOf is one of those who are there; nil: there is none.
func (h *hospital) doctorOf(unit string) *Someone {
	all := slices.DeleteFunc(slices.Clone(h.present[unit]), func(s *Someone) bool { return !s.doctor })
	return pick(h, all)
}

func (h *hospital) day(begin time.Time) {
	h.staffUnits(begin)
	h.welcome(begin)
	h.move(begin)
	h.plan(begin)
	h.order(begin)
	for range h.often(glassesOfNeed) {
		h.need(begin, oneOf(h, Needs()))
	}
	for range h.often(glassesOfOther) {
		h.snoop(begin, oneOf(h, Curiosity()))
	}
	h.goOn(begin)
}

// staffUnits says who works, and has the roster say most of it.
func (h *hospital) staffUnits(begin time.Time) {
	h.present, h.strays = map[string][]*Someone{}, nil
	var roster []Shift
	put := func(s *Someone, unit string, from time.Time, inRoster float64) {
		h.present[unit] = append(h.present[unit], s)
		shift := Shift{s.ID, unit, from, from.Add(12 * time.Hour)}
		if h.chance(inRoster) {
			roster = append(roster, shift)
			return
		}
		if s.home != unit {
			h.strays = append(h.strays, stray{s, unit, shift.From, shift.Until})
		}
		if h.chance(0.6) { // somebody mends the roster
			h.steps = append(h.steps, Step{At: from.Add(h.within(12*time.Hour, 60*time.Hour)), Added: &shift})
		}
	}
	day, night := begin.Add(7*time.Hour), begin.Add(19*time.Hour)
	for _, unit := range append([]string{"er", "icu", "radio", "theatre"}, h.wards...) {
		n := map[string]int{"er": 12, "icu": 10, "radio": 6, "theatre": 12}[unit]
		all := slices.Clone(h.of[unit])
		h.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		n = cmp.Or(n, 7)
		for i, s := range all[:n+n/2] {
			from := day
			if i >= n {
				from = night
			}
			put(s, unit, from, 0.94)
		}
	}
	for range 10 { // of the pool by day, and on call by night
		put(pick(h, h.of[""]), pick(h, h.wards), day, 0.6)
		if s := pick(h, h.of[pick(h, h.wards)]); s.doctor {
			for range 3 {
				put(s, pick(h, h.wards), night, 0.75)
			}
		}
	}
	h.steps = append(h.steps, Step{At: begin, Roster: roster})
}

// someone is a patient who comes: some were here before.
func (h *hospital) someone() *patient {
	for {
		p := pick(h, h.patients)
		if len(h.known) > 100 && h.chance(0.3) {
			p = pick(h, h.known)
		}
		if !h.in[p] {
			h.known = append(h.known, p)
			if h.chance(0.004) && !p.sensitive {
				p.sensitive = true
			}
			return p
		}
	}
}

// lie has a patient come to lie in a unit, and the messages say so.
func (h *hospital) lie(at time.Time, p *patient, unit, trigger string, late time.Duration) {
	p.unit, h.in[p], p.doctor = unit, true, h.doctorOf(unit)
	h.say(at.Add(late), p, "ADT", trigger, unit, starts(at), h.named(p.doctor, 0.8))
	if p.sensitive {
		h.steps = append(h.steps, Step{At: at.Add(late + time.Minute), Sensitive: p.id})
	}
	if late > 10*time.Minute && late < 72*time.Hour {
		h.left = append(h.left, p)
	}
}

// welcome has people come, planned or not.
func (h *hospital) welcome(begin time.Time) {
	h.left = nil
	for range h.often(emergencies) {
		p, at := h.someone(), begin.Add(h.within(0, 23*time.Hour))
		late := h.late(15*time.Minute, 0.02)
		h.say(at.Add(late), p, "ADT", "A04", "er", starts(at))
		if h.chance(26.0 / emergencies / 100 * glassesOfNeed) {
			h.breaks(at.Add(late/2), pick(h, h.present["er"]), p, "unregistered", false, "emergency", "emergency", "emergency", "consultation")
		}
		if h.chance(0.22) {
			h.lie(at.Add(h.within(2*time.Hour, 8*time.Hour)), p, pick(h, h.wards), "A01", h.late(25*time.Minute, 0.05))
		} else {
			p.leftAt, p.leftFrom = at.Add(5*time.Hour), "er"
		}
	}
	for range h.often(planned) {
		p, unit, at := h.someone(), pick(h, h.wards), begin.Add(h.within(7*time.Hour, 15*time.Hour))
		h.say(at.Add(-h.within(3*24*time.Hour, 20*24*time.Hour)), p, "ADT", "A05", unit, starts(at))
		h.lie(at, p, unit, "A01", h.late(15*time.Minute, 0.02))
		if h.chance(0.3) { // is operated on
			h.say(at.Add(-48*time.Hour), p, "SIU", "S12", unit, starts(at.Add(20*time.Hour)), func(m *event.HL7) {
				m.Appointment, m.Places = fmt.Sprintf("x~%s-%d", p.id[2:], at.Unix()), []string{"theatre"}
			}, h.named(pick(h, h.of["theatre"]), 0.6))
		}
	}
}

// inHouse are those who lie there, in an order that a seed gives.
func (h *hospital) inHouse() []*patient {
	all := make([]*patient, 0, len(h.in))
	for p := range h.in {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *patient) int { return cmp.Compare(a.id, b.id) })
	return all
}

// move transfers and discharges.
func (h *hospital) move(begin time.Time) {
	for _, p := range h.inHouse() {
		at := begin.Add(h.within(8*time.Hour, 20*time.Hour))
		switch {
		case h.chance(0.18):
			h.say(at.Add(h.within(0, 5*time.Hour)), p, "ADT", "A03", p.unit)
			p.leftAt, p.leftFrom, p.unit = at, p.unit, ""
			delete(h.in, p)
		case h.chance(0.06):
			unit := pick(h, h.wards)
			if h.chance(0.3) {
				unit = "icu"
			}
			h.lie(at, p, unit, "A02", h.late(35*time.Minute, 0.06))
		}
	}
}

// plan makes appointments, and has some of them moved and cancelled.
func (h *hospital) plan(begin time.Time) {
	for range h.often(appointments) {
		p, unit, at := h.someone(), pick(h, append([]string{"radio"}, h.wards...)), begin.Add(h.within(8*time.Hour, 17*time.Hour))
		made := at.Add(-h.within(2*24*time.Hour, 60*24*time.Hour))
		number := func(m *event.HL7) {
			m.Appointment, m.Places = fmt.Sprintf("x~%s-%d", p.id[2:], at.Unix()), []string{unit}
		}
		h.say(made, p, "SIU", "S12", "", starts(at), number, h.named(pick(h, h.of[unit]), 0.7))
		switch {
		case h.chance(0.08):
			h.say(made.Add(at.Sub(made)/2), p, "SIU", "S15", "", number)
			continue
		case h.chance(0.05):
			h.say(made.Add(at.Sub(made)/2), p, "SIU", "S13", "", starts(at.Add(24*time.Hour)), number)
		}
		p.comes, p.comesTo = at, unit
		p.leftAt, p.leftFrom = at, unit
	}
}

// ordered is an order from a unit, as its system tells it: many tell the unit, fewer who it was.
func (h *hospital) ordered(at time.Time, p *patient, by *Someone, unit string) {
	h.say(at, p, "ORM", "O01", p.unit, h.named(by, 0.5), func(m *event.HL7) { m.OrderControl = "NW" }, func(m *event.HL7) {
		if h.chance(0.6) {
			m.RequestedBy = unit
		}
	})
}

// wrote is a report, which mostly names its author.
func (h *hospital) wrote(at time.Time, p *patient, by *Someone) {
	h.say(at, p, "MDM", "T02", p.unit, h.named(by, 0.8))
}

func (h *hospital) order(begin time.Time) {
	for _, p := range h.inHouse() {
		for range h.often(ordersOfPatient) {
			h.ordered(begin.Add(h.within(7*time.Hour, 23*time.Hour)), p, h.doctorOf(p.unit), p.unit)
		}
	}
}

// need has somebody break the glass who must. Those whom no message told of yet do so where they come (welcome).
func (h *hospital) need(begin time.Time, why string) {
	at := begin.Add(h.within(time.Hour, 23*time.Hour))
	inside := h.inHouse()
	switch p := pick(h, inside); why {
	case "moved": // the ward has the patient, and no message said so yet
		if p := pick(h, h.left); p != nil && p.unit != "" {
			for n := len(h.steps) - 1; n >= 0; n-- {
				if m := h.steps[n].Message; m != nil && m.Patient == p.id && m.Type == "ADT" && m.Starts != 0 {
					came := time.Unix(0, int64(m.Starts)).UTC()
					h.breaks(came.Add(h.steps[n].At.Sub(came)/2), pick(h, h.present[p.unit]), p, why, false, "transfer", "emergency", "transfer")
					return
				}
			}
		}
	case "consulted":
		unit := pick(h, append([]string{"icu"}, h.wards...))
		s := h.doctorOf(unit)
		if s == nil || unit == p.unit {
			return
		}
		h.breaks(at, s, p, why, false, "consultation", "consultation", "on-call")
		switch { // three in four leave something written
		case h.chance(0.375):
			h.ordered(at.Add(h.within(20*time.Minute, 6*time.Hour)), p, s, unit)
		case h.chance(0.6):
			h.wrote(at.Add(h.within(20*time.Minute, 24*time.Hour)), p, s)
		}
	case "not-in-roster":
		x := pick(h, h.strays)
		there := slices.DeleteFunc(slices.Clone(inside), func(p *patient) bool { return p.unit != x.unit })
		if x.who == nil || len(there) == 0 {
			return
		}
		p, at := pick(h, there), x.from.Add(h.within(0, 12*time.Hour))
		h.breaks(at, x.who, p, why, false, "on-call", "on-call", "emergency", "transfer")
		if x.who.doctor && h.chance(0.5) {
			h.ordered(at.Add(h.within(10*time.Minute, 4*time.Hour)), p, x.who, x.unit)
		}
	case "performing":
		unit := pick(h, []string{"radio", "radio", "theatre"})
		s := pick(h, h.present[unit])
		h.breaks(at, s, p, why, false, "consultation", "emergency")
		if h.chance(0.6) { // what is done has a slot of its own, told late
			h.say(at.Add(h.within(-4*time.Hour, 8*time.Hour)), p, "SIU", "S12", p.unit, starts(at.Add(time.Hour)), func(m *event.HL7) {
				m.Appointment, m.Places = fmt.Sprintf("x~%s-%d", p.id[2:], at.Unix()), []string{unit}
			}, h.named(s, 0.5))
		}
		if s != nil && s.doctor && h.chance(0.7) {
			h.wrote(at.Add(h.within(time.Hour, 24*time.Hour)), p, s)
		}
	case "following-up": // somebody who left some days ago, or comes soon
		for range 300 {
			p := pick(h, h.known)
			if since := begin.Sub(p.leftAt); h.in[p] || p.leftFrom == "" || since < -14*24*time.Hour || since > 30*24*time.Hour {
				continue
			}
			h.breaks(at, pick(h, h.present[p.leftFrom]), p, why, false, "consultation", "administrative", "other")
			return
		}
	case "sensitive":
		for _, p := range inside {
			if p.sensitive {
				h.breaks(at, pick(h, h.present[p.unit]), p, why, false, "emergency", "consultation")
				return
			}
		}
	case "mistaken":
		h.breaks(at, pick(h, h.people), pick(h, h.known), why, false, "emergency", "consultation", "on-call")
	}
}

// claims are what people say who should not look.
var claims = []string{"consultation", "consultation", "consultation", "consultation", "on-call", "on-call", "emergency", "emergency", "administrative", "transfer"}

// somebody is of the staff: mostly one of those who are at work.
func (h *hospital) somebody() *Someone {
	if at := h.present[pick(h, append([]string{"er", "icu", "radio", "theatre"}, h.wards...))]; h.chance(0.8) && len(at) > 0 {
		return pick(h, at)
	}
	return pick(h, h.people)
}

// snoop has somebody look who has no business there. One in seven times it is somebody of their own unit, so that the place tells nothing.
func (h *hospital) snoop(begin time.Time, why string) {
	at := begin.Add(h.within(0, 24*time.Hour))
	switch why {
	case "colleague":
		who := pick(h, h.people)
		s := h.somebody()
		if h.chance(0.7) && who.home != "" {
			s = pick(h, h.of[who.home])
		}
		p := h.patients[slices.Index(h.people, who)]
		if s == who {
			return
		}
		h.come(at, p, s)
		h.breaks(at, s, p, why, true, claims...)
	case "family":
		s := h.somebody()
		for range 5000 {
			if p := pick(h, h.patients); p.family == s.family && p.staff != s {
				h.come(at, p, s)
				h.breaks(at, s, p, why, true, claims...)
				return
			}
		}
	case "known-person": // of whom the town speaks: several look
		p := pick(h, h.inHouse())
		if p == nil {
			return
		}
		p.sensitive = true
		h.steps = append(h.steps, Step{At: begin, Sensitive: p.id})
		for range 1 + h.IntN(3) {
			h.breaks(begin.Add(h.within(time.Hour, 24*time.Hour)), h.somebody(), p, why, true, claims...)
		}
	case "acquaintance": // nothing tells that they know each other
		p := pick(h, h.patients)
		if h.chance(0.3) {
			p = pick(h, h.inHouse())
		}
		h.breaks(at, h.somebody(), p, why, true, claims...)
	case "one-after-another":
		h.serial = append(h.serial, serial{h.somebody(), 3 + h.IntN(5)})
	}
}

// come has a patient whom somebody is curious about be in the hospital, half of the times; seldom in the unit of who looks.
func (h *hospital) come(at time.Time, p *patient, s *Someone) {
	if h.in[p] || !h.chance(0.5) {
		return
	}
	h.known = append(h.known, p)
	unit := pick(h, h.wards)
	if s.home != "" && h.chance(0.3) {
		unit = s.home
	}
	h.lie(at.Add(-h.within(time.Hour, 48*time.Hour)), p, unit, "A01", h.late(20*time.Minute, 0.05))
}

// goOn has those go on who look at one after another.
func (h *hospital) goOn(begin time.Time) {
	for n := range h.serial {
		x := &h.serial[n]
		for range min(x.left, 1+h.IntN(3)) {
			p := pick(h, h.known)
			if h.chance(0.6) {
				p = pick(h, h.inHouse())
			}
			h.breaks(begin.Add(h.within(0, 24*time.Hour)), x.who, p, "one-after-another", true, claims...)
			x.left--
		}
	}
	h.serial = slices.DeleteFunc(h.serial, func(x serial) bool { return x.left <= 0 })
}
