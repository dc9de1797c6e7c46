package hl7

import (
	"bytes"
	"strconv"
	"time"

	"bulwark/wire/internal/delimited"
)

// Care is what a message tells of where and by whom a patient is looked after: of an admission, an order or an appointment.
type Care struct {
	// OrderControl is ORC-1 of the first order (table 0119: NW new, CA cancel, DC discontinue...).
	OrderControl []byte
	// Orderer is the place from which something was ordered: ORC-13 (enterer's location), else ORC-17 (entering organization).
	Orderer []byte
	// Appointment is the number of an appointment: SCH-2 (filler), else SCH-1 (placer).
	Appointment []byte
	// Starts and Ends are when the patient came or is to come, and when they leave, as written. Of an appointment SCH-11, TQ1 (7, 8) or the
	// first of AIS-4, AIG-8, AIL-6 and AIP-6; of one who is expected (A05, A14) PV2-8; of one who came (A01, A04) PV1-44, of one who left
	// (A03) PV1-45, else EVN-6, when it happened.
	Starts, Ends []byte
	// VIP is that PV1-16 marks the patient (table 0099); Protected that PD1-12 asks for protection (table 0136: Y) or an ARV segment restricts access.
	VIP, Protected bool
	// Lasts is how long an appointment takes (SCH-9 and 10, else that of a resource), where Ends is not told.
	Lasts time.Duration

	places  [maxPlaces][]byte
	staff   [maxStaff][]byte
	nPlaces uint8
	nStaff  uint8

	occurred, admitted, discharged, expected []byte
}

// Bounds of what is kept of one message.
const (
	maxPlaces = 8
	maxStaff  = 16
)

// Places are those of an appointment (AIL-3, the point of care), each once.
func (c *Care) Places() [][]byte { return c.places[:c.nPlaces] }

// Staff are the numbers of those who look after the patient, each once: attending, consulting and admitting doctor (PV1-7, 9, 17), who
// ordered and who entered it (ORC-12, 10), who takes part in an appointment (AIP-3), and who found or wrote something (OBX-16, OBR-32, TXA-5, 9).
func (c *Care) Staff() [][]byte { return c.staff[:c.nStaff] }

func (r *reader) orc(m *Message, f delimited.Fields) {
	m.ORC++
	control := f.At(1)
	if m.ORC == 1 {
		m.Care.OrderControl = r.keep(m, control)
	}
	r.people(m, f.At(10))
	r.people(m, f.At(12))
	if len(m.Care.Orderer) > 0 {
		return
	}
	if m.Care.Orderer = r.keep(m, delimited.Part(f.At(13), r.component, 0)); len(m.Care.Orderer) == 0 {
		m.Care.Orderer = r.keep(m, delimited.Part(f.At(17), r.component, 0))
	}
}

// sch reads SCH (chapter 10). SCH-11 is a TQ: its fourth and fifth component are start and end.
func (r *reader) sch(m *Message, f delimited.Fields) {
	placer, filler := f.At(1), f.At(2)
	if len(filler) == 0 {
		filler = placer
	}
	m.Care.Appointment = r.keep(m, delimited.Part(filler, r.component, 0))
	m.Care.Lasts = r.lasts(f.At(9), f.At(10))
	timing := f.At(11)
	m.Care.Starts = r.keep(m, delimited.Part(timing, r.component, 3))
	m.Care.Ends = r.keep(m, delimited.Part(timing, r.component, 4))
}

// tq1 reads TQ1 (chapter 4), which later versions have in place of SCH-11. Of an order it tells nothing that counts here.
func (r *reader) tq1(m *Message, f delimited.Fields) {
	if string(m.Type) == "SIU" && len(m.Care.Starts) == 0 {
		m.Care.Starts, m.Care.Ends = r.keep(m, f.At(7)), r.keep(m, f.At(8))
	}
}

// resource reads AIS, AIG, AIL or AIP (chapter 10), what an appointment needs: its start stands in a field, its duration and the unit of that three
// and four after it.
func (r *reader) resource(m *Message, f delimited.Fields, start int) {
	if len(m.Care.Starts) == 0 {
		m.Care.Starts = r.keep(m, f.At(start))
	}
	if m.Care.Lasts == 0 {
		m.Care.Lasts = r.lasts(f.At(start+3), f.At(start+4))
	}
}

// longest bounds how long an appointment can take.
const longest = 31 * 24 * time.Hour

