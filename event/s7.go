package event

// S7 is a request to a controller of Siemens with its answer. What is read again and again is told once a connection.
type S7 struct {
	Function string   // setup_communication, read_variable, write_variable, plc_stop, plc_start, download_block...
	Version  string   // s7comm or s7comm-plus
	Items    []string // addresses that are read or written: "DB1.4 x2"
	Block    string   // block of program that is loaded up or down
	Service  string   // of plc_control, what is to be done: _INSE, _DELE, P_PROGRAM...
	List     string   // list of the system's state that is read: "0011/0000"
	Station  string   // selector of the station that was called, in hexadecimal or as text
	Outcome  string   // success or failure; empty when no answer was seen
	Code     uint64   // error class and code of a failure
	Acts     bool     // the controller is made to act, or its program changed
}

func (*S7) Kind() Kind { return KindS7 }
func (p *S7) fields(c *coder) {
	c.str(1, "activity_name", &p.Function)
	c.str(2, "protocol_ver", &p.Version)
	c.strs(3, "s7.items", &p.Items)
	c.str(4, "s7.block", &p.Block)
	c.str(5, "s7.service", &p.Service)
	c.str(6, "s7.system_list", &p.List)
	c.str(7, "s7.station", &p.Station)
	c.str(8, "status", &p.Outcome)
	c.num(9, "status_code", &p.Code)
	c.truth(10, "s7.is_control", &p.Acts)
}
