package event

// ENIP is a request of EtherNet/IP with its reply, and what it carries of the Common Industrial Protocol (ODVA). Where EVE
// is not written, what is read or written again and again is told once a connection.
type ENIP struct {
	Command  string   // list_identity, register_session, sendrr_data, send_unit_data...
	Status   string   // of the encapsulation: success, invalid_session...
	Service  string   // of CIP: Get Attributes Single, Reset, Write Data...
	Services []string // of a Multiple Service Packet, each once
	Class    string   // of the object that is asked
	Path     string   // class, instance and attribute: "1/1/7"
	Tag      string   // name of a tag of the controller's program
	Outcome  string   // success or failure; empty when no reply was seen
	Reason   string   // status of CIP
	Session  uint64   // session handle
	Product  string   // of an identity
	Record   string   // both messages as EVE's object has them, JSON; when EVE is written
}

func (*ENIP) Kind() Kind { return KindENIP }
func (p *ENIP) fields(c *coder) {
	c.str(1, "activity_name", &p.Command)
	c.str(2, "enip.status", &p.Status)
	c.str(3, "cip.service", &p.Service)
	c.strs(4, "cip.services", &p.Services)
	c.str(5, "cip.class", &p.Class)
	c.str(6, "cip.path", &p.Path)
	c.str(7, "cip.tag", &p.Tag)
	c.str(8, "status", &p.Outcome)
	c.str(9, "status_detail", &p.Reason)
	c.num(10, "session.uid", &p.Session)
	c.str(11, "device.model", &p.Product)
	c.str(12, "enip.record", &p.Record)
}
