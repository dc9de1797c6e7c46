package dnp3

// A form tells the fields of a point in the order sent, with a blank between two. A field is its type, a colon and its
// name; %SET is a byte of flags, each of one bit unless a digit in front of its name says more. The types:
//
//	1 2 4  numbers of as many bytes       t  milliseconds since 1970, 6 bytes      f d  floating point, 4 or 8 bytes
//	-2 -4  the same with a sign           3  a number of 3 bytes                   v    four letters
//	s b    text and bytes: as long as the field named behind a comma says; without one, what is left of a sized point
//
// Names are those of Suricata's records. form is empty for what cannot be told from the bytes alone.
func form(group, variation uint8) string {
	forms := groupForms(group)
	if variation == 0 || int(variation) > len(forms) {
		return ""
	}
	return forms[variation-1]
}

// groupForms are the forms of the variations of a group, from variation 1.
func groupForms(group uint8) []string {
	switch group {
	case 1:
		return group1Forms[:]
	case 2:
		return group2Forms[:]
	case 3:
		return group3Forms[:]
	case 4:
		return group4Forms[:]
	case 10:
		return group10Forms[:]
	case 11:
		return group11Forms[:]
	case 12:
		return group12Forms[:]
	case 13:
		return group13Forms[:]
	case 20:
		return group20Forms[:]
	case 21:
		return group21Forms[:]
	case 22, 23:
		return eventCounterForms[:]
	case 30:
		return group30Forms[:]
	case 31:
		return group31Forms[:]
	case 32, 33, 42:
		return eventAnalogForms[:]
	case 34:
		return group34Forms[:]
	case 40:
		return group40Forms[:]
	case 41:
		return group41Forms[:]
	case 43:
		return group43Forms[:]
	case 50:
		return group50Forms[:]
	case 51:
		return group51Forms[:]
	case 52:
		return delayForms[:]
	case 70:
		return group70Forms[:]
	case 80:
		return group80Forms[:]
	case 81:
		return group81Forms[:]
	case 83:
		return group83Forms[:]
	case 86:
		return group86Forms[:]
	case 102:
		return group102Forms[:]
	case 120:
		return group120Forms[:]
	case 121:
		return group121Forms[:]
	case 122:
		return group122Forms[:]
	}
	return nil
}

var (
	group1Forms  = [...]string{"packed:state", "%binary"}
	group12Forms = [...]string{"%control 1:count 4:ontime 4:offtime %status",
		"%control 1:count 4:ontime 4:offtime %status", "packed:point"}
	group2Forms   = [...]string{"1:state", "%binary t:timestamp", "%binary 2:timestamp"}
	group3Forms   = [...]string{"packed:state", "%double"}
	group4Forms   = [...]string{"%double", "%double t:timestamp", "%double 2:relative_time_ms"}
	group10Forms  = [...]string{"packed:state", "%output"}
	group11Forms  = [...]string{"%output", "%output t:timestamp"}
	group13Forms  = [...]string{"%commanded", "%commanded t:timestamp"}
	group80Forms  = [...]string{"packed:state"}
	group81Forms  = [...]string{"%fill 1:group 1:variation"}
	group83Forms  = [...]string{"v:vendor_code 2:object_id 2:length b:data_objects,length"}
	group86Forms  = [...]string{"", "%characteristics"}
	group102Forms = [...]string{"1:value"}
	group121Forms = [...]string{"%security 2:association_id 4:count_value"}
	group122Forms = [...]string{"%security 2:association_id 4:count_value", "%security 2:association_id 4:count_value t:timestamp"}
	group20Forms  = [...]string{"%counter 4:count", "%counter 2:count", "%delta 4:count", "%delta 2:count",
		"4:count", "2:count", "4:count", "2:count"}
	group21Forms = [...]string{"%counter 4:count", "%counter 2:count", "%delta 4:count", "%delta 2:count",
		"%frozen 4:count t:timestamp", "%frozen 2:count t:timestamp", "%delta 4:count t:timestamp",
		"%delta 2:count t:timestamp", "4:count", "2:count", "4:count", "2:count"}
	eventCounterForms = [...]string{"%counter 4:count", "%counter 2:count", "%delta 4:count", "%delta 2:count",
		"%counter 4:count t:timestamp", "%counter 2:count t:timestamp", "%delta 4:count t:timestamp", "%delta 2:count t:timestamp"}
	group30Forms = [...]string{"%analog -4:value", "%analog -2:value", "-4:value", "-2:value", "%analog f:value", "%analog d:value"}
	group31Forms = [...]string{"%analog -4:value", "%analog -2:value", "%analog -4:value t:timestamp", "%analog -2:value t:timestamp",
		"-4:value", "-2:value", "%analog f:value", "%analog d:value"}
	group34Forms = [...]string{"2:deadband_value", "4:deadband_value", "f:deadband_value"}
	group40Forms = [...]string{"%analog -4:value", "%analog -2:value", "%analog f:value", "%analog d:value"}
	group41Forms = [...]string{"-4:value 1:control_status", "-2:value 1:control_status", "f:value 1:control_status",
		"d:value 1:control_status"}
	group43Forms = [...]string{"%setpoint -4:commanded_value", "%setpoint -2:commanded_value",
		"%setpoint -4:commanded_value t:timestamp", "%setpoint -2:commanded_value t:timestamp",
		"%setpoint f:commanded_value", "%setpoint d:commanded_value",
		"%setpoint f:commanded_value t:timestamp", "%setpoint d:commanded_value t:timestamp"}
	eventAnalogForms = [...]string{"%analog -4:value", "%analog -2:value", "%analog -4:value t:timestamp", "%analog -2:value t:timestamp",
		"%analog f:value", "%analog d:value", "%analog f:value t:timestamp", "%analog d:value t:timestamp"}
	group50Forms = [...]string{"t:timestamp", "t:timestamp 4:interval", "t:timestamp", "t:timestamp 4:interval_count 1:interval_units"}
	group51Forms = [...]string{"t:timestamp", "t:timestamp"}
	delayForms   = [...]string{"2:delay_secs", "2:delay_ms"}
)

