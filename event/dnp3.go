package event

// DNP3 is one message between a master and an outstation (IEEE 1815-2012). Where EVE is not written, a read that is
// asked again and again is told once a connection, and replies are told where they refuse, or report trouble.
type DNP3 struct {
	Function     string   // read, write, select, operate, direct_operate, cold_restart, response...
	FunctionCode uint64   // its code
	Source       uint64   // link address of the sender
	Destination  uint64   // link address of the receiver
	Sequence     uint64   // of the application layer
	Objects      []string // what it is about: group, variation and how many: "g12v1 x2"
	Points       []string // of a command its points with what is asked: "7: op_type 1"
	Indications  []string // of a reply: device_restart, parameter_error...
	Outcome      string   // of a reply that was waited for: success or failure
	File         string   // file that is opened, deleted or asked about
	User         string   // who signs on to read files
	FromServer   bool     // the side that was connected to sent it
	Record       string   // the message as EVE's object has it, JSON; when EVE is written
}

func (*DNP3) Kind() Kind { return KindDNP3 }
func (p *DNP3) fields(c *coder) {
	c.str(1, "activity_name", &p.Function)
	c.num(2, "dnp3.function_code", &p.FunctionCode)
	c.num(3, "dnp3.src", &p.Source)
	c.num(4, "dnp3.dst", &p.Destination)
	c.num(5, "dnp3.sequence", &p.Sequence)
	c.strs(6, "dnp3.objects", &p.Objects)
	c.strs(7, "dnp3.points", &p.Points)
	c.strs(8, "dnp3.indications", &p.Indications)
	c.str(9, "status", &p.Outcome)
	c.str(10, "file.name", &p.File)
	c.str(11, "user.name", &p.User)
	c.truth(12, "dnp3.is_from_server", &p.FromServer)
	c.str(13, "dnp3.record", &p.Record)
}
