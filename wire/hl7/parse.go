package hl7

import (
	"bytes"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/internal/delimited"
)

// Parse reads one message without its frame into m, whose memory it reuses. Of a batch it reads the first message.
// Segments may end with CR, LF or both. It returns [wire.ErrMalformed] when no MSH, FHS or BHS segment stands at
// the beginning.
func Parse(message []byte, m *Message) error {
	m.reset()
	message = bytes.TrimLeft(message, "\r\n")
	if !isHeader(message) {
		return fmt.Errorf("hl7: %w: a message begins with MSH, FHS or BHS", wire.ErrMalformed)
	}
	var r reader
	for len(message) > 0 {
		end, term := r.segmentEnd(message)
		if r.started && isMSH(bytes.TrimLeft(message, "\r\n")) {
			break // the next message of a batch
		}
		r.segment(m, message[:min(end, maxSegment)], end >= maxSegment)
		if r.started {
			m.Bytes += int64(end)
			if term {
				m.Bytes++
			}
		}
		if !term {
			break
		}
		message = message[end+1:]
	}
	if !r.started {
		return fmt.Errorf("hl7: %w: a batch without a message", wire.ErrMalformed)
	}
	m.settle()
	return nil
}

func isMSH(p []byte) bool { return len(p) >= 4 && string(p[:3]) == "MSH" && !isWord(p[3]) }

// isHeader reports whether p begins with one of the segments that begin a message, a batch or a file.
func isHeader(p []byte) bool {
	if len(p) < 4 || isWord(p[3]) {
		return false
	}
	switch string(p[:3]) {
	case "MSH", "FHS", "BHS":
		return true
	}
	return false
}

func isWord(b byte) bool {
	return b <= ' ' || b >= 0x7F || '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z'
}

// reader parses the segments of a message one by one.
type reader struct {
	started bool // MSH was read
	batch   bool // FHS or BHS was read
	lf      bool // segments end with LF: the first one did
	decided bool // lf is known

	field, component, repetition, escape, subcomponent byte
}

// segmentEnd finds the end of the segment that p begins with: the index of its terminator and true, or len(p) and false.
// The first segment of a frame decides whether LF is a terminator: where CR ends it, LF is text (§2.7 has no
// place for LF, yet files and careless senders use it).
func (r *reader) segmentEnd(p []byte) (int, bool) {
	end := bytes.IndexByte(p, '\r')
	found := end >= 0
	if !found {
		end = len(p)
	}
	if r.lf || !r.decided {
		if lf := bytes.IndexByte(p[:end], '\n'); lf >= 0 {
			end, found = lf, true
		}
	}
	if found && !r.decided {
		r.decided, r.lf = true, p[end] == '\n'
	}
	return end, found
}

// segment reads one segment into m. cut says that its end is missing.
func (r *reader) segment(m *Message, seg []byte, cut bool) {
	seg = bytes.TrimLeft(seg, "\r\n")
	if len(seg) < 3 {
		return
	}
	if cut {
		m.Cut = true
	}
	switch string(seg[:3]) {
	case "MSH":
		r.msh(m, seg)
		return
	case "FHS", "BHS":
		r.batch = true
		return
	case "FTS", "BTS":
		return
	}
	if !r.started {
		return
	}
	m.Segments++
	f := delimited.Fields{Rest: seg, Sep: r.field}
	switch string(seg[:3]) {
	case "MSA":
		m.AckCode = r.keep(m, f.At(1))
		m.AckControlID = r.keep(m, f.At(2))
	case "ERR":
		r.err(m, f)
	case "PID":
		r.pid(m, f)
	case "PV1":
		r.pv1(m, f)
	case "PD1":
		if string(f.At(12)) == "Y" {
			m.Care.Protected = true
		}
	case "ARV":
		if action := delimited.Part(f.At(2), r.component, 0); string(action) != "D" && string(action) != "X" { // deleted, no change (table 0206)
			m.Care.Protected = true
		}
	case "PV2":
		m.Care.expected = r.keep(m, f.At(8))
	case "EVN":
		m.Care.occurred = r.keep(m, f.At(6))
	case "ORC":
		r.orc(m, f)
	case "SCH":
		r.sch(m, f)
	case "TQ1":
		r.tq1(m, f)
	case "AIS":
		r.resource(m, f, 4)
	case "AIG":
		r.resource(m, f, 8)
	case "AIL":
		r.place(m, delimited.Part(f.At(3), r.component, 0))
		r.resource(m, f, 6)
	case "AIP":
		r.people(m, f.At(3))
		r.resource(m, f, 6)
	case "OBR":
		m.OBR++
		r.interpreters(m, f.At(32))
	case "TXA":
		r.people(m, f.At(5))
		r.people(m, f.At(9))
	case "OBX":
		m.OBX++
		switch n := bytes.Count(seg, []byte{r.field}); { // most laboratories end before both
		case n >= 18:
			r.people(m, f.At(16))
			r.devices(m, OBX18, f.At(18))
		case n >= 16:
			r.people(m, f.At(16))
		}
	case "PRT":
		r.prt(m, f)
	}
}

