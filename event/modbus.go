package event

// Modbus is a request to a unit of a plant with its reply (Modbus Application Protocol V1.1b3). A read that is asked again
// and again in a connection is told once.
type Modbus struct {
	Function     string // RdHoldRegs, WrSingleCoil...
	FunctionCode uint64 // its code
	Unit         uint64 // unit that was asked; 0 and 255 are the device itself
	Access       string // READ or WRITE and of what: "WRITE | COILS | SINGLE"
	Address      uint64 // first coil or register plus one; 0: none
	Quantity     uint64 // how many coils or registers
	Value        uint64 // what a single write writes, plus one; 0: none
	Detail       string // sub-function of a diagnostic or of an encapsulated interface
	Outcome      string // success or failure; empty when no reply was seen
	Reason       string // why the unit refused
	Record       string // both messages as EVE's object has them, JSON; when EVE is written
}

func (*Modbus) Kind() Kind { return KindModbus }
func (p *Modbus) fields(c *coder) {
	c.str(1, "activity_name", &p.Function)
	c.num(2, "modbus.function_code", &p.FunctionCode)
	c.num(3, "modbus.unit_id", &p.Unit)
	c.str(4, "modbus.access", &p.Access)
	c.zero(5, "modbus.address", &p.Address)
	c.num(6, "modbus.quantity", &p.Quantity)
	c.zero(7, "modbus.value", &p.Value)
	c.str(8, "modbus.sub_function", &p.Detail)
	c.str(9, "status", &p.Outcome)
	c.str(10, "status_detail", &p.Reason)
	c.str(11, "modbus.record", &p.Record)
}
