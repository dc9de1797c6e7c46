package event

// POCT1A is one message between a point-of-care device and its data manager (CLSI POCT01-A2), with its answer. Patients
// and operators appear as pseudonyms only; results not at all.
type POCT1A struct {
	Type            string   // HEL.R01 greeting, DST.R01 state, OBS.R01 results of patients, OBS.R02 of controls, EVS.R01 events, REQ.R01 request, DTV.R01 command, OPL and PTL lists, EOT.R01 end of topic, END.R01 end, ESC.R01 broken off
	ControlID       string   // number of the message
	Version         string   // of the protocol: POCT1
	FromServer      bool     // the side that was connected to has sent it
	Device          string   // identifier of the device, from its greeting: EUI-64 or what the maker likes
	Vendor          string   // of the device; in a greeting only, as all that follow
	Manufacturer    string   // name in full
	Model           string   // of the device
	Serial          string   // serial number
	Hardware        string   // version
	Software        string   // version
	Name            string   // what the site calls the device
	Condition       string   // state of the device: R ready, L locked...
	NewObservations uint64   // results that the device holds for the manager
	NewEvents       uint64   // events that it holds
	Detail          string   // what is asked (REQ), commanded (DTV), the topic that ends (EOT), the reason (END, ESC)
	Observations    uint64   // single results
	Controls        uint64   // materials of quality control
	Entries         uint64   // entries of lists and events
	Tests           []string // codes of what was observed, each once, at most 32
	Patients        []string // pseudonyms
	Operators       []string // pseudonyms
	Ack             string   // AA accepted, AE error; empty when no answer was seen
	Latency         uint64   // nanoseconds from the message to its answer
	Bytes           uint64   // of the message
	Incomplete      bool     // part of the message was not seen, or too long to be kept
}

func (*POCT1A) Kind() Kind { return KindPOCT1A }
func (p *POCT1A) fields(c *coder) {
	c.str(1, "poct1a.type", &p.Type)
	c.str(2, "poct1a.control_id", &p.ControlID)
	c.str(3, "poct1a.version", &p.Version)
	c.truth(4, "poct1a.from_server", &p.FromServer)
	c.str(5, "device.uid", &p.Device)
	c.str(6, "device.vendor_name", &p.Vendor)
	c.str(7, "device.manufacturer", &p.Manufacturer)
	c.str(8, "device.model", &p.Model)
	c.str(9, "device.serial_number", &p.Serial)
	c.str(10, "device.hardware_version", &p.Hardware)
	c.str(11, "device.software_version", &p.Software)
	c.str(12, "device.name", &p.Name)
	c.str(13, "poct1a.condition", &p.Condition)
	c.num(14, "poct1a.new_observation_count", &p.NewObservations)
	c.num(15, "poct1a.new_event_count", &p.NewEvents)
	c.str(16, "poct1a.detail", &p.Detail)
	c.num(17, "poct1a.observation_count", &p.Observations)
	c.num(18, "poct1a.control_count", &p.Controls)
	c.num(19, "poct1a.entry_count", &p.Entries)
	c.strs(20, "poct1a.tests", &p.Tests)
	c.strs(21, "patient.uids", &p.Patients)
	c.strs(22, "poct1a.operators", &p.Operators)
	c.str(23, "poct1a.ack", &p.Ack)
	c.num(24, "response_time", &p.Latency)
	c.num(25, "poct1a.bytes", &p.Bytes)
	c.truth(26, "poct1a.incomplete", &p.Incomplete)
}
