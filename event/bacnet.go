package event

// BACnet is a request of a building's technical equipment with its answer (ANSI/ASHRAE 135). What is read or written
// again and again is told once between two addresses.
type BACnet struct {
	Service    string // who-is, i-am, read-property, write-property, reinitialize-device...
	Object     string // what it is about: "analog-output:101"
	Property   string // present-value, object-name...; its number where it has no name
	Value      string // that is written, where it is a text or a number
	Instance   uint64 // of the device that says who it is, plus one; 0: none
	Vendor     string // of that device
	Name       string // of the object that is looked for or found
	State      string // what a device is asked to do: coldstart, disable...
	Outcome    string // success or failure; empty when no answer was seen
	Reason     string // unknown-object, write-access-denied...
	Cleartext  bool   // a password crossed the wire in clear
	Network    uint64 // network behind a router that it came from; 0: this one
	FromServer bool   // the side that was asked first sent it
}

func (*BACnet) Kind() Kind { return KindBACnet }
func (p *BACnet) fields(c *coder) {
	c.str(1, "activity_name", &p.Service)
	c.str(2, "bacnet.object", &p.Object)
	c.str(3, "bacnet.property", &p.Property)
	c.str(4, "bacnet.value", &p.Value)
	c.zero(5, "bacnet.instance", &p.Instance)
	c.str(6, "bacnet.vendor_name", &p.Vendor)
	c.str(7, "bacnet.object_name", &p.Name)
	c.str(8, "bacnet.state", &p.State)
	c.str(9, "status", &p.Outcome)
	c.str(10, "status_detail", &p.Reason)
	c.truth(11, "is_cleartext", &p.Cleartext)
	c.num(12, "bacnet.source_network", &p.Network)
	c.truth(13, "bacnet.is_from_server", &p.FromServer)
}
