// Package hl7 decodes HL7 version 2 messages and the MLLP frames that carry them.
//
// # The message (HL7 v2.9 chapter 2)
//
// A message is text: segments that end with a carriage return, each beginning with three letters that name it. A
// segment is fields between field separators, a field is repetitions (~) of components (^) of subcomponents (&). The
// first segment, MSH, declares these characters: its fourth byte is the field separator (MSH-1), MSH-2 lists the
// others, so a message may choose its own (§2.5.4). MSH then says which application of which facility sends what
// to whom: MSH-3 to MSH-6; the message type, trigger event and structure in MSH-9 (ADT^A01^ADT_A01); a control id in
// MSH-10. A receiver answers with a message that holds an MSA segment: an acknowledgment code (AA and CA accept, AE and
// CE tell an error, AR and CR reject: table 0008) and the control id of the message it answers (§2.9).
//
// Several messages may travel in a batch between BHS and BTS, and batches in a file between FHS and FTS (§2.10.3).
//
// # The frame (MLLP release 1)
//
// MLLP wraps a message as <VT> message <FS><CR>, 0x0B ... 0x1C 0x0D. A sender waits for the answer before it
// sends the next message. What stands between frames is noise and is ignored. Nothing is encrypted, nobody is authenticated.
//
// # What is kept
//
// [Message] holds what the traffic tells of machines: applications, facilities, types, acknowledgments, devices,
// places, counts; and the patient's identifiers and name as they stand on the wire, for the caller to replace by pseudonyms.
// Observations and documents are counted and never kept. Values are bounded; what exceeds a bound sets [Message.Cut].
package hl7

// HD is a hierarchic designator (chapter 2A): a name that is local to the site, or an identifier that is unique
// in the world and the type of that identifier (ISO, DNS, EUI-64...), or both.
type HD struct {
	Namespace, UniversalID, Type []byte
}

// Name is what to call d: the namespace, or the universal identifier where there is none.
func (d HD) Name() []byte {
	if len(d.Namespace) > 0 {
		return d.Namespace
	}
	return d.UniversalID
}

// Identifier is an identifier of a patient (data type CX, chapter 2A).
type Identifier struct {
	ID        []byte
	Authority HD
	// Type is a code of table 0203: MR medical record number, PI patient internal, SS, NI, INS-NIR...
	Type []byte
}

// DeviceField is the field that named a device.
type DeviceField uint8

const (
	// MSH4 is the sending facility, which infusion pumps and monitors fill with their own EUI-64 (IHE PCD TF-2).
	MSH4 DeviceField = iota + 1
	// OBX18 is the equipment that made an observation (chapter 7).
	OBX18
	// PRT10 is a device that took part (chapter 7, PRT).
	PRT10
	// PRT16 is a device's UDI device identifier.
	PRT16
	// PRT20 is a device's serial number.
	PRT20
)

func (f DeviceField) String() string {
	names := [...]string{MSH4: "MSH-4", OBX18: "OBX-18", PRT10: "PRT-10", PRT16: "PRT-16", PRT20: "PRT-20"}
	if int(f) < len(names) {
		return names[f]
	}
	return ""
}

// Device is a device that a message names (data type EI, chapter 2A).
type Device struct {
	Field DeviceField
	ID    []byte
	// Authority is who gave the ID; an EUI-64 stands in its UniversalID.
	Authority HD
}

// Location is where a patient is (data type PL, chapter 2A).
type Location struct {
	PointOfCare, Room, Bed, Facility []byte
}

// Message is what one message tells. Its slices stay valid until it is parsed into again.
type Message struct {
	SendingApplication, SendingFacility     HD
	ReceivingApplication, ReceivingFacility HD
	// Time is MSH-7 as written: YYYYMMDDHHMMSS.S+ZZZZ, any shorter prefix of it.
	Time []byte
	// Type, Trigger and Structure are MSH-9: ADT, A01, ADT_A01.
	Type, Trigger, Structure []byte
	ControlID                []byte
	// Processing is MSH-11: P production, T training, D debugging.
	Processing []byte
	Version    []byte
	// AcceptAck and ApplicationAck are MSH-15 and MSH-16 (table 0155: AL always, NE never, ER, SU).
	AcceptAck, ApplicationAck []byte
	// Charset is MSH-18 as written, with its repetitions.
	Charset []byte

	// AckCode is MSA-1; empty where the message acknowledges nothing. AckControlID is MSA-2.
	AckCode, AckControlID []byte
	// Error says that an ERR segment is there; ErrorCode is ERR-3 (table 0357), Severity ERR-4 (table 0516).
	Error               bool
	ErrorCode, Severity []byte

	// Patients are the identifiers of PID-3; where it is empty, that of PID-2 (older versions).
	Patients []Identifier
	// PatientName is PID-5 as written, with separators, repetitions and escapes.
	PatientName []byte
	// PatientClass is PV1-2 (table 0004: E emergency, I inpatient, O outpatient).
	PatientClass []byte
	// Assigned is PV1-3, the place the patient is assigned to.
	Assigned Location

	// Care is what it tells of who looks after the patient, when and where.
	Care Care

	// Devices are the devices named, each once.
	Devices []Device

	// Segments counts all segments from MSH on; OBX, ORC and OBR those of that name.
	Segments, OBX, ORC, OBR int
	// Bytes is the length of the message in bytes, separators included.
	Bytes int64
	// Batch says that the message came between BHS and BTS, or FHS and FTS.
	Batch bool
	// Cut says that part of the message was not seen or not kept: lost on the way, or beyond a bound of this package.
	Cut bool

	pool  *Pool
	arena []byte
}

// Bounds of what is kept of one message.
const (
	maxPatients = 16
	maxDevices  = 16
	maxValue    = 512      // bytes of one value
	maxArena    = 16 << 10 // bytes of all values
	maxSegment  = 8 << 10  // bytes of a segment that are looked at
)

// IsAck reports whether m acknowledges another message.
func (m *Message) IsAck() bool { return len(m.AckCode) > 0 }

// Accepted reports whether m acknowledges with AA or CA (table 0008).
func (m *Message) Accepted() bool {
	return len(m.AckCode) == 2 && m.AckCode[1] == 'A'
}

func (m *Message) reset() {
	*m = Message{pool: m.pool, arena: m.arena[:0], Patients: m.Patients[:0], Devices: m.Devices[:0]}
}