// prt reads PRT (chapter 7). PRT-11 is a time; pumps are met that write PRT-10 there, one place late.
func (r *reader) prt(m *Message, f delimited.Fields) {
	device, begin := f.At(10), f.At(11)
	if len(device) == 0 && len(begin) > 0 && (begin[0] < '0' || begin[0] > '9') {
		device = begin
	}
	r.devices(m, PRT10, device)
	r.devices(m, PRT16, f.At(16))
	r.device(m, Device{Field: PRT20, ID: delimited.Part(f.At(20), r.component, 0)})
}

// msh reads MSH (§2.14.9). MSH-1 is the separator itself, so that MSH-2 is the first field after it.
func (r *reader) msh(m *Message, seg []byte) {
	if len(seg) < 4 {
		return
	}
	m.Batch = r.batch
	m.Segments = 1
	r.started = true
	r.field = seg[3]
	f := delimited.Fields{Rest: seg[4:], Sep: r.field, N: 2}
	r.delimiters(f.At(2))
	m.SendingApplication = r.hd(m, f.At(3))
	m.SendingFacility = r.hd(m, f.At(4))
	m.ReceivingApplication = r.hd(m, f.At(5))
	m.ReceivingFacility = r.hd(m, f.At(6))
	m.Time = r.keep(m, delimited.Part(f.At(7), r.component, 0))
	kind := f.At(9)
	m.Type = r.keep(m, delimited.Part(kind, r.component, 0))
	m.Trigger = r.keep(m, delimited.Part(kind, r.component, 1))
	m.Structure = r.keep(m, delimited.Part(kind, r.component, 2))
	m.ControlID = r.keep(m, f.At(10))
	m.Processing = r.keep(m, delimited.Part(f.At(11), r.component, 0))
	m.Version = r.keep(m, delimited.Part(f.At(12), r.component, 0))
	m.AcceptAck = r.keep(m, f.At(15))
	m.ApplicationAck = r.keep(m, f.At(16))
	m.Charset = r.raw(m, f.At(18))
	if string(m.SendingFacility.Type) == "EUI-64" {
		m.addDevice(Device{Field: MSH4, Authority: m.SendingFacility})
	}
}

// delimiters takes MSH-2: component, repetition, escape, subcomponent, and since v2.7 a truncation character (§2.5.4).
// One that is missing separates nothing.
func (r *reader) delimiters(enc []byte) {
	var d [4]byte
	copy(d[:], enc)
	r.component, r.repetition, r.escape, r.subcomponent = d[0], d[1], d[2], d[3]
}

func (r *reader) err(m *Message, f delimited.Fields) {
	m.Error = true
	if len(m.ErrorCode) == 0 {
		m.ErrorCode = r.keep(m, delimited.Part(f.At(3), r.component, 0))
		m.Severity = r.keep(m, f.At(4))
	}
}

