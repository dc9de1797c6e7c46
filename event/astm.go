package event

// ASTM is one message between a laboratory analyser and the laboratory's information system (ASTM E1394, CLSI LIS2-A2),
// with or without the frames of ASTM E1381 (CLSI LIS1-A). Patients appear as pseudonyms only; results and specimens not
// at all.
type ASTM struct {
	Activity     string   // Result, Order, Query (for orders) or Other
	Sender       string   // H-5: name of the sender, with its version and serial number where it tells them
	Receiver     string   // H-10
	FromServer   bool     // the side that was connected to has sent it
	ControlID    string   // H-3
	Processing   string   // H-12: P production, T training, D debugging, Q quality control
	Version      string   // H-13
	Tests        []string // codes of tests, each once, at most 32
	Instruments  []string // instruments that measured
	Patients     []string // pseudonyms
	PatientCount uint64   // patient records
	Orders       uint64   // order records
	Results      uint64   // result records
	Queries      uint64   // records that ask for orders
	Comments     uint64   // comment records
	Records      uint64   // all records
	Bytes        uint64   // bytes of the records
	Termination  string   // L-3: N normal, T sender gave up, R receiver gave up, E error, Q bad request, I nothing known, F done; empty when its end was not seen
	Frames       uint64   // frames; 0 where the records came without
	Repeated     uint64   // frames that were refused or came twice
	BadChecksums uint64   // frames with a wrong checksum
	Cleartext    bool     // the header carried an access password in clear
	Incomplete   bool     // part of the message was not seen, or too long to be kept
}

func (*ASTM) Kind() Kind { return KindASTM }
func (p *ASTM) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "astm.sender", &p.Sender)
	c.str(3, "astm.receiver", &p.Receiver)
	c.truth(4, "astm.from_server", &p.FromServer)
	c.str(5, "astm.control_id", &p.ControlID)
	c.str(6, "astm.processing_id", &p.Processing)
	c.str(7, "astm.version", &p.Version)
	c.strs(8, "astm.tests", &p.Tests)
	c.strs(9, "astm.instruments", &p.Instruments)
	c.strs(10, "patient.uids", &p.Patients)
	c.num(11, "astm.patient_count", &p.PatientCount)
	c.num(12, "astm.order_count", &p.Orders)
	c.num(13, "astm.result_count", &p.Results)
	c.num(14, "astm.query_count", &p.Queries)
	c.num(15, "astm.comment_count", &p.Comments)
	c.num(16, "astm.record_count", &p.Records)
	c.num(17, "astm.bytes", &p.Bytes)
	c.str(18, "astm.termination", &p.Termination)
	c.num(19, "astm.frame_count", &p.Frames)
	c.num(20, "astm.repeated_count", &p.Repeated)
	c.num(21, "astm.bad_checksum_count", &p.BadChecksums)
	c.truth(22, "is_cleartext", &p.Cleartext)
	c.truth(23, "astm.incomplete", &p.Incomplete)
}
