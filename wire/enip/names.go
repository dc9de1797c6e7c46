package enip

// String is the name of a command as Suricata writes it; empty for one that nobody assigned.
func (c Command) String() string {
	switch c {
	case NOP:
		return "nop"
	case ListServices:
		return "list_services"
	case ListIdentity:
		return "list_identity"
	case ListInterfaces:
		return "list_interfaces"
	case RegisterSession:
		return "register_session"
	case UnregisterSession:
		return "unregister_session"
	case SendRRData:
		return "sendrr_data"
	case SendUnitData:
		return "send_unit_data"
	case IndicateStatus:
		return "indicate_status"
	case Cancel:
		return "cancel"
	}
	return ""
}

// StatusName is the name of a status of the encapsulation (vol. 2 §2-3.5); empty for an unknown one.
func StatusName(s uint32) string {
	switch s {
	case 0:
		return "success"
	case 1:
		return "invalid_cmd"
	case 2:
		return "no_resources"
	case 3:
		return "incorrect_data"
	case 0x64:
		return "invalid_session"
	case 0x65:
		return "invalid_length"
	case 0x69:
		return "unsupported_prot_rev"
	case 0x6a:
		return "encap_header_error"
	}
	return ""
}

// ServiceName is the name of a CIP service (vol. 1, appendix A-3); empty for one that its class defines.
func ServiceName(s uint8) string { return name(serviceNames[:], int(s)) }

// CIPStatusName is the name of a general status of CIP (vol. 1, appendix B-1); empty for an unknown one.
func CIPStatusName(s uint8) string {
	if s == 0xff {
		return "Still Processing"
	}
	return name(statusNames[:], int(s))
}

// ClassName is the name of a class of objects (vol. 1 §5-1); empty for an unknown one.
func ClassName(c uint32) string {
	if c >= 0xf0 && c <= 0xf8 {
		return linkClasses[c-0xf0]
	}
	if c == 0x67 {
		return "PCCC Class"
	}
	return name(classNames[:], int(min(c, 0xffff)))
}

// SegmentName is the name of a type of segment as Suricata writes it; empty for others.
func SegmentName(t uint8) string {
	switch t & 0xfc {
	case ClassSegment:
		return "class"
	case InstanceSegment:
		return "instance"
	case AttributeSegment:
		return "attribute"
	}
	return ""
}

