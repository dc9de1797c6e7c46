package event

// Asset is one fact about a device, with where it comes from. The device is Src.
type Asset struct {
	MAC        string // link address
	Hostname   string // its name
	Vendor     string // who made it
	Model      string // its model
	Serial     string // its serial number
	Software   string // software it runs
	Role       string // what it serves or uses: dicom scp...
	Source     string // protocol the fact was read from
	AETitle    string // DICOM AE title
	Identifier string // EUI-64 or other
	Class      string // what it is for: laboratory analyser, patient monitor, infusion pump...
	User       string // who signed on with it to the network
	Called     string // name by which another called it, and to which it answered
}

func (*Asset) Kind() Kind { return KindAsset }
func (p *Asset) fields(c *coder) {
	c.str(1, "device.mac", &p.MAC)
	c.str(2, "device.hostname", &p.Hostname)
	c.str(3, "device.vendor_name", &p.Vendor)
	c.str(4, "device.model", &p.Model)
	c.str(5, "device.serial_number", &p.Serial)
	c.str(6, "device.software_version", &p.Software)
	c.str(7, "device.role", &p.Role)
	c.str(8, "app_name", &p.Source)
	c.str(9, "dicom.ae_title", &p.AETitle)
	c.str(10, "device.uid", &p.Identifier)
	c.str(11, "device.type", &p.Class)
	c.str(12, "user.name", &p.User)
	c.str(13, "device.called_as", &p.Called)
}
