package enip

// VendorName is the name of a vendor by its number (ODVA's list); empty for one that is not met often.
func VendorName(id uint16) string {
	for i := range vendors {
		if vendors[i].id == id {
			return vendors[i].name
		}
	}
	return ""
}

// vendors are makers of what stands in buildings and plants.
var vendors = [...]struct {
	id   uint16
	name string
}{
	{1, "Rockwell Automation/Allen-Bradley"}, {3, "Honeywell Inc."}, {5, "Rockwell Automation/Reliance Elec."},
	{7, "SMC Corporation"}, {8, "Molex Incorporated"}, {12, "Banner Engineering Corp."}, {26, "Festo Corporation"},
	{40, "Wago Corporation"}, {43, "BALLUFF Inc."}, {44, "Yaskawa Electric America Inc."}, {45, "Eurotherm Controls Inc"},
	{46, "ABB Industrial Systems"}, {47, "Omron Corporation"}, {48, "Turck Inc."}, {50, "Real Time Automation (C&ID)"},
	{56, "Softing GmbH"}, {57, "Pepperl + Fuchs"}, {68, "Eaton Electrical"}, {74, "Hitachi Ltd."},
	{75, "ABB Robotics Products AB"}, {77, "Rockwell Software Inc."}, {83, "OPTO-22"}, {86, "Horner Electric"},
	{87, "Burkert Werke GmbH & Co. KG"}, {90, "HMS Industrial Networks AB"}, {94, "Advantech Co. Ltd."},
	{95, "Square D Company"}, {97, "Danfoss"}, {108, "Beckhoff Automation GmbH"}, {109, "National Instruments"},
	{127, "ABB Inc. (Entrelec)"}, {143, "GE Industrial Systems"}, {145, "Siemens Energy & Automation/Drives"},
	{153, "WATLOW"}, {161, "Mitsubishi Electric Corporation"}, {176, "Red Lion Controls"}, {181, "Pilz GmbH & Co"},
	{206, "Vector Informatik GmbH"}, {243, "Schneider Automation Inc."}, {250, "Yokogawa Electric Corporation"},
	{256, "Turck"}, {257, "Control Techniques PLC"}, {283, "Hilscher GmbH"}, {309, "Prosoft Technology"},
	{315, "SEW Eurodrive GmbH"}, {319, "Fuji Electric Co. Ltd."}, {322, "ifm efector, inc."}, {345, "Endress + Hauser"},
	{367, "Keyence Corporation"}, {1418, "Emerson Process Management"}, {1503, "GE Healthcare Life Sciences"},
}

// DeviceTypeName is the name of a device profile (vol. 1 §6-7); empty for an unknown one.
func DeviceTypeName(t uint16) string { return name(deviceTypes[:], int(t)) }

var deviceTypes = [...]string{
	0: "Generic Device (deprecated)", 1: "Control Station (deprecated)", 2: "AC Drive Device", 3: "Motor Overload",
	4: "Limit Switch", 5: "Inductive Proximity Switch", 6: "Photoelectric Sensor", 7: "General Purpose Discrete I/O",
	8: "Encoder (deprecated)", 9: "Resolver", 10: "General Purpose Analog I/O (deprecated)",
	12: "Communications Adapter", 13: "Barcode Scanner (deprecated)", 14: "Programmable Logic Controller",
	16: "Position Controller", 17: "Weigh Scale (deprecated)", 18: "Message Display (deprecated)", 19: "DC Drive",
	20: "Servo Drives (deprecated)", 21: "Contactor", 22: "Motor Starter", 23: "Softstart Starter",
	24: "Human-Machine Interface", 25: "Pneumatic Valve(s) (deprecated)", 26: "Mass Flow Controller",
	27: "Pneumatic Valve(s)", 28: "Vacuum Pressure Gauge", 29: "Process Control Value", 30: "Residual Gas Analyzer",
	31: "DC Power Generator", 32: "RF Power Generator", 33: "Turbomolecular Vacuum Pump", 34: "Encoder",
	35: "Safety Discrete I/O Device", 36: "Fluid Flow Controller", 37: "CIP Motion Drive", 38: "CompoNet Repeater",
	39: "Mass Flow Controller Enhanced", 40: "CIP Modbus Device", 41: "CIP Modbus Translator",
	42: "Safety Analog I/O Device", 43: "Generic Device (keyable)", 44: "Managed Ethernet Switch",
	45: "CIP Motion Safety Drive Device", 46: "Safety Drive Device", 47: "CIP Motion Encoder",
	48: "CIP Motion Converter", 49: "CIP Motion I/O", 50: "ControlNet Physical Layer Component",
}
