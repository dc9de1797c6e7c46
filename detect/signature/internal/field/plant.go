package field

func mqtt() []Field {
	f := family{app: "mqtt"}
	f.numbers(either, 8, count(0, "unassigned", "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe",
		"suback", "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect", "auth"), "mqtt.type")
	f.flags(either, 8, map[string]uint64{"dup": 0x08, "retain": 0x01}, "mqtt.flags").Several = true
	f.numbers(either, 8, nil, "mqtt.qos")
	f.number(either, 8, nil, "mqtt.protocol_version")
	f.numbers(either, 8, nil, "mqtt.reason_code", "mqtt.connack.return_code")
	f.numbers(either, 8, map[string]uint64{"no": 0, "false": 0, "yes": 1, "true": 1}, "mqtt.connack.session_present")
	f.flags(toServer, 8, map[string]uint64{"username": 0x80, "password": 0x40, "will_retain": 0x20, "will": 0x04, "clean_session": 0x02},
		"mqtt.connect.flags").Several = true
	for _, name := range []string{"clientid", "username", "password", "willtopic", "willmessage", "protocol_string"} {
		f.bytes(toServer, "mqtt.connect."+name)
	}
	f.bytes(either, "mqtt.publish.topic")
	f.bytes(either, "mqtt.publish.message")
	f.many(toServer, "mqtt.subscribe.topic")
	f.many(toServer, "mqtt.unsubscribe.topic")
	return f.fields
}

func modbus() []Field {
	f := family{app: "modbus"}
	f.bytes(either, "modbus")
	return f.fields
}

func dnp3() []Field {
	f := family{app: "dnp3"}
	f.bytes(either, "dnp3.data", "dnp3_data")
	f.number(either, 8, dnp3Functions(), "dnp3.func", "dnp3_func")
	f.flags(toClient, 16, DNP3Indications(), "dnp3.ind")
	f.bytes(either, "dnp3.obj", "dnp3_obj")
	return f.fields
}

func dnp3Functions() map[string]uint64 {
	m := count(0, "confirm", "read", "write", "select", "operate", "direct_operate", "direct_operate_nr", "immed_freeze", "immed_freeze_nr",
		"freeze_clear", "freeze_clear_nr", "freeze_at_time", "freeze_at_time_nr", "cold_restart", "warm_restart", "initialize_data",
		"initialize_appl", "start_appl", "stop_appl", "save_config", "enable_unsolicited", "disable_unsolicited", "assign_class",
		"delay_measure", "record_current_time", "open_file", "close_file", "delete_file", "get_file_info", "authenticate_file", "abort_file",
		"activate_config", "authenticate_req", "authenticate_err")
	m["response"], m["unsolicited_response"], m["authenticate_resp"] = 129, 130, 131
	return m
}

// DNP3Indications are the names of the bits of the internal indications (IEEE 1815 section 4.3.4), the first octet high.
func DNP3Indications() map[string]uint64 {
	return bits("no_func_code_support", "object_unknown", "parameter_error", "event_buffer_overflow", "already_executing",
		"config_corrupt", "reserved_2", "reserved_1", "all_stations", "class_1_events", "class_2_events", "class_3_events", "need_time",
		"local_control", "device_trouble", "device_restart")
}

func enip() []Field {
	f := family{app: "enip"}
	f.number(either, 16, map[string]uint64{"nop": 0, "listservices": 4, "listidentity": 0x63, "listinterfaces": 0x64, "registersession": 0x65,
		"unregistersession": 0x66, "sendrrdata": 0x6f, "sendunitdata": 0x70, "indicatestatus": 0x72, "cancel": 0x73},
		"enip_command", "enip.command")
	f.bytes(either, "cip_service")
	for _, n := range []struct {
		name string
		bits int
	}{
		{"status", 32}, {"protocol_version", 16}, {"revision", 16}, {"identity_status", 16}, {"state", 8}, {"serial", 32},
		{"product_code", 16}, {"device_type", 16}, {"vendor_id", 16}, {"capabilities", 16}, {"cip_attribute", 32}, {"cip_class", 32},
		{"cip_instance", 32}, {"cip_status", 8}, {"cip_extendedstatus", 16},
	} {
		f.numbers(either, n.bits, nil, "enip."+n.name)
	}
	f.bytes(either, "enip.product_name")
	f.bytes(either, "enip.service_name")
	return f.fields
}