func name(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

var serviceNames = [...]string{
	0x01: "Get Attributes All", 0x02: "Set Attributes All", 0x03: "Get Attribute List", 0x04: "Set Attribute List",
	0x05: "Reset", 0x06: "Start", 0x07: "Stop", 0x08: "Create", 0x09: "Delete", 0x0a: "Multiple Service Packet",
	0x0d: "Apply Attributes", 0x0e: "Get Attributes Single", 0x10: "Set Attributes Single",
	0x11: "Find Next Object Instance", 0x15: "Restore", 0x16: "Save", 0x17: "No Forward Open", 0x18: "Get Member",
	0x19: "Set Member", 0x1a: "Insert Member", 0x1b: "Remove Member", 0x1c: "Group Sync",
	0x1d: "Get Connection Point Member List", 0x4b: "Execute PCCC Service", 0x4c: "Read Data", 0x4d: "Write Data",
	0x4e: "Read Write Modify Data", 0x52: "Read Data Fragmented", 0x53: "Write Data Fragmented", 0x54: "Forward Open",
}

var statusNames = [...]string{
	0x00: "Success", 0x01: "Connection Failure", 0x02: "Resource Unavailable", 0x03: "Invalid Parameter Value",
	0x04: "Path Segment Error", 0x05: "Path Destination Unknown", 0x06: "Partial Transfer", 0x07: "Connection Lost",
	0x08: "Service Not Supported", 0x09: "Invalid Attribute Value", 0x0a: "Attribute List Error",
	0x0b: "Already In Requested Mode/State", 0x0c: "Object State Conflict", 0x0d: "Object Already Exists",
	0x0e: "Attribute Not Settable", 0x0f: "Privilege Violation", 0x10: "Device State Conflict",
	0x11: "Reply Data Too Large", 0x12: "Fragmentation Of A Primitive Value", 0x13: "Not Enough Data",
	0x14: "Attribute Not Supported", 0x15: "Too Much Data", 0x16: "Object Does Not Exist",
	0x17: "Service Fragmentation Sequence Not In Progress", 0x18: "No Stored Attribute Data",
	0x19: "Store Operation Failure", 0x1a: "Routing Failure, Request Packet Too Large",
	0x1b: "Routing Failure, Response Packet Too Large", 0x1c: "Missing Attribute List Entry Data",
	0x1d: "Invalid Attribute Value List", 0x1e: "Embedded Service Error", 0x1f: "Vendor Specific Error",
	0x20: "Invalid Parameter", 0x21: "Write-Once Value Or Medium Already Written", 0x22: "Invalid Reply Received",
	0x23: "Buffer Overflow", 0x24: "Invalid Message Format", 0x25: "Key Failure In Path", 0x26: "Path Size Invalid",
	0x27: "Unexpected Attribute In List", 0x28: "Invalid Member ID", 0x29: "Member Not Settable",
	0x2a: "Group 2 Only Server General Failure", 0x2b: "Unknown Modbus Error", 0x2c: "Attribute Not Gettable",
}

var classNames = [...]string{
	0x01: "Identity", 0x02: "Message Router", 0x03: "DeviceNet", 0x04: "Assembly", 0x05: "Connection",
	0x06: "Connection Manager", 0x07: "Register", 0x08: "Discrete Input Point", 0x09: "Discrete Output Point",
	0x0a: "Analog Input Point", 0x0b: "Analog Output Point", 0x0e: "Presence Sensing", 0x0f: "Parameter",
	0x10: "Parameter Group", 0x12: "Group", 0x1d: "Discrete Input Group", 0x1e: "Discrete Output Group",
	0x1f: "Discrete Group", 0x20: "Analog Input Group", 0x21: "Analog Output Group", 0x22: "Analog Group",
	0x23: "Position Sensor", 0x24: "Position Controller Supervisor", 0x25: "Position Controller",
	0x26: "Block Sequencer", 0x27: "Command Block", 0x28: "Motor Data", 0x29: "Control Supervisor", 0x2a: "AC/DC Drive",
	0x2b: "Acknowledge Handler", 0x2c: "Overload", 0x2d: "Softstart", 0x2e: "Selection", 0x30: "S-Device Supervisor",
	0x31: "S-Analog Sensor", 0x32: "S-Analog Actuator", 0x33: "S-Single Stage Controller", 0x34: "S-Gas Calibration",
	0x35: "Trip Point", 0x37: "File", 0x38: "S-Partial Pressure", 0x39: "Safety Supervisor", 0x3a: "Safety Validator",
	0x3b: "Safety Discrete Output Point", 0x3c: "Safety Discrete Output Group", 0x3d: "Safety Discrete Input Point",
	0x3e: "Safety Discrete Input Group", 0x3f: "Safety Dual Channel Output", 0x40: "S-Sensor Calibration",
	0x41: "Event Log", 0x42: "Motion Device Axis", 0x43: "Time Sync", 0x44: "Modbus", 0x45: "Originator Connection List",
	0x46: "Modbus Serial Link", 0x47: "Device Level Ring (DLR)", 0x48: "QoS", 0x49: "Safety Analog Input Point",
	0x4a: "Safety Analog Input Group", 0x4b: "Safety Dual Channel Analog Input", 0x4c: "SERCOS III Link",
	0x4d: "Target Connection List", 0x4e: "Base Energy", 0x4f: "Electrical Energy", 0x50: "Non-Electrical Energy",
	0x51: "Base Switch", 0x52: "SNMP", 0x53: "Power Management", 0x54: "RSTP Bridge", 0x55: "RSTP Port",
	0x56: "PRP/HSR Protocol", 0x57: "PRP/HSR Nodes Table", 0x58: "Safety Feedback", 0x59: "Safety Dual Channel Feedback",
	0x5a: "Safety Stop Functions", 0x5b: "Safety Limit Functions", 0x5c: "Power Curtailment", 0x5d: "CIP Security",
	0x5e: "EtherNet/IP Security", 0x5f: "Certificate Management",
}

var linkClasses = [...]string{"ControlNet", "ControlNet Keeper", "ControlNet Scheduling", "Connection Configuration",
	"Port", "TCP/IP Interface", "Ethernet Link", "CompoNet", "CompoNet Repeater"}
