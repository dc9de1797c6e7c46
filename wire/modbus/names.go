package modbus

// functionNames are the names of the functions by their codes.
var functionNames = [256]string{
	1: "RdCoils", 2: "RdDiscreteInputs", 3: "RdHoldRegs", 4: "RdInputRegs", 5: "WrSingleCoil", 6: "WrSingleReg",
	7: "RdExcStatus", 8: "Diagnostic", 9: "Program484", 10: "Poll484", 11: "GetCommEventCtr", 12: "GetCommEventLog",
	13: "ProgramController", 14: "PollController", 15: "WrMultCoils", 16: "WrMultRegs", 17: "ReportServerID",
	18: "Program884", 19: "ResetCommLink", 20: "RdFileRec", 21: "WrFileRec", 22: "MaskWrReg", 23: "RdWrMultRegs",
	24: "RdFIFOQueue", 43: "MEI",
}

// String is the name of a function as Suricata writes it.
func (f Function) String() string {
	if name := functionNames[f]; name != "" {
		return name
	}
	return "Unknown"
}

// Category is how a function code was given out (V1.1b3 §5), as Suricata writes it.
func (m *Message) Category() string {
	switch f := m.Function; {
	case f == Diagnostic && !m.Refused:
		if DiagnosticName(m.Sub) == "Reserved" {
			return "RESERVED"
		}
	case f == Diagnostic:
		return "NONE"
	case f == Encapsulated && m.Refused:
		return "NONE"
	case f == Encapsulated:
		if InterfaceName(m.Sub) == "Unknown" {
			return "RESERVED"
		}
	case functionNames[f] == "":
		return unassigned(m.Raw)
	}
	return "PUBLIC_ASSIGNED"
}

func unassigned(f uint8) string {
	switch {
	case f == 0 || f >= 128:
		return "NONE"
	case f >= 9 && f < 15, f >= 41 && f < 43, f >= 90 && f < 92, f >= 125:
		return "RESERVED"
	case f >= 65 && f < 73, f >= 100 && f < 111:
		return "USER_DEFINED"
	}
	return "PUBLIC_UNASSIGNED"
}

// DiagnosticName is the name of a sub-function of Diagnostic (§6.8.1).
func DiagnosticName(sub uint16) string {
	names := [...]string{0: "RetQueryData", 1: "RestartCommOpt", 2: "RetDiagReg", 3: "ChangeInputDelimiter",
		4: "ForceListenOnlyMode", 10: "ClearCtrDiagReg", 11: "RetBusMsgCount", 12: "RetBusCommErrCount",
		13: "RetBusExcErrCount", 14: "RetServerMsgCount", 15: "RetServerNoRespCount", 16: "RetServerNAKCount",
		17: "RetServerBusyCount", 18: "RetBusCharOverrunCount", 19: "RetOverrunErrCount",
		20: "ClearOverrunCounterFlag", 21: "GetClearPlusStats"}
	if int(sub) < len(names) && names[sub] != "" {
		return names[sub]
	}
	return "Reserved"
}

// InterfaceName is the name of a type of encapsulated interface (§6.19).
func InterfaceName(sub uint16) string {
	switch sub {
	case 13:
		return "CANOpenGenRefReqResp"
	case DeviceIdentification:
		return "RdDevId"
	}
	return "Unknown"
}

// ExceptionName is the name of an exception code (§7).
func ExceptionName(code uint8) string {
	names := [...]string{1: "IllegalFunction", 2: "IllegalDataAddr", 3: "IllegalDataValue", 4: "ServerDeviceFail", 5: "Ack",
		6: "ServerDeviceBusy", 7: "NegAck", 8: "MemParityErr", 10: "GatewayPathUnavailable", 11: "GatewayTargetFailToResp"}
	if int(code) < len(names) && names[code] != "" {
		return names[code]
	}
	return "Unknown"
}

// AppendNames appends the names of the bits of an access, in Suricata's order.
func (a Access) AppendNames(dst []byte) []byte {
	names := [...]string{"READ", "WRITE", "DISCRETES", "COILS", "INPUT", "HOLDING", "SINGLE", "MULTIPLE"}
	dst = appendBits(dst, uint8(a), names[:])
	switch {
	case a&(Write|Single) == Write|Single:
		dst = append(dst, " | WRITE_SINGLE"...)
	case a&(Write|Multiple) == Write|Multiple:
		dst = append(dst, " | WRITE_MULTIPLE"...)
	}
	return dst
}

// AppendNames appends the names of the errors, as Suricata writes them.
func (e Errors) AppendNames(dst []byte) []byte {
	names := [...]string{"DATA_VALUE", "DATA_LENGTH", "EXC_CODE", "FUNC_CODE", "PROTO_ID"}
	return appendBits(dst, uint8(e), names[:])
}

func appendBits(dst []byte, bits uint8, names []string) []byte {
	if bits == 0 {
		return append(dst, "NONE"...)
	}
	first := true
	for i, name := range names {
		if bits&(1<<i) == 0 {
			continue
		}
		if !first {
			dst = append(dst, " | "...)
		}
		dst, first = append(dst, name...), false
	}
	return dst
}

// DeviceIdentification is the type of encapsulated interface that asks a device who it is (§6.21).
const DeviceIdentification = 14

// Identity is what a device says of itself (§6.21.1, table of object ids).
type Identity struct {
	Vendor, ProductCode, Revision, URL, Product, Model, Application []byte
}

// Identity reads the objects of a reply to Read Device Identification; those that are not there stay empty.
func (m *Message) Identity() (id Identity, ok bool) {
	d := m.Data
	if !m.Reply || m.Function != Encapsulated || m.Sub != DeviceIdentification || len(d) < 5 {
		return id, false
	}
	fields := [...]*[]byte{&id.Vendor, &id.ProductCode, &id.Revision, &id.URL, &id.Product, &id.Model, &id.Application}
	count := int(d[4])
	d = d[5:]
	for ; count > 0 && len(d) >= 2 && 2+int(d[1]) <= len(d); count-- {
		if int(d[0]) < len(fields) {
			*fields[d[0]] = d[2 : 2+d[1]]
			ok = true
		}
		d = d[2+int(d[1]):]
	}
	return id, ok
}

// ServerID is the text in a reply to Report Server ID: its bytes but for the run indicator, which stands somewhere in
// or behind it (§6.13).
func (m *Message) ServerID() []byte {
	if !m.Reply || m.Refused || m.Function != ReportServerID || len(m.Data) < 2 || int(m.Data[0]) != len(m.Data)-1 {
		return nil
	}
	return m.Data[1:]
}
