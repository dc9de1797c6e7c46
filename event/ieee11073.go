package event

// IEEE11073 is what a medical device of the ISO/IEEE 11073 family says of itself: a personal or ward device in an
// association after 11073-20601, or one of an operating room or intensive care unit that announces itself after
// 11073-20702 (WS-Discovery, SDC), before it changes to TLS. Measurements are counted at most; patients appear as
// pseudonyms.
type IEEE11073 struct {
	Activity     string   // Associate, Identify, Release of 20601; Hello, Bye, Probe, Match, Metadata of 20702
	Protocol     string   // 20601 or 20702
	System       string   // 20601: EUI-64 of the device; 20702: urn:uuid of its endpoint
	Manager      string   // 20601: EUI-64 of the manager
	Config       uint64   // 20601: number of the configuration, plus one; 0 where none was told. 16384 and above are the device's own
	Class        string   // what the device is, where a standard configuration tells it
	Result       string   // 20601: accepted, accepted-unknown-config, rejected-...; empty when no answer was seen
	Reports      uint64   // 20601: reports with measurements
	Messages     uint64   // 20601: messages of the association
	End          string   // 20601: released or aborted; empty when its end was not seen
	EndReason    uint64   // 20601: reason of the end, plus one
	Types        []string // 20702: types of the device, by their local names
	Addresses    string   // 20702: where it is reached
	Location     string   // 20702: fac=facility&poc=point of care&bed=...
	Codes        []string // 20702: nomenclature codes of the parts of the device
	Manufacturer string   // of the device
	Model        string   // of the device
	Serial       string   // serial number
	Software     string   // version of software or firmware
	Hardware     string   // version
	Name         string   // what the site calls the device
	Patients     []string // pseudonyms
}

func (*IEEE11073) Kind() Kind { return KindIEEE11073 }
func (p *IEEE11073) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "ieee11073.protocol", &p.Protocol)
	c.str(3, "device.uid", &p.System)
	c.str(4, "ieee11073.manager", &p.Manager)
	c.zero(5, "ieee11073.config_id", &p.Config)
	c.str(6, "device.type", &p.Class)
	c.str(7, "ieee11073.result", &p.Result)
	c.num(8, "ieee11073.report_count", &p.Reports)
	c.num(9, "ieee11073.message_count", &p.Messages)
	c.str(10, "ieee11073.end", &p.End)
	c.zero(11, "ieee11073.end_reason", &p.EndReason)
	c.strs(12, "ieee11073.types", &p.Types)
	c.str(13, "ieee11073.addresses", &p.Addresses)
	c.str(14, "ieee11073.location", &p.Location)
	c.strs(15, "ieee11073.codes", &p.Codes)
	c.str(16, "device.vendor_name", &p.Manufacturer)
	c.str(17, "device.model", &p.Model)
	c.str(18, "device.serial_number", &p.Serial)
	c.str(19, "device.software_version", &p.Software)
	c.str(20, "device.hardware_version", &p.Hardware)
	c.str(21, "device.name", &p.Name)
	c.strs(22, "patient.uids", &p.Patients)
}
