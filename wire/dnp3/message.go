package dnp3

import "strconv"

// Function is an application function code (§4.2.2.5).
type Function uint8

// The functions that are treated apart.
const (
	Confirm     Function = 0
	Read        Function = 1
	Response    Function = 129
	Unsolicited Function = 130
	AuthReply   Function = 131
)

var functionNames = [...]string{
	0: "confirm", 1: "read", 2: "write", 3: "select", 4: "operate", 5: "direct_operate", 6: "direct_operate_no_ack",
	7: "freeze", 8: "freeze_no_ack", 9: "freeze_clear", 10: "freeze_clear_no_ack", 11: "freeze_at_time",
	12: "freeze_at_time_no_ack", 13: "cold_restart", 14: "warm_restart", 15: "initialize_data",
	16: "initialize_application", 17: "start_application", 18: "stop_application", 19: "save_configuration",
	20: "enable_unsolicited", 21: "disable_unsolicited", 22: "assign_class", 23: "delay_measure",
	24: "record_current_time", 25: "open_file", 26: "close_file", 27: "delete_file", 28: "get_file_info",
	29: "authenticate_file", 30: "abort_file", 31: "activate_configuration", 32: "authentication_request",
	33: "authentication_request_no_ack", 129: "response", 130: "unsolicited_response", 131: "authentication_response",
}

func (f Function) String() string {
	if int(f) < len(functionNames) && functionNames[f] != "" {
		return functionNames[f]
	}
	return "function_" + strconv.Itoa(int(f))
}

// Reply reports whether an outstation sends the function.
func (f Function) Reply() bool { return f >= Response }

// Message is one application fragment (§4.2.2). Its slices point into memory of the conversation.
type Message struct {
	Link        Link
	Control     uint8
	Function    Function
	Indications uint16 // of a reply: the first byte in the upper half
	Objects     []byte // objects as they came
	Matched     bool   // a reply to a request that was seen
}

// The bits of an application control byte (§4.2.2.4).
const (
	appFIR = 0x80
	appFIN = 0x40
	appCON = 0x20
	appUNS = 0x10
)

// First, Final, Confirms and Unsolicited are the bits of the application control, Sequence its number.
func (m *Message) First() bool       { return m.Control&appFIR != 0 }
func (m *Message) Final() bool       { return m.Control&appFIN != 0 }
func (m *Message) Confirms() bool    { return m.Control&appCON != 0 }
func (m *Message) Unsolicited() bool { return m.Control&appUNS != 0 }
func (m *Message) Sequence() uint8   { return m.Control & 0x0f }

// indication is a bit of the internal indications (§4.2.2.6) with the name that Suricata gives it.
type indication struct {
	bit  uint16
	name string
}

var indications = [...]indication{
	{0x8000, "device_restart"}, {0x4000, "device_trouble"}, {0x2000, "local_control"}, {0x1000, "need_time"},
	{0x0800, "class_3_events"}, {0x0400, "class_2_events"}, {0x0200, "class_1_events"}, {0x0100, "all_stations"},
	{0x0080, "reserved_1"}, {0x0040, "reserved_2"}, {0x0020, "config_corrupt"}, {0x0010, "already_executing"},
	{0x0008, "event_buffer_overflow"}, {0x0004, "parameter_error"}, {0x0002, "object_unknown"},
	{0x0001, "no_func_code_support"},
}

// troubles are the indications that say that something is wrong, or that a request was refused.
const troubles = 0x8000 | 0x4000 | 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020

// Troubled reports whether the outstation says that something is wrong.
func (m *Message) Troubled() bool { return m.Indications&troubles != 0 }

// Refused reports whether the outstation says that it did not do what was asked for.
func (m *Message) Refused() bool { return m.Indications&0x0007 != 0 }

// AppendIndications appends the names of the internal indications that are set.
func (m *Message) AppendIndications(dst []string) []string {
	for i := range indications {
		if m.Indications&indications[i].bit != 0 {
			dst = append(dst, indications[i].name)
		}
	}
	return dst
}
