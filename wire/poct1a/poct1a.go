// Package poct1a decodes what point-of-care devices (glucose meters, blood gas and coagulation analysers) and their data
// manager say to each other: the device messaging layer of CLSI POCT01-A2, XML documents one after another over TCP.
//
// Each document is a message whose root names its type. The device greets with HEL.R01, which says what it is; tells its
// state with DST.R01; sends results of patients with OBS.R01 and of controls with OBS.R02, what happened to it with
// EVS.R01; and takes its leave with END.R01. The manager asks with REQ.R01, commands with DTV.R01 and sends lists of
// operators (OPL) and patients (PTL). EOT.R01 ends a topic. ACK.R01 answers each message; ESC.R01 breaks off.
//
//	<HEL.R01><HDR><HDR.control_id V="1"/><HDR.version_id V="POCT1"/>...</HDR>
//	  <DEV><DEV.device_id V="0003B1FFFEB5B648"/><DEV.vendor_id V="..."/><DEV.model_id V="..."/><DEV.serial_id V="..."/>...</DEV>
//	</HEL.R01>
//
// A value stands in the attribute V of an element that is named after its object and itself. [Message] keeps those that
// tell of machines, and the identifiers of patients and operators for the caller to replace by pseudonyms. Results are
// counted and never kept.
package poct1a

// Device is what a greeting says of a device.
type Device struct {
	ID           []byte // EUI-64, or what the maker likes
	Vendor       []byte // DEV.vendor_id
	Model        []byte
	Serial       []byte
	Manufacturer []byte // DEV.manufacturer_name
	Hardware     []byte // version
	Software     []byte // version
	Name         []byte
}

// Message is one message. Its slices are valid during the call that hands it over.
type Message struct {
	Type      []byte // HEL.R01
	ControlID []byte
	Version   []byte // POCT1
	Device    Device // of a greeting

	// Condition is DST.condition_cd: R ready, L locked and others. NewObservations and NewEvents are how many the device
	// holds for the manager.
	Condition                  []byte
	NewObservations, NewEvents int

	// Request is REQ.request_cd, Command DTV.command_cd, Topic EOT.topic_cd, Reason TRM.reason_cd or ESC.detail_cd.
	Request, Command, Topic, Reason []byte

	// AckCode is ACK.type_cd: AA accepted, AE an error. AckControlID names the message that is answered.
	AckCode, AckControlID []byte

	// Services counts what was measured or asked at once, Observations single results, Controls materials of quality
	// control, Entries those of lists and events.
	Services, Observations, Controls, Entries int
	// Tests are the codes of what was observed, Patients, Names and Operators identifiers and names as written, each once.
	Tests, Patients, Names, Operators [][]byte

	Bytes int64 // of the document
	Cut   bool  // part of it was not seen or not kept

	arena []byte
}

// Bounds of what is kept of one message.
const (
	maxList  = 32
	maxValue = 256
	maxArena = 16 << 10
	maxTag   = 4 << 10 // bytes of a tag that are looked at
)

func (m *Message) reset() {
	*m = Message{arena: m.arena[:0], Tests: m.Tests[:0], Patients: m.Patients[:0], Names: m.Names[:0], Operators: m.Operators[:0]}
}

// IsAck reports whether m only answers another message.
func (m *Message) IsAck() bool { return string(m.Type) == "ACK.R01" }

// isType reports whether name is that of a message: three letters, a dot, R and two digits.
func isType(name []byte) bool {
	if len(name) != 7 || name[3] != '.' || name[4] != 'R' || name[5] != '0' || name[6] < '0' || name[6] > '9' {
		return false
	}
	_, known := sides(name)
	return known
}
