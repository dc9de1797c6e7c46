package s7

import "bytes"

func (f Function) String() string {
	switch f {
	case Setup:
		return "setup_communication"
	case Read:
		return "read_variable"
	case Write:
		return "write_variable"
	case RequestDownload:
		return "request_download"
	case Download:
		return "download_block"
	case DownloadEnded:
		return "download_ended"
	case StartUpload:
		return "start_upload"
	case Upload:
		return "upload"
	case EndUpload:
		return "end_upload"
	case Control:
		return "plc_control"
	case Stop:
		return "plc_stop"
	}
	return ""
}

// Name is what a message asks for, in words; empty where that is not known.
func (m *Message) Name() string {
	switch {
	case m.Plus:
		return plusName(m.PlusFunction())
	case m.Kind == UserData:
		return userName(m.Group, m.Sub)
	case m.Function == Control && bytes.Equal(m.Service, []byte("P_PROGRAM")):
		return "plc_start"
	}
	return m.Function.String()
}

func plusName(f uint16) string {
	switch f {
	case Explore:
		return "explore"
	case CreateObject:
		return "create_object"
	case DeleteObject:
		return "delete_object"
	case SetVariable:
		return "set_variable"
	case SetMultiple:
		return "set_variables"
	case GetMultiple:
		return "get_variables"
	case Invoke:
		return "invoke"
	}
	return ""
}

func userName(group, sub uint8) string {
	switch group {
	case 0:
		return "mode_transition"
	case 1:
		return "programmer_command"
	case 2:
		return "cyclic_data"
	case GroupBlocks:
		return userBlocks(sub)
	case GroupCPU:
		switch sub {
		case 1:
			return "read_system_list"
		case 2:
			return "subscribe_messages"
		}
		return "cpu_function"
	case GroupSecurity:
		if sub == 2 {
			return "clear_password"
		}
		return "set_password"
	case GroupTime:
		if sub == 1 || sub == 3 {
			return "read_clock"
		}
		return "set_clock"
	}
	return ""
}

func userBlocks(sub uint8) string {
	switch sub {
	case 1:
		return "list_blocks"
	case 2:
		return "list_blocks_of_type"
	case 3:
		return "block_information"
	}
	return "block_function"
}

// AppendAddress appends an address as programmers write it: DB1.4 x2, M10.3, Q0.
func (i *Item) AppendAddress(dst []byte) []byte {
	switch i.Area {
	case 0x81:
		dst = append(dst, 'I')
	case 0x82:
		dst = append(dst, 'Q')
	case 0x83:
		dst = append(dst, 'M')
	case 0x84:
		dst = append(number(append(dst, "DB"...), uint32(i.Block)), '.')
	case 0x85:
		dst = append(number(append(dst, "DI"...), uint32(i.Block)), '.')
	case 0x1c:
		return number(append(dst, 'C'), i.Bit)
	case 0x1d:
		return number(append(dst, 'T'), i.Bit)
	default:
		dst = append(number(append(dst, "area "...), uint32(i.Area)), ' ')
	}
	dst = number(dst, i.Bit>>3)
	if i.Type == 1 {
		dst = number(append(dst, '.'), i.Bit&7)
	}
	if i.Length > 1 {
		dst = number(append(dst, " x"...), uint32(i.Length))
	}
	return dst
}

func number(dst []byte, n uint32) []byte {
	if n >= 10 {
		dst = number(dst, n/10)
	}
	return append(dst, byte('0'+n%10))
}
