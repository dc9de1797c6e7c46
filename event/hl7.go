package event

// HL7 is one message with its acknowledgement (HL7 v2 over MLLP). Patients appear as pseudonyms only.
type HL7 struct {
	Type         string   // what the message is about (MSH-9.1): ADT, ORU...
	Trigger      string   // what made it be sent (MSH-9.2): A01...
	Structure    string   // form of the message (MSH-9.3): ADT_A01...; empty: type and trigger tell it
	Version      string   // version of HL7 (MSH-12): 2.5...
	SendingApp   string   // application that sent it (MSH-3)
	SendingFac   string   // facility that sent it (MSH-4)
	ReceivingApp string   // application that it is for (MSH-5)
	ReceivingFac string   // facility that it is for (MSH-6)
	ControlID    string   // number that its sender gave it (MSH-10)
	Ack          string   // AA, AE, AR, CA, CE, CR; empty when no acknowledgement was seen
	Processing   string   // P production, T training, D debugging
	Segments     uint64   // segments of the message
	Observations uint64   // OBX segments
	Bytes        uint64   // bytes of the message
	Devices      []string // equipment identifiers (MSH-4 EUI-64, OBX-18, PRT)
	Patient      string   // pseudonym
	Location     string   // PV1-3: ward, room, bed
	Latency      uint64   // nanoseconds from the message to its acknowledgement
	Charset      string   // character set as declared (MSH-18); empty: ASCII
	Errors       []string // ERR segments: the codes
	OrderControl string   // what is done with an order (ORC-1): NW, CA...
	RequestedBy  string   // place that ordered (ORC-13, else ORC-17)
	Appointment  string   // pseudonym of the number of an appointment (SCH-2, else SCH-1)
	Starts       uint64   // nanoseconds: when the patient came or is to come (PV1-44, EVN-6, PV2-8, SCH-11...); 0: not told
	Ends         uint64   // nanoseconds: when the patient leaves or an appointment is over (PV1-45, SCH-11...); 0: not told
	Places       []string // places of an appointment (AIL-3)
	Staff        []string // pseudonyms of who looks after the patient (PV1-7, 9, 17; ORC-10, 12; AIP-3; OBX-16, OBR-32, TXA-5, 9)
	PatientName  string   // pseudonym of the patient's name, of ADT and SIU
	Family       string   // pseudonym of the patient's family name, of ADT and SIU
	Number       string   // pseudonym of the patient's number as one of no authority; empty: Patient is that
	VIP          bool     // PV1-16 marks the patient
	Protected    bool     // PD1-12 asks for protection, or ARV restricts access
}

func (*HL7) Kind() Kind { return KindHL7 }
func (p *HL7) fields(c *coder) {
	c.str(1, "hl7.type", &p.Type)
	c.str(2, "hl7.trigger", &p.Trigger)
	c.str(3, "hl7.structure", &p.Structure)
	c.str(4, "hl7.version", &p.Version)
	c.str(5, "hl7.sending_app", &p.SendingApp)
	c.str(6, "hl7.sending_facility", &p.SendingFac)
	c.str(7, "hl7.receiving_app", &p.ReceivingApp)
	c.str(8, "hl7.receiving_facility", &p.ReceivingFac)
	c.str(9, "hl7.control_id", &p.ControlID)
	c.str(10, "hl7.ack", &p.Ack)
	c.str(11, "hl7.processing_id", &p.Processing)
	c.num(12, "hl7.segment_count", &p.Segments)
	c.num(13, "hl7.observation_count", &p.Observations)
	c.num(14, "hl7.bytes", &p.Bytes)
	c.strs(15, "hl7.devices", &p.Devices)
	c.str(16, "patient.uid", &p.Patient)
	c.str(17, "hl7.location", &p.Location)
	c.num(18, "response_time", &p.Latency)
	c.str(19, "hl7.charset", &p.Charset)
	c.strs(20, "hl7.errors", &p.Errors)
	c.str(21, "hl7.order_control", &p.OrderControl)
	c.str(22, "hl7.requested_by", &p.RequestedBy)
	c.str(23, "hl7.appointment", &p.Appointment)
	c.num(24, "hl7.start_time", &p.Starts)
	c.num(25, "hl7.end_time", &p.Ends)
	c.strs(26, "hl7.places", &p.Places)
	c.strs(27, "hl7.staff", &p.Staff)
	c.str(28, "patient.name_uid", &p.PatientName)
	c.str(29, "patient.family_uid", &p.Family)
	c.str(30, "patient.number_uid", &p.Number)
	c.truth(31, "patient.is_vip", &p.VIP)
	c.truth(32, "patient.is_protected", &p.Protected)
}