// lasts is a duration and its unit (CWE: s, min, h and what sites make of them); minutes where there is none.
func (r *reader) lasts(number, unit []byte) time.Duration {
	n, err := strconv.ParseFloat(string(bytes.TrimSpace(number)), 64)
	if err != nil || !(n > 0) {
		return 0
	}
	of := time.Minute
	if unit = delimited.Part(unit, r.component, 0); len(unit) > 0 {
		switch unit[0] | 0x20 {
		case 's':
			of = time.Second
		case 'h':
			of = time.Hour
		case 'd', 'j':
			of = 24 * time.Hour
		}
	}
	if n > float64(longest)/float64(of) {
		return longest
	}
	return time.Duration(n * float64(of))
}

// people adds those of a field of people (XCN: the number is the first component).
func (r *reader) people(m *Message, list []byte) {
	for c := &m.Care; len(list) > 0; {
		var one []byte
		one, list = delimited.Cut(list, r.repetition)
		id := delimited.Part(one, r.component, 0)
		if len(id) == 0 || string(id) == `""` || has(c.Staff(), id) {
			continue
		}
		if c.nStaff == maxStaff {
			m.Cut = true
			return
		}
		c.staff[c.nStaff] = r.keep(m, id)
		c.nStaff++
	}
}

// interpreters adds those of OBR-32 (NDL: a person is the first component, the number its first subcomponent).
func (r *reader) interpreters(m *Message, list []byte) {
	for len(list) > 0 {
		var one []byte
		one, list = delimited.Cut(list, r.repetition)
		r.people(m, delimited.Part(delimited.Part(one, r.component, 0), r.subcomponent, 0))
	}
}

func (r *reader) place(m *Message, name []byte) {
	c := &m.Care
	if len(name) == 0 || has(c.Places(), name) {
		return
	}
	if c.nPlaces == maxPlaces {
		m.Cut = true
		return
	}
	c.places[c.nPlaces] = r.keep(m, name)
	c.nPlaces++
}

func has(all [][]byte, one []byte) bool {
	for _, v := range all {
		if bytes.Equal(v, one) {
			return true
		}
	}
	return false
}

// settle says when an admission began or ended, by what happened (chapter 3).
func (m *Message) settle() {
	c := &m.Care
	if string(m.Type) != "ADT" {
		return
	}
	switch string(m.Trigger) {
	case "A01", "A04":
		c.Starts = either(c.admitted, c.occurred)
	case "A05", "A14":
		c.Starts = c.expected
	case "A03":
		c.Ends = either(c.discharged, c.occurred)
	default:
		c.Starts = c.occurred
	}
}

func either(a, b []byte) []byte {
	if len(a) > 0 && string(a) != `""` {
		return a
	}
	return b
}

// Moment is when a time of the message is, which was seen at a time. HL7 gives the offset from UTC seldom (§2A.76, DTM): then it is that of the
// sender's clock, which MSH-7 tells beside the time at which the message was seen. It is the zero time where one cannot tell: without a day, or
// where the sender's clock is off by more than any zone is.
func (m *Message) Moment(written []byte, seen time.Time) time.Time {
	at, told := parseTime(written)
	if at.IsZero() || told {
		return at
	}
	sent, told := parseTime(m.Time)
	if told {
		_, offset := zoneOf(m.Time)
		return at.Add(-offset)
	}
	if len(m.Time) < len("200601021504") || sent.IsZero() {
		return time.Time{}
	}
	offset := sent.Sub(seen).Round(15 * time.Minute)
	if offset < -12*time.Hour || offset > 14*time.Hour {
		return time.Time{}
	}
	return at.Add(-offset)
}

// parseTime reads a DTM as UTC, or by its own offset, which told says. A day is the least.
func parseTime(written []byte) (at time.Time, told bool) {
	digits, offset := zoneOf(written)
	if dot := bytes.IndexByte(digits, '.'); dot >= 0 {
		digits = digits[:dot]
	}
	const layout = "20060102150405"
	if n := len(digits); n < 8 || n > len(layout) || n%2 != 0 {
		return time.Time{}, false
	}
	at, err := time.Parse(layout[:len(digits)], string(digits))
	if err != nil {
		return time.Time{}, false
	}
	told = bytes.ContainsAny(written, "+-")
	return at.Add(-offset), told
}

// zoneOf parts a DTM into its digits and its offset from UTC.
func zoneOf(written []byte) (digits []byte, offset time.Duration) {
	i := bytes.IndexAny(written, "+-")
	if i < 0 {
		return written, 0
	}
	zone := written[i+1:]
	n, err := strconv.ParseUint(string(zone), 10, 16)
	if err != nil || len(zone) != 4 || n > 1459 {
		return written[:i], 0
	}
	offset = time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute
	if written[i] == '-' {
		offset = -offset
	}
	return written[:i], offset
}
