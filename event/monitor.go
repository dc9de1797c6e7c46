package event

// Monitor is a vendor's medical device or gateway that was known again by a fingerprint (content/devices): by the form of its
// own protocol, or by how it names itself in a common one. Told once an hour for each device as long as nothing changes.
type Monitor struct {
	Activity    string // Announce, Ask, Accept, Refuse, Identify (it says what it is), Name (it names itself in a common protocol)
	Fingerprint string // name of the fingerprint
	Vendor      string // who made the device
	Product     string // what the fingerprint stands for
	Class       string // what it is for: patient monitor, monitoring gateway, laboratory analyser...
	Confidence  string // certain, likely or possible
	Reason      string // what was recognised
	UsualPort   bool   // it is met at a port that is usual for it: a supporting fact
	Model       string // by its own word
	Serial      string // serial number, by its own word
	Software    string // version, by its own word
	Hardware    string // version, by its own word
	Name        string // what the site calls it
	Location    string // bed or place that it shows
	MAC         string // link address, by its own word
	Address     string // network address, by its own word
	Patient     string // pseudonym of the patient whose name it sends in clear
	Cleartext   bool   // the name of a patient crossed the wire in clear
}

func (*Monitor) Kind() Kind { return KindMonitor }
func (p *Monitor) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "monitor.fingerprint", &p.Fingerprint)
	c.str(3, "device.vendor_name", &p.Vendor)
	c.str(4, "monitor.product", &p.Product)
	c.str(5, "device.type", &p.Class)
	c.str(6, "confidence", &p.Confidence)
	c.str(7, "monitor.reason", &p.Reason)
	c.truth(8, "monitor.usual_port", &p.UsualPort)
	c.str(9, "device.model", &p.Model)
	c.str(10, "device.serial_number", &p.Serial)
	c.str(11, "device.software_version", &p.Software)
	c.str(12, "device.hardware_version", &p.Hardware)
	c.str(13, "device.name", &p.Name)
	c.str(14, "monitor.location", &p.Location)
	c.str(15, "device.mac", &p.MAC)
	c.str(16, "device.ip", &p.Address)
	c.str(17, "patient.uid", &p.Patient)
	c.truth(18, "monitor.patient_in_clear", &p.Cleartext)
}