var group70Forms = [...]string{
	"2:filename_size 1:filetype_code 1:attribute_code 2:start_record 2:end_record 4:file_size t:created_timestamp " +
		"2:permission 4:file_id 4:owner_id 4:group_id 1:file_function_code 1:status_code s:filename,filename_size " +
		"2:data_size s:data,data_size",
	"2:username_offset 2:username_size 2:password_offset 2:password_size 4:authentication_key s:username,username_size " +
		"s:password,password_size",
	"2:filename_offset 2:filename_size t:created 2:permissions 4:authentication_key 4:file_size 2:operational_mode " +
		"2:maximum_block_size 2:request_id s:filename,filename_size",
	"4:file_handle 4:file_size 2:maximum_block_size 2:request_id 1:status_code s:optional_text",
	"4:file_handle 4:block_number s:file_data",
	"4:file_handle 4:block_number 1:status_code s:optional_text",
	"2:filename_offset 2:filename_size 2:file_type 4:file_size t:created_timestamp 2:permissions 2:request_id " +
		"s:filename,filename_size",
	"s:file_specification",
}

var group120Forms = [...]string{
	"4:csq 2:usr 1:mal 1:reason b:challenge_data",
	"4:csq 2:usr b:mac_value",
	"4:csq 2:user_number",
	"2:user_number",
	"4:ksq 2:user_number 1:key_wrap_alg 1:key_status 1:mal 2:challenge_data_len b:challenge_data,challenge_data_len b:mac_value",
	"3:ksq 2:usr b:wrapped_key_data",
	"4:sequence_number 2:usr 2:association_id 1:error_code t:time_of_error s:error_text",
	"1:key_change_method 1:certificate_type b:certificate",
	"b:mac_value",
	"1:key_change_method 1:operation 4:scs 2:user_role 2:user_role_expiry_interval 2:username_len 2:user_public_key_len " +
		"2:certification_data_len s:username,username_len b:user_public_key,user_public_key_len " +
		"b:certification_data,certification_data_len",
	"1:key_change_method 2:username_len 2:master_challenge_data_len s:username,username_len " +
		"b:master_challenge_data,master_challenge_data_len",
	"4:ksq 2:user_number 2:challenge_data_len b:challenge_data,challenge_data_len",
	"4:ksq 2:user_number 2:encrypted_update_key_len b:encrypted_update_key_data,encrypted_update_key_len",
	"b:digital_signature",
	"b:mac",
}

// flags are the bits of a byte of flags, the lowest first.
func flags(set string) []string {
	switch set {
	case "binary":
		return binaryFlags[:]
	case "double":
		return doubleFlags[:]
	case "output":
		return outputFlags[:]
	case "counter":
		return counterFlags[:]
	case "delta":
		return deltaFlags[:]
	case "frozen":
		return frozenFlags[:]
	case "analog":
		return analogFlags[:]
	case "security":
		return securityFlags[:]
	case "control":
		return controlFlags[:]
	case "status":
		return statusFlags[:]
	case "commanded":
		return commandedFlags[:]
	case "setpoint":
		return setpointFlags[:]
	case "fill":
		return fillFlags[:]
	case "characteristics":
		return characteristicsFlags[:]
	}
	return nil
}

var (
	binaryFlags          = [...]string{"online", "restart", "comm_lost", "remote_forced", "local_forced", "chatter_filter", "reserved", "state"}
	doubleFlags          = [...]string{"online", "restart", "comm_lost", "remote_forced", "local_forced", "chatter_filter", "2state"}
	outputFlags          = [...]string{"online", "restart", "comm_lost", "remote_forced", "local_forced", "reserved0", "reserved1", "state"}
	counterFlags         = [...]string{"online", "restart", "comm_lost", "remote_forced", "local_forced", "rollover", "discontinuity", "reserved0"}
	deltaFlags           = [...]string{"online", "restart", "comm_lost", "remote_forced", "local_forced", "rollover", "reserved0", "reserved1"}
	frozenFlags          = [...]string{"online", "restart", "comm_lost", "remote_forced", "local_forced", "rollover", "discontinuity", "reserved1"}
	analogFlags          = [...]string{"online", "restart", "comm_lost", "remote_forced", "local_forced", "over_range", "reference_err", "reserved0"}
	securityFlags        = [...]string{"online", "restart", "comm_lost", "remote_forced", "local_forced", "reserved0", "discontinuity", "reserved1"}
	controlFlags         = [...]string{"4op_type", "qu", "cr", "2tcc"}
	statusFlags          = [...]string{"7status_code", "reserved"}
	commandedFlags       = [...]string{"7status_code", "commanded_state"}
	setpointFlags        = [...]string{"7status_code", "reserved0"}
	fillFlags            = [...]string{"7fill_percentage", "overflow_state"}
	characteristicsFlags = [...]string{"rd", "wr", "st", "ev", "df", "padding0", "padding1", "padding2"}
)