// pid reads PID (chapter 3): of several patients in one message the first gives the name.
func (r *reader) pid(m *Message, f delimited.Fields) {
	before := len(m.Patients)
	external := f.At(2)
	for list := f.At(3); len(list) > 0; {
		var cx []byte
		cx, list = delimited.Cut(list, r.repetition)
		r.identifier(m, cx)
	}
	if len(m.Patients) == before {
		r.identifier(m, external)
	}
	if len(m.PatientName) == 0 {
		m.PatientName = r.raw(m, f.At(5))
	}
}

func (r *reader) identifier(m *Message, cx []byte) {
	id := delimited.Part(cx, r.component, 0)
	if len(id) == 0 || string(id) == `""` {
		return
	}
	if len(m.Patients) == maxPatients {
		m.Cut = true
		return
	}
	authority := delimited.Part(cx, r.component, 3)
	m.addPatient(Identifier{
		ID: r.keep(m, id),
		Authority: HD{
			Namespace:   r.keep(m, delimited.Part(authority, r.subcomponent, 0)),
			UniversalID: r.keep(m, delimited.Part(authority, r.subcomponent, 1)),
			Type:        r.keep(m, delimited.Part(authority, r.subcomponent, 2)),
		},
		Type: r.keep(m, delimited.Part(cx, r.component, 4)),
	})
}

func (r *reader) pv1(m *Message, f delimited.Fields) {
	if len(m.PatientClass) > 0 {
		return
	}
	m.PatientClass = r.keep(m, f.At(2))
	place := f.At(3)
	m.Assigned = Location{
		PointOfCare: r.keep(m, delimited.Part(place, r.component, 0)),
		Room:        r.keep(m, delimited.Part(place, r.component, 1)),
		Bed:         r.keep(m, delimited.Part(place, r.component, 2)),
		Facility:    r.keep(m, delimited.Part(delimited.Part(place, r.component, 3), r.subcomponent, 0)),
	}
	r.people(m, f.At(7))
	r.people(m, f.At(9))
	vip := f.At(16)
	m.Care.VIP = len(vip) > 0 && string(vip) != `""` && string(vip) != "N" && string(vip) != "0"
	r.people(m, f.At(17))
	m.Care.admitted, m.Care.discharged = r.keep(m, f.At(44)), r.keep(m, f.At(45))
}

// devices takes a field of entity identifiers (EI), each of which names a device.
func (r *reader) devices(m *Message, field DeviceField, list []byte) {
	for len(list) > 0 {
		var ei []byte
		ei, list = delimited.Cut(list, r.repetition)
		r.device(m, Device{Field: field, ID: delimited.Part(ei, r.component, 0), Authority: HD{
			Namespace:   delimited.Part(ei, r.component, 1),
			UniversalID: delimited.Part(ei, r.component, 2),
			Type:        delimited.Part(ei, r.component, 3),
		}})
	}
}

// device adds d, which still points into the segment, unless it is empty or known. A monitor repeats its own name in each OBX.
func (r *reader) device(m *Message, d Device) {
	if len(d.ID) == 0 && len(d.Authority.UniversalID) == 0 {
		return
	}
	for i := range m.Devices {
		k := &m.Devices[i]
		if k.Field == d.Field && bytes.Equal(k.ID, d.ID) && bytes.Equal(k.Authority.UniversalID, d.Authority.UniversalID) {
			return
		}
	}
	if len(m.Devices) == maxDevices {
		m.Cut = true
		return
	}
	m.addDevice(Device{Field: d.Field, ID: r.keep(m, d.ID), Authority: HD{
		Namespace:   r.keep(m, d.Authority.Namespace),
		UniversalID: r.keep(m, d.Authority.UniversalID),
		Type:        r.keep(m, d.Authority.Type),
	}})
}

func (r *reader) hd(m *Message, field []byte) HD {
	return HD{
		Namespace:   r.keep(m, delimited.Part(field, r.component, 0)),
		UniversalID: r.keep(m, delimited.Part(field, r.component, 1)),
		Type:        r.keep(m, delimited.Part(field, r.component, 2)),
	}
}
